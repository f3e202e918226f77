/*
 * The worker's course: starting -> serving -> draining -> stopping -> over. Signals and the
 * lifespan move it on; each wait has its deadline.
 */
#include "proc/worker.h"
#include "app/lifespan.h"
#include "app/module.h"
#include "app/wrap.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/trace.h"
#include "net/access_log.h"
#include "net/net.h"
#include "net/pulse.h"
#include "proc/channel.h"
#include "proc/children.h"
#include "proc/choose.h"
#include "proc/report/crash.h"
#include "proc/stop_signal.h"
#include "proc/system/sandbox.h"
#include "proc/worker_debug.h"
#include "proc/worker_parts.h"
#include "proc/worker_wear.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CANCEL_GRACE_MS = 2000, POOL_GRACE_MS = 1000, POOL_LOOK_US = 5000 };

enum phase { STARTING, SERVING, DRAINING, STOPPING, OVER };

struct worker {
    const struct worker_start *start;
    const struct settings *settings;
    const struct cgw_app *app;
    struct ev_loop *loop;
    struct net net;
    struct call_runtime runtime;
    struct worker_parts parts;
    struct lifespan lifespan;
    struct deadline limit;     /* of the phase */
    struct deadline pool_wait; /* until the next look at the pool */
    ev_signal term, usr1;
    ev_io channel;
    struct worker_wear wear;
    struct worker_debug debug;
    enum phase phase;
    bool has_net;
    bool is_asked_to_stop; /* by whomever */
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

static void set_phase(struct worker *worker, enum phase phase, enum board_state state)
{
    worker->phase = phase;
    atomic_store(&worker->start->slot->state, state);
}

/* The supervisor wants to know why there is no worker. */
__attribute__((format(printf, 2, 3))) static void tell_failed(struct worker *worker,
                                                              const char *format, ...)
{
    char text[CHANNEL_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    channel_tell(worker->start->channel, CHANNEL_FAILED, text);
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
    set_phase(worker, STOPPING, BOARD_STOPPING);
    set_limit(worker, worker->settings->timeout_shutdown_ms);
    stop_when_pool_is_idle(&worker->pool_wait);
}

static void say_ready(const struct worker *worker)
{
    const struct worker_start *start = worker->start;
    char *url = start->is_metrics ? listener_url(start->listeners[0]) : NULL;
    if (start->is_metrics)
        log_line(LOG_LEVEL_INFO, 812, "serving metrics url=%s pid=%d", url ? url : "?",
                 (int)getpid());
    else
        log_line(LOG_LEVEL_INFO, 120, "worker ready worker=%u pid=%d generation=%u name=%s",
                 start->position, (int)getpid(), start->generation,
                 worker->app->name ? worker->app->name : "");
    mem_free(url);
}

static void serve(struct worker *worker)
{
    const struct worker_start *start = worker->start;
    if (worker->is_asked_to_stop) {
        stop_lifespan(worker);
        return;
    }
    trace_note_objects(); /* its startup may have loaded more */
    set_phase(worker, SERVING, BOARD_SERVING);
    set_limit(worker, 0);
    worker_wear_begin(&worker->wear);
    for (size_t i = 0; i < start->n_listeners; i++)
        listener_start(start->listeners[i], &worker->net);
    say_ready(worker);
    channel_tell(start->channel, CHANNEL_READY, worker->app->name);
}

static void lifespan_failed(struct worker *worker)
{
    bool is_startup = worker->phase == STARTING;
    if (worker->exit_code != EXIT_FINE)
        return;
    const char *message = worker->lifespan.message;
    if (is_startup) {
        log_line(LOG_LEVEL_ERROR, 103, "the application's %s", message);
        tell_failed(worker, "the application's %s", message);
    } else {
        log_line(LOG_LEVEL_ERROR, 108, "the application's %s", message);
    }
    worker->exit_code = is_startup ? EXIT_MODULE : EXIT_CANNOT_RUN;
    set_phase(worker, STOPPING, BOARD_STOPPING);
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

/* takes_backlog: nobody else will take the connections that wait to be accepted. */
static void drain(struct worker *worker, bool takes_backlog)
{
    set_phase(worker, DRAINING, BOARD_DRAINING);
    if (!worker->start->is_metrics) /* which has no place of its own, and no requests */
        log_line(LOG_LEVEL_INFO, 104, "draining connections=%u requests=%u worker=%u",
                 worker->net.n_conns, worker->runtime.n_running, worker->start->position);
    set_limit(worker, worker->settings->timeout_graceful_shutdown_ms);
    net_drain(&worker->net, takes_backlog);
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
        tell_failed(worker, "the application's startup takes longer than --timeout-startup");
        over(worker, EXIT_MODULE);
    } else if (worker->phase == DRAINING) {
        drain_limit(worker);
    } else if (worker->phase == STOPPING) {
        log_line(LOG_LEVEL_ERROR, 110,
                 "the application's shutdown takes longer than --timeout-shutdown");
        over(worker, EXIT_CANNOT_RUN);
    }
}

/* Who comes while we start, only to end, is refused or taken by others instead of waiting for us.
 */
static void close_listeners(const struct worker_start *start)
{
    for (size_t i = 0; i < start->n_listeners; i++) {
        if (start->listeners[i]->fd >= 0)
            close(start->listeners[i]->fd);
        start->listeners[i]->fd = -1;
    }
}

static void ask_to_stop(struct worker *worker, bool takes_backlog)
{
    worker->is_asked_to_stop = true;
    if (worker->phase == STARTING)
        close_listeners(worker->start);
    else if (worker->phase == SERVING)
        drain(worker, takes_backlog);
}

static void on_stop_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct worker *worker = signal->data;
    (void)loop, (void)events;
    if (stop_signal_count() > 1) {
        log_line(LOG_LEVEL_WARNING, 107, "a second signal: ending at once signal=%d",
                 signal->signum);
        worker->exit_code = EXIT_CANNOT_RUN;
        over(worker, EXIT_CANNOT_RUN);
    } else {
        ask_to_stop(worker, true);
    }
}

/* Word from the supervisor, or its end: then nobody would ever stop us. */
static void on_channel(struct ev_loop *loop, ev_io *watch, int events)
{
    struct worker *worker = watch->data;
    struct channel_message message;
    (void)events;
    if (channel_take(watch->fd, &message) < 0)
        return;
    if (message.type == CHANNEL_RETIRE) {
        ask_to_stop(worker, false);
    } else if (message.type == CHANNEL_LIST) {
        worker_debug_log(&worker->debug);
    } else if (message.type == CHANNEL_END) {
        ev_io_stop(loop, watch);
        if (!worker->is_asked_to_stop && !worker->start->is_metrics)
            log_line(LOG_LEVEL_WARNING, 121,
                     "the supervisor is gone: this worker ends, too worker=%u",
                     worker->start->position);
        ask_to_stop(worker, true);
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

/*
 * A terminal sends its signals to the whole group: what they mean is for the supervisor to say. Its
 * word is TERM, and TERM once more.
 */
static void ignore_group(void)
{
    static const int others[] = {SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGTTIN, SIGTTOU};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        signal(others[i], SIG_IGN);
}

static void watch_signals(struct worker *worker)
{
    watch_signal(worker, &worker->term, SIGTERM, on_stop_signal);
    stop_signal_install(SIGTERM, ev_feed_signal);
    watch_signal(worker, &worker->usr1, SIGUSR1, on_usr1);
    children_release_signals(); /* a USR1 that came while the module was loaded comes now */
    ev_io_init(&worker->channel, on_channel, worker->start->channel, EV_READ);
    worker->channel.data = worker;
    ev_io_start(worker->loop, &worker->channel);
}

/* One line, naming its cause, to the log and to the supervisor. -ECANCELED. */
static int refuse(struct worker *worker, int exit_code, char *error)
{
    tell_failed(worker, "%s", error ? error : "out of memory");
    worker->exit_code = exit_code;
    mem_free(error);
    return -ECANCELED;
}

/* And what stands around it. */
static int load_module(struct worker *worker, char **ret_error)
{
    const struct settings *settings = worker->settings;
    int rc = module_load(settings->module, worker->start->copy, &worker->app, ret_error);
    return rc < 0 ? rc : wrap_load(&settings->wraps, worker->app, &worker->app, ret_error);
}

/* The application's code runs from here on, its constructors first: not as root. */
static int load(struct worker *worker)
{
    const struct worker_start *start = worker->start;
    char *error = NULL;
    if (start->privileges && privileges_drop(start->privileges, &error) < 0) {
        log_line(LOG_LEVEL_ERROR, 123, "%s", error ? error : "out of memory");
        return refuse(worker, EXIT_CANNOT_RUN, error);
    }
    worker->app = start->app;
    if (!start->app && load_module(worker, &error) < 0) {
        log_line(LOG_LEVEL_ERROR, 201, "%s", error ? error : "out of memory");
        return refuse(worker, EXIT_MODULE, error);
    }
    if (worker->settings->sandbox.n &&
        sandbox_enter(worker->settings, &start->copy, start->copy != NULL, &error) < 0) {
        log_line(LOG_LEVEL_ERROR, 124, "%s", error ? error : "out of memory");
        return refuse(worker, EXIT_CANNOT_RUN, error);
    }
    return 0;
}

static int make_parts(struct worker *worker)
{
    const struct worker_start *start = worker->start;
    int rc = call_runtime_init(&worker->runtime, worker->app, worker->settings);
    worker->runtime.slot = start->slot;
    if (rc == 0)
        rc = net_init(&worker->net, worker->loop, worker->settings, &worker->runtime);
    worker->has_net = rc == 0;
    if (rc == 0)
        rc = worker_parts_init(&worker->parts, worker->settings, worker->app, &worker->net);
    if (rc == 0)
        rc = crash_install(start->slot, &worker->runtime);
    if (rc == 0)
        rc = pulse_start(&worker->net, start->slot);
    if (rc == 0 && !start->is_metrics)
        choose_install(&worker->runtime, start->board, worker->settings, start->generation);
    return rc;
}

static int start(struct worker *worker)
{
    deadline_init(&worker->limit, on_limit);
    deadline_init(&worker->pool_wait, stop_when_pool_is_idle);
    int rc = worker_parts_open_log(&worker->parts, worker->settings);
    if (rc == 0)
        rc = load(worker);
    if (rc == 0)
        rc = make_parts(worker);
    if (rc < 0)
        return rc;
    worker->net.idle_hook = on_idle;
    worker->net.idle_arg = worker;
    worker->lifespan.changed = on_lifespan;
    worker->lifespan.changed_arg = worker;
    watch_signals(worker);
    worker_wear_start(&worker->wear, worker->start, &worker->runtime, worker->loop);
    worker_debug_start(&worker->debug, worker->start, &worker->runtime, worker->loop);
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
    if (is_clean) {
        deadline_clear(&worker->limit);
        deadline_clear(&worker->pool_wait);
        pulse_stop();
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

/* What start() said, where the cause is not logged yet. */
static void judge(struct worker *worker, int rc)
{
    if (rc >= 0)
        return;
    if (rc != -ECANCELED) {
        log_line(LOG_LEVEL_ERROR, 112, "cannot start the worker: %s", strerror(-rc));
        tell_failed(worker, "cannot start the worker: %s", strerror(-rc));
    }
    if (worker->exit_code == EXIT_FINE)
        worker->exit_code = EXIT_CANNOT_RUN;
}

int worker_run(const struct worker_start *how)
{
    static struct worker worker; /* outlives this function: threads may still look at it */
    worker = (struct worker){.start = how, .settings = how->settings};
    ignore_group();
    worker.loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!worker.loop) {
        log_line(LOG_LEVEL_ERROR, 111, "cannot make an event loop: %s", strerror(errno));
        return EXIT_CANNOT_RUN;
    }
    int rc = start(&worker);
    judge(&worker, rc);
    if (rc == 0 && worker.phase != OVER)
        ev_run(worker.loop, 0);
    if (!how->is_metrics)
        log_line(LOG_LEVEL_INFO, 113, "worker stopped worker=%u pid=%d exit=%d", how->position,
                 (int)getpid(), worker.exit_code);
    if (worker.has_net)
        clean_up(&worker);
    return worker.exit_code;
}
