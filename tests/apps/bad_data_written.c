/* Writes to the bytes of a receive(). */
#include "bad.h"

static void call(struct cgw_call *call)
{
    struct cgw_event event;
    call->host->receive(call, &event, end, NULL);
    *(char *)(uintptr_t)event.u.body.data.ptr = 'X';
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
