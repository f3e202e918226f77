/* Sends parts at NULL. */
#include "bad.h"

static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {NULL, 0, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {NULL, 3}}}};

static void call(struct cgw_call *call)
{
    send_all(call, response, 2);
}

CGW_APP(.call = call);
