/* Crashes in its call. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    volatile int *nowhere = NULL;
    *nowhere = 1;
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
