/*
 * Replies piece by piece. A piece that has to be put together is composed in a buffer of the
 * stream's, taken for as long as it is on its way and used again; so several tasks may write one
 * stream, and its memory does not grow with its length.
 */
#include "web/application.h"
#include "web/sse.h"
#include <string.h>

enum { ROWS_BYTES = 16 * 1024 };

struct piece {
    struct piece *next;
    struct buffer text;
};

struct stream {
    struct piece *spare;
    struct piece *rows; /* what is collected of a list of rows; NULL: it is none */
    bool has_row;
    struct task *ping;     /* NULL: none */
    struct task *settling; /* parked until there is none */
    uint64_t ping_us, sent_us;
};

/* ---- pieces; on the loop ---- */

static struct piece *take_piece(cgw_request *req)
{
    struct stream *stream = req->stream;
    struct piece *piece = stream->spare;
    if (piece) {
        stream->spare = piece->next;
        return piece;
    }
    piece = arena_zalloc(&req->arena, sizeof(*piece));
    if (piece)
        piece->text = BUFFER_IN(&req->arena);
    return piece;
}

static void give_piece(cgw_request *req, struct piece *piece)
{
    piece->text.len = 0;
    piece->text.status = CGW_OK;
    piece->next = req->stream->spare;
    req->stream->spare = piece;
}

static int send_bytes(cgw_request *req, cgw_str bytes, uint16_t flags, const struct cgw_site *site)
{
    const struct cgw_event event = cgw_event_body(&bytes, bytes.len != 0, flags);
    int status = cgw__send(req, &event, 1, site);
    if (req->stream->ping_us)
        req->stream->sent_us = runtime_now_us(req->runtime);
    return status;
}

static int send_piece(cgw_request *req, struct piece *piece, const struct cgw_site *site)
{
    cgw_str text = buffer_text(&piece->text);
    int status = piece->text.status;
    if (status == CGW_OK && text.len)
        status = send_bytes(req, text, CGW_MORE, site);
    give_piece(req, piece);
    return status;
}

/* May it be written? */
static int is_open(cgw_request *req)
{
    if (req->reply.state == REPLY_STREAM)
        return CGW_OK;
    if (req->stream || !req->call)
        return CGW_ECLOSED; /* it is complete, as that of HEAD is at once */
    cgw_log_level(req, CGW_LOG_ERROR, "a stream is written that was not begun");
    return CGW_EINVAL;
}

/* ---- begin ---- */

struct begin {
    cgw_request *req;
    int status;
    const char *content_type;
    const struct cgw_site *site;
    bool is_events;
    double ping;
};

static int send_start(cgw_request *req, bool is_flushed, const struct cgw_site *site)
{
    struct cgw_header few[2];
    size_t n;
    const struct cgw_header *headers = reply_fields(req, few, &n);
    const struct cgw_event events[] = {
        cgw_event_start((uint16_t)req->reply.status, headers, n),
        cgw_event_body(NULL, 0, req->is_head ? 0 : CGW_MORE),
    };
    return cgw__send(req, events, is_flushed || req->is_head ? 2 : 1, site);
}

static int check_begin(cgw_request *req)
{
    int status = task_reason(task_here());
    if (status != CGW_OK)
        return status;
    if (!req->call)
        return CGW_ECLOSED;
    if (req->reply.state <= REPLY_WHOLE)
        return CGW_OK;
    cgw_log_level(req, CGW_LOG_ERROR, "a stream is begun, but the response has begun already");
    return CGW_EINVAL;
}

/* Nothing has gone out if it fails: an error may still become a reply. */
static int begin(const struct begin *begin)
{
    cgw_request *req = begin->req;
    int status = check_begin(req);
    if (status != CGW_OK)
        return status;
    const char *type = begin->content_type ? begin->content_type : "application/octet-stream";
    if (!reply_is_value(type)) {
        cgw_log_level(req, CGW_LOG_ERROR, "a stream's content type has control characters");
        return CGW_EINVAL;
    }
    char *type_copy = arena_copy(&req->arena, type, strlen(type));
    req->stream = arena_zalloc(&req->arena, sizeof(*req->stream));
    if (!req->stream || !type_copy)
        return CGW_ENOMEM;
    (void)reply_prepare(req, begin->status, type_copy, (cgw_str){"", 0});
    req->reply.state = REPLY_STREAM;
    status = send_start(req, begin->is_events, begin->site);
    if (status == CGW_OK || req->has_begun)
        return status;
    req->stream = NULL;
    req->reply.state = REPLY_NONE;
    return status;
}

static int begin_stream(void *arg)
{
    return begin(arg);
}

int cgw__stream(cgw_request *req, int status, const char *content_type, const struct cgw_site *site)
{
    struct begin wanted = {
        .req = req, .status = status, .content_type = content_type, .site = site};
    return task_on_loop(begin_stream, &wanted);
}

/* ---- bytes and text ---- */

struct write {
    cgw_request *req;
    cgw_str bytes;
    const struct cgw_site *site;
    const char *format;
    va_list *args;
    const struct cgw_sse *event;
    const cgw_model *model;
    const void *object;
};

static int write_bytes(void *arg)
{
    const struct write *write = arg;
    int status = is_open(write->req);
    if (status == CGW_OK && write->bytes.len)
        status = send_bytes(write->req, write->bytes, CGW_MORE, write->site);
    return status;
}

int cgw__write(cgw_request *req, const void *ptr, size_t len, const struct cgw_site *site)
{
    struct write write = {.req = req, .bytes = {ptr, len}, .site = site};
    return task_on_loop(write_bytes, &write);
}

static int write_text(void *arg)
{
    const struct write *write = arg;
    int status = is_open(write->req);
    struct piece *piece = status == CGW_OK ? take_piece(write->req) : NULL;
    if (!piece)
        return status == CGW_OK ? CGW_ENOMEM : status;
    if (write->event)
        sse_write(&piece->text, write->event);
    else
        buffer_vprintf(&piece->text, write->format, *write->args);
    return send_piece(write->req, piece, write->site);
}

int cgw__print(cgw_request *req, const struct cgw_site *site, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct write write = {.req = req, .site = site, .format = format, .args = &args};
    int status = task_on_loop(write_text, &write);
    va_end(args);
    return status;
}

/* ---- rows ---- */

static int begin_rows(void *arg)
{
    const struct begin *wanted = arg;
    int status = begin(wanted);
    if (status != CGW_OK || wanted->req->reply.state != REPLY_STREAM)
        return status;
    wanted->req->stream->rows = take_piece(wanted->req);
    return wanted->req->stream->rows ? CGW_OK : CGW_ENOMEM;
}

int cgw__rows(cgw_request *req, int status, const cgw_model *model, const struct cgw_site *site)
{
    struct begin wanted = {
        .req = req, .status = status, .content_type = "application/json", .site = site};
    (void)model;
    return task_on_loop(begin_rows, &wanted);
}

/* Where the request's memory may be used; it sends nothing. */
static int add_row(void *arg)
{
    const struct write *write = arg;
    struct stream *stream = write->req->stream;
    struct buffer *out = &stream->rows->text;
    buffer_add_char(out, stream->has_row ? ',' : '[');
    stream->has_row = true;
    write->model->code->encode(write->model, write->object, out);
    return out->status;
}

static int flush_rows(void *arg)
{
    const struct write *write = arg;
    cgw_request *req = write->req;
    struct piece *full = req->stream->rows, *next = take_piece(req);
    if (!next)
        return CGW_ENOMEM;
    req->stream->rows = next;
    return send_piece(req, full, write->site);
}

int cgw__row(cgw_request *req, const cgw_model *model, const void *object,
             const struct cgw_site *site)
{
    struct write write = {.req = req, .site = site, .model = model, .object = object};
    int status = is_open(req);
    if (status == CGW_OK && !req->stream->rows)
        status = CGW_EINVAL;
    if (status == CGW_OK)
        status = request_do(req, add_row, &write);
    if (status == CGW_OK && req->stream->rows->text.len >= ROWS_BYTES)
        status = task_on_loop(flush_rows, &write);
    return status;
}

/* ---- server-sent events ---- */

static int ping(void *arg)
{
    cgw_request *req = arg;
    const struct stream *stream = req->stream;
    int status = CGW_OK;
    while (status == CGW_OK) {
        uint64_t now_us = runtime_now_us(req->runtime), due_us = stream->sent_us + stream->ping_us;
        if (due_us > now_us)
            status = cgw__sleep((double)(due_us - now_us) / 1e6, NULL);
        else
            status = send_bytes(req, (cgw_str)CGW_STR(": ping\n\n"), CGW_MORE, NULL);
    }
    return status;
}

static void ping_ended(struct task *task, int status)
{
    cgw_request *req = task->owner;
    (void)status;
    req->stream->ping = NULL;
    if (req->stream->settling)
        task_wake(req->stream->settling, CGW_OK);
}

static int start_ping(cgw_request *req, double seconds)
{
    struct stream *stream = req->stream;
    const struct task_options options = {.fn = cgw__task_int(ping, "ping"),
                                         .arg = req,
                                         .scope =
                                             req->is_cancelable ? &req->cancel : req->task->scope,
                                         .arena = &req->arena,
                                         .request = req,
                                         .call = req->call,
                                         .ended = ping_ended,
                                         .owner = req,
                                         .parent = req->task->id};
    stream->ping_us = runtime_us(seconds);
    stream->sent_us = runtime_now_us(req->runtime);
    stream->ping = task_new(req->runtime, &options);
    req->is_pinged = stream->ping != NULL;
    return stream->ping ? CGW_OK : CGW_ENOMEM;
}

static int set_default(cgw_request *req, const char *name, const char *value)
{
    return cgw_reply_header(req, name) ? CGW_OK : cgw_set_header(req, name, value);
}

static int begin_events(void *arg)
{
    const struct begin *wanted = arg;
    cgw_request *req = wanted->req;
    int status = check_begin(req);
    if (status == CGW_OK)
        status = set_default(req, "cache-control", "no-cache");
    if (status == CGW_OK)
        status = set_default(req, "x-accel-buffering", "no");
    if (status == CGW_OK)
        status = begin(wanted);
    if (status != CGW_OK || req->reply.state != REPLY_STREAM)
        return status;
    req->wants_cancel = true;
    channel_watch(req);
    return wanted->ping > 0 ? start_ping(req, wanted->ping) : CGW_OK;
}

int cgw__events(cgw_request *req, struct cgw_events_options options, const struct cgw_site *site)
{
    struct begin wanted = {.req = req,
                           .status = 200,
                           .content_type = "text/event-stream",
                           .site = site,
                           .is_events = true};
    wanted.ping = options.ping < 0 ? 0 : options.ping > 0 ? options.ping : 15;
    return task_on_loop(begin_events, &wanted);
}

int cgw__event(cgw_request *req, struct cgw_sse event, const struct cgw_site *site)
{
    struct write write = {.req = req, .site = site, .event = &event};
    return sse_is_valid(&event) ? task_on_loop(write_text, &write) : CGW_EINVAL;
}

/* ---- end ---- */

/* Not before here is_pinged changes again: the handler's thread may ask for it. */
void stream_settle(cgw_request *req)
{
    struct stream *stream = req->stream;
    req->is_pinged &= stream && stream->ping;
    if (!req->is_pinged)
        return;
    scope_cancel(&stream->ping->own, CGW_ECANCELED);
    stream->settling = task_here();
    while (stream->ping)
        (void)task_park(stream->settling, "ending a stream", NULL, NULL, NULL);
    stream->settling = NULL;
    req->is_pinged = false;
}

static int end_rows(cgw_request *req)
{
    struct buffer *out = &req->stream->rows->text;
    if (!req->stream->has_row)
        buffer_add_char(out, '[');
    buffer_add_char(out, ']');
    return out->status;
}

static int end_stream(void *arg)
{
    const struct write *write = arg;
    cgw_request *req = write->req;
    cgw_str rest = {"", 0};
    int status = is_open(req);
    if (status != CGW_OK)
        return status;
    stream_settle(req);
    if (req->stream->rows) {
        status = end_rows(req);
        rest = buffer_text(&req->stream->rows->text);
    }
    return status == CGW_OK ? send_bytes(req, rest, 0, write->site) : status;
}

cgw_reply cgw__stream_end(cgw_request *req, const struct cgw_site *site)
{
    struct write write = {.req = req, .site = site};
    (void)task_on_loop(end_stream, &write);
    return reply_now(req);
}

void stream_abandon(cgw_request *req)
{
    stream_settle(req);
    if (req->reply.state == REPLY_LEFT || req->is_disconnected || req->is_canceled)
        return;
    cgw_log_level(req, CGW_LOG_WARNING,
                  "%s %s: the response breaks off, as %s() returned before its end",
                  req->scope->method.ptr, req->route ? match_route_template(req->route).ptr : "-",
                  req->endpoint ? req->endpoint->function : "middleware");
}
