/* Names its route, and does not look at the answer. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    const struct cgw_route *route = call->host->extension(call->host, CGW_EXT_ROUTE);
    if (route)
        route->set(call, "/all", 4);
    send_all(call, ok, 2);
}

CGW_APP(.flags = CGW_THREAD_SAFE, .call = call);
