/* Lists of members with weights. What is malformed weighs nothing. */
#include "files/negotiate.h"
#include <string.h>
#include <strings.h>

static struct cgw_str trim(struct cgw_str text)
{
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t'))
        text = (struct cgw_str){text.ptr + 1, text.len - 1};
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* The part in front of the first c, trimmed; *text is what stands behind it. */
static struct cgw_str cut(struct cgw_str *text, char c)
{
    const char *at = text->len ? memchr(text->ptr, c, text->len) : NULL;
    size_t len = at ? (size_t)(at - text->ptr) : text->len;
    struct cgw_str part = {text->ptr, len};
    size_t skip = at ? len + 1 : len;
    *text = (struct cgw_str){text->ptr + skip, text->len - skip};
    return trim(part);
}

static bool is_same(struct cgw_str text, const char *name)
{
    return text.len == strlen(name) && strncasecmp(text.ptr, name, text.len) == 0;
}

/* "0.25" to 250: RFC 9110, 12.4.2. */
static int weight(struct cgw_str text)
{
    int value = 0, unit = 1000;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1 && text.ptr[i] == '.')
            continue;
        if (i == 5 || (i == 1) || text.ptr[i] < '0' || text.ptr[i] > '9')
            return 0;
        value += (text.ptr[i] - '0') * unit;
        unit /= 10;
    }
    return text.len && value <= 1000 ? value : 0;
}

/* Of the parameters behind a member. */
static int weight_in(struct cgw_str parameters)
{
    while (parameters.len) {
        struct cgw_str value = cut(&parameters, ';');
        struct cgw_str name = cut(&value, '=');
        if (is_same(name, "q"))
            return weight(trim(value));
    }
    return 1000;
}

static int find(struct cgw_str list, const char *member)
{
    while (list.len) {
        struct cgw_str parameters = cut(&list, ',');
        struct cgw_str name = cut(&parameters, ';');
        if (is_same(name, member))
            return weight_in(parameters);
    }
    return -1;
}

int negotiate_weight(const struct cgw_header *headers, size_t n, const char *name,
                     const char *member)
{
    for (size_t i = 0; i < n; i++) {
        int found = is_same(headers[i].name, name) ? find(headers[i].value, member) : -1;
        if (found >= 0)
            return found;
    }
    return -1;
}

int negotiate_encoding(const struct cgw_header *headers, size_t n, const char *encoding)
{
    int value = negotiate_weight(headers, n, "accept-encoding", encoding);
    if (value < 0)
        value = negotiate_weight(headers, n, "accept-encoding", "*");
    if (value <= 0 || negotiate_weight(headers, n, "accept-encoding", "identity") > value)
        return 0;
    return value;
}

bool negotiate_is_page(const struct cgw_header *headers, size_t n)
{
    return negotiate_weight(headers, n, "accept", "text/html") > 0 ||
           negotiate_weight(headers, n, "accept", "application/xhtml+xml") > 0;
}
