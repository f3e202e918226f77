/* Receives while a receive() is in flight. */
#include "bad.h"

static struct cgw_event first, second;

static void call(struct cgw_call *call)
{
    call->host->receive(call, &first, end, NULL);
    call->host->receive(call, &second, end, NULL);
}

CGW_APP(.call = call);
