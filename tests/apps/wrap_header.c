/*
 * A module for --wrap, by hand: a field "x-wrapped: 1" on all responses, 2 where it stands around
 * itself. Served by itself, or asked a third time, it refuses.
 */
#include <cgw/wrap.h>
#include <stddef.h>

enum { MAX = 2, FIELDS_MAX = 64 };

static const struct cgw_app *inners[MAX];
static struct cgw_app outers[MAX];
static unsigned n_outers;

/* What stands in place of the host's table for one call. */
struct wrapped {
    struct cgw_host host;
    const struct cgw_host *real;
    void *user; /* what stood in the call */
    char number[2];
    struct cgw_header headers[FIELDS_MAX]; /* lent to the host with the start, which comes once */
    struct cgw_event events[2];
};

static struct wrapped *wrapped_of(struct cgw_call *call)
{
    return (struct wrapped *)(void *)((char *)(size_t)call->host - offsetof(struct wrapped, host));
}

static int receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    struct wrapped *wrapped = wrapped_of(call);
    call->host = wrapped->real;
    int status = call->host->receive(call, event, done, arg);
    call->host = &wrapped->host;
    return status;
}

/* The start with one field more; all else as it is. */
static int send(struct cgw_call *call, const struct cgw_event *events, size_t n, cgw_done_fn *done,
                void *arg)
{
    struct wrapped *wrapped = wrapped_of(call);
    if (n > 0 && n <= 2 && events[0].type == CGW_HTTP_RESPONSE_START &&
        events[0].u.start.n_headers < FIELDS_MAX) {
        size_t n_headers = events[0].u.start.n_headers;
        for (size_t i = 0; i < n; i++)
            wrapped->events[i] = events[i];
        for (size_t i = 0; i < n_headers; i++)
            wrapped->headers[i] = events[0].u.start.headers[i];
        wrapped->headers[n_headers++] =
            (struct cgw_header){CGW_STR("x-wrapped"), {wrapped->number, 1}};
        wrapped->events[0].u.start.headers = wrapped->headers;
        wrapped->events[0].u.start.n_headers = n_headers;
        events = wrapped->events;
    }
    call->host = wrapped->real;
    int status = call->host->send(call, events, n, done, arg);
    call->host = &wrapped->host;
    return status;
}

static void *alloc(struct cgw_call *call, size_t bytes)
{
    struct wrapped *wrapped = wrapped_of(call);
    call->host = wrapped->real;
    void *memory = call->host->alloc(call, bytes);
    call->host = &wrapped->host;
    return memory;
}

static const void *extension(const struct cgw_host *host, const char *id)
{
    const struct wrapped *wrapped =
        (const void *)((const char *)host - offsetof(struct wrapped, host));
    return wrapped->real->extension(wrapped->real, id);
}

static void finish(struct cgw_call *call, int status)
{
    struct wrapped *wrapped = wrapped_of(call);
    call->host = wrapped->real;
    call->user = wrapped->user;
    call->host->finish(call, status);
}

static void wrap(struct cgw_call *call, unsigned which)
{
    struct wrapped *wrapped = call->host->alloc(call, sizeof(*wrapped));
    if (!wrapped) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *wrapped = (struct wrapped){.host = *call->host,
                                .real = call->host,
                                .user = call->user,
                                .number = {(char)('1' + which), '\0'}};
    wrapped->host.size = sizeof(wrapped->host);
    wrapped->host.receive = receive;
    wrapped->host.send = send;
    wrapped->host.alloc = alloc;
    wrapped->host.extension = extension;
    wrapped->host.finish = finish;
    call->host = &wrapped->host;
    call->user = NULL;
    inners[which]->call(call);
}

static void wrap_first(struct cgw_call *call)
{
    wrap(call, 0);
}

static void wrap_second(struct cgw_call *call)
{
    wrap(call, 1);
}

static const struct cgw_app *around(const struct cgw_app *inner, const char **ret_error)
{
    static void (*const calls[MAX])(struct cgw_call *) = {wrap_first, wrap_second};
    if (n_outers == MAX) {
        *ret_error = "two are all it has";
        return NULL;
    }
    inners[n_outers] = inner;
    outers[n_outers] = *inner;
    outers[n_outers].size = sizeof(*outers);
    outers[n_outers].call = calls[n_outers];
    return &outers[n_outers++];
}

static void release(const struct cgw_app *outer)
{
    (void)outer;
    n_outers--;
}

static const void *table(const char *id)
{
    static const struct cgw_wrap wrap = {sizeof(wrap), 0, around, release};
    static const char name[] = CGW_EXT_WRAP;
    for (size_t i = 0; i < sizeof(name); i++)
        if (id[i] != name[i])
            return NULL;
    return &wrap;
}

static void refuse(struct cgw_call *call)
{
    call->host->finish(call, CGW_EINVAL);
}

CGW_APP(.kind = CGW_ASYNC, .name = "header", .call = refuse, .extension = table);
