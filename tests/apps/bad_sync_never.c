/* Returns from a synchronous call that it did not finish. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_now(call, ok, 2);
}

CGW_APP(.kind = CGW_SYNC, .call = call);
