/* Answers startup twice. */
#include "bad.h"

static struct cgw_event event;
static const struct cgw_event complete = {
    CGW_LIFESPAN_STARTUP_COMPLETE, 0, sizeof(struct cgw_event), {{{0, 0}}}};

static void call(struct cgw_call *call)
{
    if (call->scope->type != CGW_SCOPE_LIFESPAN) {
        send_all(call, ok, 2);
        return;
    }
    call->host->receive(call, &event, end, NULL);
    send_now(call, &complete, 1);
    send_all(call, &complete, 1);
}

CGW_APP(.flags = CGW_LIFESPAN, .call = call);
