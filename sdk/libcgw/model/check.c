/* An application's own validators, and what they say. */
#include "model/work.h"

static const cgw_str value_ctx = CGW_STR("{\"error\":{}}"); /* as FastAPI shows an exception */

/* A validator that answers an error without a word must not pass for one that agrees. */
static void settle(struct work *work, size_t before, int answer, struct cgw_check *check)
{
    if (answer && work->errors->n == before && work_goes_on(work))
        cgw_invalid(check, "refused");
}

void work_check_field(struct work *work, const cgw_model *model, size_t index,
                      const struct model_place *place, cgw_str input, const void *member)
{
    struct cgw_check check = {.work = work, .model = model, .place = place, .input = input};
    size_t before = work->errors->n;
    settle(work, before, model->fields[index].check(&check, member), &check);
}

void work_check_object(struct work *work, const cgw_model *model, const struct model_place *place,
                       const struct model_source *source, cgw_str input, const void *object)
{
    struct cgw_check check = {.work = work,
                              .model = model,
                              .place = place,
                              .source = source,
                              .input = input,
                              .is_object = true};
    size_t before = work->errors->n;
    settle(work, before, model->check(&check, object), &check);
}

static int invalid(struct cgw_check *check, const struct model_place *place, cgw_str input,
                   const char *format, va_list args) CGW_PRINTF(4, 0);

static int invalid(struct cgw_check *check, const struct model_place *place, cgw_str input,
                   const char *format, va_list args)
{
    cgw_str text = arena_vprintf(check->work->arena, format, args);
    if (!text.ptr)
        check->work->status = CGW_ENOMEM;
    else
        model_errors_add(check->work->errors, place, "value_error", input, value_ctx,
                         "Value error, %s", text.ptr);
    return CGW_EINVALID;
}

int cgw_invalid(cgw_check *check, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int status = invalid(check, check->place, check->input, format, args);
    va_end(args);
    return status;
}

static cgw_str input_of(struct cgw_check *check, const struct cgw_field *field)
{
    if (!check->source)
        return work_member(check->work, check->input, field);
    const struct model_pair *pair = work_pair(check->source, field);
    return pair ? work_pair_input(check->work, check->source, pair) : (cgw_str){NULL, 0};
}

int cgw_invalid_field(cgw_check *check, const char *name, const char *format, ...)
{
    struct model_place place = {.above = check->place};
    const struct model_place *where = check->place;
    cgw_str input = check->input;
    for (size_t i = 0; check->is_object && i < check->model->n_fields; i++) {
        const struct cgw_field *field = &check->model->fields[i];
        if (strcmp(field->name, name) == 0) {
            place.key = work_name(field);
            place.key_len = strlen(place.key);
            where = &place;
            input = input_of(check, field);
        }
    }
    va_list args;
    va_start(args, format);
    int status = invalid(check, where, input, format, args);
    va_end(args);
    return status;
}
