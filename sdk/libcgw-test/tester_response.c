/* The order of events, what each may hold, and what the client makes of them. */
#include "tester_call.h"
#include "tester_clock.h"
#include "tester_fail.h"
#include "tester_memory.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct step {
    enum tester_order from;
    uint16_t type, flags; /* flags: that it may have */
    enum tester_order next, next_more;
    const char *name;
} steps[] = {
    {ORDER_NEW, CGW_HTTP_RESPONSE_INFORMATIONAL, 0, ORDER_NEW, ORDER_NEW,
     "http.response.informational"},
    {ORDER_NEW, CGW_HTTP_RESPONSE_START, CGW_TRAILERS, ORDER_HEAD, ORDER_HEAD,
     "http.response.start"},
    {ORDER_HEAD, CGW_HTTP_RESPONSE_BODY, CGW_MORE, ORDER_DONE, ORDER_BODY, "http.response.body"},
    {ORDER_HEAD, CGW_HTTP_RESPONSE_FILE, CGW_MORE, ORDER_DONE, ORDER_BODY, "http.response.file"},
    {ORDER_BODY, CGW_HTTP_RESPONSE_BODY, CGW_MORE, ORDER_DONE, ORDER_BODY, "http.response.body"},
    {ORDER_BODY, CGW_HTTP_RESPONSE_FILE, CGW_MORE, ORDER_DONE, ORDER_BODY, "http.response.file"},
    {ORDER_TRAILERS, CGW_HTTP_RESPONSE_TRAILERS, CGW_MORE, ORDER_DONE, ORDER_TRAILERS,
     "http.response.trailers"},
    {ORDER_LIFESPAN_STARTING, CGW_LIFESPAN_STARTUP_COMPLETE, 0, ORDER_LIFESPAN_RUNNING,
     ORDER_LIFESPAN_RUNNING, "lifespan.startup.complete"},
    {ORDER_LIFESPAN_STARTING, CGW_LIFESPAN_STARTUP_FAILED, 0, ORDER_LIFESPAN_DONE,
     ORDER_LIFESPAN_DONE, "lifespan.startup.failed"},
    {ORDER_LIFESPAN_STOPPING, CGW_LIFESPAN_SHUTDOWN_COMPLETE, 0, ORDER_LIFESPAN_DONE,
     ORDER_LIFESPAN_DONE, "lifespan.shutdown.complete"},
    {ORDER_LIFESPAN_STOPPING, CGW_LIFESPAN_SHUTDOWN_FAILED, 0, ORDER_LIFESPAN_DONE,
     ORDER_LIFESPAN_DONE, "lifespan.shutdown.failed"},
};

const char *tester_response_state(enum tester_order order)
{
    static const char *const names[] = {
        [ORDER_NEW] = "nothing was sent",
        [ORDER_HEAD] = "the start was sent, no body",
        [ORDER_BODY] = "its body has begun",
        [ORDER_TRAILERS] = "its trailers are due",
        [ORDER_DONE] = "the response is complete",
        [ORDER_LIFESPAN_NEW] = "the startup was not received",
        [ORDER_LIFESPAN_STARTING] = "the startup was not answered",
        [ORDER_LIFESPAN_RUNNING] = "no shutdown was received",
        [ORDER_LIFESPAN_STOPPING] = "the shutdown was not answered",
        [ORDER_LIFESPAN_DONE] = "the lifespan is over",
    };
    return names[order];
}

/* ---- fields ---- */

static bool is_token(struct cgw_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.ptr[i]) &&
            (!s.ptr[i] || !strchr("!#$%&'*+-.^_`|~", s.ptr[i])))
            return false;
    return s.len > 0;
}

static bool is_value(struct cgw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static void check_field(struct tester_call *call, const struct cgw_header *field, size_t at)
{
    if ((field->name.len && !field->name.ptr) || (field->value.len && !field->value.ptr))
        tester_misuse(call, "field %zu of the response has bytes at NULL", at);
    if (!is_token(field->name))
        tester_misuse(call, "field %zu of the response has a name that is no token", at);
    if (!is_value(field->value))
        tester_misuse(call, "field '%.*s' has a control byte in its value", (int)field->name.len,
                      field->name.ptr);
}

static char *lower_copy(cgw_test *test, struct cgw_str name)
{
    char *copy = tester_memory_copy(test, name.ptr, name.len);
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

/* A copy for the client, behind n that there are. */
static struct cgw_test_field *copy_fields(struct tester_call *call,
                                          const struct cgw_test_field *old, size_t n,
                                          const struct cgw_header *fields, size_t n_more)
{
    struct cgw_test_field *all = tester_memory_alloc(call->test, (n + n_more + 1) * sizeof *all);
    if (n)
        memcpy(all, old, n * sizeof *all);
    for (size_t i = 0; i < n_more; i++) {
        check_field(call, &fields[i], i);
        all[n + i].name = lower_copy(call->test, fields[i].name);
        all[n + i].value = tester_memory_copy(call->test, fields[i].value.ptr, fields[i].value.len);
    }
    return all;
}

static void take_length(struct tester_call *call, const char *value)
{
    char *end;
    errno = 0;
    uint64_t length = strtoull(value, &end, 10);
    if (errno || end == value || *end || *value == '-' || *value == '+')
        tester_misuse(call, "content-length is '%.40s', which is no number", value);
    if (call->has_length && call->length != length)
        tester_misuse(call, "content-length was sent twice, with two values");
    call->has_length = true;
    call->length = length;
}

static void check_fields(struct tester_call *call, const struct cgw_event *event)
{
    if (event->u.start.n_headers && !event->u.start.headers)
        tester_misuse(call, "sent %zu fields at NULL", event->u.start.n_headers);
}

static void take_start(struct tester_call *call, const struct cgw_event *event)
{
    unsigned status = event->u.start.status;
    check_fields(call, event);
    if (status < 200 || status > 999)
        tester_misuse(call, "sent http.response.start with status %u", status);
    call->answer.status = (int)status;
    call->has_no_body = status == 204 || status == 205 || status == 304;
    call->has_promised_trailers = event->flags & CGW_TRAILERS;
    call->fields = copy_fields(call, NULL, 0, event->u.start.headers, event->u.start.n_headers);
    call->answer.fields = call->fields;
    call->answer.n_fields = event->u.start.n_headers;
    for (size_t i = 0; i < call->answer.n_fields; i++)
        if (strcmp(call->fields[i].name, "content-length") == 0)
            take_length(call, call->fields[i].value);
}

static void take_trailers(struct tester_call *call, const struct cgw_event *event)
{
    check_fields(call, event);
    call->trailers = copy_fields(call, call->trailers, call->answer.n_trailers,
                                 event->u.start.headers, event->u.start.n_headers);
    call->answer.trailers = call->trailers;
    call->answer.n_trailers += event->u.start.n_headers;
}

static void take_informational(struct tester_call *call, const struct cgw_event *event)
{
    unsigned status = event->u.start.status;
    check_fields(call, event);
    if (status < 102 || status > 199)
        tester_misuse(call, "sent http.response.informational with status %u", status);
    copy_fields(call, NULL, 0, event->u.start.headers, event->u.start.n_headers);
    call->answer.informational = (int)status;
}

/* ---- bodies ---- */

/* Room for len more behind what the client has. */
static char *more_text(struct tester_call *call, size_t len)
{
    if (call->room - call->n_got <= len) {
        size_t room =
            call->room * 2 > call->n_got + len + 1 ? call->room * 2 : call->n_got + len + 1;
        char *text = realloc(call->text, room);
        if (!text)
            tester_fail_memory(call->test);
        call->text = text;
        call->room = room;
    }
    return call->text + call->n_got;
}

static bool is_dropped(const struct tester_call *call)
{
    return call->has_no_body || call->is_head_request;
}

static void add_text(struct tester_call *call, const char *bytes, size_t len)
{
    call->n_body += len;
    if (!len || is_dropped(call))
        return;
    memcpy(more_text(call, len), bytes, len);
    call->n_got += len;
}

static void check_length(struct tester_call *call, bool is_last)
{
    if (call->has_no_body && call->n_body)
        tester_misuse(call, "sent a body with status %d, which has none", call->answer.status);
    if (!call->has_length || is_dropped(call))
        return;
    if (call->n_body > call->length || (is_last && call->n_body < call->length))
        tester_misuse(call, "sent %llu bytes of body, content-length is %llu",
                      (unsigned long long)call->n_body, (unsigned long long)call->length);
}

static void take_parts(struct tester_call *call, const struct cgw_event *event)
{
    const struct cgw_str *parts = event->u.bodyv.parts;
    if (event->u.bodyv.n_parts && !parts)
        tester_misuse(call, "sent %zu parts at NULL", event->u.bodyv.n_parts);
    for (size_t i = 0; i < event->u.bodyv.n_parts; i++) {
        if (parts[i].len && !parts[i].ptr)
            tester_misuse(call, "sent part %zu of %zu bytes at NULL", i, parts[i].len);
        add_text(call, parts[i].ptr, parts[i].len);
    }
}

static int read_file(struct tester_call *call, int fd, uint64_t offset, uint64_t count)
{
    struct stat info;
    if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || offset > (uint64_t)info.st_size)
        return CGW_EIO;
    uint64_t rest = (uint64_t)info.st_size - offset;
    if (count == CGW_FILE_REST)
        count = rest;
    if (count > rest)
        return CGW_EIO;
    for (uint64_t at = 0; at < count;) {
        char block[16384];
        size_t want = count - at < sizeof block ? (size_t)(count - at) : sizeof block;
        ssize_t n = pread(fd, block, want, (off_t)(offset + at));
        if (n <= 0)
            return CGW_EIO;
        add_text(call, block, (size_t)n);
        at += (uint64_t)n;
    }
    return CGW_OK;
}

static int take_file(struct tester_call *call, const struct cgw_event *event)
{
    struct cgw_str path = event->u.file.path;
    if (!path.len)
        return read_file(call, event->u.file.fd, event->u.file.offset, event->u.file.count);
    if (!path.ptr || path.ptr[0] != '/')
        tester_misuse(call, "sent a file by a path that is not absolute");
    char *name = strndup(path.ptr, path.len);
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    free(name);
    if (fd < 0)
        return CGW_EIO;
    int status = read_file(call, fd, event->u.file.offset, event->u.file.count);
    close(fd);
    return status;
}

static int take_body(struct tester_call *call, const struct cgw_event *event)
{
    int status = CGW_OK;
    uint64_t before = call->n_body;
    if (event->type == CGW_HTTP_RESPONSE_FILE)
        status = take_file(call, event);
    else
        take_parts(call, event);
    if (status == CGW_OK)
        check_length(call, !(event->flags & CGW_MORE));
    call->answer.n_chunks += call->n_body > before;
    return status;
}

/* ---- an event ---- */

static const struct step *step_of(struct tester_call *call, const struct cgw_event *event)
{
    const char *name = "an unknown event";
    if (event->size != sizeof *event)
        tester_misuse(call, "sent an event of type %u with size %u, not %zu", event->type,
                      event->size, sizeof *event);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i].type != event->type)
            continue;
        if (steps[i].from == call->order && (event->flags & ~steps[i].flags))
            tester_misuse(call, "sent %s with flags 0x%x", steps[i].name, event->flags);
        if (steps[i].from == call->order)
            return &steps[i];
        name = steps[i].name;
    }
    tester_misuse(call, "sent %s (%u) out of order: %s", name, event->type,
                  tester_response_state(call->order));
}

static int take_content(struct tester_call *call, const struct cgw_event *event)
{
    switch (event->type) {
    case CGW_HTTP_RESPONSE_START:
        take_start(call, event);
        return CGW_OK;
    case CGW_HTTP_RESPONSE_INFORMATIONAL:
        take_informational(call, event);
        return CGW_OK;
    case CGW_HTTP_RESPONSE_TRAILERS:
        take_trailers(call, event);
        return CGW_OK;
    default:
        return take_body(call, event);
    }
}

static void note_end(struct tester_call *call)
{
    uint64_t took = call->test->now_us - call->exchange->began_us;
    call->answer.seconds = (double)took / 1e6;
    call->answer.ended = ++call->test->count;
}

int tester_response_take(struct tester_call *call, const struct cgw_event *event)
{
    const struct step *step = step_of(call, event);
    if (call->scope.type == CGW_SCOPE_LIFESPAN) {
        call->order = step->next;
        tester_lifespan_take(call, event);
        return CGW_OK;
    }
    int status = take_content(call, event);
    if (status != CGW_OK)
        return status;
    call->order = event->flags & CGW_MORE ? step->next_more : step->next;
    if (call->order == ORDER_DONE && call->has_promised_trailers &&
        event->type != CGW_HTTP_RESPONSE_TRAILERS)
        call->order = ORDER_TRAILERS;
    if (call->order != ORDER_DONE)
        return CGW_OK;
    call->answer.is_complete = true;
    note_end(call);
    return CGW_OK;
}

/* What a server answers for an application that has failed in time. */
static void answer_failure(struct tester_call *call, int status)
{
    static const struct cgw_test_field plain[] = {{"content-type", "text/plain; charset=utf-8"}};
    const char *text = status == 500 ? "Internal Server Error" : "Service Unavailable";
    call->answer.status = status;
    call->answer.fields = plain;
    call->answer.n_fields = 1;
    call->answer.is_complete = true;
    call->n_got = 0;
    call->n_body = 0;
    call->has_no_body = false;
    add_text(call, text, strlen(text));
    call->answer.n_chunks = 1;
}

static void log_failure(struct tester_call *call, int status)
{
    char text[96];
    int n = snprintf(text, sizeof text, "the application failed with %d: %s", status,
                     tester_response_state(call->order));
    if (!call->is_gone && !call->is_canceled)
        tester_log(call->test, call, CGW_LOG_ERROR, text, (size_t)n);
}

void tester_response_conclude(struct tester_call *call, int status)
{
    bool is_on_wire = call->order != ORDER_NEW && call->order != ORDER_HEAD;
    if (!call->answer.is_complete || status < 0)
        log_failure(call, status);
    if (!call->answer.is_complete) {
        if (call->is_gone && !is_on_wire)
            call->answer.status = 0;
        else if (!is_on_wire)
            answer_failure(call, call->is_canceled ? 503 : 500);
        note_end(call);
    }
    call->answer.text = tester_memory_copy(call->test, call->text, call->n_got);
    call->answer.len = call->n_got;
    free(call->text);
    call->text = NULL;
}

/* ---- what was lent ---- */

static uint64_t mix(uint64_t print, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        print = (print ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
    return print;
}

static uint64_t mix_fields(uint64_t print, const struct cgw_header *fields, size_t n)
{
    print = mix(print, fields, n * sizeof *fields);
    for (size_t i = 0; i < n; i++) {
        print = mix(print, fields[i].name.ptr, fields[i].name.len);
        print = mix(print, fields[i].value.ptr, fields[i].value.len);
    }
    return print;
}

static uint64_t mix_parts(uint64_t print, const struct cgw_str *parts, size_t n)
{
    print = mix(print, parts, n * sizeof *parts);
    for (size_t i = 0; i < n; i++)
        print = mix(print, parts[i].ptr, parts[i].len);
    return print;
}

uint64_t tester_response_print(const struct cgw_event *events, size_t n)
{
    uint64_t print = mix(14695981039346656037u, events, n * sizeof *events);
    for (size_t i = 0; i < n; i++) {
        const struct cgw_event *event = &events[i];
        if (event->type == CGW_HTTP_RESPONSE_BODY)
            print = mix_parts(print, event->u.bodyv.parts, event->u.bodyv.n_parts);
        else if (event->type == CGW_HTTP_RESPONSE_FILE)
            print = mix(print, event->u.file.path.ptr, event->u.file.path.len);
        else if (event->type >= CGW_HTTP_RESPONSE_START)
            print = mix_fields(print, event->u.start.headers, event->u.start.n_headers);
        else
            print = mix(print, event->u.lifespan.message.ptr, event->u.lifespan.message.len);
    }
    return print;
}
