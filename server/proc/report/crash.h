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
 * In the worker, once, on the loop's thread, after the module is loaded (signals that it handles
 * are left to it, as are those of a sanitizer). Both outlive the worker. 0, or a negative errno
 * where a crash would go unreported; the worker can run all the same.
 */
int crash_install(struct board_slot *slot, struct call_runtime *runtime);

/*
 * The signal by which the loop's thread is asked for its own trace (slot->sample), where it cannot
 * be taken from outside; a real-time one. Sent to the thread whose number is the process's.
 */
int crash_sample_signal(void);
#endif
