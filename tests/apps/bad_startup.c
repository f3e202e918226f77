/* Fails to start. */
#include "bad.h"

static struct cgw_event event;
static const struct cgw_event failed = {CGW_LIFESPAN_STARTUP_FAILED,
                                        0,
                                        sizeof(struct cgw_event),
                                        {.lifespan = {.message = CGW_STR("no database")}}};

static void call(struct cgw_call *call)
{
    call->host->receive(call, &event, end, NULL);
    send_all(call, &failed, 1);
}

CGW_APP(.flags = CGW_LIFESPAN, .call = call);
