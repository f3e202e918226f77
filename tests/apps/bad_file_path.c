/* Sends a file by a path that is not absolute. */
#include "bad.h"

static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {NULL, 0, 200}}},
    {CGW_HTTP_RESPONSE_FILE,
     0,
     sizeof(struct cgw_event),
     {.file = {.path = CGW_STR("a.txt"), .count = CGW_FILE_REST}}}};

static void call(struct cgw_call *call)
{
    send_all(call, response, 2);
}

CGW_APP(.call = call);
