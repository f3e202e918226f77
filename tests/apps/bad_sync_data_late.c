/* Reads the bytes of a receive() after finish(), on a pool thread. */
#include "bad.h"

static volatile char last;

static void call(struct cgw_call *call)
{
    struct cgw_event event;
    call->host->receive(call, &event, NULL, NULL);
    call->host->send(call, ok, 2, NULL, NULL);
    end(call, CGW_OK, NULL);
    last = event.u.body.data.ptr[0];
}

CGW_APP(.kind = CGW_SYNC, .call = call);
