/* A field is read and written as the only one of a model that is made up for it: so there is one
   reader and one writer of JSON. Constraints were held when it was written. */
#include "sql_json.h"
#include "model/model.h"

/* {"NAME": and }, around the field's own text. */
struct alone {
    struct cgw_field field;
    cgw_model model;
    void *cache;
};

static size_t size_of(const struct cgw_field *field)
{
    return field->kind == CGW_KIND_MODEL ? field->model()->size : sizeof(cgw_list_str);
}

/* The presence of the one field lies behind it. */
static void make_alone(struct alone *alone, const struct cgw_field *field)
{
    static const char name[] = "v";
    alone->field = *field;
    alone->field.name = name;
    alone->field.alias = NULL;
    alone->field.offset = 0;
    alone->field.pattern = NULL;
    alone->field.check = NULL;
    alone->field.hidden = alone->field.opt = alone->field.null = false;
    alone->field.min_items = alone->field.max_items = 0;
    alone->field.min_len = alone->field.max_len = 0;
    alone->cache = NULL;
    alone->model = (cgw_model){.name = field->name,
                               .fields = &alone->field,
                               .n_fields = 1,
                               .size = (uint32_t)size_of(field) + 8,
                               .presence = (uint32_t)size_of(field),
                               .code = &cgw__model_code,
                               .cache = &alone->cache};
}

static const cgw_str before = CGW_STR("{\"v\":"), behind = CGW_STR("}");

int sql_json_write(const struct cgw_field *field, const void *member, struct arena *arena,
                   cgw_str *ret_text)
{
    struct alone alone;
    struct buffer out = BUFFER_IN(arena);
    make_alone(&alone, field);
    char *object = arena_zalloc(arena, alone.model.size);
    if (!object)
        return CGW_ENOMEM;
    memcpy(object, member, size_of(field));
    cgw__model_code.encode(&alone.model, object, &out);
    cgw_str text = buffer_text(&out);
    if (!text.ptr)
        return out.status ? out.status : CGW_ENOMEM;
    *ret_text = (cgw_str){text.ptr + before.len, text.len - before.len - behind.len};
    return CGW_OK;
}

static char *wrap(struct arena *arena, cgw_str text)
{
    char *whole = arena_alloc(arena, before.len + text.len + behind.len);
    if (!whole)
        return NULL;
    memcpy(whole, before.ptr, before.len);
    memcpy(whole + before.len, text.ptr, text.len);
    memcpy(whole + before.len + text.len, behind.ptr, behind.len);
    return whole;
}

int sql_json_read(const struct cgw_field *field, cgw_str text, struct arena *arena, void *member)
{
    struct alone alone;
    struct model_errors errors;
    make_alone(&alone, field);
    char *object = arena_zalloc(arena, alone.model.size);
    char *whole = wrap(arena, text);
    if (!object || !whole)
        return CGW_ENOMEM;
    model_errors_init(&errors, arena);
    int status = cgw__model_code.decode(&alone.model, arena,
                                        (cgw_str){whole, before.len + text.len + behind.len}, NULL,
                                        &errors, object);
    if (status == CGW_OK)
        memcpy(member, object, size_of(field));
    return status;
}
