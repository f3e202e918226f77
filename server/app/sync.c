/*
 * The loop's side of synchronous calls: what comes before the hop to a pool thread, the letters
 * that the thread sends, and the end.
 */
#include "app/sync.h"
#include "app/current.h"
#include "app/sync_host.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/str.h"
#include "base/thread.h"
#include <errno.h>
#include <stddef.h>

#define MAX_FREE  256     /* calls kept for reuse, with 4 KiB of arena each */
#define REFUSE_US 1000000 /* between two log lines about refused calls */

struct sync_runner {
    const struct cgw_app *app;
    struct pool *pool;
    struct mailbox *mailbox;
    struct sync_table tables[2]; /* lifespan, all others; filled at their first call */
    atomic_int refs;             /* the worker's and one for each call */
    struct sync *free;           /* loop only, as all below */
    unsigned n_free;
    uint64_t n_refused, refused_told_us;
};

static void open_receive(struct letter *letter);
static void open_send(struct letter *letter);
static void open_finish(struct letter *letter);
static void end(struct sync *sync);

/* ---- the runner and its calls ---- */

int sync_runner_new(const struct cgw_app *app, struct pool *pool, struct mailbox *mailbox,
                    struct sync_runner **ret_runner)
{
    struct sync_runner *runner = mem_zalloc(sizeof(*runner));
    if (!runner)
        return -ENOMEM;
    runner->app = app;
    runner->pool = pool;
    runner->mailbox = mailbox;
    atomic_init(&runner->refs, 1);
    *ret_runner = runner;
    return 0;
}

/* A thread that outlives the worker's loop keeps the runner, and so the table it calls. */
static void unref(struct sync_runner *runner)
{
    if (atomic_fetch_sub(&runner->refs, 1) == 1)
        mem_free(runner);
}

static void drop_posts(struct sync *sync)
{
    for (struct sync_post *post; (post = sync->posts);) {
        sync->posts = post->next;
        mem_free(post);
    }
}

static void destroy(struct sync *sync)
{
    arena_fini(&sync->arena);
    pthread_cond_destroy(&sync->cond);
    pthread_mutex_destroy(&sync->lock);
    mem_free(sync);
}

/* Of a burst, what came behind its first line: said when the next call shows that it is over, too.
 */
static void tell_refused(struct sync_runner *runner)
{
    if (runner->n_refused == 0)
        return;
    log_line(LOG_LEVEL_WARNING, 501, "the thread pool is full: answered 503 calls=%llu",
             (unsigned long long)runner->n_refused);
    runner->n_refused = 0;
    runner->refused_told_us = clock_now_us();
}

static bool may_tell(const struct sync_runner *runner)
{
    return clock_now_us() - runner->refused_told_us >= REFUSE_US;
}

void sync_runner_free(struct sync_runner *runner)
{
    if (!runner)
        return;
    tell_refused(runner);
    for (struct sync *sync; (sync = runner->free);) {
        runner->free = sync->next;
        destroy(sync);
    }
    unref(runner);
}

static struct sync *allocate(void)
{
    struct sync *sync = mem_zalloc(sizeof(*sync));
    if (!sync)
        return NULL;
    arena_init(&sync->arena);
    if (pthread_mutex_init(&sync->lock, NULL) || thread_cond_init(&sync->cond)) {
        mem_free(sync);
        return NULL;
    }
    return sync;
}

static struct sync *take_free(struct sync_runner *runner)
{
    struct sync *sync = runner->free;
    if (!sync)
        return allocate();
    runner->free = sync->next;
    runner->n_free--;
    memset((char *)sync + offsetof(struct sync, outer), 0,
           sizeof(*sync) - offsetof(struct sync, outer));
    return sync;
}

static const struct cgw_host *table_for(struct sync_runner *runner, const struct cgw_call *outer)
{
    struct sync_table *table = &runner->tables[outer->scope->type != CGW_SCOPE_LIFESPAN];
    if (!table->outer)
        sync_host_init(table, outer->host);
    return &table->host;
}

static struct sync *get(struct sync_runner *runner, struct cgw_call *outer,
                        const struct pool_origin *origin)
{
    struct sync *sync = take_free(runner);
    if (!sync)
        return NULL;
    sync->call = (struct cgw_call){outer->scope, table_for(runner, outer), NULL};
    sync->outer = outer;
    sync->runner = runner;
    sync->job.origin = *origin;
    sync->last_post = &sync->posts;
    sync->receiving.letter.open = open_receive;
    sync->sending.letter.open = open_send;
    sync->finishing.letter.open = open_finish;
    atomic_init(&sync->owners, 1);
    atomic_fetch_add(&runner->refs, 1);
    return sync;
}

/* The loop lets go, last or not. */
static void release(struct sync *sync)
{
    struct sync_runner *runner = sync->runner;
    if (atomic_fetch_sub(&sync->owners, 1) != 1)
        return;
    drop_posts(sync);
    if (runner->n_free < MAX_FREE) {
        arena_reset(&sync->arena);
        sync->next = runner->free;
        runner->free = sync;
        runner->n_free++;
    } else {
        destroy(sync);
    }
    unref(runner);
}

void sync_release_by_thread(struct sync *sync)
{
    struct sync_runner *runner = sync->runner;
    if (atomic_fetch_sub(&sync->owners, 1) != 1)
        return;
    drop_posts(sync);
    destroy(sync);
    unref(runner);
}

/* ---- letters ---- */

void sync_post_op(struct sync *sync, struct sync_op *op)
{
    op->in_flight = true;
    mailbox_post(sync->runner->mailbox, &op->letter);
}

static void answer(struct sync *sync, struct sync_op *op, int status)
{
    pthread_mutex_lock(&sync->lock);
    op->status = status;
    op->in_flight = false;
    bool ends = op == &sync->sending && sync->finishes_with_send;
    pthread_cond_signal(&sync->cond);
    pthread_mutex_unlock(&sync->lock);
    if (ends)
        end(sync);
}

static void receive_done(struct cgw_call *call, int status, void *arg)
{
    struct sync *sync = arg;
    (void)call;
    answer(sync, &sync->receiving, status);
}

static void open_receive(struct letter *letter)
{
    struct sync *sync = list_owner(letter, struct sync, receiving.letter);
    struct cgw_call *outer = sync->outer;
    sync_hear(sync);
    int status = outer->host->receive(outer, &sync->event, receive_done, sync);
    if (status != CGW_PENDING)
        answer(sync, &sync->receiving, status);
}

static void send_done(struct cgw_call *call, int status, void *arg)
{
    struct sync *sync = arg;
    (void)call;
    answer(sync, &sync->sending, status);
}

static void open_send(struct letter *letter)
{
    struct sync *sync = list_owner(letter, struct sync, sending.letter);
    struct cgw_call *outer = sync->outer;
    sync_hear(sync);
    int status = outer->host->send(outer, sync->events, sync->n_events, send_done, sync);
    if (status != CGW_PENDING)
        answer(sync, &sync->sending, status);
}

static void open_finish(struct letter *letter)
{
    struct sync *sync = list_owner(letter, struct sync, finishing.letter);
    sync_hear(sync);
    end(sync);
}

/* A response that nobody waited for may have failed: then the call has. */
static int end_status(struct sync *sync)
{
    pthread_mutex_lock(&sync->lock);
    int status = sync->finish_status;
    if (status >= 0 && sync->is_deferred && sync->sending.status < 0)
        status = sync->sending.status;
    pthread_mutex_unlock(&sync->lock);
    return status;
}

static void end(struct sync *sync)
{
    struct cgw_call *outer = sync->outer;
    outer->host->finish(outer, end_status(sync));
    pthread_mutex_lock(&sync->lock);
    sync->is_over = true;
    pthread_cond_signal(&sync->cond);
    pthread_mutex_unlock(&sync->lock);
    release(sync);
}

/* ---- the hop ---- */

static void run_job(struct pool_job *job)
{
    struct sync *sync = list_owner(job, struct sync, job);
    sync_host_run(sync, sync->runner->app);
}

static void *run_lifespan(void *arg)
{
    struct sync *sync = arg;
    current = (struct current){sync->job.origin.call, sync->job.origin.call_id, NULL, true, NULL};
    sync_host_run(sync, sync->runner->app);
    return NULL;
}

/* No thread has it, so the loop is its only owner. */
static void give_up(struct sync *sync, int status)
{
    sync->outer->host->finish(sync->outer, status);
    release(sync);
}

static void refuse_done(struct cgw_call *call, int status, void *arg)
{
    (void)call;
    give_up(arg, status);
}

/* The pool and its queue are full: 503, on the loop. */
static void refuse(struct sync *sync)
{
    static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain"),
                                                CGW_HEADER("content-length", "20"),
                                                CGW_HEADER("retry-after", "1")};
    static const struct cgw_str body = CGW_STR("Service Unavailable\n");
    static const struct cgw_event events[] = {
        {.type = CGW_HTTP_RESPONSE_START,
         .size = sizeof(struct cgw_event),
         .u.start = {headers, sizeof(headers) / sizeof(*headers), 503}},
        {.type = CGW_HTTP_RESPONSE_BODY, .size = sizeof(struct cgw_event), .u.bodyv = {&body, 1}},
    };
    struct cgw_call *outer = sync->outer;
    sync->runner->n_refused++;
    if (may_tell(sync->runner))
        tell_refused(sync->runner);
    if (outer->scope->type != CGW_SCOPE_HTTP) {
        give_up(sync, CGW_EBUSY);
        return;
    }
    int status = outer->host->send(outer, events, 2, refuse_done, sync);
    if (status != CGW_PENDING)
        give_up(sync, status);
}

static void submit(struct sync *sync)
{
    sync->job.run = run_job;
    atomic_store(&sync->owners, 2);
    if (pool_submit(sync->runner->pool, &sync->job) == 0)
        return;
    atomic_store(&sync->owners, 1);
    refuse(sync);
}

static void start_lifespan(struct sync *sync)
{
    atomic_store(&sync->owners, 2);
    int error = thread_start(run_lifespan, sync, sync->runner->app->stack_size);
    if (error == 0)
        return;
    atomic_store(&sync->owners, 1);
    log_line(LOG_LEVEL_ERROR, 504, "no thread for the lifespan of a sync application error=%s",
             strerror(-error));
    give_up(sync, CGW_ENOMEM);
}

/* ---- the body before the hop ---- */

static struct str as_str(struct cgw_str s)
{
    return (struct str){s.ptr, s.len};
}

/*
 * Is the body small for sure? Not where its length is unknown, and not where the client waits to be
 * asked for it: then the module decides whether it is read at all.
 */
static bool has_small_body(const struct cgw_scope *scope, size_t *ret_bytes)
{
    uint64_t bytes = 0;
    if (scope->type != CGW_SCOPE_HTTP)
        return false;
    bool is_known = scope->http_major < 2;
    for (size_t i = 0; i < scope->n_headers; i++) {
        struct str name = as_str(scope->headers[i].name);
        if (str_is(name, STR("transfer-encoding")) || str_is(name, STR("expect")))
            return false;
        if (!str_is(name, STR("content-length")))
            continue;
        if (number_decimal(as_str(scope->headers[i].value), SYNC_COPY_BYTES, &bytes))
            return false;
        is_known = true;
    }
    *ret_bytes = (size_t)bytes;
    return is_known;
}

/* Append a piece; a body in one piece stays where it is, as it lives until the next receive(). */
static bool keep_piece(struct sync *sync, struct cgw_str piece, bool is_last)
{
    if (is_last && sync->body.len == 0) {
        sync->body = piece;
        return true;
    }
    size_t len = sync->body.len + piece.len;
    char *room = (char *)(uintptr_t)sync->body.ptr;
    if (!room || len >= sync->body_room) {
        size_t bytes = len >= sync->body_room ? len + 1 : sync->body_room;
        room = room ? arena_grow(&sync->arena, room, sync->body_room, bytes)
                    : arena_alloc(&sync->arena, bytes);
        if (!room)
            return false;
        sync->body_room = bytes;
    }
    if (piece.len)
        memcpy(room + sync->body.len, piece.ptr, piece.len);
    room[len] = '\0';
    sync->body = (struct cgw_str){room, len};
    return true;
}

/* One receive() is over. true: the body goes on; else the call has hopped or ended. */
static bool take_piece(struct sync *sync, int status)
{
    const struct cgw_event *event = &sync->event;
    bool is_request = status == CGW_OK && event->type == CGW_HTTP_REQUEST;
    bool is_last = is_request && !(event->flags & CGW_MORE);
    if (is_request && !keep_piece(sync, event->u.body.data, is_last))
        status = CGW_ENOMEM;
    if (status < 0) {
        give_up(sync, status);
        return false;
    }
    if (is_request && !is_last && sync->body.len < SYNC_COPY_BYTES)
        return true;
    sync->is_body_whole = is_last;
    sync->has_body = is_last || sync->body.len; /* gone before a byte: the module is told that */
    submit(sync);
    return false;
}

static void read_body(struct sync *sync);

static void read_done(struct cgw_call *call, int status, void *arg)
{
    struct sync *sync = arg;
    (void)call;
    if (take_piece(sync, status))
        read_body(sync);
}

static void read_body(struct sync *sync)
{
    struct cgw_call *outer = sync->outer;
    int status;
    do {
        status = outer->host->receive(outer, &sync->event, read_done, sync);
    } while (status != CGW_PENDING && take_piece(sync, status));
}

/* ---- begin ---- */

void sync_call(struct sync_runner *runner, struct cgw_call *outer, const struct pool_origin *origin)
{
    struct sync *sync = get(runner, outer, origin);
    size_t bytes;
    if (runner->n_refused && may_tell(runner))
        tell_refused(runner);
    if (!sync) {
        outer->host->finish(outer, CGW_ENOMEM);
        return;
    }
    sync_watch(sync);
    if (outer->scope->type == CGW_SCOPE_LIFESPAN) {
        start_lifespan(sync);
    } else if (has_small_body(outer->scope, &bytes)) {
        sync->body_room = bytes + 1;
        read_body(sync);
    } else {
        submit(sync);
    }
}
