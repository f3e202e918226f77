/*
 * The supervisor's children: forked here, reaped here, each with who wants to know of its end.
 * Children of somebody else's that we inherited (a shell's, in front of exec) are reaped too, and
 * count as nobody.
 */
#ifndef PROC_CHILDREN_H
#define PROC_CHILDREN_H
#include <ev.h>
#include <sys/types.h>

/* status is that of waitpid(2). Runs from the loop; the pid may be used again afterwards. */
typedef void child_exit_fn(pid_t pid, int status, void *arg);

/*
 * Reap from this loop. begin_child(arg) runs first in each child: it closes what is the parent's
 * alone and stops what the parent has on the loop (a signal belongs to one loop of a process).
 */
void children_start(struct ev_loop *loop, void (*begin_child)(void *arg), void *arg);
/* Stop; those that still run are nobody's. */
void children_stop(void);

/*
 * Fork. In the parent the child's pid, or a negative errno; in the child 0: signals are at their
 * defaults, the log works, the parent's loop must not be used any more (its descriptors are
 * closed). fn runs in the parent when the child has ended.
 *
 * What reaches a whole group (a terminal's Ctrl-C, its hangup) or all workers (USR1) is held back
 * in the child until it calls children_release_signals(), so that it does not die of them before
 * it has said what they mean to it. TERM is not: it may end at any time.
 */
pid_t children_fork(child_exit_fn *fn, void *arg);
/* In the child: no signal is held back any more; what came meanwhile comes now. */
void children_release_signals(void);
/* One that was forked elsewhere. 0 or -ENOMEM. */
int children_adopt(pid_t pid, child_exit_fn *fn, void *arg);
/* fn will not run; the child is still reaped. */
void children_forget(pid_t pid);
#endif
