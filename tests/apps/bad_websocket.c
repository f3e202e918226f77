/* Sends a message before it has accepted the websocket. */
#include "bad.h"

static const struct cgw_event message = {
    CGW_WS_SEND, CGW_TEXT, sizeof(struct cgw_event), {.bodyv = {ok_body, 1}}};

static void call(struct cgw_call *call)
{
    if (call->scope->type == CGW_SCOPE_WEBSOCKET)
        send_all(call, &message, 1);
    else
        send_all(call, ok, 2);
}

CGW_APP(.flags = CGW_WEBSOCKET, .call = call);
