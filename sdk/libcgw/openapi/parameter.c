/* A parameter of the path is in the pattern, whether or not a model says more about it. */
#include "openapi/parameter.h"

/* ---- the path ---- */

static void add(struct buffer *out, cgw_str text)
{
    buffer_add(out, text.ptr, text.len);
}

static void add_name(struct buffer *out, cgw_str name, size_t suffix)
{
    add(out, name);
    while (suffix--)
        buffer_add_char(out, '_');
}

void parameter_path(struct buffer *out, const struct match_pattern *pattern, size_t suffix)
{
    for (size_t i = 0; i < pattern->n; i++) {
        const struct match_segment *segment = &pattern->segments[i];
        buffer_add_char(out, '/');
        add(out, segment->before);
        if (segment->class == MATCH_STATIC)
            continue;
        buffer_add_char(out, '{');
        add_name(out, segment->name, suffix);
        buffer_add_char(out, '}');
        add(out, segment->after);
    }
}

/* ---- one parameter ---- */

static void begin(struct buffer *out, const char *place, cgw_str name, bool is_required)
{
    json_out_open(out, NULL, '{');
    json_out_string(out, "name", name);
    json_out_text(out, "in", place);
    json_out_bool(out, "required", is_required);
}

static void write_field(struct schema_out *doc, const struct cgw_field *field)
{
    schema_field(doc, "schema", field, true);
    json_out_text(&doc->out, "description", field->doc);
}

static const struct cgw_field *find(const struct cgw_endpoint *endpoint, cgw_str name)
{
    const cgw_model *model = endpoint->path_params ? endpoint->path_params() : NULL;
    for (size_t i = 0; model && i < model->n_fields; i++) {
        const char *text = schema_field_name(&model->fields[i]);
        if (strlen(text) == name.len && memcmp(text, name.ptr, name.len) == 0)
            return &model->fields[i];
    }
    return NULL;
}

static bool is_named(const struct match_segment *segment, const char *name)
{
    return segment->class == MATCH_TYPED && strcmp(segment->converter->name, name) == 0;
}

/* What the converter takes. */
static void write_segment(struct buffer *out, const struct match_segment *segment)
{
    bool is_int = is_named(segment, "int"), is_float = is_named(segment, "float");
    cgw_str name = arena_printf(out->arena, "%.*s", (int)segment->name.len, segment->name.ptr);
    json_out_open(out, "schema", '{');
    json_out_text(out, "type", is_int ? "integer" : is_float ? "number" : "string");
    if (is_int)
        json_out_text(out, "format", "int64");
    if (is_int || is_float)
        json_out_number(out, "minimum", 0);
    if (is_named(segment, "uuid"))
        json_out_text(out, "format", "uuid");
    if (segment->class == MATCH_STR)
        json_out_text(out, "pattern", "^[^/]+$");
    if (name.ptr)
        schema_title(out, "title", name.ptr);
    else
        out->status = CGW_ENOMEM;
    json_out_close(out, '{');
}

static void write_path(struct schema_out *doc, const struct match_route *route, size_t suffix)
{
    struct buffer *out = &doc->out;
    for (size_t i = 0; i < route->pattern.n; i++) {
        const struct match_segment *segment = &route->pattern.segments[i];
        if (segment->class == MATCH_STATIC)
            continue;
        struct buffer name = BUFFER_IN(out->arena);
        const struct cgw_field *field = find(route->endpoint, segment->name);
        add_name(&name, segment->name, suffix);
        begin(out, "path", buffer_text(&name), true);
        if (field)
            write_field(doc, field);
        else
            write_segment(out, segment);
        json_out_close(out, '{');
    }
}

/* ---- those of models ---- */

/* Of a header, where no alias says how it is written. */
static cgw_str name_of(struct arena *arena, const struct cgw_field *field, bool is_header)
{
    const char *name = schema_field_name(field);
    size_t len = strlen(name);
    char *copy = arena_copy(arena, name, len);
    for (size_t i = 0; copy && is_header && !field->alias && i < len; i++)
        copy[i] = copy[i] == '_' ? '-' : copy[i];
    return (cgw_str){copy, copy ? len : 0};
}

static void write_model(struct schema_out *doc, const char *place, cgw_model_fn *model)
{
    bool is_header = strcmp(place, "header") == 0;
    for (size_t i = 0; model && i < model()->n_fields; i++) {
        const struct cgw_field *field = &model()->fields[i];
        cgw_str name = name_of(doc->out.arena, field, is_header);
        if (!name.ptr)
            doc->out.status = CGW_ENOMEM;
        begin(&doc->out, place, name, schema_is_required(field));
        write_field(doc, field);
        json_out_close(&doc->out, '{');
    }
}

void parameter_write(struct schema_out *doc, const struct match_route *route, size_t suffix)
{
    const struct cgw_endpoint *endpoint = route->endpoint;
    if (!route->pattern.n_params && !endpoint->params && !endpoint->headers && !endpoint->cookies)
        return;
    json_out_open(&doc->out, "parameters", '[');
    write_path(doc, route, suffix);
    write_model(doc, "query", endpoint->params);
    write_model(doc, "header", endpoint->headers);
    write_model(doc, "cookie", endpoint->cookies);
    json_out_close(&doc->out, '[');
}
