/* Ends the process. */
#include "bad.h"
#include <stdlib.h>

static void call(struct cgw_call *call)
{
    if (call->scope->size)
        exit(0);
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
