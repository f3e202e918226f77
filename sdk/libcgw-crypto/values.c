/* Few, so a list. What is replaced stays in the arena until the request is over. */
#include "values.h"
#include "model/json_read.h"
#include "model/model.h"

const struct value *values_find(const struct values *values, const char *key)
{
    const struct value *value = values->first;
    while (value && strcmp(value->key.ptr, key) != 0)
        value = value->next;
    return value;
}

size_t values_json_len(const struct values *values)
{
    size_t len = 2;
    for (const struct value *value = values->first; value; value = value->next)
        len += value->json_len;
    return len;
}

static void write_value(const struct value *value, struct buffer *out)
{
    json_write_string(out, value->key);
    buffer_add_char(out, ':');
    json_write_string(out, value->text);
}

void values_write(const struct values *values, struct buffer *out)
{
    buffer_add_char(out, '{');
    for (const struct value *value = values->first; value; value = value->next) {
        write_value(value, out);
        if (value->next)
            buffer_add_char(out, ',');
    }
    buffer_add_char(out, '}');
}

/* ---- changes ---- */

static bool is_utf8(cgw_str text)
{
    for (size_t i = 0, n; i < text.len; i += n) {
        n = (unsigned char)text.ptr[i] < 0x80 ? 1 : json_read_character(text.ptr + i, text.len - i);
        if (n == 0)
            return false;
    }
    return true;
}

static int new_value(struct arena *arena, cgw_str key, cgw_str text, struct value **ret_value)
{
    struct buffer json = BUFFER_IN(arena);
    struct value *value = arena_zalloc(arena, sizeof(*value));
    if (!value)
        return CGW_ENOMEM;
    value->key = (cgw_str){arena_copy(arena, key.ptr, key.len), key.len};
    value->text = (cgw_str){arena_copy(arena, text.ptr, text.len), text.len};
    if (!value->key.ptr || !value->text.ptr)
        return CGW_ENOMEM;
    write_value(value, &json);
    value->json_len = json.len + 1;
    *ret_value = value;
    return json.status;
}

/* Where the one of that key hangs, or the next one will. */
static struct value **place_of(struct values *values, const char *key)
{
    struct value **at = &values->first;
    while (*at && strcmp((*at)->key.ptr, key) != 0)
        at = &(*at)->next;
    return at;
}

int values_set(struct values *values, struct arena *arena, const char *key, const char *text,
               size_t max)
{
    cgw_str k = {key, strlen(key)}, t = {text, strlen(text)};
    struct value **at = place_of(values, key), *value;
    if (!is_utf8(k) || !is_utf8(t))
        return CGW_EINVAL;
    if (k.len + t.len > max)
        return CGW_ETOOBIG;
    int status = new_value(arena, k, t, &value);
    if (status != CGW_OK)
        return status;
    if (values_json_len(values) - (*at ? (*at)->json_len : 0) + value->json_len > max)
        return CGW_ETOOBIG;
    value->next = *at ? (*at)->next : NULL;
    *at = value;
    return CGW_OK;
}

bool values_remove(struct values *values, const char *key)
{
    struct value **at = place_of(values, key);
    if (!*at)
        return false;
    *at = (*at)->next;
    return true;
}

/* ---- reading ---- */

static int read_text(const struct json_value *string, struct arena *arena, cgw_str *ret_text)
{
    struct json_text text;
    if (string->kind != JSON_STRING)
        return CGW_EINVAL;
    if (json_read_text(string, arena, &text) != CGW_OK)
        return CGW_ENOMEM;
    *ret_text = text.text;
    return text.has_nul ? CGW_EINVAL : CGW_OK;
}

static int read_pair(struct json_reader *reader, struct arena *arena,
                     const struct json_value *json_key, struct value **ret_value)
{
    struct json_value json_text;
    cgw_str key, text;
    if (!json_read_value(reader, &json_text))
        return CGW_EINVAL;
    int status = read_text(json_key, arena, &key);
    if (status == CGW_OK)
        status = read_text(&json_text, arena, &text);
    return status == CGW_OK ? new_value(arena, key, text, ret_value) : status;
}

int values_read(struct values *values, struct arena *arena, cgw_str json)
{
    struct json_reader reader;
    struct json_value key;
    struct value **at = &values->first;
    json_read_init(&reader, json);
    if (!json_read_value(&reader, &key) || key.kind != JSON_OBJECT)
        return CGW_EINVAL;
    for (bool is_first = true; json_read_key(&reader, is_first, &key); is_first = false) {
        int status = read_pair(&reader, arena, &key, at);
        if (status != CGW_OK)
            return status;
        at = &(*at)->next;
    }
    return !reader.why && json_read_end(&reader) ? CGW_OK : CGW_EINVAL;
}
