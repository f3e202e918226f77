/*
 * What filters have in common: a batch of events goes through one, answers, lists in fields, heads.
 */
#include "filter/filter.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- events ---- */

static bool has_room(const struct filter_out *out)
{
    return out->n + FILTER_OUT_EACH <= FILTER_OUT_MAX;
}

static bool is_there(struct cgw_str text)
{
    return text.ptr || text.len == 0;
}

static bool are_headers_there(const struct cgw_header *headers, size_t n)
{
    for (size_t i = 0; headers && i < n; i++)
        if (!is_there(headers[i].name) || !is_there(headers[i].value))
            return false;
    return headers || n == 0;
}

static bool are_parts_there(const struct cgw_str *parts, size_t n)
{
    for (size_t i = 0; parts && i < n; i++)
        if (!is_there(parts[i]))
            return false;
    return parts || n == 0;
}

/* An application's mistakes are the host's to refuse: no filter looks at such an event. */
static bool is_sound(const struct cgw_event *event)
{
    if (event->type == CGW_HTTP_RESPONSE_START)
        return are_headers_there(event->u.start.headers, event->u.start.n_headers);
    if (event->type == CGW_HTTP_RESPONSE_BODY)
        return are_parts_there(event->u.bodyv.parts, event->u.bodyv.n_parts);
    return true;
}

int filter_pump(struct filter_call *call, struct filter_pump *pump, struct filter_out *out)
{
    out->n = 0;
    out->must_go = false;
    if (call->broken)
        return call->broken;
    while (pump->at < pump->n && !out->must_go && has_room(out)) {
        const struct cgw_event *next = &pump->events[pump->at];
        int taken = 1;
        if (call->is_through || !call->filter->send || !is_sound(next))
            filter_out_add(out, next);
        else
            taken = call->filter->send(call, next, pump->n - pump->at, out);
        if (taken < 0)
            return taken;
        pump->at += (size_t)taken;
    }
    return CGW_OK;
}

/* Half an event is no event: the filter is somewhere inside it, and its bytes are the caller's. */
int filter_sent(struct filter_call *call, const struct filter_out *out, int status)
{
    if (status < 0 && out->must_go && !call->is_through)
        call->broken = status;
    return status;
}

/* ---- memory and the log ---- */

struct cgw_str filter_copy(struct filter_call *call, const char *ptr, size_t len)
{
    char *copy = filter_alloc(call, len + 1);
    if (!copy)
        return (struct cgw_str){NULL, 0};
    if (len)
        memcpy(copy, ptr, len);
    copy[len] = '\0';
    return (struct cgw_str){copy, len};
}

struct cgw_str filter_printf(struct filter_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : filter_alloc(call, (size_t)len + 1);
    if (!text)
        return (struct cgw_str){NULL, 0};
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct cgw_str){text, (size_t)len};
}

void filter_log(struct filter_call *call, int level, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    size_t n = len < 0 ? 0 : (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
    call->driver->log(call, level, line, n);
}

/* ---- fields ---- */

bool filter_is(struct cgw_str text, const char *word)
{
    return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

const struct cgw_header *filter_field(const struct cgw_header *headers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (filter_is(headers[i].name, name))
            return &headers[i];
    return NULL;
}

struct cgw_str filter_request_field(const struct filter_call *call, const char *name)
{
    const struct cgw_header *field =
        filter_field(call->scope->headers, call->scope->n_headers, name);
    return field ? field->value : (struct cgw_str){NULL, 0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool filter_next_element(struct cgw_str *rest, struct cgw_str *ret_element)
{
    if (!rest->len)
        return false;
    const char *comma = memchr(rest->ptr, ',', rest->len);
    size_t len = comma ? (size_t)(comma - rest->ptr) : rest->len;
    struct cgw_str element = {rest->ptr, len};
    size_t skip = comma ? len + 1 : len;
    *rest = (struct cgw_str){rest->ptr + skip, rest->len - skip};
    while (element.len && is_blank(element.ptr[0]))
        element = (struct cgw_str){element.ptr + 1, element.len - 1};
    while (element.len && is_blank(element.ptr[element.len - 1]))
        element.len--;
    *ret_element = element;
    return true;
}

bool filter_has_word(const struct cgw_header *headers, size_t n, const char *name, const char *word)
{
    for (size_t i = 0; i < n; i++) {
        struct cgw_str rest = headers[i].value, element;
        if (!filter_is(headers[i].name, name))
            continue;
        while (filter_next_element(&rest, &element))
            if (filter_is(element, word))
                return true;
    }
    return false;
}

/* ---- the request ---- */

struct cgw_scope *filter_scope_edit(struct filter_call *call)
{
    struct cgw_scope *copy = filter_alloc(call, sizeof(*copy));
    size_t size = call->scope->size;
    if (!copy)
        return NULL;
    *copy = (struct cgw_scope){.size = 0};
    memcpy(copy, call->scope, size < sizeof(*copy) ? size : sizeof(*copy));
    copy->size = sizeof(*copy);
    call->scope = copy;
    return copy;
}

int filter_request_set(struct filter_call *call, const char *name, struct cgw_str value)
{
    size_t n = 0;
    struct cgw_header *fields = filter_alloc(call, (call->scope->n_headers + 1) * sizeof(*fields));
    struct cgw_scope *scope = fields ? filter_scope_edit(call) : NULL;
    if (!scope)
        return CGW_ENOMEM;
    for (size_t i = 0; i < scope->n_headers; i++)
        if (!filter_is(scope->headers[i].name, name))
            fields[n++] = scope->headers[i];
    fields[n++] = (struct cgw_header){{name, strlen(name)}, value};
    scope->headers = fields;
    scope->n_headers = n;
    return CGW_OK;
}

/* ---- responses ---- */

void filter_answer_add(struct filter_answer *answer, const char *name, struct cgw_str value)
{
    if (answer->n_headers < FILTER_ANSWER_FIELDS)
        answer->headers[answer->n_headers++] = (struct cgw_header){{name, strlen(name)}, value};
}

int filter_head_edit(struct filter_call *call, const struct cgw_event *start, size_t more,
                     struct filter_head *ret_head)
{
    size_t n = start->u.start.n_headers;
    struct cgw_header *headers = filter_alloc(call, (n + more + 1) * sizeof(*headers));
    if (!headers)
        return CGW_ENOMEM;
    if (n)
        memcpy(headers, start->u.start.headers, n * sizeof(*headers));
    *ret_head = (struct filter_head){*start, headers, n + more};
    ret_head->start.u.start.headers = headers;
    return CGW_OK;
}

int filter_edit_start(struct filter_call *call, const struct cgw_event *event, size_t more,
                      int (*edit)(struct filter_call *call, struct filter_head *head),
                      struct filter_out *out)
{
    struct filter_head head;
    if (event->type != CGW_HTTP_RESPONSE_START) {
        filter_out_add(out, event);
        return 1;
    }
    int status = filter_head_edit(call, event, more, &head);
    if (status == CGW_OK)
        status = edit(call, &head);
    if (status != CGW_OK)
        return status;
    filter_out_add(out, &head.start);
    call->is_through = true;
    return 1;
}

void filter_head_add(struct filter_head *head, const char *name, struct cgw_str value)
{
    size_t n = head->start.u.start.n_headers;
    if (n >= head->room)
        return;
    head->headers[n] = (struct cgw_header){{name, strlen(name)}, value};
    head->start.u.start.n_headers = n + 1;
}

void filter_head_remove(struct filter_head *head, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < head->start.u.start.n_headers; i++)
        if (!filter_is(head->headers[i].name, name))
            head->headers[kept++] = head->headers[i];
    head->start.u.start.n_headers = kept;
}

void filter_head_set(struct filter_head *head, const char *name, struct cgw_str value)
{
    filter_head_remove(head, name);
    filter_head_add(head, name, value);
}

/* Behind what the first field that says something says, as some caches look at one alone. */
int filter_head_vary(struct filter_call *call, struct filter_head *head, const char *word)
{
    struct cgw_header *vary = NULL;
    size_t n = head->start.u.start.n_headers;
    if (filter_has_word(head->headers, n, "vary", word) ||
        filter_has_word(head->headers, n, "vary", "*"))
        return CGW_OK;
    for (size_t i = 0; i < n && !vary; i++)
        if (filter_is(head->headers[i].name, "vary") && head->headers[i].value.len)
            vary = &head->headers[i];
    if (!vary) {
        filter_head_set(head, "vary", (struct cgw_str){word, strlen(word)});
        return CGW_OK;
    }
    struct cgw_str both =
        filter_printf(call, "%.*s, %s", (int)vary->value.len, vary->value.ptr, word);
    if (!both.ptr)
        return CGW_ENOMEM;
    vary->value = both;
    return CGW_OK;
}
