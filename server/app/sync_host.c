/*
 * The host of a synchronous module: receive() and send() ask the loop and wait. A whole, ordinary
 * response is copied and posted once, without waiting; finish() then rides on the same letter.
 *
 * What is not waited for must be sure to succeed, or an error would come too late: so only events
 * that the outer call cannot refuse are gathered (is_ordinary()); all others go there as they are.
 */
#include "app/sync_host.h"
#include "app/current.h"
#include "app/head.h"
#include "base/log.h"
#include "base/mem.h"
#include <string.h>

#define FEW_EVENTS 8

static struct sync *sync_of(struct cgw_call *call)
{
    return (struct sync *)(void *)call;
}

/* ---- posts ---- */

static struct sync_post *take_post(struct sync *sync)
{
    pthread_mutex_lock(&sync->lock);
    struct sync_post *post = sync->posts;
    if (post) {
        sync->posts = post->next;
        if (!sync->posts)
            sync->last_post = &sync->posts;
    }
    pthread_mutex_unlock(&sync->lock);
    return post;
}

static void run_posts(struct sync *sync)
{
    for (struct sync_post *post; (post = take_post(sync));) {
        struct sync_post now = *post;
        mem_free(post);
        now.fn(&sync->call, now.arg);
    }
}

static int sync_post(struct cgw_call *call, void (*fn)(struct cgw_call *call, void *arg), void *arg)
{
    struct sync *sync = sync_of(call);
    struct sync_post *post = mem_alloc(sizeof(*post));
    if (!post)
        return CGW_ENOMEM;
    *post = (struct sync_post){NULL, fn, arg};
    pthread_mutex_lock(&sync->lock);
    *sync->last_post = post;
    sync->last_post = &post->next;
    pthread_cond_signal(&sync->cond);
    pthread_mutex_unlock(&sync->lock);
    return CGW_OK;
}

/* ---- asking the loop ---- */

/* Run posts until op is answered. A post may have finished the call: then there is no answer. */
static int await(struct sync *sync, struct sync_op *op)
{
    pthread_mutex_lock(&sync->lock);
    while (op->in_flight && !sync->is_over) {
        if (!sync->posts) {
            pthread_cond_wait(&sync->cond, &sync->lock);
            continue;
        }
        pthread_mutex_unlock(&sync->lock);
        run_posts(sync);
        pthread_mutex_lock(&sync->lock);
    }
    int status = op->in_flight ? CGW_ECANCELED : op->status;
    pthread_mutex_unlock(&sync->lock);
    return status;
}

static int perform(struct sync *sync, struct sync_op *op)
{
    op->is_waited = true;
    sync_post_op(sync, op);
    int status = await(sync, op);
    op->is_waited = false;
    return atomic_load(&sync->is_finished) ? CGW_ECANCELED : status; /* by a post meanwhile */
}

/* The scope may be gone by now, so the line cannot say which call. */
int sync_misuse(const char *what)
{
    log_line(LOG_LEVEL_ERROR, 503, "a sync application used its call after finish() function=%s",
             what);
    return CGW_EINVAL;
}

/* Before an operation what was posted runs, and may end the call. */
static int begin(struct sync *sync, const struct sync_op *op, const char *what)
{
    if (atomic_load(&sync->is_finished))
        return sync_misuse(what);
    run_posts(sync);
    if (atomic_load(&sync->is_finished))
        return CGW_ECANCELED;
    return op->is_waited ? CGW_EINVAL : CGW_OK;
}

/* ---- receive ---- */

/* The body that was read before the hop. */
static void give_body(struct sync *sync, struct cgw_event *event)
{
    *event = (struct cgw_event){.type = CGW_HTTP_REQUEST,
                                .flags = sync->is_body_whole ? 0 : CGW_MORE,
                                .size = sizeof(*event)};
    event->u.body.data = sync->body.ptr ? sync->body : (struct cgw_str)CGW_STR("");
    sync->has_body = false;
}

static int sync_receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done,
                        void *arg)
{
    struct sync *sync = sync_of(call);
    (void)done, (void)arg;
    int status = begin(sync, &sync->receiving, "receive");
    if (status != CGW_OK)
        return status;
    if (sync->has_body) {
        give_body(sync, event);
        return CGW_OK;
    }
    status = perform(sync, &sync->receiving);
    if (status == CGW_OK)
        *event = sync->event;
    return status;
}

/* ---- gathering a response ---- */

/* false: the outer could refuse this start, or it begins more than a plain response. */
static bool is_ordinary_start(const struct sync *sync, const struct cgw_event *event)
{
    struct head head;
    struct str at;
    return event->type == CGW_HTTP_RESPONSE_START && event->flags == 0 &&
           event->size == sizeof(*event) && !sync->is_started &&
           !atomic_load_explicit(&sync->is_gone, memory_order_relaxed) &&
           head_check(event, &head, &at) == NULL;
}

/* Bytes of the parts; SIZE_MAX where they are more than are copied, or make no sense. */
static size_t body_bytes(const struct cgw_event *event)
{
    size_t bytes = 0;
    if (event->u.bodyv.n_parts && !event->u.bodyv.parts)
        return SIZE_MAX;
    for (size_t i = 0; i < event->u.bodyv.n_parts; i++) {
        const struct cgw_str *part = &event->u.bodyv.parts[i];
        if (part->len > SYNC_COPY_BYTES - bytes || (part->len && !part->ptr))
            return SIZE_MAX;
        bytes += part->len;
    }
    return bytes;
}

/* Does event, behind start, complete an ordinary response? */
static bool is_ordinary_end(const struct cgw_event *start, const struct cgw_event *event)
{
    struct head head;
    struct str at;
    if (event->type != CGW_HTTP_RESPONSE_BODY || event->flags != 0 ||
        event->size != sizeof(*event) || head_check(start, &head, &at))
        return false;
    size_t bytes = body_bytes(event);
    return bytes <= SYNC_COPY_BYTES && !(head.has_no_body && bytes) &&
           (!head.has_length || head.length == bytes);
}

static struct cgw_str copy_str(char **room, struct cgw_str text)
{
    struct cgw_str copy = {*room, text.len};
    if (text.len)
        memcpy(*room, text.ptr, text.len);
    *room += text.len;
    return copy;
}

/* Copy a start into gathered[0]. false: too large, or out of memory. */
static bool hold_start(struct sync *sync, const struct cgw_event *event)
{
    size_t n = event->u.start.n_headers, bytes = n * sizeof(struct cgw_header);
    const struct cgw_header *from = event->u.start.headers;
    for (size_t i = 0; i < n && bytes <= SYNC_COPY_BYTES; i++)
        bytes += from[i].name.len + from[i].value.len;
    struct cgw_header *to = bytes <= SYNC_COPY_BYTES ? arena_alloc(&sync->arena, bytes + 1) : NULL;
    if (!to)
        return false;
    char *room = (char *)(to + n);
    for (size_t i = 0; i < n; i++) {
        to[i].name = copy_str(&room, from[i].name);
        to[i].value = copy_str(&room, from[i].value);
    }
    sync->gathered[0] = *event;
    sync->gathered[0].u.start.headers = to;
    sync->is_started = sync->is_held = true;
    return true;
}

static bool gather_body(struct sync *sync, const struct cgw_event *event)
{
    size_t bytes = body_bytes(event);
    char *room = arena_alloc(&sync->arena, bytes + 1);
    if (!room)
        return false;
    sync->gathered_body = (struct cgw_str){room, bytes};
    for (size_t i = 0; i < event->u.bodyv.n_parts; i++)
        copy_str(&room, event->u.bodyv.parts[i]);
    sync->gathered[1] = *event;
    sync->gathered[1].u.bodyv.parts = &sync->gathered_body;
    sync->gathered[1].u.bodyv.n_parts = 1;
    return true;
}

/* ---- send ---- */

/* The array with the held start in front; few has FEW_EVENTS. NULL: out of memory. */
static const struct cgw_event *with_start(struct sync *sync, const struct cgw_event *events,
                                          size_t n, struct cgw_event *few)
{
    struct cgw_event *all = few;
    if (n + 1 > FEW_EVENTS)
        all = arena_alloc(&sync->arena, (n + 1) * sizeof(*all));
    if (!all)
        return NULL;
    all[0] = sync->gathered[0];
    if (n)
        memcpy(all + 1, events, n * sizeof(*all));
    return all;
}

static int give_these(struct sync *sync, const struct cgw_event *events, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sync->is_started = sync->is_started || events[i].type == CGW_HTTP_RESPONSE_START;
    sync->is_held = false;
    sync->events = events;
    sync->n_events = n;
    return perform(sync, &sync->sending);
}

/* Give events to the outer, a held start in front, and wait. Where memory for the two together is
   missing the start, which counts already, goes alone. */
static int give(struct sync *sync, const struct cgw_event *events, size_t n)
{
    struct cgw_event few[FEW_EVENTS];
    if (!sync->is_held)
        return give_these(sync, events, n);
    const struct cgw_event *all = with_start(sync, events, n, few);
    if (all)
        return give_these(sync, all, n + 1);
    int status = give_these(sync, sync->gathered, 1);
    return status == CGW_OK ? give_these(sync, events, n) : status;
}

/* Post the whole response, copied; nobody waits. */
static int defer(struct sync *sync)
{
    sync->is_held = false;
    sync->is_deferred = true;
    sync->events = sync->gathered;
    sync->n_events = 2;
    sync_post_op(sync, &sync->sending);
    return CGW_OK;
}

/*
 * A deferred send is over before the next one begins; what went wrong with it is told here. A post
 * that runs meanwhile may not send, but it may finish the call.
 */
static int await_deferred(struct sync *sync)
{
    if (!sync->is_deferred)
        return CGW_OK;
    sync->sending.is_waited = true;
    int status = await(sync, &sync->sending);
    sync->sending.is_waited = false;
    if (atomic_load(&sync->is_finished))
        return CGW_ECANCELED;
    if (status < 0)
        return status;
    sync->is_deferred = false;
    return CGW_OK;
}

/* Do these events, which were taken, complete the response? Then receive() is about the peer. */
static bool is_end(const struct cgw_event *events, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((events[i].type == CGW_HTTP_RESPONSE_BODY || events[i].type == CGW_HTTP_RESPONSE_FILE ||
             events[i].type == CGW_HTTP_RESPONSE_TRAILERS) &&
            !(events[i].flags & CGW_MORE))
            return true;
    return false;
}

static int sync_send(struct cgw_call *call, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done, void *arg)
{
    struct sync *sync = sync_of(call);
    (void)done, (void)arg;
    int status = begin(sync, &sync->sending, "send");
    if (status == CGW_OK)
        status = await_deferred(sync);
    if (status != CGW_OK)
        return status;
    if (n && is_ordinary_start(sync, &events[0]) && hold_start(sync, &events[0])) {
        events++;
        if (--n == 0)
            return CGW_OK;
    }
    if (n == 1 && sync->is_held && !atomic_load(&sync->is_gone) &&
        is_ordinary_end(&sync->gathered[0], events) && gather_body(sync, events))
        status = defer(sync);
    else
        status = give(sync, events, n);
    if (status == CGW_OK && is_end(events, n))
        sync->has_body = false; /* row 45: what was not read is not handed out any more */
    return status;
}

/* ---- finish ---- */

/* Can finish() ride on the response that is under way? Else a letter of its own takes it. */
static bool ride(struct sync *sync, int status)
{
    pthread_mutex_lock(&sync->lock);
    bool rides = sync->is_deferred && sync->sending.in_flight;
    sync->finish_status = status;
    sync->finishes_with_send = rides;
    pthread_mutex_unlock(&sync->lock);
    return rides;
}

/*
 * From a post that runs inside receive() or send() the module's memory is still lent to the outer:
 * then the end is waited for, so that the one that waits below may return. Of a response that is
 * under way nothing is the module's.
 */
static void end_call(struct sync *sync, int status)
{
    bool is_nested = sync->receiving.is_waited || sync->sending.is_waited;
    atomic_store(&sync->is_finished, true);
    if (ride(sync, status))
        return;
    sync_post_op(sync, &sync->finishing);
    if (is_nested)
        await(sync, &sync->finishing);
}

static void sync_finish(struct cgw_call *call, int status)
{
    struct sync *sync = sync_of(call);
    if (!atomic_load(&sync->is_finished)) {
        run_posts(sync);
        if (sync->is_held && status >= 0 && !sync->sending.is_waited &&
            !atomic_load(&sync->is_finished))
            give(sync, NULL, 0); /* a start without a body is the outer's to judge */
    }
    if (atomic_load(&sync->is_finished))
        sync_misuse("finish");
    else
        end_call(sync, status);
}

/* ---- the rest of the table ---- */

static void *sync_alloc(struct cgw_call *call, size_t bytes)
{
    struct sync *sync = sync_of(call);
    if (atomic_load(&sync->is_finished)) {
        sync_misuse("alloc");
        return NULL;
    }
    return arena_alloc(&sync->arena, bytes);
}

static void sync_log(struct cgw_call *call, int level, const char *message, size_t len)
{
    struct sync *sync = sync_of(call);
    if (atomic_load(&sync->is_finished))
        sync_misuse("log");
    else
        sync->outer->host->log(sync->outer, level, message, len);
}

void sync_host_init(struct sync_table *table, const struct cgw_host *outer)
{
    table->outer = outer;
    table->host = (struct cgw_host){.size = sizeof(table->host),
                                    .abi_major = CGW_ABI_MAJOR,
                                    .abi_minor = CGW_ABI_MINOR,
                                    .name = outer->name,
                                    .version = outer->version,
                                    .receive = sync_receive,
                                    .send = sync_send,
                                    .finish = sync_finish,
                                    .alloc = sync_alloc,
                                    .post = sync_post,
                                    .log = sync_log,
                                    .extension = sync_extension};
}

void sync_host_run(struct sync *sync, const struct cgw_app *app)
{
    app->call(&sync->call);
    if (!atomic_load(&sync->is_finished)) {
        const struct cgw_scope *scope = sync->call.scope;
        log_line(LOG_LEVEL_ERROR, 502,
                 "a sync application returned without finish() method=%.*s path=%.*s",
                 (int)scope->method.len, scope->method.ptr ? scope->method.ptr : "",
                 (int)scope->raw_path.len, scope->raw_path.ptr ? scope->raw_path.ptr : "");
        end_call(sync, CGW_EINVAL);
    }
    current.route = NULL; /* it lies in the arena, which may go now */
    sync_release_by_thread(sync);
}
