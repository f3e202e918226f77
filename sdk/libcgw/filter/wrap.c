/*
 * The driver of filters for any application: it stands in the call as a table of its own. What it
 * keeps lies in the call's memory, one piece with the filter's; nothing is copied that is sent.
 *
 * Events of the application are lent to it by send(), and by it to the host below until that is
 * done. The work on long bodies of an asynchronous application is done in steps, some in each turn
 * of the loop, so that others run in between.
 */
#include "filter/wrap.h"
#include <string.h>
#include <time.h>

enum { STEPS_AT_ONCE = 4 };

struct wrapped {
    struct cgw_host host;   /* in the call */
    struct cgw_call before; /* what stood in it */
    const struct wrap *wrap;
    struct cgw_call *call;
    const struct cgw_loop *loop; /* NULL: the call blocks */
    struct filter_call filter;
    struct filter_answer answer;
    /* Of the application's send() that is in flight. */
    struct filter_pump pump;
    struct filter_out out;
    cgw_done_fn *done;
    void *done_arg;
    unsigned steps;         /* since others ran */
    struct cgw_timer timer; /* of the next ones; disarmed by finish() */
    bool is_sending;
    bool wants_end;      /* filter->end() is to be run */
    max_align_t state[]; /* the filter's */
};

static struct wrapped *wrapped_of(const struct cgw_host *host)
{
    return (struct wrapped *)(void *)((char *)(uintptr_t)host - offsetof(struct wrapped, host));
}

static struct wrapped *owner_of(struct filter_call *call)
{
    return (struct wrapped *)(void *)((char *)call - offsetof(struct wrapped, filter));
}

/* The table below is in the call while one of its functions runs. What was there. */
static const struct cgw_host *descend(const struct wrapped *wrapped)
{
    const struct cgw_host *top = wrapped->call->host;
    wrapped->call->host = wrapped->before.host;
    return top;
}

/* ---- for the filter ---- */

static void *alloc(struct filter_call *call, size_t bytes)
{
    struct wrapped *wrapped = owner_of(call);
    const struct cgw_host *top = descend(wrapped);
    void *p = wrapped->call->host->alloc(wrapped->call, bytes);
    wrapped->call->host = top;
    return p;
}

static uint64_t now_us(struct filter_call *call)
{
    const struct wrapped *wrapped = owner_of(call);
    struct timespec now;
    if (wrapped->wrap->has_loop_clock && wrapped->loop)
        return wrapped->loop->now(wrapped->call);
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void write_log(struct filter_call *call, int level, const char *text, size_t len)
{
    const struct wrapped *wrapped = owner_of(call);
    wrapped->before.host->log(wrapped->call, level, text, len);
}

static int at_end(struct filter_call *call)
{
    owner_of(call)->wants_end = true;
    return CGW_OK;
}

/* To an application of no SDK the fields of its request tell. */
static void tell(struct filter_call *call, const char *name, const char *value)
{
    (void)call;
    (void)name;
    (void)value;
}

static const struct filter_driver driver = {alloc, now_us, write_log, at_end, tell};

/* ---- sending ---- */

static int send_below(struct wrapped *wrapped, const struct cgw_event *events, size_t n,
                      cgw_done_fn *done, void *arg)
{
    const struct cgw_host *top = descend(wrapped);
    int status = wrapped->call->host->send(wrapped->call, events, n, done, arg);
    wrapped->call->host = top;
    return status;
}

static void was_sent(struct cgw_call *call, int status, void *arg);
static void go_on_later(struct cgw_call *call, struct cgw_timer *timer, void *arg);

/* Is there a next turn for it? */
static bool wait_a_turn(struct wrapped *wrapped)
{
    if (!wrapped->loop || wrapped->steps < STEPS_AT_ONCE)
        return false;
    wrapped->steps = 0;
    return wrapped->loop->timer_start(wrapped->call, &wrapped->timer, 0, go_on_later, wrapped) ==
           CGW_OK;
}

/* What is left of the application's events. As send(). */
static int go_on(struct wrapped *wrapped)
{
    struct filter_pump *pump = &wrapped->pump;
    int status = CGW_OK;
    while (status == CGW_OK && pump->at < pump->n) {
        if (wait_a_turn(wrapped))
            return CGW_PENDING;
        status = filter_pump(&wrapped->filter, pump, &wrapped->out);
        wrapped->steps += wrapped->out.must_go;
        if (status == CGW_OK && wrapped->out.n)
            status = send_below(wrapped, wrapped->out.events, wrapped->out.n, was_sent, wrapped);
        status = filter_sent(&wrapped->filter, &wrapped->out, status);
    }
    return status;
}

static void go_on_and_tell(struct wrapped *wrapped)
{
    int status = go_on(wrapped);
    if (status == CGW_PENDING)
        return;
    wrapped->is_sending = false;
    wrapped->done(wrapped->call, status, wrapped->done_arg);
}

static void was_sent(struct cgw_call *call, int status, void *arg)
{
    struct wrapped *wrapped = arg;
    wrapped->steps = 0;
    if (status == CGW_OK) {
        go_on_and_tell(wrapped);
        return;
    }
    wrapped->is_sending = false;
    wrapped->done(call, filter_sent(&wrapped->filter, &wrapped->out, status), wrapped->done_arg);
}

static void go_on_later(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    (void)call;
    (void)timer;
    go_on_and_tell(arg);
}

static int send(struct cgw_call *call, const struct cgw_event *events, size_t n, cgw_done_fn *done,
                void *arg)
{
    struct wrapped *wrapped = wrapped_of(call->host);
    if (wrapped->filter.is_through && !wrapped->is_sending)
        return send_below(wrapped, events, n, done, arg);
    if (wrapped->is_sending)
        return CGW_EINVAL;
    wrapped->pump = (struct filter_pump){events, n, 0};
    wrapped->done = done;
    wrapped->done_arg = arg;
    wrapped->steps = 0;
    int status = go_on(wrapped);
    wrapped->is_sending = status == CGW_PENDING;
    return status;
}

/* ---- the other functions ---- */

static int receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    struct wrapped *wrapped = wrapped_of(call->host);
    const struct cgw_host *top = descend(wrapped);
    int status = call->host->receive(call, event, done, arg);
    call->host = top;
    return status;
}

static void *alloc_for_application(struct cgw_call *call, size_t bytes)
{
    return alloc(&wrapped_of(call->host)->filter, bytes);
}

static const void *find_table(const struct cgw_host *host, const char *id)
{
    const struct cgw_host *below = wrapped_of(host)->before.host;
    return below->extension(below, id);
}

static void end_filter(struct wrapped *wrapped)
{
    if (wrapped->wants_end)
        wrapped->filter.filter->end(&wrapped->filter);
}

static void finish(struct cgw_call *call, int status)
{
    struct wrapped *wrapped = wrapped_of(call->host);
    end_filter(wrapped);
    *call = wrapped->before;
    call->host->finish(call, status);
}

/* ---- begin ---- */

static void call_inner(const struct wrap *wrap, struct cgw_call *call)
{
    if (wrap->next)
        wrap_call(wrap->next, call);
    else
        wrap->inner->call(call);
}

static void install(struct wrapped *wrapped)
{
    struct cgw_call *call = wrapped->call;
    const struct cgw_host *below = call->host;
    size_t size = below->size < sizeof(wrapped->host) ? below->size : sizeof(wrapped->host);
    memcpy(&wrapped->host, below, size);
    wrapped->host.size = (uint32_t)size;
    wrapped->host.receive = receive;
    wrapped->host.send = send;
    wrapped->host.finish = finish;
    wrapped->host.alloc = alloc_for_application;
    wrapped->host.extension = find_table;
    *call = (struct cgw_call){wrapped->filter.scope, &wrapped->host, NULL};
}

static void was_answered(struct cgw_call *call, int status, void *arg)
{
    end_filter(arg);
    call->host->finish(call, status);
}

static void refuse_websocket(struct wrapped *wrapped)
{
    struct filter_out *out = &wrapped->out;
    out->events[0] = (struct cgw_event){
        .type = CGW_WS_CLOSE, .size = sizeof(out->events[0]), .u.close = {.code = 1008}};
    out->n = 1;
}

static int prepare_answer(struct wrapped *wrapped)
{
    struct filter_answer *answer = &wrapped->answer;
    struct filter_out *out = &wrapped->out;
    if (answer->detail) {
        answer->content_type = "application/json";
        answer->body = filter_printf(&wrapped->filter, "{\"detail\":\"%s\"}", answer->detail);
    }
    struct cgw_str length = filter_printf(&wrapped->filter, "%zu", answer->body.len);
    if (!answer->body.ptr || !length.ptr)
        return CGW_ENOMEM;
    filter_answer_add(answer, "content-length", length);
    if (answer->content_type)
        filter_answer_add(answer, "content-type",
                          (struct cgw_str){answer->content_type, strlen(answer->content_type)});
    out->events[0] = cgw_event_start(answer->status, answer->headers, answer->n_headers);
    out->events[1] = cgw_event_body(&answer->body, answer->body.len != 0, 0);
    out->n = 2;
    return CGW_OK;
}

static void give_answer(struct wrapped *wrapped)
{
    struct cgw_call *call = wrapped->call;
    int status = CGW_OK;
    if (call->scope->type == CGW_SCOPE_WEBSOCKET)
        refuse_websocket(wrapped);
    else
        status = prepare_answer(wrapped);
    if (status == CGW_OK)
        status = call->host->send(call, wrapped->out.events, wrapped->out.n, was_answered, wrapped);
    if (status != CGW_PENDING)
        was_answered(call, status, wrapped);
}

static struct wrapped *new_wrapped(const struct wrap *wrap, struct cgw_call *call)
{
    const struct cgw_host *host = call->host;
    size_t bytes = sizeof(struct wrapped) + wrap->filter->state_bytes;
    struct wrapped *wrapped = host->alloc(call, bytes);
    if (!wrapped)
        return NULL;
    memset(wrapped, 0, bytes);
    wrapped->wrap = wrap;
    wrapped->call = call;
    wrapped->before = *call;
    wrapped->loop = host->extension(host, CGW_EXT_LOOP);
    wrapped->filter = (struct filter_call){.filter = wrap->filter,
                                           .driver = &driver,
                                           .options = wrap->options,
                                           .worker = wrap->worker,
                                           .state = wrapped->state,
                                           .scope = call->scope};
    return wrapped;
}

static bool is_for(const struct cgw__filter *filter, const struct cgw_call *call)
{
    uint16_t type = call->scope->type;
    return type == CGW_SCOPE_HTTP || (type == CGW_SCOPE_WEBSOCKET && filter->is_for_websockets);
}

void wrap_call(const struct wrap *wrap, struct cgw_call *call)
{
    int verdict = FILTER_PASS;
    if (!is_for(wrap->filter, call)) {
        call_inner(wrap, call);
        return;
    }
    struct wrapped *wrapped = new_wrapped(wrap, call);
    if (!wrapped)
        verdict = CGW_ENOMEM;
    else if (wrap->filter->begin)
        verdict = wrap->filter->begin(&wrapped->filter, &wrapped->answer);
    if (verdict == FILTER_ANSWER) {
        give_answer(wrapped);
    } else if (verdict != FILTER_PASS) {
        if (wrapped)
            end_filter(wrapped);
        call->host->finish(call, verdict);
    } else {
        if (call->scope->type == CGW_SCOPE_HTTP)
            install(wrapped);
        call_inner(wrap, call);
    }
}
