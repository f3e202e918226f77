/* Names its route when the response has started. */
#include "bad.h"

static void name_and_end(struct cgw_call *call, int status, void *arg)
{
    const struct cgw_route *route = call->host->extension(call->host, CGW_EXT_ROUTE);
    (void)arg;
    if (route)
        route->set(call, "/all", 4);
    call->host->finish(call, status);
}

static void call(struct cgw_call *call)
{
    int status = call->host->send(call, ok, 2, name_and_end, NULL);
    if (status != CGW_PENDING)
        name_and_end(call, status, NULL);
}

CGW_APP(.call = call);
