/* The hello of modules/hello on the thread pool: what one hop costs. */
#include <cgw/abi.h>

static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain"),
                                            CGW_HEADER("content-length", "14")};
static const struct cgw_str body[] = {CGW_STR("Hello, world!\n")};

static void hello(struct cgw_call *call)
{
    struct cgw_event events[] = {cgw_event_start(200, headers, 2), cgw_event_body(body, 1, 0)};
    call->host->finish(call, call->host->send(call, events, 2, NULL, NULL));
}

CGW_APP(.kind = CGW_SYNC, .name = "sync_hello", .call = hello);
