/* Sends an event that only comes from the host. */
#include "bad.h"

static const struct cgw_event request = {CGW_HTTP_REQUEST, 0, sizeof(struct cgw_event), {{{0, 0}}}};

static void call(struct cgw_call *call)
{
    send_all(call, &request, 1);
}

CGW_APP(.call = call);
