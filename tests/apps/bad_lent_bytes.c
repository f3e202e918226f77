/* Changes bytes that a pending send() was lent. */
#include "bad.h"

static char bytes[] = "ok";
static const struct cgw_str parts[] = {{bytes, 2}};
static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {ok_headers, 1, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {parts, 1}}}};

static void call(struct cgw_call *call)
{
    bytes[0] = 'o';
    send_all(call, response, 2);
    bytes[0] = 'O';
}

CGW_APP(.call = call);
