/* Files of forms in a model: they are taken as they came, and their size is held to its limits. */
#include "model/work.h"

void work_upload_json(struct buffer *out, const cgw_upload *upload)
{
    buffer_add_literal(out, "{\"filename\":");
    json_write_string(out, (cgw_str){upload->filename, strlen(upload->filename)});
    buffer_add_literal(out, ",\"content_type\":");
    json_write_string(out, (cgw_str){upload->content_type, strlen(upload->content_type)});
    buffer_add_literal(out, ",\"size\":");
    json_write_u64(out, upload->size);
    buffer_add_char(out, '}');
}

void work_upload(struct work *work, const struct work_target *target,
                 const struct work_value *value)
{
    const cgw_upload *upload = value->upload;
    if (!upload)
        model_errors_add(work->errors, target->place, "value_error", work_input(work, value),
                         (cgw_str)CGW_STR("{\"error\":{}}"),
                         "Value error, expected a file, as a form brings it");
    else if (constraint_bytes(work, target, (cgw_str){NULL, (size_t)upload->size}, value))
        memcpy(target->member, upload, sizeof *upload);
}

/* Models that hold themselves, by lists, are looked at once. */
struct chain {
    const struct chain *above;
    const cgw_model *model;
};

static const struct cgw_field *find(const struct chain *above, const cgw_model *model,
                                    const cgw_model **ret_model)
{
    const struct chain chain = {above, model};
    for (const struct chain *at = above; at; at = at->above)
        if (at->model == model)
            return NULL;
    for (size_t i = 0; i < model->n_fields; i++) {
        const struct cgw_field *field = &model->fields[i], *inner = NULL;
        uint8_t kind = field->kind == CGW_KIND_LIST ? field->item : field->kind;
        *ret_model = model;
        if (kind == CGW_KIND_UPLOAD)
            return field;
        if (kind == CGW_KIND_MODEL && (inner = find(&chain, field->model(), ret_model)))
            return inner;
    }
    return NULL;
}

const struct cgw_field *model_find_upload(const cgw_model *model, const cgw_model **ret_model)
{
    return find(NULL, model, ret_model);
}
