/* Names its route twice. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    const struct cgw_route *route = call->host->extension(call->host, CGW_EXT_ROUTE);
    if (route) {
        route->set(call, "/all", 4);
        route->set(call, "/all", 4);
    }
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
