/* The elements of a 422's "detail": each is written when it is found, and stands by itself, so that
   those of a value that counts no more can be dropped, and an object's be put into order. */
#include "model/json_read.h"
#include "model/model.h"

void model_errors_init(struct model_errors *errors, struct arena *arena)
{
    *errors = (struct model_errors){.arena = arena, .echo = MODEL_ECHO_MAX};
}

static void write_place(struct buffer *out, const struct model_place *place)
{
    if (!place)
        return;
    write_place(out, place->above);
    if (place->above)
        buffer_add_char(out, ',');
    if (place->key)
        json_write_string(out, (cgw_str){place->key, place->key_len});
    else
        json_write_u64(out, place->index);
}

/* ---- what was sent ---- */

static int32_t unit_at(const char *text, const char *end)
{
    int32_t unit = 0;
    if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = text[i] | 0x20;
        unit = unit << 4 | (c >= 'a' ? c - 'a' + 10 : c - '0');
    }
    return unit;
}

/* An escape of a JSON string; what has no partner in a surrogate pair must not go out again. */
static const char *echo_escape(struct buffer *out, const char *at, const char *end)
{
    int32_t unit = unit_at(at, end), low = unit < 0 ? -1 : unit_at(at + 6, end);
    if (unit < 0xd800 || unit > 0xdfff) {
        buffer_add(out, at, 2);
        return at + 2;
    }
    bool is_pair = unit < 0xdc00 && low >= 0xdc00 && low <= 0xdfff;
    if (is_pair)
        buffer_add(out, at, 12);
    else
        buffer_add_literal(out, "\\ufffd");
    return at + (is_pair ? 12 : 6);
}

/* JSON text that is known to be right, without its blanks. */
static void echo(struct buffer *out, cgw_str text)
{
    const char *end = text.ptr + text.len;
    bool in_string = false;
    for (const char *at = text.ptr; at < end;) {
        if (in_string && *at == '\\') {
            at = echo_escape(out, at, end);
            continue;
        }
        in_string ^= *at == '"';
        if (in_string || (*at != ' ' && *at != '\n' && *at != '\t' && *at != '\r'))
            buffer_add_char(out, *at);
        at++;
    }
}

static void write_input(struct model_errors *errors, struct buffer *out, cgw_str input)
{
    if (!input.ptr)
        input = (cgw_str)CGW_STR("null");
    if (input.len > errors->echo)
        return;
    size_t before = out->len;
    buffer_add_literal(out, ",\"input\":");
    echo(out, input);
    errors->echo -= out->len - before < errors->echo ? out->len - before : errors->echo;
}

/* ---- the list ---- */

bool model_errors_stop(const struct model_errors *errors)
{
    return errors->n == MODEL_ERRORS_MAX || errors->made == MODEL_ERRORS_MADE || errors->status;
}

static bool has_room(struct model_errors *errors)
{
    if (model_errors_stop(errors))
        return false;
    if (!errors->items)
        errors->items = arena_alloc(errors->arena, MODEL_ERRORS_MAX * sizeof *errors->items);
    if (!errors->items)
        errors->status = CGW_ENOMEM;
    return errors->items != NULL;
}

void model_errors_add(struct model_errors *errors, const struct model_place *place,
                      const char *type, cgw_str input, cgw_str ctx, const char *format, ...)
{
    struct buffer out = BUFFER_IN(errors->arena);
    va_list args;
    if (!has_room(errors))
        return;
    va_start(args, format);
    cgw_str msg = arena_vprintf(errors->arena, format, args);
    va_end(args);
    buffer_printf(&out, "{\"type\":\"%s\",\"loc\":[", type);
    write_place(&out, place);
    buffer_add_literal(&out, "],\"msg\":");
    json_write_string(&out, msg);
    write_input(errors, &out, input);
    if (ctx.len) {
        buffer_add_literal(&out, ",\"ctx\":");
        buffer_add(&out, ctx.ptr, ctx.len);
    }
    buffer_add_char(&out, '}');
    cgw_str text = buffer_text(&out);
    if (!msg.ptr || !text.ptr)
        errors->status = CGW_ENOMEM;
    else
        errors->items[errors->n++] = (struct model_error){.text = text};
    errors->made++;
}

void model_errors_cut(struct model_errors *errors, size_t n)
{
    errors->n = n;
}

void model_errors_rank(struct model_errors *errors, size_t n, size_t rank)
{
    for (size_t i = n; i < errors->n; i++)
        errors->items[i].rank = rank;
}

void model_errors_forget(struct model_errors *errors, size_t n, size_t rank)
{
    size_t kept = n;
    for (size_t i = n; i < errors->n; i++)
        if (errors->items[i].rank != rank)
            errors->items[kept++] = errors->items[i];
    errors->n = kept;
}

/* By insertion: they are few, and nearly in order. Equal ones stay as they are. */
void model_errors_sort(struct model_errors *errors, size_t n)
{
    for (size_t i = n; i < errors->n; i++) {
        struct model_error item = errors->items[i];
        size_t to = i;
        for (; to > n && errors->items[to - 1].rank > item.rank; to--)
            errors->items[to] = errors->items[to - 1];
        errors->items[to] = item;
    }
}

static void write_array(const struct model_errors *errors, struct buffer *out)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i < errors->n; i++) {
        if (i)
            buffer_add_char(out, ',');
        buffer_add(out, errors->items[i].text.ptr, errors->items[i].text.len);
    }
    buffer_add_char(out, ']');
}

cgw_str model_errors_array(struct model_errors *errors)
{
    struct buffer out = BUFFER_IN(errors->arena);
    write_array(errors, &out);
    return errors->status ? (cgw_str){NULL, 0} : buffer_text(&out);
}

cgw_str model_errors_detail(struct model_errors *errors)
{
    struct buffer out = BUFFER_IN(errors->arena);
    buffer_add_literal(&out, "{\"detail\":");
    write_array(errors, &out);
    buffer_add_char(&out, '}');
    return errors->status ? (cgw_str){NULL, 0} : buffer_text(&out);
}
