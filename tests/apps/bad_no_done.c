/* Sends without a callback. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    int status = call->host->send(call, ok, 2, NULL, NULL);
    end(call, status, NULL);
}

CGW_APP(.call = call);
