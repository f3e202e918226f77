/* Waiters come in at the end, and go from anywhere: each knows its neighbours. */
#include "task/wait.h"

static void append(struct cgw__waiters *waiters, struct cgw__waiter *waiter)
{
    waiter->in = waiters;
    waiter->next = NULL;
    waiter->previous = waiters->last;
    if (waiters->last)
        waiters->last->next = waiter;
    else
        waiters->first = waiter;
    waiters->last = waiter;
}

static void take_out(struct cgw__waiter *waiter)
{
    struct cgw__waiters *waiters = waiter->in;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        waiters->first = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    else
        waiters->last = waiter->previous;
}

static void forget(struct task *task)
{
    take_out(task->waits_in);
}

int wait_in(struct cgw__waiters *waiters, struct cgw__waiter *waiter, const char *state,
            const struct cgw_site *site)
{
    waiter->task = task_here();
    append(waiters, waiter);
    return task_park(waiter->task, state, site, forget, waiter);
}

struct cgw__waiter *wait_take(struct cgw__waiters *waiters)
{
    struct cgw__waiter *waiter = waiters->first;
    if (waiter)
        take_out(waiter);
    return waiter;
}

void wait_wake_all(struct cgw__waiters *waiters, int status)
{
    for (struct cgw__waiter *waiter; (waiter = wait_take(waiters));)
        wait_wake(waiter, status);
}
