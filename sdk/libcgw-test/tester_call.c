/* The life of a call, and what it waits for. */
#include "tester_call.h"
#include "tester_clock.h"
#include "tester_fail.h"
#include "tester_loop.h"
#include "tester_memory.h"
#include "tester_random.h"
#include <stdio.h>
#include <stdlib.h>

/* So often may an application ask after it was told of the end; so much may it send in all. */
enum { AFTER_END_MAX = 1000 };

static void run_receive(struct tester_item *item);
static void run_send(struct tester_item *item);
static void run_gone(struct tester_item *item);
static void run_drain(struct tester_item *item);

/* ---- life ---- */

static void flight_init(struct tester_call *call, struct tester_flight *flight,
                        void (*run)(struct tester_item *item))
{
    list_init(&flight->item.node);
    flight->item.call = call;
    flight->item.run = run;
}

struct tester_call *tester_call_new(cgw_test *test, unsigned type, const char *name)
{
    struct tester_call *call = tester_memory_alloc(test, sizeof *call);
    bool is_sync = test->app->kind == CGW_SYNC;
    call->pub.scope = &call->scope;
    call->pub.host = is_sync ? &tester_host_sync : &tester_host_async;
    call->mark = TESTER_CALL_MARK;
    call->test = test;
    call->is_sync = is_sync;
    call->thread = test->thread;
    call->scope = (struct cgw_scope){.size = sizeof call->scope, .type = (uint16_t)type};
    snprintf(call->name, sizeof call->name, "%s", name);
    list_append(&test->calls, &call->node);
    list_init(&call->due);
    list_init(&call->timers);
    list_init(&call->watches);
    list_init(&call->posts);
    flight_init(call, &call->receive, run_receive);
    flight_init(call, &call->send, run_send);
    flight_init(call, &call->gone, run_gone);
    flight_init(call, &call->drain, run_drain);
    pthread_cond_init(&call->answered, NULL);
    return call;
}

void tester_call_begin(struct tester_call *call)
{
    call->is_begun = true;
    if (call->is_sync)
        tester_sync_begin(call);
    else
        call->test->app->call(&call->pub);
}

struct tester_call *tester_call_anywhere(struct cgw_call *pub, const char *function)
{
    struct tester_call *call = (struct tester_call *)(void *)pub;
    if (!call || call->mark != TESTER_CALL_MARK)
        tester_fail(NULL, NULL, "%s was called with a call that the host never gave", function);
    if (call->is_finished)
        tester_misuse(call, "%s was called after finish()", function);
    return call;
}

struct tester_call *tester_call_of(struct cgw_call *pub, const char *function)
{
    struct tester_call *call = tester_call_anywhere(pub, function);
    if (!pthread_equal(call->thread, pthread_self()))
        tester_misuse(call, "%s was called from another thread than the call's: use post()",
                      function);
    return call;
}

void *tester_call_alloc(struct tester_call *call, size_t bytes)
{
    void **blocks = reallocarray(call->blocks, call->n_blocks + 1, sizeof *blocks);
    if (!blocks)
        return NULL;
    call->blocks = blocks;
    void *block = malloc(bytes ? bytes : 1);
    if (block)
        call->blocks[call->n_blocks++] = block;
    return block;
}

/* What the application was lent, or has left behind. */
static void take_away(struct tester_call *call)
{
    tester_extend_disarm(call);
    tester_loop_forget(&call->gone.item);
    tester_loop_forget(&call->drain.item);
    for (size_t i = 0; i < call->n_blocks; i++)
        free(call->blocks[i]);
    free(call->blocks);
    free(call->data);
    call->blocks = NULL;
    call->n_blocks = 0;
    call->data = NULL;
}

static void check_finish(struct tester_call *call, int status)
{
    if (status > 0)
        tester_misuse(call, "finish(%d): its status is 0 or negative", status);
    if (call->receive.is_on || call->send.is_on)
        tester_misuse(call, "finish() with a %s in flight",
                      call->send.is_on ? "send()" : "receive()");
    if (call->n_posts)
        tester_misuse(call, "finish() before %zu posted functions have run", call->n_posts);
    if (call->scope.type == CGW_SCOPE_HTTP && status == 0 && !call->is_disturbed &&
        call->order != ORDER_DONE)
        tester_misuse(call, "finish(0) with an incomplete response: %s",
                      tester_response_state(call->order));
}

void tester_call_finish(struct tester_call *call, int status)
{
    check_finish(call, status);
    call->is_finished = true;
    take_away(call);
    list_remove(&call->node);
    if (call->scope.type == CGW_SCOPE_LIFESPAN) {
        tester_lifespan_ended(call, status);
        return;
    }
    tester_response_conclude(call, status);
    tester_client_ended(call);
}

int tester_call_told(struct tester_call *call, int status)
{
    if (status >= 0)
        return status;
    call->is_disturbed = true;
    if (++call->n_after_end > AFTER_END_MAX)
        tester_misuse(call, "called receive() and send() %d times more after the end of the call",
                      AFTER_END_MAX);
    return status;
}

/* ---- receive ---- */

static bool has_lifespan_event(const struct tester_call *call)
{
    return call->order == ORDER_LIFESPAN_NEW || call->order == ORDER_LIFESPAN_DONE ||
           (call->order == ORDER_LIFESPAN_RUNNING && call->test->is_stop_wanted);
}

static bool has_event(const struct tester_call *call)
{
    if (call->is_canceled)
        return true;
    if (call->scope.type == CGW_SCOPE_LIFESPAN)
        return has_lifespan_event(call);
    if (call->is_gone || call->order == ORDER_DONE)
        return true;
    return !call->is_body_over &&
           (call->body_here > call->body_given || call->body_here == call->body_len);
}

static int give(struct cgw_event *event, unsigned type)
{
    *event = (struct cgw_event){.type = (uint16_t)type, .size = sizeof *event};
    return CGW_OK;
}

static int take_lifespan(struct tester_call *call, struct cgw_event *event)
{
    if (call->order == ORDER_LIFESPAN_DONE)
        return tester_call_told(call, CGW_ECANCELED);
    bool is_startup = call->order == ORDER_LIFESPAN_NEW;
    call->order = is_startup ? ORDER_LIFESPAN_STARTING : ORDER_LIFESPAN_STOPPING;
    return give(event, is_startup ? CGW_LIFESPAN_STARTUP : CGW_LIFESPAN_SHUTDOWN);
}

/* A piece in memory of its own, so that a look at it after its time is noticed by who checks
 * memory. */
static int take_piece(struct tester_call *call, struct cgw_event *event)
{
    size_t len = call->body_here - call->body_given;
    len = call->chunk && call->chunk < len ? call->chunk : len;
    call->data = malloc(len + 1);
    if (!call->data)
        return tester_call_told(call, CGW_ENOMEM);
    if (len)
        memcpy(call->data, call->body + call->body_given, len);
    call->data[len] = '\0';
    call->body_given += len;
    call->is_body_over = call->body_given == call->body_len;
    give(event, CGW_HTTP_REQUEST);
    event->flags = call->is_body_over ? 0 : CGW_MORE;
    event->u.body.data = (struct cgw_str){call->data, len};
    return CGW_OK;
}

static int take_event(struct tester_call *call, struct cgw_event *event)
{
    if (call->is_canceled)
        return tester_call_told(call, CGW_ECANCELED);
    if (call->scope.type == CGW_SCOPE_LIFESPAN)
        return take_lifespan(call, event);
    if (!call->is_gone && call->order != ORDER_DONE)
        return take_piece(call, event);
    if (++call->n_after_end > AFTER_END_MAX)
        tester_misuse(call, "asked for events %d times more after http.disconnect", AFTER_END_MAX);
    call->is_disturbed |= call->is_gone;
    return give(event, CGW_HTTP_DISCONNECT);
}

static void run_receive(struct tester_item *item)
{
    struct tester_call *call = item->call;
    struct tester_flight flight = call->receive;
    if (!has_event(call))
        return;
    int status = take_event(call, flight.event);
    call->receive.is_on = false;
    flight.done(&call->pub, status, flight.arg);
}

void tester_call_wake(struct tester_call *call)
{
    if (call->receive.is_on && has_event(call))
        tester_loop_due(&call->receive.item);
}

/* An answer at once or later: the application has to do with both, so the seed chooses. */
static bool is_later(struct tester_call *call)
{
    return tester_random_below(call->test, 2) == 1;
}

int tester_call_receive(struct tester_call *call, struct cgw_event *event, cgw_done_fn *done,
                        void *arg)
{
    if (call->receive.is_on)
        tester_misuse(call, "receive() while one is in flight");
    if (!event || !done)
        tester_misuse(call, "receive() without %s", event ? "a callback" : "an event to fill");
    free(call->data);
    call->data = NULL;
    if (has_event(call) && !is_later(call))
        return take_event(call, event);
    call->receive.is_on = true;
    call->receive.event = event;
    call->receive.done = done;
    call->receive.arg = arg;
    tester_call_wake(call);
    return CGW_PENDING;
}

/* ---- send ---- */

static int fate(struct tester_call *call)
{
    int status = call->is_canceled ? CGW_ECANCELED : call->is_gone ? CGW_ECLOSED : CGW_OK;
    return tester_call_told(call, status);
}

static void run_send(struct tester_item *item)
{
    struct tester_call *call = item->call;
    struct tester_flight flight = call->send;
    if (tester_response_print(flight.events, flight.n) != flight.print)
        tester_misuse(call, "changed what was lent to a pending send()");
    call->send.is_on = false;
    bool is_over = call->order == ORDER_DONE && !call->is_canceled;
    flight.done(&call->pub, is_over ? CGW_OK : fate(call), flight.arg);
}

static int take_events(struct tester_call *call, const struct cgw_event *events, size_t n)
{
    int status = fate(call);
    for (size_t i = 0; i < n && status == CGW_OK; i++)
        status = tester_response_take(call, &events[i]);
    return tester_call_told(call, status);
}

int tester_call_send(struct tester_call *call, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done, void *arg)
{
    if (call->send.is_on)
        tester_misuse(call, "send() while one is in flight");
    if (!done || (n && !events))
        tester_misuse(call, "send() without %s", done ? "events" : "a callback");
    int status = take_events(call, events, n);
    tester_call_wake(call);
    if (call->leave_after_bytes && call->n_body >= call->leave_after_bytes &&
        call->order != ORDER_DONE)
        tester_call_gone(call);
    if (status != CGW_OK || !is_later(call))
        return status;
    call->send.is_on = true;
    call->send.events = events;
    call->send.n = n;
    call->send.print = tester_response_print(events, n);
    call->send.done = done;
    call->send.arg = arg;
    tester_loop_due(&call->send.item);
    return CGW_PENDING;
}

/* ---- notices ---- */

static void tell(struct tester_flight *notice, int status)
{
    struct tester_flight now = *notice;
    if (!now.is_on)
        return;
    notice->is_on = false;
    now.done(&now.item.call->pub, status, now.arg);
}

static void run_gone(struct tester_item *item)
{
    tell(&item->call->gone, CGW_ECLOSED);
}

static void run_drain(struct tester_item *item)
{
    tell(&item->call->drain, CGW_ECANCELED);
}

int tester_call_notice(struct tester_flight *notice, bool has_happened, int status, cgw_done_fn *fn,
                       void *arg)
{
    notice->is_on = false;
    tester_loop_forget(&notice->item);
    if (!fn)
        return CGW_OK;
    if (has_happened)
        return status;
    notice->is_on = true;
    notice->done = fn;
    notice->arg = arg;
    return CGW_PENDING;
}

void tester_call_gone(struct tester_call *call)
{
    if (call->is_gone || call->is_finished)
        return;
    call->is_gone = true;
    tester_call_wake(call);
    if (call->gone.is_on)
        tester_loop_due(&call->gone.item);
}

void tester_call_cancel(struct tester_call *call)
{
    call->is_canceled = true;
    tester_call_wake(call);
}

void tester_call_drain(struct tester_call *call)
{
    if (call->drain.is_on)
        tester_loop_due(&call->drain.item);
}
