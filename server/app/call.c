/*
 * The life of a call: taken, begun, woken, finished, given back; and receive() and send() as far as
 * they are the same for every type of scope.
 */
#include "app/call.h"
#include "app/count.h"
#include "app/current.h"
#include "app/ext_thread.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include <sys/random.h>
#include <unistd.h>

enum { FREE_CALLS_MAX = 4096 };

/* Where there is no board: written like any other, read by nobody. */
static struct board_slot spare_slot = {.n_routes = 1};

int call_runtime_init(struct call_runtime *runtime, const struct cgw_app *app,
                      const struct settings *settings)
{
    *runtime = (struct call_runtime){
        .app = app, .settings = settings, .host = &call_host, .slot = &spare_slot};
    list_init(&runtime->running);
    list_init(&runtime->due);
    list_init(&runtime->free);
    /* ids tell requests apart over restarts too; without a random start they still do within one */
    current.runtime = runtime; /* the loop will run on this thread */
    if (getrandom(&runtime->next_id, sizeof runtime->next_id, GRND_NONBLOCK) < 0)
        runtime->next_id = 0;
    runtime->next_id >>= 8;
    return 0;
}

static void call_free(struct call *call)
{
    arena_fini(&call->arena);
    mem_free(call);
}

void call_runtime_fini(struct call_runtime *runtime)
{
    struct list *node;
    if (current.runtime == runtime)
        current.runtime = NULL;
    while ((node = list_take(&runtime->free)))
        call_free(list_owner(node, struct call, running));
    sync_runner_free(runtime->pool_runner);
}

static struct call *call_new(struct call_runtime *runtime)
{
    struct call *call = mem_zalloc(sizeof *call);
    if (!call)
        return NULL;
    call->runtime = runtime;
    call->pub.scope = &call->scope;
    list_init(&call->running);
    list_init(&call->due);
    list_init(&call->timers);
    list_init(&call->watches);
    list_init(&call->jobs);
    return call;
}

/* A used one has its lists empty and its arena reset. */
static struct call *call_take(struct call_runtime *runtime)
{
    struct list *node = list_take(&runtime->free);
    if (!node)
        return call_new(runtime);
    runtime->n_free--;
    return list_owner(node, struct call, running);
}

struct call *call_get(struct call_runtime *runtime, const struct call_kind *kind,
                      const struct call_wire *wire, void *wire_data)
{
    struct call *call = call_take(runtime);
    if (!call)
        return NULL;
    memset(&call->wire_kept, 0, sizeof *call - offsetof(struct call, wire_kept));
    call->pub.host = runtime->host; /* a middleware may have put its own there, and a scope */
    call->pub.scope = &call->scope;
    call->pub.user = NULL;
    call->gone.fn = call->drain.fn = NULL;
    call->head.status = 0;
    call->send_n = 0;
    call->kind = kind;
    call->wire = wire;
    call->wire_data = wire_data;
    call->file = -1;
    return call;
}

void call_put(struct call *call)
{
    struct call_runtime *runtime = call->runtime;
    call->id = 0;
    if (runtime->n_free >= FREE_CALLS_MAX) {
        call_free(call);
        return;
    }
    arena_reset(&call->arena);
    /* newest first: its memory is still in the cache */
    list_append(runtime->free.next, &call->running);
    runtime->n_free++;
}

/* Which application answers it: one of the host's own, or the one that is served. */
static void choose(struct call *call)
{
    struct call_runtime *runtime = call->runtime;
    bool is_http = call->kind == &call_http;
    call->app = NULL;
    if (is_http && runtime->choose)
        call->app = runtime->choose(call, runtime->choose_arg);
    call->is_built_in = call->app;
    call->is_counted = is_http && !call->is_built_in;
    if (!call->app)
        call->app = runtime->app;
}

static void start_on_pool(struct call *call, struct sync_runner *runner)
{
    struct pool_origin origin = {call, call->id, &call->runtime->slot->pool_wait};
    sync_call(runner, &call->pub, &origin);
}

static void disarm(struct call *call)
{
    thread_jobs_abandon(&call->jobs);
    if (call->runtime->disarm)
        call->runtime->disarm(call);
}

/* What the first try left is the application's to forget; its memory lives on in the arena. What it
   has armed since it was told, though it must not, would find a call that a thread has. */
static void begin_anew(struct call *call)
{
    disarm(call);
    call->gone.fn = call->drain.fn = NULL;
    call->is_hopping = call->is_receiving = call->is_sending = call->is_named = false;
    call->pub.host = call->runtime->host;
    call->pub.scope = &call->scope;
    call->pub.user = NULL;
    start_on_pool(call, call->runtime->pool_runner);
}

static void start(struct call *call)
{
    const struct call_runtime *runtime = call->runtime;
    if (runtime->sync && !call->is_built_in) {
        start_on_pool(call, runtime->sync);
    } else if (runtime->is_on_pool && call->is_counted) {
        start_on_pool(call, runtime->pool_runner);
    } else {
        call->is_fresh = call->is_counted;
        call->app->call(&call->pub);
        call->is_fresh = false;
        if (call->is_hopping)
            begin_anew(call);
    }
}

bool call_begin(struct call *call)
{
    struct call_runtime *runtime = call->runtime;
    list_append(&runtime->running, &call->running);
    call->id = ++runtime->next_id;
    choose(call);
    runtime->n_running += call->is_counted;
    call_enter(call);
    start(call);
    bool running = !call->is_finished;
    call_leave(call);
    return running;
}

void call_close_file(struct call *call)
{
    if (call->file >= 0)
        close(call->file);
    call->file = -1;
}

static void call_end(struct call *call)
{
    struct call_runtime *runtime = call->runtime;
    call->kind->conclude(call);
    disarm(call);
    if (call->wire) {
        call->ended_us = runtime->ended_us = clock_now_us();
        if (!call->is_built_in)
            count_call(call);
        if (runtime->end_hook)
            runtime->end_hook(call);
    }
    list_remove(&call->due);
    list_remove(&call->running);
    runtime->n_running -= call->is_counted;
    if (call->wire)
        call->wire->ended(call);
    call_close_file(call);
    call_put(call);
}

void call_enter(struct call *call)
{
    if (call->depth++ == 0 && !call->is_built_in)
        current_enter(call);
}

void call_leave(struct call *call)
{
    if (--call->depth)
        return;
    if (!call->is_built_in)
        current_leave(call->runtime);
    if (call->is_finished)
        call_end(call);
}

void call_is_due(struct call *call)
{
    if (call->due.next == &call->due)
        list_append(&call->runtime->due, &call->due);
}

void call_readable(struct call *call)
{
    if (call->is_receiving)
        call_is_due(call);
}

void call_drained(struct call *call)
{
    call->is_drained = true;
    if (call->is_sending)
        call_is_due(call);
}

void call_input_over(struct call *call)
{
    call->is_input_over = true;
    call_is_due(call);
}

void call_gone(struct call *call)
{
    call->is_gone = call->is_input_over = true;
    call->wire_data = NULL;
    call_is_due(call);
}

void call_cancel(struct call *call)
{
    call->is_canceled = true;
    if (call->is_sending && call->wire && !call->is_gone)
        call->wire->fail(call, 503);
    call_is_due(call);
}

void call_drain_begun(struct call_runtime *runtime)
{
    runtime->is_draining = true;
    list_each (node, &runtime->running) {
        struct call *call = list_owner(node, struct call, running);
        if (call->drain.fn)
            call_is_due(call);
    }
}

/* Run a notice once; it may set a new one. */
static void notify(struct call *call, struct call_notice *notice, int status)
{
    struct call_notice due = *notice;
    notice->fn = NULL;
    due.fn(&call->pub, status, due.arg);
}

static void go_on_receiving(struct call *call)
{
    int status = call->is_canceled ? CGW_ECANCELED : call->kind->receive(call, call->receive_event);
    if (status == CGW_PENDING)
        return;
    call->is_receiving = false;
    notify(call, &call->receive_done, status);
}

static int send_status(struct call *call)
{
    if (call->is_canceled)
        return CGW_ECANCELED;
    if (call->is_gone)
        return call->send_error ? call->send_error : CGW_ECLOSED;
    if (!call->is_drained)
        return CGW_PENDING;
    call->is_drained = false;
    call_close_file(call);
    return call->kind->send(call);
}

static void go_on_sending(struct call *call)
{
    int status = send_status(call);
    if (status == CGW_PENDING)
        return;
    call->is_sending = false;
    notify(call, &call->send_done, status);
}

static void run_callbacks(struct call *call)
{
    call_enter(call);
    if (call->is_sending)
        go_on_sending(call);
    if (call->is_receiving && !call->is_finished)
        go_on_receiving(call);
    if (call->gone.fn && call->is_input_over && !call->is_finished)
        notify(call, &call->gone, CGW_ECLOSED);
    if (call->drain.fn && call->runtime->is_draining && !call->is_finished)
        notify(call, &call->drain, CGW_ECANCELED);
    call_leave(call);
}

bool call_run_due(struct call_runtime *runtime)
{
    struct list batch, *node;
    list_init(&batch);
    list_splice(&batch, &runtime->due);
    while ((node = list_take(&batch)))
        run_callbacks(list_owner(node, struct call, due));
    return !list_is_empty(&runtime->due);
}

int call_receive(struct cgw_call *pub, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    struct call *call = call_of(pub);
    if (call->is_receiving)
        return call_misuse(call, call->is_hopping ? CALL_MOVED : "a receive is in flight already",
                           0, STR(""));
    if (call->is_canceled)
        return CGW_ECANCELED;
    int status = call->kind->receive(call, event);
    if (status == CGW_PENDING) {
        call->is_receiving = true;
        call->receive_event = event;
        call->receive_done = (struct call_notice){done, arg};
    }
    return status;
}

int call_send(struct cgw_call *pub, const struct cgw_event *events, size_t n, cgw_done_fn *done,
              void *arg)
{
    struct call *call = call_of(pub);
    if (call->is_sending)
        return call_misuse(call, call->is_hopping ? CALL_MOVED : "a send is in flight already", 0,
                           STR(""));
    if (call->is_canceled)
        return CGW_ECANCELED;
    if (call->is_gone)
        return call->send_error ? call->send_error : CGW_ECLOSED;
    call->send_events = events;
    call->send_n = n;
    call->send_next = 0;
    call->is_drained = false;
    int status = call->kind->send(call);
    if (status == CGW_PENDING) {
        call->is_sending = true;
        call->send_done = (struct call_notice){done, arg};
    } else {
        call_close_file(call);
    }
    return status;
}

void call_finish(struct cgw_call *pub, int status)
{
    struct call *call = call_of(pub);
    if (call->is_finished || call->is_hopping) {
        call_misuse(call, call->is_hopping ? CALL_MOVED : "finish was called before", 0, STR(""));
        return;
    }
    call->is_finished = true;
    call->finish_status = status;
    disarm(call); /* what they lie in may be freed as soon as this returns */
    if (call->depth)
        return;
    current_drop(call);
    call_end(call);
}

int call_misuse(struct call *call, const char *what, unsigned event_type, struct str at)
{
    log_line(LOG_LEVEL_ERROR, 301,
             "the application broke the interface: %s event=%s state=%s at=%.*s call=%016llx", what,
             event_type ? order_event_name(event_type) : "-", order_state_name(call->order),
             (int)(at.len < 80 ? at.len : 80), at.ptr, (unsigned long long)call->id);
    return CGW_EINVAL;
}
