/*
 * Which hosts a request may name, and how it may come: trusted hosts, and HTTPS. The Host field is
 * the client's word: it goes into a redirect only where it is a host's name or address.
 */
#include "filter/filter.h"
#include <cgw/middleware.h>
#include <string.h>

struct authority {
    struct cgw_str host; /* "example.org", "[::1]"; len 0: it is none */
    struct cgw_str port; /* "8000", or empty */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_of_host(char c, bool is_literal)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' ||
           c == '.' || c == '_' || (is_literal && c == ':');
}

/* Of "[::1]:80" and "example.org:80" the part in front of the port. */
static size_t host_len(struct cgw_str text)
{
    bool is_literal = text.len && text.ptr[0] == '[';
    size_t at = is_literal ? 1 : 0;
    while (at < text.len && is_of_host(text.ptr[at], is_literal))
        at++;
    if (!is_literal)
        return at;
    return at > 1 && at < text.len && text.ptr[at] == ']' ? at + 1 : 0;
}

static struct authority read_authority(struct cgw_str text)
{
    const struct authority none = {{"", 0}, {"", 0}};
    size_t len = text.ptr ? host_len(text) : 0;
    struct cgw_str port = {text.ptr + len, text.len - len};
    if (!len || (port.len && port.ptr[0] != ':') || port.len > 6)
        return none;
    for (size_t i = 1; i < port.len; i++)
        if (!is_digit(port.ptr[i]))
            return none;
    if (port.len)
        port = (struct cgw_str){port.ptr + 1, port.len - 1};
    return (struct authority){{text.ptr, len}, port};
}

/* ---- trusted hosts ---- */

static bool is_same(struct cgw_str host, const char *name)
{
    if (strlen(name) != host.len)
        return false;
    for (size_t i = 0; i < host.len; i++) {
        char a = host.ptr[i], b = name[i];
        a = (char)(a >= 'A' && a <= 'Z' ? a | 0x20 : a);
        b = (char)(b >= 'A' && b <= 'Z' ? b | 0x20 : b);
        if (a != b)
            return false;
    }
    return true;
}

static bool fits(struct cgw_str host, const char *pattern)
{
    if (strcmp(pattern, "*") == 0)
        return true;
    if (strncmp(pattern, "*.", 2) != 0)
        return is_same(host, pattern);
    size_t len = strlen(pattern + 1); /* ".example.org" */
    return host.len > len && is_same((struct cgw_str){host.ptr + host.len - len, len}, pattern + 1);
}

/* A dot behind the name says that it is whole. */
static struct cgw_str without_dot(struct cgw_str host)
{
    host.len -= host.len > 1 && host.ptr[host.len - 1] == '.';
    return host;
}

static int check_host(struct filter_call *call, struct filter_answer *answer)
{
    const struct cgw_trusted_hosts *options = call->options;
    struct cgw_str host = without_dot(read_authority(filter_request_field(call, "host")).host);
    for (const char *const *pattern = options->hosts; pattern && *pattern; pattern++)
        if ((host.len || strcmp(*pattern, "*") == 0) && fits(host, *pattern))
            return FILTER_PASS;
    answer->status = 400;
    answer->detail = "Invalid host header";
    return FILTER_ANSWER;
}

const struct cgw__filter cgw__trusted_hosts = {
    .name = "trusted hosts", .is_for_websockets = true, .begin = check_host};

/* ---- HTTPS ---- */

/* ":8443" or "": the server's, else the client's, where it is none of the default ones. */
static struct cgw_str port_for(struct filter_call *call, struct cgw_str port)
{
    const struct cgw_https_redirect *options = call->options;
    if (options->port)
        return options->port == 443 ? (struct cgw_str){"", 0}
                                    : filter_printf(call, ":%u", (unsigned)options->port);
    if (!port.len || filter_is(port, "80") || filter_is(port, "443"))
        return (struct cgw_str){"", 0};
    return filter_printf(call, ":%.*s", (int)port.len, port.ptr);
}

static int redirect(struct filter_call *call, struct filter_answer *answer)
{
    const struct cgw_https_redirect *options = call->options;
    const struct cgw_scope *scope = call->scope;
    if (filter_is(scope->scheme, "https") || filter_is(scope->scheme, "wss"))
        return FILTER_PASS;
    struct authority authority = read_authority(filter_request_field(call, "host"));
    if (!authority.host.len || !scope->raw_path.len || scope->raw_path.ptr[0] != '/') {
        answer->status = 400;
        answer->detail = "Invalid host header";
        return FILTER_ANSWER;
    }
    struct cgw_str port = port_for(call, authority.port);
    struct cgw_str location =
        filter_printf(call, "https://%.*s%s%.*s%s%.*s", (int)authority.host.len, authority.host.ptr,
                      port.ptr ? port.ptr : "", (int)scope->raw_path.len, scope->raw_path.ptr,
                      scope->query.len ? "?" : "", (int)scope->query.len,
                      scope->query.ptr ? scope->query.ptr : "");
    if (!port.ptr || !location.ptr)
        return CGW_ENOMEM;
    answer->status = options->permanent ? 308 : 307;
    answer->body = (struct cgw_str){"", 0};
    filter_answer_add(answer, "location", location);
    return FILTER_ANSWER;
}

const struct cgw__filter cgw__https_redirect = {
    .name = "https redirect", .is_for_websockets = true, .begin = redirect};
