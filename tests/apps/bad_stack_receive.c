/* Waits for an event on the stack of a function that returns. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    struct cgw_event event;
    if (call->host->receive(call, &event, end, NULL) != CGW_PENDING)
        send_all(call, ok, 2);
}

CGW_APP(.call = call);
