/*
 * Cross-origin resource sharing: the browser asks, with Origin and in a preflight, what a page of
 * another origin may do here, and is told. Nothing is refused to anybody but in a preflight: that
 * is the browser's part.
 *
 * What depends on the origin says so in Vary, and what does not says so with "*", to requests
 * without an Origin too: a cache would else hand the reply to one that has it.
 */
#include "filter/filter.h"
#include <cgw/middleware.h>
#include <stdio.h>
#include <string.h>

/* Of requests that need no preflight: Fetch, 2.2.2. */
static const char *const safe_fields[] = {"Accept", "Accept-Language", "Content-Language",
                                          "Content-Type", NULL};
static const char *const all_methods[] = {"DELETE", "GET",  "HEAD", "OPTIONS",
                                          "PATCH",  "POST", "PUT",  NULL};
static const char *const only_get[] = {"GET", NULL};
static const char *const none[] = {NULL};

/* What send() is to know of the request. */
struct cors_call {
    struct cgw_str origin; /* allowed; the scope's. ptr NULL: there is none, or it is not */
};

/* ---- what is allowed ---- */

static bool has_star(const char *const *list)
{
    for (; list && *list; list++)
        if (strcmp(*list, "*") == 0)
            return true;
    return false;
}

static bool has(const char *const *list, struct cgw_str word)
{
    for (; list && *list; list++)
        if (strlen(*list) == word.len && memcmp(*list, word.ptr, word.len) == 0)
            return true;
    return false;
}

static bool has_field(const char *const *list, struct cgw_str name)
{
    for (; list && *list; list++)
        if (filter_is(name, *list))
            return true;
    return false;
}

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

/* The first '*' alone counts: one or more characters of a name. */
static bool fits(const char *pattern, struct cgw_str origin)
{
    const char *star = strchr(pattern, '*');
    size_t before = star ? (size_t)(star - pattern) : strlen(pattern);
    size_t behind = star ? strlen(star + 1) : 0;
    if (!star)
        return origin.len == before && memcmp(pattern, origin.ptr, before) == 0;
    if (origin.len < before + behind + 1 || memcmp(pattern, origin.ptr, before) != 0 ||
        memcmp(star + 1, origin.ptr + origin.len - behind, behind) != 0)
        return false;
    for (size_t i = before; i < origin.len - behind; i++)
        if (!is_of_name(origin.ptr[i]))
            return false;
    return true;
}

static bool is_allowed(const struct cgw_cors *cors, struct cgw_str origin)
{
    if (has_star(cors->origins))
        return true;
    for (const char *const *pattern = cors->origins; pattern && *pattern; pattern++)
        if (fits(*pattern, origin))
            return true;
    return false;
}

/* With credentials the browser takes no "*". */
static bool says_star(const struct cgw_cors *cors)
{
    return has_star(cors->origins) && !cors->credentials;
}

static const char *const *methods_of(const struct cgw_cors *cors)
{
    if (!cors->methods)
        return only_get;
    return has_star(cors->methods) ? all_methods : cors->methods;
}

/* ---- lists as text ---- */

static size_t join_into(char *to, const char *const *list)
{
    size_t len = 0;
    for (; *list; list++) {
        size_t n = strlen(*list);
        if (to) {
            memcpy(to + len, *list, n);
            memcpy(to + len + n, ", ", 2);
        }
        len += n + 2;
    }
    return len;
}

/* "a, b" of both; ptr NULL: out of memory. */
static struct cgw_str join(struct filter_call *call, const char *const *first,
                           const char *const *second)
{
    size_t len = join_into(NULL, first) + join_into(NULL, second);
    char *text = filter_alloc(call, len + 1);
    if (!text)
        return (struct cgw_str){NULL, 0};
    size_t at = join_into(text, first);
    (void)join_into(text + at, second);
    len -= len ? 2 : 0;
    text[len] = '\0';
    return (struct cgw_str){text, len};
}

/* ---- preflights ---- */

struct preflight {
    struct filter_call *call;
    const struct cgw_cors *cors;
    struct filter_answer *answer;
    char faults[64]; /* ", origin, method" */
};

static void add_fault(struct preflight *preflight, const char *fault)
{
    size_t len = strlen(preflight->faults);
    snprintf(preflight->faults + len, sizeof(preflight->faults) - len, ", %s", fault);
}

static void answer_origin(struct preflight *preflight)
{
    const struct cgw_cors *cors = preflight->cors;
    struct cgw_str origin = filter_request_field(preflight->call, "origin");
    bool is_star = says_star(cors);
    if (!is_allowed(cors, origin))
        add_fault(preflight, "origin");
    else
        filter_answer_add(preflight->answer, "access-control-allow-origin",
                          is_star ? (struct cgw_str)CGW_STR("*") : origin);
    if (cors->credentials)
        filter_answer_add(preflight->answer, "access-control-allow-credentials",
                          (struct cgw_str)CGW_STR("true"));
}

static int answer_method(struct preflight *preflight)
{
    const char *const *methods = methods_of(preflight->cors);
    struct cgw_str text = join(preflight->call, methods, none);
    if (!text.ptr)
        return CGW_ENOMEM;
    if (!has(methods, filter_request_field(preflight->call, "access-control-request-method")))
        add_fault(preflight, "method");
    filter_answer_add(preflight->answer, "access-control-allow-methods", text);
    return CGW_OK;
}

static bool are_allowed(const struct cgw_cors *cors, struct cgw_str names)
{
    struct cgw_str name;
    while (filter_next_element(&names, &name))
        if (name.len && !has_field(safe_fields, name) && !has_field(cors->headers, name))
            return false;
    return true;
}

/* Where all are allowed, those that were asked for are: "*" is none with credentials. */
static int answer_fields(struct preflight *preflight)
{
    const struct cgw_cors *cors = preflight->cors;
    struct cgw_str wanted = filter_request_field(preflight->call, "access-control-request-headers");
    struct cgw_str text = wanted;
    if (!has_star(cors->headers)) {
        text = join(preflight->call, safe_fields, cors->headers ? cors->headers : none);
        if (!text.ptr)
            return CGW_ENOMEM;
        if (wanted.ptr && !are_allowed(cors, wanted))
            add_fault(preflight, "headers");
    }
    if (text.ptr)
        filter_answer_add(preflight->answer, "access-control-allow-headers", text);
    return CGW_OK;
}

static void answer_network(struct preflight *preflight)
{
    if (!filter_request_field(preflight->call, "access-control-request-private-network").ptr)
        return;
    if (preflight->cors->private_network)
        filter_answer_add(preflight->answer, "access-control-allow-private-network",
                          (struct cgw_str)CGW_STR("true"));
    else
        add_fault(preflight, "private-network");
}

static int answer_age(struct preflight *preflight)
{
    int age = preflight->cors->max_age ? preflight->cors->max_age : 600;
    struct cgw_str text = filter_printf(preflight->call, "%d", age < 0 ? 0 : age);
    if (!text.ptr)
        return CGW_ENOMEM;
    filter_answer_add(preflight->answer, "access-control-max-age", text);
    return CGW_OK;
}

static int answer_preflight(struct preflight *preflight)
{
    struct filter_answer *answer = preflight->answer;
    if (!says_star(preflight->cors))
        filter_answer_add(answer, "vary", (struct cgw_str)CGW_STR("Origin"));
    answer_origin(preflight);
    if (answer_method(preflight) != CGW_OK || answer_fields(preflight) != CGW_OK ||
        answer_age(preflight) != CGW_OK)
        return CGW_ENOMEM;
    answer_network(preflight);
    answer->status = preflight->faults[0] ? 400 : 200;
    answer->content_type = "text/plain; charset=utf-8";
    answer->body = (struct cgw_str)CGW_STR("OK");
    if (preflight->faults[0])
        answer->body = filter_printf(preflight->call, "Disallowed CORS %s", preflight->faults + 2);
    return answer->body.ptr ? FILTER_ANSWER : CGW_ENOMEM;
}

/* ---- both ---- */

static int begin(struct filter_call *call, struct filter_answer *answer)
{
    const struct cgw_cors *cors = call->options;
    struct cors_call *kept = call->state;
    struct cgw_str origin = filter_request_field(call, "origin");
    struct preflight preflight = {.call = call, .cors = cors, .answer = answer};
    if (!origin.ptr)
        return FILTER_PASS;
    if (filter_is(call->scope->method, "options") &&
        filter_request_field(call, "access-control-request-method").ptr)
        return answer_preflight(&preflight);
    if (is_allowed(cors, origin))
        kept->origin = origin;
    return FILTER_PASS;
}

static int edit(struct filter_call *call, struct filter_head *head)
{
    const struct cgw_cors *cors = call->options;
    struct cgw_str origin = ((const struct cors_call *)call->state)->origin;
    bool is_star = says_star(cors);
    if (!is_star && filter_head_vary(call, head, "Origin") != CGW_OK)
        return CGW_ENOMEM;
    if (!is_star && !origin.ptr)
        return CGW_OK;
    filter_head_set(head, "access-control-allow-origin",
                    is_star ? (struct cgw_str)CGW_STR("*") : origin);
    if (cors->credentials)
        filter_head_set(head, "access-control-allow-credentials", (struct cgw_str)CGW_STR("true"));
    if (!cors->expose || !*cors->expose)
        return CGW_OK;
    struct cgw_str exposed = join(call, cors->expose, none);
    if (exposed.ptr)
        filter_head_set(head, "access-control-expose-headers", exposed);
    return exposed.ptr ? CGW_OK : CGW_ENOMEM;
}

static int send(struct filter_call *call, const struct cgw_event *events, size_t n,
                struct filter_out *out)
{
    (void)n;
    return filter_edit_start(call, events, 4, edit, out);
}

const struct cgw__filter cgw__cors = {
    .name = "cors", .state_bytes = sizeof(struct cors_call), .begin = begin, .send = send};
