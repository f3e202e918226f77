/* A call that blocks its thread: ?ms=N milliseconds [100], then the hello of modules/hello. */
#include <cgw/abi.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain"),
                                            CGW_HEADER("content-length", "14")};
static const struct cgw_str body[] = {CGW_STR("Hello, world!\n")};

static long milliseconds(const struct cgw_scope *scope)
{
    if (scope->query.len <= 3 || memcmp(scope->query.ptr, "ms=", 3) != 0)
        return 100;
    long ms = strtol(scope->query.ptr + 3, NULL, 10);
    return ms < 0 ? 100 : ms;
}

static void rest(struct cgw_call *call)
{
    long ms = milliseconds(call->scope);
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
    struct cgw_event events[] = {cgw_event_start(200, headers, 2), cgw_event_body(body, 1, 0)};
    call->host->finish(call, call->host->send(call, events, 2, NULL, NULL));
}

CGW_APP(.kind = CGW_SYNC, .name = "sync_sleep", .call = rest);
