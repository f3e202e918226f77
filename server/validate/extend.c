/* Loop, threads, notices, and the three events that need a table. */
#include "validate/extend.h"
#include "base/mem.h"
#include "validate/host.h"
#include "validate/memory.h"
#include "validate/report.h"
#include <string.h>
#include <sys/stat.h>

static const struct script *script;
static bool promotes; /* the application does */

void extend_use(const struct script *played)
{
    script = played;
}

void extend_let_promote(bool is_wanted)
{
    promotes = is_wanted;
}

/* ---- cgw.loop/1 ---- */

static uint64_t now(struct cgw_call *pub)
{
    host_entered(pub, "now()");
    return loop_now_us();
}

static int timer_start(struct cgw_call *pub, struct cgw_timer *timer, uint64_t after_us,
                       cgw_timer_fn *fn, void *arg)
{
    struct vcall *v = host_entered(pub, "timer_start()");
    struct loop_item item = {.call = v,
                             .timer = timer,
                             .due_us = loop_now_us() + after_us,
                             .timer_fn = fn,
                             .arg = arg,
                             .fd = -1};
    if (!fn)
        report_fatal(RULE_NO_DONE, "called timer_start() without a callback");
    loop_arm(&item);
    return CGW_OK;
}

static void timer_stop(struct cgw_call *pub, struct cgw_timer *timer)
{
    host_entered(pub, "timer_stop()");
    loop_disarm(timer);
}

/* Of regular files and folders no readiness can be told. */
static bool can_watch(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int watch_start(struct cgw_call *pub, struct cgw_watch *watch, int fd, uint32_t events,
                       cgw_watch_fn *fn, void *arg)
{
    struct vcall *v = host_entered(pub, "watch_start()");
    if (!(events & (CGW_READABLE | CGW_WRITABLE)) || !can_watch(fd))
        return host_answer(v, CGW_EINVAL);
    if (!fn)
        report_fatal(RULE_NO_DONE, "called watch_start() without a callback");
    struct loop_item item = {
        .call = v, .watch = watch, .fd = fd, .events = events, .watch_fn = fn, .arg = arg};
    loop_arm(&item);
    return CGW_OK;
}

static void watch_stop(struct cgw_call *pub, struct cgw_watch *watch)
{
    host_entered(pub, "watch_stop()");
    loop_disarm(watch);
}

static const struct cgw_loop loop = {.size = sizeof loop,
                                     .now = now,
                                     .timer_start = timer_start,
                                     .timer_stop = timer_stop,
                                     .watch_start = watch_start,
                                     .watch_stop = watch_stop};

/* ---- cgw.thread/1 ---- */

struct job {
    void (*fn)(void *arg);
    void *arg;
    struct task *task; /* what is due when fn has run */
};

static void run_job_done(struct task *task)
{
    if (task->call->is_finished || !task->done)
        return;
    vcall_enter(task->call, "the callback of run()");
    task->done(task->call->pub, CGW_OK, task->arg);
    vcall_leave(task->call);
}

static void *run_job(void *arg)
{
    struct job *job = arg;
    job->fn(job->arg);
    loop_add(job->task);
    mem_free(job);
    loop_job_ended();
    return NULL;
}

static int start_job(struct vcall *v, const struct job *given, cgw_done_fn *done, void *done_arg)
{
    struct job *job = mem_alloc(sizeof *job);
    if (!job)
        return CGW_ENOMEM;
    pthread_t thread;
    *job = *given;
    job->task = loop_task(v, run_job_done);
    job->task->done = done;
    job->task->arg = done_arg;
    struct task *task = job->task;
    loop_job_begun();
    if (pthread_create(&thread, NULL, run_job, job) != 0) {
        loop_job_ended();
        mem_free(task);
        mem_free(job);
        return CGW_EBUSY;
    }
    pthread_detach(thread);
    return CGW_PENDING;
}

static int thread_run(struct cgw_call *pub, void (*fn)(void *), void *arg, cgw_done_fn *done,
                      void *done_arg)
{
    struct vcall *v = host_entered(pub, "run()");
    if (v->is_canceled)
        return host_answer(v, CGW_ECANCELED);
    if (v->is_sync) {
        fn(arg);
        return CGW_OK;
    }
    if (script->is_full)
        return host_answer(v, CGW_EBUSY);
    if (!done)
        report_fatal(RULE_NO_DONE, "called run() without a callback");
    return host_answer(v, start_job(v, &(struct job){.fn = fn, .arg = arg}, done, done_arg));
}

static const struct cgw_thread thread = {.size = sizeof thread, .run = thread_run};

/* ---- cgw.disconnect/1, cgw.shutdown/1 ---- */

static int is_disconnected(struct cgw_call *pub)
{
    return host_entered(pub, "is_disconnected()")->is_gone;
}

static int is_draining(struct cgw_call *pub)
{
    return host_entered(pub, "is_draining()")->is_draining;
}

static int set_notice(struct vcall *v, struct notice *notice, int happened, cgw_done_fn *fn,
                      void *arg)
{
    if (v->is_sync)
        return host_answer(v, CGW_EINVAL);
    *notice = (struct notice){happened == CGW_OK ? fn : NULL, arg};
    return !fn ? CGW_OK : happened == CGW_OK ? CGW_PENDING : happened;
}

static int notify_gone(struct cgw_call *pub, cgw_done_fn *fn, void *arg)
{
    struct vcall *v = host_entered(pub, "notify()");
    return set_notice(v, &v->on_gone, v->is_gone ? CGW_ECLOSED : CGW_OK, fn, arg);
}

static int notify_drain(struct cgw_call *pub, cgw_done_fn *fn, void *arg)
{
    struct vcall *v = host_entered(pub, "notify()");
    return set_notice(v, &v->on_drain, v->is_draining ? CGW_ECANCELED : CGW_OK, fn, arg);
}

static const struct cgw_disconnect disconnect = {
    .size = sizeof disconnect, .is_disconnected = is_disconnected, .notify = notify_gone};
static const struct cgw_shutdown shutdown = {
    .size = sizeof shutdown, .is_draining = is_draining, .notify = notify_drain};

/* ---- cgw.route/1 ---- */

static const char *route_fault(const struct vcall *v, const char *route, size_t len)
{
    if (v->request->is_lifespan || v->request->is_websocket)
        return "of what is no HTTP call";
    if (v->is_named)
        return "twice";
    if (v->response.state != RESPONSE_NEW)
        return "after the start of the response";
    if (!len)
        return "with an empty name";
    memory_probing("the name of a route");
    bool has_nul = memchr(route, '\0', len);
    memory_probing(NULL);
    return has_nul ? "with a NUL in it" : NULL;
}

/* Nothing was used but what a call that is begun anew can do without. */
static bool is_untouched(const struct vcall *v)
{
    return v->is_beginning && !v->steps && !v->posts && !v->on_gone.fn && !v->on_drain.fn &&
           !loop_has_jobs() &&
           !loop_has_storage_between(v, NULL, (const void *)(uintptr_t)UINTPTR_MAX);
}

static int set_route(struct cgw_call *pub, const char *route, size_t len)
{
    struct vcall *v = host_entered(pub, "set()");
    const char *fault = route_fault(v, route, len);
    if (fault) {
        report_finding(RULE_ROUTE, "named the route %s", fault);
        return host_answer(v, CGW_EINVAL);
    }
    v->is_named = true;
    v->is_moved = script->is_moved && !promotes && is_untouched(v);
    return v->is_moved ? CGW_PENDING : CGW_OK;
}

static int is_promoted(struct cgw_call *pub)
{
    const struct vcall *v = host_entered(pub, "is_promoted()");
    return script->is_moved && promotes && v->is_named && !v->is_sync;
}

static const struct cgw_route route = {
    .size = sizeof route, .set = set_route, .is_promoted = is_promoted};

/* ---- cgw.current/1, cgw.debug/1 ---- */

static void set_current(struct cgw_call *pub)
{
    const struct vcall *v = pub ? vcall_of(pub) : NULL;
    if (pub && !v)
        report_fatal(RULE_POINTER, "called set() with a call that the host never gave, in %s",
                     report_what_was_doing());
    if (v && v->is_finished)
        report_finding(RULE_CURRENT, "works for a call after its finish(), in %s",
                       report_what_was_doing());
    else if (v && (v->is_moved || v->is_sync))
        report_finding(RULE_CURRENT, "works on the loop for a call that a thread has");
    else if (!vcall_is_inside())
        report_finding(RULE_CURRENT, "said who it works for outside of a callback on the loop");
}

static const struct cgw_current current = {.size = sizeof current, .set = set_current};
static const struct cgw_debug debug = {.size = sizeof debug};

/* ---- the events of extensions ---- */

static int is_wanted(struct cgw_call *pub)
{
    host_entered(pub, "is_wanted()");
    return !script->is_unwanted;
}

static int is_file_wanted(struct cgw_call *pub)
{
    host_entered(pub, "is_wanted()");
    return 1;
}

static const struct cgw_event_extension file = {
    .size = sizeof file, .event = CGW_HTTP_RESPONSE_FILE, .is_wanted = is_file_wanted};
static const struct cgw_event_extension trailers = {
    .size = sizeof trailers, .event = CGW_HTTP_RESPONSE_TRAILERS, .is_wanted = is_wanted};
static const struct cgw_event_extension informational = {
    .size = sizeof informational, .event = CGW_HTTP_RESPONSE_INFORMATIONAL, .is_wanted = is_wanted};

static const struct {
    const char *id;
    const void *table;
    bool is_async_only;
} tables[] = {
    {CGW_EXT_LOOP, &loop, true},
    {CGW_EXT_THREAD, &thread, false},
    {CGW_EXT_DISCONNECT, &disconnect, false},
    {CGW_EXT_SHUTDOWN, &shutdown, false},
    {CGW_EXT_ROUTE, &route, false},
    {CGW_EXT_CURRENT, &current, true},
    {CGW_EXT_DEBUG, &debug, false},
    {CGW_EXT_FILE, &file, false},
    {CGW_EXT_TRAILERS, &trailers, false},
    {CGW_EXT_INFORMATIONAL, &informational, false},
};

static const void *find(const char *id, bool is_sync)
{
    for (size_t i = 0; !script->is_bare && i < sizeof tables / sizeof tables[0]; i++)
        if (strcmp(tables[i].id, id) == 0)
            return tables[i].is_async_only && is_sync ? NULL : tables[i].table;
    return NULL;
}

const void *extend_async(const struct cgw_host *host, const char *id)
{
    (void)host;
    return find(id, false);
}

const void *extend_sync(const struct cgw_host *host, const char *id)
{
    (void)host;
    return find(id, true);
}
