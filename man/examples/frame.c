/*
 * frame: a middleware that puts one field into every response. To the host it is an application;
 * to the application within it is the host: the same call, behind another table.
 */
#include <cgw/abi.h>
#include <string.h>

static const struct cgw_host *outer; /* static for its life, the same for all calls */
static struct cgw_host mine;         /* the outer one's functions, but for send() */

/* The event with one field more; what it points to lives as long as the call. */
static int add_field(struct cgw_call *call, struct cgw_event *start)
{
    static const struct cgw_header field = CGW_HEADER("x-frame-options", "DENY");
    size_t n = start->u.start.n_headers;
    struct cgw_header *headers = outer->alloc(call, (n + 1) * sizeof *headers);
    if (!headers)
        return CGW_ENOMEM;
    if (n)
        memcpy(headers, start->u.start.headers, n * sizeof *headers);
    headers[n] = field;
    start->u.start.headers = headers;
    start->u.start.n_headers = n + 1;
    return CGW_OK;
}

static int send_framed(struct cgw_call *call, const struct cgw_event *events, size_t n,
                       cgw_done_fn *done, void *arg)
{
    if (n == 0 || events[0].type != CGW_HTTP_RESPONSE_START)
        return outer->send(call, events, n, done, arg);
    struct cgw_event *copy = outer->alloc(call, n * sizeof *copy); /* lent: not on the stack */
    if (!copy)
        return CGW_ENOMEM;
    memcpy(copy, events, n * sizeof *copy);
    int status = add_field(call, copy);
    return status == CGW_OK ? outer->send(call, copy, n, done, arg) : status;
}

/* ---- the application within ---- */

static const struct cgw_str body[] = {CGW_STR("framed\n")};
static const struct cgw_event response[] = {
    {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {.start = {NULL, 0, 200}}},
    {CGW_HTTP_RESPONSE_BODY, 0, sizeof(struct cgw_event), {.bodyv = {body, 1}}}};

static void done(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void within(struct cgw_call *call)
{
    int status = call->host->send(call, response, 2, done, NULL);
    if (status != CGW_PENDING)
        done(call, status, NULL);
}

/* ---- around it ---- */

static void frame(struct cgw_call *call)
{
    if (!outer) { /* an async application has one thread */
        outer = call->host;
        mine = *outer;
        mine.size = sizeof mine;
        mine.send = send_framed;
    }
    call->host = &mine;
    within(call);
}

CGW_APP(.kind = CGW_ASYNC, .name = "frame", .version = "1.0", .call = frame);
