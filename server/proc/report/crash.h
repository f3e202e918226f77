/*
 * What a worker does when it crashes: it leaves a report in its slot, step by step, so that a
 * second crash loses no more than the steps behind it; it tells its clients; then it dies of the
 * same signal, with a core dump where the system makes one. Names are found by somebody else
 * (report/reporter.h): nothing here allocates, locks or logs.
 */
#ifndef PROC_REPORT_CRASH_H
#define PROC_REPORT_CRASH_H
#include "app/call.h"
#include "base/board.h"

/*
 * In the worker, once, on the loop's thread, after the module is loaded (a signal that the module
 * handles is left to it). Also lets the supervisor's children look into the process, and makes it
 * answer slot->sample. slot and runtime outlive the worker. 0, or a negative errno.
 */
int crash_install(struct board_slot *slot, struct call_runtime *runtime);
#endif
