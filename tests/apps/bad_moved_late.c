/* Keeps a call that was moved, and looks at it when the next one comes. */
#include "bad.h"

static struct cgw_call *kept;

static void call(struct cgw_call *call)
{
    const struct cgw_route *route = call->host->extension(call->host, CGW_EXT_ROUTE);
    if (kept && kept->user)
        return;
    if (route && route->set(call, "/all", 4) == CGW_PENDING) {
        kept = call;
        return;
    }
    send_all(call, ok, 2);
}

CGW_APP(.flags = CGW_THREAD_SAFE, .call = call);
