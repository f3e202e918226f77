/*
 * The states of a connection:
 *
 *   request --head--> call --response and body complete--> request (keep-alive)
 *      |               |  \--response complete, body not--> discard --> request
 *      |               |                                       |
 *      +---- error ----+------------ close ----------------> closing --> linger --> dead
 *
 * closing waits until all is written; linger has half-closed and reads until the peer closes too,
 * as closing over unread bytes would reset the connection and take the response with it
 * (RFC 9112 9.6).
 */
#include "app/scope.h"
#include "net/conn.h"
#include "net/last_words.h"
#include "net/listener.h"
#include <errno.h>
#include <sys/socket.h>

enum { DRAIN_GRACE_MS = 1000 };

static bool has_input(const struct conn *conn)
{
    return conn->in && conn->in->start != conn->in->end;
}

struct http1_event conn_next_event(struct conn *conn)
{
    struct http1_event event;
    size_t consumed;
    struct input *in = conn->in;
    http1_feed(&conn->http, in->bytes + in->start, in->end - in->start, &consumed, &event);
    in->start += (uint32_t)consumed;
    return event;
}

/* ---- request: between requests, or in a head ---- */

static bool is_over_limit(const struct conn *conn)
{
    const struct settings *settings = conn->net->settings;
    if (!settings->limit_concurrency || conn->net->runtime->n_running < settings->limit_concurrency)
        return false;
    struct str path = conn->request.raw_path;
    bool is_health = settings->health_path && str_is(path, str_from(settings->health_path));
    return !is_health && !(settings->metrics && str_is(path, str_from(settings->metrics)));
}

/* The call may outlive the connection: so must its strings. */
static int keep_addresses(struct conn *conn, struct str *ret_client, struct str *ret_server)
{
    struct arena *arena = &conn->call->arena;
    char *client = arena_alloc(arena, sizeof conn->client);
    if (!client)
        return -ENOMEM;
    memcpy(client, conn->client, sizeof conn->client);
    *ret_client = (struct str){client, conn->client_len};
    *ret_server = (struct str){listener_address(conn->listener), conn->server_len};
    if (conn->server)
        ret_server->ptr = arena_copy(arena, conn->server, conn->server_len);
    return ret_server->ptr ? 0 : -ENOMEM;
}

static int build_scope(struct conn *conn)
{
    const struct http1_request *http = &conn->request;
    struct scope_request request = {
        .http_major = 1,
        .http_minor = http->minor,
        .method = http->method,
        .raw_path = http->raw_path,
        .query = http->query,
        .fields = http->fields,
        .n_fields = http->n_fields,
        .client_port = conn->client_port,
        .server_port = conn->server_port,
    };
    if (keep_addresses(conn, &request.client, &request.server) < 0)
        return -ENOMEM;
    return scope_fill(conn->call, &request);
}

/* Answers that are queued in front come first: then it is one of these that is due. */
static void await_answer(const struct conn *conn)
{
    if (last_words_get(conn->fd) <= LAST_WORDS_IDLE)
        last_words_set(conn->fd,
                       conn->call->is_head_request ? LAST_WORDS_WAITS_HEAD : LAST_WORDS_WAITS);
}

/* The clock was read when this turn of the loop began, and when a call ended in it: to read it a
   third time for each request would tell the few microseconds between. */
static uint64_t start_time(const struct net *net)
{
    uint64_t turn_us = net->deadlines.now_us, ended_us = net->runtime->ended_us;
    return turn_us > ended_us ? turn_us : ended_us;
}

/* A head is complete: begin the call. It may be over, and its response queued, on return. */
static void start_call(struct conn *conn, bool ended)
{
    struct call *call = conn->call;
    uint32_t most = conn->net->settings->limit_requests_per_connection;
    call->is_head_request = str_is(conn->request.method, STR("HEAD"));
    conn->n_requests++;
    conn->is_body_over = ended;
    conn->is_body_awaited = conn->is_held = conn->has_response = conn->is_chunked = false;
    conn->is_ended = conn->is_send_waiting = conn->is_head_timed = false;
    conn->wants_continue = conn->request.expect_continue && !ended;
    conn->closes =
        !conn->request.keep_alive || conn->net->is_draining || (most && conn->n_requests >= most);
    conn->lingers = conn->request.keep_alive;
    conn->response_mark = conn->out.queued;
    deadline_pause(&conn->deadline);
    if (is_over_limit(conn)) {
        conn_reject(conn, 503, "too many requests in flight");
        return;
    }
    if (build_scope(conn) < 0) {
        conn_reject(conn, 503, "out of memory");
        return;
    }
    call->started_us = start_time(conn->net);
    call->n_before = conn->n_requests - 1;
    call->takes_trailers = conn->request.te_trailers && conn->request.minor;
    call->takes_informational = conn->request.minor;
    conn->state = &conn_state_call;
    conn->is_begun = true;
    await_answer(conn);
    call_begin(call);
}

/* A place for the next head. */
static bool begin_request(struct conn *conn)
{
    conn->call = call_get(conn->net->runtime, &call_http, &conn_wire, conn);
    if (!conn->call)
        return false;
    conn->request.method = conn->request.target = (struct str){NULL, 0}; /* nothing of the last */
    http1_begin(&conn->http, &conn->call->arena, &conn->request);
    return true;
}

/* All input is consumed and no head is complete. */
static void wait_for_head(struct conn *conn)
{
    const struct settings *settings = conn->net->settings;
    if (conn->http.phase == HTTP1_IDLE) {
        if (conn->call)
            call_put(conn->call);
        conn->call = NULL;
        if (conn->n_requests && !deadline_is_set(&conn->deadline))
            conn_set_timeout(conn, conn->net->is_draining ? DRAIN_GRACE_MS
                                                          : settings->timeout_keep_alive_ms);
    } else if (!conn->is_head_timed) {
        conn->is_head_timed = true;
        conn_set_timeout(conn, settings->timeout_head_ms);
    }
    if (conn->has_eof)
        conn->state = &conn_state_closing;
}

static void request_input(struct conn *conn)
{
    while (conn->state == &conn_state_request && has_input(conn)) {
        if (!conn->call && !begin_request(conn)) {
            conn_reset(conn);
            return;
        }
        struct http1_event event = conn_next_event(conn);
        if (event.type == HTTP1_HEAD)
            start_call(conn, event.ended);
        else if (event.type == HTTP1_ERROR)
            conn_reject(conn, event.status, event.why);
    }
    if (conn->state == &conn_state_request)
        wait_for_head(conn);
}

static void request_timeout(struct conn *conn)
{
    if (conn->http.phase == HTTP1_IDLE)
        conn->state = &conn_state_closing; /* behind what a slow reader has still to get */
    else
        conn_reject(conn, 408, "the head did not arrive in time");
}

/* ---- call: a request is with the application ---- */

static void call_input(struct conn *conn)
{
    struct call *call = conn->call;
    if (has_input(conn) || conn->has_eof)
        call_readable(call);
    if (conn->has_eof && !call->is_input_over)
        call_input_over(call);
}

static void call_timeout(struct conn *conn)
{
    if (!conn->is_body_awaited)
        return;
    conn_reject(conn, 408, "the body did not arrive in time");
}

/* ---- discard: answered, but the request's body is still arriving ---- */

static void discard_input(struct conn *conn)
{
    while (has_input(conn) && !conn->is_body_over) {
        struct http1_event event = conn_next_event(conn);
        if (event.type == HTTP1_ERROR) {
            conn->closes = conn->lingers = true;
            conn->state = &conn_state_closing;
            return;
        }
        conn->is_body_over = event.type == HTTP1_END || (event.type == HTTP1_BODY && event.ended);
    }
    if (conn->is_body_over) {
        deadline_clear(&conn->deadline);
        conn->state = &conn_state_request;
    } else if (conn->has_eof) {
        conn->closes = true;
        conn->state = &conn_state_closing;
    } else { /* progress: the whole body may take longer than this */
        conn_set_timeout(conn, conn->net->settings->timeout_linger_ms);
        conn_resume_reading(conn);
    }
}

static void discard_timeout(struct conn *conn)
{
    conn->closes = conn->lingers = true;
    conn->state = &conn_state_closing;
}

/* ---- closing: the last response is queued ---- */

static void drop_input(struct conn *conn)
{
    if (conn->in)
        conn->in->start = conn->in->end = 0;
}

static void closing_input(struct conn *conn)
{
    bool had_more = has_input(conn);
    drop_input(conn);
    conn->lingers |= had_more;
    conn_flush(conn);
    if (conn->fd < 0 || outq_pending(&conn->out))
        return;
    uint32_t ms = conn->net->settings->timeout_linger_ms;
    if (!ms || !conn->lingers || conn->has_eof || shutdown(conn->fd, SHUT_WR) < 0) {
        conn_close(conn);
        return;
    }
    conn->state = &conn_state_linger;
    conn_set_timeout(conn, ms);
    conn_resume_reading(conn);
}

static void closing_timeout(struct conn *conn)
{
    (void)conn; /* the send deadline watches over what is written */
}

/* ---- linger: half-closed ---- */

static void linger_input(struct conn *conn)
{
    drop_input(conn);
    if (conn->has_eof)
        conn_close(conn);
}

static void linger_timeout(struct conn *conn)
{
    conn_close(conn);
}

static void dead_input(struct conn *conn)
{
    (void)conn;
}

const struct conn_state conn_state_request = {"request", request_input, request_timeout};
const struct conn_state conn_state_call = {"call", call_input, call_timeout};
const struct conn_state conn_state_discard = {"discard", discard_input, discard_timeout};
const struct conn_state conn_state_closing = {"closing", closing_input, closing_timeout};
const struct conn_state conn_state_linger = {"linger", linger_input, linger_timeout};
const struct conn_state conn_state_dead = {"dead", dead_input, dead_input};

void conn_drain(struct conn *conn)
{
    if (conn->state == &conn_state_request) {
        if (conn->http.phase == HTTP1_IDLE)
            conn_set_timeout(conn, DRAIN_GRACE_MS);
    } else if (!conn->has_response) { /* else its head has promised to keep alive: once more */
        conn->closes = conn->lingers = true;
    }
}
