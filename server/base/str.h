/*
 * Byte strings: a pointer and a length, never owned, never required to end in NUL.
 * The layouts are those of struct cgw_str and struct cgw_header, which app/ asserts.
 */
#ifndef BASE_STR_H
#define BASE_STR_H
#include "base/vector.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *ptr;
    size_t len;
};

/* A field of a head: name and value. Also read through struct cgw_header, hence may_alias. */
struct __attribute__((may_alias)) field {
    struct str name, value;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_from(const char *cstr)
{
    return (struct str){cstr, cstr ? strlen(cstr) : 0};
}

static inline bool str_is(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII only, whatever the locale. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/*
 * Copy n bytes in lower case, eight at a time. In each byte of word, bit 7 of the two sums says
 * whether its low seven bits reach 'A' and pass 'Z'; bytes beyond ASCII are left alone.
 */
static inline uint64_t ascii_lower_word(const char *src)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t word;
    memcpy(&word, src, 8);
    uint64_t low = word & ~tops;
    uint64_t is_upper = (low + ones * (0x80 - 'A')) ^ (low + ones * (0x7f - 'Z'));
    return word | (is_upper & ~word & tops) >> 2;
}

static inline void ascii_lower_copy(char *dst, const char *src, size_t n)
{
    if (n < 8) {
        for (size_t i = 0; i < n; i++)
            dst[i] = ascii_lower(src[i]);
        return;
    }
    uint64_t last = ascii_lower_word(src + n - 8); /* some of these bytes are copied twice */
    for (size_t i = 0; i + 8 < n; i += 8) {
        uint64_t word = ascii_lower_word(src + i);
        memcpy(dst + i, &word, 8);
    }
    memcpy(dst + n - 8, &last, 8);
}

/* Copy s to dst, short ones without a call; behind the copy. */
static inline char *str_put(char *dst, struct str s)
{
    char *end = dst + s.len, first[16], last[16];
    if (s.len > 32) {
        memcpy(dst, s.ptr, s.len);
    } else if (s.len >= 16) {
        memcpy(first, s.ptr, 16);
        memcpy(last, s.ptr + s.len - 16, 16);
        memcpy(dst, first, 16);
        memcpy(end - 16, last, 16);
    } else if (s.len >= 8) {
        memcpy(first, s.ptr, 8);
        memcpy(last, s.ptr + s.len - 8, 8);
        memcpy(dst, first, 8);
        memcpy(end - 8, last, 8);
    } else {
        for (size_t i = 0; i < s.len; i++)
            dst[i] = s.ptr[i];
    }
    return end;
}

static inline bool str_is_nocase(struct str a, struct str b)
{
    if (str_is(a, b)) /* most text is in lower case already */
        return true;
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

/* Without the blanks and tabs (OWS, RFC 9110 5.6.3) around it. */
static inline struct str str_trim(struct str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s.ptr++, s.len--;
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/*
 * Take the next element of a comma-separated list off *list, trimmed. false when there is none
 * left; empty elements are given as empty strings. Start with the whole value in *list.
 */
static inline bool str_next_element(struct str *list, struct str *ret_element)
{
    if (!list->ptr)
        return false;
    const char *comma = list->len ? memchr(list->ptr, ',', list->len) : NULL;
    size_t n = comma ? (size_t)(comma - list->ptr) : list->len;
    *ret_element = str_trim((struct str){list->ptr, n});
    *list = comma ? (struct str){comma + 1, list->len - n - 1} : (struct str){NULL, 0};
    return true;
}

/* Does the comma-separated list contain the token, whatever its case? */
static inline bool str_list_has(struct str list, struct str token)
{
    struct str element;
    while (str_next_element(&list, &element))
        if (str_is_nocase(element, token))
            return true;
    return false;
}
#endif
