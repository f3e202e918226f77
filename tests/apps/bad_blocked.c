/* Sleeps on the event loop. */
#include "bad.h"
#include <unistd.h>

static void call(struct cgw_call *call)
{
    usleep(600000);
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
