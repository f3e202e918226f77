/* The parameters that a statement names, out of a model's object: its text is looked through for
   names, so that only fields it asks for are converted. What stands in a literal or a comment of
   the statement is converted for nothing. */
#include "sql.h"
#include "sql_json.h"
#include <string.h>

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next name behind ':', '@' or '$' from *at on, which goes behind it; len 0: none. */
static cgw_str next_name(const char **at)
{
    const char *p = *at;
    for (; *p; p++) {
        if ((*p != ':' && *p != '@' && *p != '$') || !is_name(p[1]))
            continue;
        const char *begin = ++p;
        while (is_name(*p))
            p++;
        *at = p;
        return (cgw_str){begin, (size_t)(p - begin)};
    }
    return (cgw_str){p, 0};
}

static bool is_called(const char *field, cgw_str name)
{
    return field && strncmp(field, name.ptr, name.len) == 0 && field[name.len] == '\0';
}

static size_t find(const cgw_model *model, cgw_str name, const char **ret_name)
{
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i];
        if (is_called(field->name, name) || is_called(field->alias, name)) {
            *ret_name = is_called(field->name, name) ? field->name : field->alias;
            return i;
        }
    }
    return model->n_fields;
}

static bool has_name(const struct sql_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->n; i++)
        if (fields->names[i] == name)
            return true;
    return false;
}

static struct cgw__sql_value integer_of(uint8_t kind, const void *member)
{
    switch (kind) {
    case CGW_KIND_I8:
        return cgw__sql_integer(*(const int8_t *)member);
    case CGW_KIND_I16:
        return cgw__sql_integer(*(const int16_t *)member);
    case CGW_KIND_I32:
        return cgw__sql_integer(*(const int32_t *)member);
    case CGW_KIND_I64:
        return cgw__sql_integer(*(const int64_t *)member);
    case CGW_KIND_U8:
        return cgw__sql_integer(*(const uint8_t *)member);
    case CGW_KIND_U16:
        return cgw__sql_integer(*(const uint16_t *)member);
    case CGW_KIND_U32:
        return cgw__sql_integer(*(const uint32_t *)member);
    default:
        return cgw__sql_unsigned(*(const uint64_t *)member);
    }
}

static int json_of(struct arena *arena, const struct cgw_field *field, const void *member,
                   struct cgw__sql_value *ret_value)
{
    cgw_str text = {NULL, 0};
    int status = sql_json_write(field, member, arena, &text);
    *ret_value = cgw__sql_text(text);
    return status;
}

static int value_of(struct arena *arena, const struct cgw_field *field, const void *member,
                    struct cgw__sql_value *ret_value)
{
    switch (field->kind) {
    case CGW_KIND_F64:
        *ret_value = cgw__sql_real(*(const double *)member);
        return CGW_OK;
    case CGW_KIND_BOOL:
        *ret_value = cgw__sql_integer(*(const bool *)member);
        return CGW_OK;
    case CGW_KIND_STR:
        *ret_value = cgw__sql_string(*(const cgw_string *)member);
        return CGW_OK;
    case CGW_KIND_TEXT:
        *ret_value = cgw__sql_text(*(const cgw_str *)member);
        return CGW_OK;
    case CGW_KIND_BYTES:
        *ret_value = cgw_blob(*(const cgw_str *)member);
        return CGW_OK;
    case CGW_KIND_UUID:
        *ret_value = cgw__sql_uuid(*(const cgw_uuid *)member);
        return CGW_OK;
    case CGW_KIND_DATETIME:
        *ret_value = cgw__sql_datetime(*(const cgw_datetime *)member);
        return CGW_OK;
    case CGW_KIND_ENUM:
        *ret_value = cgw__sql_string(cgw__enum_name(field->values(), *(const int *)member));
        return ret_value->u.bytes.ptr ? CGW_OK : CGW_EINVAL;
    case CGW_KIND_MODEL:
    case CGW_KIND_LIST:
        return json_of(arena, field, member, ret_value);
    default:
        *ret_value = integer_of(field->kind, member);
        return CGW_OK;
    }
}

static int add(struct sql_job *job, struct arena *arena, const void *object, size_t index,
               struct sql_fields *fields)
{
    const struct cgw_field *field = &job->model->fields[index];
    enum cgw_presence presence = cgw__presence(job->model, object, field->offset);
    struct cgw__sql_value *value = &fields->values[fields->n++];
    *value = cgw__sql_null(NULL);
    if (presence == CGW_NULL || presence == CGW_ABSENT)
        return CGW_OK;
    int status = value_of(arena, field, (const char *)object + field->offset, value);
    return status == CGW_EINVAL
               ? sql_job_fail(job, status, "%s.%s cannot be stored", job->model->name, field->name)
               : status;
}

int sql_put_fields(struct sql_job *job, struct arena *arena, const cgw_model *model,
                   const void *object, struct sql_fields *ret_fields)
{
    const char *at = job->sql, *known = NULL;
    struct sql_fields fields = {arena_alloc(arena, model->n_fields * sizeof(*fields.values)),
                                arena_alloc(arena, model->n_fields * sizeof(*fields.names)), 0};
    job->model = model;
    if (!fields.values || !fields.names)
        return CGW_ENOMEM;
    for (cgw_str name; (name = next_name(&at)).len;) {
        size_t index = find(model, name, &known);
        if (index == model->n_fields || has_name(&fields, known))
            continue;
        if (fields.n == model->n_fields) /* by name and by alias, both */
            return sql_job_fail(job, CGW_EINVAL, "a field is named in two ways");
        fields.names[fields.n] = known;
        int status = add(job, arena, object, index, &fields);
        if (status != CGW_OK)
            return status;
    }
    *ret_fields = fields;
    return CGW_OK;
}
