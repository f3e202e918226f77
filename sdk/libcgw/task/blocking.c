/* Blocking code from the loop: over to a pool thread and back. On a thread it is there already. */
#include "task/task.h"

struct blocking {
    struct cgw__task_fn fn;
    void *arg;
};

static int run(void *arg)
{
    const struct blocking *blocking = arg;
    return task_call(blocking->fn, blocking->arg);
}

int task_blocking(int (*fn)(void *arg), void *arg, const struct cgw_site *site)
{
    if (!here.task)
        return CGW_EINVAL;
    return here.offload ? fn(arg) : task_offload_patiently(here.task, fn, arg, site);
}

int cgw__blocking(struct cgw__task_fn fn, void *arg, const struct cgw_site *site)
{
    struct blocking blocking = {fn, arg};
    if (!here.task)
        return CGW_EINVAL;
    return here.offload ? run(&blocking) : task_offload(here.task, run, &blocking, site);
}
