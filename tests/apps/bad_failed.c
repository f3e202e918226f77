/* Answers well and says that it failed. */
#include "bad.h"

static void call(struct cgw_call *call)
{
    send_now(call, ok, 2);
    end(call, CGW_EIO, NULL);
}

CGW_APP(.call = call);
