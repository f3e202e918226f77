/* One copy of the query is cut in place; only what has escapes, or no ASCII, is decoded apart. */
#include "web/query.h"
#include "web/match.h"
#include <string.h>

static size_t count(cgw_str query)
{
    size_t n = 1;
    for (size_t i = 0; i < query.len; i++)
        n += query.ptr[i] == '&';
    return n;
}

static bool is_plain(const char *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (ptr[i] == '%' || (unsigned char)ptr[i] >= 0x80)
            return false;
    return true;
}

/* ptr has room for a NUL behind. */
static int decode(struct arena *arena, char *ptr, size_t len, cgw_str *ret_text)
{
    struct match_text decoded = {.text = {ptr, len}};
    ptr[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (ptr[i] == '+')
            ptr[i] = ' ';
    if (!is_plain(ptr, len) && match_path_decode(arena, ptr, len, &decoded) != CGW_OK)
        return CGW_ENOMEM;
    *ret_text = decoded.text;
    return CGW_OK;
}

static int decode_pair(struct arena *arena, char *ptr, size_t len, struct model_pair *ret_pair)
{
    char *equals = memchr(ptr, '=', len);
    size_t name_len = equals ? (size_t)(equals - ptr) : len;
    ret_pair->value = (cgw_str){"", 0};
    if (equals && decode(arena, equals + 1, len - name_len - 1, &ret_pair->value) != CGW_OK)
        return CGW_ENOMEM;
    return decode(arena, ptr, name_len, &ret_pair->name);
}

int query_parse(struct arena *arena, cgw_str query, const struct model_pair **ret_pairs,
                size_t *ret_n)
{
    size_t n = 0;
    char *copy = arena_copy(arena, query.ptr, query.len);
    struct model_pair *pairs = arena_alloc(arena, count(query) * sizeof(*pairs));
    if (!copy || !pairs)
        return CGW_ENOMEM;
    for (char *at = copy, *end = copy + query.len; at < end;) {
        char *next = memchr(at, '&', (size_t)(end - at));
        size_t len = (size_t)((next ? next : end) - at);
        if (len && decode_pair(arena, at, len, &pairs[n++]) != CGW_OK)
            return CGW_ENOMEM;
        at += len + 1;
    }
    *ret_pairs = pairs;
    *ret_n = n;
    return CGW_OK;
}
