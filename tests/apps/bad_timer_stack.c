/* Arms a timer on the stack of a function that returns. */
#include "bad.h"

static void ring(struct cgw_call *call, struct cgw_timer *rung, void *arg)
{
    (void)rung;
    (void)arg;
    send_all(call, ok, 2);
}

static void call(struct cgw_call *call)
{
    struct cgw_timer timer = {{0}};
    const struct cgw_loop *loop = call->host->extension(call->host, CGW_EXT_LOOP);
    if (!loop || loop->timer_start(call, &timer, 1000, ring, NULL) != CGW_OK)
        end(call, CGW_EIO, NULL);
}

CGW_APP(.call = call);
