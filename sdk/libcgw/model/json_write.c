/*
 * The scalars of JSON as text. Each function asks the buffer for its worst case once and then
 * writes without looking; strings go over in runs of what needs no escape, eight bytes at a look.
 */
#include "model/decimal.h"
#include "model/model.h"
#include <string.h>

enum { U64_LEN = 20, DOUBLE_LEN = 32 };

/* ---- numbers ---- */

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

/* Digits that end before end; where they begin. */
static char *put_u64(char *end, uint64_t value)
{
    for (; value >= 100; value /= 100) {
        end -= 2;
        memcpy(end, pairs + value % 100 * 2, 2);
    }
    if (value < 10) {
        *--end = (char)('0' + value);
        return end;
    }
    end -= 2;
    memcpy(end, pairs + value * 2, 2);
    return end;
}

void json_write_u64(struct buffer *out, uint64_t value)
{
    char text[U64_LEN];
    char *begin = put_u64(text + sizeof text, value);
    buffer_add(out, begin, (size_t)(text + sizeof text - begin));
}

void json_write_i64(struct buffer *out, int64_t value)
{
    char text[U64_LEN + 1];
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char *begin = put_u64(text + sizeof text, magnitude);
    if (value < 0)
        *--begin = '-';
    buffer_add(out, begin, (size_t)(text + sizeof text - begin));
}

static char *put(char *dst, const char *ptr, size_t len)
{
    memcpy(dst, ptr, len);
    return dst + len;
}

static char *put_zeros(char *dst, int n)
{
    memset(dst, '0', (size_t)n);
    return dst + n;
}

/* point: where the decimal point stands among the n digits, from their beginning. */
static char *put_fixed(char *dst, const char *digits, int n, int point)
{
    if (point <= 0) {
        dst = put_zeros(put(dst, "0.", 2), -point);
        return put(dst, digits, (size_t)n);
    }
    if (point >= n) {
        dst = put_zeros(put(dst, digits, (size_t)n), point - n);
        return put(dst, ".0", 2);
    }
    dst = put(dst, digits, (size_t)point);
    *dst++ = '.';
    return put(dst, digits + point, (size_t)(n - point));
}

/* 1.5e-07, 1e+22: as Python, with two digits of exponent at least. */
static char *put_exponent(char *dst, const char *digits, int n, int exponent)
{
    *dst++ = *digits;
    if (n > 1) {
        *dst++ = '.';
        dst = put(dst, digits + 1, (size_t)(n - 1));
    }
    *dst++ = 'e';
    *dst++ = exponent < 0 ? '-' : '+';
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    if (magnitude >= 100)
        *dst++ = (char)('0' + magnitude / 100);
    return put(dst, pairs + magnitude % 100 * 2, 2);
}

void json_write_double(struct buffer *out, double value)
{
    if (!__builtin_isfinite(value)) {
        buffer_add_literal(out, "null");
        return;
    }
    if (!buffer_reserve(out, DOUBLE_LEN))
        return;
    char *dst = out->ptr + out->len;
    if (__builtin_signbit(value)) {
        *dst++ = '-';
        value = -value;
    }
    struct decimal decimal = decimal_of(value);
    char text[U64_LEN];
    char *digits = put_u64(text + sizeof text, decimal.digits);
    int n = (int)(text + sizeof text - digits), point = n + decimal.exponent;
    dst = point > -4 && point <= 16 ? put_fixed(dst, digits, n, point)
                                    : put_exponent(dst, digits, n, point - 1);
    out->len = (size_t)(dst - out->ptr);
}

/* ---- strings ---- */

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS (ONES * 0x80)

/* Is one of eight bytes a control character, a quote, a backslash, or beyond ASCII? May err only
   where another of them is. */
static bool has_special(uint64_t eight)
{
    uint64_t quote = eight ^ ONES * '"', backslash = eight ^ ONES * '\\';
    return ((eight - ONES * 0x20) | (quote - ONES) | (backslash - ONES) | eight) & HIGHS;
}

static bool is_special(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c >= 0x80;
}

/* How many bytes from ptr on go over as they are. */
static size_t plain_run(const char *ptr, size_t len)
{
    size_t n = 0;
    for (uint64_t eight; len - n >= sizeof eight; n += sizeof eight) {
        memcpy(&eight, ptr + n, sizeof eight);
        if (has_special(eight))
            break;
    }
    while (n < len && !is_special((unsigned char)ptr[n]))
        n++;
    return n;
}

/* The character at ptr, which begins with a byte beyond ASCII. *ret_len: its bytes, or as many as
   the longest beginning of one that is there, or 1. */
static bool is_utf8(const unsigned char *ptr, size_t len, size_t *ret_len)
{
    unsigned char lead = *ptr, low = 0x80, high = 0xbf;
    size_t n = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (lead == 0xe0)
        low = 0xa0; /* shorter forms exist */
    else if (lead == 0xed)
        high = 0x9f; /* surrogates */
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f; /* beyond U+10FFFF */
    size_t i = 1;
    for (; i < n && i < len && ptr[i] >= low && ptr[i] <= high; i++) {
        low = 0x80;
        high = 0xbf;
    }
    *ret_len = i;
    return i == n;
}

/* Of what is not ASCII: how many bytes from ptr on go over as they are. */
static size_t utf8_run(const char *ptr, size_t len)
{
    size_t n = 0, one;
    while (n < len && (unsigned char)ptr[n] >= 0x80 &&
           is_utf8((const unsigned char *)ptr + n, len - n, &one))
        n += one;
    return n;
}

static void add_escape(struct buffer *out, unsigned char c)
{
    static const char shorts[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    static const char hex[] = "0123456789abcdef";
    char letter = c < 0x20 ? shorts[c] : (char)c;
    char text[6] = {'\\', letter ? letter : 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    buffer_add(out, text, letter ? 2 : 6);
}

/* What stands at ptr is not plain; how many bytes of it are dealt with. */
static size_t add_special(struct buffer *out, const char *ptr, size_t len)
{
    if ((unsigned char)*ptr < 0x80) {
        add_escape(out, (unsigned char)*ptr);
        return 1;
    }
    size_t n = utf8_run(ptr, len);
    if (n > 0) {
        buffer_add(out, ptr, n);
        return n;
    }
    is_utf8((const unsigned char *)ptr, len, &n);
    buffer_add_literal(out, "\xef\xbf\xbd"); /* U+FFFD, one for each piece, as Unicode advises */
    return n;
}

void json_write_string(struct buffer *out, cgw_str text)
{
    const char *ptr = text.ptr;
    size_t left = text.len;
    buffer_add_char(out, '"');
    while (left > 0) {
        size_t n = plain_run(ptr, left);
        buffer_add(out, ptr, n);
        if (n < left)
            n += add_special(out, ptr + n, left - n);
        ptr += n;
        left -= n;
    }
    buffer_add_char(out, '"');
}
