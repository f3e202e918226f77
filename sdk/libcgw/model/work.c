/* One scalar: JSON or a parameter's text in, the member out, by the rules of pydantic's lax mode.
 */
#include "model/work.h"
#include "model/base64_read.h"
#include "model/datetime.h"
#include "model/lax.h"
#include "model/uuid.h"
#include <math.h>

bool work_goes_on(const struct work *work)
{
    return work->status == CGW_OK && !work->reader.why && !model_errors_stop(work->errors);
}

cgw_str work_quoted(struct work *work, cgw_str text)
{
    struct buffer out = BUFFER_IN(work->arena);
    if (text.len > work->errors->echo)
        return (cgw_str){text.ptr, text.len}; /* too long to be echoed: any text of that length */
    json_write_string(&out, text);
    cgw_str quoted = buffer_text(&out);
    if (!quoted.ptr)
        work->status = CGW_ENOMEM;
    return quoted;
}

cgw_str work_input(struct work *work, const struct work_value *value)
{
    return value->is_text ? work_quoted(work, value->json.raw) : value->json.raw;
}

static const cgw_str no_ctx = {NULL, 0};

static void refuse(struct work *work, const struct work_target *target,
                   const struct work_value *value, const char *type, const char *msg)
{
    model_errors_add(work->errors, target->place, type, work_input(work, value), no_ctx, "%s", msg);
}

/* An error whose reason is in ctx too, under "error". */
static void refuse_for(struct work *work, const struct work_target *target,
                       const struct work_value *value, const char *type, const char *msg,
                       const char *reason)
{
    struct buffer ctx = BUFFER_IN(work->arena);
    buffer_add_literal(&ctx, "{\"error\":");
    json_write_string(&ctx, (cgw_str){reason, strlen(reason)});
    buffer_add_char(&ctx, '}');
    cgw_str text = buffer_text(&ctx);
    if (!text.ptr)
        work->status = CGW_ENOMEM;
    model_errors_add(work->errors, target->place, type, work_input(work, value), text, "%s, %s",
                     msg, reason);
}

/* The text of a string. false: memory is out. */
static bool text_of(struct work *work, const struct work_value *value, struct json_text *text)
{
    *text = (struct json_text){.text = value->json.raw};
    if (value->is_text) {
        text->has_nul = memchr(text->text.ptr, 0, text->text.len) != NULL;
        for (size_t i = 0, n; i < text->text.len && !text->has_lone; i += n) {
            n = json_read_character(text->text.ptr + i, text->text.len - i);
            text->has_lone = n == 0;
        }
    } else if (json_read_text(&value->json, work->arena, text)) {
        work->status = CGW_ENOMEM;
    }
    return work->status == CGW_OK;
}

/* ---- numbers ---- */

static void refuse_lax(struct work *work, const struct work_target *target,
                       const struct work_value *value, enum lax_result result)
{
    bool is_real = target->kind == CGW_KIND_F64;
    switch (result) {
    case LAX_FRACTION:
        refuse(work, target, value, "int_from_float",
               "Input should be a valid integer, got a number with a fractional part");
        break;
    case LAX_INFINITE:
        refuse(work, target, value, "finite_number", "Input should be a finite number");
        break;
    case LAX_TOO_LARGE:
        refuse(work, target, value, "int_parsing_size",
               "Unable to parse input string as an integer, exceeded maximum size");
        break;
    case LAX_NO_MEMORY:
        work->status = CGW_ENOMEM;
        break;
    case LAX_NO_NUMBER:
    case LAX_OK:
    default:
        refuse(work, target, value, is_real ? "float_parsing" : "int_parsing",
               is_real ? "Input should be a valid number, unable to parse string as a number"
                       : "Input should be a valid integer, unable to parse string as an integer");
    }
}

void work_store_integer(uint8_t kind, void *member, bool is_negative, uint64_t magnitude)
{
    uint64_t bits = is_negative ? 0 - magnitude : magnitude;
    switch (kind) {
    case CGW_KIND_I8:
    case CGW_KIND_U8:
        memcpy(member, &(uint8_t){(uint8_t)bits}, 1);
        break;
    case CGW_KIND_I16:
    case CGW_KIND_U16:
        memcpy(member, &(uint16_t){(uint16_t)bits}, 2);
        break;
    case CGW_KIND_I32:
    case CGW_KIND_U32:
        memcpy(member, &(uint32_t){(uint32_t)bits}, 4);
        break;
    default:
        memcpy(member, &bits, 8);
    }
}

static void set_integer(struct work *work, const struct work_target *target,
                        const struct work_value *value)
{
    struct lax_integer integer = {.magnitude = value->json.kind == JSON_TRUE};
    struct json_text text;
    enum lax_result result = LAX_OK;
    switch (value->json.kind) {
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    case JSON_INTEGER:
        integer = lax_digits(value->json.raw.ptr, value->json.raw.len);
        break;
    case JSON_REAL:
        result = lax_real_integer(value->json.raw, work->arena, &integer);
        break;
    case JSON_STRING:
        if (!text_of(work, value, &text))
            return;
        result = lax_text_integer(text.text, work->arena, &integer);
        break;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
    default:
        refuse(work, target, value, "int_type", "Input should be a valid integer");
        return;
    }
    if (result != LAX_OK)
        refuse_lax(work, target, value, result);
    else if (constraint_integer(work, target, &integer, value))
        work_store_integer(target->kind, target->member, integer.is_negative, integer.magnitude);
}

static void set_real(struct work *work, const struct work_target *target,
                     const struct work_value *value)
{
    double number = value->json.kind == JSON_TRUE;
    struct json_text text;
    enum lax_result result = LAX_OK;
    switch (value->json.kind) {
    case JSON_FALSE:
    case JSON_TRUE:
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        result = lax_number(value->json.raw, work->arena, &number);
        break;
    case JSON_STRING:
        if (!text_of(work, value, &text))
            return;
        result = lax_text_number(text.text, work->arena, &number);
        break;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
    default:
        refuse(work, target, value, "float_type", "Input should be a valid number");
        return;
    }
    if (result != LAX_OK)
        refuse_lax(work, target, value, result);
    else if (constraint_real(work, target, number, value))
        memcpy(target->member, &number, sizeof number);
}

/* 0 and 1, also as 1.0; other whole numbers cannot be interpreted, other values are of a wrong
 * type. */
static enum lax_result number_bool(struct work *work, const struct work_value *value, bool *truth)
{
    struct lax_integer integer;
    enum lax_result result = LAX_OK;
    if (value->json.kind == JSON_REAL)
        result = lax_real_integer(value->json.raw, work->arena, &integer);
    else
        integer = lax_digits(value->json.raw.ptr, value->json.raw.len);
    if (result != LAX_OK)
        return result == LAX_NO_MEMORY ? result : LAX_FRACTION;
    *truth = integer.magnitude == 1;
    bool is_one = *truth && !integer.is_negative;
    return !integer.is_huge && (integer.magnitude == 0 || is_one) ? LAX_OK : LAX_NO_NUMBER;
}

static void set_bool(struct work *work, const struct work_target *target,
                     const struct work_value *value)
{
    bool truth = value->json.kind == JSON_TRUE;
    struct json_text text;
    enum lax_result result = LAX_OK;
    if (value->json.kind == JSON_STRING) {
        if (!text_of(work, value, &text))
            return;
        result = lax_text_bool(text.text, &truth) ? LAX_OK : LAX_NO_NUMBER;
    } else if (value->json.kind == JSON_INTEGER || value->json.kind == JSON_REAL) {
        result = number_bool(work, value, &truth);
    } else if (value->json.kind == JSON_NULL || value->json.kind >= JSON_ARRAY) {
        result = LAX_FRACTION;
    }
    if (result == LAX_OK)
        memcpy(target->member, &truth, sizeof truth);
    else if (result == LAX_NO_MEMORY)
        work->status = CGW_ENOMEM;
    else if (result == LAX_NO_NUMBER)
        refuse(work, target, value, "bool_parsing",
               "Input should be a valid boolean, unable to interpret input");
    else
        refuse(work, target, value, "bool_type", "Input should be a valid boolean");
}

/* ---- text ---- */

static void set_text(struct work *work, const struct work_target *target,
                     const struct work_value *value)
{
    struct json_text text;
    if (value->json.kind != JSON_STRING) {
        refuse(work, target, value, "string_type", "Input should be a valid string");
        return;
    }
    if (!text_of(work, value, &text))
        return;
    if (text.has_lone) {
        refuse(work, target, value, "string_unicode",
               "Input should be a valid string, unable to parse raw data as a unicode string");
        return;
    }
    if (text.has_nul && target->kind == CGW_KIND_STR) {
        model_errors_add(work->errors, target->place, "value_error", work_input(work, value),
                         (cgw_str)CGW_STR("{\"error\":{}}"),
                         "Value error, text should not contain U+0000");
        return;
    }
    if (!constraint_text(work, target, text.text, value))
        return;
    /* A parameter's bytes need not live as long as the object, and need no NUL behind them. */
    if (value->is_text && !(text.text.ptr = arena_copy(work->arena, text.text.ptr, text.text.len)))
        work->status = CGW_ENOMEM;
    else if (target->kind == CGW_KIND_STR)
        memcpy(target->member, &text.text.ptr, sizeof text.text.ptr);
    else
        memcpy(target->member, &text.text, sizeof text.text);
}

static void refuse_base64(struct work *work, const struct work_target *target,
                          const struct work_value *value, const char *why)
{
    cgw_str ctx =
        arena_printf(work->arena, "{\"encoding\":\"base64\",\"encoding_error\":\"%s\"}", why);
    if (!ctx.ptr)
        work->status = CGW_ENOMEM;
    model_errors_add(work->errors, target->place, "bytes_invalid_encoding", work_input(work, value),
                     ctx, "Data should be valid base64: %s", why);
}

static void set_bytes(struct work *work, const struct work_target *target,
                      const struct work_value *value)
{
    struct json_text text;
    cgw_str bytes;
    char why[BASE64_ERROR_BYTES];
    if (value->json.kind != JSON_STRING) {
        refuse(work, target, value, "bytes_type", "Input should be a valid bytes");
        return;
    }
    if (!text_of(work, value, &text))
        return;
    int status = base64_read(text.text, work->arena, &bytes, why);
    if (status == CGW_ENOMEM)
        work->status = status;
    else if (status)
        refuse_base64(work, target, value, why);
    else if (constraint_bytes(work, target, bytes, value))
        memcpy(target->member, &bytes, sizeof bytes);
}

static void set_uuid(struct work *work, const struct work_target *target,
                     const struct work_value *value)
{
    struct json_text text;
    cgw_uuid uuid;
    char why[UUID_ERROR_BYTES];
    if (value->json.kind != JSON_STRING) {
        refuse(work, target, value, "uuid_type",
               "UUID input should be a string, bytes or UUID object");
        return;
    }
    if (!text_of(work, value, &text))
        return;
    if (uuid_read(text.text, &uuid, why))
        refuse_for(work, target, value, "uuid_parsing", "Input should be a valid UUID", why);
    else
        memcpy(target->member, &uuid, sizeof uuid);
}

static int moment_of(struct work *work, const struct work_value *value, cgw_datetime *when,
                     const char **why)
{
    struct json_text text;
    double number = 0;
    if (value->json.kind == JSON_STRING)
        return text_of(work, value, &text) ? datetime_read(text.text, when, why) : CGW_ENOMEM;
    if (value->json.kind == JSON_INTEGER) {
        struct lax_integer integer = lax_digits(value->json.raw.ptr, value->json.raw.len);
        if (!integer.is_huge && integer.magnitude <= INT64_MAX) {
            int64_t whole = (int64_t)integer.magnitude;
            return datetime_from_i64(integer.is_negative ? -whole : whole, when, why);
        }
    }
    enum lax_result result = lax_number(value->json.raw, work->arena, &number);
    if (result == LAX_NO_MEMORY)
        return work->status = CGW_ENOMEM;
    if (result == LAX_INFINITE)
        number = *value->json.raw.ptr == '-' ? -INFINITY : INFINITY;
    return datetime_from_f64(number, when, why);
}

static void set_moment(struct work *work, const struct work_target *target,
                       const struct work_value *value)
{
    cgw_datetime when;
    const char *why = "";
    enum json_kind kind = value->json.kind;
    if (kind != JSON_STRING && kind != JSON_INTEGER && kind != JSON_REAL) {
        refuse(work, target, value, "datetime_type", "Input should be a valid datetime");
        return;
    }
    int status = moment_of(work, value, &when, &why);
    if (status == CGW_OK)
        memcpy(target->member, &when, sizeof when);
    else if (status == CGW_EINVALID && kind == JSON_STRING && !datetime_is_range_error(why))
        refuse_for(work, target, value, "datetime_from_date_parsing",
                   "Input should be a valid datetime or date", why);
    else if (status == CGW_EINVALID)
        refuse_for(work, target, value, "datetime_parsing", "Input should be a valid datetime",
                   why);
}

/* ---- enumerations ---- */

/* 'red', 'green' or 'blue' */
static void refuse_enum(struct work *work, const struct work_target *target,
                        const struct work_value *value, const cgw_enum *values)
{
    struct buffer list = BUFFER_IN(work->arena), ctx = list;
    for (size_t i = 0; i < values->n_values; i++) {
        if (i)
            buffer_printf(&list, "%s", i + 1 == values->n_values ? " or " : ", ");
        buffer_printf(&list, "'%s'", values->values[i].name);
    }
    cgw_str expected = buffer_text(&list);
    buffer_add_literal(&ctx, "{\"expected\":");
    json_write_string(&ctx, expected);
    buffer_add_char(&ctx, '}');
    cgw_str text = buffer_text(&ctx);
    if (!expected.ptr || !text.ptr)
        work->status = CGW_ENOMEM;
    else
        model_errors_add(work->errors, target->place, "enum", work_input(work, value), text,
                         "Input should be %s", expected.ptr);
}

static void set_enum(struct work *work, const struct work_target *target,
                     const struct work_value *value)
{
    const cgw_enum *values = target->model->fields[target->index].values();
    struct json_text text = {.text = {"", 0}};
    if (value->json.kind == JSON_STRING && !text_of(work, value, &text))
        return;
    for (size_t i = 0; i < values->n_values && value->json.kind == JSON_STRING; i++) {
        const char *name = values->values[i].name;
        if (strlen(name) == text.text.len && !memcmp(name, text.text.ptr, text.text.len)) {
            memcpy(target->member, &values->values[i].value, sizeof(int));
            return;
        }
    }
    refuse_enum(work, target, value, values);
}

void work_scalar(struct work *work, const struct work_target *target,
                 const struct work_value *value)
{
    switch (target->kind) {
    case CGW_KIND_F64:
        set_real(work, target, value);
        break;
    case CGW_KIND_BOOL:
        set_bool(work, target, value);
        break;
    case CGW_KIND_STR:
    case CGW_KIND_TEXT:
        set_text(work, target, value);
        break;
    case CGW_KIND_BYTES:
        set_bytes(work, target, value);
        break;
    case CGW_KIND_UUID:
        set_uuid(work, target, value);
        break;
    case CGW_KIND_DATETIME:
        set_moment(work, target, value);
        break;
    case CGW_KIND_ENUM:
        set_enum(work, target, value);
        break;
    case CGW_KIND_UPLOAD:
        work_upload(work, target, value);
        break;
    case CGW_KIND_MODEL:
        refuse(work, target, value, "model_attributes_type",
               "Input should be a valid dictionary or object to extract fields from");
        break;
    default:
        set_integer(work, target, value);
    }
}
