/* Sends bytes that are no memory. */
#include "bad.h"

static struct cgw_str parts[1];
static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {NULL, 0, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {parts, 1}}}};

static void call(struct cgw_call *call)
{
    parts[0].ptr = (const char *)(uintptr_t)16;
    parts[0].len = 5;
    send_all(call, response, 2);
}

CGW_APP(.call = call);
