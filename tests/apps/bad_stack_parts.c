/* Lends bytes that lie on the stack of a function that returns. */
#include "bad.h"

static struct cgw_event response[2];

static void call(struct cgw_call *call)
{
    char bytes[] = "ok";
    struct cgw_str *parts = call->host->alloc(call, sizeof *parts);
    if (!parts) {
        end(call, CGW_ENOMEM, NULL);
        return;
    }
    parts->ptr = bytes;
    parts->len = 2;
    response[0] = ok[0];
    response[1] = cgw_event_body(parts, 1, 0);
    send_all(call, response, 2);
}

CGW_APP(.call = call);
