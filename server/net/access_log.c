/* From a call, or a refused request, to a record of app/access.h and on to the log's sink. */
#include "net/access_log.h"
#include "app/access.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/conn.h"
#include "proto/http1_writer.h"

static void write_record(const struct net *net, const struct access_record *record)
{
    char line[ACCESS_LINE_BYTES];
    size_t len = access_format_line(net->access, record, line, sizeof line);
    log_sink_line(net->access_sink, line, len);
}

static struct str from_cgw(struct cgw_str s)
{
    return (struct str){s.ptr, s.len};
}

static void take_fields(const struct cgw_scope *scope, struct access_record *record)
{
    for (size_t i = 0; i < scope->n_headers; i++) {
        struct str name = from_cgw(scope->headers[i].name);
        struct str value = from_cgw(scope->headers[i].value);
        if (str_is(name, STR("referer")))
            record->referer = value;
        else if (str_is(name, STR("user-agent")))
            record->user_agent = value;
        else if (str_is(name, STR("host")))
            record->host = value;
    }
}

/* path?query as sent, in the call's arena; without memory just the path. */
static struct str target_of(struct call *call)
{
    struct cgw_str path = call->scope.raw_path, query = call->scope.query;
    char *text = query.len ? arena_alloc(&call->arena, path.len + query.len + 1) : NULL;
    if (!text)
        return from_cgw(path);
    memcpy(text, path.ptr, path.len);
    text[path.len] = '?';
    memcpy(text + path.len + 1, query.ptr, query.len);
    return (struct str){text, path.len + query.len + 1};
}

__attribute__((noinline)) void access_log_call(struct call *call)
{
    const struct net *net = call->runtime->net;
    if (!net->access)
        return;
    const struct cgw_scope *scope = &call->scope;
    uint64_t ended_us = call->ended_us ? call->ended_us : clock_now_us();
    uint64_t took = ended_us - call->started_us;
    struct access_record record = {
        .client = from_cgw(scope->client),
        .client_port = scope->client_port,
        .method = from_cgw(scope->method),
        .target = target_of(call),
        .http_major = scope->http_major,
        .http_minor = scope->http_minor,
        .status = call->head.status,
        .body_sent = call->body_sent,
        .body_received = call->body_received,
        .duration_us = took,
        .wall_us = clock_wall_us() - took,
        .request_id = call->id,
        .scheme = from_cgw(scope->scheme),
        .route = call->route_name,
        .is_aborted = call->is_aborted,
        .keep_alive = call->n_before,
    };
    take_fields(scope, &record);
    write_record(net, &record);
}

void access_log_rejection(struct conn *conn, int status)
{
    const struct net *net = conn->net;
    if (!net->access)
        return;
    struct str reason = str_from(http1_reason(status));
    struct access_record record = {.body_sent = reason.len + 1,
                                   .client = str_from(conn->client),
                                   .client_port = conn->client_port,
                                   .http_major = 1,
                                   .http_minor = 1,
                                   .status = status,
                                   .wall_us = clock_wall_us(),
                                   .scheme = STR("http"),
                                   .keep_alive = conn->n_requests};
    if (conn->call) { /* known as far as its request line was good */
        record.method = conn->request.method;
        record.target = conn->request.target;
    }
    write_record(net, &record);
}
