/*
 * The HTTP/1 side of a call: its response becomes bytes of the out-queue, its request's body is
 * pulled out of the codec. Small bodies are copied behind the head, so that a turn ends in one
 * write; large ones are lent and written at once.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "net/conn.h"
#include "proto/http1_writer.h"
#include <errno.h>
#include <time.h>

enum { COPY_MAX_BYTES = 4096 };

static struct conn *conn_of(struct call *call)
{
    return call->wire_data;
}

/* How the body will be framed (RFC 9112 6.3); to HTTP/1.0 it may have to end with the connection.
 */
static enum http1_framing choose_framing(struct conn *conn, const struct call *call)
{
    const struct head *head = &call->head;
    if (head->status == 204)
        return HTTP1_FRAMING_NONE;
    if (head->status == 205 || head->has_length)
        return HTTP1_FRAMING_LENGTH;
    if (head->status == 304 || call->is_head_request)
        return HTTP1_FRAMING_NONE;
    if (conn->request.minor)
        return HTTP1_FRAMING_CHUNKED;
    conn->closes = true;
    return HTTP1_FRAMING_CLOSE;
}

/* Render a head of any size: into the queue's block, or where it is too long by way of the heap. */
int conn_queue_head(struct conn *conn, const struct http1_head *http)
{
    size_t bound = http1_head_bound(http);
    char *to = bound <= OUTQ_BLOCK_BYTES ? outq_reserve(&conn->out, bound) : NULL;
    if (to) {
        outq_commit(&conn->out, http1_write_head(to, http));
        return 0;
    }
    if (bound <= OUTQ_BLOCK_BYTES || !(to = mem_alloc(bound)))
        return -ENOMEM;
    int rc = outq_copy(&conn->out, to, http1_write_head(to, http));
    mem_free(to);
    return rc;
}

static time_t wall_second(const struct conn *conn)
{
    return (time_t)ev_now(conn->net->loop);
}

static int queue_head(struct conn *conn, struct call *call)
{
    const struct settings *settings = conn->net->settings;
    const struct head *head = &call->head;
    struct http1_head http = {
        .status = head->status,
        .framing = choose_framing(conn, call),
        .content_length = head->status == 205 ? 0 : head->length,
        .fields = head->fields,
        .n_fields = head->n_fields,
        .extra = settings->extra_headers,
        .n_extra = settings->n_extra_headers,
        .date = settings->date_header ? clock_date(wall_second(conn)) : NULL,
        .server = settings->server_header,
    };
    /* a client that waits for 100 and does not get it may or may not send its body */
    if (head->close || conn->wants_continue)
        conn->closes = conn->lingers = true;
    conn->wants_continue = false;
    conn->is_chunked = http.framing == HTTP1_FRAMING_CHUNKED;
    http.close = conn->closes;
    http.keep_alive = !conn->closes && !conn->request.minor;
    conn->has_response = true;
    return conn_queue_head(conn, &http);
}

static int queue_chunk_size(struct conn *conn, uint64_t bytes)
{
    char *to = outq_reserve(&conn->out, HTTP1_CHUNK_BOUND);
    if (!to)
        return -ENOMEM;
    outq_commit(&conn->out, http1_write_chunk_size(to, bytes));
    return 0;
}

static int queue_bytes(struct conn *conn, const struct call_write *write)
{
    int rc = 0;
    if (write->fd >= 0)
        return outq_file(&conn->out, write->fd, write->offset, write->bytes);
    if (write->bytes > COPY_MAX_BYTES)
        return outq_lend(&conn->out, write->parts, write->n_parts, write->bytes);
    for (size_t i = 0; rc == 0 && i < write->n_parts; i++)
        rc = outq_copy(&conn->out, write->parts[i].ptr, write->parts[i].len);
    return rc;
}

static int queue_body(struct conn *conn, const struct call_write *write)
{
    if (!conn->is_chunked)
        return queue_bytes(conn, write);
    int rc = queue_chunk_size(conn, write->bytes);
    if (rc == 0)
        rc = queue_bytes(conn, write);
    return rc == 0 ? outq_copy(&conn->out, "\r\n", 2) : rc;
}

static int queue_end(struct conn *conn, const struct call_write *write)
{
    conn->is_ended = true;
    if (!conn->is_chunked)
        return 0;
    size_t bound = http1_trailers_bound(write->trailers, write->n_trailers);
    char *to = bound <= OUTQ_BLOCK_BYTES ? outq_reserve(&conn->out, bound) : NULL;
    if (to) {
        outq_commit(&conn->out, http1_write_last_chunk(to, write->trailers, write->n_trailers));
        return 0;
    }
    if (bound <= OUTQ_BLOCK_BYTES || !(to = mem_alloc(bound)))
        return -ENOMEM;
    size_t len = http1_write_last_chunk(to, write->trailers, write->n_trailers);
    int rc = outq_copy(&conn->out, to, len);
    mem_free(to);
    return rc;
}

/* What is queued may have to be written before the application goes on. */
static int apply_pressure(struct conn *conn, struct call *call)
{
    const struct settings *settings = conn->net->settings;
    if (outq_is_lent(&conn->out) || outq_pending(&conn->out) > settings->send_high_water)
        conn_flush(conn);
    else
        conn_touch(conn);
    if (!call->wire_data)
        return call->send_error ? call->send_error : CGW_ECLOSED;
    conn->is_send_waiting =
        outq_is_lent(&conn->out) || outq_pending(&conn->out) > settings->send_high_water;
    return conn->is_send_waiting ? CGW_PENDING : CGW_OK;
}

static int wire_write(struct call *call, const struct call_write *write)
{
    struct conn *conn = conn_of(call);
    int rc = 0;
    if (!conn)
        return CGW_ECLOSED;
    if (write->head)
        rc = queue_head(conn, call);
    if (rc == 0 && write->bytes)
        rc = queue_body(conn, write);
    if (rc == 0 && write->end)
        rc = queue_end(conn, write);
    if (conn->is_ended && conn->is_body_awaited) { /* nobody waits for the rest any more */
        conn->is_body_awaited = false;
        deadline_pause(&conn->deadline);
    }
    if (rc < 0) { /* what is lent must not stay */
        if (conn->out.lent_end > conn->out.written)
            conn_reset(conn);
        return CGW_ENOMEM;
    }
    conn->is_held = write->hold;
    return write->hold ? CGW_OK : apply_pressure(conn, call);
}

static int wire_informational(struct call *call, int status, const struct field *fields, size_t n)
{
    struct conn *conn = conn_of(call);
    if (!conn)
        return CGW_ECLOSED;
    struct http1_head http = {.status = status, .fields = fields, .n_fields = n};
    size_t bound = http1_head_bound(&http);
    char *to = mem_alloc(bound);
    if (!to)
        return CGW_ENOMEM;
    int rc = outq_copy(&conn->out, to, http1_write_informational(to, status, fields, n));
    mem_free(to);
    if (rc < 0)
        return CGW_ENOMEM;
    conn->response_mark = conn->out.queued;
    conn_flush(conn);
    return apply_pressure(conn, call);
}

/* The application waits for a body that has not come. */
static int await_body(struct conn *conn)
{
    if (conn->has_eof) {
        conn_reject(conn, 400, "the connection ended inside the body");
        return CGW_ECLOSED;
    }
    if (conn->wants_continue && !conn->has_response) {
        static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (outq_copy(&conn->out, line, sizeof line - 1) < 0)
            return CGW_ENOMEM;
        conn->response_mark = conn->out.queued;
        conn_touch(conn);
    }
    if (conn->is_held && conn->request.expect_continue) {
        conn->is_held = false; /* the client waits for a word, and this is the only one to come */
        conn_touch(conn);
    }
    conn->wants_continue = false;
    conn->is_body_awaited = true;
    conn_set_timeout(conn, conn->net->settings->timeout_body_ms);
    conn_release_input(conn);
    conn_resume_reading(conn);
    return CGW_PENDING;
}

static int wire_read(struct call *call, struct str *ret_data, bool *ret_more)
{
    struct conn *conn = conn_of(call);
    struct http1_event event = {.type = HTTP1_MORE};
    if (!conn)
        return CGW_ECLOSED;
    conn->is_lent = false;
    while (!conn->is_body_over && event.type == HTTP1_MORE && conn->in &&
           conn->in->start != conn->in->end) {
        conn->wants_continue = false; /* it has not waited */
        event = conn_next_event(conn);
    }
    if (event.type == HTTP1_ERROR) {
        conn_reject(conn, event.status, event.why);
        return CGW_ECLOSED;
    }
    if (!conn->is_body_over && event.type == HTTP1_MORE)
        return await_body(conn);
    conn->is_body_over |= event.type == HTTP1_END || event.ended;
    if (conn->is_body_awaited) /* progress: the next wait has a deadline of its own */
        deadline_pause(&conn->deadline);
    conn->is_body_awaited = false;
    conn->is_lent = event.type == HTTP1_BODY;
    *ret_data = event.type == HTTP1_BODY ? event.data : STR("");
    *ret_more = !conn->is_body_over;
    return CGW_OK;
}

static void wire_fail(struct call *call, int status)
{
    struct conn *conn = conn_of(call);
    if (!conn)
        return;
    if (status)
        conn_reject(conn, status, NULL);
    else
        conn_close(conn);
}

/* Where the connection goes after its call. */
static void next_state(struct conn *conn)
{
    bool may_discard = conn->net->settings->timeout_linger_ms;
    if (conn->closes || (!conn->is_body_over && !may_discard)) {
        conn->state = &conn_state_closing;
    } else if (conn->is_body_over) {
        conn->state = &conn_state_request;
    } else {
        conn->state = &conn_state_discard;
        conn_set_timeout(conn, conn->net->settings->timeout_linger_ms);
    }
}

static void wire_ended(struct call *call)
{
    struct conn *conn = conn_of(call);
    input_put(call->wire_kept);
    if (!conn)
        return;
    conn->call = NULL;
    conn->is_begun = conn->is_send_waiting = false;
    conn->is_lent = conn->is_body_awaited = conn->is_held = false;
    deadline_pause(&conn->deadline);
    conn->closes |= call->wants_close;
    conn->lingers |= call->wants_close || !conn->is_body_over;
    next_state(conn);
    conn_touch(conn);
}

const struct call_wire conn_wire = {.write = wire_write,
                                    .informational = wire_informational,
                                    .read = wire_read,
                                    .fail = wire_fail,
                                    .ended = wire_ended};
