/*
 * The phases of a connection's reading half. Each byte is vetted by our own code first and then
 * shown to llhttp, which must come to the same framing: two readers that disagree about where a
 * message ends are what request smuggling is made of, so a disagreement refuses the request.
 */
#include "proto/http1_parts.h"
#include <assert.h>

int http1_refuse(struct http1 *h, int status, const char *why)
{
    if (h->phase != HTTP1_FAILED) {
        h->phase = HTTP1_FAILED;
        h->status = status;
        h->why = why;
    }
    return -1;
}

/* ---- what llhttp calls ---- */

static int on_field(llhttp_t *parser, const char *at, size_t len)
{
    struct http1 *h = (struct http1 *)(void *)parser;
    struct http1_request *request = h->request;
    if (h->phase != HTTP1_IN_HEAD) /* a trailer, vetted and dropped */
        return 0;
    if (request->n_fields == h->field_room)
        return -1;
    request->fields[request->n_fields++] = (struct field){{at, len}, {at + len, 0}};
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t len)
{
    struct http1 *h = (struct http1 *)(void *)parser;
    if (h->phase != HTTP1_IN_HEAD || len == 0)
        return 0;
    if (h->request->n_fields == 0)
        return -1;
    struct str *value = &h->request->fields[h->request->n_fields - 1].value;
    if (value->len) /* one line has one value: the head is read in one go */
        return -1;
    *value = (struct str){at, len};
    return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    struct http1 *h = (struct http1 *)(void *)parser;
    /* An upgrade is an offer, which is not taken here (behaviour 76): go on as with any request. */
    parser->upgrade = 0;
    return http1_fields_read(h);
}

static int on_body(llhttp_t *parser, const char *at, size_t len)
{
    struct http1 *h = (struct http1 *)(void *)parser;
    if (h->piece.len) /* each feed ends with its first piece */
        return -1;
    h->piece = (struct str){at, len};
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http1 *h = (struct http1 *)(void *)parser;
    h->is_complete = true;
    return 0;
}

static const llhttp_settings_t callbacks = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

int http1_show(struct http1 *h, const char *ptr, size_t len)
{
    if (len == 0 || llhttp_execute(&h->parser, ptr, len) == HPE_OK)
        return 0;
    /* its reasons are static text; where a callback refused, that one's cause stands */
    return http1_refuse(h, 400, llhttp_get_error_reason(&h->parser));
}

/* Has llhttp, in this feed, come to the same piece of body and the same end? */
static bool is_agreed(const struct http1 *h, struct str data, bool is_end)
{
    return h->piece.len == data.len && (data.len == 0 || h->piece.ptr == data.ptr) &&
           h->is_complete == is_end;
}

/* ---- phases ---- */

void http1_init(struct http1 *h, const struct http1_limits *limits)
{
    *h = (struct http1){.limits = limits};
    llhttp_init(&h->parser, HTTP_REQUEST, &callbacks);
}

void http1_begin(struct http1 *h, struct arena *arena, struct http1_request *request)
{
    assert(h->phase == HTTP1_IDLE);
    h->arena = arena;
    h->request = request;
}

static void feed_head(struct http1 *h, const char *ptr, size_t len, size_t *ret_consumed,
                      struct http1_event *event)
{
    bool is_complete = false;
    *ret_consumed = http1_head_take(h, ptr, len, &is_complete);
    if (!is_complete || http1_head_parse(h))
        return;
    uint64_t length = h->request->content_length;
    if (!is_agreed(h, STR(""), length == 0)) {
        http1_refuse(h, 400, "two readings of the body's framing");
        return;
    }
    event->type = HTTP1_HEAD;
    event->ended = length == 0;
    h->phase = event->ended ? HTTP1_IDLE : HTTP1_IN_BODY;
    if (event->ended)
        return;
    h->body = (struct http1_body_state){.is_chunked = length == HTTP1_LENGTH_CHUNKED};
    if (!h->body.is_chunked)
        h->body.left = length;
}

static void feed_length(struct http1 *h, const char *ptr, size_t len, size_t *ret_consumed,
                        struct http1_event *event)
{
    struct str data = {ptr, len < h->body.left ? len : (size_t)h->body.left};
    *ret_consumed = data.len;
    if (data.len == 0 || http1_show(h, ptr, data.len))
        return;
    h->body.left -= data.len;
    if (!is_agreed(h, data, h->body.left == 0)) {
        http1_refuse(h, 400, "two readings of the body's length");
        return;
    }
    event->type = HTTP1_BODY;
    event->data = data;
    event->ended = h->is_complete;
    if (event->ended)
        h->phase = HTTP1_IDLE;
}

static void feed_chunked(struct http1 *h, const char *ptr, size_t len, size_t *ret_consumed,
                         struct http1_event *event)
{
    bool is_end = false;
    *ret_consumed = http1_chunk_take(h, ptr, len, &event->data, &is_end);
    if (h->phase == HTTP1_FAILED)
        return;
    if (!is_agreed(h, event->data, is_end)) {
        http1_refuse(h, 400, "two readings of the chunks");
        return;
    }
    if (event->data.len)
        event->type = HTTP1_BODY;
    if (is_end) {
        event->type = HTTP1_END;
        h->phase = HTTP1_IDLE;
    }
}

void http1_feed(struct http1 *h, const char *ptr, size_t len, size_t *ret_consumed,
                struct http1_event *ret_event)
{
    *ret_event = (struct http1_event){.type = HTTP1_MORE};
    h->piece = (struct str){NULL, 0};
    if (h->phase == HTTP1_IN_BODY)
        (h->body.is_chunked ? feed_chunked : feed_length)(h, ptr, len, ret_consumed, ret_event);
    else if (h->phase != HTTP1_FAILED)
        feed_head(h, ptr, len, ret_consumed, ret_event);
    if (h->phase == HTTP1_FAILED) {
        *ret_consumed = len;
        *ret_event = (struct http1_event){.type = HTTP1_ERROR, .status = h->status, .why = h->why};
    }
}

uint64_t http1_body_left(const struct http1 *h)
{
    if (h->phase != HTTP1_IN_BODY)
        return 0;
    return h->body.is_chunked ? 1 : h->body.left;
}
