#include <cgw.h>

static cgw_sem sem = {.n = 1};

static int answers(void *arg)
{
    CGW_HOLD_TRY(&sem);
    return *(int *)arg;
}

static void says_nothing(void *arg)
{
    CGW_HOLD(&sem);
    *(int *)arg = 1;
}

CGW_GET(gather, "/gather")
{
    int n = 0;
    CGW_GROUP(group, req, .timeout = 1);
    cgw_go(group, answers, &n);
    cgw_go(group, says_nothing, &n);
    cgw_after(req, answers, &n);
    CGW_TRY(req, cgw_spawn(answers, &n, .copy = sizeof(n)));
    CGW_TRY(req, cgw_every(1, says_nothing, &n));
    CGW_TRY(req, cgw_blocking(answers, &n));
    CGW_TIMEOUT(1)
    {
        CGW_SHIELD
        {
            CGW_TRY(req, cgw_sleep(0));
        }
    }
    return cgw_empty(req, cgw_join(group) ? 500 : 204);
}
