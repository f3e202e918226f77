/*
 * A promise between a task and a thread that is none of the pool's. It may lie in what its waiter
 * owns, where that waits until it is set or takes it back; or on the heap, where both may leave in
 * any order. What threads set is gathered, and the loop is woken once for many.
 */
#ifndef TASK_PROMISE_H
#define TASK_PROMISE_H
#include "task/task.h"

/* All but next and status is the loop's. */
struct cgw_promise {
    struct runtime *runtime;
    struct cgw_promise *next; /* among those that were set */
    struct task *waiting;     /* or NULL */
    int status;               /* the setter's, until it is set */
    int refs;                 /* of the heap: its maker's and its setter's; else 0 */
    bool is_set;
};

/* One that lies in what its waiter owns. [loop] */
void promise_init(struct cgw_promise *promise, struct runtime *runtime);
/* Nobody will set it. [loop] */
void promise_withdraw(struct cgw_promise *promise);
/* As cgw_promise_wait(). [loop, task] */
int promise_wait(struct cgw_promise *promise, const char *state, const struct cgw_site *site);
/* The same, whatever is canceled. [loop, task] */
int promise_wait_through(struct cgw_promise *promise, const char *state,
                         const struct cgw_site *site);
#endif
