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

/* Bytes other than letters and '-', which most names of fields have nothing else than. */
static inline vector chars_not_plain(vector v)
{
    return ~(vector_range(v | VECTOR(0x20), 'a', 'z') | vector_equal(v, '-'));
}

static inline bool chars_is_token(struct str s)
{
    return s.len != 0 && (!vector_any(s.ptr, s.len, chars_not_plain) || chars_all(s, CHAR_TOKEN));
}

/* Bytes outside 0x21..0x7e. */
static inline vector chars_not_target(vector v)
{
    return ~vector_range(v, 0x21, 0x7e);
}

/* May s be (a part of) a request target? An empty s may. */
static inline bool chars_is_target(struct str s)
{
    return !vector_any(s.ptr, s.len, chars_not_target);
}

/* The first control byte (below 0x20, or DEL) of p..end, or end. */
const char *chars_find_control(const char *p, const char *end);
/* The same for processors whose vector instructions it does not know. */
const char *chars_find_control_portable(const char *p, const char *end);

static inline vector chars_control(vector v)
{
    return vector_range(v, 0, 0x1f) | vector_equal(v, 0x7f);
}

/* A field value: HTAB, SP, VCHAR and obs-text, no other control byte. */
static inline bool chars_is_value(struct str s)
{
    if (!vector_any(s.ptr, s.len, chars_control))
        return true;
    const char *end = s.ptr + s.len, *p = s.ptr;
    while (p < end && (p = chars_find_control(p, end)) < end && *p == '\t')
        p++;
    return p == end;
}
#endif
