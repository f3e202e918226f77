/* The order of events, and what each may hold. */
#include "validate/response.h"
#include "base/number.h"
#include "validate/memory.h"
#include "validate/report.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct step {
    enum response_state from;
    uint16_t type;
    enum response_state next, next_more;
} steps[] = {
    {RESPONSE_NEW, CGW_HTTP_RESPONSE_INFORMATIONAL, RESPONSE_NEW, RESPONSE_NEW},
    {RESPONSE_NEW, CGW_HTTP_RESPONSE_START, RESPONSE_HEAD, RESPONSE_HEAD},
    {RESPONSE_HEAD, CGW_HTTP_RESPONSE_BODY, RESPONSE_DONE, RESPONSE_BODY},
    {RESPONSE_HEAD, CGW_HTTP_RESPONSE_FILE, RESPONSE_DONE, RESPONSE_BODY},
    {RESPONSE_BODY, CGW_HTTP_RESPONSE_BODY, RESPONSE_DONE, RESPONSE_BODY},
    {RESPONSE_BODY, CGW_HTTP_RESPONSE_FILE, RESPONSE_DONE, RESPONSE_BODY},
    {RESPONSE_TRAILERS, CGW_HTTP_RESPONSE_TRAILERS, RESPONSE_DONE, RESPONSE_TRAILERS},
    {RESPONSE_WS_CONNECTING, CGW_WS_ACCEPT, RESPONSE_WS_OPEN, RESPONSE_WS_OPEN},
    {RESPONSE_WS_CONNECTING, CGW_WS_CLOSE, RESPONSE_WS_DONE, RESPONSE_WS_DONE},
    {RESPONSE_WS_OPEN, CGW_WS_SEND, RESPONSE_WS_OPEN, RESPONSE_WS_OPEN},
    {RESPONSE_WS_OPEN, CGW_WS_CLOSE, RESPONSE_WS_DONE, RESPONSE_WS_DONE},
    {RESPONSE_LIFESPAN_STARTING, CGW_LIFESPAN_STARTUP_COMPLETE, RESPONSE_LIFESPAN_RUNNING,
     RESPONSE_LIFESPAN_RUNNING},
    {RESPONSE_LIFESPAN_STARTING, CGW_LIFESPAN_STARTUP_FAILED, RESPONSE_LIFESPAN_DONE,
     RESPONSE_LIFESPAN_DONE},
    {RESPONSE_LIFESPAN_STOPPING, CGW_LIFESPAN_SHUTDOWN_COMPLETE, RESPONSE_LIFESPAN_DONE,
     RESPONSE_LIFESPAN_DONE},
    {RESPONSE_LIFESPAN_STOPPING, CGW_LIFESPAN_SHUTDOWN_FAILED, RESPONSE_LIFESPAN_DONE,
     RESPONSE_LIFESPAN_DONE},
};

/* What an event of the type may hold besides: flags, and bytes of the union that are used. */
static const struct shape {
    uint16_t type, flags;
    size_t used;
    const char *name, *extension;
} shapes[] = {
#define USED(member) sizeof(((struct cgw_event *)0)->u.member)
    {CGW_LIFESPAN_STARTUP_COMPLETE, 0, USED(lifespan), "lifespan.startup.complete", NULL},
    {CGW_LIFESPAN_STARTUP_FAILED, 0, USED(lifespan), "lifespan.startup.failed", NULL},
    {CGW_LIFESPAN_SHUTDOWN_COMPLETE, 0, USED(lifespan), "lifespan.shutdown.complete", NULL},
    {CGW_LIFESPAN_SHUTDOWN_FAILED, 0, USED(lifespan), "lifespan.shutdown.failed", NULL},
    {CGW_HTTP_RESPONSE_START, CGW_TRAILERS, USED(start), "http.response.start", NULL},
    {CGW_HTTP_RESPONSE_BODY, CGW_MORE, USED(bodyv), "http.response.body", NULL},
    {CGW_HTTP_RESPONSE_TRAILERS, CGW_MORE, USED(start), "http.response.trailers", CGW_EXT_TRAILERS},
    {CGW_HTTP_RESPONSE_INFORMATIONAL, 0, USED(start), "http.response.informational",
     CGW_EXT_INFORMATIONAL},
    {CGW_HTTP_RESPONSE_FILE, CGW_MORE, USED(file), "http.response.file", CGW_EXT_FILE},
    {CGW_WS_ACCEPT, 0, USED(accept), "websocket.accept", NULL},
    {CGW_WS_SEND, CGW_TEXT, USED(bodyv), "websocket.send", NULL},
    {CGW_WS_CLOSE, 0, USED(close), "websocket.close", NULL},
};

static const char *const state_names[] = {
    [RESPONSE_NEW] = "before the head",
    [RESPONSE_HEAD] = "after the head",
    [RESPONSE_BODY] = "within the body",
    [RESPONSE_TRAILERS] = "where trailers were promised",
    [RESPONSE_DONE] = "after the end of the response",
    [RESPONSE_WS_CONNECTING] = "before websocket.accept",
    [RESPONSE_WS_OPEN] = "after websocket.accept",
    [RESPONSE_WS_DONE] = "after websocket.close",
    [RESPONSE_LIFESPAN_NEW] = "before startup was received",
    [RESPONSE_LIFESPAN_STARTING] = "before startup was answered",
    [RESPONSE_LIFESPAN_RUNNING] = "after startup was answered",
    [RESPONSE_LIFESPAN_STOPPING] = "before shutdown was answered",
    [RESPONSE_LIFESPAN_DONE] = "after the lifespan was over",
};

const char *response_state_name(enum response_state state)
{
    return state_names[state];
}

bool response_is_complete(const struct response *response)
{
    return response->state == RESPONSE_DONE || response->state == RESPONSE_WS_DONE ||
           response->state == RESPONSE_LIFESPAN_DONE;
}

static const struct shape *shape_of(unsigned type)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        if (shapes[i].type == type)
            return &shapes[i];
    return NULL;
}

#define REFUSE(rule, ...) (report_finding(RULE_##rule, __VA_ARGS__), CGW_EINVAL)

/* ---- fields of a head ---- */

static bool is_token_byte(unsigned char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower((char)c) >= 'a' && ascii_lower((char)c) <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_byte((unsigned char)s.ptr[i]))
            return false;
    return s.len > 0;
}

static bool is_value(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static int take_length(struct response *response, struct str value)
{
    uint64_t length;
    if (number_decimal(value, UINT64_MAX, &length) < 0)
        return REFUSE(LENGTH, "sent content-length '%.*s', which is no number",
                      (int)(value.len < 40 ? value.len : 40), value.ptr);
    if (response->has_length && response->length != length)
        return REFUSE(LENGTH, "sent content-length twice, %llu and %llu",
                      (unsigned long long)response->length, (unsigned long long)length);
    response->has_length = true;
    response->length = length;
    return CGW_OK;
}

/* length: where the value of content-length counts. */
static int take_fields(struct response *response, const struct cgw_header *fields, size_t n,
                       bool length)
{
    if (n && !fields)
        return REFUSE(POINTER, "sent %zu fields at NULL", n);
    for (size_t i = 0; i < n; i++) {
        struct str name = {fields[i].name.ptr, fields[i].name.len};
        struct str value = {fields[i].value.ptr, fields[i].value.len};
        if ((name.len && !name.ptr) || (value.len && !value.ptr))
            return REFUSE(POINTER, "sent field %zu with bytes at NULL", i);
        if (!is_token(name))
            return REFUSE(HEADER, "sent field %zu with a name that is no token", i);
        if (!is_value(value))
            return REFUSE(HEADER, "sent field '%.*s' with a control byte in its value",
                          (int)(name.len < 40 ? name.len : 40), name.ptr);
        if (length && str_is_nocase(name, STR("content-length")) &&
            take_length(response, value) != CGW_OK)
            return CGW_EINVAL;
    }
    return CGW_OK;
}

static int take_start(struct response *response, const struct cgw_event *event)
{
    unsigned status = event->u.start.status;
    if (status < 200 || status > 999)
        return REFUSE(STATUS, "sent http.response.start with status %u", status);
    response->status = status;
    response->no_body = status == 204 || status == 205 || status == 304;
    response->has_trailers = event->flags & CGW_TRAILERS;
    if (response->has_trailers && response->is_bare)
        return REFUSE(EXTENSION, "promised trailers without " CGW_EXT_TRAILERS);
    return take_fields(response, event->u.start.headers, event->u.start.n_headers, true);
}

static int take_informational(struct response *response, const struct cgw_event *event)
{
    unsigned status = event->u.start.status;
    if (status < 102 || status > 199)
        return REFUSE(STATUS, "sent http.response.informational with status %u", status);
    return take_fields(response, event->u.start.headers, event->u.start.n_headers, false);
}

/* ---- bodies ---- */

/* The bytes of all parts, each of which is read. */
static int measure(const struct cgw_event *event, uint64_t *ret_bytes)
{
    const struct cgw_str *parts = event->u.bodyv.parts;
    uint64_t bytes = 0;
    if (event->u.bodyv.n_parts && !parts)
        return REFUSE(POINTER, "sent %zu parts at NULL", event->u.bodyv.n_parts);
    for (size_t i = 0; i < event->u.bodyv.n_parts; i++) {
        if (parts[i].len && !parts[i].ptr)
            return REFUSE(POINTER, "sent part %zu of %zu bytes at NULL", i, parts[i].len);
        if (parts[i].len) {
            (void)*(const volatile char *)parts[i].ptr;
            (void)*(const volatile char *)(parts[i].ptr + parts[i].len - 1);
        }
        bytes += parts[i].len;
    }
    *ret_bytes = bytes;
    return CGW_OK;
}

static int add_body(struct response *response, uint64_t bytes, bool more)
{
    if (bytes && response->no_body)
        return REFUSE(NO_BODY, "sent %llu bytes of body with status %u", (unsigned long long)bytes,
                      response->status);
    response->body += bytes;
    if (!response->has_length || response->is_head || response->no_body)
        return CGW_OK;
    if (response->body > response->length)
        return REFUSE(LENGTH, "sent %llu bytes of body, content-length is %llu",
                      (unsigned long long)response->body, (unsigned long long)response->length);
    if (!more && response->body < response->length)
        return REFUSE(LENGTH, "ended the body after %llu bytes, content-length is %llu",
                      (unsigned long long)response->body, (unsigned long long)response->length);
    return CGW_OK;
}

static int take_body(struct response *response, const struct cgw_event *event)
{
    uint64_t bytes;
    int status = measure(event, &bytes);
    return status == CGW_OK ? add_body(response, bytes, event->flags & CGW_MORE) : status;
}

static int take_message(const struct cgw_event *event)
{
    uint64_t bytes;
    return measure(event, &bytes);
}

/* How many bytes of the open file the event means. */
static int measure_file(const struct cgw_event *event, int fd, uint64_t *ret_bytes)
{
    struct stat st;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return REFUSE(FILE, "sent descriptor %d, which is no open regular file", fd);
    uint64_t size = (uint64_t)st.st_size, offset = event->u.file.offset;
    uint64_t count = event->u.file.count;
    if (offset > size || (count != CGW_FILE_REST && count > size - offset))
        return REFUSE(FILE, "sent a range of a file of %llu bytes that begins at %llu and has %llu",
                      (unsigned long long)size, (unsigned long long)offset,
                      (unsigned long long)count);
    *ret_bytes = count == CGW_FILE_REST ? size - offset : count;
    return CGW_OK;
}

static int take_file(struct response *response, const struct cgw_event *event)
{
    struct cgw_str path = event->u.file.path;
    uint64_t bytes = 0;
    int fd = event->u.file.fd;
    if (path.len && (!path.ptr || path.ptr[0] != '/' || memchr(path.ptr, 0, path.len)))
        return REFUSE(FILE, "sent a file by a path that is not absolute");
    if (path.len) {
        char name[4096];
        if (path.len >= sizeof name)
            return CGW_EIO;
        memcpy(name, path.ptr, path.len);
        name[path.len] = 0;
        fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            return CGW_EIO;
    }
    int status = measure_file(event, fd, &bytes);
    if (path.len)
        close(fd);
    return status == CGW_OK ? add_body(response, bytes, event->flags & CGW_MORE) : status;
}

/* ---- lifespan and websocket ---- */

static int take_lifespan(struct response *response, const struct cgw_event *event)
{
    struct cgw_str message = event->u.lifespan.message;
    if (event->type == CGW_LIFESPAN_STARTUP_COMPLETE)
        response->state_given = event->u.lifespan.state;
    if (event->type != CGW_LIFESPAN_STARTUP_FAILED && event->type != CGW_LIFESPAN_SHUTDOWN_FAILED)
        return CGW_OK;
    response->has_failed = true;
    if (message.len == 0 || !message.ptr)
        report_finding(RULE_LIFESPAN, "failed without a message");
    bool is_startup = event->type == CGW_LIFESPAN_STARTUP_FAILED;
    /* An application may need an extension, and says so. */
    if (!is_startup || !response->is_bare)
        report_finding(is_startup ? RULE_STARTUP : RULE_LIFESPAN, "%s failed: %.*s",
                       is_startup ? "startup" : "shutdown",
                       (int)(message.len < 200 ? message.len : 200),
                       message.ptr ? message.ptr : "");
    return CGW_OK;
}

static int take_content(struct response *response, const struct cgw_event *event)
{
    switch (event->type) {
    case CGW_HTTP_RESPONSE_START:
        return take_start(response, event);
    case CGW_HTTP_RESPONSE_INFORMATIONAL:
        return take_informational(response, event);
    case CGW_HTTP_RESPONSE_TRAILERS:
        return take_fields(response, event->u.start.headers, event->u.start.n_headers, false);
    case CGW_HTTP_RESPONSE_BODY:
        return take_body(response, event);
    case CGW_HTTP_RESPONSE_FILE:
        return take_file(response, event);
    case CGW_WS_ACCEPT:
        return take_fields(response, event->u.accept.headers, event->u.accept.n_headers, false);
    case CGW_WS_SEND:
        return take_message(event);
    case CGW_WS_CLOSE:
        return CGW_OK;
    default:
        return take_lifespan(response, event);
    }
}

/* ---- an event ---- */

static int check_shape(const struct response *response, const struct cgw_event *event,
                       const struct shape *shape)
{
    if (event->size != sizeof *event)
        return REFUSE(EVENT_SIZE, "sent %s with size %u, wanted %zu", shape->name, event->size,
                      sizeof *event);
    if (event->flags & ~shape->flags)
        return REFUSE(EVENT_FIELDS, "sent %s with flags 0x%x, which may have 0x%x", shape->name,
                      event->flags, shape->flags);
    const unsigned char *bytes = (const unsigned char *)&event->u;
    for (size_t i = shape->used; i < sizeof event->u; i++)
        if (bytes[i] != 0)
            return REFUSE(EVENT_FIELDS, "sent %s with byte %zu, which is unused, not zero",
                          shape->name, i + offsetof(struct cgw_event, u));
    if (shape->extension && response->is_bare)
        return REFUSE(EXTENSION, "sent %s without %s", shape->name, shape->extension);
    return CGW_OK;
}

static int take(struct response *response, const struct cgw_event *event)
{
    const struct shape *shape = shape_of(event->type);
    if (!shape)
        return REFUSE(ORDER, "sent an event of type %u, which is none to send", event->type);
    const struct step *step = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && !step; i++)
        if (steps[i].from == response->state && steps[i].type == event->type)
            step = &steps[i];
    if (!step)
        return REFUSE(ORDER, "sent %s %s", shape->name, response_state_name(response->state));
    int status = check_shape(response, event, shape);
    if (status == CGW_OK)
        status = take_content(response, event);
    if (status != CGW_OK)
        return status;
    response->state = event->flags & CGW_MORE ? step->next_more : step->next;
    if (response->state == RESPONSE_DONE && response->has_trailers &&
        event->type != CGW_HTTP_RESPONSE_TRAILERS)
        response->state = RESPONSE_TRAILERS;
    return CGW_OK;
}

int response_take(struct response *response, const struct cgw_event *event)
{
    memory_probing("what send() was given");
    int status = take(response, event);
    memory_probing(NULL);
    return status;
}
