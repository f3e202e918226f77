/* All of an item's rules. */
#include "model.h"
#include "strict.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

int model_parse(const char *text, size_t len, struct json_object **ret_body, const char **ret_why)
{
    enum { LEVELS = 16 };
    *ret_why = strict_fault(text, len, LEVELS);
    if (*ret_why)
        return -1;
    struct json_tokener *tokener = json_tokener_new_ex(2 * LEVELS);
    if (!tokener)
        return -1;
    struct json_object *body = json_tokener_parse_ex(tokener, text, (int)len + 1);
    bool is_whole = json_tokener_get_error(tokener) == json_tokener_success &&
                    json_tokener_get_parse_end(tokener) == len;
    json_tokener_free(tokener);
    if (is_whole)
        *ret_body = body;
    else
        json_object_put(body);
    return is_whole ? 0 : -1;
}

/* ---- faults ---- */

/* The value is the object's now, or freed. */
static bool put(struct json_object *object, const char *key, struct json_object *value)
{
    if (value && json_object_object_add(object, key, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

static bool push(struct json_object *array, struct json_object *value)
{
    if (value && json_object_array_add(array, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

struct place {
    const char *where, *field; /* field NULL: the whole of where */
    int index;                 /* in the field; -1: the whole field */
};

static struct json_object *location(const struct place *place)
{
    struct json_object *loc = json_object_new_array();
    bool is_right = loc && push(loc, json_object_new_string(place->where));
    if (is_right && place->field)
        is_right = push(loc, json_object_new_string(place->field));
    if (is_right && place->index >= 0)
        is_right = push(loc, json_object_new_int(place->index));
    if (is_right)
        return loc;
    json_object_put(loc);
    return NULL;
}

/* input is the value at fault, NULL where it is missing or null. 0 or -1. */
static int fault(struct json_object *faults, const struct place *place, const char *type,
                 const char *msg, struct json_object *input)
{
    enum { MOST = 100 }; /* enough to mend; a hundred thousand bad tags need not all be named */
    if (json_object_array_length(faults) >= MOST)
        return 0;
    struct json_object *one = json_object_new_object();
    bool is_right = one && put(one, "type", json_object_new_string(type)) &&
                    put(one, "loc", location(place)) &&
                    put(one, "msg", json_object_new_string(msg)) &&
                    json_object_object_add(one, "input", json_object_get(input)) == 0;
    if (is_right)
        return push(faults, one) ? 0 : -1;
    json_object_put(one);
    return -1;
}

int model_query_fault(struct json_object *faults, const char *field, const char *msg,
                      const char *input, size_t len)
{
    const struct place place = {"query", field, -1};
    bool is_text = strict_is_utf8(input, len);
    struct json_object *value = is_text ? json_object_new_string_len(input, (int)len) : NULL;
    int answer = value || !is_text ? fault(faults, &place, "int_range", msg, value) : -1;
    json_object_put(value);
    return answer;
}

/* ---- the fields ---- */

static int characters(const char *text, int len)
{
    int n = 0;
    for (int i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static bool has_control(const char *text, int len)
{
    for (int i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    return false;
}

static int read_name(struct json_object *value, struct json_object *faults, struct model *model)
{
    static const struct place place = {"body", "name", -1};
    if (!json_object_is_type(value, json_type_string))
        return fault(faults, &place, "string_type", "must be a string", value);
    model->name = json_object_get_string(value);
    model->name_len = json_object_get_string_len(value);
    model->has_name = true;
    int n = characters(model->name, model->name_len);
    if (n == 0)
        return fault(faults, &place, "string_too_short", "must have at least 1 character", value);
    if (n > MODEL_NAME_MAX)
        return fault(faults, &place, "string_too_long", "must have at most 80 characters", value);
    if (has_control(model->name, model->name_len))
        return fault(faults, &place, "string_control", "must not hold control characters", value);
    return 0;
}

static int read_price(struct json_object *value, struct json_object *faults, struct model *model)
{
    static const struct place place = {"body", "price", -1};
    if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
        return fault(faults, &place, "float_type", "must be a number", value);
    double price = json_object_get_double(value);
    model->has_price = true;
    model->price = price + 0.0; /* makes -0 a 0 */
    if (!(price >= 0))
        return fault(faults, &place, "greater_than_equal", "must be at least 0", value);
    if (price > MODEL_PRICE_MAX)
        return fault(faults, &place, "less_than_equal", "must be at most 1e15", NULL);
    return 0;
}

static int read_tags(struct json_object *value, struct json_object *faults, struct model *model)
{
    struct place place = {"body", "tags", -1};
    if (!json_object_is_type(value, json_type_array))
        return fault(faults, &place, "list_type", "must be a list of strings", value);
    size_t n = json_object_array_length(value);
    for (size_t i = 0; i < n; i++) {
        struct json_object *tag = json_object_array_get_idx(value, i);
        place.index = (int)i;
        if (!json_object_is_type(tag, json_type_string) &&
            fault(faults, &place, "string_type", "must be a string", tag) < 0)
            return -1;
    }
    model->tags = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
    model->has_tags = true;
    return model->tags ? 0 : -1;
}

int model_read(struct json_object *body, bool is_partial, struct json_object *faults,
               struct model *ret_model)
{
    static const struct {
        const char *key;
        bool is_required;
        int (*read)(struct json_object *value, struct json_object *faults, struct model *model);
    } fields[] = {
        {"name", true, read_name}, {"price", true, read_price}, {"tags", false, read_tags}};
    static const struct place whole = {"body", NULL, -1};
    *ret_model = (struct model){.has_name = false};
    if (!json_object_is_type(body, json_type_object))
        return fault(faults, &whole, "model_type", "must be an object", body);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct place place = {"body", fields[i].key, -1};
        struct json_object *value;
        int answer = 0;
        if (json_object_object_get_ex(body, fields[i].key, &value))
            answer = fields[i].read(value, faults, ret_model);
        else if (fields[i].is_required && !is_partial)
            answer = fault(faults, &place, "missing", "is required", NULL);
        if (answer < 0)
            return -1;
    }
    return 0;
}

/* ---- writing ---- */

/* With as few digits as bring the same number back. */
static struct json_object *number(double value)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return json_object_new_double_s(value, text);
}

struct json_object *model_json(const struct model_row *row)
{
    struct json_object *json = json_object_new_object();
    if (json && put(json, "id", json_object_new_int64(row->id)) &&
        put(json, "name", json_object_new_string_len(row->name, row->name_len)) &&
        put(json, "price", number(row->price)) && put(json, "tags", json_tokener_parse(row->tags)))
        return json;
    json_object_put(json);
    return NULL;
}
