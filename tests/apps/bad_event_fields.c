/* Leaves rubbish in the unused end of an event. */
#include "bad.h"

static struct cgw_event response[2];

static void call(struct cgw_call *call)
{
    response[0] = ok[0];
    response[1] = ok[1];
    response[1].u.reserved[6] = 1;
    send_all(call, response, 2);
}

CGW_APP(.call = call);
