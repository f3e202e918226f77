/*
 * JSON into an object, in one pass and without a tree: keys are met as they come, and each value is
 * read straight into its member. A key that comes again overwrites, as in Python, and takes back
 * the errors of the one before. Errors are brought into the fields' order where an object ends.
 *
 * Recursion: objects and lists of models only, so JSON_DEPTH bounds it; what no field wants is
 * skipped without.
 */
#include "model/model_decode.h"
#include "model/work.h"
#include <stdlib.h>

/* An object that is being read. */
struct frame {
    struct work *work;
    const cgw_model *model;
    const struct model_place *place;
    char *object;
    size_t first; /* the errors before it */
};

static void object(struct frame *frame, struct json_value *value);

static struct cgw_field const *field_at(const struct frame *frame, size_t index)
{
    return &frame->model->fields[index];
}

static enum cgw_presence presence(const struct frame *frame, size_t index)
{
    return cgw__presence(frame->model, frame->object, field_at(frame, index)->offset);
}

static void set_presence(const struct frame *frame, size_t index, enum cgw_presence presence)
{
    cgw__set_presence(frame->model, frame->object, field_at(frame, index)->offset, presence);
}

/* ---- keys ---- */

size_t work_find(const cgw_model *model, cgw_str name, size_t hint)
{
    char first = name.len ? name.ptr[0] : '\0';
    for (size_t i = 0, at = hint; i < model->n_fields; i++, at++) {
        const char *field = work_name(&model->fields[at == model->n_fields ? at = 0 : at]);
        if (field[0] == first && strncmp(field, name.ptr, name.len) == 0 &&
            strlen(field) == name.len) /* a key may hold a NUL */
            return at;
    }
    return model->n_fields;
}

/* A key as text; most need no copy. false: memory is out. */
static bool key_text(struct work *work, const struct json_value *key, cgw_str *text)
{
    struct json_text copy;
    *text = (cgw_str){key->raw.ptr + 1, key->raw.len - 2};
    if (!key->has_escape)
        return true;
    work->status = json_read_text(key, work->arena, &copy);
    *text = copy.text;
    return work->status == CGW_OK;
}

cgw_str work_member(struct work *work, cgw_str object, const struct cgw_field *field)
{
    struct json_reader reader;
    struct json_value key, value;
    cgw_str text, found = {NULL, 0};
    const char *name = work_name(field);
    json_read_init(&reader, object);
    if (!json_read_value(&reader, &value))
        return found;
    for (bool is_first = true; json_read_key(&reader, is_first, &key); is_first = false) {
        if (!json_read_value(&reader, &value) || !json_read_rest(&reader, &value) ||
            !key_text(work, &key, &text))
            break;
        if (strlen(name) == text.len && memcmp(name, text.ptr, text.len) == 0)
            found = value.raw;
    }
    return found;
}

/* ---- values ---- */

/* A scalar, or a container where a scalar should be. */
static void scalar(struct work *work, const struct work_target *target, struct work_value *value)
{
    if (json_read_rest(&work->reader, &value->json))
        work_scalar(work, target, value);
}

static void model_value(struct work *work, const struct work_target *target,
                        struct work_value *value)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    struct frame frame = {.work = work,
                          .model = field->model(),
                          .place = target->place,
                          .object = target->member,
                          .first = work->errors->n};
    if (value->json.kind == JSON_OBJECT)
        object(&frame, &value->json);
    else
        scalar(work, target, value);
}

/* A list that grows. */
struct growing {
    char *items;
    size_t n, room;
};

/* "{}" has two bytes, and a struct hundreds. */
static bool may_grow(struct work *work, size_t bytes)
{
    if (bytes > work->list_bytes) {
        work->status = CGW_ETOOBIG;
        return false;
    }
    work->list_bytes -= bytes;
    return true;
}

/* Room for one more item, which is zero; NULL: there is none. */
static void *next_item(struct work *work, struct growing *list, size_t item_size)
{
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 4;
        if (!may_grow(work, (room - list->room) * item_size))
            return NULL;
        char *items =
            arena_grow(work->arena, list->items, list->room * item_size, room * item_size);
        if (!items) {
            work->status = CGW_ENOMEM;
            return NULL;
        }
        list->items = items;
        list->room = room;
    }
    return memset(list->items + list->n * item_size, 0, item_size);
}

static void item(struct work *work, const struct work_target *list, struct growing *growing)
{
    const struct cgw_field *field = &list->model->fields[list->index];
    struct model_place place = {.above = list->place, .index = growing->n};
    struct work_target target = {.model = list->model,
                                 .index = list->index,
                                 .kind = field->item,
                                 .place = &place,
                                 .member = next_item(work, growing, field->item_size)};
    struct work_value value = {.is_text = false};
    if (!target.member || !json_read_value(&work->reader, &value.json))
        return;
    if (target.kind == CGW_KIND_MODEL)
        model_value(work, &target, &value);
    else
        scalar(work, &target, &value);
    growing->n++;
}

/* Beyond max_items nothing is kept, and that there are too many is all that is said. */
static void surplus(struct work *work, size_t first)
{
    struct json_value value;
    model_errors_cut(work->errors, first);
    if (json_read_value(&work->reader, &value))
        json_read_rest(&work->reader, &value);
}

static void list(struct work *work, const struct work_target *target, struct json_value *value)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    struct growing growing = {.items = NULL};
    size_t n = 0, first = work->errors->n;
    for (; work_goes_on(work) && json_read_item(&work->reader, n == 0); n++) {
        if (field->max_items && n >= field->max_items)
            surplus(work, first);
        else
            item(work, target, &growing);
    }
    if (!work_goes_on(work) || work->errors->n != first)
        return;
    value->raw.len = (size_t)(work->reader.at - value->raw.ptr);
    if (constraint_items(work, field, target->place, n, value->raw))
        memcpy(target->member, &(struct work_list){growing.items, growing.n},
               sizeof(struct work_list));
}

static void list_value(struct work *work, const struct work_target *target,
                       struct work_value *value)
{
    if (value->json.kind == JSON_ARRAY) {
        list(work, target, &value->json);
        return;
    }
    if (json_read_rest(&work->reader, &value->json))
        model_errors_add(work->errors, target->place, "list_type", value->json.raw,
                         (cgw_str){NULL, 0}, "Input should be a valid list");
}

/* ---- objects ---- */

static bool may_be_null(const struct cgw_field *field)
{
    return field->opt || field->null;
}

static size_t size_of(const struct cgw_field *field)
{
    static const unsigned char bytes[] = {
        [CGW_KIND_I8] = 1,
        [CGW_KIND_I16] = 2,
        [CGW_KIND_I32] = 4,
        [CGW_KIND_I64] = 8,
        [CGW_KIND_U8] = 1,
        [CGW_KIND_U16] = 2,
        [CGW_KIND_U32] = 4,
        [CGW_KIND_U64] = 8,
        [CGW_KIND_F64] = 8,
        [CGW_KIND_BOOL] = sizeof(bool),
        [CGW_KIND_STR] = sizeof(char *),
        [CGW_KIND_TEXT] = sizeof(cgw_str),
        [CGW_KIND_BYTES] = sizeof(cgw_str),
        [CGW_KIND_UUID] = sizeof(cgw_uuid),
        [CGW_KIND_DATETIME] = sizeof(cgw_datetime),
        [CGW_KIND_ENUM] = sizeof(int),
        [CGW_KIND_LIST] = sizeof(struct work_list),
        [CGW_KIND_UPLOAD] = sizeof(cgw_upload),
    };
    return field->kind == CGW_KIND_MODEL ? field->model()->size : bytes[field->kind];
}

/* The key came before: what came of it is gone. */
static void start_over(struct frame *frame, size_t index)
{
    const struct cgw_field *field = field_at(frame, index);
    if (presence(frame, index) == CGW_ABSENT)
        return;
    model_errors_forget(frame->work->errors, frame->first, index);
    memset(frame->object + field->offset, 0, size_of(field));
}

static void set_field(struct frame *frame, size_t index, const struct model_place *place)
{
    const struct cgw_field *field = field_at(frame, index);
    struct work *work = frame->work;
    struct work_value value = {.is_text = false};
    struct work_target target = {.model = frame->model,
                                 .index = index,
                                 .kind = field->kind,
                                 .place = place,
                                 .member = frame->object + field->offset};
    const char *begin = NULL;
    size_t before = work->errors->n;
    if (!json_read_value(&work->reader, &value.json))
        return;
    begin = value.json.raw.ptr;
    if (value.json.kind == JSON_NULL && may_be_null(field)) {
        set_presence(frame, index, CGW_NULL);
        return;
    }
    set_presence(frame, index, CGW_PRESENT);
    if (target.kind == CGW_KIND_LIST)
        list_value(work, &target, &value);
    else if (target.kind == CGW_KIND_MODEL)
        model_value(work, &target, &value);
    else
        scalar(work, &target, &value);
    cgw_str input = {begin, (size_t)(work->reader.at - begin)};
    if (field->check && work_goes_on(work) && work->errors->n == before)
        work_check_field(work, frame->model, index, place, input, target.member);
}

/* No field of that name. */
static void extra(struct frame *frame, const struct model_place *place)
{
    struct json_value value;
    struct work *work = frame->work;
    if (json_read_value(&work->reader, &value) && json_read_rest(&work->reader, &value) &&
        frame->model->strict)
        model_errors_add(work->errors, place, "extra_forbidden", value.raw, (cgw_str){NULL, 0},
                         "Extra inputs are not permitted");
}

static void member(struct frame *frame, const struct json_value *key, size_t *hint)
{
    struct model_place place = {.above = frame->place};
    cgw_str name;
    if (!key_text(frame->work, key, &name))
        return;
    size_t index = work_find(frame->model, name, *hint);
    place.key = name.ptr;
    place.key_len = name.len;
    bool is_known = index < frame->model->n_fields;
    if (is_known)
        start_over(frame, index);
    size_t before = frame->work->errors->n;
    if (is_known)
        set_field(frame, index, &place);
    else
        extra(frame, &place);
    model_errors_rank(frame->work->errors, before, index);
    *hint = is_known ? index + 1 : *hint;
}

/* What the object lacks. */
static void absent(struct frame *frame, size_t index, cgw_str input)
{
    const struct cgw_field *field = field_at(frame, index);
    const char *name = work_name(field);
    struct model_place place = {.above = frame->place, .key = name, .key_len = strlen(name)};
    bool has_default = field->def_str || field->def == field->def;
    size_t before = frame->work->errors->n;
    if (has_default) {
        int status = work_default(field, frame->work->arena, frame->object + field->offset);
        if (status == CGW_ENOMEM)
            frame->work->status = status;
        set_presence(frame, index, CGW_DEFAULT);
    } else if (!field->opt) {
        model_errors_add(frame->work->errors, &place, "missing", input, (cgw_str){NULL, 0},
                         "Field required");
    }
    model_errors_rank(frame->work->errors, before, index);
}

/* The bracket is taken. */
static void object(struct frame *frame, struct json_value *value)
{
    struct work *work = frame->work;
    struct json_value key;
    size_t hint = 0;
    memset(frame->object, 0, frame->model->size);
    for (size_t i = 0; i < frame->model->n_fields; i++)
        set_presence(frame, i, CGW_ABSENT);
    for (bool is_first = true; work_goes_on(work) && json_read_key(&work->reader, is_first, &key);
         is_first = false)
        member(frame, &key, &hint);
    value->raw.len = (size_t)(work->reader.at - value->raw.ptr);
    for (size_t i = 0; i < frame->model->n_fields && work_goes_on(work); i++)
        if (presence(frame, i) == CGW_ABSENT)
            absent(frame, i, value->raw);
    model_errors_sort(work->errors, frame->first);
    if (frame->model->check && work_goes_on(work) && work->errors->n == frame->first)
        work_check_object(work, frame->model, frame->place, NULL, value->raw, frame->object);
}

/* ---- the whole ---- */

static void add_missing(struct work *work, const struct model_place *root)
{
    model_errors_add(work->errors, root, "missing", (cgw_str){NULL, 0}, (cgw_str){NULL, 0},
                     "Field required");
}

/* The text is no JSON: nothing else counts. */
static void add_invalid(struct work *work, const struct model_place *root)
{
    struct model_place place = {.above = root, .index = json_read_position(&work->reader)};
    struct buffer ctx = BUFFER_IN(work->arena);
    const char *why = work->reader.why;
    buffer_add_literal(&ctx, "{\"error\":");
    json_write_string(&ctx, (cgw_str){why, strlen(why)});
    buffer_add_char(&ctx, '}');
    cgw_str text = buffer_text(&ctx);
    if (!text.ptr)
        work->status = CGW_ENOMEM;
    model_errors_cut(work->errors, 0);
    model_errors_add(work->errors, &place, "json_invalid", (cgw_str)CGW_STR("{}"), text,
                     "JSON decode error");
}

static void whole(struct work *work, const cgw_model *model, const struct model_place *root,
                  void *out)
{
    struct work_value value = {.is_text = false};
    struct frame frame = {
        .work = work, .model = model, .place = root, .object = out, .first = work->errors->n};
    struct work_target target = {.model = model, .kind = CGW_KIND_MODEL, .place = root};
    if (!json_read_value(&work->reader, &value.json))
        return;
    if (value.json.kind == JSON_NULL)
        add_missing(work, root);
    else if (value.json.kind == JSON_OBJECT)
        object(&frame, &value.json);
    else
        scalar(work, &target, &value);
    if (work_goes_on(work))
        json_read_end(&work->reader);
}

int model_decode(const cgw_model *model, struct arena *arena, cgw_str json,
                 const struct model_place *root, struct model_errors *errors, void *object)
{
    struct work work = {
        .arena = arena, .errors = errors, .list_bytes = MODEL_LIST_BYTES + 16 * json.len};
    size_t before = errors->n;
    memset(object, 0, model->size);
    if (model_errors_stop(errors))
        return errors->status ? errors->status : CGW_EINVALID;
    if (json.len == 0) {
        add_missing(&work, root);
    } else {
        json_read_init(&work.reader, json);
        whole(&work, model, root, object);
    }
    if (work.reader.why && work.status == CGW_OK)
        add_invalid(&work, root);
    pattern_scratch_free(work.scratch);
    if (work.status == CGW_ETOOBIG)
        return work.status;
    if (work.status || errors->status)
        return errors->status = CGW_ENOMEM;
    return work.reader.why || errors->n != before || model_errors_stop(errors) ? CGW_EINVALID
                                                                               : CGW_OK;
}
