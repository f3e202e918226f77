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
 *
 * The first KEPT_BYTES are the exception: they are kept back until there are more or the body is
 * complete, so that a small one that never becomes complete is not answered with half a 200.
 */
#include <cgw/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { KEPT_BYTES = 4096 };

struct echo {
    struct cgw_call *call;
    int (*after)(struct echo *echo, int status); /* the step that comes next; NULL: over */
    struct cgw_event in, out[2];
    struct cgw_str parts[2]; /* what the body event in out points to: kept bytes, a new piece */
    struct cgw_header headers[2];
    bool is_started, is_hello;
    char length[24]; /* the digits of a content-length of ours */
    char kept[KEPT_BYTES];
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
    if (given && !echo->is_hello)
        return *given;
    if (echo->in.flags & CGW_MORE)
        return (struct cgw_str){NULL, 0};
    int len = snprintf(echo->length, sizeof(echo->length), "%zu",
                       echo->parts[0].len + echo->parts[1].len);
    return (struct cgw_str){echo->length, (size_t)len};
}

static struct cgw_str type_of(const struct echo *echo)
{
    static const struct cgw_str text = CGW_STR("text/plain");
    static const struct cgw_str bytes = CGW_STR("application/octet-stream");
    const struct cgw_str *given = field(echo->call->scope, "content-type");
    if (echo->is_hello)
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

/* Put the piece with what is kept of the body's beginning. false: there is too much to keep. */
static bool keep(struct echo *echo, struct cgw_str piece)
{
    struct cgw_str *kept = &echo->parts[0];
    if (echo->is_started || piece.len > KEPT_BYTES - kept->len)
        return false;
    memcpy(echo->kept + kept->len, piece.ptr, piece.len);
    *kept = (struct cgw_str){echo->kept, kept->len + piece.len};
    return true;
}

/* A piece of the body goes out at once, the first one with the head. */
static int received(struct echo *echo, int status)
{
    if (status != CGW_OK)
        return end(echo, status);
    if (echo->in.type != CGW_HTTP_REQUEST)
        return end(echo, CGW_ECLOSED);
    uint16_t more = echo->in.flags & CGW_MORE;
    echo->parts[1] = echo->in.u.body.data;
    if (more && keep(echo, echo->parts[1]))
        return receive(echo);
    echo->is_hello = !echo->is_started && echo->parts[0].len + echo->parts[1].len == 0;
    if (echo->is_hello)
        echo->parts[1] = hello;
    size_t n = 0;
    if (!echo->is_started)
        echo->out[n++] = start(echo);
    echo->is_started = true;
    echo->out[n++] = cgw_event_body(echo->parts, 2, more);
    echo->after = sent;
    return echo->call->host->send(echo->call, echo->out, n, resume, echo);
}

static int sent(struct echo *echo, int status)
{
    echo->parts[0].len = 0;
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
    echo->call = call;
    echo->after = begin;
    echo->is_started = echo->is_hello = false;
    echo->parts[0] = (struct cgw_str){echo->kept, 0};
    resume(call, CGW_OK, echo);
}

CGW_APP(.kind = CGW_ASYNC, .name = "echo", .call = echo);
