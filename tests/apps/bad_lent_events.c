/* Uses the events of a pending send() for something else. */
#include "bad.h"

static struct cgw_event response[2];

static void call(struct cgw_call *call)
{
    response[0] = ok[0];
    response[1] = ok[1];
    send_all(call, response, 2);
    response[0].u.start.headers = NULL;
}

CGW_APP(.call = call);
