/* Finishes with what a pending send() answered. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_now(call, ok, 2);
    end(call, CGW_PENDING, NULL);
}

CGW_APP(.call = call);
