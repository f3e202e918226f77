/* The reply of a route, those it says it has besides, and those that the library makes for it. */
#include "openapi/response.h"
#include "web/problem.h"
#include <stdio.h>

/* ---- the parts of a reply ---- */

static void open_status(struct buffer *out, int status, const char *doc)
{
    char key[16];
    snprintf(key, sizeof(key), "%d", status);
    json_out_open(out, key, '{');
    json_out_text(out, "description", doc && *doc ? doc : problem_reason(status));
}

static void open_content(struct buffer *out, const char *type)
{
    json_out_open(out, "content", '{');
    json_out_open(out, type, '{');
}

static void close_content(struct buffer *out)
{
    json_out_close(out, '{');
    json_out_close(out, '{');
}

static void write_named(struct buffer *out, const char *type, const char *reference)
{
    open_content(out, type);
    json_out_open(out, "schema", '{');
    json_out_text(out, "$ref", reference);
    json_out_close(out, '{');
    close_content(out);
}

static void write_error(struct buffer *out, struct response_uses *uses)
{
    uses->error = true;
    if (uses->is_problem)
        write_named(out, "application/problem+json", "#/components/schemas/ProblemDetails");
    else
        write_named(out, "application/json", "#/components/schemas/HTTPError");
}

/* ---- the route's own ---- */

static void write_bytes(struct buffer *out, const char *type)
{
    open_content(out, type);
    json_out_open(out, "schema", '{');
    json_out_text(out, "type", "string");
    if (strncmp(type, "text/", 5) != 0)
        json_out_text(out, "format", "binary");
    json_out_close(out, '{');
    close_content(out);
}

static void write_content(struct schema_out *doc, const struct cgw_endpoint *endpoint,
                          const char *title)
{
    struct buffer *out = &doc->out;
    const char *type = endpoint->reply_type;
    if (!endpoint->reply && !endpoint->reply_list) {
        if (type)
            write_bytes(out, type);
        return;
    }
    open_content(out, type ? type : "application/json");
    if (endpoint->reply)
        schema_reference(doc, "schema", endpoint->reply());
    else
        schema_list(doc, "schema", endpoint->reply_list(), title);
    close_content(out);
}

/* Those have no content: RFC 9110, 15. */
static bool has_content(int status)
{
    return status >= 200 && status != 204 && status != 205 && status != 304;
}

static int write_own(struct schema_out *doc, const struct cgw_endpoint *endpoint, const char *title)
{
    int status = endpoint->status ? endpoint->status : 200;
    cgw_str name = arena_printf(doc->out.arena, "Response %s", title);
    open_status(&doc->out, status, "Successful Response");
    if (has_content(status) && name.ptr)
        write_content(doc, endpoint, name.ptr);
    json_out_close(&doc->out, '{');
    return status;
}

/* ---- the others ---- */

static bool has_reply(const struct cgw_endpoint *endpoint, int status)
{
    for (const struct cgw_other_reply *r = endpoint->replies; r && r->status; r++)
        if (r->status == status)
            return true;
    return (endpoint->status ? endpoint->status : 200) == status;
}

static void write_other(struct schema_out *doc, const struct cgw_other_reply *reply,
                        struct response_uses *uses)
{
    open_status(&doc->out, reply->status, reply->doc);
    if (reply->model) {
        open_content(&doc->out, "application/json");
        schema_reference(doc, "schema", reply->model());
        close_content(&doc->out);
    } else if (reply->status >= 400) {
        write_error(&doc->out, uses);
    }
    json_out_close(&doc->out, '{');
}

static bool is_validated(const struct cgw_endpoint *endpoint)
{
    return endpoint->body || endpoint->form || endpoint->params || endpoint->headers ||
           endpoint->cookies || endpoint->path_params;
}

static void write_invalid(struct buffer *out, struct response_uses *uses)
{
    open_status(out, 422, "Validation Error");
    if (uses->is_problem) {
        write_error(out, uses);
    } else {
        uses->validation = true;
        write_named(out, "application/json", "#/components/schemas/HTTPValidationError");
    }
    json_out_close(out, '{');
}

/* A status is there once, as it is a key: whoever comes first. */
static bool is_repeated(const struct cgw_endpoint *endpoint, const struct cgw_other_reply *reply,
                        int own)
{
    for (const struct cgw_other_reply *r = endpoint->replies; r < reply; r++)
        if (r->status == reply->status)
            return true;
    return reply->status == own;
}

void response_write(struct schema_out *doc, const struct match_route *route, const char *title,
                    struct response_uses *uses)
{
    const struct cgw_endpoint *endpoint = route->endpoint;
    struct buffer *out = &doc->out;
    json_out_open(out, "responses", '{');
    int own = write_own(doc, endpoint, title);
    for (const struct cgw_other_reply *r = endpoint->replies; r && r->status; r++)
        if (!is_repeated(endpoint, r, own))
            write_other(doc, r, uses);
    if (endpoint->conflict && !has_reply(endpoint, 409))
        write_other(doc, &(struct cgw_other_reply){.status = 409, .doc = endpoint->conflict}, uses);
    if (is_validated(endpoint) && !has_reply(endpoint, 422))
        write_invalid(out, uses);
    json_out_close(out, '{');
}

/* ---- schemas ---- */

static const char http_error[] =
    "{\"properties\":{\"detail\":{\"type\":\"string\",\"title\":\"Detail\"}},\"type\":\"object\","
    "\"required\":[\"detail\"],\"title\":\"HTTPError\"}";
static const char problem_details[] =
    "{\"properties\":{\"type\":{\"type\":\"string\",\"title\":\"Type\"},"
    "\"title\":{\"type\":\"string\",\"title\":\"Title\"},"
    "\"status\":{\"type\":\"integer\",\"title\":\"Status\"},"
    "\"detail\":{\"type\":\"string\",\"title\":\"Detail\"},"
    "\"errors\":{\"items\":{\"type\":\"object\"},\"type\":\"array\",\"title\":\"Errors\"}},"
    "\"type\":\"object\",\"required\":[\"type\",\"status\"],\"title\":\"ProblemDetails\"}";
static const char validation_errors[] =
    "{\"properties\":{\"detail\":{\"items\":{\"$ref\":\"#/components/schemas/ValidationError\"},"
    "\"type\":\"array\",\"title\":\"Detail\"}},\"type\":\"object\","
    "\"title\":\"HTTPValidationError\"}";
static const char validation_error[] =
    "{\"properties\":{\"loc\":{\"items\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]"
    "},\"type\":\"array\",\"title\":\"Location\"},"
    "\"msg\":{\"type\":\"string\",\"title\":\"Message\"},"
    "\"type\":{\"type\":\"string\",\"title\":\"Error Type\"},"
    "\"input\":{\"title\":\"Input\"},\"ctx\":{\"type\":\"object\",\"title\":\"Context\"}},"
    "\"type\":\"object\",\"required\":[\"loc\",\"msg\",\"type\"],\"title\":\"ValidationError\"}";

void response_write_schemas(struct buffer *out, const struct response_uses *uses)
{
    if (uses->error)
        json_out_raw(out, uses->is_problem ? "ProblemDetails" : "HTTPError",
                     uses->is_problem ? problem_details : http_error);
    if (!uses->validation)
        return;
    json_out_raw(out, "HTTPValidationError", validation_errors);
    json_out_raw(out, "ValidationError", validation_error);
}
