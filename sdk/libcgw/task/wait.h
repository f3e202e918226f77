/*
 * Lists of tasks that wait for one thing, first come, first served. A waiter lies on the stack of
 * the task that waits, and is in the list exactly as long as nobody has chosen it: what it is given
 * is given together with its wake-up, so that a task which is canceled either has it or was never
 * asked.
 */
#ifndef TASK_WAIT_H
#define TASK_WAIT_H
#include "task/task.h"

struct cgw__waiter {
    struct cgw__waiter *next, *previous;
    struct cgw__waiters *in;
    struct task *task;
    void *item; /* what it brings, or is given */
};

/* Suspend the running task as the last of the waiters: what wait_wake() says, or why it was
   canceled. Ask task_reason() before. [loop] */
int wait_in(struct cgw__waiters *waiters, struct cgw__waiter *waiter, const char *state,
            const struct cgw_site *site);
/* The first one, taken out, or NULL; wake it then. [loop] */
struct cgw__waiter *wait_take(struct cgw__waiters *waiters);
static inline void wait_wake(struct cgw__waiter *waiter, int status)
{
    task_wake(waiter->task, status);
}
/* Wake all of them with that status. [loop] */
void wait_wake_all(struct cgw__waiters *waiters, int status);
#endif
