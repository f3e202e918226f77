/*
 * The way of a request, on one task: match, through the middleware to dependencies, models and
 * handler; the reply out; the call given back, so that its connection goes on; then teardown,
 * background tasks, and the memory back.
 *
 * Of a sync route, what is the user's (dependencies, handler, teardown) runs on a pool thread; the
 * body is read before the hop, as it costs none then.
 */
#include "base/memory.h"
#include "web/application.h"
#include <string.h>

enum { KEPT_REQUESTS = 256 };

/* ---- inside the middleware ---- */

static const struct route_settings *settings_of(const cgw_request *req)
{
    return match_route_settings(req->route);
}

static bool has_models(const struct cgw_endpoint *endpoint)
{
    return endpoint->body || endpoint->form || endpoint->params || endpoint->headers ||
           endpoint->cookies || endpoint->path_params;
}

static cgw_reply run_user(cgw_request *req)
{
    int status = depend_run_all(req);
    if (status == CGW_OK && has_models(req->endpoint))
        status = bind_models(req);
    if (status != CGW_OK)
        return cgw_error(req, status);
    return req->endpoint->fn(req);
}

static int run_user_on_thread(void *arg)
{
    cgw_request *req = arg;
    (void)run_user(req);
    return CGW_OK;
}

static bool is_sync(const cgw_request *req, const struct route_settings *settings)
{
    const struct application *application = req->application;
    if (settings->is_sync)
        return true;
    return application->declared->thread_safe && application->route_table &&
           application->route_table->size >= sizeof(struct cgw_route) &&
           application->route_table->is_promoted(req->call);
}

static cgw_reply hop(cgw_request *req)
{
    const struct cgw_endpoint *endpoint = req->endpoint;
    const struct cgw_site site = {endpoint->file, endpoint->function, endpoint->line};
    int status = CGW_OK;
    cgw_str body;
    req->is_sync = true;
    if (endpoint->body && !endpoint->stream)
        status = cgw__body_text(req, &body, &site);
    if (endpoint->form && !endpoint->stream)
        status = cgw__form_read(req, &site);
    if (status == CGW_OK)
        status = task_offload(req->task, run_user_on_thread, req, &site);
    return status == CGW_OK ? reply_now(req) : cgw__error(req, status, &site);
}

static cgw_reply run_route(cgw_request *req)
{
    const struct route_settings *settings = settings_of(req);
    struct list *mark = group_mark(req->task);
    scope_init(&req->cancel, req->runtime, req->task->scope, false);
    scope_enter(&req->cancel, req->task);
    req->is_cancelable = true;
    if (settings->timeout > 0 && scope_set_timeout(&req->cancel, settings->timeout) != CGW_OK)
        scope_cancel(&req->cancel, CGW_ENOMEM);
    if (req->endpoint->cancel)
        channel_watch(req);
    cgw_reply reply = is_sync(req, settings) ? hop(req) : run_user(req);
    group_settle_since(req->task, mark); /* what it has started has its call, and its stack */
    req->is_cancelable = false;
    scope_leave(&req->cancel, req->task);
    scope_fini(&req->cancel);
    failure_handle(req);
    return reply;
}

static cgw_reply answer_404(cgw_request *req)
{
    cgw_reply reply = failure_prepare(req, 404, 0, "Not Found", (cgw_str){NULL, 0});
    failure_handle(req);
    return reply;
}

static cgw_reply answer_405(cgw_request *req)
{
    cgw_reply reply = failure_prepare(req, 405, 0, "Method Not Allowed", (cgw_str){NULL, 0});
    failure_handle(req);
    (void)cgw_set_header(req, "allow", req->match.allow);
    return reply;
}

/* The other spelling of the path as it was sent, the query kept. */
static cgw_reply answer_slash(cgw_request *req)
{
    struct cgw_str path = req->scope->raw_path, query = req->scope->query;
    bool has_slash = path.len > 1 && path.ptr[path.len - 1] == '/';
    const char *location =
        cgw_fmt(req, "%.*s%s%s%.*s", (int)(path.len - has_slash), path.ptr, has_slash ? "" : "/",
                query.len ? "?" : "", (int)query.len, query.ptr);
    return location ? cgw_redirect(req, 307, location) : cgw_error(req, CGW_ENOMEM);
}

static cgw_handler_fn *inner_of(const cgw_request *req)
{
    if (req->route)
        return run_route;
    if (req->match.is_slash && req->scope->raw_path.len)
        return answer_slash;
    return req->match.allow ? answer_405 : answer_404;
}

/* ---- the reply ---- */

static int send_reply(cgw_request *req)
{
    if (req->reply.state == REPLY_NONE)
        failure_missing(req);
    failure_handle(req);
    if (req->reply.state == REPLY_WHOLE)
        return reply_send(req);
    if (req->reply.state != REPLY_COMPLETE)
        stream_abandon(req);
    if (req->reply.state == REPLY_COMPLETE)
        return CGW_OK;
    return req->is_disconnected ? CGW_ECLOSED : CGW_EFAILED;
}

static bool goes_on(const cgw_request *req)
{
    return req->needed || req->after || req->arena.deferred;
}

/* The host's scope is no more behind finish(). */
static void leave_scope(cgw_request *req)
{
    if (goes_on(req) && request_keep_scope(req) == CGW_OK)
        return;
    if (!req->has_kept_scope) {
        req->scope = &request_no_scope;
        req->root_path = req->scope->root_path;
    }
}

void request_finish(struct cgw_request *req, int status)
{
    struct cgw_call *call = req->call;
    if (!call)
        return;
    group_settle(req->task); /* middleware's */
    channel_settle(req);
    leave_scope(req);
    req->call = NULL;
    req->task->call = NULL;
    runtime_forget_call(req->runtime, call);
    /* the host does not know our codes; of what it has seen nothing of it says itself that it
     * failed */
    if (status < CGW_EIO)
        status = req->has_begun ? CGW_ECANCELED : CGW_OK;
    req->host->finish(call, status);
}

static int tear_down(void *arg)
{
    cgw_request *req = arg;
    depend_teardown(req, req->reply.status);
    return CGW_OK;
}

/* The groups that it leaves have the request's memory. */
static void run_deferred(cgw_request *req)
{
    arena_run_deferred(&req->arena);
    group_settle(req->task);
}

static void clean_up(cgw_request *req)
{
    bool hops = req->needed && req->is_sync;
    /* where there is no thread, here is better than never */
    if (!hops || task_offload_patiently(req->task, tear_down, req, NULL) != CGW_OK)
        (void)tear_down(req);
    group_settle(req->task);
    while (req->after || req->arena.deferred) { /* each may ask for the other */
        after_run(req);
        run_deferred(req);
    }
}

static void name_route(cgw_request *req)
{
    const struct cgw_route *table = req->application->route_table;
    struct cgw_str name = match_route_template(req->route);
    if (table)
        (void)table->set(req->call, name.ptr, name.len);
}

static void serve(void *arg)
{
    cgw_request *req = arg;
    int status = matcher_match(req->application->matcher, req, &req->match);
    req->endpoint = req->match.endpoint;
    req->route = req->match.route;
    req->is_head = req->match.is_head;
    req->root_path = req->match.root_path;
    if (status == CGW_OK && req->match.mount) {
        mount_serve(req, &req->match);
    } else if (status == CGW_OK) {
        if (req->route)
            name_route(req);
        req->is_matched = true;
        if (req->application->is_draining)
            channel_watch(req);
        (void)chain_run(req, inner_of(req));
        status = send_reply(req);
        reply_drop_source(req);
    }
    request_finish(req, status);
}

/* ---- memory ---- */

static cgw_request *get_request(struct application *application)
{
    struct list *node = list_take(&application->free_requests);
    cgw_request *req = node ? list_owner(node, cgw_request, link) : NULL;
    if (node)
        application->n_free--;
    else
        req = memory_alloc(sizeof(*req));
    if (!req)
        return NULL;
    memset((char *)req + offsetof(cgw_request, is_cancelable), 0,
           offsetof(cgw_request, params) - offsetof(cgw_request, is_cancelable));
    return req;
}

static void put_request(struct application *application, cgw_request *req)
{
    list_remove(&req->link);
    if (application->n_free == KEPT_REQUESTS) {
        memory_free(req);
        return;
    }
    list_append(application->free_requests.next, &req->link); /* first: its memory is near */
    application->n_free++;
}

static void serve_and_clean(void *arg)
{
    cgw_request *req = arg;
    serve(req);
    if (goes_on(req))
        after_behind(req, clean_up);
    arena_reset(&req->arena);
}

static void is_served(struct task *task, int status)
{
    (void)status;
    put_request(task->runtime->application, task->owner);
}

static cgw_request *make_request(struct application *application, struct cgw_call *call)
{
    cgw_request *req = get_request(application);
    if (!req)
        return NULL;
    req->runtime = application->runtime;
    req->application = application;
    req->call = call;
    req->host = call->host;
    req->scope = call->scope;
    arena_init(&req->arena, req->first, sizeof(req->first));
    list_append(&application->requests, &req->link);
    return req;
}

void request_begin(struct application *application, struct cgw_call *call)
{
    struct runtime *runtime = application->runtime;
    cgw_request *req = make_request(application, call);
    if (!req) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    const struct task_options options = {.fn = cgw__task_void(serve_and_clean, "request"),
                                         .arg = req,
                                         .scope = &runtime->root,
                                         .arena = &req->arena,
                                         .request = req,
                                         .call = call,
                                         .ended = is_served,
                                         .owner = req};
    runtime_enter(runtime, call);
    req->task = task_new(runtime, &options);
    if (!req->task) {
        put_request(application, req);
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    runtime_run(runtime);
}
