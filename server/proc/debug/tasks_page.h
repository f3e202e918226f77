/*
 * How another process reads what goes on in a worker: memory that the supervisor makes and its
 * children share, a page for each slot of the board. Who wants to know counts up and sends a
 * signal; the worker writes its list there between two turns of its loop. A worker that does not
 * answer holds its loop.
 */
#ifndef PROC_DEBUG_TASKS_PAGE_H
#define PROC_DEBUG_TASKS_PAGE_H
#include "base/board.h"
#include <signal.h>

enum { TASKS_PAGE_BYTES = 1 << 20 };

/* Asked by this signal; the one below is that of samples, see proc/report/crash.c. */
#define TASKS_PAGE_SIGNAL (SIGRTMAX - 3)

struct tasks_page {
    _Atomic int pid; /* who answers here, once it would; 0: nobody */
    _Atomic uint32_t wanted, given;
    _Atomic uint32_t version; /* odd while the text is written */
    char text[TASKS_PAGE_BYTES];
};

struct tasks_pages {
    struct tasks_page slots[BOARD_SLOTS];
};

/* [supervisor] All empty; memory is taken as it is written. NULL with errno. */
struct tasks_pages *tasks_pages_new(void);
/* NULL is fine. */
void tasks_pages_free(struct tasks_pages *pages);

/*
 * Ask all workers that serve, wait for them at most so long, and write what they say to fd, which
 * may not take it all: the end is told by the last line. A process of its own, as it waits. 0, or a
 * negative errno of writing.
 */
int tasks_pages_show(struct tasks_pages *pages, const struct board *board, int timeout_ms, int fd);
#endif
