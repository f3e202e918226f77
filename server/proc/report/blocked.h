/*
 * The watch over calls that hold the loop, from outside: the supervisor samples what each worker
 * counts when it enters the application. The same odd number for longer than --blocked-after is a
 * call that blocks; a child of the supervisor's looks where, and says so once for each site. The
 * worker itself says when it is over, and how long it took.
 */
#ifndef PROC_REPORT_BLOCKED_H
#define PROC_REPORT_BLOCKED_H
#include "base/board.h"
#include "base/settings.h"
#include <ev.h>

struct blocked;

/*
 * [supervisor] Begin to watch; loop, settings and board outlive it. *ret is NULL where
 * --blocked-after is 0. It keeps the loop neither alive nor awake more than needed. 0 or a negative
 * errno.
 */
int blocked_new(struct ev_loop *loop, const struct settings *settings, struct board *board,
                struct blocked **ret);
/* NULL is fine. Reporters that are under way end by themselves. */
void blocked_free(struct blocked *blocked);
#endif
