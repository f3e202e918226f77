#include <cgw/abi.h>

static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain"),
                                            CGW_HEADER("content-length", "14")};
static const struct cgw_str body[] = {CGW_STR("Hello, world!\n")};

static void done(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void hello(struct cgw_call *call)
{
    struct cgw_event events[] = {cgw_event_start(200, headers, 2), cgw_event_body(body, 1, 0)};
    int status = call->host->send(call, events, 2, done, NULL);
    if (status != CGW_PENDING)
        done(call, status, NULL);
}

CGW_APP(.kind = CGW_ASYNC, .name = "hello", .call = hello);
