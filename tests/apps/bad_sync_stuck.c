/* Never returns from a synchronous call. */
#include "bad.h"
#include <unistd.h>

static void call(struct cgw_call *call)
{
    send_now(call, ok, 2);
    for (;;)
        pause();
}

CGW_APP(.kind = CGW_SYNC, .call = call);
