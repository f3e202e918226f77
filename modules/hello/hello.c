#include <cgw/abi.h>

static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain"),
                                            CGW_HEADER("content-length", "14")};
static const struct cgw_str body[] = {CGW_STR("Hello, world!\n")};
static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {headers, 2, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {body, 1}}}};

static void done(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void hello(struct cgw_call *call)
{
    int status = call->host->send(call, response, 2, done, NULL);
    if (status != CGW_PENDING)
        done(call, status, NULL);
}

CGW_APP(.kind = CGW_ASYNC, .name = "hello", .call = hello);
