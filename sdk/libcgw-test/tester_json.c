/* JSON compared by value, and found by pointer (RFC 6901). */
#include "tester.h"
#include <json-c/json.h>
#include <math.h>
#include <stdlib.h>

enum { DEPTH = 512 };

static bool parse(const char *text, struct json_object **ret_value)
{
    struct json_tokener *tokener = text ? json_tokener_new_ex(DEPTH) : NULL;
    if (!tokener)
        return false;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    size_t len = strlen(text) + 1; /* with the NUL, so that a number at the end is known to end */
    struct json_object *value =
        len <= INT32_MAX ? json_tokener_parse_ex(tokener, text, (int)len) : NULL;
    bool is_json = len <= INT32_MAX && json_tokener_get_error(tokener) == json_tokener_success;
    size_t end = json_tokener_get_parse_end(tokener);
    is_json = is_json && text[end + strspn(text + end, " \t\r\n")] == '\0';
    json_tokener_free(tokener);
    if (!is_json) {
        json_object_put(value);
        return false;
    }
    *ret_value = value;
    return true;
}

/* ---- pointers ---- */

/* The next reference token, ~0 and ~1 decoded, in memory to be freed; *at goes behind it. */
static char *next_token(const char **at)
{
    size_t n = strcspn(*at, "/");
    char *token = strndup(*at, n), *to = token;
    *at += n;
    for (const char *from = token; token && *from; from++) {
        bool is_escape = *from == '~' && (from[1] == '0' || from[1] == '1');
        *to++ = is_escape ? (from[1] == '0' ? '~' : '/') : *from;
        from += is_escape;
    }
    if (token)
        *to = '\0';
    return token;
}

static bool step(struct json_object **value, const char *token)
{
    if (json_object_is_type(*value, json_type_object))
        return json_object_object_get_ex(*value, token, value);
    if (!json_object_is_type(*value, json_type_array) || !*token ||
        token[strspn(token, "0123456789")] || (token[0] == '0' && token[1]))
        return false;
    size_t at = strtoull(token, NULL, 10);
    if (at >= json_object_array_length(*value))
        return false;
    *value = json_object_array_get_idx(*value, at);
    return true;
}

static bool find(struct json_object **value, const char *pointer)
{
    bool found = *pointer == '\0' || *pointer == '/';
    while (found && *pointer == '/') {
        pointer++;
        char *token = next_token(&pointer);
        found = token && step(value, token);
        free(token);
    }
    return found;
}

/* ---- equality ---- */

static bool is_equal(struct json_object *a, struct json_object *b);

static bool is_number(struct json_object *value)
{
    return json_object_is_type(value, json_type_int) ||
           json_object_is_type(value, json_type_double);
}

static bool are_numbers_equal(struct json_object *a, struct json_object *b)
{
    if (json_object_is_type(a, json_type_int) && json_object_is_type(b, json_type_int))
        return json_object_get_int64(a) == json_object_get_int64(b) &&
               json_object_get_uint64(a) == json_object_get_uint64(b);
    double left = json_object_get_double(a), right = json_object_get_double(b);
    return !islessgreater(left, right);
}

static bool are_arrays_equal(struct json_object *a, struct json_object *b)
{
    size_t n = json_object_array_length(a);
    if (json_object_array_length(b) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_equal(json_object_array_get_idx(a, i), json_object_array_get_idx(b, i)))
            return false;
    return true;
}

static bool are_objects_equal(struct json_object *a, struct json_object *b)
{
    if (json_object_object_length(a) != json_object_object_length(b))
        return false;
    json_object_object_foreach(a, key, value)
    {
        struct json_object *other;
        if (!json_object_object_get_ex(b, key, &other) || !is_equal(value, other))
            return false;
    }
    return true;
}

static bool is_equal(struct json_object *a, struct json_object *b)
{
    if (is_number(a) && is_number(b))
        return are_numbers_equal(a, b);
    if (json_object_get_type(a) != json_object_get_type(b))
        return false;
    switch (json_object_get_type(a)) {
    case json_type_array:
        return are_arrays_equal(a, b);
    case json_type_object:
        return are_objects_equal(a, b);
    case json_type_string:
        return json_object_get_string_len(a) == json_object_get_string_len(b) &&
               memcmp(json_object_get_string(a), json_object_get_string(b),
                      (size_t)json_object_get_string_len(a)) == 0;
    case json_type_boolean:
        return json_object_get_boolean(a) == json_object_get_boolean(b);
    case json_type_null:
    case json_type_int:
    case json_type_double:
        break;
    }
    return true;
}

bool cgw_json_eq(const char *text, const char *pointer, const char *want)
{
    struct json_object *have = NULL, *wanted = NULL;
    bool eq = parse(text, &have);
    if (eq && parse(want, &wanted)) {
        struct json_object *found = have;
        eq = find(&found, pointer ? pointer : "") && is_equal(found, wanted);
    } else {
        eq = false;
    }
    json_object_put(have);
    json_object_put(wanted);
    return eq;
}
