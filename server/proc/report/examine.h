/*
 * A look into a worker that lives but does not answer: which call its loop's thread is in, and
 * where. For a child of the supervisor's; it stops the thread for a moment, or, where the system
 * does not let it, has the thread say itself.
 */
#ifndef PROC_REPORT_EXAMINE_H
#define PROC_REPORT_EXAMINE_H
#include "base/board.h"
#include "proc/report/symbols.h"

struct examined {
    struct board_request request;
    struct trace trace;      /* no frames: they could not be had */
    struct symbols *symbols; /* or NULL; for symbols_free() */
};

/*
 * The worker pid of that slot. entered: the visit to the application that it is about, 0: whichever
 * it is. 0, or -ESTALE: that one is over, nothing is left in *ret.
 */
int examine(struct board_slot *slot, pid_t pid, uint64_t entered, struct examined *ret);
/* What every such child does first: a deadline, no core dumps, nothing of the network, no
   listening sockets. */
void examine_begin(void);
#endif
