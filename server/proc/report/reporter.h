/*
 * Reports of crashes and hangs. To name a frame means to read debug information, which may be
 * large, on a slow disk or corrupt: a child of the supervisor's does it, under a deadline, and only
 * that child pays. Where it fails the supervisor logs the report without names.
 */
#ifndef PROC_REPORT_REPORTER_H
#define PROC_REPORT_REPORTER_H
#include "base/board.h"

/*
 * [supervisor] A worker has died by a signal or of a sanitizer: log one report, now or soon. What
 * is needed of the slot is copied, it may be put back at once. Nothing happens where the worker has
 * left no report, as it was killed.
 */
void reporter_crash(struct board *board, const struct board_slot *slot, int wait_status);

/*
 * [supervisor] A worker does not tick: log where its loop's thread is, soon. Let it live for a
 * second or two; what is still unread when it dies is missing in the report.
 */
void reporter_hang(struct board *board, struct board_slot *slot);

/*
 * [supervisor] When its loop runs no more, and the modules are still there: wait for reports that
 * are under way, for timeout_ms at most; those that are not ready then are logged without names.
 */
void reporter_finish(uint32_t timeout_ms);
#endif
