/* An HTTP call: request body events in, response events out, by the table of order.c. */
#include "app/call.h"
#include "app/held.h"
#include "app/tail.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int fill(struct cgw_event *event, unsigned type, unsigned flags, struct str data)
{
    *event =
        (struct cgw_event){.type = (uint16_t)type, .flags = (uint16_t)flags, .size = sizeof *event};
    event->u.body.data = (struct cgw_str){data.ptr, data.len};
    return CGW_OK;
}

static int disconnect(struct cgw_event *event)
{
    return fill(event, CGW_HTTP_DISCONNECT, 0, STR(""));
}

/* ASGI: after the response is complete, and once the peer is gone, always a disconnect. */
static int http_receive(struct call *call, struct cgw_event *event)
{
    struct str data = STR("");
    bool more = false;
    if (call->order == ORDER_HTTP_DONE || call->is_gone)
        return disconnect(event);
    if (call->is_body_over)
        return call->is_input_over ? disconnect(event) : CGW_PENDING;
    int status = call->wire->read(call, &data, &more);
    if (status == CGW_ECLOSED)
        return disconnect(event);
    if (status != CGW_OK)
        return status;
    call->is_body_over = !more;
    call->body_received += data.len;
    return fill(event, CGW_HTTP_REQUEST, more ? CGW_MORE : 0, data);
}

/* An illegal event: from now on the response can only fail. */
static int refuse(struct call *call, const char *what, const struct cgw_event *event, struct str at)
{
    if (call->order != ORDER_HTTP_DONE)
        call->is_failed = true;
    return call_misuse(call, what, event->type, at);
}

static int write_out(struct call *call, struct call_write *write, bool has_head)
{
    write->head = has_head ? &call->head : NULL;
    return call->wire->write(call, write);
}

/* What development adds to a response of the application's. */
static void embellish(struct call *call)
{
    if (call->runtime->html_tail.len)
        tail_consider(call);
    if (!call->is_built_in)
        held_add_timing(call, &call->head);
}

static int send_start(struct call *call, const struct cgw_event *event)
{
    struct str at;
    const char *why = head_check(event, &call->head, &at);
    if (why)
        return refuse(call, why, event, at);
    call->body_left = call->head.length;
    call->has_promised_trailers = event->flags & CGW_TRAILERS;
    if (call->runtime->is_development)
        embellish(call);
    return CGW_OK;
}

/* Whether bytes of a body fit what the head announced; what must not go out is set to nothing. */
static int measure(struct call *call, const struct cgw_event *event, struct call_write *write)
{
    bool more = event->flags & CGW_MORE;
    if (call->head.has_no_body && write->bytes && !call->was_warned) {
        call->was_warned = true;
        log_line(LOG_LEVEL_WARNING, 302, "the body of a %d response was dropped call=%016llx",
                 call->head.status, (unsigned long long)call->id);
    }
    if (call->is_head_request || call->head.has_no_body) {
        write->bytes = write->n_parts = 0;
        write->fd = -1;
    } else if (call->head.has_length) {
        if (write->bytes > call->body_left)
            return refuse(call, "more body than content-length", event, STR(""));
        if (!more && write->bytes < call->body_left)
            return refuse(call, "less body than content-length", event, STR(""));
        call->body_left -= write->bytes;
    }
    call->body_sent += write->bytes;
    write->end = !more && !call->has_promised_trailers;
    if (call->has_tail && !more)
        tail_hold_end(call, write);
    return CGW_OK;
}

static int take_parts(struct call *call, const struct cgw_event *event, struct call_write *write)
{
    write->parts = (const struct str *)(const void *)event->u.bodyv.parts;
    write->n_parts = event->u.bodyv.n_parts;
    if (write->n_parts && !write->parts)
        return refuse(call, "a number of parts but no array", event, STR(""));
    for (size_t i = 0; i < write->n_parts; i++) {
        if (write->parts[i].len && !write->parts[i].ptr)
            return refuse(call, "a part has a length but no bytes", event, STR(""));
        if (write->parts[i].len > INT64_MAX - write->bytes)
            return refuse(call, "the parts are longer than memory", event, STR(""));
        write->bytes += write->parts[i].len;
    }
    return CGW_OK;
}

/* A worker's rights allow the file, but it was refused: then by --sandbox. */
static void tell_sandboxed(const struct call *call, const char *path)
{
    if (errno == EACCES && call->runtime->settings->sandbox.n && access(path, R_OK) == 0)
        log_line(LOG_LEVEL_WARNING, 153,
                 "--sandbox forbids a file that the application sends: add it, or its folder, to "
                 "the list path=%s call=%016llx",
                 path, (unsigned long long)call->id);
}

/* Open the file of an event with a path, or take its descriptor; the range must lie inside. */
static int take_file(struct call *call, const struct cgw_event *event, struct call_write *write)
{
    struct stat info;
    int fd = event->u.file.fd;
    if (event->u.file.path.len) {
        if (event->u.file.path.ptr[0] != '/')
            return refuse(call, "the path of a file is not absolute", event, STR(""));
        call_close_file(call); /* the one of an event before, which is written */
        fd = call->file = open(event->u.file.path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            tell_sandboxed(call, event->u.file.path.ptr);
    }
    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) ||
        event->u.file.offset > (uint64_t)info.st_size)
        return CGW_EIO;
    uint64_t rest = (uint64_t)info.st_size - event->u.file.offset;
    if (event->u.file.count != CGW_FILE_REST && event->u.file.count > rest)
        return CGW_EIO;
    write->fd = fd;
    write->offset = event->u.file.offset;
    write->bytes = event->u.file.count == CGW_FILE_REST ? rest : event->u.file.count;
    return CGW_OK;
}

/* What goes behind the last event of the body; where that is lent, once it is written. */
static int send_tail(struct call *call)
{
    struct call_write write = tail_take(call);
    return write_out(call, &write, false);
}

static int send_body(struct call *call, const struct cgw_event *event, struct order_step step,
                     bool has_head)
{
    struct call_write write = {.fd = -1};
    int status = event->type == CGW_HTTP_RESPONSE_FILE ? take_file(call, event, &write)
                                                       : take_parts(call, event, &write);
    if (status == CGW_OK)
        status = measure(call, event, &write);
    if (status != CGW_OK)
        return status;
    bool more = event->flags & CGW_MORE;
    call->order = more ? step.next_more : step.next;
    if (!more && call->has_promised_trailers)
        call->order = ORDER_HTTP_TRAILERS;
    status = write_out(call, &write, has_head);
    return status == CGW_OK && call->is_tail_due ? send_tail(call) : status;
}

static int keep_field(struct arena *arena, struct field *field)
{
    field->name.ptr = arena_copy(arena, field->name.ptr, field->name.len);
    field->value.ptr =
        arena_copy(arena, field->value.ptr ? field->value.ptr : "", field->value.len);
    return field->name.ptr && field->value.ptr ? 0 : -1;
}

/* Trailers go out together: those of an event that is not the last are copied until then. */
static int gather_trailers(struct call *call, const struct cgw_event *event, bool is_last)
{
    const struct field *fields = (const struct field *)event->u.start.headers;
    size_t n = event->u.start.n_headers, old = call->n_trailers;
    if (is_last && old == 0) {
        call->trailers = (struct field *)(uintptr_t)fields;
        call->n_trailers = n;
        return 0;
    }
    struct field *all =
        arena_grow(&call->arena, call->trailers, old * sizeof *all, (old + n) * sizeof *all);
    if (!all)
        return -1;
    call->trailers = all;
    for (size_t i = 0; i < n; i++) {
        all[old + i] = fields[i];
        if (keep_field(&call->arena, &all[old + i]) < 0)
            return -1;
    }
    call->n_trailers = old + n;
    return 0;
}

static int send_trailers(struct call *call, const struct cgw_event *event, struct order_step step)
{
    struct str at;
    struct call_write write = {.fd = -1, .end = !(event->flags & CGW_MORE)};
    const char *why = head_check_fields(event->u.start.headers, event->u.start.n_headers, &at);
    if (why)
        return refuse(call, why, event, at);
    if (call->takes_trailers && gather_trailers(call, event, write.end) < 0)
        return CGW_ENOMEM;
    call->order = write.end ? step.next : step.next_more;
    write.trailers = call->trailers;
    write.n_trailers = call->n_trailers;
    return write.end ? write_out(call, &write, false) : CGW_OK;
}

static int send_informational(struct call *call, const struct cgw_event *event)
{
    struct str at = STR("");
    unsigned status = event->u.start.status;
    const char *why = head_check_fields(event->u.start.headers, event->u.start.n_headers, &at);
    if (!why && (status < 102 || status > 199))
        why = "the status is not in 102 to 199";
    if (why)
        return refuse(call, why, event, at);
    if (!call->takes_informational)
        return CGW_OK;
    return call->wire->informational(
        call, (int)status, (const struct field *)event->u.start.headers, event->u.start.n_headers);
}

/* One event; *has_head: a start of this very send() has not gone out yet. */
static int send_event(struct call *call, const struct cgw_event *event, bool *has_head)
{
    if (event->size != sizeof *event)
        return refuse(call, "the size of an event is not 64", event, STR(""));
    struct order_step step = order_of(call->order, event->type);
    if (!step.is_legal || call->is_failed)
        return refuse(call, "event out of order", event, STR(""));
    if (event->type == CGW_HTTP_RESPONSE_INFORMATIONAL)
        return send_informational(call, event);
    if (event->type == CGW_HTTP_RESPONSE_TRAILERS)
        return send_trailers(call, event, step);
    if (event->type == CGW_HTTP_RESPONSE_START) {
        int status = send_start(call, event);
        *has_head = status == CGW_OK;
        if (*has_head)
            call->order = step.next;
        return status;
    }
    bool had_head = *has_head;
    *has_head = false;
    return send_body(call, event, step, had_head);
}

static int http_send(struct call *call)
{
    bool has_head = false;
    int status = call->is_tail_due ? send_tail(call) : CGW_OK;
    while (status == CGW_OK && call->send_next < call->send_n)
        status = send_event(call, &call->send_events[call->send_next++], &has_head);
    if (has_head && status == CGW_OK) {
        struct call_write write = {.fd = -1, .hold = true};
        status = write_out(call, &write, true);
    }
    if (status < 0)
        call->is_tail_due = false; /* what it goes behind was not taken */
    if (status < 0 && status != CGW_ECLOSED)
        call->is_failed |= call->order != ORDER_HTTP_DONE || status != CGW_EINVAL;
    if (call->order == ORDER_HTTP_DONE && call->is_receiving)
        call_is_due(call);
    return status;
}

static const char *failure(const struct call *call)
{
    int status = call->finish_status;
    if (call->is_sending)
        return "finished with a send in flight";
    if (call->is_failed)
        return "its response could not be completed";
    if (status < 0 && status != CGW_ECLOSED && status != CGW_ECANCELED)
        return "finished with an error";
    if (call->order == ORDER_HTTP_NEW)
        return "finished without a response";
    return call->order == ORDER_HTTP_DONE ? NULL : "finished with an incomplete response";
}

static void http_conclude(struct call *call)
{
    int status = call->finish_status;
    if (status == 0 && call->order == ORDER_HTTP_DONE && !call->is_sending && !call->is_failed)
        return; /* as it should be */
    bool is_known = status <= 0 && status >= CGW_EIO;
    const char *why = is_known ? failure(call) : "finished with an unknown status";
    if (call->is_gone || !why)
        return;
    if (status == CGW_ECLOSED && call->is_input_over) {
        call->wire->fail(call, 0); /* the peer has left, and so has the application: no error */
        return;
    }
    if (!call->is_canceled)
        log_line(LOG_LEVEL_ERROR, 303,
                 "the application failed: %s status=%d path=%.*s call=%016llx", why, status,
                 (int)call->scope.raw_path.len, call->scope.raw_path.ptr,
                 (unsigned long long)call->id);
    if (call->order == ORDER_HTTP_DONE && !call->is_sending && !call->is_failed)
        call->wants_close = true;
    else
        call->wire->fail(call, call->is_canceled ? 503 : 500);
}

const struct call_kind call_http = {
    .receive = http_receive, .send = http_send, .conclude = http_conclude};
