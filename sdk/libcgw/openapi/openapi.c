/* From the document as a whole down to one operation; its parts are in files of their own. */
#include "openapi/openapi.h"
#include "openapi/parameter.h"
#include "openapi/response.h"
#include "openapi/security.h"
#include <stdlib.h>

struct document {
    struct schema_out schema; /* first: what is written, and what it refers to */
    const struct matcher *matcher;
    cgw_str root_path;
    const struct match_route **routes;
    struct operation *operations;
    size_t n;
    struct security security;
    struct response_uses uses;
};

/* A route answered by one method. */
struct operation {
    const struct match_route *route;
    cgw_str method; /* "get" */
    cgw_str path, id;
    size_t suffix;
    bool is_written;
};

static struct arena *arena_of(const struct document *document)
{
    return document->schema.out.arena;
}

/* ---- which operations there are ---- */

static int compare_places(const void *a, const void *b)
{
    const struct cgw_endpoint *p = (*(const struct match_route *const *)a)->endpoint;
    const struct cgw_endpoint *q = (*(const struct match_route *const *)b)->endpoint;
    int order = strcmp(p->file, q->file);
    if ((p->line == 0) != (q->line == 0))
        return p->line == 0 ? 1 : -1; /* the library's own are last */
    order = order ? order : (p->line > q->line) - (p->line < q->line);
    return order ? order : strcmp(p->path, q->path); /* a macro makes several on a line */
}

const struct match_route **openapi_routes(const struct matcher *matcher, struct arena *arena)
{
    const struct match_route **routes =
        arena_alloc(arena, (matcher->n_routes + 1) * sizeof(const struct match_route *));
    if (!routes)
        return NULL;
    for (size_t i = 0; i < matcher->n_routes; i++)
        routes[i] = &matcher->routes[i];
    if (matcher->n_routes)
        qsort(routes, matcher->n_routes, sizeof(const struct match_route *), compare_places);
    return routes;
}

static bool is_hidden(const struct cgw_endpoint *endpoint)
{
    bool is_hidden = endpoint->hidden;
    for (const struct cgw_router *router = endpoint->router; router; router = router->parent)
        is_hidden |= router->hidden;
    return is_hidden;
}

/* Those that a document can have; NULL: another. */
static const char *lower_method(cgw_str method)
{
    static const char *const names[][2] = {
        {"GET", "get"},         {"PUT", "put"},   {"POST", "post"},   {"DELETE", "delete"},
        {"OPTIONS", "options"}, {"HEAD", "head"}, {"PATCH", "patch"}, {"TRACE", "trace"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strlen(names[i][0]) == method.len && memcmp(names[i][0], method.ptr, method.len) == 0)
            return names[i][1];
    return NULL;
}

static bool is_taken(const struct document *document, cgw_str path, cgw_str method)
{
    for (size_t i = 0; i < document->n; i++)
        if (match_same(document->operations[i].path, path) &&
            match_same(document->operations[i].method, method))
            return true;
    return false;
}

static bool has_id(const struct document *document, cgw_str id)
{
    for (size_t i = 0; i < document->n; i++)
        if (match_same(document->operations[i].id, id))
            return true;
    return false;
}

/* Two routes that differ by their converters alone have one path: the second has other names. */
static void choose_path(const struct document *document, struct operation *operation)
{
    struct buffer path;
    do {
        path = BUFFER_IN(arena_of(document));
        parameter_path(&path, &operation->route->pattern, operation->suffix++);
        operation->path = buffer_text(&path);
    } while (operation->path.ptr && is_taken(document, operation->path, operation->method));
    operation->suffix--;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "get_item_items__id__get", as FastAPI makes them; a number behind what would be there twice. */
static void choose_id(const struct document *document, struct operation *operation)
{
    const struct match_route *route = operation->route;
    struct buffer id = BUFFER_IN(arena_of(document));
    buffer_printf(&id, "%s%.*s_%s", route->name, (int)operation->path.len, operation->path.ptr,
                  operation->method.ptr);
    size_t len = id.len;
    for (size_t i = 0; i < id.len; i++)
        if (!is_word(id.ptr[i]))
            id.ptr[i] = '_';
    for (int n = 2; id.status == CGW_OK && has_id(document, buffer_text(&id)); n++) {
        id.len = len;
        buffer_printf(&id, "_%d", n);
    }
    operation->id = buffer_text(&id);
}

static void add_operation(struct document *document, const struct match_route *route,
                          const char *method)
{
    struct operation operation = {.route = route, .method = {method, strlen(method)}};
    choose_path(document, &operation);
    if (operation.path.ptr)
        choose_id(document, &operation);
    if (!operation.path.ptr || !operation.id.ptr)
        document->schema.out.status = CGW_ENOMEM;
    document->operations[document->n++] = operation;
}

static void add_operations(struct document *document, const struct match_route *route)
{
    const struct matcher *matcher = document->matcher;
    for (size_t i = 0; i < matcher->n_methods; i++) {
        const char *method = lower_method(matcher->methods[i]);
        if (method && route->methods & (uint32_t)1 << i)
            add_operation(document, route, method);
    }
}

static void gather(struct document *document)
{
    const struct matcher *matcher = document->matcher;
    size_t room = matcher->n_routes * matcher->n_methods;
    document->routes = openapi_routes(matcher, arena_of(document));
    document->operations = arena_zalloc(arena_of(document), (room + 1) * sizeof(struct operation));
    if (!document->routes || !document->operations) {
        document->schema.out.status = CGW_ENOMEM;
        return;
    }
    for (size_t i = 0; i < matcher->n_routes; i++) {
        const struct match_route *route = document->routes[i];
        if (is_hidden(route->endpoint))
            continue;
        add_operations(document, route);
        security_collect(&document->security, route);
    }
}

/* ---- one operation ---- */

static void write_router_tags(struct buffer *out, const struct cgw_router *router)
{
    if (!router)
        return;
    write_router_tags(out, router->parent);
    json_out_text(out, NULL, router->tag);
}

static bool has_tags(const struct cgw_endpoint *endpoint)
{
    bool has_tags = endpoint->tag != NULL;
    for (const struct cgw_router *router = endpoint->router; router; router = router->parent)
        has_tags |= router->tag != NULL;
    return has_tags;
}

static void write_tags(struct buffer *out, const struct cgw_endpoint *endpoint)
{
    if (!has_tags(endpoint))
        return;
    json_out_open(out, "tags", '[');
    write_router_tags(out, endpoint->router);
    json_out_text(out, NULL, endpoint->tag);
    json_out_close(out, '[');
}

static bool has_upload(const cgw_model *model)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i];
        if (field->kind == CGW_KIND_UPLOAD || field->item == CGW_KIND_UPLOAD)
            return true;
    }
    return false;
}

static void write_body(struct schema_out *schema, const struct cgw_endpoint *endpoint)
{
    cgw_model_fn *model = endpoint->body ? endpoint->body : endpoint->form;
    const char *type = "application/json";
    if (!model)
        return;
    if (endpoint->form)
        type = has_upload(model()) ? "multipart/form-data" : "application/x-www-form-urlencoded";
    json_out_open(&schema->out, "requestBody", '{');
    json_out_open(&schema->out, "content", '{');
    json_out_open(&schema->out, type, '{');
    schema_reference(schema, "schema", model());
    json_out_raw(&schema->out, "example", endpoint->example);
    json_out_close(&schema->out, '{');
    json_out_close(&schema->out, '{');
    json_out_bool(&schema->out, "required", true);
    json_out_close(&schema->out, '{');
}

/* Its name without those of applications around it. */
static const char *own_name(const struct cgw_endpoint *endpoint)
{
    return endpoint->name ? endpoint->name : endpoint->function;
}

/* "Get Item"; NULL: out of memory. */
static const char *title_of(struct arena *arena, const struct cgw_endpoint *endpoint)
{
    struct buffer title = BUFFER_IN(arena);
    schema_title(&title, NULL, own_name(endpoint)); /* in quotes */
    if (title.status != CGW_OK || title.len < 2)
        return NULL;
    return arena_copy(arena, title.ptr + 1, title.len - 2);
}

static void write_operation(struct document *document, const struct operation *operation)
{
    const struct cgw_endpoint *endpoint = operation->route->endpoint;
    struct schema_out *schema = &document->schema;
    struct buffer *out = &schema->out;
    const char *title = title_of(arena_of(document), endpoint);
    if (!title) {
        out->status = CGW_ENOMEM;
        return;
    }
    json_out_open(out, operation->method.ptr, '{');
    write_tags(out, endpoint);
    json_out_text(out, "summary", endpoint->summary ? endpoint->summary : title);
    json_out_text(out, "description", endpoint->doc);
    json_out_string(out, "operationId", operation->id);
    if (endpoint->deprecated)
        json_out_bool(out, "deprecated", true);
    security_write(out, operation->route);
    parameter_write(schema, operation->route, operation->suffix);
    write_body(schema, endpoint);
    response_write(schema, operation->route, title, &document->uses);
    json_out_close(out, '{');
}

/* ---- all of it ---- */

static void write_path(struct document *document, size_t first)
{
    struct buffer *out = &document->schema.out;
    cgw_str path = document->operations[first].path;
    json_out_key(out, path);
    buffer_add_char(out, '{');
    for (size_t i = first; i < document->n; i++) {
        struct operation *operation = &document->operations[i];
        if (!match_same(operation->path, path))
            continue;
        write_operation(document, operation);
        operation->is_written = true;
    }
    json_out_close(out, '{');
}

static void write_paths(struct document *document)
{
    struct buffer *out = &document->schema.out;
    json_out_open(out, "paths", '{');
    for (size_t i = 0; i < document->n && out->status == CGW_OK; i++)
        if (!document->operations[i].is_written)
            write_path(document, i);
    json_out_close(out, '{');
}

static void write_info(const struct document *document, struct buffer *out)
{
    const struct cgw_application *application = document->matcher->input.application;
    json_out_open(out, "info", '{');
    json_out_text(out, "title", application->name ? application->name : "cgw application");
    json_out_text(out, "description", application->doc);
    json_out_text(out, "version", application->version ? application->version : "0.1.0");
    json_out_close(out, '{');
    if (document->root_path.len == 0)
        return;
    json_out_open(out, "servers", '[');
    json_out_open(out, NULL, '{');
    json_out_string(out, "url", document->root_path);
    json_out_close(out, '{');
    json_out_close(out, '[');
}

static void write_components(struct document *document)
{
    struct buffer *out = &document->schema.out;
    bool has_schemas =
        document->schema.names.n || document->uses.error || document->uses.validation;
    if (!has_schemas && document->security.n == 0)
        return;
    json_out_open(out, "components", '{');
    if (has_schemas) {
        json_out_open(out, "schemas", '{');
        response_write_schemas(out, &document->uses);
        schema_components(&document->schema);
        json_out_close(out, '{');
    }
    security_write_schemes(out, &document->security, document->root_path);
    json_out_close(out, '{');
}

cgw_str openapi_document(const struct matcher *matcher, struct arena *arena, cgw_str root_path)
{
    struct document document = {
        .schema = {.out = BUFFER_IN(arena), .names = {.arena = arena}},
        .matcher = matcher,
        .root_path = root_path,
        .uses = {.is_problem = matcher->input.application->problem_json},
    };
    struct buffer *out = &document.schema.out;
    gather(&document);
    json_out_open(out, NULL, '{');
    json_out_text(out, "openapi", "3.1.0");
    write_info(&document, out);
    if (out->status == CGW_OK)
        write_paths(&document);
    write_components(&document);
    json_out_close(out, '{');
    return buffer_text(out);
}
