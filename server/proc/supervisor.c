/* Opening what the server owns, the signals, and the end. */
#include "proc/supervisor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/children.h"
#include "proc/debug/tasks_page.h"
#include "proc/report/reporter.h"
#include "proc/supervisor_parts.h"
#include "proc/system/notify.h"
#include "proc/system/pid_file.h"
#include "proc/system/processors.h"
#include "proc/system/upgrade.h"
#include "proc/worker.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOMENT_US = 50000, REPORTER_GRACE_MS = 3000 };

uint32_t supervisor_workers(const struct settings *settings)
{
    uint32_t n = settings->workers ? settings->workers : processors_count();
    return n < CREW_POSITIONS ? n : CREW_POSITIONS;
}

/* One line, naming its cause; the exit code. */
static int fail(int exit_code, unsigned number, char *error)
{
    const char *text = error ? error : "out of memory";
    if (number == 102)
        log_line(LOG_LEVEL_ERROR, 102, "%s", text);
    else
        log_line(LOG_LEVEL_ERROR, 147, "%s", text);
    mem_free(error);
    return exit_code;
}

/* ---- the end ---- */

static void note_exit(struct supervisor *supervisor, int exit_code)
{
    if (supervisor->exit_code < exit_code)
        supervisor->exit_code = exit_code;
}

void supervisor_stop(struct supervisor *supervisor, int exit_code)
{
    note_exit(supervisor, exit_code);
    if (!supervisor->is_stopping) {
        notify_send("STOPPING=1");
        reload_end(supervisor);
        supervisor_upgrade_cancel(supervisor);
        listener_set_close(&supervisor->listeners); /* refuse as soon as the workers do */
    }
    supervisor->is_stopping = true;
    crew_stop(&supervisor->crew, false);
}

static void on_gone(void *arg)
{
    struct supervisor *supervisor = arg;
    note_exit(supervisor, supervisor->crew.exit_code);
    ev_break(supervisor->loop, EVBREAK_ALL);
}

/* ---- signals ---- */

/* What reaches us twice within a moment (once itself, once by its group) is one: timeout(1) does
   that. */
static void on_stop(struct supervisor *supervisor, int number)
{
    uint64_t now_us = clock_now_us();
    bool is_second = supervisor->stop_signal_us != 0;
    if (is_second && now_us - supervisor->stop_signal_us < MOMENT_US)
        return;
    supervisor->stop_signal_us = now_us;
    if (is_second) {
        log_line(LOG_LEVEL_WARNING, 148, "a second signal: ending at once signal=%d", number);
        note_exit(supervisor, EXIT_CANNOT_RUN);
        crew_stop(&supervisor->crew, true);
    } else {
        log_line(LOG_LEVEL_INFO, 149, "stopping signal=%d", number);
        supervisor_stop(supervisor, EXIT_FINE);
    }
}

static void reopen_logs(struct supervisor *supervisor)
{
    char *error = NULL;
    const struct settings *settings = supervisor_settings(supervisor);
    if (privileges_give_logs(&supervisor->privileges, settings, &error) < 0)
        fail(0, 147, error);
    int rc = log_reopen();
    if (rc < 0)
        log_line(LOG_LEVEL_ERROR, 115, "cannot reopen a log, the old one stays: %s log=error",
                 strerror(-rc));
    else
        log_line(LOG_LEVEL_INFO, 116, "logs reopened");
    crew_signal(&supervisor->crew, SIGUSR1);
}

/* Not always with an event of the crew: who was waited for may be wanted no more. */
static void look_whether_settled(struct supervisor *supervisor);

void supervisor_resize(struct supervisor *supervisor, uint32_t n)
{
    struct crew *crew = &supervisor->crew;
    struct listener_set *set = &supervisor->listeners;
    char *error = NULL;
    while (!set->is_shared && set->n < n)
        if (listener_set_grow(supervisor_settings(supervisor), set, &error) < 0) {
            fail(0, 102, error);
            n = (uint32_t)set->n;
        }
    crew_resize(crew, n);
    if (!set->is_shared)
        crew_renew(crew); /* each has other sockets now */
    log_line(LOG_LEVEL_INFO, 801, "the number of workers was changed workers=%u", crew->n);
    look_whether_settled(supervisor);
}

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/*
 * Sent by somebody it asks for a reload. When the terminal that we were started from is closed it
 * comes from the kernel: then who typed the command is gone, and unless he had asked us to stay
 * (nohup) so are we.
 */
static void on_hangup(struct supervisor *supervisor)
{
    bool is_lost = supervisor->has_terminal && !has_terminal();
    if (!is_lost) {
        reload_with_options(supervisor);
        return;
    }
    supervisor->has_terminal = false;
    if (!supervisor->ignores_hangup)
        on_stop(supervisor, SIGHUP);
}

static void on_signal(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct supervisor *supervisor = signal->data;
    (void)loop, (void)events;
    if (signal->signum == SIGTERM || signal->signum == SIGINT)
        on_stop(supervisor, signal->signum);
    else if (signal->signum == SIGUSR1)
        reopen_logs(supervisor);
    else if (signal->signum == SIGQUIT)
        crew_list_tasks(&supervisor->crew);
    else if (supervisor->is_stopping)
        return;
    else if (signal->signum == SIGHUP)
        on_hangup(supervisor);
    else if (signal->signum == SIGUSR2)
        supervisor_upgrade(supervisor);
    else if (signal->signum == SIGTTIN)
        supervisor_resize(supervisor, supervisor->crew.n + 1);
    else
        supervisor_resize(supervisor, supervisor->crew.n - 1);
}

static bool is_ignored(int signal)
{
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* A signal that the parent has had ignored (a shell's background) stays ignored, but for those that
   mean another thing to a server. */
static void watch_signals(struct supervisor *supervisor)
{
    static const int numbers[SUPERVISOR_SIGNALS] = {SIGTERM, SIGINT,  SIGHUP,  SIGUSR1,
                                                    SIGUSR2, SIGTTIN, SIGTTOU, SIGQUIT};
    bool lists_tasks = supervisor_settings(supervisor)->debug;
    supervisor->has_terminal = has_terminal();
    supervisor->ignores_hangup = is_ignored(SIGHUP);
    for (size_t i = 0; i < SUPERVISOR_SIGNALS; i++) {
        ev_signal *watch = &supervisor->signals[i];
        ev_signal_init(watch, on_signal, numbers[i]);
        watch->data = supervisor;
        if (numbers[i] == SIGQUIT && !lists_tasks)
            continue; /* what it always was: an end, with a core */
        if (numbers[i] == SIGHUP || numbers[i] == SIGQUIT || !is_ignored(numbers[i]))
            ev_signal_start(supervisor->loop, watch);
    }
    children_release_signals(); /* held back by us, or by our parent */
}

/* First in each child. */
static void on_fork(void *arg)
{
    struct supervisor *supervisor = arg;
    for (size_t i = 0; i < SUPERVISOR_SIGNALS; i++)
        ev_signal_stop(supervisor->loop, &supervisor->signals[i]);
    crew_forget(&supervisor->crew);
    supervisor_metrics_forget(supervisor);
    supervisor_debug_forget(supervisor);
    watch_forget(supervisor->watch);
    build_forget(supervisor->build);
    pid_file_remove(); /* not a child's to remove: its descriptor is closed */
    if (supervisor->upgrade_pid)
        close(supervisor->upgrade_fd);
}

/* ---- serving ---- */

static void on_watchdog(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events;
    notify_send("WATCHDOG=1");
}

static void start_watchdog(struct supervisor *supervisor)
{
    double every = (double)notify_watchdog_us() / 2e6;
    ev_timer_init(&supervisor->watchdog, on_watchdog, every, every);
    if (every > 0)
        ev_timer_start(supervisor->loop, &supervisor->watchdog);
}

static void say_serving(struct supervisor *supervisor)
{
    const struct settings *settings = supervisor_settings(supervisor);
    for (size_t i = 0; i < supervisor->listeners.n; i++) {
        char *url = listener_url(supervisor->listeners.items[i]);
        log_line(LOG_LEVEL_INFO, 101, "serving url=%s module=%s pid=%d workers=%u", url ? url : "?",
                 settings->module, (int)getpid(), supervisor->crew.n);
        mem_free(url);
        if (!supervisor->listeners.is_shared)
            break; /* the others are at the same address */
    }
}

static void look_whether_settled(struct supervisor *supervisor)
{
    if (!crew_is_settled(&supervisor->crew))
        return;
    if (!supervisor->has_served) {
        supervisor->has_served = true;
        supervisor_take_over(supervisor);
        say_serving(supervisor);
        notify_send("READY=1");
    }
    reload_settled(supervisor);
}

static void on_ready(void *arg, struct generation *generation)
{
    struct supervisor *supervisor = arg;
    reload_ready(supervisor, generation);
    look_whether_settled(supervisor);
}

static void on_failed(void *arg, struct generation *generation, int exit_code, const char *why)
{
    reload_failed(arg, generation, exit_code, why);
}

static void on_crashing(void *arg, struct generation *generation)
{
    reload_crashing(arg, generation);
}

static const struct crew_events crew_events = {
    .ready = on_ready, .failed = on_failed, .crashing = on_crashing, .gone = on_gone};

/* ---- the beginning ---- */

static int open_sockets(struct supervisor *supervisor)
{
    const struct settings *settings = supervisor_settings(supervisor);
    char *error = NULL;
    if (listener_set_open(settings, supervisor_workers(settings), &supervisor->listeners, &error) <
            0 ||
        listener_open_metrics(settings, &supervisor->metrics, &error) < 0 ||
        supervisor_debug_open(supervisor, &error) < 0)
        return fail(EXIT_CANNOT_RUN, 102, error);
    return EXIT_FINE;
}

static int open_rest(struct supervisor *supervisor)
{
    const struct settings *settings = supervisor_settings(supervisor);
    char *error = NULL;
    if (privileges_find(settings, &supervisor->privileges, &error) < 0 ||
        privileges_give_logs(&supervisor->privileges, settings, &error) < 0 ||
        (!upgrade_is_one() && pid_file_take(settings->pid_file, false, &error) < 0) ||
        module_store_open(settings, &supervisor->privileges, &supervisor->store, &error) < 0)
        return fail(EXIT_CANNOT_RUN, 147, error);
    return EXIT_FINE;
}

static int make_board(struct supervisor *supervisor)
{
    struct board *board = board_new();
    if (!board)
        return fail(EXIT_CANNOT_RUN, 147,
                    mem_printf("cannot make the memory that workers share: %s", strerror(errno)));
    supervisor->board = board;
    char *url = listener_url(supervisor->listeners.items[0]);
    snprintf(board->module, sizeof board->module, "%s", supervisor_settings(supervisor)->module);
    snprintf(board->url, sizeof board->url, "%s", url ? url : "");
    mem_free(url);
    return EXIT_FINE;
}

static int make_loop(struct supervisor *supervisor)
{
    supervisor->loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!supervisor->loop)
        return fail(EXIT_CANNOT_RUN, 147,
                    mem_printf("cannot make an event loop: %s", strerror(errno)));
    struct crew *crew = &supervisor->crew;
    children_start(supervisor->loop, on_fork, supervisor);
    watch_signals(supervisor);
    crew_init(crew, supervisor->loop, supervisor->board, &supervisor->listeners,
              &supervisor->privileges, &crew_events, supervisor);
    crew->metrics = supervisor->metrics;
    crew->tasks = supervisor->tasks;
    crew->n = supervisor_workers(supervisor_settings(supervisor));
    atomic_store(&supervisor->board->workers_wanted, crew->n);
    return reload_watch(supervisor);
}

void supervisor_watch_loops(struct supervisor *supervisor)
{
    const struct settings *settings = supervisor_settings(supervisor);
    blocked_free(supervisor->blocked);
    supervisor->blocked = NULL;
    if (settings->blocked_after_ms &&
        blocked_new(supervisor->loop, settings, supervisor->board, &supervisor->blocked) < 0)
        log_line(LOG_LEVEL_WARNING, 802, "out of memory: blocked loops are not noticed");
}

static void run(struct supervisor *supervisor)
{
    supervisor_watch_loops(supervisor);
    start_watchdog(supervisor);
    supervisor_metrics_start(supervisor);
    supervisor_debug_start(supervisor);
    reload_begin(supervisor, NULL);
    if (!supervisor->is_stopping || !list_is_empty(&supervisor->crew.members))
        ev_run(supervisor->loop, 0);
    blocked_free(supervisor->blocked);
}

static void close_all(struct supervisor *supervisor)
{
    supervisor_metrics_stop(supervisor);
    supervisor_debug_stop(supervisor);
    reporter_finish(REPORTER_GRACE_MS); /* while the module's copies are there */
    if (supervisor->loop) {
        reload_end(supervisor);
        ev_timer_stop(supervisor->loop, &supervisor->watchdog);
        crew_fini(&supervisor->crew);
        children_stop();
        ev_loop_destroy(supervisor->loop);
    }
    listener_set_close(&supervisor->listeners);
    listener_close_endpoint(supervisor->metrics);
    tasks_pages_free(supervisor->tasks);
    pid_file_remove();
    module_store_close(supervisor->store);
    if (supervisor->board)
        board_close(supervisor->board);
    configuration_unref(supervisor->configuration);
}

/* Orders that are no stop wait until somebody takes them: a log rotation would kill a server that
   has just been started. */
static void hold_back_orders(void)
{
    static const int orders[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU};
    sigset_t held;
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
        sigaddset(&held, orders[i]);
    sigprocmask(SIG_BLOCK, &held, NULL);
}

int supervisor_run(int argc, char **argv, char **envp, struct options *options)
{
    static struct supervisor supervisor; /* the children's atexit finds what it points to */
    supervisor = (struct supervisor){.argc = argc, .argv = argv, .envp = envp};
    hold_back_orders();
    supervisor.configuration = configuration_new(options);
    if (!supervisor.configuration) {
        options_free(options);
        return fail(EXIT_CANNOT_RUN, 147, NULL);
    }
    int code = open_sockets(&supervisor);
    if (code == EXIT_FINE)
        code = open_rest(&supervisor);
    if (code == EXIT_FINE)
        code = make_board(&supervisor);
    if (code == EXIT_FINE)
        code = make_loop(&supervisor);
    if (code == EXIT_FINE) {
        run(&supervisor);
        code = supervisor.exit_code;
    }
    close_all(&supervisor);
    return code;
}
