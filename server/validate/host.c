/* receive(), send(), finish() and their kin. */
#include "validate/host.h"
#include "base/mem.h"
#include "config.h"
#include "validate/extend.h"
#include "validate/inbox.h"
#include "validate/lent.h"
#include "validate/memory.h"
#include "validate/report.h"
#include <stdio.h>
#include <unistd.h>

/* An application that goes on for ever is left by its peer after so many steps … */
#define STEPS_MAX 4000
/* … and has not understood after so many more. */
#define STEPS_AFTER_END_MAX 1000

/* ---- entering ---- */

struct vcall *host_entered_anywhere(const struct cgw_call *pub, const char *function)
{
    struct vcall *v = vcall_of(pub);
    if (!v)
        report_fatal(RULE_POINTER, "called %s with a call that the host never gave, in %s",
                     function, report_what_was_doing());
    if (v->is_moved)
        report_fatal(RULE_MOVED, "called %s after set() was CGW_PENDING, in %s", function,
                     report_what_was_doing());
    if (v->is_finished)
        report_fatal(RULE_CALL_LATE, "called %s after finish(), in %s", function,
                     report_what_was_doing());
    return v;
}

struct vcall *host_entered(const struct cgw_call *pub, const char *function)
{
    struct vcall *v = host_entered_anywhere(pub, function);
    if (!pthread_equal(v->thread, pthread_self()))
        report_fatal(RULE_THREAD, "called %s from another thread than the call's", function);
    return v;
}

int host_answer(struct vcall *v, int status)
{
    if (status < 0)
        v->is_disturbed = true;
    return status;
}

/* Does this step answer later? A sync application never sees that. */
static bool is_later(const struct vcall *v)
{
    return !v->is_sync && (v->script->answer == SCRIPT_LATER ||
                           (v->script->answer == SCRIPT_TURNS && v->steps % 2 == 0));
}

/* Count a receive() or send(). true: the script's mishap belongs to it. */
static bool step(struct vcall *v)
{
    v->steps++;
    if ((v->is_gone || v->is_canceled) && ++v->steps_after_end > STEPS_AFTER_END_MAX)
        report_fatal(RULE_UNENDING,
                     "called receive() and send() %d times more after the end, in %s",
                     STEPS_AFTER_END_MAX, report_what_was_doing());
    if (v->steps > STEPS_MAX)
        vcall_gone(v);
    if (v->is_sync && v->script->answer != SCRIPT_NOW)
        usleep(100);
    return v->steps == v->cut_at && v->script->mishap != SCRIPT_NO_ALLOC;
}

/* Take note of an operation that is answered later. */
static void lift(struct flight *flight, const char *function, struct flight begun)
{
    if (!begun.done)
        report_fatal(RULE_NO_DONE, "called %s without a callback", function);
    *flight = begun;
    flight->is_on = true;
}

/* ---- receive ---- */

static void run_receive(struct task *task)
{
    struct vcall *v = task->call;
    if (v->is_finished)
        return;
    struct flight flight = v->receive;
    if (flight.is_cut)
        vcall_befall(v);
    v->receive.is_due = false;
    if (!inbox_has(v))
        return;
    int status = inbox_take(v, flight.event);
    v->receive.is_on = false;
    vcall_enter(v, "the callback of receive()");
    flight.done(v->pub, host_answer(v, status), flight.arg);
    vcall_leave(v);
}

void host_wake(struct vcall *v)
{
    if (v->is_sync || !v->receive.is_on || v->receive.is_due || !inbox_has(v))
        return;
    v->receive.is_due = true;
    loop_add(loop_task(v, run_receive));
}

/* A sync call waits in receive(): for its lifespan to go on; else for the peer, who goes. */
static void wait_for_event(struct vcall *v)
{
    vcall_run_posts(v);
    while (!inbox_has(v)) {
        if (!v->request->is_lifespan) {
            vcall_gone(v);
            return;
        }
        pthread_mutex_lock(&loop_lock);
        if (!v->posted && !inbox_has(v))
            pthread_cond_wait(&v->changed, &loop_lock);
        pthread_mutex_unlock(&loop_lock);
        vcall_run_posts(v);
    }
}

static int receive(struct cgw_call *pub, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    struct vcall *v = host_entered(pub, "receive()");
    if (v->receive.is_on) {
        report_finding(RULE_RECEIVE_TWICE, "called receive() while one was in flight, in %s",
                       report_what_was_doing());
        return host_answer(v, CGW_EINVAL);
    }
    inbox_drop(v);
    bool is_cut = step(v);
    if (is_cut && v->script->mishap == SCRIPT_NO_MEMORY)
        return host_answer(v, CGW_ENOMEM);
    bool later = is_later(v);
    if (is_cut && !later)
        vcall_befall(v);
    if (v->is_sync)
        wait_for_event(v);
    if (!later && inbox_has(v))
        return host_answer(v, inbox_take(v, event));
    lift(&v->receive, "receive()",
         (struct flight){.done = done, .arg = arg, .event = event, .is_cut = is_cut && later});
    if (later) {
        v->receive.is_due = true;
        loop_add(loop_task(v, run_receive));
    }
    return CGW_PENDING;
}

/* ---- send ---- */

/* What a send() is told by what has befallen the call. */
static int fate(const struct vcall *v)
{
    return v->is_canceled ? CGW_ECANCELED : v->is_gone ? CGW_ECLOSED : CGW_OK;
}

static void run_send(struct task *task)
{
    struct vcall *v = task->call;
    if (v->is_finished)
        return;
    struct flight flight = v->send;
    const char *changed = lent_changed(flight.events, flight.n, flight.prints);
    if (changed)
        report_fatal(RULE_LENT, "changed or freed %s lent to a pending send()", changed);
    if (flight.is_cut)
        vcall_befall(v);
    v->send.is_on = false;
    bool is_over = response_is_complete(&v->response);
    int status = is_over && !v->is_canceled ? CGW_OK : fate(v);
    vcall_enter(v, "the callback of send()");
    flight.done(v->pub, host_answer(v, status), flight.arg);
    vcall_leave(v);
}

static int take_events(struct vcall *v, const struct cgw_event *events, size_t n)
{
    int status = fate(v);
    if (n && !events) {
        report_finding(RULE_POINTER, "called send() with %zu events at NULL", n);
        return CGW_EINVAL;
    }
    for (size_t i = 0; i < n && status == CGW_OK; i++)
        status = response_take(&v->response, &events[i]);
    return status;
}

static int send_now(struct vcall *v, const struct cgw_event *events, size_t n)
{
    int status = take_events(v, events, n);
    pthread_mutex_lock(&loop_lock);
    pthread_cond_broadcast(&v->changed);
    pthread_mutex_unlock(&loop_lock);
    return host_answer(v, status);
}

static int send(struct cgw_call *pub, const struct cgw_event *events, size_t n, cgw_done_fn *done,
                void *arg)
{
    struct vcall *v = host_entered(pub, "send()");
    if (v->send.is_on) {
        report_finding(RULE_SEND_TWICE, "called send() while one was in flight, in %s",
                       report_what_was_doing());
        return host_answer(v, CGW_EINVAL);
    }
    if (v->is_sync)
        vcall_run_posts(v);
    bool is_cut = step(v);
    if (is_cut && v->script->mishap == SCRIPT_NO_MEMORY)
        return host_answer(v, CGW_ENOMEM);
    bool later = is_later(v);
    if (is_cut && !later)
        vcall_befall(v);
    int status = send_now(v, events, n);
    if (status == CGW_OK && later) {
        struct flight begun = {
            .done = done, .arg = arg, .events = events, .n = n, .is_cut = is_cut};
        lent_print(events, n, begun.prints);
        lift(&v->send, "send()", begun);
        loop_add(loop_task(v, run_send));
        status = CGW_PENDING;
    }
    host_wake(v);
    return status;
}

/* ---- finish ---- */

/* Nothing went wrong but by the application: then it has a whole response and says so. */
static void judge(const struct vcall *v, int status)
{
    enum response_state state = v->response.state;
    bool is_lifespan = v->request->is_lifespan;
    if (is_lifespan && (state == RESPONSE_LIFESPAN_NEW || state == RESPONSE_LIFESPAN_STARTING ||
                        state == RESPONSE_LIFESPAN_STOPPING))
        report_finding(RULE_LIFESPAN, "called finish() %s", response_state_name(state));
    else if (status < 0 && !v->response.has_failed)
        report_finding(RULE_FAILED, "called finish() with %d, though nothing had failed, %s",
                       status, response_state_name(state));
    else if (!is_lifespan && !response_is_complete(&v->response))
        report_finding(RULE_INCOMPLETE, "called finish() %s", response_state_name(state));
}

static void finish(struct cgw_call *pub, int status)
{
    struct vcall *v = vcall_of(pub);
    if (v && v->is_finished)
        report_fatal(RULE_FINISH_TWICE, "called finish() again, in %s", report_what_was_doing());
    v = host_entered(pub, "finish()");
    if (v->is_sync)
        vcall_run_posts(v);
    if (status > 0)
        report_finding(RULE_FINISH_STATUS, "called finish() with %d", status);
    if (v->receive.is_on || v->send.is_on)
        report_fatal(RULE_FINISH_IN_FLIGHT, "called finish() with a %s in flight, in %s",
                     v->send.is_on ? "send()" : "receive()", report_what_was_doing());
    pthread_mutex_lock(&loop_lock);
    unsigned posts = v->posts;
    pthread_mutex_unlock(&loop_lock);
    if (posts)
        report_fatal(RULE_POST_LATE, "called finish() with %u posted functions that had not run",
                     posts);
    if (!v->is_disturbed)
        judge(v, status);
    v->finish_status = status;
    vcall_end(v);
}

/* ---- the rest ---- */

static void *alloc(struct cgw_call *pub, size_t bytes)
{
    struct vcall *v = host_entered(pub, "alloc()");
    if (++v->asked_allocs == v->cut_at && v->script->mishap == SCRIPT_NO_ALLOC) {
        v->is_disturbed = true;
        return NULL;
    }
    void **allocs = mem_realloc(v->allocs, (v->n_allocs + 1) * sizeof *allocs);
    if (!allocs)
        return NULL;
    v->allocs = allocs;
    void *p = memory_new(MEMORY_ALLOC, bytes);
    if (p)
        allocs[v->n_allocs++] = p;
    return p;
}

static void run_post(struct task *task)
{
    struct vcall *v = task->call;
    pthread_mutex_lock(&loop_lock);
    v->posts--;
    pthread_mutex_unlock(&loop_lock);
    vcall_enter(v, "a posted function");
    task->fn(v->pub, task->arg);
    vcall_leave(v);
}

static int post(struct cgw_call *pub, void (*fn)(struct cgw_call *, void *), void *arg)
{
    struct vcall *v = host_entered_anywhere(pub, "post()");
    struct task *task = loop_task(v, run_post);
    task->fn = fn;
    task->arg = arg;
    pthread_mutex_lock(&loop_lock);
    v->posts++;
    if (v->is_sync) {
        struct task **at = &v->posted;
        while (*at)
            at = &(*at)->next;
        *at = task;
        pthread_cond_broadcast(&v->changed);
    }
    pthread_mutex_unlock(&loop_lock);
    if (!v->is_sync)
        loop_add(task);
    return CGW_OK;
}

static void log_message(struct cgw_call *pub, int level, const char *message, size_t len)
{
    host_entered_anywhere(pub, "log()");
    if (level < CGW_LOG_DEBUG || level > CGW_LOG_ERROR)
        report_finding(RULE_LOG, "called log() with level %d", level);
    memory_probing("the message of log()");
    for (size_t i = 0; i < len; i++)
        (void)((const volatile char *)message)[i];
    memory_probing(NULL);
    if (vcall_settings.is_verbose)
        fprintf(stderr, "  log: %.*s\n", (int)len, message);
}

const struct cgw_host host_async = {
    .size = sizeof(struct cgw_host),
    .abi_major = CGW_ABI_MAJOR,
    .abi_minor = CGW_ABI_MINOR,
    .name = "cgw-validate",
    .version = PACKAGE_VERSION,
    .receive = receive,
    .send = send,
    .finish = finish,
    .alloc = alloc,
    .post = post,
    .log = log_message,
    .extension = extend_async,
};

const struct cgw_host host_sync = {
    .size = sizeof(struct cgw_host),
    .abi_major = CGW_ABI_MAJOR,
    .abi_minor = CGW_ABI_MINOR,
    .name = "cgw-validate",
    .version = PACKAGE_VERSION,
    .receive = receive,
    .send = send,
    .finish = finish,
    .alloc = alloc,
    .post = post,
    .log = log_message,
    .extension = extend_sync,
};
