/* Keys, values and the commas between them. */
#include "openapi/json_out.h"
#include <math.h>

static void begin(struct buffer *out, const char *key)
{
    json_out_key(out, (cgw_str){key, key ? strlen(key) : 0});
}

void json_out_key(struct buffer *out, cgw_str key)
{
    char last = out->len ? out->ptr[out->len - 1] : '[';
    if (!strchr("{[:", last))
        buffer_add_char(out, ',');
    if (!key.ptr)
        return;
    json_write_string(out, key);
    buffer_add_char(out, ':');
}

void json_out_open(struct buffer *out, const char *key, char bracket)
{
    begin(out, key);
    buffer_add_char(out, bracket);
}

void json_out_close(struct buffer *out, char bracket)
{
    buffer_add_char(out, bracket == '{' ? '}' : ']');
}

void json_out_string(struct buffer *out, const char *key, cgw_str text)
{
    begin(out, key);
    json_write_string(out, text);
}

void json_out_text(struct buffer *out, const char *key, const char *text)
{
    if (text)
        json_out_string(out, key, (cgw_str){text, strlen(text)});
}

void json_out_bool(struct buffer *out, const char *key, bool value)
{
    json_out_raw(out, key, value ? "true" : "false");
}

void json_out_number(struct buffer *out, const char *key, long double value)
{
    if (isnan(value))
        return;
    begin(out, key);
    if (value == truncl(value) && fabsl(value) < 0x1p64L)
        buffer_printf(out, "%.0Lf", value);
    else
        json_write_double(out, (double)value);
}

void json_out_count(struct buffer *out, const char *key, uint64_t value)
{
    begin(out, key);
    json_write_u64(out, value);
}

void json_out_raw(struct buffer *out, const char *key, const char *json)
{
    if (!json)
        return;
    begin(out, key);
    buffer_add(out, json, strlen(json));
}
