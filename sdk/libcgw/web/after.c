/*
 * Background tasks: functions that run one after the other behind the last byte, on the task that
 * has served the request, whose memory they still have. Nothing that ends a handler ends them: they
 * are behind a shield, as all is that comes behind the last byte, and only a worker that drains
 * sets a limit to that.
 */
#include "web/application.h"

static const double BACKGROUND_SECONDS = 30;

struct after {
    struct after *next;
    struct cgw__task_fn fn;
    void *arg;
    bool is_sync; /* asked for on a thread */
};

struct wish {
    cgw_request *req;
    struct cgw__task_fn fn;
    void *arg;
};

static int add_on_loop(void *arg)
{
    const struct wish *wish = arg;
    cgw_request *req = wish->req;
    struct after *after = arena_alloc(&req->arena, sizeof(*after));
    if (!after) {
        runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                    "no memory for the background task %s: it will not run", wish->fn.name);
        return CGW_ENOMEM;
    }
    *after = (struct after){NULL, wish->fn, wish->arg, task_here()->offload != NULL};
    if (!req->after)
        req->after_last = &req->after;
    *req->after_last = after;
    req->after_last = &after->next;
    return CGW_OK;
}

void cgw__after(cgw_request *req, struct cgw__task_fn fn, void *arg)
{
    struct wish wish = {req, fn, arg};
    (void)task_on_loop(add_on_loop, &wish);
}

static int call(void *arg)
{
    const struct after *after = arg;
    return task_call(after->fn, after->arg);
}

static size_t count(const struct after *after)
{
    size_t n = 0;
    for (; after; after = after->next)
        n++;
    return n;
}

static void tell(const cgw_request *req, const struct after *after, int status)
{
    cgw_str route = req->route ? match_route_template(req->route) : (cgw_str){"", 0};
    runtime_log(req->runtime, NULL, CGW_LOG_ERROR,
                "the background task %s of %.*s failed: %s (%d); %zu behind it will not run",
                after->fn.name, (int)route.len, route.ptr, cgw_strerror(status), status,
                count(after->next));
}

void after_run(cgw_request *req)
{
    struct task *task = req->task;
    int status = CGW_OK;
    /* one may add another */
    for (struct after *after = req->after; after && status >= 0; after = after->next) {
        status = after->is_sync ? task_offload_patiently(task, call, after, NULL) : call(after);
        group_settle(task);
        if (status < 0)
            tell(req, after, status);
    }
    req->after = NULL;
}

static void limit(cgw_request *req)
{
    double seconds = req->application->declared->background_timeout;
    if (scope_set_timeout(req->after_scope, seconds > 0 ? seconds : BACKGROUND_SECONDS) != CGW_OK)
        scope_cancel(req->after_scope, CGW_ECANCELED);
}

void after_behind(cgw_request *req, void (*fn)(cgw_request *req))
{
    struct scope scope;
    scope_init(&scope, req->runtime, req->task->scope, true);
    scope_enter(&scope, req->task);
    req->after_scope = &scope;
    if (req->application->is_draining)
        limit(req);
    fn(req);
    req->after_scope = NULL;
    scope_leave(&scope, req->task);
    scope_fini(&scope);
}

void after_drain(cgw_request *req)
{
    if (req->after_scope)
        limit(req);
}
