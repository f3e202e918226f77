/* Reads the bytes of a receive() after the next one. */
#include "bad.h"

static volatile char last;

static void call(struct cgw_call *call)
{
    struct cgw_event first, second;
    call->host->receive(call, &first, end, NULL);
    if (first.flags & CGW_MORE) {
        call->host->receive(call, &second, end, NULL);
        last = first.u.body.data.ptr[0];
    }
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
