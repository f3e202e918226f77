/* Flags: set or not. Who was waiting when it was set goes on, even if it is cleared before it runs.
 */
#include "task/wait.h"

struct flag_ask {
    cgw_flag *flag;
    const struct cgw_site *site;
};

static int wait_on_loop(void *arg)
{
    const struct flag_ask *ask = arg;
    struct cgw__waiter waiter = {.item = NULL};
    int reason = task_reason(task_here());
    if (reason || ask->flag->is_set)
        return reason;
    return wait_in(&ask->flag->waiters, &waiter, "waiting for a flag", ask->site);
}

int cgw__flag_wait(cgw_flag *flag, const struct cgw_site *site)
{
    struct flag_ask ask = {flag, site};
    return task_on_loop(wait_on_loop, &ask);
}

static int set_on_loop(void *arg)
{
    cgw_flag *flag = arg;
    flag->is_set = true;
    wait_wake_all(&flag->waiters, CGW_OK);
    return CGW_OK;
}

void cgw_flag_set(cgw_flag *flag)
{
    (void)task_on_loop(set_on_loop, flag);
}

static int clear_on_loop(void *arg)
{
    cgw_flag *flag = arg;
    flag->is_set = false;
    return CGW_OK;
}

void cgw_flag_clear(cgw_flag *flag)
{
    (void)task_on_loop(clear_on_loop, flag);
}
