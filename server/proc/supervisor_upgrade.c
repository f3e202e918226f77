/* USR2, seen from both sides: the old server waits for the new one's word, the new one gives it. */
#include "base/log.h"
#include "base/mem.h"
#include "proc/children.h"
#include "proc/supervisor_parts.h"
#include "proc/system/notify.h"
#include "proc/system/pid_file.h"
#include "proc/system/upgrade.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the old one ---- */

static void forget(struct supervisor *supervisor)
{
    ev_io_stop(supervisor->loop, &supervisor->upgrade_watch);
    close(supervisor->upgrade_fd);
    supervisor->upgrade_pid = 0;
}

void supervisor_upgrade_cancel(struct supervisor *supervisor)
{
    if (!supervisor->upgrade_pid)
        return;
    if (!supervisor->has_upgrade_ended)
        kill(supervisor->upgrade_pid, SIGTERM);
    forget(supervisor);
}

static void step_aside(struct supervisor *supervisor)
{
    char text[64];
    log_line(LOG_LEVEL_INFO, 804, "the new server serves, this one leaves pid=%d",
             (int)supervisor->upgrade_pid);
    if (supervisor->is_reloading) /* nobody else would end it */
        notify_send("READY=1");
    supervisor->is_reloading = false;
    snprintf(text, sizeof text, "MAINPID=%d", (int)supervisor->upgrade_pid);
    notify_send(text);
    listener_set_disown(&supervisor->listeners);
    listener_own(supervisor->metrics, false);
    supervisor_debug_stop(supervisor); /* nobody can have it twice */
    supervisor->is_stopping = true;
    reload_end(supervisor);
    forget(supervisor);
    crew_retire_all(&supervisor->crew);
}

static void on_word(struct ev_loop *loop, ev_io *watch, int events)
{
    struct supervisor *supervisor = watch->data;
    char word[16];
    ssize_t n = read(watch->fd, word, sizeof word);
    (void)loop, (void)events;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        step_aside(supervisor);
        return;
    }
    log_line(LOG_LEVEL_ERROR, 805,
             "the new server does not come to serve, this one goes on: see its lines above pid=%d",
             (int)supervisor->upgrade_pid);
    supervisor_upgrade_cancel(supervisor);
}

/* Its pipe tells the rest. */
static void on_exit_of_new(pid_t pid, int status, void *arg)
{
    struct supervisor *supervisor = arg;
    (void)status;
    supervisor->has_upgrade_ended |= pid == supervisor->upgrade_pid;
}

void supervisor_upgrade(struct supervisor *supervisor)
{
    char *error = NULL;
    if (supervisor->upgrade_pid) {
        log_line(LOG_LEVEL_WARNING, 806, "a new server is being started already pid=%d",
                 (int)supervisor->upgrade_pid);
        return;
    }
    pid_t pid = upgrade_start(&supervisor->listeners, supervisor->metrics, supervisor->argv,
                              &supervisor->upgrade_fd, &error);
    if (pid < 0) {
        log_line(LOG_LEVEL_ERROR, 807, "cannot start the new server, this one goes on: %s",
                 error ? error : "out of memory");
        mem_free(error);
        return;
    }
    supervisor->upgrade_pid = pid;
    supervisor->has_upgrade_ended = false;
    children_adopt(pid, on_exit_of_new, supervisor);
    log_line(LOG_LEVEL_INFO, 808, "upgrading: the new server starts pid=%d", (int)pid);
    ev_io_init(&supervisor->upgrade_watch, on_word, supervisor->upgrade_fd, EV_READ);
    supervisor->upgrade_watch.data = supervisor;
    ev_io_start(supervisor->loop, &supervisor->upgrade_watch);
}

/* ---- the new one ---- */

static void take_pid_file(const struct settings *settings)
{
    char *error = NULL;
    int rc = pid_file_take(settings->pid_file, true, &error);
    if (rc < 0)
        log_line(LOG_LEVEL_ERROR, 809, "%s", error ? error : "out of memory");
    mem_free(error);
}

void supervisor_take_over(struct supervisor *supervisor)
{
    if (!upgrade_is_one())
        return;
    take_pid_file(supervisor_settings(supervisor));
    listener_set_own(&supervisor->listeners);
    listener_own(supervisor->metrics, true);
    upgrade_tell_ready();
    supervisor_debug_take_over(supervisor);
}
