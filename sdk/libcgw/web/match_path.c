/*
 * A path as the client sent it, cut at its slashes first and decoded then, so that %2F stays inside
 * a segment. root_path, which the host has put in front, is taken off.
 */
#include "web/match.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many bytes at p are one character, or, negative, belong to none: Unicode 16, table 3-7. */
static int character(const unsigned char *p, size_t len)
{
    unsigned char lead = p[0];
    size_t n = lead < 0x80   ? 1
               : lead < 0xc2 ? 0
               : lead < 0xe0 ? 2
               : lead < 0xf0 ? 3
               : lead < 0xf5 ? 4
                             : 0;
    unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (n == 0)
        return -1;
    for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf)
        if (i == len || p[i] < low || p[i] > high)
            return -(int)i;
    return (int)n;
}

bool match_path_is_utf8(const char *ptr, size_t len)
{
    for (size_t i = 0; i < len;) {
        int n = character((const unsigned char *)ptr + i, len - i);
        if (n < 0)
            return false;
        i += (size_t)n;
    }
    return true;
}

/* Each run of bytes that begins a character and does not end it becomes one, as in the host's path.
 */
size_t match_path_mend(char *to, const char *ptr, size_t len)
{
    size_t n_to = 0;
    for (size_t i = 0; i < len;) {
        int n = character((const unsigned char *)ptr + i, len - i);
        size_t taken = (size_t)(n < 0 ? -n : n), given = n < 0 ? 3 : taken;
        memcpy(to + n_to, n < 0 ? "\xef\xbf\xbd" : ptr + i, given);
        n_to += given;
        i += taken;
    }
    return n_to;
}

/* What % stands for; a % that begins no escape is itself. */
static size_t unescape(char *to, const char *raw, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int high = raw[i] == '%' && len - i > 2 ? hex(raw[i + 1]) : -1;
        int low = high >= 0 ? hex(raw[i + 2]) : -1;
        to[n++] = low >= 0 ? (char)(high * 16 + low) : raw[i];
        i += low >= 0 ? 2 : 0;
    }
    return n;
}

int match_path_decode(struct arena *arena, const char *raw, size_t len, struct match_text *ret_text)
{
    char *decoded = arena_alloc(arena, len + 1);
    if (!decoded)
        return CGW_ENOMEM;
    size_t n = unescape(decoded, raw, len);
    if (!match_path_is_utf8(decoded, n)) {
        char *mended = arena_alloc(arena, 3 * n + 1);
        if (!mended)
            return CGW_ENOMEM;
        n = match_path_mend(mended, decoded, n);
        decoded = mended;
    }
    decoded[n] = '\0';
    *ret_text = (struct match_text){raw, {decoded, n}, memchr(decoded, '\0', n) != NULL};
    return CGW_OK;
}

/* As it is, where nothing in it is an escape. */
static int text_of(struct arena *arena, const char *raw, size_t len, bool is_decoded,
                   struct match_text *ret_text)
{
    if (!is_decoded && memchr(raw, '%', len))
        return match_path_decode(arena, raw, len, ret_text);
    *ret_text = (struct match_text){raw, {raw, len}, false};
    if (is_decoded)
        ret_text->has_nul = memchr(raw, '\0', len) != NULL;
    return CGW_OK;
}

int match_path_rest(struct arena *arena, const struct match_path *path, size_t from,
                    struct match_text *ret_text)
{
    const char *raw = path->segments[from].raw;
    return text_of(arena, raw, (size_t)(path->end - raw), path->is_decoded, ret_text);
}

/* The host puts root_path in front as it is; another one may have escaped it. */
static cgw_str without_root(cgw_str raw, cgw_str root)
{
    size_t at = 0;
    if (root.len <= raw.len && memcmp(raw.ptr, root.ptr, root.len) == 0) {
        at = root.len;
    } else {
        for (size_t i = 0; i < root.len; i++) {
            char c[3];
            size_t left = raw.len - at, n = left && raw.ptr[at] == '%' && left > 2 ? 3 : 1;
            if (left == 0 || unescape(c, raw.ptr + at, n) != 1 || c[0] != root.ptr[i])
                return raw;
            at += n;
        }
    }
    bool is_whole = at == raw.len || raw.ptr[at] == '/';
    return is_whole ? (cgw_str){raw.ptr + at, raw.len - at} : raw;
}

int match_path_split(struct arena *arena, const struct cgw_scope *scope, size_t depth,
                     struct match_path *ret_path)
{
    bool is_decoded = scope->raw_path.len == 0;
    cgw_str raw = is_decoded ? scope->path : scope->raw_path;
    if (scope->root_path.len)
        raw = without_root(raw, scope->root_path);
    const char *p = raw.ptr, *end = raw.ptr + raw.len;
    if (raw.len == 0 || *p != '/')
        return CGW_ENOENT;
    bool is_plain = !is_decoded && !memchr(p, '%', raw.len);
    ret_path->end = end;
    ret_path->is_decoded = is_decoded;
    for (ret_path->n = 0; p < end && ret_path->n <= depth; ret_path->n++) {
        p++;
        const char *slash = p < end ? memchr(p, '/', (size_t)(end - p)) : NULL;
        const char *stop = slash ? slash : end;
        struct match_text *text = &ret_path->segments[ret_path->n];
        if (is_plain)
            *text = (struct match_text){p, {p, (size_t)(stop - p)}, false};
        else if (text_of(arena, p, (size_t)(stop - p), is_decoded, text) != CGW_OK)
            return CGW_ENOMEM;
        p = stop;
    }
    ret_path->is_more = p < end;
    return CGW_OK;
}
