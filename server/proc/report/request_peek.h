/*
 * Which request a call is: read from a process by the address of its struct call. That process may
 * be another (a worker that blocks) or this one (in a crash handler): either way the kernel copies,
 * so memory that is gone or nonsense gives an error, not a fault. Both are the same program, hence
 * its structs are known.
 */
#ifndef PROC_REPORT_REQUEST_PEEK_H
#define PROC_REPORT_REQUEST_PEEK_H
#include "base/board.h"
#include <sys/types.h>

/*
 * The request of the call at that address of process pid, its route as the application has named
 * it. Async-signal-safe. 0; a negative errno with ret->is_known false: -EPERM the system forbids
 * it, -EFAULT there is no such memory, -EINVAL there is no http call.
 */
int request_peek(pid_t pid, uint64_t call, struct board_request *ret);
#endif
