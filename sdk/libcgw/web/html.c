/* Text within HTML: what would be markup is spelled out. */
#include <cgw/reply.h>
#include <string.h>

/* NULL: it stands for itself, also between quotes of an attribute. */
static const char *spelled(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static size_t escaped_len(const char *text)
{
    size_t len = 0;
    for (; *text; text++) {
        const char *name = spelled(*text);
        len += name ? strlen(name) : 1;
    }
    return len;
}

const char *cgw_html_escape(cgw_request *req, const char *text)
{
    const char *from = text ? text : "";
    char *escaped = cgw_alloc(req, escaped_len(from) + 1), *to = escaped;
    if (!escaped)
        return NULL;
    for (; *from; from++) {
        const char *name = spelled(*from);
        size_t len = name ? strlen(name) : 1;
        memcpy(to, name ? name : from, len);
        to += len;
    }
    return escaped;
}
