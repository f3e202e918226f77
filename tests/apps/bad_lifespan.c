/* Ends its lifespan without an answer. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    if (call->scope->type != CGW_SCOPE_LIFESPAN) {
        send_all(call, ok, 2);
        return;
    }
    end(call, CGW_OK, NULL);
}

CGW_APP(.flags = CGW_LIFESPAN, .call = call);
