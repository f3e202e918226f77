/* Lends events that lie on the stack of a function that returns. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    struct cgw_event events[] = {cgw_event_start(200, ok_headers, 1),
                                 cgw_event_body(ok_body, 1, 0)};
    send_all(call, events, 2);
}

CGW_APP(.call = call);
