/* Four digits are three bytes; the last four may say fewer, with '=' for what is not there. */
#include "model/base64_read.h"
#include <stdio.h>

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int refuse(char *error, const char *what, char byte, size_t at)
{
    snprintf(error, BASE64_ERROR_BYTES, "Invalid %s %d, offset %zu.", what, (unsigned char)byte,
             at);
    return CGW_EINVALID;
}

int base64_read(cgw_str text, struct arena *arena, cgw_str *ret_bytes,
                char error[BASE64_ERROR_BYTES])
{
    size_t digits = text.len, n = 0;
    uint32_t bits = 0;
    while (text.len - digits < 2 && digits && text.ptr[digits - 1] == '=')
        digits--;
    for (size_t i = 0; i < digits; i++)
        if (digit_of(text.ptr[i]) < 0)
            return refuse(error, "symbol", text.ptr[i], i);
    if (text.len % 4) {
        snprintf(error, BASE64_ERROR_BYTES, "Invalid padding");
        return CGW_EINVALID;
    }
    char *bytes = arena_alloc(arena, text.len / 4 * 3 + 1);
    if (!bytes)
        return CGW_ENOMEM;
    for (size_t i = 0; i < digits; i++) {
        bits = bits << 6 | (uint32_t)digit_of(text.ptr[i]);
        if (i % 4)
            bytes[n++] = (char)(bits >> (6 - i % 4 * 2));
    }
    uint32_t unused = digits % 4 == 2 ? bits & 15 : digits % 4 == 3 ? bits & 3 : 0;
    if (unused)
        return refuse(error, "last symbol", text.ptr[digits - 1], digits - 1);
    bytes[n] = '\0';
    *ret_bytes = (cgw_str){bytes, n};
    return CGW_OK;
}
