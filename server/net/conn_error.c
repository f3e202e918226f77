/* Answers of the host's own: a request that cannot be taken, an application that failed. */
#include "base/clock.h"
#include "base/log.h"
#include "net/access_log.h"
#include "net/conn.h"
#include "proto/http1_writer.h"
#include <errno.h>
#include <time.h>

static const struct field text_plain = {{"content-type", 12}, {"text/plain; charset=utf-8", 25}};
static const struct field retry_after = {{"retry-after", 11}, {"1", 1}};

int conn_queue_error(struct conn *conn, int status)
{
    const struct settings *settings = conn->net->settings;
    struct str reason = str_from(http1_reason(status));
    const struct field fields[] = {text_plain, retry_after};
    bool has_body = !conn->call || !str_is(conn->request.method, STR("HEAD"));
    struct http1_head head = {
        .status = status,
        .framing = HTTP1_FRAMING_LENGTH,
        .content_length = reason.len + 1,
        .fields = fields,
        .n_fields = status == 503 ? 2 : 1,
        .extra = settings->extra_headers,
        .n_extra = settings->n_extra_headers,
        .date = settings->date_header ? clock_date((time_t)ev_now(conn->net->loop)) : NULL,
        .server = settings->server_header,
        .close = true,
    };
    int rc = conn_queue_head(conn, &head);
    if (rc < 0 || !has_body)
        return rc;
    rc = outq_copy(&conn->out, reason.ptr, reason.len);
    return rc < 0 ? rc : outq_copy(&conn->out, "\n", 1);
}

void conn_detach_call(struct conn *conn)
{
    struct call *call = conn->call;
    conn->call = NULL;
    if (!conn->is_begun) {
        call_put(call);
        return;
    }
    if (conn->is_lent) {
        call->wire_kept = conn->in;
        conn->in = NULL;
    }
    call->is_aborted = true;
    conn->is_begun = conn->is_lent = conn->is_send_waiting = conn->is_held = false;
    call_gone(call);
}

static void log_rejection(struct conn *conn, int status, const char *why)
{
    log_line(LOG_LEVEL_DEBUG, 401, "refused a request: %s status=%d client=%s", why, status,
             conn->client);
    if (conn->is_begun)
        return;
    board_add(&conn->net->runtime->slot->refused, 1); /* else it counts as a request */
    access_log_rejection(conn, status);
}

void conn_reject(struct conn *conn, int status, const char *why)
{
    struct call *call = conn->is_begun ? conn->call : NULL;
    if (why)
        log_rejection(conn, status, why);
    if (call && conn->has_response && conn->out.written > conn->response_mark) {
        conn_reset(conn); /* never a second status line */
        return;
    }
    if (call)
        outq_truncate(&conn->out, conn->response_mark);
    int rc = conn_queue_error(conn, status);
    if (call)
        call->head.status = status;
    if (conn->call)
        conn_detach_call(conn);
    if (rc < 0) {
        conn_reset(conn);
        return;
    }
    if (call)
        call->is_aborted = false;
    conn->closes = conn->lingers = true;
    conn->state = &conn_state_closing;
    deadline_clear(&conn->deadline);
    conn_touch(conn);
}
