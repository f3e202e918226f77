/* Sends a body after the end of the body. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_now(call, ok, 2);
    send_all(call, &ok[1], 1);
}

CGW_APP(.call = call);
