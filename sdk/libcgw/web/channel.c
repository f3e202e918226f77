/*
 * Events between a request and its host. At most one receive is in flight; it belongs to the
 * request, not to who asks: whoever waits may be interrupted, and what comes later is the next
 * one's. A send is not interrupted, as its bytes are lent; the host's own deadlines end it.
 *
 * Watching is a receive that stays in flight while nobody asks, so that the host can say that the
 * client has left, or that the worker's grace is over. It reads the end of a body on behalf of who
 * will ask; beyond the first piece of a body that is longer it goes on when that has been read.
 */
#include "base/memory.h"
#include "web/application.h"
#include <string.h>

static bool is_open(const cgw_request *req)
{
    return req->call && !req->is_ending;
}

/* ---- what the host tells ---- */

/* The worker's grace is over: for middleware, too. */
static void was_canceled(cgw_request *req)
{
    req->is_canceled = true;
    scope_cancel(&req->task->own, CGW_ECANCELED);
}

static void has_left(cgw_request *req)
{
    if (req->is_ending)
        return; /* the response is complete: that, too, is a disconnect to the host */
    req->is_disconnected = true;
    if (req->wants_cancel && req->is_cancelable)
        scope_cancel(&req->cancel, CGW_ECLOSED);
}

static bool is_end_of_body(const struct cgw_event *event)
{
    return event->type == CGW_HTTP_REQUEST && !(event->flags & CGW_MORE);
}

/* Something was received; whoever will have it, the request knows. */
static void note_received(cgw_request *req, int status)
{
    req->receive_state = RECEIVE_READY;
    req->receive_status = status;
    if (status == CGW_ECANCELED)
        was_canceled(req);
    else if (status == CGW_OK && req->received.type == CGW_HTTP_DISCONNECT)
        has_left(req);
}

static void go_on_watching(cgw_request *req);

static void has_come(struct cgw_call *call, int status, void *arg)
{
    cgw_request *req = arg;
    struct runtime *runtime = req->runtime;
    runtime_enter(runtime, call);
    note_received(req, status);
    if (req->receiver)
        task_wake(req->receiver, CGW_OK);
    else if (req->is_watched)
        go_on_watching(req);
    runtime_run(runtime);
}

static void start_receiving(cgw_request *req)
{
    int status = req->host->receive(req->call, &req->received, has_come, req);
    if (status == CGW_PENDING)
        req->receive_state = RECEIVE_IN_FLIGHT;
    else
        note_received(req, status);
}

/* ---- watching ---- */

/* The event is put aside, its bytes copied: the host takes them back at the next receive. */
static bool keep_received(cgw_request *req)
{
    struct cgw_str data = req->received.u.body.data;
    char *copy = data.len ? memory_alloc(data.len + 1) : NULL;
    if (data.len && !copy)
        return false;
    if (copy) {
        memcpy(copy, data.ptr, data.len);
        copy[data.len] = '\0';
        req->received.u.body.data.ptr = copy;
    }
    req->kept = req->received;
    req->kept_bytes = copy;
    req->has_kept = true;
    req->receive_state = RECEIVE_IDLE;
    return true;
}

/* Nobody waits. What is no end of a body stays where it is, for who asks. */
static void go_on_watching(cgw_request *req)
{
    while (is_open(req) && !req->is_lent) {
        if (req->receive_state == RECEIVE_IDLE)
            start_receiving(req);
        if (req->receive_state != RECEIVE_READY || req->receive_status != CGW_OK ||
            !is_end_of_body(&req->received) || !keep_received(req))
            return;
    }
}

static void is_gone(struct cgw_call *call, int status, void *arg)
{
    cgw_request *req = arg;
    struct runtime *runtime = req->runtime;
    (void)status;
    runtime_enter(runtime, call);
    has_left(req);
    runtime_run(runtime);
}

static void watch_client(cgw_request *req)
{
    const struct cgw_disconnect *table = req->application->disconnect;
    if (table && table->notify(req->call, is_gone, req) == CGW_ECLOSED)
        has_left(req);
}

void channel_watch(struct cgw_request *req)
{
    if (!is_open(req) || !req->is_matched || req->match.mount)
        return; /* what is a mounted application's receives by itself */
    if (req->endpoint && req->endpoint->cancel)
        req->wants_cancel = true;
    req->is_watched = true;
    if (req->wants_cancel)
        watch_client(req);
    if (!req->receiver)
        go_on_watching(req);
}

void channel_used(struct cgw_request *req)
{
    req->is_lent = false;
    if (req->is_watched && !req->receiver)
        go_on_watching(req);
}

/* ---- receiving ---- */

static void stop_waiting(struct task *task)
{
    cgw_request *req = task->waits_in;
    req->receiver = NULL;
}

static int wait_for_received(cgw_request *req, const struct cgw_site *site)
{
    req->receiver = task_here();
    int status = task_park(req->receiver, "receiving", site, stop_waiting, req);
    req->receiver = NULL;
    return status;
}

static int take_kept(cgw_request *req, struct cgw_event *event)
{
    *event = req->kept;
    req->has_kept = false;
    return CGW_OK;
}

static int take_received(cgw_request *req, struct cgw_event *event)
{
    req->receive_state = RECEIVE_IDLE;
    if (req->receive_status != CGW_OK)
        return req->receive_status;
    *event = req->received;
    req->is_lent = event->type == CGW_HTTP_REQUEST && event->u.body.data.len;
    if (req->is_watched && is_end_of_body(event))
        go_on_watching(req);
    return CGW_OK;
}

static int refuse_second_receiver(cgw_request *req)
{
    runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                "two tasks of one request receive at the same time");
    return CGW_EINVAL;
}

int channel_receive(struct cgw_request *req, struct cgw_event *event, const struct cgw_site *site)
{
    int status = task_reason(task_here());
    if (status != CGW_OK)
        return status;
    if (req->has_kept)
        return take_kept(req, event);
    if (!req->call)
        return CGW_ECLOSED;
    if (req->receiver)
        return refuse_second_receiver(req);
    req->is_lent = false;
    if (req->receive_state == RECEIVE_IDLE)
        start_receiving(req);
    if (req->receive_state == RECEIVE_IN_FLIGHT)
        status = wait_for_received(req, site);
    return status == CGW_OK ? take_received(req, event) : status;
}

/* ---- sending ---- */

static void was_sent(struct cgw_call *call, int status, void *arg)
{
    cgw_request *req = arg;
    struct runtime *runtime = req->runtime;
    runtime_enter(runtime, call);
    task_wake(req->sender, status);
    runtime_run(runtime);
}

static void note_start(cgw_request *req, const struct cgw_event *start)
{
    req->has_begun = true;
    req->has_trailers = start->flags & CGW_TRAILERS;
    if (req->reply.state != REPLY_NONE && req->reply.state != REPLY_WHOLE)
        return;
    req->reply.state = REPLY_BY_HAND;
    req->reply.status = start->u.start.status;
}

/* Known before it is sent, as the host may tell of the end while it still is. */
static void note_sent(cgw_request *req, const struct cgw_event *event)
{
    bool is_last = !(event->flags & CGW_MORE);
    if (event->type == CGW_HTTP_RESPONSE_START)
        note_start(req, event);
    else if (event->type == CGW_HTTP_RESPONSE_BODY || event->type == CGW_HTTP_RESPONSE_FILE)
        req->is_ending |= is_last && !req->has_trailers;
    else if (event->type == CGW_HTTP_RESPONSE_TRAILERS)
        req->is_ending |= is_last;
}

static int give(cgw_request *req, const struct cgw_event *events, size_t n,
                const struct cgw_site *site)
{
    for (size_t i = 0; i < n; i++)
        note_sent(req, &events[i]);
    int status = req->host->send(req->call, events, n, was_sent, req);
    if (status == CGW_PENDING) {
        req->sender = task_here();
        status = task_park(req->sender, "sending", site, NULL, NULL);
        req->sender = NULL;
    }
    if (status == CGW_OK && req->is_ending)
        req->reply.state = REPLY_COMPLETE;
    if (status == CGW_ECANCELED)
        was_canceled(req);
    if (status == CGW_ECLOSED) {
        req->is_ending = false; /* it did not come to that */
        has_left(req);
    }
    return status;
}

int channel_send(struct cgw_request *req, const struct cgw_event *events, size_t n,
                 const struct cgw_site *site)
{
    const struct task *task = task_here();
    int status = task_reason(task);
    if (status != CGW_OK)
        return status;
    if (!is_open(req))
        return CGW_ECLOSED;
    if (!mutex_take(&req->sending, task) &&
        (status = cgw__mutex_lock(&req->sending, site)) != CGW_OK)
        return status;
    status = is_open(req) ? give(req, events, n, site) : CGW_ECLOSED;
    mutex_give(&req->sending);
    return status;
}

/* ---- the end ---- */

/* The host answers what is in flight once the response is complete, the client has left or the call
   is canceled; of a response that breaks off it lets it fall. */
void channel_settle(struct cgw_request *req)
{
    stream_settle(req);
    if (req->is_watched && req->wants_cancel && req->application->disconnect)
        (void)req->application->disconnect->notify(req->call, NULL, NULL);
    bool is_answered =
        req->reply.state == REPLY_COMPLETE || req->is_disconnected || req->is_canceled;
    req->is_watched = false;
    if (req->receive_state == RECEIVE_IN_FLIGHT && is_answered) {
        req->receiver = task_here();
        (void)task_park(req->receiver, "ending", NULL, NULL, NULL);
        req->receiver = NULL;
    }
    memory_free(req->kept_bytes);
    req->kept_bytes = NULL;
    req->has_kept = false;
}
