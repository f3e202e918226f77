/* Finishes before what it posted has run. */
#include "bad.h"

static void posted(struct cgw_call *call, void *arg)
{
    (void)call;
    (void)arg;
}

static void call(struct cgw_call *call)
{
    call->host->post(call, posted, NULL);
    send_now(call, ok, 2);
    end(call, CGW_OK, NULL);
}

CGW_APP(.call = call);
