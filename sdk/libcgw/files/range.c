/*
 * Ranges that overlap, or touch, are one: so asking often for the same does not make a reply longer
 * than the file. What is malformed is refused, as section 14.2 allows; so is another unit, which it
 * would have ignored: a client that asks for lines and gets bytes has not got what it wanted.
 */
#include "files/range.h"
#include <stdbool.h>
#include <string.h>
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

static bool touch(const struct range *a, const struct range *b)
{
    return a->first <= b->first + b->count && b->first <= a->first + a->count;
}

static struct range join(const struct range *a, const struct range *b)
{
    uint64_t first = a->first < b->first ? a->first : b->first;
    uint64_t a_end = a->first + a->count, b_end = b->first + b->count;
    return (struct range){first, (a_end > b_end ? a_end : b_end) - first};
}

static void add(struct ranges *ranges, struct range range)
{
    size_t at = ranges->n;
    for (size_t i = 0; i < ranges->n;) {
        if (!touch(&ranges->items[i], &range)) {
            i++;
            continue;
        }
        range = join(&ranges->items[i], &range);
        at = i < at ? i : at;
        ranges->n--;
        memmove(&ranges->items[i], &ranges->items[i + 1],
                (ranges->n - i) * sizeof(ranges->items[0]));
        i = 0; /* it has grown */
    }
    at = at < ranges->n ? at : ranges->n;
    memmove(&ranges->items[at + 1], &ranges->items[at],
            (ranges->n - at) * sizeof(ranges->items[0]));
    ranges->items[at] = range;
    ranges->n++;
}

/* The list behind "bytes=": false where it is malformed. Empty elements are allowed (5.6.1.2). */
static bool list(struct scan *scan, uint64_t size, size_t *ret_asked, struct ranges *ranges)
{
    size_t asked = 0;
    do {
        struct range range;
        skip_blanks(scan);
        if (scan->at == scan->end || *scan->at == ',')
            continue;
        if (!spec(scan, size, &range))
            return false;
        skip_blanks(scan);
        if (asked++ < RANGES_MAX && range.count > 0)
            add(ranges, range);
    } while (has(scan, ','));
    *ret_asked = asked;
    return scan->at == scan->end;
}

enum range_answer range_parse(struct cgw_str value, uint64_t size, struct ranges *ret_ranges)
{
    struct scan scan = {value.ptr, value.ptr + value.len};
    size_t asked;
    if (value.len < 6 || strncasecmp(value.ptr, "bytes=", 6) != 0)
        return RANGE_BAD;
    scan.at += 6;
    ret_ranges->n = 0;
    if (!list(&scan, size, &asked, ret_ranges) || asked == 0)
        return RANGE_BAD;
    /* Some clients ask for the first bytes of everything: an empty file is no error. */
    if (size == 0 || asked > RANGES_MAX)
        return RANGE_WHOLE;
    return ret_ranges->n ? RANGE_PARTS : RANGE_NONE;
}
