/* Finishes while a send() is in flight. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_now(call, ok, 2);
    end(call, CGW_OK, NULL);
}

CGW_APP(.call = call);
