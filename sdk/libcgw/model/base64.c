/* Three bytes are four digits; the last one or two are filled up with zero bits, and '='. */
#include "model/base64.h"

enum { PIECE_BYTES = 3 * 1024 }; /* at once, so that a buffer that is flushed need not grow */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *put_group(char *dst, uint32_t bits)
{
    for (int i = 0; i < 4; i++)
        dst[i] = digits[bits >> (18 - 6 * i) & 63];
    return dst + 4;
}

static char *put_last(char *dst, const unsigned char *ptr, size_t len)
{
    dst = put_group(dst, (uint32_t)ptr[0] << 16 | (len > 1 ? (uint32_t)ptr[1] << 8 : 0));
    dst[-1] = '=';
    if (len == 1)
        dst[-2] = '=';
    return dst;
}

static void write_piece(struct buffer *out, const unsigned char *ptr, size_t len)
{
    if (!buffer_reserve(out, (len + 2) / 3 * 4))
        return;
    char *dst = out->ptr + out->len;
    for (; len >= 3; ptr += 3, len -= 3)
        dst = put_group(dst, (uint32_t)ptr[0] << 16 | (uint32_t)ptr[1] << 8 | ptr[2]);
    if (len > 0)
        dst = put_last(dst, ptr, len);
    out->len = (size_t)(dst - out->ptr);
}

void base64_write(struct buffer *out, cgw_str bytes)
{
    const unsigned char *ptr = (const unsigned char *)bytes.ptr;
    for (size_t left = bytes.len; left > 0 && !out->status;) {
        size_t n = left < PIECE_BYTES ? left : PIECE_BYTES;
        write_piece(out, ptr, n);
        ptr += n;
        left -= n;
    }
}
