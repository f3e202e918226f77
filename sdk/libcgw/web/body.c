/*
 * The body of a request: whole, kept for who asks again, or piece by piece. Its limit is the
 * route's and holds for both; a length that says more is refused before anything is read.
 */
#include "web/application.h"
#include <string.h>

struct body_ask {
    cgw_request *req;
    cgw_str *ret;
    const struct cgw_site *site;
};

static uint64_t limit_of(cgw_request *req)
{
    if (!req->max_body)
        req->max_body = req->route ? match_route_settings(req->route)->max_body : UINT64_MAX;
    return req->max_body;
}

/* The length that the head announces, or 0; the host has checked that it is a number. */
static uint64_t announced(const cgw_request *req)
{
    const struct cgw_scope *scope = req->scope;
    for (size_t i = 0; i < scope->n_headers; i++) {
        cgw_str name = scope->headers[i].name, value = scope->headers[i].value;
        if (name.len != 14 || memcmp(name.ptr, "content-length", 14) != 0)
            continue;
        uint64_t n = 0;
        for (size_t k = 0; k < value.len && value.ptr[k] >= '0' && value.ptr[k] <= '9'; k++)
            n = n > UINT64_MAX / 10 - 1 ? UINT64_MAX : n * 10 + (uint64_t)(value.ptr[k] - '0');
        return n;
    }
    return 0;
}

static bool is_too_big(cgw_request *req)
{
    return req->body_bytes > limit_of(req) || (!req->body_bytes && announced(req) > limit_of(req));
}

/* The next bytes, len 0 only at the end. */
static int read_piece(cgw_request *req, cgw_str *ret_piece, const struct cgw_site *site)
{
    struct cgw_event event;
    cgw_str piece = {"", 0};
    while (!req->is_body_over && !piece.len) {
        if (is_too_big(req))
            return CGW_ETOOBIG;
        int status = cgw__receive(req, &event, site);
        if (status != CGW_OK)
            return status;
        if (event.type != CGW_HTTP_REQUEST)
            return event.type == CGW_HTTP_DISCONNECT ? CGW_ECLOSED : CGW_EINVAL;
        piece = event.u.body.data;
        req->body_bytes += piece.len;
        req->is_body_over = !(event.flags & CGW_MORE);
    }
    if (is_too_big(req))
        return CGW_ETOOBIG;
    *ret_piece = piece;
    return CGW_OK;
}

/* What an interrupted call has read stays for the next. */
static int read_whole(cgw_request *req, const struct cgw_site *site)
{
    req->body_so_far.arena = &req->arena;
    while (!req->is_body_over) {
        cgw_str piece;
        int status = read_piece(req, &piece, site);
        if (status != CGW_OK)
            return status;
        buffer_add(&req->body_so_far, piece.ptr, piece.len);
        channel_used(req);
    }
    req->body = buffer_text(&req->body_so_far);
    req->has_body = req->body.ptr != NULL;
    return req->has_body ? CGW_OK : CGW_ENOMEM;
}

static int text_on_loop(void *arg)
{
    const struct body_ask *ask = arg;
    cgw_request *req = ask->req;
    int status = CGW_OK;
    if (req->is_body_streamed)
        return CGW_EINVAL;
    if (!req->has_body)
        status = read_whole(req, ask->site);
    if (status == CGW_OK)
        *ask->ret = req->body;
    return status;
}

int cgw__body_text(cgw_request *req, cgw_str *ret_body, const struct cgw_site *site)
{
    struct body_ask ask = {req, ret_body, site};
    if (!req->has_body || req->is_body_streamed)
        return task_on_loop(text_on_loop, &ask);
    *ret_body = req->body;
    return CGW_OK;
}

/* The last piece is lent by the host until the next receive: copied, so that there may be one, to
   watch for the client. Where there is no memory for that, nobody watches. */
static void keep_last(cgw_request *req, cgw_str *piece)
{
    char *copy = piece->len ? arena_copy(&req->arena, piece->ptr, piece->len) : NULL;
    if (copy)
        piece->ptr = copy;
    if (copy || !piece->len)
        channel_used(req);
}

/* A body that was read as a whole is one piece. */
static int next_on_loop(void *arg)
{
    const struct body_ask *ask = arg;
    cgw_request *req = ask->req;
    if (req->has_body) {
        *ask->ret = req->is_body_streamed ? (cgw_str){"", 0} : req->body;
        req->is_body_streamed = true;
        return CGW_OK;
    }
    req->is_body_streamed = true;
    int status = read_piece(req, ask->ret, ask->site);
    if (status == CGW_OK && req->is_body_over)
        keep_last(req, ask->ret);
    return status;
}

int cgw__body_next(cgw_request *req, cgw_str *ret_piece, const struct cgw_site *site)
{
    struct body_ask ask = {req, ret_piece, site};
    return task_on_loop(next_on_loop, &ask);
}
