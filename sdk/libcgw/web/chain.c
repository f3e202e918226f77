/*
 * Around a handler: middleware, one inside the other, and layers, through which events pass. A
 * request has one pointer for the way in, to what cgw_next() runs; NULL says that it was run, or is
 * not asked.
 */
#include "web/application.h"
#include <string.h>

/* ---- middleware ---- */

static const struct cgw_middleware *const none[1];

struct chain {
    cgw_handler_fn *inner;
};

/* What is there for another method, or NULL. */
static const struct match_route *route_for(cgw_request *req, cgw_str method)
{
    const struct cgw_scope *own = req->scope;
    struct match_result found = {.endpoint = NULL};
    struct cgw_scope scope = {.size = 0};
    memcpy(&scope, own, own->size < sizeof(scope) ? own->size : sizeof(scope));
    scope.method = method;
    req->scope = &scope;
    int status = matcher_match(req->application->matcher, req, &found);
    req->scope = own;
    req->n_params = 0;
    return status == CGW_OK ? found.route : NULL;
}

/* A preflight asks for another method than its own: the middleware of that route answers it, or of
   one that is there, if its method is not. NULL: it is no preflight. */
static const struct match_route *route_of_preflight(cgw_request *req)
{
    const char *allow = req->match.allow;
    if (!allow || strcmp(req->scope->method.ptr, "OPTIONS") != 0)
        return NULL;
    const char *method = cgw_header(req, "access-control-request-method");
    if (!method)
        return NULL;
    const struct match_route *route = route_for(req, (cgw_str){method, strlen(method)});
    return route ? route : route_for(req, (cgw_str){allow, strcspn(allow, ",")});
}

static const struct cgw_middleware *const *middleware_of(cgw_request *req)
{
    const struct match_route *route = req->route ? req->route : route_of_preflight(req);
    if (route)
        return match_route_middleware(route);
    const struct cgw_middleware *const *all = req->application->declared->middleware;
    return all ? all : none;
}

/* next is what req->inner said. */
static cgw_reply run(cgw_request *req, const struct cgw_middleware *const *next)
{
    const struct chain *chain = req->chain;
    req->inner = *next ? next + 1 : NULL;
    cgw_reply reply = *next ? (*next)->fn(req) : chain->inner(req);
    req->inner = NULL;
    return reply;
}

static cgw_reply run_twice(cgw_request *req)
{
    runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                "%s: cgw_next() was called a second time, or outside of a middleware",
                req->endpoint ? req->endpoint->function : "no route");
    return failure_prepare(req, 500, 0, failure_reason(500), (cgw_str){NULL, 0});
}

cgw_reply cgw_next(cgw_request *req)
{
    return req->inner ? run(req, req->inner) : run_twice(req);
}

cgw_reply chain_run(cgw_request *req, cgw_handler_fn *inner)
{
    const struct cgw_middleware *const *first = middleware_of(req);
    struct chain chain = {.inner = inner};
    if (!*first)
        return inner(req);
    req->chain = &chain;
    cgw_reply reply = run(req, first);
    req->chain = NULL;
    return reply;
}

/* ---- layers ---- */

void cgw_wrap(cgw_request *req, struct cgw_layer *layer)
{
    if (cgw_reply_has_begun(req)) {
        runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                    "cgw_wrap(): the response has begun already");
        return;
    }
    layer->below = req->layers;
    req->layers = layer;
}

/* From the layer on to the host. Where in the source that is waits in the task, as layers know
   nothing of it; it lies on the caller's stack, so it is taken away again. */
static int receive_through(cgw_request *req, struct cgw_layer *layer, struct cgw_event *event)
{
    while (layer && !layer->receive)
        layer = layer->below;
    return layer ? layer->receive(req, layer, event)
                 : channel_receive(req, event, task_here()->site);
}

static int send_through(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                        size_t n)
{
    while (layer && !layer->send)
        layer = layer->below;
    return layer ? layer->send(req, layer, events, n)
                 : channel_send(req, events, n, task_here()->site);
}

int cgw_receive_below(cgw_request *req, struct cgw_layer *layer, struct cgw_event *event)
{
    return receive_through(req, layer->below, event);
}

int cgw_send_below(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                   size_t n)
{
    return send_through(req, layer->below, events, n);
}

/* What a pool thread asks the loop to do: layers run there, whoever sends. */
struct passage {
    cgw_request *req;
    struct cgw_event *event;
    const struct cgw_event *events;
    size_t n;
    const struct cgw_site *site;
};

static int do_receive(void *arg)
{
    struct passage *passage = arg;
    task_here()->site = passage->site;
    int status = receive_through(passage->req, passage->req->layers, passage->event);
    task_here()->site = NULL;
    return status;
}

static int do_send(void *arg)
{
    struct passage *passage = arg;
    task_here()->site = passage->site;
    int status = send_through(passage->req, passage->req->layers, passage->events, passage->n);
    task_here()->site = NULL;
    return status;
}

int cgw__receive(cgw_request *req, struct cgw_event *event, const struct cgw_site *site)
{
    struct passage passage = {.req = req, .event = event, .site = site};
    return task_on_loop(do_receive, &passage);
}

int cgw__send(cgw_request *req, const struct cgw_event *events, size_t n,
              const struct cgw_site *site)
{
    struct passage passage = {.req = req, .events = events, .n = n, .site = site};
    return task_on_loop(do_send, &passage);
}
