/* Writes to memory of alloc() after finish(). */
#include "bad.h"

static void call(struct cgw_call *call)
{
    char *memory = call->host->alloc(call, 10);
    send_now(call, ok, 2);
    end(call, CGW_OK, NULL);
    *(volatile char *)memory = 1;
}

CGW_APP(.call = call);
