/*
 * One worker: a process with a loop, the application on it or on its pool, from loading to the last
 * answer.
 */
#ifndef PROC_WORKER_H
#define PROC_WORKER_H
#include "base/board.h"
#include "base/settings.h"
#include "net/listener.h"
#include "proc/system/privileges.h"
#include <cgw/abi.h>

/* The exit codes of cgw-serve, and of its workers. */
enum { EXIT_FINE = 0, EXIT_CANNOT_RUN = 1, EXIT_USAGE = 2, EXIT_MODULE = 3 };

struct tasks_pages;

/* What a worker begins with. All of it outlives the worker, which is a process of its own. */
struct worker_start {
    const struct settings *settings;
    const char *copy;          /* the file to load in place of settings->module, or NULL */
    const struct cgw_app *app; /* instead of a module: one that is built in, or NULL */
    struct listener *const *listeners;
    size_t n_listeners;
    const struct privileges *privileges; /* NULL: those of the supervisor */
    struct board *board;
    struct board_slot *slot;
    struct tasks_pages *tasks; /* where to answer the debug address, or NULL */
    int channel;               /* to the supervisor */
    uint32_t position, generation;
    bool is_metrics; /* it serves the operator, not the application's clients */
};

/*
 * Become unprivileged, load, run lifespan startup, say that it is ready, serve until a signal or
 * the supervisor ends it, drain, run lifespan shutdown. The code to exit with. Once in a process.
 */
int worker_run(const struct worker_start *start);
#endif
