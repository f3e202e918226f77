/* Says that it goes on working for a call that it has finished. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    const struct cgw_current *current = call->host->extension(call->host, CGW_EXT_CURRENT);
    send_all(call, ok, 2);
    if (current)
        current->set(call);
}

CGW_APP(.call = call);
