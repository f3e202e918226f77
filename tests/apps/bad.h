/* What the applications that break a rule share: a right response, and the way to the end. */
#ifndef BAD_H
#define BAD_H
#include <cgw/abi.h>

static const struct cgw_header ok_headers[] = {CGW_HEADER("content-length", "2")};
static const struct cgw_str ok_body[] = {CGW_STR("ok")};
static const struct cgw_event ok[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {ok_headers, 1, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {ok_body, 1}}}};

/* The end, as callback and as a function. */
static inline void end(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static inline void send_all(struct cgw_call *call, const struct cgw_event *events, size_t n)
{
    int status = call->host->send(call, events, n, end, NULL);
    if (status != CGW_PENDING)
        end(call, status, NULL);
}

/* What is done at once, however often it must be tried: for scenarios in which it is. */
static inline void send_now(struct cgw_call *call, const struct cgw_event *events, size_t n)
{
    call->host->send(call, events, n, end, NULL);
}
#endif
