/* Crashes while it is loaded. */
#include "bad.h"

__attribute__((constructor)) static void construct(void)
{
    __builtin_trap();
}

static void call(struct cgw_call *call)
{
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
