/*
 * Chunked framing, vetted byte by byte (RFC 9112 7.1; behaviours 34 to 39): sizes without sign,
 * blank or overflow, CR LF and nothing else at each end of line, no control byte in extensions and
 * trailers, nothing unbounded. Extensions mean nothing to anybody and are not shown to llhttp,
 * whose versions differ over them; trailers are vetted like fields and dropped.
 */
#include "proto/chars.h"
#include "proto/http1_parts.h"

#define MAX_LINE   4096 /* bytes of a chunk line, its extension included */
#define MAX_DIGITS 16   /* of a size */

enum at {
    AT_SIZE, /* the zero state: before a size's first digit */
    AT_DIGITS,
    AT_EXTENSION,
    AT_SIZE_LF,
    AT_DATA,
    AT_DATA_CR,
    AT_DATA_LF,
    AT_TRAILER, /* before a trailer line's first byte */
    AT_NAME,
    AT_VALUE,
    AT_TRAILER_LF,
    AT_END_LF,
    AT_END
};

static bool is_text(char c)
{
    return (chars_class[(unsigned char)c] & CHAR_VALUE) != 0;
}

/* ---- the chunk line ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_digit(struct http1 *h, int digit)
{
    struct http1_body_state *body = &h->body;
    body->at = AT_DIGITS;
    if ((body->n_digits || digit) && ++body->n_digits > MAX_DIGITS)
        return http1_refuse(h, 400, "chunk size too large");
    body->left = body->left << 4 | (uint64_t)digit;
    return 0;
}

static int take_size(struct http1 *h, char c)
{
    struct http1_body_state *body = &h->body;
    int digit = hex_digit(c);
    if (digit >= 0)
        return take_digit(h, digit);
    if (body->at == AT_SIZE || (c != ';' && c != '\r'))
        return http1_refuse(h, 400, "malformed chunk size");
    body->at = c == ';' ? AT_EXTENSION : AT_SIZE_LF;
    return 0;
}

static int take_extension(struct http1 *h, char c)
{
    if (c == '\r')
        h->body.at = AT_SIZE_LF;
    else if (!is_text(c))
        return http1_refuse(h, 400, "control byte in a chunk extension");
    return 0;
}

/* The line is complete: data follows, or it was the last chunk. */
static int start_chunk(struct http1 *h)
{
    struct http1_body_state *body = &h->body;
    uint64_t limit = h->limits->body_bytes ? h->limits->body_bytes : INT64_MAX;
    if (body->left > limit - body->total)
        return http1_refuse(h, 413, "body too large");
    body->total += body->left;
    body->at = body->left ? AT_DATA : AT_TRAILER;
    return 0;
}

static int take_chunk_line(struct http1 *h, char c)
{
    if (++h->body.line_len > MAX_LINE)
        return http1_refuse(h, 400, "chunk line too long");
    if (h->body.at == AT_EXTENSION)
        return take_extension(h, c);
    if (h->body.at != AT_SIZE_LF)
        return take_size(h, c);
    return c == '\n' ? start_chunk(h) : http1_refuse(h, 400, "CR without LF in a chunk line");
}

/* ---- behind the data ---- */

static int take_data_end(struct http1 *h, char c)
{
    struct http1_body_state *body = &h->body;
    if (c != (body->at == AT_DATA_CR ? '\r' : '\n'))
        return http1_refuse(h, 400, "chunk data without CRLF behind it");
    body->at = body->at == AT_DATA_CR ? AT_DATA_LF : AT_SIZE;
    body->line_len = 0;
    body->n_digits = 0;
    return 0;
}

/* ---- trailers ---- */

/* Fields for framing, routing, authentication or content format, which come before the body or not
   at all (RFC 9110 6.5.1). */
static bool is_forbidden(struct str name)
{
    static const struct str forbidden[] = {STR("content-length"),
                                           STR("transfer-encoding"),
                                           STR("host"),
                                           STR("connection"),
                                           STR("keep-alive"),
                                           STR("proxy-connection"),
                                           STR("upgrade"),
                                           STR("te"),
                                           STR("trailer"),
                                           STR("expect"),
                                           STR("max-forwards"),
                                           STR("range"),
                                           STR("cache-control"),
                                           STR("authorization"),
                                           STR("proxy-authorization"),
                                           STR("cookie"),
                                           STR("content-encoding"),
                                           STR("content-type"),
                                           STR("content-range"),
                                           STR("forwarded"),
                                           STR("x-forwarded-for"),
                                           STR("x-forwarded-proto")};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        if (str_is(name, forbidden[i]))
            return true;
    return false;
}

static int take_name(struct http1 *h, char c)
{
    struct http1_body_state *body = &h->body;
    char lower = (char)chars_lower_token[(unsigned char)c];
    if (lower) {
        if (body->name_len < sizeof body->name)
            body->name[body->name_len++] = lower;
        return 0;
    }
    if (c != ':' || body->name_len == 0)
        return http1_refuse(h, 400, "malformed trailer");
    if (is_forbidden((struct str){body->name, body->name_len}))
        return http1_refuse(h, 400, "forbidden trailer");
    body->at = AT_VALUE;
    return 0;
}

static int start_trailer(struct http1 *h, char c)
{
    struct http1_body_state *body = &h->body;
    if (c == '\r') {
        body->at = AT_END_LF;
        return 0;
    }
    if (++body->n_trailers > h->limits->head_fields)
        return http1_refuse(h, 431, "too many trailers");
    body->at = AT_NAME;
    body->name_len = 0;
    return take_name(h, c);
}

static int take_trailer(struct http1 *h, char c)
{
    struct http1_body_state *body = &h->body;
    if (++body->trailer_bytes > h->limits->head_bytes)
        return http1_refuse(h, 431, "trailers too long");
    if (body->at == AT_TRAILER)
        return start_trailer(h, c);
    if (body->at == AT_NAME)
        return take_name(h, c);
    if (body->at == AT_VALUE) {
        if (c == '\r')
            body->at = AT_TRAILER_LF;
        else if (!is_text(c))
            return http1_refuse(h, 400, "control byte in a trailer");
        return 0;
    }
    if (c != '\n')
        return http1_refuse(h, 400, "CR without LF in the trailers");
    body->at = body->at == AT_END_LF ? AT_END : AT_TRAILER;
    return 0;
}

/* ---- all ---- */

static int take_byte(struct http1 *h, char c)
{
    enum at at = h->body.at;
    if (at <= AT_SIZE_LF)
        return take_chunk_line(h, c);
    return at <= AT_DATA_LF ? take_data_end(h, c) : take_trailer(h, c);
}

/* The framing in front; it ends where data begins, or the body ends, or the bytes, or in failure.
 *run is the first byte that llhttp has not been shown. */
static const char *take_framing(struct http1 *h, const char *p, const char *end, const char **run)
{
    while (p < end && h->body.at != AT_DATA && h->body.at != AT_END) {
        bool was_extension = h->body.at == AT_EXTENSION;
        if (take_byte(h, *p))
            break;
        bool is_extension = h->body.at == AT_EXTENSION;
        if (is_extension && !was_extension && http1_show(h, *run, (size_t)(p - *run)))
            break;
        if (was_extension && !is_extension)
            *run = p; /* the CR behind it is shown again */
        p++;
        if (is_extension)
            *run = p;
    }
    return p;
}

size_t http1_chunk_take(struct http1 *h, const char *ptr, size_t len, struct str *ret_data,
                        bool *ret_is_end)
{
    struct http1_body_state *body = &h->body;
    const char *end = ptr + len, *run = ptr;
    const char *p = take_framing(h, ptr, end, &run);
    if (h->phase == HTTP1_FAILED)
        return len;
    struct str data = {p, (size_t)(end - p) < body->left ? (size_t)(end - p) : (size_t)body->left};
    if (body->at != AT_DATA)
        data.len = 0;
    if (http1_show(h, run, (size_t)(p - run) + data.len))
        return len;
    if (data.len && (body->left -= data.len) == 0)
        body->at = AT_DATA_CR;
    *ret_data = data;
    *ret_is_end = body->at == AT_END;
    return (size_t)(p - ptr) + data.len;
}
