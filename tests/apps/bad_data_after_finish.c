/* Reads the bytes of a receive() after finish(). */
#include "bad.h"

static volatile char last;

static void call(struct cgw_call *call)
{
    struct cgw_event event;
    call->host->receive(call, &event, end, NULL);
    send_all(call, ok, 2);
    last = event.u.body.data.ptr[0];
}

CGW_APP(.call = call);
