/* Semaphores: who leaves hands its place to the first that waits, so nobody slips in between. */
#include "task/wait.h"
#include <limits.h>

struct sem_ask {
    cgw_sem *sem;
    const struct cgw_site *site;
};

static int get_on_loop(void *arg)
{
    const struct sem_ask *ask = arg;
    cgw_sem *sem = ask->sem;
    struct cgw__waiter waiter = {.item = NULL};
    int reason = task_reason(task_here());
    if (reason)
        return reason;
    if (sem->n <= 0)
        return wait_in(&sem->waiters, &waiter, "waiting for a semaphore", ask->site);
    sem->n--;
    return CGW_OK;
}

int cgw__sem_get(cgw_sem *sem, const struct cgw_site *site)
{
    struct sem_ask ask = {sem, site};
    return task_on_loop(get_on_loop, &ask);
}

static int try_on_loop(void *arg)
{
    cgw_sem *sem = arg;
    if (sem->n <= 0)
        return CGW_EBUSY;
    sem->n--;
    return CGW_OK;
}

bool cgw_sem_try(cgw_sem *sem)
{
    return task_on_loop(try_on_loop, sem) == CGW_OK;
}

static int put_on_loop(void *arg)
{
    cgw_sem *sem = arg;
    /* one that began below 0 owes that many first */
    struct cgw__waiter *waiter = sem->n < 0 ? NULL : wait_take(&sem->waiters);
    if (waiter)
        wait_wake(waiter, CGW_OK);
    else if (sem->n < INT_MAX)
        sem->n++;
    return CGW_OK;
}

void cgw_sem_put(cgw_sem *sem)
{
    (void)task_on_loop(put_on_loop, sem);
}
