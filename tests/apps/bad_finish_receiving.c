/* Finishes while a receive() is in flight. */
#include "bad.h"

static struct cgw_event event;

static void call(struct cgw_call *call)
{
    call->host->receive(call, &event, end, NULL);
    send_now(call, ok, 2);
    end(call, CGW_OK, NULL);
}

CGW_APP(.call = call);
