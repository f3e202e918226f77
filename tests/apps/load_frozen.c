/* Built against the header as released in 1.0, whatever has been added since: loads for ever. */
#include <cgw/abi.h>
#include <stdbool.h>

static const struct cgw_header headers[] = {CGW_HEADER("content-length", "7")};
static const struct cgw_str body[] = {CGW_STR("frozen\n")};
static const struct cgw_event response[] = {
    {.type = CGW_HTTP_RESPONSE_START,
     .size = sizeof(struct cgw_event),
     .u.start = {headers, 1, 200}},
    {.type = CGW_HTTP_RESPONSE_BODY, .size = sizeof(struct cgw_event), .u.bodyv = {body, 1}}};

static const struct cgw_event refusal = {.type = CGW_WS_CLOSE, .size = sizeof(struct cgw_event)};

static void done(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void frozen(struct cgw_call *call)
{
    bool is_http = call->scope->type == CGW_SCOPE_HTTP;
    int status = call->host->send(call, is_http ? response : &refusal, is_http ? 2 : 1, done, NULL);
    if (status != CGW_PENDING)
        done(call, status, NULL);
}

CGW_APP(.kind = CGW_ASYNC, .flags = CGW_WEBSOCKET, .name = "frozen", .version = "1.0",
        .call = frozen);
