/* Reads its scope after finish(). */
#include "bad.h"

static volatile size_t last;

static void call(struct cgw_call *call)
{
    const struct cgw_scope *scope = call->scope;
    send_now(call, ok, 2);
    end(call, CGW_OK, NULL);
    last = scope->method.len;
}

CGW_APP(.call = call);
