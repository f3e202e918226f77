/*
 * The worker's course: starting -> serving -> draining -> stopping -> over. Signals and the
 * lifespan move it on; each wait has its deadline.
 */
#include "proc/worker.h"
#include "app/lifespan.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/access_log.h"
#include "net/net.h"
#include "proc/stop_signal.h"
#include "proc/worker_parts.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CANCEL_GRACE_MS = 2000, POOL_GRACE_MS = 1000, POOL_LOOK_US = 5000 };

enum phase { STARTING, SERVING, DRAINING, STOPPING, OVER };

struct worker {
    const struct settings *settings;
    const struct cgw_app *app;
    struct listener *listener; /* ours until the net has it */
    struct ev_loop *loop;
    struct net net;
    struct call_runtime runtime;
    struct worker_parts parts;
    struct lifespan lifespan;
    struct deadline limit;     /* of the phase */
    struct deadline pool_wait; /* until the next look at the pool */
    ev_signal term, intr, hup, usr1;
    enum phase phase;
    int signals;
    bool has_canceled;
    int exit_code;
};

static void over(struct worker *worker, int exit_code)
{
    if (worker->phase == OVER)
        return;
    worker->phase = OVER;
    if (worker->exit_code == EXIT_FINE)
        worker->exit_code = exit_code;
    ev_break(worker->loop, EVBREAK_ALL);
}

static void set_limit(struct worker *worker, uint32_t ms)
{
    deadline_clear(&worker->limit);
    if (ms)
        deadline_set(&worker->net.deadlines, &worker->limit, (uint64_t)ms * 1000);
}

static void say_serving(struct worker *worker)
{
    char *url = listener_url(worker->listener);
    const char *name = worker->app->name ? worker->app->name : "";
    log_line(LOG_LEVEL_INFO, 101, "serving url=%s module=%s name=%s pid=%d", url ? url : "?",
             worker->settings->module, name, (int)getpid());
    mem_free(url);
}

/* The application has answered and has left its lifespan: nothing of it runs any more. */
static void stop_when_left(struct worker *worker)
{
    enum lifespan_state state = worker->lifespan.state;
    if (!worker->lifespan.call && (state == LIFESPAN_STOPPED || state == LIFESPAN_FAILED))
        over(worker, EXIT_FINE);
}

/* Shutdown frees what requests use: not before the last thread has left the application's code. */
static void stop_when_pool_is_idle(struct deadline *pool_wait)
{
    struct worker *worker = list_owner(pool_wait, struct worker, pool_wait);
    struct pool_status pool;
    pool_status(worker->parts.pool, &pool);
    if (pool.busy || pool.queued) {
        deadline_set(&worker->net.deadlines, pool_wait, POOL_LOOK_US);
        return;
    }
    lifespan_stop(&worker->lifespan);
    stop_when_left(worker);
}

static void stop_lifespan(struct worker *worker)
{
    worker->phase = STOPPING;
    set_limit(worker, worker->settings->timeout_shutdown_ms);
    stop_when_pool_is_idle(&worker->pool_wait);
}

static void serve(struct worker *worker)
{
    if (worker->signals) {
        stop_lifespan(worker);
        return;
    }
    worker->phase = SERVING;
    set_limit(worker, 0);
    say_serving(worker);
    listener_start(worker->listener, &worker->net);
    worker->listener = NULL;
}

static void lifespan_failed(struct worker *worker)
{
    bool is_startup = worker->phase == STARTING;
    if (worker->exit_code != EXIT_FINE)
        return;
    if (is_startup)
        log_line(LOG_LEVEL_ERROR, 103, "the application's %s", worker->lifespan.message);
    else
        log_line(LOG_LEVEL_ERROR, 108, "the application's %s", worker->lifespan.message);
    worker->exit_code = is_startup ? EXIT_MODULE : EXIT_CANNOT_RUN;
    worker->phase = STOPPING;
    set_limit(worker, worker->settings->timeout_shutdown_ms);
}

/* The lifespan has moved; this may run inside the application's send(). */
static void on_lifespan(void *arg)
{
    struct worker *worker = arg;
    enum lifespan_state state = worker->lifespan.state;
    if (state == LIFESPAN_FAILED)
        lifespan_failed(worker);
    else if (worker->phase == STARTING && state != LIFESPAN_STARTING)
        serve(worker);
    if (worker->phase == STOPPING)
        stop_when_left(worker);
}

static void on_idle(void *arg)
{
    struct worker *worker = arg;
    if (worker->phase == DRAINING)
        stop_lifespan(worker);
}

static void drain(struct worker *worker)
{
    worker->phase = DRAINING;
    log_line(LOG_LEVEL_INFO, 104, "draining connections=%u requests=%u", worker->net.n_conns,
             worker->runtime.n_running);
    set_limit(worker, worker->settings->timeout_graceful_shutdown_ms);
    net_drain(&worker->net);
}

/*
 * The grace is over: cancel what runs and give it a moment to unwind. What does not keeps its
 * state: the application is not asked to shut down under its own requests, the process just ends.
 */
static void drain_limit(struct worker *worker)
{
    if (worker->has_canceled && worker->runtime.n_running == 0) {
        net_reset(&worker->net); /* only peers that do not read are left */
        return;
    }
    if (worker->has_canceled) {
        log_line(LOG_LEVEL_ERROR, 106, "requests did not end when canceled count=%u",
                 worker->runtime.n_running);
        over(worker, EXIT_CANNOT_RUN);
        return;
    }
    worker->has_canceled = true;
    uint32_t n = net_cancel(&worker->net);
    log_line(LOG_LEVEL_WARNING, 105,
             "--timeout-graceful-shutdown is over: requests were canceled count=%u", n);
    set_limit(worker, CANCEL_GRACE_MS);
}

static void on_limit(struct deadline *limit)
{
    struct worker *worker = list_owner(limit, struct worker, limit);
    if (worker->phase == STARTING) {
        log_line(LOG_LEVEL_ERROR, 109,
                 "the application's startup takes longer than --timeout-startup");
        over(worker, EXIT_MODULE);
    } else if (worker->phase == DRAINING) {
        drain_limit(worker);
    } else if (worker->phase == STOPPING) {
        log_line(LOG_LEVEL_ERROR, 110,
                 "the application's shutdown takes longer than --timeout-shutdown");
        over(worker, EXIT_CANNOT_RUN);
    }
}

static void on_stop_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct worker *worker = signal->data;
    (void)loop, (void)events;
    worker->signals++;
    if (stop_signal_count() > 1) {
        log_line(LOG_LEVEL_WARNING, 107, "a second signal: ending at once signal=%d",
                 signal->signum);
        worker->exit_code = EXIT_CANNOT_RUN;
        over(worker, EXIT_CANNOT_RUN);
    } else if (worker->phase == SERVING) {
        drain(worker);
    }
}

static void on_usr1(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct worker *worker = signal->data;
    (void)loop, (void)events;
    worker_parts_reopen_logs(&worker->parts);
}

static void watch_signal(struct worker *worker, ev_signal *watch, int signal,
                         void (*fn)(struct ev_loop *, ev_signal *, int))
{
    ev_signal_init(watch, fn, signal);
    watch->data = worker;
    ev_signal_start(worker->loop, watch);
}

static bool is_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* A stop signal that the parent has had ignored (nohup, a shell's background) stays ignored. */
static void watch_stop_signal(struct worker *worker, ev_signal *watch, int signal)
{
    if (is_ignored(signal))
        return;
    watch_signal(worker, watch, signal, on_stop_signal);
    stop_signal_install(signal, ev_feed_signal);
}

static void watch_signals(struct worker *worker)
{
    watch_stop_signal(worker, &worker->term, SIGTERM);
    watch_stop_signal(worker, &worker->intr, SIGINT);
    watch_stop_signal(worker, &worker->hup, SIGHUP);
    watch_signal(worker, &worker->usr1, SIGUSR1, on_usr1);
}

static int start(struct worker *worker)
{
    deadline_init(&worker->limit, on_limit);
    deadline_init(&worker->pool_wait, stop_when_pool_is_idle);
    int rc = call_runtime_init(&worker->runtime, worker->app, worker->settings);
    if (rc == 0)
        rc = net_init(&worker->net, worker->loop, worker->settings, &worker->runtime);
    if (rc == 0)
        rc = worker_parts_init(&worker->parts, worker->settings, worker->app, &worker->net);
    if (rc < 0)
        return rc;
    worker->net.idle_hook = on_idle;
    worker->net.idle_arg = worker;
    worker->lifespan.changed = on_lifespan;
    worker->lifespan.changed_arg = worker;
    watch_signals(worker);
    set_limit(worker, worker->settings->timeout_startup_ms);
    rc = lifespan_start(&worker->lifespan, &worker->runtime);
    if (rc == 0 && worker->lifespan.state == LIFESPAN_ABSENT)
        serve(worker);
    return rc;
}

/* The application is still in a call or on a thread: no memory is freed under it, no destructor of
   its module runs. */
static _Noreturn void leave_at_once(struct worker *worker)
{
    list_each (node, &worker->runtime.running) {
        struct call *call = list_owner(node, struct call, running);
        call->is_aborted = true;
        if (call->wire)
            access_log_call(call);
    }
    worker_parts_flush_logs(&worker->parts);
    log_stop();
    fflush(NULL);
    _exit(worker->exit_code);
}

static void clean_up(struct worker *worker)
{
    bool is_clean = list_is_empty(&worker->runtime.running);
    listener_free(worker->listener);
    if (is_clean) {
        deadline_clear(&worker->limit);
        deadline_clear(&worker->pool_wait);
        net_fini(&worker->net);
        is_clean = worker_parts_fini(&worker->parts, POOL_GRACE_MS) == 0;
    }
    if (is_clean) {
        call_runtime_fini(&worker->runtime);
        ev_loop_destroy(worker->loop);
    } else {
        leave_at_once(worker);
    }
}

int worker_run(const struct settings *settings, const struct cgw_app *app,
               struct listener *listener)
{
    static struct worker worker; /* outlives this function: threads may still look at it */
    worker = (struct worker){.settings = settings, .app = app, .listener = listener};
    worker.loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!worker.loop) {
        log_line(LOG_LEVEL_ERROR, 111, "cannot make an event loop: %s", strerror(errno));
        listener_free(listener);
        return EXIT_CANNOT_RUN;
    }
    int rc = start(&worker);
    if (rc == -ECANCELED) { /* the cause is logged */
        worker.exit_code = EXIT_CANNOT_RUN;
    } else if (rc < 0) {
        log_line(LOG_LEVEL_ERROR, 112, "cannot start the worker: %s", strerror(-rc));
        worker.exit_code = EXIT_CANNOT_RUN;
    } else if (worker.phase != OVER) {
        ev_run(worker.loop, 0);
    }
    log_line(LOG_LEVEL_INFO, 113, "stopped exit=%d", worker.exit_code);
    clean_up(&worker);
    return worker.exit_code;
}
