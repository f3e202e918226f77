#include <cgw/wrap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Around one application: what the module knows of it. */
static const struct cgw_app *inner;
static struct cgw_app outer;
static struct cgw_header server;

/* Around one call. Its table is first, so that call->host leads to it. */
struct wrapped {
    struct cgw_host host;
    struct cgw_call before;
    bool has_begun; /* something was sent */
};

/* The start of the response with one more field; the rest as it is. All of the call's memory, as it
   is lent to the host until it is sent. NULL: there is none. */
static const struct cgw_event *edit(struct cgw_call *call, const struct cgw_event *events, size_t n)
{
    struct cgw_event *copies = call->host->alloc(call, n * sizeof(*copies));
    for (size_t i = 0; copies && i < n; i++) {
        copies[i] = events[i];
        if (events[i].type != CGW_HTTP_RESPONSE_START)
            continue;
        size_t n_fields = events[i].u.start.n_headers;
        struct cgw_header *fields = call->host->alloc(call, (n_fields + 1) * sizeof(*fields));
        if (!fields)
            return NULL;
        for (size_t k = 0; k < n_fields; k++)
            fields[k] = events[i].u.start.headers[k];
        fields[n_fields] = server;
        copies[i].u.start.headers = fields;
        copies[i].u.start.n_headers = n_fields + 1;
    }
    return copies;
}

/* The table below is in the call while one of its functions runs. */
static int send(struct cgw_call *call, const struct cgw_event *events, size_t n, cgw_done_fn *done,
                void *arg)
{
    struct wrapped *wrapped = (struct wrapped *)call->host;
    int status = CGW_ENOMEM;
    call->host = wrapped->before.host;
    if (!wrapped->has_begun)
        events = edit(call, events, n);
    if (events)
        status = call->host->send(call, events, n, done, arg);
    wrapped->has_begun = true;
    call->host = &wrapped->host;
    return status;
}

static int receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    struct wrapped *wrapped = (struct wrapped *)call->host;
    call->host = wrapped->before.host;
    int status = call->host->receive(call, event, done, arg);
    call->host = &wrapped->host;
    return status;
}

static void *alloc(struct cgw_call *call, size_t bytes)
{
    struct wrapped *wrapped = (struct wrapped *)call->host;
    call->host = wrapped->before.host;
    void *p = call->host->alloc(call, bytes);
    call->host = &wrapped->host;
    return p;
}

static void finish(struct cgw_call *call, int status)
{
    *call = ((struct wrapped *)call->host)->before;
    call->host->finish(call, status);
}

static const void *extension(const struct cgw_host *host, const char *id)
{
    const struct cgw_host *below = ((const struct wrapped *)host)->before.host;
    return below->extension(below, id);
}

static void begin(struct cgw_call *call)
{
    struct wrapped *wrapped = NULL;
    if (call->scope->type == CGW_SCOPE_HTTP)
        wrapped = call->host->alloc(call, sizeof(*wrapped));
    if (wrapped) { /* without memory it just does without */
        wrapped->has_begun = false;
        wrapped->before = *call;
        wrapped->host = *call->host; /* post and log are as they were */
        wrapped->host.receive = receive;
        wrapped->host.send = send;
        wrapped->host.alloc = alloc;
        wrapped->host.finish = finish;
        wrapped->host.extension = extension;
        call->host = &wrapped->host;
        call->user = NULL;
    }
    inner->call(call);
}

static const struct cgw_app *around(const struct cgw_app *app, const char **ret_error)
{
    const char *name = getenv("CGW_BRAND_NAME");
    if (inner || !name) {
        *ret_error = inner ? "brand: once is enough" : "CGW_BRAND_NAME is not set";
        return NULL;
    }
    server = (struct cgw_header){CGW_STR("x-brand"), {name, strlen(name)}};
    inner = app;
    outer = *app;
    outer.call = begin;
    return &outer;
}

static void release(const struct cgw_app *app)
{
    (void)app;
    inner = NULL;
}

static const void *table(const char *id)
{
    static const struct cgw_wrap wrap = {
        .size = sizeof(wrap), .around = around, .release = release};
    return strcmp(id, CGW_EXT_WRAP) == 0 ? &wrap : NULL;
}

static void refuse(struct cgw_call *call)
{
    call->host->finish(call, CGW_EINVAL);
}
CGW_APP(.name = "brand", .call = refuse, .extension = table);
