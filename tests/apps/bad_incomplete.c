/* Finishes well after half a response. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_now(call, ok, 1);
    end(call, CGW_OK, NULL);
}

CGW_APP(.call = call);
