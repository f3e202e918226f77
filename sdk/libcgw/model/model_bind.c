/*
 * Parameters of a query, a path, headers, cookies and forms: all text, converted as FastAPI
 * converts it. Of a name that comes several times a list takes all, another field the last, of
 * headers the first (Starlette's choices). In a form an empty value is as good as none.
 */
#include "model/model_bind.h"
#include "model/work.h"
#include <stdlib.h>

/* An object that is being filled. */
struct binding {
    struct work work;
    const cgw_model *model;
    const struct model_source *source;
    struct model_place root;
    char *object;
    const bool *is_last; /* of each pair: none behind it has its name; see mark_last() */
};

/* ---- names ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Headers: without case; a field's '_' is a '-', unless an alias says how it is written. */
static bool is_header(const struct cgw_field *field, cgw_str name)
{
    const char *wanted = work_name(field);
    if (strlen(wanted) != name.len)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        bool is_dash = !field->alias && wanted[i] == '_' && name.ptr[i] == '-';
        if (!is_dash && lower(wanted[i]) != lower(name.ptr[i]))
            return false;
    }
    return true;
}

static bool is_pair(const struct model_source *source, const struct cgw_field *field,
                    const struct model_pair *pair)
{
    const char *wanted = work_name(field);
    if (source->is_header)
        return is_header(field, pair->name);
    return strlen(wanted) == pair->name.len && memcmp(wanted, pair->name.ptr, pair->name.len) == 0;
}

/* The file that a pair of a form is, or NULL. */
static const cgw_upload *upload_of(const struct model_source *source, const struct model_pair *pair)
{
    return source->uploads ? source->uploads[pair - source->pairs] : NULL;
}

const struct model_pair *work_pair(const struct model_source *source, const struct cgw_field *field)
{
    bool is_form = strcmp(source->place, "body") == 0;
    for (size_t i = 0; i < source->n_pairs; i++) {
        size_t at = source->is_header ? i : source->n_pairs - 1 - i;
        const struct model_pair *pair = &source->pairs[at];
        if (is_pair(source, field, pair))
            return is_form && pair->value.len == 0 && !upload_of(source, pair) ? NULL : pair;
    }
    return NULL;
}

/* ---- values ---- */

static void write_pair(struct buffer *out, const struct model_source *source,
                       const struct model_pair *pair)
{
    const cgw_upload *upload = upload_of(source, pair);
    if (upload)
        work_upload_json(out, upload);
    else
        json_write_string(out, pair->value);
}

cgw_str work_pair_input(struct work *work, const struct model_source *source,
                        const struct model_pair *pair)
{
    struct buffer out = BUFFER_IN(work->arena);
    if (!upload_of(source, pair))
        return work_quoted(work, pair->value);
    write_pair(&out, source, pair);
    cgw_str text = buffer_text(&out);
    if (!text.ptr)
        work->status = CGW_ENOMEM;
    return text;
}

static struct work_value value_of(struct binding *binding, const struct model_pair *pair)
{
    const cgw_upload *upload = upload_of(binding->source, pair);
    cgw_str text = pair->value.ptr ? pair->value : (cgw_str){"", 0};
    if (upload) /* to all other kinds what an object is */
        return (struct work_value){
            .json = {.kind = JSON_OBJECT,
                     .raw = work_pair_input(&binding->work, binding->source, pair)},
            .upload = upload};
    return (struct work_value){.json = {.kind = JSON_STRING, .raw = text}, .is_text = true};
}

static void set_presence(struct binding *binding, size_t index, enum cgw_presence presence)
{
    cgw__set_presence(binding->model, binding->object, binding->model->fields[index].offset,
                      presence);
}

static size_t count_pairs(const struct binding *binding, const struct cgw_field *field)
{
    size_t n = 0;
    for (size_t i = 0; i < binding->source->n_pairs; i++)
        n += is_pair(binding->source, field, &binding->source->pairs[i]);
    return n;
}

/* The values of a list as a JSON array. */
static cgw_str list_input(struct binding *binding, const struct cgw_field *field)
{
    struct buffer out = BUFFER_IN(binding->work.arena);
    const struct model_source *source = binding->source;
    buffer_add_char(&out, '[');
    for (size_t i = 0; i < source->n_pairs; i++) {
        if (!is_pair(source, field, &source->pairs[i]))
            continue;
        if (out.len > 1)
            buffer_add_char(&out, ',');
        write_pair(&out, source, &source->pairs[i]);
    }
    buffer_add_char(&out, ']');
    cgw_str text = buffer_text(&out);
    if (!text.ptr)
        binding->work.status = CGW_ENOMEM;
    return text;
}

static void set_items(struct binding *binding, const struct work_target *list, char *items)
{
    const struct model_source *source = binding->source;
    const struct cgw_field *field = &list->model->fields[list->index];
    size_t n = 0;
    for (size_t i = 0; i < source->n_pairs && work_goes_on(&binding->work); i++) {
        if (!is_pair(source, field, &source->pairs[i]))
            continue;
        struct model_place place = {.above = list->place, .index = n};
        struct work_target target = *list;
        struct work_value value = value_of(binding, &source->pairs[i]);
        target.place = &place;
        target.kind = field->item;
        target.member = items + n++ * field->item_size;
        work_scalar(&binding->work, &target, &value);
    }
}

static void set_list(struct binding *binding, const struct work_target *target, size_t n)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    struct work *work = &binding->work;
    size_t before = work->errors->n;
    char *items = NULL;
    if (!field->max_items || n <= field->max_items) {
        items = arena_zalloc(work->arena, n * field->item_size);
        if (!items) {
            work->status = CGW_ENOMEM;
            return;
        }
        set_items(binding, target, items);
    }
    if (!work_goes_on(work) || work->errors->n != before)
        return;
    bool is_good = n >= field->min_items && items;
    if (is_good)
        memcpy(target->member, &(struct work_list){items, n}, sizeof(struct work_list));
    else
        constraint_items(work, field, target->place, n, list_input(binding, field));
}

static void check_field(struct binding *binding, const struct work_target *target,
                        const struct model_pair *pair)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    cgw_str input =
        pair ? work_pair_input(&binding->work, binding->source, pair) : list_input(binding, field);
    work_check_field(&binding->work, target->model, target->index, target->place, input,
                     target->member);
}

static void absent(struct binding *binding, const struct work_target *target)
{
    const struct cgw_field *field = &target->model->fields[target->index];
    bool has_default = field->def_str || field->def == field->def;
    set_presence(binding, target->index, has_default ? CGW_DEFAULT : CGW_ABSENT);
    if (has_default) {
        int status = work_default(field, binding->work.arena, target->member);
        if (status == CGW_ENOMEM)
            binding->work.status = status;
    } else if (!field->opt) {
        model_errors_add(binding->work.errors, target->place, "missing", (cgw_str){NULL, 0},
                         (cgw_str){NULL, 0}, "Field required");
    }
}

static void bind_field(struct binding *binding, size_t index)
{
    const struct cgw_field *field = &binding->model->fields[index];
    const char *name = work_name(field);
    struct model_place place = {.above = &binding->root, .key = name, .key_len = strlen(name)};
    struct work_target target = {.model = binding->model,
                                 .index = index,
                                 .kind = field->kind,
                                 .place = &place,
                                 .member = binding->object + field->offset};
    bool is_list = field->kind == CGW_KIND_LIST;
    size_t n = is_list ? count_pairs(binding, field) : 0, before = binding->work.errors->n;
    const struct model_pair *pair = is_list ? NULL : work_pair(binding->source, field);
    if (!pair && !n) {
        absent(binding, &target);
        return;
    }
    if (is_list) {
        set_list(binding, &target, n);
    } else {
        struct work_value value = value_of(binding, pair);
        work_scalar(&binding->work, &target, &value);
    }
    if (field->check && work_goes_on(&binding->work) && binding->work.errors->n == before)
        check_field(binding, &target, pair);
}

/* ---- what no field asked for ---- */

static bool is_known(const struct binding *binding, const struct model_pair *pair)
{
    for (size_t i = 0; i < binding->model->n_fields; i++)
        if (is_pair(binding->source, &binding->model->fields[i], pair))
            return true;
    return false;
}

static int compare(cgw_str a, cgw_str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return memcmp(a.ptr, b.ptr, a.len);
}

/* Equal names in the order they came. */
static int by_name(const void *a, const void *b, void *arg)
{
    const struct model_pair *pairs = arg;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    int order = compare(pairs[left].name, pairs[right].name);
    return order ? order : left < right ? -1 : 1;
}

/* Each name counts once, with its last value. Sorted, as a peer sends names by the thousand. */
static void mark_last(struct binding *binding)
{
    const struct model_source *source = binding->source;
    size_t n = source->n_pairs;
    uint32_t *order = arena_alloc(binding->work.arena, n * sizeof(*order) + 1);
    bool *is_last = arena_alloc(binding->work.arena, n + 1);
    if (!order || !is_last) {
        binding->work.status = CGW_ENOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    qsort_r(order, n, sizeof(*order), by_name, (void *)(uintptr_t)source->pairs);
    for (size_t i = 0; i < n; i++)
        is_last[order[i]] =
            i + 1 == n || compare(source->pairs[order[i]].name, source->pairs[order[i + 1]].name);
    binding->is_last = is_last;
}

static void extra(struct binding *binding)
{
    const struct model_source *source = binding->source;
    for (size_t i = 0; i < source->n_pairs && work_goes_on(&binding->work); i++) {
        const struct model_pair *pair = &source->pairs[i];
        if (!binding->is_last[i] || is_known(binding, pair))
            continue;
        struct model_place place = {
            .above = &binding->root, .key = pair->name.ptr, .key_len = pair->name.len};
        model_errors_add(binding->work.errors, &place, "extra_forbidden",
                         work_pair_input(&binding->work, source, pair), (cgw_str){NULL, 0},
                         "Extra inputs are not permitted");
    }
}

/* All pairs as a JSON object, for an error about the whole. */
static cgw_str object_input(struct binding *binding)
{
    struct buffer out = BUFFER_IN(binding->work.arena);
    const struct model_source *source = binding->source;
    buffer_add_char(&out, '{');
    for (size_t i = 0; i < source->n_pairs; i++) {
        if (!binding->is_last || !binding->is_last[i])
            continue;
        if (out.len > 1)
            buffer_add_char(&out, ',');
        json_write_string(&out, source->pairs[i].name);
        buffer_add_char(&out, ':');
        write_pair(&out, source, &source->pairs[i]);
    }
    buffer_add_char(&out, '}');
    cgw_str text = buffer_text(&out);
    if (!text.ptr)
        binding->work.status = CGW_ENOMEM;
    return text;
}

int model_bind(const cgw_model *model, struct arena *arena, const struct model_source *source,
               struct model_errors *errors, void *object)
{
    size_t before = errors->n;
    struct binding binding = {
        .work = {.arena = arena, .errors = errors},
        .model = model,
        .source = source,
        .root = {.key = source->place, .key_len = strlen(source->place)},
        .object = object,
    };
    memset(object, 0, model->size);
    for (size_t i = 0; i < model->n_fields && work_goes_on(&binding.work); i++)
        bind_field(&binding, i);
    if (model->strict || model->check)
        mark_last(&binding);
    if (model->strict && binding.work.status == CGW_OK)
        extra(&binding);
    if (model->check && work_goes_on(&binding.work) && errors->n == before)
        work_check_object(&binding.work, model, &binding.root, source, object_input(&binding),
                          object);
    pattern_scratch_free(binding.work.scratch);
    if (binding.work.status || errors->status)
        return errors->status = CGW_ENOMEM;
    return errors->n != before || model_errors_stop(errors) ? CGW_EINVALID : CGW_OK;
}
