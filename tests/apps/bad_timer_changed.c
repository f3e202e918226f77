/* Clears the storage of a timer that is armed. */
#include "bad.h"

static struct cgw_timer timer;

static void ring(struct cgw_call *call, struct cgw_timer *rung, void *arg)
{
    (void)rung;
    (void)arg;
    send_all(call, ok, 2);
}

static void call(struct cgw_call *call)
{
    const struct cgw_loop *loop = call->host->extension(call->host, CGW_EXT_LOOP);
    if (!loop || loop->timer_start(call, &timer, 1000, ring, NULL) != CGW_OK)
        end(call, CGW_EIO, NULL);
    timer.opaque[1] = 0;
}

CGW_APP(.call = call);
