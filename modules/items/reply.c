/* Head and body leave in one send(). */
#include "reply.h"
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cgw_str str(const char *text)
{
    return (struct cgw_str){text, strlen(text)};
}

struct content {
    const char *type;
    struct cgw_str body;
};

static void reply(struct cgw_call *call, unsigned status, const struct content *content,
                  const char *name, const char *value)
{
    char length[24];
    struct cgw_header headers[3];
    size_t n = 0;
    snprintf(length, sizeof(length), "%zu", content->body.len);
    headers[n++] = (struct cgw_header){str("content-type"), str(content->type)};
    headers[n++] = (struct cgw_header){str("content-length"), str(length)};
    if (name)
        headers[n++] = (struct cgw_header){str(name), str(value)};
    struct cgw_event events[] = {cgw_event_start((uint16_t)status, headers, n),
                                 cgw_event_body(&content->body, 1, 0)};
    call->host->finish(call, call->host->send(call, events, 2, NULL, NULL));
}

void reply_json(struct cgw_call *call, unsigned status, struct json_object *json, const char *name,
                const char *value)
{
    struct content content = {"application/json", {NULL, 0}};
    int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
    content.body.ptr = json_object_to_json_string_length(json, flags, &content.body.len);
    if (json && content.body.ptr)
        reply(call, status, &content, name, value);
    else
        reply_no_memory(call);
    json_object_put(json);
}

void reply_error(struct cgw_call *call, unsigned status, const char *detail, const char *name,
                 const char *value)
{
    struct json_object *json = json_object_new_object();
    struct json_object *text = json_object_new_string(detail);
    if (json && text && json_object_object_add(json, "detail", text) == 0) {
        reply_json(call, status, json, name, value);
        return;
    }
    json_object_put(json);
    json_object_put(text);
    reply_no_memory(call);
}

/* Nothing here is allocated. */
void reply_no_memory(struct cgw_call *call)
{
    static const struct content content = {"application/json",
                                           CGW_STR("{\"detail\":\"out of memory\"}")};
    reply(call, 503, &content, "retry-after", "1");
}

void reply_text(struct cgw_call *call, const char *text)
{
    struct content content = {"text/plain; charset=utf-8", str(text)};
    reply(call, 200, &content, NULL, NULL);
}

void reply_empty(struct cgw_call *call, unsigned status)
{
    struct cgw_event events[] = {cgw_event_start((uint16_t)status, NULL, 0),
                                 cgw_event_body(NULL, 0, 0)};
    call->host->finish(call, call->host->send(call, events, 2, NULL, NULL));
}

const struct cgw_str *reply_field(const struct cgw_scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->n_headers; i++) {
        const struct cgw_header *header = &scope->headers[i];
        if (header->name.len == strlen(name) &&
            memcmp(header->name.ptr, name, header->name.len) == 0)
            return &header->value;
    }
    return NULL;
}

/* What is said to come, so that what is too large is refused unread. 0 where nothing is said. */
static unsigned long long announced(const struct cgw_scope *scope)
{
    const struct cgw_str *length = reply_field(scope, "content-length");
    if (!length)
        return 0;
    errno = 0;
    unsigned long long bytes = strtoull(length->ptr, NULL, 10);
    return errno ? REPLY_BODY_MAX + 1 : bytes;
}

static void too_large(struct cgw_call *call)
{
    reply_error(call, 413, "the body is larger than 64 KiB", NULL, NULL);
}

/* A buffer that grows in the call's memory, from what is announced up to the maximum. */
struct buffer {
    char *bytes;
    size_t len, max; /* a NUL more than max has room */
};

static bool append(struct cgw_call *call, struct buffer *buffer, struct cgw_str data)
{
    if (data.len == 0)
        return true;
    if (buffer->max - buffer->len < data.len) {
        size_t max =
            buffer->len + data.len > 2 * buffer->max ? buffer->len + data.len : 2 * buffer->max;
        char *bytes = call->host->alloc(call, max + 1);
        if (!bytes)
            return false;
        if (buffer->len)
            memcpy(bytes, buffer->bytes, buffer->len);
        buffer->bytes = bytes;
        buffer->max = max;
    }
    memcpy(buffer->bytes + buffer->len, data.ptr, data.len);
    buffer->len += data.len;
    buffer->bytes[buffer->len] = '\0';
    return true;
}

int reply_read_body(struct cgw_call *call, struct cgw_str *ret_body)
{
    unsigned long long expected = announced(call->scope);
    struct buffer buffer = {NULL, 0, (size_t)expected};
    struct cgw_event event = {.type = CGW_HTTP_REQUEST, .flags = CGW_MORE};
    if (expected > REPLY_BODY_MAX) {
        too_large(call);
        return -1;
    }
    if (!(buffer.bytes = call->host->alloc(call, buffer.max + 1))) {
        reply_no_memory(call);
        return -1;
    }
    buffer.bytes[0] = '\0';
    while (event.flags & CGW_MORE) {
        int status = call->host->receive(call, &event, NULL, NULL);
        if (status != CGW_OK || event.type != CGW_HTTP_REQUEST) {
            call->host->finish(call, status ? status : CGW_ECLOSED);
            return -1;
        }
        if (event.u.body.data.len > REPLY_BODY_MAX - buffer.len) {
            too_large(call);
            return -1;
        }
        if (!append(call, &buffer, event.u.body.data)) {
            reply_no_memory(call);
            return -1;
        }
    }
    *ret_body = (struct cgw_str){buffer.bytes, buffer.len};
    return 0;
}
