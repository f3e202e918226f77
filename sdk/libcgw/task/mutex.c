/* Mutexes: owned by the number of a task. */
#include "task/wait.h"

struct mutex_ask {
    cgw_mutex *mutex;
    const struct cgw_site *site;
};

static int lock_on_loop(void *arg)
{
    const struct mutex_ask *ask = arg;
    cgw_mutex *mutex = ask->mutex;
    struct task *task = task_here();
    struct cgw__waiter waiter = {.item = NULL};
    if (task_reason(task))
        return task_reason(task);
    if (mutex->owner == mutex_number(task))
        return CGW_EINVAL;
    if (mutex_take(mutex, task))
        return CGW_OK;
    return wait_in(&mutex->waiters, &waiter, "waiting for a mutex", ask->site);
}

int cgw__mutex_lock(cgw_mutex *mutex, const struct cgw_site *site)
{
    struct mutex_ask ask = {mutex, site};
    return task_on_loop(lock_on_loop, &ask);
}

static int unlock_on_loop(void *arg)
{
    cgw_mutex *mutex = arg;
    struct task *task = task_here();
    if (mutex->owner != mutex_number(task)) {
        runtime_log(task->runtime, task->call, CGW_LOG_ERROR,
                    "%s unlocks a mutex that it has not locked", task->fn.name);
        return CGW_EINVAL;
    }
    struct cgw__waiter *waiter = wait_take(&mutex->waiters);
    mutex->owner = waiter ? mutex_number(waiter->task) : NULL;
    if (waiter)
        wait_wake(waiter, CGW_OK);
    return CGW_OK;
}

void cgw_mutex_unlock(cgw_mutex *mutex)
{
    (void)task_on_loop(unlock_on_loop, mutex);
}
