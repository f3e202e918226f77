/*
 * Request targets and hosts: slices of what was sent, nothing is normalised (behaviours 68 to 71,
 * 78 to 81); what is not exactly a form of RFC 9112 3.2 is refused.
 */
#include "proto/target.h"
#include "base/number.h"
#include "proto/chars.h"
#include <arpa/inet.h>
#include <errno.h>

/* ---- hosts ---- */

static bool is_hex(char c)
{
    c = ascii_lower(c);
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* ":" *DIGIT, at most 65535; nothing at all is fine too. */
static bool is_port(struct str text)
{
    unsigned port = 0;
    if (text.len && text.ptr[0] != ':')
        return false;
    for (size_t i = 1; i < text.len && port <= 65535; i++) {
        unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        port = port * 10 + digit;
    }
    return port <= 65535;
}

/* "[" IPv6address "]" port. Zones and future versions are no business of a server. */
static bool is_bracketed(struct str text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr binary;
    const char *close = memchr(text.ptr, ']', text.len);
    if (!close)
        return false;
    size_t n = (size_t)(close - text.ptr) - 1;
    if (n == 0 || n >= sizeof address)
        return false;
    memcpy(address, text.ptr + 1, n);
    address[n] = '\0';
    return strlen(address) == n && inet_pton(AF_INET6, address, &binary) == 1 &&
           is_port((struct str){close + 1, text.len - n - 2});
}

/* The bytes of text that are a name: no empty label but behind one dot at the end; each '%' with
   its two digits. 0: it is none. */
static size_t name_length(struct str text)
{
    size_t n = 0;
    bool is_label = false; /* the byte before is of one */
    for (; n < text.len && (chars_class[(unsigned char)text.ptr[n]] & CHAR_REG_NAME); n++) {
        if (text.ptr[n] == '.' && !is_label)
            return 0;
        is_label = text.ptr[n] != '.';
        if (text.ptr[n] == '%' &&
            (text.len - n < 3 || !is_hex(text.ptr[n + 1]) || !is_hex(text.ptr[n + 2])))
            return 0;
    }
    return n;
}

bool target_is_host(struct str text)
{
    if (text.len == 0)
        return false;
    if (text.ptr[0] == '[')
        return is_bracketed(text);
    size_t n = name_length(text);
    return n && is_port((struct str){text.ptr + n, text.len - n});
}

/* ---- targets ---- */

/* The bytes of "http://" or "https://" in front, or 0. */
static size_t scheme_length(struct str text)
{
    static const struct str schemes[] = {STR("http://"), STR("https://")};
    for (size_t i = 0; i < 2; i++)
        if (text.len > schemes[i].len &&
            str_is_nocase((struct str){text.ptr, schemes[i].len}, schemes[i]))
            return schemes[i].len;
    return 0;
}

/* Bytes that end a path. */
static inline vector path_ends(vector v)
{
    return vector_equal(v, '?') | vector_equal(v, '#');
}

/* Split "path?query"; text has no fragment. */
static void split(struct str text, struct target *target)
{
    const char *mark = text.len ? memchr(text.ptr, '?', text.len) : NULL;
    size_t n = mark ? (size_t)(mark - text.ptr) : text.len;
    target->path = (struct str){text.ptr, n};
    target->query = mark ? (struct str){mark + 1, text.len - n - 1} : STR("");
}

static struct str without_fragment(struct str text)
{
    const char *mark = memchr(text.ptr, '#', text.len);
    return mark ? (struct str){text.ptr, (size_t)(mark - text.ptr)} : text;
}

static int parse_absolute(struct str method, struct str text, struct target *ret_target)
{
    struct target target = {.query = STR("")};
    size_t scheme = scheme_length(text);
    if (scheme == 0)
        return 400;
    struct str rest = {text.ptr + scheme, text.len - scheme};
    size_t n = 0;
    while (n < rest.len && rest.ptr[n] != '/' && rest.ptr[n] != '?')
        n++;
    target.authority = (struct str){rest.ptr, n};
    if (!target_is_host(target.authority))
        return 400;
    split((struct str){rest.ptr + n, rest.len - n}, &target);
    /* RFC 9112 3.2.4: OPTIONS for the whole server, in the form that proxies get */
    if (target.path.len == 0)
        target.path = n == rest.len && str_is(method, STR("OPTIONS")) ? STR("*") : STR("/");
    *ret_target = target;
    return 0;
}

int target_parse(struct str method, struct str text, struct target *ret_target)
{
    if (text.len == 0 || !chars_is_target(text))
        return 400;
    /* authority-form asks for a proxy, which this is not */
    if (str_is(method, STR("CONNECT")))
        return 400;
    bool is_plain = text.ptr[0] == '/' && !vector_any(text.ptr, text.len, path_ends);
    if (is_plain || (str_is(text, STR("*")) && str_is(method, STR("OPTIONS")))) {
        *ret_target = (struct target){text, STR(""), STR("")};
        return 0;
    }
    text = without_fragment(text);
    if (text.len == 0 || text.ptr[0] == '*')
        return 400;
    if (text.ptr[0] != '/')
        return parse_absolute(method, text, ret_target);
    ret_target->authority = STR("");
    split(text, ret_target);
    return 0;
}

/* ---- decoding ---- */

static char hex_value(char c)
{
    return (char)(c <= '9' ? c - '0' : ascii_lower(c) - 'a' + 10);
}

/* Percent-decode path to dst, which has room for it all; the length. */
static size_t percent_decode(char *dst, struct str path)
{
    char *start = dst;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        if (c == '%' && path.len - i > 2 && is_hex(path.ptr[i + 1]) && is_hex(path.ptr[i + 2])) {
            c = (char)(hex_value(path.ptr[i + 1]) << 4 | hex_value(path.ptr[i + 2]));
            i += 2;
        }
        *dst++ = c;
    }
    return (size_t)(dst - start);
}

/* What may follow the first byte of a sequence (Unicode, table 3-7). */
struct utf8_lead {
    unsigned char length, low, high; /* bytes in all; range of the second; 0: no lead byte */
};

static struct utf8_lead utf8_lead(unsigned char c)
{
    if (c < 0x80)
        return (struct utf8_lead){1, 0, 0};
    if (c < 0xc2 || c > 0xf4)
        return (struct utf8_lead){0, 0, 0};
    if (c < 0xe0)
        return (struct utf8_lead){2, 0x80, 0xbf};
    if (c < 0xf0)
        return (struct utf8_lead){3, c == 0xe0 ? 0xa0 : 0x80, c == 0xed ? 0x9f : 0xbf};
    return (struct utf8_lead){4, c == 0xf0 ? 0x90 : 0x80, c == 0xf4 ? 0x8f : 0xbf};
}

/*
 * Bytes of the sequence in front of s, which is not empty. Where it is none, the bytes that one
 * U+FFFD stands for: the longest start of a sequence, at least one (Unicode 3.9, U+FFFD
 * substitution of maximal subparts).
 */
static size_t utf8_step(struct str s, bool *ret_is_valid)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    struct utf8_lead lead = utf8_lead(p[0]);
    size_t n = 1;
    if (lead.length > 1 && s.len > 1 && p[1] >= lead.low && p[1] <= lead.high) {
        n = 2;
        while (n < lead.length && n < s.len && (p[n] & 0xc0) == 0x80)
            n++;
    }
    *ret_is_valid = n == lead.length;
    return n;
}

static bool is_utf8(struct str s)
{
    bool is_valid = true;
    while (s.len && is_valid) {
        size_t n = utf8_step(s, &is_valid);
        s = (struct str){s.ptr + n, s.len - n};
    }
    return is_valid;
}

/* Copy s to dst, which has three bytes of room for each, with U+FFFD for what is no UTF-8. */
static size_t utf8_repair(char *dst, struct str s)
{
    char *start = dst;
    while (s.len) {
        bool is_valid;
        size_t n = utf8_step(s, &is_valid);
        struct str piece = is_valid ? (struct str){s.ptr, n} : STR("\xef\xbf\xbd");
        memcpy(dst, piece.ptr, piece.len);
        dst += piece.len;
        s = (struct str){s.ptr + n, s.len - n};
    }
    return (size_t)(dst - start);
}

int target_decode(struct arena *arena, struct str prefix, struct str path, struct str *ret_path)
{
    char *text = arena_alloc(arena, prefix.len + path.len + 1);
    if (!text)
        return -ENOMEM;
    size_t len = percent_decode(text + prefix.len, path);
    struct str decoded = {text + prefix.len, len};
    if (!is_utf8(decoded)) {
        text = arena_alloc(arena, prefix.len + 3 * len + 1);
        if (!text)
            return -ENOMEM;
        len = utf8_repair(text + prefix.len, decoded);
    }
    if (prefix.len)
        memcpy(text, prefix.ptr, prefix.len);
    text[prefix.len + len] = '\0';
    *ret_path = (struct str){text, prefix.len + len};
    return 0;
}
