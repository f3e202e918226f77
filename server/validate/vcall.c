/* Calls: their list, the way into the application and out of it, what befalls them. */
#include "validate/vcall.h"
#include "base/clock.h"
#include "base/mem.h"
#include "validate/host.h"
#include "validate/lent.h"
#include "validate/memory.h"
#include "validate/report.h"
#include <stdatomic.h>
#include <unistd.h>

struct vcall_settings vcall_settings = {2000, 10000, false};

static struct vcall *calls;         /* under loop_lock */
static _Atomic uint64_t entered_us; /* 0: the application is not on the loop's stack */
static const char *entry_frame, *stack_low;
static pthread_t entry_thread; /* the loop's; set before entered_us is for the first time */

struct vcall *vcall_new(const struct script *script, const struct request *request, bool is_sync,
                        unsigned cut_at, void *state)
{
    struct vcall *v = mem_zalloc(sizeof *v);
    struct cgw_call *pub = memory_new(MEMORY_CALL, sizeof *pub);
    const struct cgw_scope *scope = request_scope(request, state);
    if (!v || !pub || !scope)
        report_refusal("cgw-validate itself is out of memory");
    *pub = (struct cgw_call){.scope = scope, .host = is_sync ? &host_sync : &host_async};
    *v = (struct vcall){.pub = pub, .script = script, .request = request, .is_sync = is_sync};
    pthread_cond_init(&v->changed, NULL);
    v->thread = pthread_self();
    v->cut_at = cut_at;
    v->response.state = request->is_lifespan    ? RESPONSE_LIFESPAN_NEW
                        : request->is_websocket ? RESPONSE_WS_CONNECTING
                                                : RESPONSE_NEW;
    v->response.is_head = str_is(request->method, STR("HEAD"));
    v->response.is_bare = script->is_bare;
    pthread_mutex_lock(&loop_lock);
    v->next = calls;
    calls = v;
    pthread_mutex_unlock(&loop_lock);
    return v;
}

/* The newest, as an address may have been an older call's. */
struct vcall *vcall_of(const struct cgw_call *pub)
{
    pthread_mutex_lock(&loop_lock);
    struct vcall *v = calls;
    while (v && v->pub != pub)
        v = v->next;
    pthread_mutex_unlock(&loop_lock);
    return v;
}

struct vcall *vcall_next_running(struct vcall *v)
{
    pthread_mutex_lock(&loop_lock);
    v = v ? v->next : calls;
    while (v && v->is_finished)
        v = v->next;
    pthread_mutex_unlock(&loop_lock);
    return v;
}

/* ---- into the application and out of it ---- */

static void find_stack(void)
{
    pthread_attr_t attributes;
    void *low = NULL;
    size_t bytes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    pthread_attr_getstack(&attributes, &low, &bytes);
    pthread_attr_destroy(&attributes);
    stack_low = low;
}

/* Its frame lies where the application's first one will: what is below is dead afterwards. */
__attribute__((noinline)) void vcall_enter(struct vcall *v, const char *doing)
{
    report_doing(doing);
    if (v->is_sync)
        return;
    if (!stack_low)
        find_stack();
    entry_thread = pthread_self();
    entry_frame = __builtin_frame_address(0);
    atomic_store(&entered_us, clock_now_us());
}

static bool is_dead(const void *p)
{
    return (const char *)p >= stack_low && (const char *)p < entry_frame;
}

static void check_lent(const struct flight *flight)
{
    bool is_lost = is_dead(flight->events);
    if (!is_lost && lent_events_changed(flight->events, flight->n, flight->prints))
        report_fatal(RULE_LENT, "changed or freed the events lent to a pending send(), in %s",
                     report_what_was_doing());
    const char *dead = lent_between(flight->events, flight->n, stack_low, entry_frame);
    if (dead)
        report_fatal(RULE_DEAD_STACK, "returned from %s with %s of a pending send() on its stack",
                     report_what_was_doing(), dead);
}

static void check_stack(const struct vcall *v)
{
    if (v->receive.is_on && is_dead(v->receive.event))
        report_fatal(RULE_DEAD_STACK,
                     "returned from %s with the event of a pending receive() on its stack",
                     report_what_was_doing());
    if (v->send.is_on)
        check_lent(&v->send);
    if (loop_has_storage_between(v, stack_low, entry_frame))
        report_fatal(RULE_DEAD_STACK, "returned from %s with an armed timer or watch on its stack",
                     report_what_was_doing());
}

void vcall_leave(struct vcall *v)
{
    if (v->is_sync)
        return;
    uint64_t took_ms = (clock_now_us() - atomic_exchange(&entered_us, 0)) / 1000;
    if (took_ms > vcall_settings.blocked_ms)
        report_finding(RULE_BLOCKED, "took %llu ms in %s", (unsigned long long)took_ms,
                       report_what_was_doing());
    if (!v->is_finished)
        check_stack(v);
}

bool vcall_is_inside(void)
{
    return atomic_load(&entered_us) && pthread_equal(pthread_self(), entry_thread);
}

static void *watch(void *unused)
{
    (void)unused;
    for (;;) {
        usleep(20000);
        uint64_t entered = atomic_load(&entered_us), now = clock_now_us();
        if (entered && now > entered && (now - entered) / 1000 > vcall_settings.timeout_ms)
            report_fatal(RULE_STUCK, "did not come back within %u ms from %s",
                         vcall_settings.timeout_ms, report_what_was_doing());
    }
    return NULL;
}

void vcall_start_watchdog(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch, NULL) != 0)
        report_refusal("cgw-validate itself cannot start a thread");
    pthread_detach(thread);
}

/* ---- what befalls a call ---- */

static void run_notice(struct task *task)
{
    if (task->call->is_finished)
        return;
    vcall_enter(task->call, "a callback of notify()");
    task->done(task->call->pub, task->status, task->arg);
    vcall_leave(task->call);
}

static void give_notice(struct vcall *v, struct notice *notice, int status)
{
    if (!notice->fn)
        return;
    struct task *task = loop_task(v, run_notice);
    task->done = notice->fn;
    task->arg = notice->arg;
    task->status = status;
    notice->fn = NULL;
    loop_add(task);
}

void vcall_gone(struct vcall *v)
{
    if (v->is_gone)
        return;
    v->is_gone = v->is_disturbed = true;
    give_notice(v, &v->on_gone, CGW_ECLOSED);
    host_wake(v);
}

void vcall_cancel(struct vcall *v)
{
    v->is_canceled = v->is_disturbed = true;
    vcall_drain(v);
    host_wake(v);
}

void vcall_drain(struct vcall *v)
{
    if (v->is_draining)
        return;
    v->is_draining = true;
    give_notice(v, &v->on_drain, CGW_ECANCELED);
}

void vcall_ask_shutdown(struct vcall *v)
{
    pthread_mutex_lock(&loop_lock);
    v->shutdown_asked = true;
    pthread_cond_broadcast(&v->changed);
    pthread_mutex_unlock(&loop_lock);
    if (!v->is_sync)
        host_wake(v);
}

void vcall_befall(struct vcall *v)
{
    if (v->script->mishap == SCRIPT_DISCONNECT)
        vcall_gone(v);
    else if (v->script->mishap == SCRIPT_CANCEL)
        vcall_cancel(v);
    else if (v->script->mishap == SCRIPT_DRAIN)
        vcall_drain(v);
}

void vcall_run_posts(struct vcall *v)
{
    for (;;) {
        pthread_mutex_lock(&loop_lock);
        struct task *task = v->posted;
        if (task) {
            v->posted = task->next;
            v->posts--;
        }
        pthread_mutex_unlock(&loop_lock);
        if (!task)
            return;
        task->fn(v->pub, task->arg);
        mem_free(task);
    }
}

void vcall_end(struct vcall *v)
{
    const char *when = v->is_moved ? "CGW_PENDING of set()" : "finish()";
    loop_disarm_call(v);
    memory_end(v->data, when);
    for (unsigned i = 0; i < v->n_allocs; i++)
        memory_end(v->allocs[i], when);
    mem_free(v->allocs);
    v->allocs = NULL;
    v->n_allocs = 0;
    memory_end((void *)(uintptr_t)v->pub->scope, when);
    memory_end(v->pub, when);
    pthread_mutex_lock(&loop_lock);
    v->is_finished = true;
    pthread_cond_broadcast(&v->changed);
    pthread_mutex_unlock(&loop_lock);
}
