/* Sends two heads. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_now(call, ok, 1);
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
