/* The walk over a descriptor and the struct that it describes; see encode.h for the rules. */
#include "model/encode.h"
#include "model/base64.h"
#include "model/model.h"

/* What every list of CGW__LIST looks like. */
struct raw_list {
    const char *items;
    size_t len;
};

static void write_value(const struct cgw_field *field, uint8_t kind, const void *value,
                        unsigned depth, struct buffer *out);

/* The application's own fault: nothing more is written. */
static void refuse(struct buffer *out)
{
    if (!out->status)
        out->status = CGW_EINVAL;
    out->len = out->room = 0;
}

static void write_null(struct buffer *out)
{
    buffer_add_literal(out, "null");
}

static void write_cstring(const char *text, struct buffer *out)
{
    if (text)
        json_write_string(out, (cgw_str){text, strlen(text)});
    else
        write_null(out);
}

static void write_text(const cgw_str *text, struct buffer *out)
{
    if (text->ptr)
        json_write_string(out, *text);
    else
        write_null(out);
}

static void write_bytes(const cgw_str *bytes, struct buffer *out)
{
    if (!bytes->ptr) {
        write_null(out);
        return;
    }
    buffer_add_char(out, '"');
    base64_write(out, *bytes);
    buffer_add_char(out, '"');
}

/* What needs no escape. */
static void write_quoted(const char *text, size_t len, struct buffer *out)
{
    if (!buffer_reserve(out, len + 2))
        return;
    char *dst = out->ptr + out->len;
    *dst++ = '"';
    memcpy(dst, text, len);
    dst[len] = '"';
    out->len += len + 2;
}

static void write_uuid(const cgw_uuid *uuid, struct buffer *out)
{
    char text[CGW_UUID_LEN + 1];
    size_t len = cgw_uuid_format(uuid, text);
    write_quoted(text, len, out);
}

static void write_datetime(const cgw_datetime *when, struct buffer *out)
{
    char text[CGW_DATETIME_LEN + 1];
    size_t len = cgw_datetime_format(when, text);
    if (len)
        write_quoted(text, len, out);
    else
        refuse(out);
}

static void write_enum(const struct cgw_field *field, int value, struct buffer *out)
{
    const char *name = cgw__enum_name(field->values(), value);
    if (name)
        write_cstring(name, out);
    else
        refuse(out);
}

static void write_bool(bool value, struct buffer *out)
{
    if (value)
        buffer_add_literal(out, "true");
    else
        buffer_add_literal(out, "false");
}

static void write_list(const struct cgw_field *field, const struct raw_list *list, unsigned depth,
                       struct buffer *out)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i < list->len && !out->status; i++) {
        if (i)
            buffer_add_char(out, ',');
        write_value(field, field->item, list->items + i * field->item_size, depth, out);
    }
    buffer_add_char(out, ']');
}

/* A C name needs no escape; an alias may. */
static void write_key(const struct cgw_field *field, struct buffer *out)
{
    if (field->alias)
        write_cstring(field->alias, out);
    else
        write_quoted(field->name, strlen(field->name), out);
    buffer_add_char(out, ':');
}

static unsigned presence_of(const cgw_model *model, const void *object, size_t index)
{
    const uint8_t *bits = (const uint8_t *)object + model->presence;
    return bits[index / 4] >> index % 4 * 2 & 3;
}

static void write_object(const cgw_model *model, const char *object, unsigned depth,
                         struct buffer *out)
{
    char before = '{';
    for (size_t i = 0; i < model->n_fields && !out->status; i++) {
        const struct cgw_field *field = &model->fields[i];
        unsigned presence = presence_of(model, object, i);
        if (field->hidden || presence == CGW_ABSENT)
            continue;
        buffer_add_char(out, before);
        before = ',';
        write_key(field, out);
        if (presence == CGW_NULL)
            write_null(out);
        else
            write_value(field, field->kind, object + field->offset, depth, out);
    }
    if (before == '{')
        buffer_add_char(out, '{');
    buffer_add_char(out, '}');
}

static void write_container(const struct cgw_field *field, uint8_t kind, const void *value,
                            unsigned depth, struct buffer *out)
{
    if (depth >= ENCODE_DEPTH)
        refuse(out);
    else if (kind == CGW_KIND_LIST)
        write_list(field, value, depth + 1, out);
    else
        write_object(field->model(), value, depth + 1, out);
}

static void write_integer(uint8_t kind, const void *value, struct buffer *out)
{
    switch (kind) {
    case CGW_KIND_I8:
        json_write_i64(out, *(const int8_t *)value);
        break;
    case CGW_KIND_I16:
        json_write_i64(out, *(const int16_t *)value);
        break;
    case CGW_KIND_I32:
        json_write_i64(out, *(const int32_t *)value);
        break;
    case CGW_KIND_I64:
        json_write_i64(out, *(const int64_t *)value);
        break;
    case CGW_KIND_U8:
        json_write_u64(out, *(const uint8_t *)value);
        break;
    case CGW_KIND_U16:
        json_write_u64(out, *(const uint16_t *)value);
        break;
    case CGW_KIND_U32:
        json_write_u64(out, *(const uint32_t *)value);
        break;
    default:
        json_write_u64(out, *(const uint64_t *)value);
    }
}

/* kind: the field's, or that of its items; value: of the C type that the kind has. */
static void write_value(const struct cgw_field *field, uint8_t kind, const void *value,
                        unsigned depth, struct buffer *out)
{
    switch (kind) {
    case CGW_KIND_F64:
        json_write_double(out, *(const double *)value);
        break;
    case CGW_KIND_UPLOAD:
        refuse(out);
        break;
    case CGW_KIND_BOOL:
        write_bool(*(const bool *)value, out);
        break;
    case CGW_KIND_STR:
        write_cstring(*(const cgw_string *)value, out);
        break;
    case CGW_KIND_TEXT:
        write_text(value, out);
        break;
    case CGW_KIND_BYTES:
        write_bytes(value, out);
        break;
    case CGW_KIND_UUID:
        write_uuid(value, out);
        break;
    case CGW_KIND_DATETIME:
        write_datetime(value, out);
        break;
    case CGW_KIND_ENUM:
        write_enum(field, *(const int *)value, out);
        break;
    case CGW_KIND_MODEL:
    case CGW_KIND_LIST:
        write_container(field, kind, value, depth, out);
        break;
    default:
        write_integer(kind, value, out);
    }
}

void encode_object(const cgw_model *model, const void *object, struct buffer *out)
{
    write_object(model, object, 1, out);
}
