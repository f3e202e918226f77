/*
 * USR2: the server binary on disk takes over from the running one. The new supervisor is a child
 * of the old, gets its sockets the way service managers pass them (LISTEN_PID, LISTEN_FDS,
 * LISTEN_FDNAMES), and a pipe (CGW_UPGRADE_FD) to say on that its workers serve. Until then both
 * accept from the same sockets; then the old one drains without the backlog. When the new one fails
 * the old one has lost nothing.
 */
#ifndef PROC_SYSTEM_UPGRADE_H
#define PROC_SYSTEM_UPGRADE_H
#include "net/listener_set.h"

/*
 * Run the binary anew: the file that argv[0] names, or else the one that this process was started
 * from. The number of the new process, whose exit is the caller's to reap; *ret_ready_fd
 * (close-on-exec, non-blocking, the caller's to close) reads "ready" once it serves, or end of file
 * when it will not. Or a negative errno and *ret_error a line (mem_free(); NULL: out of memory).
 * metrics may be NULL. When it is ready the caller disowns its set and metrics
 * (listener_set_disown(), listener_own()), tells the service manager MAINPID, and drains.
 * [supervisor]
 */
pid_t upgrade_start(const struct listener_set *set, const struct listener *metrics, char **argv,
                    int *ret_ready_fd, char **ret_error);

/* Is this process the new one of an upgrade? Asked first in main(), before the options: it takes
   CGW_UPGRADE_FD out of the environment. Keeps its answer. */
bool upgrade_is_one(void);
/* The workers serve: the old server may go. Nothing where this is no upgrade; once. */
void upgrade_tell_ready(void);
/* In a forked child that stays: close the copy of the pipe, so that the old server sees the end of
   this one's. */
void upgrade_forget(void);
#endif
