/*
 * Models of a route, bound before its handler: path, query, headers, cookies, body or form, in this
 * order,
 * as FastAPI does; all errors of all of them are one 422. By hand, the same models read and write
 * JSON.
 */
#include "web/application.h"
#include "web/form.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct bind {
    cgw_request *req;
    struct model_errors errors;
    int status; /* CGW_OK, CGW_EINVALID, or what ended it */
};

static void note(struct bind *bind, int status)
{
    if (status != CGW_OK && bind->status != CGW_ENOMEM)
        bind->status = status;
}

/* Memory for one more; NULL: none. */
static void *add(struct bind *bind, enum cgw__place place, const cgw_model *model)
{
    cgw_request *req = bind->req;
    void *object = arena_zalloc(&req->arena, model->size);
    if (object)
        req->bound[req->n_bound++] = (struct request_bound){place, model, object};
    else
        note(bind, CGW_ENOMEM);
    return object;
}

/* ---- parameters ---- */

static void bind_pairs(struct bind *bind, enum cgw__place place, cgw_model_fn *model,
                       const struct model_source *source)
{
    void *object = add(bind, place, model());
    if (object)
        note(bind, model()->code->bind(model(), &bind->req->arena, source, &bind->errors, object));
}

static void bind_path(struct bind *bind)
{
    const cgw_request *req = bind->req;
    struct model_pair pairs[REQUEST_PARAMS_MAX];
    for (size_t i = 0; i < req->n_params; i++)
        pairs[i] = (struct model_pair){req->params[i].name, req->params[i].value};
    bind_pairs(bind, CGW__PATH, req->endpoint->path_params,
               &(struct model_source){.place = "path", .pairs = pairs, .n_pairs = req->n_params});
}

static void bind_query(struct bind *bind)
{
    cgw_request *req = bind->req;
    head_parse_query(req);
    if (!req->has_query)
        note(bind, CGW_ENOMEM);
    bind_pairs(
        bind, CGW__QUERY, req->endpoint->params,
        &(struct model_source){.place = "query", .pairs = req->query, .n_pairs = req->n_query});
}

static void bind_headers(struct bind *bind)
{
    cgw_request *req = bind->req;
    struct model_pair *pairs = arena_alloc(&req->arena, req->scope->n_headers * sizeof(*pairs) + 1);
    if (!pairs || request_keep_scope(req) != CGW_OK) {
        note(bind, CGW_ENOMEM);
        return;
    }
    const struct cgw_scope *scope = req->scope;
    for (size_t i = 0; i < scope->n_headers; i++)
        pairs[i] = (struct model_pair){scope->headers[i].name, scope->headers[i].value};
    bind_pairs(
        bind, CGW__HEADERS, req->endpoint->headers,
        &(struct model_source){
            .place = "header", .pairs = pairs, .n_pairs = scope->n_headers, .is_header = true});
}

static void bind_cookies(struct bind *bind)
{
    cgw_request *req = bind->req;
    head_parse_cookies(req);
    if (!req->has_cookies)
        note(bind, CGW_ENOMEM);
    bind_pairs(bind, CGW__COOKIES, req->endpoint->cookies,
               &(struct model_source){
                   .place = "cookie", .pairs = req->cookies, .n_pairs = req->n_cookies});
}

/* ---- the body ---- */

cgw_str bind_content_type(const cgw_request *req)
{
    const struct cgw_scope *scope = req->scope;
    for (size_t i = 0; i < scope->n_headers; i++)
        if (scope->headers[i].name.len == 12 &&
            strncasecmp(scope->headers[i].name.ptr, "content-type", 12) == 0)
            return scope->headers[i].value;
    return (cgw_str){"", 0};
}

/* application/json, or anything of application/ that ends in +json (RFC 6839, 3.1). */
static bool is_json(cgw_str type)
{
    size_t len = 0;
    while (len < type.len && type.ptr[len] != ';')
        len++;
    while (len && (type.ptr[len - 1] == ' ' || type.ptr[len - 1] == '\t'))
        len--;
    if (len < 16 || strncasecmp(type.ptr, "application/", 12) != 0)
        return false;
    return (len == 16 && strncasecmp(type.ptr + 12, "json", 4) == 0) ||
           (len > 17 && strncasecmp(type.ptr + len - 5, "+json", 5) == 0);
}

static const struct model_place body_place = {.key = "body", .key_len = 4};

static void no_json(struct bind *bind, cgw_str body)
{
    struct buffer input = BUFFER_IN(&bind->req->arena);
    if (body.len <= MODEL_ECHO_MAX)
        json_write_string(&input, body);
    else
        buffer_add_literal(&input, "null");
    model_errors_add(&bind->errors, &body_place, "model_attributes_type", buffer_text(&input),
                     (cgw_str){"", 0},
                     "Input should be a valid dictionary or object to extract fields from");
    note(bind, CGW_EINVALID);
}

static void bind_body(struct bind *bind)
{
    cgw_request *req = bind->req;
    const cgw_model *model = req->endpoint->body();
    const struct cgw_endpoint *endpoint = req->endpoint;
    const struct cgw_site site = {endpoint->file, endpoint->function, endpoint->line};
    cgw_str body;
    int status = cgw__body_text(req, &body, &site);
    void *object = status == CGW_OK ? add(bind, CGW__BODY, model) : NULL;
    note(bind, status);
    if (!object)
        return;
    if (!body.len) {
        model_errors_add(&bind->errors, &body_place, "missing", (cgw_str){NULL, 0},
                         (cgw_str){"", 0}, "Field required");
        note(bind, CGW_EINVALID);
    } else if (!is_json(bind_content_type(req))) {
        no_json(bind, body);
    } else {
        note(bind,
             model->code->decode(model, &req->arena, body, &body_place, &bind->errors, object));
    }
}

static void bind_form(struct bind *bind)
{
    cgw_request *req = bind->req;
    const struct cgw_endpoint *endpoint = req->endpoint;
    const struct cgw_site site = {endpoint->file, endpoint->function, endpoint->line};
    int status = cgw__form_read(req, &site);
    note(bind, status);
    if (status == CGW_OK)
        bind_pairs(bind, CGW__FORM, endpoint->form,
                   &(struct model_source){.place = "body",
                                          .pairs = req->form->pairs,
                                          .n_pairs = req->form->n,
                                          .uploads = req->form->uploads});
}

/* ---- all of them ---- */

static void bind_all(struct bind *bind)
{
    const struct cgw_endpoint *endpoint = bind->req->endpoint;
    if (endpoint->path_params)
        bind_path(bind);
    if (endpoint->params)
        bind_query(bind);
    if (endpoint->headers)
        bind_headers(bind);
    if (endpoint->cookies)
        bind_cookies(bind);
    if (endpoint->body && !endpoint->stream)
        bind_body(bind);
    if (endpoint->form && !endpoint->stream)
        bind_form(bind);
}

int bind_models(cgw_request *req)
{
    struct bind bind = {.req = req};
    model_errors_init(&bind.errors, &req->arena);
    bind_all(&bind);
    if (bind.errors.status != CGW_OK)
        return bind.errors.status;
    if (bind.status != CGW_EINVALID)
        return bind.status;
    cgw_str detail = model_errors_array(&bind.errors);
    if (!detail.ptr)
        return CGW_ENOMEM;
    (void)failure_prepare(req, 422, CGW_EINVALID, "", detail);
    return CGW_EINVALID;
}

/* ---- at load ---- */

/* A parameter is text: no object can be one. NULL: each may. */
static const struct cgw_field *find_object(const cgw_model *model)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i];
        if ((field->kind == CGW_KIND_LIST ? field->item : field->kind) == CGW_KIND_MODEL)
            return field;
    }
    return NULL;
}

static bool names(const char *pattern, const char *name)
{
    size_t len = strlen(name);
    const char *at = pattern ? pattern : "";
    while ((at = strchr(at, '{')))
        if (strncmp(++at, name, len) == 0 && (at[len] == '}' || at[len] == ':'))
            return true;
    return false;
}

static bool has_parameter(const struct cgw_endpoint *endpoint, const char *name)
{
    if (names(endpoint->path, name))
        return true;
    for (const struct cgw_router *router = endpoint->router; router; router = router->parent)
        if (names(router->prefix, name))
            return true;
    return false;
}

/* What no request to the route could fulfil. */
static const struct cgw_field *find_unfulfilled(const struct cgw_endpoint *endpoint)
{
    const cgw_model *model = endpoint->path_params();
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i];
        bool may_lack = field->opt || field->def_str || field->def == field->def;
        if (!may_lack && !has_parameter(endpoint, field->alias ? field->alias : field->name))
            return field;
    }
    return NULL;
}

static const char *fault(struct arena *arena, const cgw_model *model, const struct cgw_field *field,
                         const char *what)
{
    const char *text = arena_printf(arena, "%s.%s: %s", model->name, field->name, what).ptr;
    return text ? text : "out of memory";
}

/* Only a form has files: neither JSON nor parameters. */
static const char *upload_fault(struct arena *arena, const struct cgw_endpoint *endpoint)
{
    cgw_model_fn *const models[] = {endpoint->path_params, endpoint->params, endpoint->headers,
                                    endpoint->cookies,     endpoint->body,   endpoint->reply,
                                    endpoint->reply_list};
    const cgw_model *model;
    for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++) {
        const struct cgw_field *field = models[i] ? model_find_upload(models[i](), &model) : NULL;
        if (field)
            return fault(arena, model, field, "an upload comes with a form alone, .form");
    }
    return NULL;
}

const char *bind_fault(struct arena *arena, const struct cgw_endpoint *endpoint)
{
    cgw_model_fn *const models[] = {endpoint->path_params, endpoint->params, endpoint->headers,
                                    endpoint->cookies, endpoint->form};
    const char *why = upload_fault(arena, endpoint);
    if (why)
        return why;
    for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++) {
        const struct cgw_field *field = models[i] ? find_object(models[i]()) : NULL;
        if (field)
            return fault(arena, models[i](), field, "a parameter is text, no object");
    }
    const struct cgw_field *field = endpoint->path_params ? find_unfulfilled(endpoint) : NULL;
    if (field)
        return fault(arena, endpoint->path_params(), field, "the path has no such parameter");
    return NULL;
}

/* ---- what a handler asks for ---- */

/* A handler asks for what its route does not bind: a mistake that no compiler sees. */
static const void *not_bound(cgw_request *req, const cgw_model *model)
{
    static const max_align_t zeros[256];
    const struct cgw_endpoint *endpoint = req->endpoint;
    runtime_log(req->runtime, req->call, CGW_LOG_ERROR,
                "%s:%d: %s() asks for a %s, which its route does not bind: say .body, .form, "
                ".params, .headers, .cookies or .path_params = %s_model, as it is asked for",
                endpoint ? endpoint->file : "?", endpoint ? endpoint->line : 0,
                endpoint ? endpoint->function : "?", model->name, model->name);
    if (req->runtime->is_debug)
        abort();
    return model->size <= sizeof(zeros) ? zeros : cgw_alloc(req, model->size);
}

/* Each file that a model's header is included in has a descriptor of its own. */
static bool is_same(const cgw_model *a, const cgw_model *b)
{
    return a == b || (a->size == b->size && strcmp(a->name, b->name) == 0);
}

static const void *find(const cgw_request *req, const cgw_model *model, enum cgw__place place)
{
    for (size_t i = 0; i < req->n_bound; i++)
        if (req->bound[i].place == place && is_same(req->bound[i].model, model))
            return req->bound[i].object;
    return NULL;
}

const void *cgw__bound(cgw_request *req, const cgw_model *model, enum cgw__place place)
{
    const void *object = find(req, model, place);
    if (!object && place == CGW__QUERY)
        object = find(req, model, CGW__PATH);
    return object ? object : not_bound(req, model);
}

/* ---- by hand ---- */

struct by_hand {
    cgw_request *req;
    const cgw_model *model;
    cgw_str json; /* in or out */
    void *out;
    const void *object;
    cgw_str *ret_detail;
};

static struct arena *arena_of(const struct by_hand *hand)
{
    return hand->req ? &hand->req->arena : task_here()->arena;
}

static int parse(void *arg)
{
    const struct by_hand *hand = arg;
    struct model_errors errors;
    model_errors_init(&errors, arena_of(hand));
    if (hand->req)
        hand->req->invalid = (cgw_str){NULL, 0};
    int status =
        hand->model->code->decode(hand->model, errors.arena, hand->json, NULL, &errors, hand->out);
    if (status != CGW_EINVALID || errors.status != CGW_OK)
        return status == CGW_EINVALID ? errors.status : status;
    cgw_str detail = model_errors_array(&errors);
    if (!detail.ptr)
        return CGW_ENOMEM;
    if (hand->req)
        hand->req->invalid = detail;
    if (hand->ret_detail)
        *hand->ret_detail = detail;
    return CGW_EINVALID;
}

/* Without a request the memory is the task's, which others may share: they all use it on the loop.
 */
static int do_by_hand(struct by_hand *hand, int (*fn)(void *arg))
{
    return hand->req ? request_do(hand->req, fn, hand) : task_on_loop(fn, hand);
}

int cgw__parse(cgw_request *req, const cgw_model *model, cgw_str json, void *out,
               cgw_str *ret_detail)
{
    struct by_hand hand = {
        .req = req, .model = model, .json = json, .out = out, .ret_detail = ret_detail};
    return do_by_hand(&hand, parse);
}

static int encode(void *arg)
{
    struct by_hand *hand = arg;
    struct buffer out = BUFFER_IN(arena_of(hand));
    hand->model->code->encode(hand->model, hand->object, &out);
    hand->json = buffer_text(&out);
    return CGW_OK;
}

cgw_str cgw__encode(cgw_request *req, const cgw_model *model, const void *object)
{
    struct by_hand hand = {.req = req, .model = model, .object = object};
    (void)do_by_hand(&hand, encode);
    return hand.json;
}
