/*
 * Bodies go out as gzip to clients that take it. The head is held back until the first of the body
 * is there, as that tells whether it is worth while: a whole one that is short stays as it is. A
 * whole one of some length is compressed at once and has a length again; all else goes out piece by
 * piece, each flushed, so that nothing waits in here for more.
 *
 * One step takes no more than STEP_BYTES, so that no loop is held long; who drives it lets others
 * run in between. What fails for want of memory goes out as it is.
 */
#include "base/memory.h"
#include "filter/filter.h"
#include "filter/gzip_accept.h"
#include <cgw/middleware.h>
#include <string.h>
#include <zlib.h>

enum { WHOLE_BYTES = 64 * 1024, STEP_BYTES = 64 * 1024, PIECE_BYTES = 16 * 1024 };
enum { WINDOW_MIN = 9, GZIP_WRAPPER = 16, LOOKAHEAD = 262, MEMORY_MAX = 8 };

struct gzip_call {
    bool accepts;
    bool is_held;              /* head waits for the body */
    bool is_open;              /* stream is zlib's */
    bool is_flushing;          /* all of the event that is worked on was given to zlib */
    struct cgw_event original; /* the start, without our encoding; its array is the call's */
    z_stream stream;
    unsigned char *piece;
    size_t part, at; /* how far the event that is worked on was given to zlib */
    struct cgw_str out;
};

/* ---- what is compressed ---- */

static bool begins_with(struct cgw_str text, const char *lower)
{
    size_t len = strlen(lower);
    return text.len >= len && filter_is((struct cgw_str){text.ptr, len}, lower);
}

/* Server-sent events are to come at once whatever stands in between; the others are small as they
   are. */
static bool is_excluded(struct cgw_str type)
{
    static const char *const excluded[] = {
        "text/event-stream", "image/",          "audio/",           "video/",
        "font/woff",         "application/zip", "application/gzip", "application/zstd"};
    if (begins_with(type, "image/svg") || begins_with(type, "image/bmp"))
        return false;
    for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++)
        if (begins_with(type, excluded[i]))
            return true;
    return false;
}

static bool is_untouched(const struct cgw_event *start)
{
    const struct cgw_header *headers = start->u.start.headers;
    size_t n = start->u.start.n_headers;
    const struct cgw_header *type = filter_field(headers, n, "content-type");
    uint16_t status = start->u.start.status;
    return status == 204 || status == 206 || (type && is_excluded(type->value)) ||
           filter_field(headers, n, "content-encoding") ||
           filter_field(headers, n, "content-range") ||
           filter_has_word(headers, n, "cache-control", "no-transform");
}

/* SIZE_MAX: not known. */
static size_t length_said(const struct cgw_event *start)
{
    const struct cgw_header *field =
        filter_field(start->u.start.headers, start->u.start.n_headers, "content-length");
    size_t value = 0;
    if (!field || !field->value.len || field->value.len > 18)
        return SIZE_MAX;
    for (size_t i = 0; i < field->value.len; i++) {
        if (field->value.ptr[i] < '0' || field->value.ptr[i] > '9')
            return SIZE_MAX;
        value = 10 * value + (size_t)(field->value.ptr[i] - '0');
    }
    return value;
}

static size_t length_of(const struct cgw_event *body)
{
    size_t len = 0;
    for (size_t i = 0; i < body->u.bodyv.n_parts; i++)
        len += body->u.bodyv.parts[i].len;
    return len;
}

static size_t minimum_of(const struct filter_call *call)
{
    const struct cgw_gzip *options = call->options;
    return options->minimum ? options->minimum : 500;
}

/* ---- zlib ---- */

static voidpf take_memory(voidpf opaque, uInt n, uInt bytes)
{
    (void)opaque;
    return memory_alloc((size_t)n * bytes);
}

static void give_memory(voidpf opaque, voidpf p)
{
    (void)opaque;
    memory_free(p);
}

/* No larger a window than the body: a short one then costs some KiB, not a quarter of a MiB. */
static int window_for(size_t bytes)
{
    int bits = WINDOW_MIN;
    while (bits < MAX_WBITS && ((size_t)1 << bits) < bytes + LOOKAHEAD)
        bits++;
    return bits;
}

static bool open_stream(struct filter_call *call, size_t bytes)
{
    struct gzip_call *gzip = call->state;
    const struct cgw_gzip *options = call->options;
    int level = options->level >= 1 && options->level <= 9 ? options->level : 6;
    int bits = bytes == SIZE_MAX ? MAX_WBITS : window_for(bytes);
    int memory = bits - 7 < MEMORY_MAX ? bits - 7 : MEMORY_MAX;
    gzip->stream = (z_stream){.zalloc = take_memory, .zfree = give_memory};
    if (filter_at_end(call) != CGW_OK ||
        deflateInit2(&gzip->stream, level, Z_DEFLATED, bits + GZIP_WRAPPER, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    gzip->is_open = true;
    return true;
}

static void close_stream(struct gzip_call *gzip)
{
    if (gzip->is_open)
        (void)deflateEnd(&gzip->stream);
    gzip->is_open = false;
}

static void end(struct filter_call *call)
{
    close_stream(call->state);
}

/* Give it what is left of the event, but no more than most. How much that was. */
static size_t feed(struct gzip_call *gzip, const struct cgw_event *body, size_t most, int *ret_code)
{
    size_t fed = 0;
    *ret_code = Z_OK;
    while (gzip->part < body->u.bodyv.n_parts && fed < most && gzip->stream.avail_out) {
        const struct cgw_str *part = &body->u.bodyv.parts[gzip->part];
        size_t left = part->len - gzip->at, now = left < most - fed ? left : most - fed;
        gzip->stream.next_in = (z_const Bytef *)(uintptr_t)(part->ptr + gzip->at);
        gzip->stream.avail_in = (uInt)now;
        if (now)
            *ret_code = deflate(&gzip->stream, Z_NO_FLUSH);
        gzip->at += now - gzip->stream.avail_in;
        fed += now - gzip->stream.avail_in;
        if (gzip->at == part->len) {
            gzip->part++;
            gzip->at = 0;
        }
    }
    return fed;
}

/* ---- heads ---- */

/* W/"x" for "x": the bytes are others. */
static int weaken(struct filter_call *call, struct filter_head *head)
{
    struct cgw_header *etag = (struct cgw_header *)(uintptr_t)filter_field(
        head->headers, head->start.u.start.n_headers, "etag");
    if (!etag || begins_with(etag->value, "w/"))
        return CGW_OK;
    struct cgw_str weak = filter_printf(call, "W/%.*s", (int)etag->value.len, etag->value.ptr);
    if (!weak.ptr)
        return CGW_ENOMEM;
    etag->value = weak;
    return CGW_OK;
}

/* The head that goes with the encoded body. CGW_OK, or CGW_ENOMEM: the original is as it was. */
static int encode_head(struct filter_call *call, struct filter_head *ret_head)
{
    struct gzip_call *gzip = call->state;
    struct filter_head head;
    if (filter_head_edit(call, &gzip->original, 2, &head) != CGW_OK ||
        weaken(call, &head) != CGW_OK)
        return CGW_ENOMEM;
    filter_head_set(&head, "content-encoding", (struct cgw_str)CGW_STR("gzip"));
    filter_head_remove(&head, "content-length");
    filter_head_remove(&head, "accept-ranges");
    *ret_head = head;
    return CGW_OK;
}

/* The application has its fields back behind this batch. */
static int own_fields(struct filter_call *call, const struct cgw_event *start)
{
    struct cgw_header *headers = (struct cgw_header *)(uintptr_t)start->u.start.headers;
    for (size_t i = 0; i < start->u.start.n_headers; i++) {
        headers[i].name = filter_copy(call, headers[i].name.ptr, headers[i].name.len);
        headers[i].value = filter_copy(call, headers[i].value.ptr, headers[i].value.len);
        if (!headers[i].name.ptr || !headers[i].value.ptr)
            return CGW_ENOMEM;
    }
    return CGW_OK;
}

static int take_start(struct filter_call *call, const struct cgw_event *start, bool is_last,
                      struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    struct filter_head head;
    if (is_untouched(start)) {
        filter_out_add(out, start);
        call->is_through = true;
        return 1;
    }
    if (filter_head_edit(call, start, 1, &head) != CGW_OK ||
        filter_head_vary(call, &head, "Accept-Encoding") != CGW_OK)
        return CGW_ENOMEM;
    if (gzip->accepts && start->u.start.status == 304 && weaken(call, &head) != CGW_OK)
        return CGW_ENOMEM; /* the tag of what this client has */
    gzip->is_held = gzip->accepts && start->u.start.status != 304;
    gzip->original = head.start;
    if (!gzip->is_held) {
        filter_out_add(out, &head.start);
        call->is_through = true;
        return 1;
    }
    return is_last && own_fields(call, &gzip->original) != CGW_OK ? CGW_ENOMEM : 1;
}

/* ---- bodies ---- */

static int pass(struct filter_call *call, const struct cgw_event *event, struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    close_stream(gzip);
    filter_out_add(out, &gzip->original);
    filter_out_add(out, event);
    call->is_through = true;
    return 1;
}

/* All at once, and its length is known; as it is where that is no longer. */
static int take_whole(struct filter_call *call, const struct cgw_event *body, size_t len,
                      struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    struct filter_head head;
    int code;
    if (!open_stream(call, len))
        return pass(call, body, out);
    size_t room = deflateBound(&gzip->stream, len);
    unsigned char *bytes = filter_alloc(call, room);
    if (!bytes || encode_head(call, &head) != CGW_OK)
        return pass(call, body, out);
    gzip->stream.next_out = bytes;
    gzip->stream.avail_out = (uInt)room;
    (void)feed(gzip, body, len, &code);
    if (deflate(&gzip->stream, Z_FINISH) != Z_STREAM_END || gzip->stream.total_out >= len)
        return pass(call, body, out);
    gzip->out = (struct cgw_str){(const char *)bytes, gzip->stream.total_out};
    close_stream(gzip);
    struct cgw_str digits = filter_printf(call, "%zu", gzip->out.len);
    if (digits.ptr && !(head.start.flags & CGW_TRAILERS)) /* those need chunks */
        filter_head_add(&head, "content-length", digits);
    struct cgw_event encoded = *body;
    encoded.u.bodyv.parts = &gzip->out;
    encoded.u.bodyv.n_parts = 1;
    filter_out_add(out, &head.start);
    filter_out_add(out, &encoded);
    call->is_through = true;
    return 1;
}

/* What zlib has made so far; is_over: of this event. */
static int give_piece(struct filter_call *call, const struct cgw_event *body, bool is_over,
                      struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    struct cgw_event event = *body;
    bool is_end = is_over && !(body->flags & CGW_MORE);
    gzip->out = (struct cgw_str){(const char *)gzip->piece, PIECE_BYTES - gzip->stream.avail_out};
    event.u.bodyv.parts = &gzip->out;
    event.u.bodyv.n_parts = gzip->out.len != 0;
    if (!is_end)
        event.flags |= CGW_MORE;
    if (gzip->out.len || is_over)
        filter_out_add(out, &event);
    out->must_go = true;
    if (is_end) {
        close_stream(gzip);
        call->is_through = true;
    }
    if (!is_over)
        return 0;
    gzip->part = gzip->at = 0;
    gzip->is_flushing = false;
    return 1;
}

/* One step. */
static int take_piece(struct filter_call *call, const struct cgw_event *body,
                      struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    bool is_last = !(body->flags & CGW_MORE);
    int code = Z_OK;
    gzip->stream.next_out = gzip->piece;
    gzip->stream.avail_out = PIECE_BYTES;
    if (!gzip->is_flushing)
        (void)feed(gzip, body, STEP_BYTES, &code);
    gzip->is_flushing = gzip->part == body->u.bodyv.n_parts;
    if (gzip->is_flushing && gzip->stream.avail_out) {
        gzip->stream.avail_in = 0;
        code = deflate(&gzip->stream, is_last ? Z_FINISH : Z_SYNC_FLUSH);
    }
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return CGW_EINVAL;
    bool is_over =
        gzip->is_flushing && (is_last ? code == Z_STREAM_END : gzip->stream.avail_out != 0);
    return give_piece(call, body, is_over, out);
}

static int begin_pieces(struct filter_call *call, const struct cgw_event *body, size_t bytes,
                        struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    struct filter_head head;
    gzip->piece = filter_alloc(call, PIECE_BYTES);
    if (!gzip->piece || encode_head(call, &head) != CGW_OK || !open_stream(call, bytes))
        return pass(call, body, out);
    filter_out_add(out, &head.start);
    return take_piece(call, body, out);
}

/* What a GET would be answered; nothing is compressed for it. */
static int take_head_only(struct filter_call *call, const struct cgw_event *body,
                          struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    struct filter_head head;
    if (encode_head(call, &head) == CGW_OK)
        gzip->original = head.start;
    return pass(call, body, out);
}

static int take_first(struct filter_call *call, const struct cgw_event *event,
                      struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    gzip->is_held = false;
    if (event->type != CGW_HTTP_RESPONSE_BODY)
        return pass(call, event, out); /* a file */
    bool is_whole = !(event->flags & CGW_MORE), is_head = filter_is(call->scope->method, "head");
    size_t len = length_of(event), said = length_said(&gzip->original);
    size_t bytes = is_whole && !is_head ? len : said;
    if (bytes < minimum_of(call) || (is_head && said == SIZE_MAX))
        return pass(call, event, out);
    if (is_head)
        return take_head_only(call, event, out);
    return is_whole && len <= WHOLE_BYTES ? take_whole(call, event, len, out)
                                          : begin_pieces(call, event, bytes, out);
}

static int refuse(struct filter_call *call)
{
    filter_log(call, CGW_LOG_ERROR,
               "gzip: a file behind the first bytes of a body that is being compressed");
    return CGW_EINVAL;
}

static int send(struct filter_call *call, const struct cgw_event *events, size_t n,
                struct filter_out *out)
{
    struct gzip_call *gzip = call->state;
    if (events->type == CGW_HTTP_RESPONSE_START && !gzip->is_open)
        return take_start(call, events, n == 1, out);
    if (gzip->is_held && events->type != CGW_HTTP_RESPONSE_INFORMATIONAL)
        return take_first(call, events, out);
    if (gzip->is_open && events->type == CGW_HTTP_RESPONSE_BODY)
        return take_piece(call, events, out);
    if (gzip->is_open && events->type == CGW_HTTP_RESPONSE_FILE)
        return refuse(call);
    filter_out_add(out, events);
    return 1;
}

static int begin(struct filter_call *call, struct filter_answer *answer)
{
    struct gzip_call *gzip = call->state;
    (void)answer;
    gzip->accepts = gzip_accept(call->scope->headers, call->scope->n_headers);
    return FILTER_PASS;
}

const struct cgw__filter cgw__gzip = {.name = "gzip",
                                      .state_bytes = sizeof(struct gzip_call),
                                      .begin = begin,
                                      .send = send,
                                      .end = end};
