/* The grammar of RFC 8259, one function for each of its rules; each takes what it names, or says
   why not. Containers are walked without recursion: a bit each says what they are. */
#include "model/json_read.h"
#include <string.h>

static bool fault(struct json_reader *reader, const char *why, const char *where)
{
    if (!reader->why) {
        reader->why = why;
        reader->where = where;
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct json_reader *reader)
{
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
                                        *reader->at == '\t' || *reader->at == '\r'))
        reader->at++;
}

static bool next_is(const struct json_reader *reader, char c)
{
    return reader->at < reader->end && *reader->at == c;
}

void json_read_init(struct json_reader *reader, cgw_str text)
{
    *reader = (struct json_reader){.begin = text.ptr, .at = text.ptr, .end = text.ptr + text.len};
    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
        reader->begin = reader->at += 3;
}

/* ---- strings ---- */

size_t json_read_character(const char *text, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t first = (unsigned char)text[0];
    size_t n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (n <= 1 || n > len || first > 0xf4)
        return n == 1;
    uint32_t code = first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[n] || code > 0x10ffff || is_surrogate ? 0 : n;
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits at text. -1: they are not there. */
static int32_t hex_unit(const char *text, const char *end)
{
    int32_t unit = 0;
    if (end - text < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* at is behind the backslash, quote begins the string. */
static bool escape(struct json_reader *reader, const char *quote)
{
    if (reader->at == reader->end)
        return fault(reader, "Unterminated string starting at", quote);
    if (*reader->at == 'u') {
        if (hex_unit(reader->at + 1, reader->end) < 0 || reader->end - reader->at == 5)
            return fault(reader, "Invalid \\uXXXX escape", reader->at);
        reader->at += 5;
        return true;
    }
    if (!memchr("\"\\/bfnrt", *reader->at, 8))
        return fault(reader, "Invalid \\escape", reader->at - 1);
    reader->at++;
    return true;
}

/* at is at the quote. */
static bool string(struct json_reader *reader, struct json_value *value)
{
    const char *quote = reader->at++;
    *value = (struct json_value){.kind = JSON_STRING};
    for (;;) {
        while (reader->at < reader->end && (unsigned char)*reader->at >= 0x20 &&
               (unsigned char)*reader->at < 0x80 && *reader->at != '"' && *reader->at != '\\')
            reader->at++;
        if (reader->at == reader->end)
            return fault(reader, "Unterminated string starting at", quote);
        if (*reader->at == '"')
            break;
        if (*reader->at == '\\') {
            value->has_escape = true;
            reader->at++;
            if (!escape(reader, quote))
                return false;
            continue;
        }
        if ((unsigned char)*reader->at < 0x20)
            return fault(reader, "Invalid control character at", reader->at);
        size_t n = json_read_character(reader->at, (size_t)(reader->end - reader->at));
        if (n == 0)
            return fault(reader, "Invalid UTF-8", reader->at);
        reader->at += n;
    }
    reader->at++;
    value->raw = (cgw_str){quote, (size_t)(reader->at - quote)};
    return true;
}

static size_t put_character(char *dst, uint32_t code)
{
    if (code < 0x80) {
        dst[0] = (char)code;
        return 1;
    }
    size_t n = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, code >>= 6)
        dst[i] = (char)(0x80 | (code & 0x3f));
    dst[0] = (char)((0xf00u >> n & 0xff) | code);
    return n;
}

/* The character of an escape: *from is behind its backslash, and moves on. */
static uint32_t escaped(const char **from, const char *end, struct json_text *out)
{
    static const char names[] = "bfnrt", codes[] = "\b\f\n\r\t";
    char c = *(*from)++;
    const char *name = strchr(names, c);
    if (c != 'u')
        return name ? (unsigned char)codes[name - names] : (unsigned char)c;
    uint32_t unit = (uint32_t)hex_unit(*from, end);
    *from += 4;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    if (unit < 0xdc00 && end - *from >= 6 && (*from)[0] == '\\' && (*from)[1] == 'u') {
        int32_t low = hex_unit(*from + 2, end);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *from += 6;
            return 0x10000 + ((unit - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        }
    }
    out->has_lone = true;
    return 0xfffd;
}

int json_read_text(const struct json_value *value, struct arena *arena, struct json_text *ret_text)
{
    const char *from = value->raw.ptr + 1, *end = from + value->raw.len - 2;
    struct json_text out = {.text = {NULL, 0}};
    char *dst = arena_alloc(arena, value->raw.len);
    if (!dst)
        return CGW_ENOMEM;
    out.text.ptr = dst;
    while (from < end) {
        const char *stop = value->has_escape ? memchr(from, '\\', (size_t)(end - from)) : NULL;
        size_t plain = (size_t)((stop ? stop : end) - from);
        memcpy(dst, from, plain);
        dst += plain;
        from += plain;
        if (!stop)
            break;
        from++;
        uint32_t code = escaped(&from, end, &out);
        out.has_nul |= code == 0;
        dst += put_character(dst, code);
    }
    *dst = '\0';
    out.text.len = (size_t)(dst - out.text.ptr);
    *ret_text = out;
    return CGW_OK;
}

/* ---- numbers and words ---- */

static const char *digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* As much as is a number: "1." is the number 1, and a fault behind it. */
static bool number(struct json_reader *reader, struct json_value *value)
{
    const char *begin = reader->at, *end = reader->end;
    const char *at = begin + (*begin == '-');
    if (at == end || !is_digit(*at))
        return fault(reader, "Expecting value", begin);
    *value = (struct json_value){.kind = JSON_INTEGER};
    at = *at == '0' ? at + 1 : digits(at, end);
    if (end - at > 1 && *at == '.' && is_digit(at[1])) {
        value->kind = JSON_REAL;
        at = digits(at + 1, end);
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        const char *power = at + 1;
        if (power < end && (*power == '+' || *power == '-'))
            power++;
        if (power < end && is_digit(*power)) {
            value->kind = JSON_REAL;
            at = digits(power, end);
        }
    }
    reader->at = at;
    value->raw = (cgw_str){begin, (size_t)(at - begin)};
    return true;
}

static bool word(struct json_reader *reader, const char *text, size_t len, enum json_kind kind,
                 struct json_value *value)
{
    if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, text, len) != 0)
        return fault(reader, "Expecting value", reader->at);
    *value = (struct json_value){.kind = kind, .raw = {reader->at, len}};
    reader->at += len;
    return true;
}

/* ---- containers ---- */

static bool open_bracket(struct json_reader *reader, enum json_kind kind, struct json_value *value)
{
    if (reader->depth == JSON_DEPTH)
        return fault(reader, "Too deeply nested", reader->at);
    uint64_t bit = (uint64_t)1 << reader->depth++;
    reader->objects = kind == JSON_OBJECT ? reader->objects | bit : reader->objects & ~bit;
    *value = (struct json_value){.kind = kind, .raw = {reader->at, 1}};
    reader->at++;
    return true;
}

static bool close_bracket(struct json_reader *reader)
{
    reader->at++;
    reader->depth--;
    return false;
}

bool json_read_value(struct json_reader *reader, struct json_value *ret_value)
{
    skip_blanks(reader);
    if (reader->at == reader->end)
        return fault(reader, "Expecting value", reader->at);
    switch (*reader->at) {
    case '"':
        return string(reader, ret_value);
    case '{':
        return open_bracket(reader, JSON_OBJECT, ret_value);
    case '[':
        return open_bracket(reader, JSON_ARRAY, ret_value);
    case 'n':
        return word(reader, "null", 4, JSON_NULL, ret_value);
    case 't':
        return word(reader, "true", 4, JSON_TRUE, ret_value);
    case 'f':
        return word(reader, "false", 5, JSON_FALSE, ret_value);
    default:
        return number(reader, ret_value);
    }
}

/* Is there another one before the closing bracket? The comma is taken. */
static bool another(struct json_reader *reader, bool is_first, char closing)
{
    skip_blanks(reader);
    if (next_is(reader, closing))
        return close_bracket(reader);
    if (is_first)
        return true;
    if (!next_is(reader, ','))
        return fault(reader, "Expecting ',' delimiter", reader->at);
    reader->at++;
    skip_blanks(reader);
    return true;
}

bool json_read_key(struct json_reader *reader, bool is_first, struct json_value *ret_key)
{
    if (reader->why || !another(reader, is_first, '}'))
        return false;
    if (!next_is(reader, '"'))
        return fault(reader, "Expecting property name enclosed in double quotes", reader->at);
    if (!string(reader, ret_key))
        return false;
    skip_blanks(reader);
    if (!next_is(reader, ':'))
        return fault(reader, "Expecting ':' delimiter", reader->at);
    reader->at++;
    return true;
}

bool json_read_item(struct json_reader *reader, bool is_first)
{
    return !reader->why && another(reader, is_first, ']');
}

bool json_read_rest(struct json_reader *reader, struct json_value *value)
{
    struct json_value inner;
    bool is_first = true;
    if (value->kind < JSON_ARRAY)
        return true;
    for (unsigned outside = reader->depth - 1; reader->depth > outside;) {
        bool in_object = reader->objects >> (reader->depth - 1) & 1;
        bool more =
            in_object ? json_read_key(reader, is_first, &inner) : json_read_item(reader, is_first);
        if (reader->why || (more && !json_read_value(reader, &inner)))
            return false;
        is_first = more && inner.kind >= JSON_ARRAY;
    }
    value->raw.len = (size_t)(reader->at - value->raw.ptr);
    return true;
}

bool json_read_end(struct json_reader *reader)
{
    skip_blanks(reader);
    if (reader->why)
        return false;
    return reader->at == reader->end || fault(reader, "Extra data", reader->at);
}

size_t json_read_position(const struct json_reader *reader)
{
    size_t n = 0;
    for (const char *at = reader->begin; at < reader->where; at++)
        n += ((unsigned char)*at & 0xc0) != 0x80;
    return n;
}
