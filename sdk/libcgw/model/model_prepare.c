/* Faults of an application's that the compiler cannot see, found before the first request: bad
   patterns and defaults, constraints that hold nothing, names that are there twice. */
#include "model/model_prepare.h"
#include "model/work.h"
#include <math.h>

/* The models that this one is in: one may hold lists of itself. */
struct chain {
    const struct chain *above;
    const cgw_model *model;
};

static const char no_memory[] = "out of memory";

static const char *fault(struct arena *arena, const cgw_model *model, size_t index,
                         const char *format, ...) CGW_PRINTF(4, 5);

static const char *fault(struct arena *arena, const cgw_model *model, size_t index,
                         const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cgw_str what = arena_vprintf(arena, format, args);
    va_end(args);
    cgw_str text = arena_printf(arena, "%s.%s: %s", model->name, model->fields[index].name,
                                what.ptr ? what.ptr : "");
    return text.ptr && what.ptr ? text.ptr : no_memory;
}

static uint8_t scalar_kind(const struct cgw_field *field)
{
    return field->kind == CGW_KIND_LIST ? field->item : field->kind;
}

/* What a field's constraints ask for that its kind does not have; NULL: nothing. */
static const char *idle_constraint(const struct cgw_field *field)
{
    uint8_t kind = scalar_kind(field);
    bool is_text = kind == CGW_KIND_STR || kind == CGW_KIND_TEXT;
    bool has_limit = !isnan(field->gt) || !isnan(field->ge) || !isnan(field->lt) ||
                     !isnan(field->le) || !isnan(field->multiple_of);
    if (has_limit && kind > CGW_KIND_F64)
        return "limits are for numbers";
    if (field->pattern && !is_text)
        return "a pattern is for str and text";
    if ((field->min_len || field->max_len) && !is_text && kind != CGW_KIND_BYTES &&
        kind != CGW_KIND_UPLOAD)
        return "lengths are for str, text, bytes and upload";
    if ((field->min_items || field->max_items) && field->kind != CGW_KIND_LIST)
        return "min_items and max_items are for lists";
    return NULL;
}

static const char *impossible_constraint(const struct cgw_field *field)
{
    if (field->multiple_of <= 0)
        return "multiple_of is not above 0";
    if (field->ge > field->le || field->gt >= field->lt || field->ge >= field->lt ||
        field->gt >= field->le)
        return "its limits leave no number";
    if (field->max_len && field->min_len > field->max_len)
        return "min_len is above max_len";
    if (field->max_items && field->min_items > field->max_items)
        return "min_items is above max_items";
    return NULL;
}

static const char *default_fault(const cgw_model *model, size_t index, struct arena *arena)
{
    const struct cgw_field *field = &model->fields[index];
    union {
        uint64_t integer;
        long double real;
        cgw_str text;
        cgw_uuid uuid;
        cgw_datetime when;
    } member;
    if (!isnan(field->def) && field->def_str)
        return fault(arena, model, index, "it has def and def_str");
    int status = work_default(field, arena, &member);
    if (status == CGW_ENOMEM)
        return no_memory;
    return status ? fault(arena, model, index, "its default is none of its kind") : NULL;
}

static const char *name_fault(const cgw_model *model, size_t index, struct arena *arena)
{
    const char *name = work_name(&model->fields[index]);
    for (size_t i = 0; i < index; i++)
        if (strcmp(work_name(&model->fields[i]), name) == 0)
            return fault(arena, model, index, "\"%s\" is the name of %s too", name,
                         model->fields[i].name);
    return NULL;
}

static const char *field_fault(const cgw_model *model, size_t index, struct arena *arena)
{
    const struct cgw_field *field = &model->fields[index];
    const char *why = idle_constraint(field);
    int status = CGW_OK;
    if (!why)
        why = impossible_constraint(field);
    if (!why && scalar_kind(field) == CGW_KIND_ENUM && field->values()->n_values == 0)
        why = "its enumeration is empty";
    if (why)
        return fault(arena, model, index, "%s", why);
    if (field->pattern && (why = pattern_fault(model, index, arena, &status)))
        return status ? no_memory
                      : fault(arena, model, index, "the pattern %s: %s", field->pattern, why);
    if (status)
        return no_memory;
    why = default_fault(model, index, arena);
    return why ? why : name_fault(model, index, arena);
}

static const char *prepare(const cgw_model *model, struct arena *arena, const struct chain *above)
{
    struct chain chain = {above, model};
    const char *why = pattern_prepare(model) ? no_memory : NULL;
    for (const struct chain *at = above; at; at = at->above)
        if (at->model == model)
            return NULL;
    for (size_t i = 0; i < model->n_fields && !why; i++) {
        why = field_fault(model, i, arena);
        if (!why && scalar_kind(&model->fields[i]) == CGW_KIND_MODEL)
            why = prepare(model->fields[i].model(), arena, &chain);
    }
    return why;
}

const char *model_prepare(const cgw_model *model, struct arena *arena)
{
    return prepare(model, arena, NULL);
}
