/* Writes one byte behind memory of alloc(). */
#include "bad.h"

static void call(struct cgw_call *call)
{
    volatile char *memory = call->host->alloc(call, 32);
    memory[32] = 1;
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
