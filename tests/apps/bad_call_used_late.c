/* Calls the host after finish(). */
#include "bad.h"

static void call(struct cgw_call *call)
{
    const struct cgw_host *host = call->host;
    send_now(call, ok, 2);
    end(call, CGW_OK, NULL);
    host->log(call, CGW_LOG_INFO, "too late", 8);
}

CGW_APP(.call = call);
