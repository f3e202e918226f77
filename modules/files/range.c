/*
 * Several ranges are answered with the whole file, as section 14.2 allows: multipart bodies are
 * hardly ever asked for, and many small ranges are a known way to make a server work. Where only
 * one of them lies in the file, that one is sent.
 */
#include "range.h"
#include <stdbool.h>
#include <strings.h>

struct scan {
    const char *at, *end;
};

static bool has(struct scan *scan, char c)
{
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

static void skip_blanks(struct scan *scan)
{
    while (has(scan, ' ') || has(scan, '\t'))
        ;
}

/* Digits; a number too large for us is as good as the largest. */
static bool number(struct scan *scan, uint64_t *ret_value)
{
    const char *begin = scan->at;
    uint64_t value = 0;
    bool is_large = false;
    for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
        is_large |= __builtin_mul_overflow(value, 10, &value);
        is_large |= __builtin_add_overflow(value, (uint64_t)(*scan->at - '0'), &value);
    }
    *ret_value = is_large ? UINT64_MAX : value;
    return scan->at > begin;
}

/* "0-9", "5-" or "-5"; false where it is none of them. count stays 0 where it lies outside. */
static bool spec(struct scan *scan, uint64_t size, struct range *ret_range)
{
    uint64_t first, last;
    struct range range = {0, 0};
    if (has(scan, '-')) {
        if (!number(scan, &last))
            return false;
        range.count = last < size ? last : size;
        range.first = size - range.count;
        *ret_range = range;
        return true;
    }
    if (!number(scan, &first) || !has(scan, '-'))
        return false;
    if (!number(scan, &last))
        last = UINT64_MAX;
    else if (last < first)
        return false;
    if (first < size) {
        range.first = first;
        range.count = (last < size ? last : size - 1) - first + 1;
    }
    *ret_range = range;
    return true;
}

/* The list behind "bytes=": false where it is malformed. Empty elements are allowed (5.6.1.2). */
static bool list(struct scan *scan, uint64_t size, size_t *ret_n, size_t *ret_inside,
                 struct range *ret_part)
{
    size_t n = 0, inside = 0;
    do {
        struct range range;
        skip_blanks(scan);
        if (scan->at == scan->end || *scan->at == ',')
            continue;
        if (!spec(scan, size, &range))
            return false;
        skip_blanks(scan);
        n++;
        if (range.count > 0 && inside++ == 0)
            *ret_part = range;
    } while (has(scan, ','));
    *ret_n = n;
    *ret_inside = inside;
    return scan->at == scan->end;
}

enum range_answer range_parse(struct cgw_str value, uint64_t size, struct range *ret_part)
{
    struct scan scan = {value.ptr, value.ptr + value.len};
    struct range part;
    size_t n, inside;
    /* Some clients ask for the first bytes of everything: an empty file is no error. */
    if (size == 0 || value.len < 6 || strncasecmp(value.ptr, "bytes=", 6) != 0)
        return RANGE_WHOLE;
    scan.at += 6;
    if (!list(&scan, size, &n, &inside, &part) || n == 0 || inside > 1)
        return RANGE_WHOLE;
    if (inside == 0)
        return RANGE_NONE;
    *ret_part = part;
    return RANGE_PART;
}
