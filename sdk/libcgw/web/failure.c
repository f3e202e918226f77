/*
 * Errors become replies here. A reply that is an error carries its cause, until the application's
 * handlers of errors have been asked about it: one for the code, one for the status, one for all.
 */
#include "web/application.h"
#include "web/problem.h"

static const cgw_str none = {NULL, 0};

const char *failure_reason(int status)
{
    return problem_reason(status);
}

/* ---- preparing ---- */

struct failure {
    cgw_request *req;
    struct cgw_cause cause;
};

static void add_retry_after(cgw_request *req, const struct cgw_cause *cause)
{
    if (cause->status == 503 && (cause->code == CGW_EBUSY || cause->code == CGW_ECANCELED))
        (void)cgw_set_header(req, "retry-after", "1");
}

/* No error is a 200 because somebody said 0. */
static int error_status(cgw_request *req, int status)
{
    if (status >= 200 && status <= 999)
        return status;
    cgw_log_level(req, CGW_LOG_ERROR, "an error has the status %d, which is none", status);
    return 500;
}

static int prepare(void *arg)
{
    const struct failure *failure = arg;
    cgw_request *req = failure->req;
    struct cgw_cause cause = failure->cause;
    struct buffer out = BUFFER_IN(&req->arena);
    bool is_problem = req->application->declared->problem_json;
    if (req->reply.state > REPLY_WHOLE)
        return CGW_OK;
    cause.status = error_status(req, cause.status);
    problem_write(&out, &cause, is_problem);
    cgw_str body = buffer_text(&out);
    if (!body.ptr) {
        cause.status = 500;
        body = (cgw_str)CGW_STR("{\"detail\":\"Internal Server Error\"}");
    }
    reply_drop_content(req);
    (void)reply_prepare(req, cause.status,
                        is_problem ? "application/problem+json" : "application/json", body);
    req->reply.cause = cause;
    req->reply.is_error_handled = req->reply.is_being_handled;
    add_retry_after(req, &cause);
    return CGW_OK;
}

cgw_reply failure_prepare(cgw_request *req, int status, int code, const char *detail,
                          cgw_str detail_json)
{
    struct failure failure = {req,
                              {.status = status,
                               .code = code,
                               .detail = detail ? detail : "",
                               .detail_json = detail_json}};
    return reply_do(req, prepare, &failure);
}

struct text {
    cgw_request *req;
    const char *format;
    va_list *args;
    const char *ret;
};

static int format(void *arg)
{
    struct text *text = arg;
    text->ret = arena_vprintf(&text->req->arena, text->format, *text->args).ptr;
    return CGW_OK;
}

cgw_reply cgw_fail(cgw_request *req, int status, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    struct text wanted = {.req = req, .format = text, .args = &args};
    (void)request_do(req, format, &wanted);
    va_end(args);
    return failure_prepare(req, status, 0, wanted.ret, none);
}

static void log_failure(cgw_request *req, const char *what, int code, const struct cgw_site *site)
{
    const struct cgw_site unknown = {"?", "?", 0};
    const struct cgw_site *at = site ? site : &unknown;
    cgw_log_level(req, CGW_LOG_ERROR, "%s %s: %s (%d) in %s(), %s:%d", req->scope->method.ptr,
                  req->route ? match_route_template(req->route).ptr : "-", what, code, at->function,
                  at->file, at->line);
}

void failure_missing(cgw_request *req)
{
    const struct cgw_endpoint *endpoint = req->endpoint;
    if (endpoint)
        cgw_log_level(req, CGW_LOG_ERROR, "%s %s: %s() returned without a reply, %s:%d",
                      req->scope->method.ptr, match_route_template(req->route).ptr,
                      endpoint->function, endpoint->file, endpoint->line);
    else
        cgw_log_level(req, CGW_LOG_ERROR, "%s: middleware returned without a reply",
                      req->scope->method.ptr);
    (void)failure_prepare(req, 500, 0, "", none);
}

/* ---- codes ---- */

static int status_of(int code)
{
    switch (code) {
    case CGW_ETIMEDOUT:
        return 504;
    case CGW_EBUSY:
    case CGW_ECANCELED:
        return 503;
    case CGW_ENOENT:
        return 404;
    case CGW_ETOOBIG:
        return 413;
    case CGW_EINVALID:
        return 422;
    case CGW_EDENIED:
        return 401;
    default:
        return code >= 200 && code <= 999 ? code : 500;
    }
}

/* What bind_models(), or who returned CGW_EFAILED, has prepared stands. */
static bool is_prepared(const cgw_request *req, int code)
{
    if (req->reply.state != REPLY_WHOLE)
        return false;
    return code == CGW_EFAILED || (code == CGW_EINVALID && req->reply.cause.code == code);
}

struct trouble {
    cgw_request *req;
    int code;
    bool has_left;
    const struct cgw_site *site;
};

static int make_of_code(void *arg)
{
    const struct trouble *trouble = arg;
    cgw_request *req = trouble->req;
    int code = trouble->code, status = status_of(code);
    const char *conflict = req->endpoint ? req->endpoint->conflict : NULL;
    if (req->reply.state > REPLY_WHOLE || is_prepared(req, code))
        return CGW_OK;
    if (trouble->has_left) {
        req->reply.state = REPLY_LEFT;
        req->reply.status = 0;
        return CGW_OK;
    }
    if (code == CGW_ECONFLICT && conflict) {
        (void)failure_prepare(req, 409, code, conflict, none);
        return CGW_OK;
    }
    if (status == 500)
        log_failure(req, code < 0 ? cgw_strerror(code) : "no such status or code", code,
                    trouble->site);
    (void)failure_prepare(req, status, code < 0 ? code : 0, "",
                          code == CGW_EINVALID ? req->invalid : none);
    return CGW_OK;
}

cgw_reply cgw__error(cgw_request *req, int code, const struct cgw_site *site)
{
    struct trouble trouble = {req, code, false, site};
    if (code == CGW_ECLOSED)
        trouble.has_left = cgw_is_disconnected(req);
    return reply_do(req, make_of_code, &trouble);
}

/* ---- handlers of errors ---- */

static const struct cgw_error_handler *find_of(const struct cgw_router *router,
                                               const struct cgw_cause *cause)
{
    struct section section = section_errors();
    const struct cgw_error_handler *by_status = NULL, *all = NULL;
    for (const void *const *entry = section.first; entry < section.end; entry++) {
        const struct cgw_error_handler *handler = *entry;
        if (!handler || handler->router != router)
            continue;
        if (handler->code && handler->code == cause->code)
            return handler;
        if (handler->status && handler->status == cause->status)
            by_status = handler;
        if (!handler->status && !handler->code)
            all = handler;
    }
    return by_status ? by_status : all;
}

/* From the route's own router outwards. */
static const struct cgw_error_handler *find(const cgw_request *req, const struct cgw_cause *cause)
{
    const struct cgw_router *router = req->endpoint ? req->endpoint->router : NULL;
    for (; router; router = router->parent) {
        const struct cgw_error_handler *handler = find_of(router, cause);
        if (handler)
            return handler;
    }
    return find_of(NULL, cause);
}

struct question {
    cgw_request *req;
    const struct cgw_error_handler *handler;
    struct cgw_cause cause; /* a copy: the next reply that is made replaces it */
};

static int ask(void *arg)
{
    struct question *question = arg;
    (void)question->handler->fn(question->req, &question->cause);
    return CGW_OK;
}

/* Where its handler runs, or would have. */
static bool is_sync(const cgw_request *req)
{
    return req->is_sync || (!req->route && req->application->declared->mode == CGW_SYNC);
}

void failure_ask(cgw_request *req)
{
    struct reply *reply = &req->reply;
    if (reply->state != REPLY_WHOLE || reply->is_error_handled)
        return;
    struct question question = {req, find(req, &reply->cause), reply->cause};
    reply->is_error_handled = true;
    if (!question.handler)
        return;
    reply->is_being_handled = true;
    if (!is_sync(req))
        (void)ask(&question);
    else
        (void)task_offload(req->task, ask, &question, NULL);
    reply->is_being_handled = false;
}
