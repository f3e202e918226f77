/* Sends the body while the head is in flight. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    call->host->send(call, &ok[0], 1, end, NULL);
    call->host->send(call, &ok[1], 1, end, NULL);
}

CGW_APP(.call = call);
