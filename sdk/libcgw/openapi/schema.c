/* One field after the other; the shape is pydantic's, which tools and people know. */
#include "openapi/schema.h"
#include "model/work.h"
#include "openapi/ecma.h"
#include <math.h>
#include <stdio.h>

/* ---- names ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char in_title(char c, bool is_first)
{
    if (is_first)
        return c >= 'a' && c <= 'z' ? (char)(c - 0x20) : c;
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

void schema_title(struct buffer *out, const char *key, const char *name)
{
    struct buffer title = BUFFER_IN(out->arena);
    char before = ' ';
    for (const char *c = name; *c; before = *c++)
        buffer_add_char(&title, *c == '_' ? ' ' : in_title(*c, !is_letter(before)));
    if (title.status != CGW_OK)
        out->status = title.status;
    else
        json_out_string(out, key, buffer_text(&title));
}

const char *schema_field_name(const struct cgw_field *field)
{
    return field->alias ? field->alias : field->name;
}

bool schema_is_required(const struct cgw_field *field)
{
    return !field->opt && !field->def_str && isnan(field->def);
}

/* ---- numbers ---- */

static void write_limits(struct buffer *out, const struct cgw_field *field)
{
    json_out_number(out, "minimum", field->ge);
    json_out_number(out, "exclusiveMinimum", field->gt);
    json_out_number(out, "maximum", field->le);
    json_out_number(out, "exclusiveMaximum", field->lt);
    json_out_number(out, "multipleOf", field->multiple_of);
}

static bool has_least(const struct cgw_field *field)
{
    return !isnan(field->ge) || !isnan(field->gt);
}

static bool has_most(const struct cgw_field *field)
{
    return !isnan(field->le) || !isnan(field->lt);
}

/* The kind's own range, where the field says none: a format alone promises nothing. */
static void write_integer(struct buffer *out, const struct cgw_field *field, uint8_t kind)
{
    static const char *const formats[] = {
        [CGW_KIND_I8] = "int8",    [CGW_KIND_I16] = "int16", [CGW_KIND_I32] = "int32",
        [CGW_KIND_I64] = "int64",  [CGW_KIND_U8] = "uint8",  [CGW_KIND_U16] = "uint16",
        [CGW_KIND_U32] = "uint32", [CGW_KIND_U64] = "uint64"};
    uint64_t least = constraint_most(kind, true);
    json_out_text(out, "type", "integer");
    json_out_text(out, "format", formats[kind]);
    if (!has_least(field)) {
        json_out_raw(out, "minimum", least ? "-" : "");
        json_write_u64(out, least);
    }
    if (!has_most(field))
        json_out_count(out, "maximum", constraint_most(kind, false));
    write_limits(out, field);
}

/* ---- text ---- */

static void write_pattern(struct buffer *out, const char *pattern)
{
    struct buffer text = BUFFER_IN(out->arena);
    bool is_known = ecma_pattern(pattern, &text);
    if (text.status != CGW_OK)
        out->status = text.status;
    else if (is_known)
        json_out_string(out, "pattern", buffer_text(&text));
    else
        json_out_text(out, "x-pcre2-pattern", pattern);
}

static void write_text(struct buffer *out, const struct cgw_field *field)
{
    json_out_text(out, "type", "string");
    if (field->min_len)
        json_out_count(out, "minLength", field->min_len);
    if (field->max_len)
        json_out_count(out, "maxLength", field->max_len);
    if (field->pattern)
        write_pattern(out, field->pattern);
}

/* The lengths of base64 for those of its bytes. */
static void write_bytes(struct buffer *out, const struct cgw_field *field)
{
    json_out_text(out, "type", "string");
    json_out_text(out, "format", "byte");
    json_out_text(out, "contentEncoding", "base64");
    if (field->min_len)
        json_out_count(out, "minLength", ((uint64_t)field->min_len + 2) / 3 * 4);
    if (field->max_len)
        json_out_count(out, "maxLength", ((uint64_t)field->max_len + 2) / 3 * 4);
}

static void write_string_of(struct buffer *out, const char *format)
{
    json_out_text(out, "type", "string");
    json_out_text(out, "format", format);
}

/* ---- any field ---- */

static void write_reference(struct buffer *out, const char *name)
{
    cgw_str text = arena_printf(out->arena, "#/components/schemas/%s", name);
    if (text.ptr)
        json_out_string(out, "$ref", text);
    else
        out->status = CGW_ENOMEM;
}

static void write_scalar(struct schema_out *doc, const struct cgw_field *field, uint8_t kind)
{
    struct buffer *out = &doc->out;
    if (kind <= CGW_KIND_U64) {
        write_integer(out, field, kind);
    } else if (kind == CGW_KIND_F64) {
        json_out_text(out, "type", "number");
        write_limits(out, field);
    } else if (kind == CGW_KIND_BOOL) {
        json_out_text(out, "type", "boolean");
    } else if (kind == CGW_KIND_STR || kind == CGW_KIND_TEXT) {
        write_text(out, field);
    } else if (kind == CGW_KIND_BYTES) {
        write_bytes(out, field);
    } else if (kind == CGW_KIND_ENUM) {
        write_reference(out, names_of_enum(&doc->names, field->values()));
    } else if (kind == CGW_KIND_MODEL) {
        write_reference(out, names_of_model(&doc->names, field->model()));
    } else {
        write_string_of(out, kind == CGW_KIND_UUID       ? "uuid"
                             : kind == CGW_KIND_DATETIME ? "date-time"
                                                         : "binary");
    }
}

static void write_kind(struct schema_out *doc, const struct cgw_field *field)
{
    struct buffer *out = &doc->out;
    if (field->kind != CGW_KIND_LIST) {
        write_scalar(doc, field, field->kind);
        return;
    }
    json_out_open(out, "items", '{');
    write_scalar(doc, field, field->item);
    json_out_close(out, '{');
    json_out_text(out, "type", "array");
    if (field->min_items)
        json_out_count(out, "minItems", field->min_items);
    if (field->max_items)
        json_out_count(out, "maxItems", field->max_items);
}

static void write_default(struct buffer *out, const struct cgw_field *field)
{
    json_out_text(out, "default", field->def_str);
    if (isnan(field->def))
        return;
    if (field->kind == CGW_KIND_BOOL)
        json_out_bool(out, "default", field->def != 0);
    else
        json_out_number(out, "default", field->def);
}

static void write_notes(struct buffer *out, const struct cgw_field *field)
{
    bool is_named = field->kind == CGW_KIND_ENUM || field->kind == CGW_KIND_MODEL;
    if (!is_named)
        schema_title(out, "title", schema_field_name(field));
    json_out_text(out, "description", field->doc);
    write_default(out, field);
    if (field->hidden)
        json_out_bool(out, "writeOnly", true);
    if (field->example) {
        json_out_open(out, "examples", '[');
        json_out_raw(out, NULL, field->example);
        json_out_close(out, '[');
    }
}

/* What came as text, or as a file, is not null. */
static bool may_be_null(const struct cgw_field *field)
{
    uint8_t kind = field->kind == CGW_KIND_LIST ? field->item : field->kind;
    return (field->opt || field->null) && kind != CGW_KIND_UPLOAD;
}

void schema_field(struct schema_out *doc, const char *key, const struct cgw_field *field,
                  bool is_parameter)
{
    struct buffer *out = &doc->out;
    json_out_open(out, key, '{');
    if (!is_parameter && may_be_null(field)) {
        json_out_open(out, "anyOf", '[');
        json_out_open(out, NULL, '{');
        write_kind(doc, field);
        json_out_close(out, '{');
        json_out_raw(out, NULL, "{\"type\":\"null\"}");
        json_out_close(out, '[');
    } else {
        write_kind(doc, field);
    }
    write_notes(out, field);
    json_out_close(out, '{');
}

/* ---- models ---- */

void schema_reference(struct schema_out *doc, const char *key, const cgw_model *model)
{
    json_out_open(&doc->out, key, '{');
    write_reference(&doc->out, names_of_model(&doc->names, model));
    json_out_close(&doc->out, '{');
}

void schema_list(struct schema_out *doc, const char *key, const cgw_model *model, const char *title)
{
    json_out_open(&doc->out, key, '{');
    json_out_text(&doc->out, "type", "array");
    schema_reference(doc, "items", model);
    json_out_text(&doc->out, "title", title);
    json_out_close(&doc->out, '{');
}

static void write_required(struct buffer *out, const cgw_model *model)
{
    bool is_first = true;
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i];
        if (!schema_is_required(field))
            continue;
        if (is_first)
            json_out_open(out, "required", '[');
        is_first = false;
        json_out_text(out, NULL, schema_field_name(field));
    }
    if (!is_first)
        json_out_close(out, '[');
}

static void write_model(struct schema_out *doc, const cgw_model *model)
{
    struct buffer *out = &doc->out;
    if (model->strict)
        json_out_bool(out, "additionalProperties", false);
    json_out_open(out, "properties", '{');
    for (size_t i = 0; i < model->n_fields; i++)
        schema_field(doc, schema_field_name(&model->fields[i]), &model->fields[i], false);
    json_out_close(out, '{');
    json_out_text(out, "type", "object");
    write_required(out, model);
    json_out_text(out, "title", model->name);
    json_out_text(out, "description", model->doc);
}

static void write_enum(struct buffer *out, const cgw_enum *values)
{
    json_out_text(out, "type", "string");
    json_out_open(out, "enum", '[');
    for (size_t i = 0; i < values->n_values; i++)
        json_out_text(out, NULL, values->values[i].name);
    json_out_close(out, '[');
    json_out_text(out, "title", values->name);
}

void schema_components(struct schema_out *doc)
{
    for (size_t i = 0; i < doc->names.n; i++) { /* they become more meanwhile */
        struct name name = doc->names.items[i];
        json_out_open(&doc->out, name.text, '{');
        if (name.model)
            write_model(doc, name.model);
        else
            write_enum(&doc->out, name.values);
        json_out_close(&doc->out, '{');
    }
    if (doc->names.status != CGW_OK)
        doc->out.status = doc->names.status;
}
