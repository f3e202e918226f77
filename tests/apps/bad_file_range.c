/* Sends more of a file than there is. */
#include "bad.h"

static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {NULL, 0, 200}}},
    {CGW_HTTP_RESPONSE_FILE,
     0,
     sizeof(struct cgw_event),
     {.file = {.path = CGW_STR("/etc/passwd"), .count = 1u << 30}}}};

static void call(struct cgw_call *call)
{
    send_all(call, response, 2);
}

CGW_APP(.call = call);
