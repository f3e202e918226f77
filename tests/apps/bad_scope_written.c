/* Writes to its scope. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    ((struct cgw_scope *)(uintptr_t)call->scope)->http_minor = 0;
    send_all(call, ok, 2);
}

CGW_APP(.call = call);
