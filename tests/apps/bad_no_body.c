/* Sends a body with 204. */
#include "bad.h"

static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain")};
static const struct cgw_str bytes[] = {CGW_STR("ok")};
static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {headers, 1, 204}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {bytes, 1}}}};

static void call(struct cgw_call *call)
{
    send_all(call, response, 2);
}

CGW_APP(.call = call);
