/* What a worker tells of its tasks under --debug: to the log when it is asked by a signal or by the
   supervisor, to a page of shared memory when the debug address is asked. */
#ifndef PROC_WORKER_DEBUG_H
#define PROC_WORKER_DEBUG_H
#include "proc/debug/tasks.h"
#include "proc/worker.h"
#include <ev.h>

struct worker_debug {
    struct tasks_worker worker; /* runtime NULL: not started */
    struct tasks_page *page;    /* NULL: there is no debug address */
    uint64_t logged_us;
    ev_signal quit, ask;
};

/* Where the settings ask for it, before the application's first call; both arguments outlive the
   process. cgw.debug/1 is there from now on. */
void worker_debug_start(struct worker_debug *debug, const struct worker_start *start,
                        struct call_runtime *runtime, struct ev_loop *loop);
/* List the tasks in the log; without effect where it was not started. */
void worker_debug_log(struct worker_debug *debug);
#endif
