/* Between the files of the supervisor. */
#ifndef PROC_SUPERVISOR_PARTS_H
#define PROC_SUPERVISOR_PARTS_H
#include "proc/crew.h"
#include "proc/dev/build.h"
#include "proc/dev/watch.h"
#include "proc/report/blocked.h"
#include "proc/supervisor.h"

enum { SUPERVISOR_SIGNALS = 8 };

struct supervisor {
    int argc;
    char **argv, **envp;
    struct ev_loop *loop;
    struct configuration *configuration; /* of the last reading; a reference */
    struct board *board;
    struct listener_set listeners;
    struct listener *metrics; /* or NULL */
    struct privileges privileges;
    struct module_store *store;
    struct crew crew;
    ev_signal signals[SUPERVISOR_SIGNALS];

    /* reload.c */
    struct watch *watch;
    struct build *build; /* in hand, or NULL */
    uint32_t n_generations;
    bool is_reloading; /* a service manager has been told so */

    /* upgrade */
    pid_t upgrade_pid; /* of the new server, or 0 */
    ev_io upgrade_watch;
    int upgrade_fd;
    bool has_upgrade_ended; /* its number may be somebody else's */

    struct blocked *blocked; /* watches the workers' loops, or NULL */
    pid_t metrics_pid;       /* or 0 */
    int metrics_channel;
    ev_timer metrics_retry;
    struct tasks_pages *tasks; /* where workers answer the debug address, or NULL */
    struct listener *debug;    /* or NULL */
    ev_io debug_watch;
    ev_timer debug_retry;
    unsigned n_debug_children;
    ev_timer watchdog;

    uint64_t stop_signal_us;           /* when the last one came, or 0 */
    bool has_terminal, ignores_hangup; /* as it was started */
    bool has_served, is_stopping;
    int exit_code;
};

static inline const struct settings *supervisor_settings(const struct supervisor *supervisor)
{
    return supervisor->configuration->settings;
}

/* --workers, with auto counted out: processors that this process may use. */
uint32_t supervisor_workers(const struct settings *settings);
/* Stop serving for good; exit_code is the one to leave with at least. */
void supervisor_stop(struct supervisor *supervisor, int exit_code);
/* So many workers, each with sockets of its own where there is one for each. */
void supervisor_resize(struct supervisor *supervisor, uint32_t n);

/* Report what holds a loop, as the options are now. */
void supervisor_watch_loops(struct supervisor *supervisor);

/* reload.c: make a generation of what is there now and have it served. */
void reload_begin(struct supervisor *supervisor, const char *why);
/* The same, with the options read anew. */
void reload_with_options(struct supervisor *supervisor);
/* All workers are there, and of the generation that is wanted: a reload is over. */
void reload_settled(struct supervisor *supervisor);
/* The crew's events. */
void reload_ready(struct supervisor *supervisor, struct generation *generation);
void reload_failed(struct supervisor *supervisor, struct generation *generation, int exit_code,
                   const char *why);
void reload_crashing(struct supervisor *supervisor, struct generation *generation);
/* 0, or an exit code: --reload has nothing to watch. */
int reload_watch(struct supervisor *supervisor);
void reload_end(struct supervisor *supervisor);

/* supervisor_metrics.c: the process that answers on the metrics address. */
void supervisor_metrics_start(struct supervisor *supervisor);
void supervisor_metrics_stop(struct supervisor *supervisor);
/* In a forked child: close what is the supervisor's. */
void supervisor_metrics_forget(struct supervisor *supervisor);

/*
 * supervisor_debug.c: the debug address. Opened at the start, 0 or a negative errno with *ret_error
 * a line (mem_free(); NULL: out of memory); after an upgrade when the old server leaves it.
 */
int supervisor_debug_open(struct supervisor *supervisor, char **ret_error);
void supervisor_debug_start(struct supervisor *supervisor);
void supervisor_debug_take_over(struct supervisor *supervisor);
/* For good. Questions that are under way are answered. */
void supervisor_debug_stop(struct supervisor *supervisor);
/* In a forked child: close what is the supervisor's. */
void supervisor_debug_forget(struct supervisor *supervisor);

/* supervisor_upgrade.c: the binary on disk takes over. */
void supervisor_upgrade(struct supervisor *supervisor);
/* This server ends: so does the new one that has not come to serve. */
void supervisor_upgrade_cancel(struct supervisor *supervisor);
/* This server serves: end the one that it is an upgrade of. */
void supervisor_take_over(struct supervisor *supervisor);
#endif
