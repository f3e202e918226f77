/*
 * A worker that is not one of the crew: it serves the built-in metrics on the operator's own
 * address, so that they answer whatever state the application's workers are in.
 */
#include "base/log.h"
#include "proc/channel.h"
#include "proc/children.h"
#include "proc/metrics/metrics_app.h"
#include "proc/supervisor_parts.h"
#include "proc/system/upgrade.h"
#include "proc/worker.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RETRY_SECONDS = 1, END_MS = 5000, NAP_MS = 5 };

/* The operator's limits are for the application's clients, not for the operator. */
static void set_up(const struct settings *from, struct settings *settings)
{
    *settings = *from;
    settings->access_log = false;
    settings->root_path = STR("");
    settings->n_extra_headers = 0;
    settings->limit_concurrency = settings->limit_connections = 0;
    settings->max_requests = 0;
    settings->promote_blocking = settings->reload = false;
    settings->metrics = NULL;
    settings->sandbox.n = 0;
    settings->timeout_graceful_shutdown_ms = RETRY_SECONDS * 1000;
}

static _Noreturn void run(struct supervisor *supervisor, int channel)
{
    static struct settings settings;
    static struct board_slot slot; /* what it does itself is not counted */
    static struct worker_start start;
    static struct listener *own[1];
    own[0] = supervisor->metrics;
    for (size_t i = 0; i < supervisor->listeners.n; i++)
        close(supervisor->listeners.items[i]->fd);
    set_up(supervisor_settings(supervisor), &settings);
    metrics_app_init(supervisor->board, NULL);
    start = (struct worker_start){.settings = &settings,
                                  .app = &metrics_app,
                                  .listeners = own,
                                  .n_listeners = 1,
                                  .privileges = &supervisor->privileges,
                                  .board = supervisor->board,
                                  .slot = &slot,
                                  .channel = channel,
                                  .is_metrics = true};
    upgrade_forget();
    int code = worker_run(&start);
    log_stop();
    exit(code);
}

static void try_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    supervisor_metrics_start(timer->data);
}

static void retry_later(struct supervisor *supervisor)
{
    ev_timer_stop(supervisor->loop, &supervisor->metrics_retry);
    ev_timer_init(&supervisor->metrics_retry, try_again, RETRY_SECONDS, 0);
    supervisor->metrics_retry.data = supervisor;
    ev_timer_start(supervisor->loop, &supervisor->metrics_retry);
}

static void on_exit_of_metrics(pid_t pid, int status, void *arg)
{
    struct supervisor *supervisor = arg;
    supervisor->metrics_pid = 0;
    close(supervisor->metrics_channel);
    if (supervisor->is_stopping)
        return;
    log_line(LOG_LEVEL_ERROR, 810,
             "the process that serves --metrics ended, another is started "
             "pid=%d status=%d",
             (int)pid, status);
    retry_later(supervisor);
}

void supervisor_metrics_start(struct supervisor *supervisor)
{
    int ends[2];
    if (!supervisor->metrics || supervisor->is_stopping)
        return;
    int rc = channel_open(ends);
    pid_t pid = rc < 0 ? rc : children_fork(on_exit_of_metrics, supervisor);
    if (pid == 0) {
        close(ends[0]);
        run(supervisor, ends[1]);
    }
    if (rc == 0)
        close(ends[1]);
    if (pid < 0) {
        log_line(LOG_LEVEL_ERROR, 811, "cannot start the process that serves --metrics: %s",
                 strerror(-pid));
        if (rc == 0)
            close(ends[0]);
        retry_later(supervisor);
        return;
    }
    supervisor->metrics_pid = pid;
    supervisor->metrics_channel = ends[0];
}

/* It ends within its own grace; should it be stuck, the server ends nevertheless. */
static void await_end(pid_t pid)
{
    struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    for (int ms = 0; ms < END_MS; ms += NAP_MS) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        nanosleep(&nap, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

void supervisor_metrics_stop(struct supervisor *supervisor)
{
    if (!supervisor->metrics)
        return;
    if (supervisor->loop)
        ev_timer_stop(supervisor->loop, &supervisor->metrics_retry);
    if (!supervisor->metrics_pid)
        return;
    children_forget(supervisor->metrics_pid);
    kill(supervisor->metrics_pid, SIGTERM);
    close(supervisor->metrics_channel);
    await_end(supervisor->metrics_pid);
    supervisor->metrics_pid = 0;
}

void supervisor_metrics_forget(struct supervisor *supervisor)
{
    if (supervisor->metrics_pid)
        close(supervisor->metrics_channel);
}
