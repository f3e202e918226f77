/* What a client sends is read leniently; what it is told to keep is written strictly. */
#include "web/cookie.h"
#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* ---- reading ---- */

static bool is_cookie(const struct cgw_header *header)
{
    return header->name.len == 6 && strncasecmp(header->name.ptr, "cookie", 6) == 0;
}

static size_t count(const struct cgw_header *headers, size_t n_headers)
{
    size_t n = 0;
    for (size_t i = 0; i < n_headers; i++) {
        cgw_str value = headers[i].value;
        if (!is_cookie(&headers[i]))
            continue;
        n++;
        for (size_t k = 0; k < value.len; k++)
            n += value.ptr[k] == ';';
    }
    return n;
}

static cgw_str trim(const char *ptr, const char *end)
{
    while (ptr < end && (*ptr == ' ' || *ptr == '\t'))
        ptr++;
    while (ptr < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (cgw_str){ptr, (size_t)(end - ptr)};
}

static int octal(cgw_str s, size_t at)
{
    int value = 0;
    if (s.len - at < 3 || s.ptr[at] > '3')
        return -1;
    for (size_t i = at; i < at + 3; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '7')
            return -1;
        value = value * 8 + s.ptr[i] - '0';
    }
    return value;
}

/* Within quotes: \" and \\ are the character, \073 is its number in octal, as others write them. */
static int unquote(struct arena *arena, cgw_str quoted, cgw_str *ret_text)
{
    char *to = arena_copy(arena, quoted.ptr + 1, quoted.len - 2);
    size_t n = 0;
    if (!to)
        return CGW_ENOMEM;
    for (size_t i = 1; i < quoted.len - 1; i++) {
        if (quoted.ptr[i] == '\\' && i + 1 < quoted.len - 1) {
            int value = octal(quoted, i + 1);
            to[n++] = value > 0 ? (char)value : quoted.ptr[i + 1];
            i += value > 0 ? 3 : 1;
        } else {
            to[n++] = quoted.ptr[i];
        }
    }
    to[n] = '\0';
    *ret_text = (cgw_str){to, n};
    return CGW_OK;
}

static int keep(struct arena *arena, cgw_str text, cgw_str *ret_text)
{
    if (text.len >= 2 && text.ptr[0] == '"' && text.ptr[text.len - 1] == '"')
        return unquote(arena, text, ret_text);
    *ret_text = (cgw_str){arena_copy(arena, text.ptr, text.len), text.len};
    return ret_text->ptr ? CGW_OK : CGW_ENOMEM;
}

static int parse_field(struct arena *arena, cgw_str field, struct model_pair *pairs, size_t *n)
{
    const char *end = field.ptr + field.len;
    for (const char *at = field.ptr, *next; at < end; at = next + 1) {
        next = memchr(at, ';', (size_t)(end - at));
        next = next ? next : end;
        const char *equals = memchr(at, '=', (size_t)(next - at));
        cgw_str name = trim(at, equals ? equals : at);
        if (!name.len)
            continue;
        if (keep(arena, trim(equals + 1, next), &pairs[*n].value) != CGW_OK ||
            keep(arena, name, &pairs[*n].name) != CGW_OK)
            return CGW_ENOMEM;
        (*n)++;
    }
    return CGW_OK;
}

int cookie_parse(struct arena *arena, const struct cgw_header *headers, size_t n_headers,
                 const struct model_pair **ret_pairs, size_t *ret_n)
{
    size_t n = 0;
    struct model_pair *pairs = arena_alloc(arena, count(headers, n_headers) * sizeof(*pairs));
    if (!pairs)
        return CGW_ENOMEM;
    for (size_t i = 0; i < n_headers; i++)
        if (is_cookie(&headers[i]) && parse_field(arena, headers[i].value, pairs, &n) != CGW_OK)
            return CGW_ENOMEM;
    *ret_pairs = pairs;
    *ret_n = n;
    return CGW_OK;
}

/* ---- writing ---- */

static bool is_token(const char *s)
{
    for (const char *c = s; *c; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", *c))
            return false;
    return *s;
}

static bool is_value(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s >= 0x7f || strchr("\",;\\", *s))
            return false;
    return true;
}

static bool is_attribute(const char *s)
{
    for (; s && *s; s++)
        if (*s < ' ' || *s >= 0x7f || *s == ';')
            return false;
    return true;
}

const char *cookie_fault(const char *name, const char *value,
                         const struct cgw_cookie_options *options)
{
    const char *same_site = options->same_site ? options->same_site : "lax";
    if (!is_token(name))
        return "its name is no token";
    if (!value || !is_value(value))
        return "its value has characters that cookies cannot have: encode it, as base64url";
    if (!is_attribute(options->path) || !is_attribute(options->domain))
        return "its path or domain has characters that cookies cannot have";
    if (strcasecmp(same_site, "none") == 0 && !options->secure)
        return "with .same_site \"none\" browsers want .secure";
    if (strcasecmp(same_site, "none") != 0 && strcasecmp(same_site, "lax") != 0 &&
        strcasecmp(same_site, "strict") != 0)
        return "its .same_site is neither \"lax\" nor \"strict\" nor \"none\"";
    return NULL;
}

void cookie_write(struct buffer *out, const char *name, const char *value,
                  const struct cgw_cookie_options *options)
{
    buffer_printf(out, "%s=%s; Path=%s", name, value, options->path ? options->path : "/");
    if (options->domain)
        buffer_printf(out, "; Domain=%s", options->domain);
    if (options->max_age > 0)
        buffer_printf(out, "; Max-Age=%" PRId64, options->max_age);
    else if (options->max_age < 0)
        buffer_add_literal(out, "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    buffer_printf(out, "; SameSite=%s", options->same_site ? options->same_site : "lax");
    if (!options->is_readable)
        buffer_add_literal(out, "; HttpOnly");
    if (options->secure)
        buffer_add_literal(out, "; Secure");
}
