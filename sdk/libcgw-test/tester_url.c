/* References, as far as clients of applications meet them. */
#include "tester_url.h"
#include "tester_memory.h"
#include <ctype.h>
#include <strings.h>

/* The text in front of a fragment. */
static char *without_fragment(cgw_test *test, const char *text)
{
    return tester_memory_copy(test, text, strcspn(text, "#"));
}

/* "/a/b/../c" as "/a/c". In place; only the path, not the query. */
static char *remove_dots(char *target)
{
    char *query = target + strcspn(target, "?"), *to = target, *from = target;
    while (from < query) {
        size_t n = 1 + strcspn(from + 1, "/?");
        bool is_last = from + n >= query;
        if (n == 3 && memcmp(from, "/..", 3) == 0) {
            while (to > target && *--to != '/')
                ;
            if (is_last)
                *to++ = '/';
        } else if (n == 2 && memcmp(from, "/.", 2) == 0) {
            if (is_last)
                *to++ = '/';
        } else {
            memmove(to, from, n);
            to += n;
        }
        from += n;
    }
    memmove(to, query, strlen(query) + 1);
    return target;
}

static struct tester_url absolute(cgw_test *test, bool is_https, const char *rest)
{
    size_t n = strcspn(rest, "/?");
    const char *slash = rest[n] == '/' ? "" : "/";
    return (struct tester_url){is_https, tester_memory_copy(test, rest, n),
                               remove_dots(tester_memory_printf(test, "%s%s", slash, rest + n))};
}

struct tester_url tester_url_resolve(cgw_test *test, const struct tester_url *base,
                                     const char *reference)
{
    const char *text = without_fragment(test, reference);
    struct tester_url url = *base;
    size_t path = strcspn(base->target, "?"), folder = path;
    if (strncasecmp(text, "http://", 7) == 0)
        return absolute(test, false, text + 7);
    if (strncasecmp(text, "https://", 8) == 0)
        return absolute(test, true, text + 8);
    if (strncmp(text, "//", 2) == 0)
        return absolute(test, base->is_https, text + 2);
    while (folder > 0 && base->target[folder - 1] != '/')
        folder--;
    if (*text == '/')
        folder = 0;
    else if (*text == '?')
        folder = path;
    if (*text)
        url.target =
            remove_dots(tester_memory_printf(test, "%.*s%s", (int)folder, base->target, text));
    return url;
}

char *tester_url_text(cgw_test *test, const struct tester_url *url)
{
    return tester_memory_printf(test, "http%s://%s%s", url->is_https ? "s" : "", url->host,
                                url->target);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10 : -1;
}

/* Bytes of the character that begins here, or 0. */
static size_t character(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char mask, mark, low, high; /* low, high: of the second byte */
        size_t n;
    } shapes[] = {{0x80, 0x00, 0, 0, 1},       {0xff, 0xe0, 0xa0, 0xbf, 3},
                  {0xff, 0xed, 0x80, 0x9f, 3}, {0xff, 0xf0, 0x90, 0xbf, 4},
                  {0xff, 0xf4, 0x80, 0x8f, 4}, {0xe0, 0xc0, 0x80, 0xbf, 2},
                  {0xf0, 0xe0, 0x80, 0xbf, 3}, {0xfc, 0xf0, 0x80, 0xbf, 4}};
    if (*p == 0xc0 || *p == 0xc1)
        return 0;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        if ((*p & shapes[i].mask) != shapes[i].mark)
            continue;
        if (shapes[i].n > left ||
            (shapes[i].n > 1 && (p[1] < shapes[i].low || p[1] > shapes[i].high)))
            return 0;
        for (size_t k = 2; k < shapes[i].n; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return shapes[i].n;
    }
    return 0;
}

static bool is_utf8(const char *text, size_t len)
{
    for (size_t at = 0, n; at < len; at += n)
        if (!(n = character((const unsigned char *)text + at, len - at)))
            return false;
    return true;
}

bool tester_url_decode(cgw_test *test, const char *raw, size_t raw_len, char **ret_text,
                       size_t *ret_len)
{
    char *text = tester_memory_copy(test, raw, raw_len), *to = text;
    for (size_t i = 0; i < raw_len; i++) {
        bool is_escape =
            raw[i] == '%' && i + 2 < raw_len && hex(raw[i + 1]) >= 0 && hex(raw[i + 2]) >= 0;
        *to++ = is_escape ? (char)(hex(raw[i + 1]) * 16 + hex(raw[i + 2])) : raw[i];
        i += is_escape ? 2 : 0;
    }
    *to = '\0';
    *ret_text = text;
    *ret_len = (size_t)(to - text);
    return is_utf8(text, *ret_len);
}
