/*
 * Character classes of HTTP (RFC 9110 5.5, 5.6.2; RFC 3986 2): what may stand in a token, a field
 * value, a request target.
 */
#ifndef PROTO_CHARS_H
#define PROTO_CHARS_H
#include "base/str.h"

enum { CHAR_TOKEN = 1, CHAR_VALUE = 2, CHAR_TARGET = 4, CHAR_REG_NAME = 8 };
extern const unsigned char chars_class[256];
/* The byte in lower case where it may stand in a token, else 0. */
extern const unsigned char chars_lower_token[256];

/* All of s in class (one CHAR_ bit)? An empty s is. */
static inline bool chars_all(struct str s, unsigned char class_bit)
{
    unsigned char all = class_bit;
    for (size_t i = 0; i < s.len; i++)
        all &= chars_class[(unsigned char)s.ptr[i]];
    return all != 0;
}

static inline bool chars_is_token(struct str s)
{
    return s.len != 0 && chars_all(s, CHAR_TOKEN);
}

/* The first control byte (below 0x20, or DEL) of p..end, or end. */
const char *chars_find_control(const char *p, const char *end);
/* The same without vector instructions, for processors that have none. */
const char *chars_find_control_portable(const char *p, const char *end);

/* A field value: HTAB, SP, VCHAR and obs-text, no other control byte. */
static inline bool chars_is_value(struct str s)
{
    const char *end = s.ptr + s.len, *p = s.ptr;
    while (p < end && (p = chars_find_control(p, end)) < end && *p == '\t')
        p++;
    return p == end;
}
#endif
