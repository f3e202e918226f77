/* What a field is where nothing was sent. Defaults are the application's: constraints do not look
   at them, as pydantic's do not. */
#include "model/base64_read.h"
#include "model/work.h"
#include <math.h>

static int set_integer(const struct cgw_field *field, void *member)
{
    long double def = field->def, size = fabsl(def);
    uint64_t most = constraint_most(field->kind, def < 0);
    if (size != truncl(size) || size >= 0x1p64L || (uint64_t)size > most)
        return CGW_EINVALID;
    work_store_integer(field->kind, member, def < 0, (uint64_t)size);
    return CGW_OK;
}

static int set_number(const struct cgw_field *field, void *member)
{
    if (field->kind == CGW_KIND_F64)
        memcpy(member, &(double){(double)field->def}, sizeof(double));
    else if (field->kind == CGW_KIND_BOOL)
        memcpy(member, &(bool){field->def != 0}, sizeof(bool));
    else if (field->kind <= CGW_KIND_U64)
        return set_integer(field, member);
    else
        return CGW_EINVALID;
    return CGW_OK;
}

static int set_enum(const struct cgw_field *field, void *member)
{
    const cgw_enum *values = field->values();
    for (size_t i = 0; i < values->n_values; i++)
        if (strcmp(values->values[i].name, field->def_str) == 0) {
            memcpy(member, &values->values[i].value, sizeof(int));
            return CGW_OK;
        }
    return CGW_EINVALID;
}

static int set_text(const struct cgw_field *field, struct arena *arena, void *member)
{
    cgw_str text = {field->def_str, strlen(field->def_str)};
    char why[BASE64_ERROR_BYTES];
    switch (field->kind) {
    case CGW_KIND_STR:
        memcpy(member, &text.ptr, sizeof text.ptr);
        return CGW_OK;
    case CGW_KIND_TEXT:
        memcpy(member, &text, sizeof text);
        return CGW_OK;
    case CGW_KIND_BYTES: {
        cgw_str bytes;
        int status = base64_read(text, arena, &bytes, why);
        if (!status)
            memcpy(member, &bytes, sizeof bytes);
        return status;
    }
    case CGW_KIND_UUID:
        return cgw_uuid_parse(text, member);
    case CGW_KIND_DATETIME:
        return cgw_datetime_parse(text, member);
    case CGW_KIND_ENUM:
        return set_enum(field, member);
    default:
        return CGW_EINVALID;
    }
}

int work_default(const struct cgw_field *field, struct arena *arena, void *member)
{
    if (!isnan(field->def))
        return set_number(field, member);
    return field->def_str ? set_text(field, arena, member) : CGW_OK;
}
