/* Never comes back from its call. */
#include "bad.h"
#include <unistd.h>

static void call(struct cgw_call *call)
{
    send_now(call, ok, 2);
    for (;;)
        pause();
}

CGW_APP(.call = call);
