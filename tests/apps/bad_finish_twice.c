/* Finishes twice. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    const struct cgw_host *host = call->host;
    send_now(call, ok, 2);
    host->finish(call, CGW_OK);
    host->finish(call, CGW_OK);
}

CGW_APP(.call = call);
