/* A stream is a loop in callbacks: tell what is new, wait, look again, until it is over. */
#include "proc/dev/reload_stream.h"
#include "proc/dev/answer.h"
#include "proc/dev/live.h"
#include <stdio.h>
#include <string.h>

enum { LOOK_US = 100 * 1000 };

struct stream {
    struct cgw_call *call;
    const struct cgw_loop *loop;
    struct cgw_timer timer;
    struct cgw_event events[2]; /* lent to the host while is_sending */
    struct cgw_str part;
    char text[LIVE_ID_BYTES + 32];
    char told[LIVE_ID_BYTES]; /* the id that went out last */
    bool has_begun, is_sending;
    bool is_over;  /* nobody wants more: the next piece is the last */
    bool is_ended; /* it has been sent */
};

static void go_on(struct stream *stream, int status);

static void on_sent(struct cgw_call *call, int status, void *arg)
{
    struct stream *stream = arg;
    (void)call;
    stream->is_sending = false;
    go_on(stream, status);
}

/* The head in front of the first piece, no MORE behind the last. */
static int send_piece(struct stream *stream, size_t len)
{
    static const struct cgw_header fields[] = {
        CGW_HEADER("content-type", "text/event-stream"), CGW_HEADER("cache-control", "no-store"),
        CGW_HEADER("x-accel-buffering", "no"), /* a proxy passes each event on at once */
    };
    size_t n = 0;
    if (!stream->has_begun)
        stream->events[n++] = cgw_event_start(200, fields, sizeof fields / sizeof *fields);
    stream->part = (struct cgw_str){stream->text, len};
    stream->events[n++] = cgw_event_body(&stream->part, 1, stream->is_over ? 0 : CGW_MORE);
    stream->has_begun = true;
    stream->is_ended = stream->is_over;
    int status = stream->call->host->send(stream->call, stream->events, n, on_sent, stream);
    stream->is_sending = status == CGW_PENDING;
    return status;
}

/* CGW_OK: everything is told. CGW_PENDING: on_sent() follows. */
static int tell_news(struct stream *stream)
{
    char id[LIVE_ID_BYTES];
    int len = 0;
    live_id(id);
    if (strcmp(id, stream->told) != 0) {
        memcpy(stream->told, id, sizeof id);
        len = snprintf(stream->text, sizeof stream->text, "retry: 100\ndata: %s\n\n", id);
    } else if (!stream->is_over) {
        return CGW_OK;
    }
    return send_piece(stream, (size_t)len);
}

static void on_time(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    (void)call, (void)timer;
    go_on(arg, CGW_OK);
}

static void go_on(struct stream *stream, int status)
{
    if (stream->is_sending)
        return;
    if (status == CGW_OK && !stream->is_ended)
        status = tell_news(stream);
    if (status == CGW_PENDING)
        return;
    if (status == CGW_OK && !stream->is_ended)
        status = stream->loop->timer_start(stream->call, &stream->timer, LOOK_US, on_time, stream);
    if (status != CGW_OK || stream->is_ended)
        stream->call->host->finish(stream->call, status);
}

/* The worker drains, or the peer has gone or will say nothing more. */
static void on_over(struct cgw_call *call, int status, void *arg)
{
    struct stream *stream = arg;
    (void)call, (void)status;
    stream->is_over = true;
    go_on(stream, CGW_OK);
}

/* What may be over at the start: a HEAD request, and one that came while the worker drains. */
static bool is_over_already(struct stream *stream)
{
    struct cgw_call *call = stream->call;
    const struct cgw_host *host = call->host;
    const struct cgw_shutdown *shutdown = host->extension(host, CGW_EXT_SHUTDOWN);
    const struct cgw_disconnect *disconnect = host->extension(host, CGW_EXT_DISCONNECT);
    stream->loop = host->extension(host, CGW_EXT_LOOP);
    return !stream->loop || call->scope->method.len == strlen("HEAD") ||
           shutdown->notify(call, on_over, stream) != CGW_PENDING ||
           disconnect->notify(call, on_over, stream) != CGW_PENDING;
}

static void call_stream(struct cgw_call *call)
{
    if (!answer_is_get(call))
        return;
    struct stream *stream = call->host->alloc(call, sizeof *stream);
    if (!stream) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    memset(stream, 0, sizeof *stream);
    stream->call = call;
    stream->is_over = is_over_already(stream);
    go_on(stream, CGW_OK);
}

const struct cgw_app reload_stream_app = {.magic = CGW_MAGIC,
                                          .abi_major = CGW_ABI_MAJOR,
                                          .abi_minor = CGW_ABI_MINOR,
                                          .size = sizeof(struct cgw_app),
                                          .name = "cgw reload stream",
                                          .call = call_stream};
