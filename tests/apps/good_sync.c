/* A synchronous application that uses all a call may: body, memory, log, tables, a thread. */
#include <cgw/abi.h>
#include <stdio.h>
#include <string.h>

struct reply {
    struct cgw_event events[2];
    struct cgw_header headers[1];
    struct cgw_str body[2];
    char length[24];
};

static void add(void *arg)
{
    ++*(size_t *)arg;
}

/* The bytes of the whole body, or a negative status. */
static int measure(struct cgw_call *call, size_t *ret_bytes)
{
    struct cgw_event event;
    do {
        int status = call->host->receive(call, &event, NULL, NULL);
        if (status != CGW_OK)
            return status;
        if (event.type == CGW_HTTP_DISCONNECT)
            return CGW_ECLOSED;
        *ret_bytes += event.u.body.data.len;
    } while (event.flags & CGW_MORE);
    return CGW_OK;
}

static int answer(struct cgw_call *call, size_t bytes)
{
    static const char tail[] = " bytes\n";
    char text[24];
    struct reply *reply = call->host->alloc(call, sizeof *reply);
    if (!reply)
        return CGW_ENOMEM;
    size_t n = (size_t)snprintf(text, sizeof text, "%zu", bytes);
    size_t digits =
        (size_t)snprintf(reply->length, sizeof reply->length, "%zu", n + sizeof tail - 1);
    reply->body[0] = (struct cgw_str){text, n};
    reply->body[1] = (struct cgw_str){tail, sizeof tail - 1};
    reply->headers[0] = (struct cgw_header){CGW_STR("Content-Length"), {reply->length, digits}};
    reply->events[0] = cgw_event_start(200, reply->headers, 1);
    reply->events[1] = cgw_event_body(reply->body, 2, 0);
    return call->host->send(call, reply->events, 2, NULL, NULL);
}

static void call(struct cgw_call *call)
{
    size_t bytes = 0;
    const struct cgw_thread *thread = call->host->extension(call->host, CGW_EXT_THREAD);
    int status = measure(call, &bytes);
    if (status == CGW_OK && thread) {
        status = thread->run(call, add, &bytes, NULL, NULL);
        bytes--;
    }
    if (status == CGW_OK)
        status = answer(call, bytes);
    if (status < 0)
        call->host->log(call, CGW_LOG_WARNING, "no answer", 9);
    call->host->finish(call, status);
}

CGW_APP(.kind = CGW_SYNC, .stack_size = 1 << 20, .name = "good_sync", .call = call);
