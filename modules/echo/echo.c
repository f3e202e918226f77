/*
 * echo: whatever comes is sent back while it arrives; an empty body is answered with "hello".
 *
 *   cgw-serve echo.so
 *   curl -d 'to be sent back' http://127.0.0.1:8000/any/path
 *
 * The example of a state machine on the bare interface. A step looks at how the last thing went,
 * starts the next one and says which step comes after it; resume() goes on as long as things are
 * done at once, so the stack never grows and a body that is already there leaves with the head in
 * one send(). A piece of the body is never copied: it is the host's until the next receive(),
 * which comes only when its bytes are sent, and so a slow reader slows down its own writing.
 */
#include <cgw/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct echo {
    struct cgw_call *call;
    int (*after)(struct echo *echo, int status); /* the step that comes next; NULL: over */
    struct cgw_event in, out[2];
    struct cgw_str part; /* what the body event in out points to */
    struct cgw_header headers[2];
    bool is_started;
    char length[24]; /* the digits of a content-length of ours */
};

static const struct cgw_str hello = CGW_STR("hello");

static int receive(struct echo *echo);
static int sent(struct echo *echo, int status);

static void resume(struct cgw_call *call, int status, void *arg)
{
    struct echo *echo = arg;
    do
        status = echo->after(echo, status);
    while (echo->after && status != CGW_PENDING);
    if (!echo->after)
        call->host->finish(call, status);
}

static int end(struct echo *echo, int status)
{
    echo->after = NULL;
    return status;
}

static const struct cgw_str *field(const struct cgw_scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->n_headers; i++) {
        const struct cgw_header *header = &scope->headers[i];
        if (header->name.len == strlen(name) &&
            memcmp(header->name.ptr, name, header->name.len) == 0)
            return &header->value;
    }
    return NULL;
}

/* The request's own content-length, or the length where the first piece is all there is. */
static struct cgw_str length_of(struct echo *echo)
{
    const struct cgw_str *given = field(echo->call->scope, "content-length");
    if (given && echo->part.ptr != hello.ptr)
        return *given;
    if (echo->in.flags & CGW_MORE)
        return (struct cgw_str){NULL, 0};
    int len = snprintf(echo->length, sizeof(echo->length), "%zu", echo->part.len);
    return (struct cgw_str){echo->length, (size_t)len};
}

static struct cgw_str type_of(const struct echo *echo)
{
    static const struct cgw_str text = CGW_STR("text/plain");
    static const struct cgw_str bytes = CGW_STR("application/octet-stream");
    const struct cgw_str *given = field(echo->call->scope, "content-type");
    if (echo->part.ptr == hello.ptr)
        return text;
    return given ? *given : bytes;
}

static struct cgw_event start(struct echo *echo)
{
    size_t n = 0;
    echo->headers[n++] = (struct cgw_header){CGW_STR("content-type"), type_of(echo)};
    struct cgw_str length = length_of(echo);
    if (length.ptr)
        echo->headers[n++] = (struct cgw_header){CGW_STR("content-length"), length};
    return cgw_event_start(200, echo->headers, n);
}

/*
 * A piece of the body goes out at once, the first one with the head. An empty one that is not the
 * last says nothing and waits for the next.
 */
static int received(struct echo *echo, int status)
{
    if (status != CGW_OK)
        return end(echo, status);
    if (echo->in.type != CGW_HTTP_REQUEST)
        return end(echo, CGW_ECLOSED);
    uint16_t more = echo->in.flags & CGW_MORE;
    echo->part = echo->in.u.body.data;
    if (echo->part.len == 0 && more)
        return receive(echo);
    if (echo->part.len == 0 && !echo->is_started)
        echo->part = hello;
    size_t n = 0;
    if (!echo->is_started)
        echo->out[n++] = start(echo);
    echo->is_started = true;
    echo->out[n++] = cgw_event_body(&echo->part, 1, more);
    echo->after = sent;
    return echo->call->host->send(echo->call, echo->out, n, resume, echo);
}

static int sent(struct echo *echo, int status)
{
    if (status != CGW_OK || !(echo->in.flags & CGW_MORE))
        return end(echo, status);
    return receive(echo);
}

static int receive(struct echo *echo)
{
    echo->after = received;
    return echo->call->host->receive(echo->call, &echo->in, resume, echo);
}

static int begin(struct echo *echo, int status)
{
    (void)status;
    return receive(echo);
}

static void echo(struct cgw_call *call)
{
    struct echo *echo = call->host->alloc(call, sizeof(*echo));
    if (!echo) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *echo = (struct echo){.call = call, .after = begin};
    resume(call, CGW_OK, echo);
}

CGW_APP(.kind = CGW_ASYNC, .name = "echo", .call = echo);
