/*
 * The driver of filters for applications of the SDK: a middleware that asks the filter about the
 * request, and a layer through which events go. Several tasks may send, as where a stream is kept
 * alive beside the handler: one at a time is in here.
 */
#include "web/through.h"
#include "task/task.h"
#include <cgw/middleware.h>
#include <string.h>

enum { STEPS_AT_ONCE = 4 };

struct through {
    struct cgw_layer layer;
    struct filter_call filter;
    cgw_request *req;
    cgw_mutex sending; /* guards what follows */
    struct filter_pump pump;
    struct filter_out out;
    unsigned steps; /* since others ran */
    max_align_t state[];
};

static struct through *owner_of(struct filter_call *call)
{
    return (struct through *)(void *)((char *)call - offsetof(struct through, filter));
}

/* ---- for the filter ---- */

static void *alloc(struct filter_call *call, size_t bytes)
{
    return arena_alloc(&owner_of(call)->req->arena, bytes);
}

static uint64_t now_us(struct filter_call *call)
{
    return runtime_now_us(owner_of(call)->req->runtime);
}

static void write_log(struct filter_call *call, int level, const char *text, size_t len)
{
    cgw_request *req = owner_of(call)->req;
    runtime_log(req->runtime, req->call, level, "%.*s", (int)len, text);
}

static void end(void *arg)
{
    struct filter_call *call = arg;
    call->filter->end(call);
}

static int at_end(struct filter_call *call)
{
    return arena_defer(&owner_of(call)->req->arena, end, call);
}

static void tell(struct filter_call *call, const char *name, const char *value)
{
    cgw_request *req = owner_of(call)->req;
    cgw_set(req, name, (void *)(uintptr_t)value);
    if (strcmp(name, "request_id") == 0)
        req->log_tag = value;
}

static const struct filter_driver driver = {alloc, now_us, write_log, at_end, tell};

/* ---- what a worker keeps ---- */

struct through_worker {
    struct through_worker *next;
    const struct cgw__filter_use *use;
    max_align_t worker[];
};

int through_worker(struct application *application, const struct cgw__filter_use *use,
                   void **ret_worker)
{
    size_t bytes = use->filter->worker_bytes ? use->filter->worker_bytes(use->options) : 0;
    struct through_worker *kept = application->workers;
    while (bytes && kept && kept->use != use)
        kept = kept->next;
    if (bytes && !kept) {
        kept = arena_zalloc(&application->arena, sizeof(*kept) + bytes);
        if (!kept)
            return CGW_ENOMEM;
        kept->use = use;
        kept->next = application->workers;
        application->workers = kept;
    }
    *ret_worker = bytes ? kept->worker : NULL;
    return CGW_OK;
}

/* ---- sending ---- */

static int pump_all(struct through *through)
{
    struct filter_pump *pump = &through->pump;
    struct filter_out *out = &through->out;
    int status = CGW_OK;
    out->must_go = false;
    while (status == CGW_OK && pump->at < pump->n) {
        if (through->steps >= STEPS_AT_ONCE) {
            through->steps = 0;
            status = cgw_sleep(0);
        }
        if (status == CGW_OK)
            status = filter_pump(&through->filter, pump, out);
        through->steps += out->must_go;
        if (status == CGW_OK && out->n)
            status = cgw_send_below(through->req, &through->layer, out->events, out->n);
        status = filter_sent(&through->filter, out, status);
    }
    return status;
}

static int send(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events, size_t n)
{
    struct through *through = layer->arg;
    const struct task *task = task_here();
    if (through->filter.is_through && !through->sending.owner)
        return cgw_send_below(req, layer, events, n);
    if (!mutex_take(&through->sending, task)) {
        int status = cgw__mutex_lock(&through->sending, task->site);
        if (status != CGW_OK)
            return status;
    }
    through->pump = (struct filter_pump){events, n, 0};
    int status = pump_all(through);
    mutex_give(&through->sending);
    return status;
}

/* ---- the request ---- */

static cgw_reply give_answer(cgw_request *req, const struct filter_answer *answer)
{
    cgw_reply reply = answer->detail
                          ? cgw_fail(req, answer->status, "%s", answer->detail)
                          : cgw_bytes_lent(req, answer->status, answer->content_type, answer->body);
    for (size_t i = 0; i < answer->n_headers; i++)
        if (cgw_add_header(req, answer->headers[i].name.ptr, answer->headers[i].value.ptr) ==
            CGW_ENOMEM)
            reply = cgw_error(req, CGW_ENOMEM);
    return reply;
}

static struct through *new_through(cgw_request *req, const struct cgw__filter_use *use)
{
    struct through *through =
        arena_zalloc(&req->arena, sizeof(*through) + use->filter->state_bytes);
    if (!through)
        return NULL;
    through->req = req;
    through->layer = (struct cgw_layer){.send = send, .arg = through};
    through->filter = (struct filter_call){.filter = use->filter,
                                           .driver = &driver,
                                           .options = use->options,
                                           .state = through->state,
                                           .scope = req->scope};
    int status = through_worker(req->application, use, &through->filter.worker);
    return status == CGW_OK ? through : NULL;
}

cgw_reply cgw__through(cgw_request *req, const struct cgw__filter_use *use)
{
    struct filter_answer answer = {.status = 0};
    struct through *through = new_through(req, use);
    int verdict = FILTER_PASS;
    if (!through)
        return cgw_error(req, CGW_ENOMEM);
    if (use->filter->begin)
        verdict = use->filter->begin(&through->filter, &answer);
    if (verdict == FILTER_ANSWER)
        return give_answer(req, &answer);
    if (verdict != FILTER_PASS)
        return cgw_error(req, verdict);
    req->scope = through->filter.scope;
    if (use->filter->send)
        cgw_wrap(req, &through->layer);
    return cgw_next(req);
}
