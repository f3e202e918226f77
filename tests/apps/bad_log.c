/* Logs at a level that there is not. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    call->host->log(call, 9, "hello", 5);
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
