/*
 * Bytes of anybody's made fit for a line of a log: one line stays one line, a terminal that shows
 * it is not steered, and what is text in UTF-8 stays readable.
 */
#include "base/log.h"

static const char hex[] = "0123456789abcdef";

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Bytes of the well-formed UTF-8 sequence at p, 0 where there is none (RFC 3629, 4). */
static size_t utf8_length(const unsigned char *p, size_t len)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : 4;
    if (p[0] < 0xC2 || p[0] > 0xF4 || len < n)
        return 0;
    unsigned char least = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char most = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < least || p[1] > most)
        return 0;
    for (size_t i = 2; i < n; i++)
        if (!is_continuation(p[i]))
            return 0;
    return n;
}

/* C0, DEL, and C1 (U+0080 to U+009F), which terminals obey too. */
static bool is_control(const unsigned char *p, size_t n)
{
    return p[0] < 0x20 || p[0] == 0x7F || (n == 2 && p[0] == 0xC2 && p[1] < 0xA0);
}

static size_t put_hex(char *dst, const char *lead, unsigned char c)
{
    size_t n = strlen(lead);
    memcpy(dst, lead, n);
    dst[n] = hex[c >> 4];
    dst[n + 1] = hex[c & 15];
    return n + 2;
}

/* One character of text at p as it is to stand in dst, at most 12 bytes; *ret_taken of p's. */
static size_t put_text(char *dst, const unsigned char *p, size_t len, size_t *ret_taken)
{
    size_t n = utf8_length(p, len);
    *ret_taken = n ? n : 1;
    if (n == 0 || is_control(p, n)) {
        size_t put = 0;
        for (size_t i = 0; i < *ret_taken; i++)
            put += put_hex(dst + put, "\\x", p[i]);
        return put;
    }
    memcpy(dst, p, n);
    return n;
}

static size_t put_json(char *dst, const unsigned char *p, size_t len, size_t *ret_taken)
{
    size_t n = utf8_length(p, len);
    *ret_taken = n ? n : 1;
    if (n == 0)
        return put_hex(dst, "\\\\x", p[0]);
    if (is_control(p, n))
        return put_hex(dst, "\\u00", p[n - 1]);
    size_t put = 0;
    if (p[0] == '"' || p[0] == '\\')
        dst[put++] = '\\';
    memcpy(dst + put, p, n);
    return put + n;
}

typedef size_t put_fn(char *dst, const unsigned char *p, size_t len, size_t *ret_taken);

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

static size_t escape(char *dst, size_t room, struct str text, put_fn *put)
{
    size_t used = 0;
    for (size_t i = 0, taken = 1; i < text.len; i += taken) {
        char piece[16];
        size_t n = 1;
        taken = 1;
        if (is_plain(text.ptr[i]))
            piece[0] = text.ptr[i];
        else
            n = put(piece, (const unsigned char *)text.ptr + i, text.len - i, &taken);
        if (n >= room - used)
            break;
        memcpy(dst + used, piece, n);
        used += n;
    }
    dst[used] = '\0';
    return used;
}

size_t log_escape(char *dst, size_t room, struct str text)
{
    return escape(dst, room, text, put_text);
}

size_t log_escape_json(char *dst, size_t room, struct str text)
{
    return escape(dst, room, text, put_json);
}
