/* Down the text, as deep as the reader goes, or down the tree; see json_tree.h. */
#include "model/json_tree.h"
#include "model/json_read.h"
#include "model/lax.h"

/* What json-c takes for each, with the heap's own, about. */
enum {
    SCALAR_BYTES = 64,
    ARRAY_BYTES = 160,
    ITEM_BYTES = 16, /* arrays double */
    OBJECT_BYTES = 900,
    ENTRY_BYTES = 128, /* tables double */
    ARRAY_FIRST = 4,   /* items an array begins with room for */
    SCRATCH_BYTES = 512
};

struct builder {
    struct json_reader reader;
    struct arena scratch;       /* of one string or number at a time */
    size_t left;                /* bytes that the tree may still take */
    int status;                 /* CGW_OK, or why it ends; where the reader knows, CGW_EINVALID */
    const char *type, *message; /* of what is JSON, but nothing for a tree */
};

static bool build(struct builder *builder, struct json_object **ret_tree);

static bool fail(struct builder *builder, int status)
{
    if (!builder->status)
        builder->status = status;
    return false;
}

static bool refuse(struct builder *builder, const char *type, const char *message)
{
    builder->type = type;
    builder->message = message;
    return fail(builder, CGW_EINVALID);
}

static bool spend(struct builder *builder, size_t bytes)
{
    if (bytes > builder->left)
        return fail(builder, CGW_ETOOBIG);
    builder->left -= bytes;
    return true;
}

/* What json-c made, or the lack of memory for it. */
static bool made(struct builder *builder, struct json_object *tree, struct json_object **ret_tree)
{
    *ret_tree = tree;
    return tree || fail(builder, CGW_ENOMEM);
}

static bool build_real(struct builder *builder, cgw_str number, struct json_object **ret_tree)
{
    double value;
    enum lax_result result = lax_number(number, &builder->scratch, &value);
    arena_reset(&builder->scratch);
    if (result == LAX_NO_MEMORY)
        return fail(builder, CGW_ENOMEM);
    if (result != LAX_OK)
        return refuse(builder, "finite_number", "Input should be a finite number");
    return made(builder, json_object_new_double(value), ret_tree);
}

static bool build_integer(struct builder *builder, cgw_str number, struct json_object **ret_tree)
{
    struct lax_integer value = lax_digits(number.ptr, number.len);
    if (value.is_huge || (value.is_negative && value.magnitude > (uint64_t)INT64_MAX + 1))
        return build_real(builder, number, ret_tree);
    if (value.is_negative)
        return made(builder, json_object_new_int64((int64_t)-value.magnitude), ret_tree);
    return made(builder,
                value.magnitude <= INT64_MAX ? json_object_new_int64((int64_t)value.magnitude)
                                             : json_object_new_uint64(value.magnitude),
                ret_tree);
}

static bool build_string(struct builder *builder, const struct json_value *value,
                         struct json_object **ret_tree)
{
    cgw_str text = {value->raw.ptr + 1, value->raw.len - 2};
    if (!spend(builder, text.len) || text.len > INT32_MAX / 2)
        return fail(builder, CGW_ETOOBIG);
    if (value->has_escape) {
        struct json_text plain;
        if (json_read_text(value, &builder->scratch, &plain))
            return fail(builder, CGW_ENOMEM);
        text = plain.text;
    }
    struct json_object *tree = json_object_new_string_len(text.ptr, (int)text.len);
    arena_reset(&builder->scratch);
    return made(builder, tree, ret_tree);
}

static bool build_items(struct builder *builder, struct json_object *array)
{
    for (bool is_first = true; json_read_item(&builder->reader, is_first); is_first = false) {
        struct json_object *item = NULL;
        if (!spend(builder, ITEM_BYTES) || !build(builder, &item))
            return false;
        if (json_object_array_add(array, item)) {
            json_object_put(item);
            return fail(builder, CGW_ENOMEM);
        }
    }
    return !builder->reader.why;
}

/* A key in scratch memory. */
static bool read_key(struct builder *builder, const struct json_value *key, const char **ret_key)
{
    struct json_text text;
    if (json_read_text(key, &builder->scratch, &text))
        return fail(builder, CGW_ENOMEM);
    if (text.has_nul)
        return refuse(builder, "invalid_key", "Keys should be without U+0000");
    *ret_key = text.text.ptr;
    return spend(builder, ENTRY_BYTES + text.text.len);
}

/* Behind its value, which uses the scratch memory too. */
static bool build_entry(struct builder *builder, const struct json_value *key,
                        struct json_object *object)
{
    const char *name;
    struct json_object *member;
    if (!build(builder, &member))
        return false;
    bool is_good = read_key(builder, key, &name);
    if (is_good && json_object_object_add(object, name, member))
        is_good = fail(builder, CGW_ENOMEM);
    if (!is_good)
        json_object_put(member);
    arena_reset(&builder->scratch);
    return is_good;
}

static bool build_entries(struct builder *builder, struct json_object *object)
{
    struct json_value key;
    for (bool is_first = true; json_read_key(&builder->reader, is_first, &key); is_first = false)
        if (!build_entry(builder, &key, object))
            return false;
    return !builder->reader.why;
}

static bool build_container(struct builder *builder, bool is_object, struct json_object **ret_tree)
{
    struct json_object *tree;
    if (!spend(builder, is_object ? OBJECT_BYTES : ARRAY_BYTES) ||
        !made(builder,
              is_object ? json_object_new_object() : json_object_new_array_ext(ARRAY_FIRST), &tree))
        return false;
    if (is_object ? build_entries(builder, tree) : build_items(builder, tree)) {
        *ret_tree = tree;
        return true;
    }
    json_object_put(tree);
    return fail(builder, CGW_EINVALID);
}

static bool build(struct builder *builder, struct json_object **ret_tree)
{
    struct json_value value;
    if (!json_read_value(&builder->reader, &value))
        return fail(builder, CGW_EINVALID);
    if (!spend(builder, SCALAR_BYTES))
        return false;
    switch (value.kind) {
    case JSON_NULL:
        *ret_tree = NULL;
        return true;
    case JSON_FALSE:
    case JSON_TRUE:
        return made(builder, json_object_new_boolean(value.kind == JSON_TRUE), ret_tree);
    case JSON_INTEGER:
        return build_integer(builder, value.raw, ret_tree);
    case JSON_REAL:
        return build_real(builder, value.raw, ret_tree);
    case JSON_STRING:
        return build_string(builder, &value, ret_tree);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return build_container(builder, value.kind == JSON_OBJECT, ret_tree);
}

/* ---- what is wrong ---- */

/* As FastAPI says it: loc ends with where, in characters. */
static void add_invalid(struct model_errors *errors, const struct model_place *root,
                        const struct json_reader *reader)
{
    struct model_place place = {.above = root, .index = json_read_position(reader)};
    struct buffer ctx = BUFFER_IN(errors->arena);
    buffer_add_literal(&ctx, "{\"error\":");
    json_write_string(&ctx, (cgw_str){reader->why, strlen(reader->why)});
    buffer_add_char(&ctx, '}');
    cgw_str text = buffer_text(&ctx);
    if (!text.ptr)
        errors->status = CGW_ENOMEM;
    model_errors_add(errors, &place, "json_invalid", (cgw_str)CGW_STR("{}"), text,
                     "JSON decode error");
}

static const cgw_str none;

static int report(const struct builder *builder, const struct model_place *root,
                  struct model_errors *errors)
{
    if (builder->type)
        model_errors_add(errors, root, builder->type, none, none, "%s", builder->message);
    else if (builder->status == CGW_EINVALID)
        add_invalid(errors, root, &builder->reader);
    return errors->status ? errors->status : builder->status;
}

int json_tree_read(cgw_str text, size_t max_bytes, const struct model_place *root,
                   struct model_errors *errors, struct json_object **ret_tree)
{
    char first[SCRATCH_BYTES] __attribute__((aligned(16)));
    struct builder builder = {.left = max_bytes};
    struct json_object *tree = NULL;
    if (text.len == 0) {
        model_errors_add(errors, root, "missing", none, none, "Field required");
        return errors->status ? errors->status : CGW_EINVALID;
    }
    arena_init(&builder.scratch, first, sizeof first);
    json_read_init(&builder.reader, text);
    if (build(&builder, &tree) && !json_read_end(&builder.reader)) {
        json_object_put(tree);
        fail(&builder, CGW_EINVALID);
    }
    arena_fini(&builder.scratch);
    if (builder.status)
        return report(&builder, root, errors);
    *ret_tree = tree;
    return CGW_OK;
}

/* ---- writing ---- */

static void write_tree(struct json_object *tree, unsigned depth, struct buffer *out);

static void write_cstring(const char *text, struct buffer *out)
{
    json_write_string(out, (cgw_str){text, strlen(text)});
}

/* json-c keeps numbers beyond int64_t apart, and answers the nearest it has for them. */
static void write_integer(struct json_object *tree, struct buffer *out)
{
    int64_t value = json_object_get_int64(tree);
    if (value == INT64_MAX)
        json_write_u64(out, json_object_get_uint64(tree));
    else
        json_write_i64(out, value);
}

static void write_object(struct json_object *tree, unsigned depth, struct buffer *out)
{
    char before = '{';
    json_object_object_foreach(tree, key, member)
    {
        buffer_add_char(out, before);
        before = ',';
        write_cstring(key, out);
        buffer_add_char(out, ':');
        write_tree(member, depth, out);
    }
    if (before == '{')
        buffer_add_char(out, '{');
    buffer_add_char(out, '}');
}

static void write_array(struct json_object *tree, unsigned depth, struct buffer *out)
{
    size_t len = json_object_array_length(tree);
    buffer_add_char(out, '[');
    for (size_t i = 0; i < len && !out->status; i++) {
        if (i)
            buffer_add_char(out, ',');
        write_tree(json_object_array_get_idx(tree, i), depth, out);
    }
    buffer_add_char(out, ']');
}

static void write_container(struct json_object *tree, bool is_object, unsigned depth,
                            struct buffer *out)
{
    if (depth < JSON_TREE_DEPTH) {
        (is_object ? write_object : write_array)(tree, depth + 1, out);
        return;
    }
    if (!out->status)
        out->status = CGW_EINVAL;
    out->len = out->room = 0;
}

static void write_tree(struct json_object *tree, unsigned depth, struct buffer *out)
{
    switch (json_object_get_type(tree)) {
    case json_type_null:
        buffer_add_literal(out, "null");
        break;
    case json_type_boolean:
        if (json_object_get_boolean(tree))
            buffer_add_literal(out, "true");
        else
            buffer_add_literal(out, "false");
        break;
    case json_type_double:
        json_write_double(out, json_object_get_double(tree));
        break;
    case json_type_int:
        write_integer(tree, out);
        break;
    case json_type_object:
        write_container(tree, true, depth, out);
        break;
    case json_type_array:
        write_container(tree, false, depth, out);
        break;
    case json_type_string:
        json_write_string(
            out, (cgw_str){json_object_get_string(tree), (size_t)json_object_get_string_len(tree)});
        break;
    }
}

void json_tree_write(struct json_object *tree, struct buffer *out)
{
    write_tree(tree, 0, out);
}
