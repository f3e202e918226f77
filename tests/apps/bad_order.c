/* Sends the body before the head. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_all(call, &ok[1], 1);
}

CGW_APP(.call = call);
