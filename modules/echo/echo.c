/*
 * echo: whatever comes is sent back while it arrives; an empty body is answered with "hello".
 *
 *   cgw-serve echo.so
 *   curl -d 'to be sent back' http://127.0.0.1:8000/any/path
 *
 * The example of a state machine on the bare interface: advance() does the one thing that can be
 * done next, go_on() repeats it while things are done at once, so the stack never grows, and every
 * callback notes what came and goes on. A piece of the body is sent back without a copy: it is the
 * host's until the next receive(), which comes only when its bytes are sent, and so a slow reader
 * slows down its own writing.
 *
 * A status line cannot be taken back. So the beginning of a body is held, up to HOLD_BYTES and for
 * HOLD_US: a small body leaves in one send() with the head, however it came, and one that breaks
 * off is never answered with 200.
 */
#include <cgw/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { HOLD_BYTES = 16 * 1024, HOLD_US = 500 * 1000 };

struct echo {
    struct cgw_call *call;
    struct cgw_event in, out[2];
    struct cgw_str parts[2]; /* what is held, and the piece behind it */
    struct cgw_header headers[2];
    char length[24]; /* the digits of a content-length of ours */
    struct cgw_timer patience;
    char *held; /* HOLD_BYTES, or NULL */
    size_t n_held;
    int status;         /* to finish with */
    bool has_piece;     /* in is to be sent back */
    bool is_piece_lent; /* it is being sent back */
    bool is_impatient;  /* nothing more is held */
    bool is_started;    /* the head is sent */
    bool is_receiving, is_sending;
    bool is_over;
};

static const struct cgw_str hello = CGW_STR("hello");

static void go_on(struct echo *echo);

static void end(struct echo *echo, int status)
{
    if (!echo->is_over)
        echo->status = status;
    echo->is_over = true;
}

static bool has_more(const struct echo *echo)
{
    return echo->in.flags & CGW_MORE;
}

/* ---- the head ---- */

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

static bool is_hello(const struct echo *echo)
{
    return echo->parts[1].ptr == hello.ptr;
}

/* The request's own content-length, or the length where the body is all here. */
static struct cgw_str length_of(struct echo *echo, uint16_t more)
{
    const struct cgw_str *given = field(echo->call->scope, "content-length");
    if (given && !is_hello(echo))
        return *given;
    if (more)
        return (struct cgw_str){NULL, 0};
    size_t bytes = echo->parts[0].len + echo->parts[1].len;
    int len = snprintf(echo->length, sizeof(echo->length), "%zu", bytes);
    return (struct cgw_str){echo->length, (size_t)len};
}

static struct cgw_str type_of(const struct echo *echo)
{
    static const struct cgw_str text = CGW_STR("text/plain");
    static const struct cgw_str bytes = CGW_STR("application/octet-stream");
    const struct cgw_str *given = field(echo->call->scope, "content-type");
    if (is_hello(echo))
        return text;
    return given ? *given : bytes;
}

static struct cgw_event start(struct echo *echo, uint16_t more)
{
    size_t n = 0;
    echo->headers[n++] = (struct cgw_header){CGW_STR("content-type"), type_of(echo)};
    struct cgw_str length = length_of(echo, more);
    if (length.ptr)
        echo->headers[n++] = (struct cgw_header){CGW_STR("content-length"), length};
    return cgw_event_start(200, echo->headers, n);
}

/* ---- sending ---- */

static void sent(struct echo *echo, int status)
{
    bool is_last = echo->is_piece_lent && !has_more(echo);
    if (echo->is_piece_lent)
        echo->has_piece = false;
    echo->is_piece_lent = false;
    if (status != CGW_OK || is_last)
        end(echo, status);
}

static void on_sent(struct cgw_call *call, int status, void *arg)
{
    struct echo *echo = arg;
    (void)call;
    echo->is_sending = false;
    sent(echo, status);
    go_on(echo);
}

/* What is held and the piece behind it, with the head where that is still to come. */
static void give(struct echo *echo, struct cgw_str piece, uint16_t more)
{
    size_t n = 0;
    echo->parts[0] = (struct cgw_str){echo->held, echo->n_held};
    echo->parts[1] = piece;
    if (!echo->is_started && !more && echo->n_held + piece.len == 0)
        echo->parts[1] = hello;
    if (!echo->is_started)
        echo->out[n++] = start(echo, more);
    size_t skip = echo->n_held == 0;
    echo->out[n++] = cgw_event_body(echo->parts + skip, 2 - skip, more);
    echo->is_started = true;
    echo->n_held = 0;
    int status = echo->call->host->send(echo->call, echo->out, n, on_sent, echo);
    echo->is_sending = status == CGW_PENDING;
    if (!echo->is_sending)
        sent(echo, status);
}

/* ---- receiving ---- */

static void on_patience(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    struct echo *echo = arg;
    (void)call;
    (void)timer;
    echo->is_impatient = true;
    go_on(echo);
}

/* False where there is no room, or none to be had. */
static bool hold(struct echo *echo, struct cgw_str piece)
{
    const struct cgw_host *host = echo->call->host;
    const struct cgw_loop *loop = host->extension(host, CGW_EXT_LOOP);
    if (piece.len == 0)
        return true;
    if (echo->n_held + piece.len > HOLD_BYTES)
        return false;
    if (!echo->held) {
        echo->held = host->alloc(echo->call, HOLD_BYTES);
        if (!echo->held || !loop ||
            loop->timer_start(echo->call, &echo->patience, HOLD_US, on_patience, echo) != CGW_OK)
            return false;
    }
    memcpy(echo->held + echo->n_held, piece.ptr, piece.len);
    echo->n_held += piece.len;
    return true;
}

/* An empty piece that is not the last says nothing. */
static void take(struct echo *echo)
{
    struct cgw_str piece = echo->in.u.body.data;
    bool is_held = has_more(echo) && !echo->is_started && !echo->is_impatient && hold(echo, piece);
    if (is_held || (has_more(echo) && piece.len == 0)) {
        echo->has_piece = false;
        return;
    }
    echo->is_piece_lent = true;
    give(echo, piece, echo->in.flags & CGW_MORE);
}

static void received(struct echo *echo, int status)
{
    if (status != CGW_OK)
        end(echo, status);
    else if (echo->in.type != CGW_HTTP_REQUEST)
        end(echo, CGW_ECLOSED);
    else
        echo->has_piece = true;
}

static void on_received(struct cgw_call *call, int status, void *arg)
{
    struct echo *echo = arg;
    (void)call;
    echo->is_receiving = false;
    received(echo, status);
    go_on(echo);
}

static void receive(struct echo *echo)
{
    int status = echo->call->host->receive(echo->call, &echo->in, on_received, echo);
    echo->is_receiving = status == CGW_PENDING;
    if (!echo->is_receiving)
        received(echo, status);
}

/* ---- the machine ---- */

/* The next thing that can be done; false: something has to come first. */
static bool advance(struct echo *echo)
{
    if (echo->is_over || echo->is_sending)
        return false;
    if (echo->has_piece)
        take(echo);
    else if (echo->is_impatient && echo->n_held > 0)
        give(echo, (struct cgw_str){NULL, 0}, CGW_MORE);
    else if (!echo->is_receiving)
        receive(echo);
    else
        return false;
    return true;
}

static void go_on(struct echo *echo)
{
    while (advance(echo))
        ;
    if (echo->is_over && !echo->is_receiving && !echo->is_sending)
        echo->call->host->finish(echo->call, echo->status);
}

static void echo(struct cgw_call *call)
{
    struct echo *echo = call->host->alloc(call, sizeof(*echo));
    if (!echo) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *echo = (struct echo){.call = call};
    go_on(echo);
}

CGW_APP(.kind = CGW_ASYNC, .name = "echo", .call = echo);
