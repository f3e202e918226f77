/* The life of a child. */
#include "validate/play.h"
#include "app/module.h"
#include "base/clock.h"
#include "base/mem.h"
#include "validate/extend.h"
#include "validate/host.h"
#include "validate/memory.h"
#include "validate/report.h"
#include "validate/vcall.h"
#include <errno.h>
#include <time.h>

#define CALLS_MAX 8
#define CUTS_MAX  24  /* steps at which something befalls a call */
#define IDLE_MS   200 /* nothing comes up for so long: the peer goes */
#define TURN_MS   20

static const struct cgw_app *app;
static const struct script *script;

static void load(const char *module)
{
    char *error = NULL;
    if (module_load(module, NULL, &app, &error) < 0)
        report_refusal(error ? error : "out of memory");
}

/* ---- async ---- */

static void begin(struct vcall *v)
{
    v->is_beginning = true;
    vcall_enter(v, "call()");
    app->call(v->pub);
    vcall_leave(v);
    v->is_beginning = false;
}

typedef bool is_over_fn(const struct vcall *v);

static bool is_finished(const struct vcall *v)
{
    return v->is_finished;
}

static bool is_started(const struct vcall *v)
{
    return v->is_finished || (v->response.state == RESPONSE_LIFESPAN_RUNNING && !v->send.is_on);
}

static struct vcall *first_running(struct vcall **calls, unsigned n, is_over_fn *is_over)
{
    for (unsigned i = 0; i < n; i++)
        if (!is_over(calls[i]))
            return calls[i];
    return NULL;
}

static _Noreturn void report_unfinished(const struct vcall *v)
{
    const char *waits = v->send.is_on      ? "a send() is in flight"
                        : v->receive.is_on ? "a receive() is in flight"
                        : loop_has_jobs()  ? "a function of run() runs"
                        : !loop_is_idle()  ? "a descriptor is watched"
                                           : "it waits for nothing that the host knows of";
    report_fatal(RULE_FINISH_NEVER, "never called finish() (%s; the last call was %s; %s)", waits,
                 report_what_was_doing(), response_state_name(v->response.state));
}

/*
 * Turn the loop until all calls are over. When nothing more comes up the peers go; when that does
 * not help either, it is a finding.
 */
static void run_until(struct vcall **calls, unsigned n, is_over_fn *is_over)
{
    uint64_t began = clock_now_us(), heard = began, half_us = vcall_settings.timeout_ms * 500ull;
    bool has_left = false;
    struct vcall *v;
    while ((v = first_running(calls, n, is_over))) {
        bool has_run = loop_turn(script->newest_first, TURN_MS);
        uint64_t now = clock_now_us();
        if (has_run || !loop_is_idle())
            heard = now;
        if (has_left && now - began > half_us)
            report_unfinished(v);
        bool is_silent = now - heard > IDLE_MS * 1000ull;
        if (has_left || (!is_silent && now - began < half_us))
            continue;
        for (unsigned i = 0; i < n; i++)
            if (!calls[i]->is_finished && !calls[i]->request->is_lifespan)
                vcall_gone(calls[i]);
        has_left = true;
        began = now;
    }
}

/* ---- sync ---- */

static void *run_sync(void *arg)
{
    struct vcall *v = arg;
    v->thread = pthread_self();
    memory_prepare_thread();
    vcall_enter(v, "call()");
    app->call(v->pub);
    if (!v->is_finished)
        report_fatal(RULE_FINISH_NEVER,
                     "returned from call() of a CGW_SYNC application without "
                     "finish(), %s",
                     response_state_name(v->response.state));
    return NULL;
}

static pthread_t start_thread(struct vcall *v)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (app->stack_size)
        pthread_attr_setstacksize(&attributes, app->stack_size);
    int error = pthread_create(&thread, &attributes, run_sync, v);
    pthread_attr_destroy(&attributes);
    if (error)
        report_refusal("cgw-validate itself cannot start a thread");
    return thread;
}

static struct timespec deadline(void)
{
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_sec += vcall_settings.timeout_ms / 1000;
    when.tv_nsec += (long)(vcall_settings.timeout_ms % 1000) * 1000000;
    if (when.tv_nsec >= 1000000000) {
        when.tv_sec++;
        when.tv_nsec -= 1000000000;
    }
    return when;
}

static void join(pthread_t thread)
{
    struct timespec when = deadline();
    if (pthread_timedjoin_np(thread, NULL, &when) != 0)
        report_fatal(RULE_STUCK, "did not return within %u ms from %s", vcall_settings.timeout_ms,
                     report_what_was_doing());
}

/* The call was moved: take it away, and play it from its beginning on a thread. */
static struct vcall *begin_anew(struct vcall *v, unsigned cut_at, void *state)
{
    struct vcall *again = vcall_new(script, v->request, true, cut_at, state);
    vcall_end(v);
    again->is_disturbed = v->is_disturbed;
    join(start_thread(again));
    return again;
}

/* ---- a request ---- */

/* true: the step at which something was to befall the calls was reached by one. */
static bool play_once(const struct request *request, unsigned cut_at, void *state)
{
    struct vcall *calls[CALLS_MAX];
    pthread_t threads[CALLS_MAX];
    bool is_sync = app->kind == CGW_SYNC || script->is_on_pool, is_reached = false;
    unsigned n = script->at_once ? script->at_once : 1;
    for (unsigned i = 0; i < n; i++)
        calls[i] = vcall_new(script, request, is_sync, cut_at, state);
    for (unsigned i = 0; i < n; i++) {
        if (is_sync)
            threads[i] = start_thread(calls[i]);
        else
            begin(calls[i]);
        if (calls[i]->is_moved)
            calls[i] = begin_anew(calls[i], cut_at, state);
    }
    for (unsigned i = 0; i < n && is_sync; i++)
        join(threads[i]);
    if (!is_sync)
        run_until(calls, n, is_finished);
    for (unsigned i = 0; i < n; i++)
        is_reached |= cut_at <= (script->mishap == SCRIPT_NO_ALLOC ? calls[i]->asked_allocs
                                                                   : calls[i]->steps);
    return is_reached;
}

static void play_request(const struct request *request, void *state)
{
    if (script->mishap == SCRIPT_NONE) {
        report_where("%s", request->label);
        play_once(request, 0, state);
        return;
    }
    bool is_reached = true;
    for (unsigned cut_at = 1; is_reached && cut_at <= CUTS_MAX; cut_at++) {
        report_where("%s, step %u", request->label, cut_at);
        is_reached = play_once(request, cut_at, state);
    }
}

/* Late callbacks and pool functions may still touch what is gone. */
static void settle(void)
{
    uint64_t began = clock_now_us();
    while (loop_turn(false, 0) || loop_has_jobs()) {
        if (clock_now_us() - began > vcall_settings.timeout_ms * 1000ull)
            return;
        loop_turn(false, TURN_MS);
    }
}

/* ---- the lifespan ---- */

struct lifespan {
    struct vcall *call; /* NULL: the application has none */
    pthread_t thread;
};

static void wait_until_started(struct vcall *v)
{
    struct timespec when = deadline();
    int status = 0;
    pthread_mutex_lock(&loop_lock);
    while (status == 0 && !is_started(v))
        status = pthread_cond_timedwait(&v->changed, &loop_lock, &when);
    pthread_mutex_unlock(&loop_lock);
    if (status == ETIMEDOUT)
        report_fatal(RULE_LIFESPAN, "did not answer startup within %u ms",
                     vcall_settings.timeout_ms);
}

/* What befalls a lifespan before it has begun is CANCEL only, in its own scenario. */
static struct lifespan start_lifespan(unsigned cut_at)
{
    struct lifespan lifespan = {NULL, 0};
    if (!(app->flags & CGW_LIFESPAN))
        return lifespan;
    struct vcall *v = vcall_new(script, &request_lifespan, app->kind == CGW_SYNC, cut_at, NULL);
    lifespan.call = v;
    if (v->is_sync) {
        lifespan.thread = start_thread(v);
        wait_until_started(v);
    } else {
        begin(v);
        run_until(&v, 1, is_started);
    }
    if (v->response.has_failed)
        report_over();
    return lifespan;
}

static void stop_lifespan(struct lifespan *lifespan)
{
    struct vcall *v = lifespan->call;
    if (!v)
        return;
    if (!v->is_finished)
        vcall_ask_shutdown(v);
    if (v->is_sync)
        join(lifespan->thread);
    else
        run_until(&v, 1, is_finished);
}

static void play_lifespans(void)
{
    bool is_reached = true;
    unsigned last = script->mishap == SCRIPT_NONE ? 1 : CUTS_MAX;
    for (unsigned cut_at = 1; is_reached && cut_at <= last; cut_at++) {
        report_where("lifespan, step %u", cut_at);
        struct lifespan lifespan = start_lifespan(script->mishap == SCRIPT_NONE ? 0 : cut_at);
        stop_lifespan(&lifespan);
        is_reached = lifespan.call && lifespan.call->steps >= cut_at;
    }
}

/* ---- the child ---- */

static void prepare(const char *module)
{
    memory_watch_faults();
    loop_init();
    load(module);
    vcall_start_watchdog();
}

void play_load(const char *module)
{
    memory_watch_faults();
    load(module);
    report_flags(app->flags);
    report_over();
}

void play_run(const char *module, const struct script *played, const struct request *request)
{
    script = played;
    extend_use(played);
    report_where("%s", request->label);
    prepare(module);
    extend_let_promote(app->flags & CGW_PROMOTES);
    if (script->lifespan_only) {
        play_lifespans();
    } else {
        struct lifespan lifespan = start_lifespan(0);
        void *state = lifespan.call ? lifespan.call->response.state_given : NULL;
        play_request(request, state);
        report_where("%s", request_lifespan.label);
        stop_lifespan(&lifespan);
    }
    settle();
    report_over();
}
