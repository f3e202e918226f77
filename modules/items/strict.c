/* The grammar of RFC 8259, one function for each of its rules; each takes what it names, or fails.
 */
#include "strict.h"
#include <string.h>

struct cursor {
    const char *at, *end;
    int levels;      /* that may still be entered */
    const char *why; /* the first fault */
};

static bool fail(struct cursor *cursor, const char *why)
{
    if (!cursor->why)
        cursor->why = cursor->at == cursor->end ? "the JSON ends too early" : why;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end && *cursor->at && strchr(" \t\r\n", *cursor->at))
        cursor->at++;
}

static bool next_is(const struct cursor *cursor, char c)
{
    return cursor->at < cursor->end && *cursor->at == c;
}

static bool take(struct cursor *cursor, char c)
{
    if (!next_is(cursor, c))
        return fail(cursor, "the body is not JSON");
    cursor->at++;
    return true;
}

/* ---- strings ---- */

/* Bytes of the character at text; 0: it is none (too long a form, a surrogate, too large, cut). */
static size_t character(const char *text, size_t len)
{
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned first = (unsigned char)text[0];
    size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (n <= 1 || n > len || first > 0xf4)
        return n == 1;
    unsigned code = first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    }
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[n] || code > 0x10ffff || is_surrogate ? 0 : n;
}

bool strict_is_utf8(const char *text, size_t len)
{
    for (size_t i = 0, n; i < len; i += n)
        if ((n = character(text + i, len - i)) == 0)
            return false;
    return true;
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool escape(struct cursor *cursor)
{
    cursor->at++;
    if (next_is(cursor, 'u')) {
        cursor->at++;
        for (int i = 0; i < 4; i++, cursor->at++)
            if (cursor->at == cursor->end || !is_hex(*cursor->at))
                return fail(cursor, "the body is not JSON");
        return true;
    }
    if (cursor->at == cursor->end || !*cursor->at || !strchr("\"\\/bfnrt", *cursor->at))
        return fail(cursor, "the body is not JSON");
    cursor->at++;
    return true;
}

static bool string(struct cursor *cursor)
{
    if (!take(cursor, '"'))
        return false;
    while (cursor->at < cursor->end && *cursor->at != '"') {
        if (*cursor->at == '\\') {
            if (!escape(cursor))
                return false;
            continue;
        }
        size_t n = character(cursor->at, (size_t)(cursor->end - cursor->at));
        if (n == 0)
            return fail(cursor, "the JSON is not UTF-8");
        if ((unsigned char)*cursor->at < 0x20)
            return fail(cursor, "the body is not JSON");
        cursor->at += n;
    }
    return take(cursor, '"');
}

/* ---- numbers and words ---- */

static bool digits(struct cursor *cursor)
{
    if (cursor->at == cursor->end || !is_digit(*cursor->at))
        return fail(cursor, "the body is not JSON");
    while (cursor->at < cursor->end && is_digit(*cursor->at))
        cursor->at++;
    return true;
}

static bool number(struct cursor *cursor)
{
    cursor->at += next_is(cursor, '-');
    if (next_is(cursor, '0'))
        cursor->at++;
    else if (!digits(cursor))
        return false;
    if (next_is(cursor, '.')) {
        cursor->at++;
        if (!digits(cursor))
            return false;
    }
    if (next_is(cursor, 'e') || next_is(cursor, 'E')) {
        cursor->at++;
        cursor->at += next_is(cursor, '+') || next_is(cursor, '-');
        return digits(cursor);
    }
    return true;
}

static bool word(struct cursor *cursor, const char *text)
{
    for (; *text; text++)
        if (!take(cursor, *text))
            return false;
    return true;
}

/* ---- values ---- */

static bool value(struct cursor *cursor);

static bool member(struct cursor *cursor, bool is_object)
{
    if (is_object) {
        skip_blanks(cursor);
        if (!string(cursor))
            return false;
        skip_blanks(cursor);
        if (!take(cursor, ':'))
            return false;
    }
    return value(cursor);
}

/* An array or an object. */
static bool members(struct cursor *cursor)
{
    bool is_object = *cursor->at == '{';
    char close = is_object ? '}' : ']';
    if (cursor->levels-- == 0)
        return fail(cursor, "the JSON is nested too deep");
    cursor->at++;
    skip_blanks(cursor);
    if (!next_is(cursor, close)) {
        if (!member(cursor, is_object))
            return false;
        while (next_is(cursor, ',')) {
            cursor->at++;
            if (!member(cursor, is_object))
                return false;
        }
    }
    cursor->levels++;
    return take(cursor, close);
}

static bool scalar(struct cursor *cursor)
{
    switch (cursor->at < cursor->end ? *cursor->at : '-') {
    case '"':
        return string(cursor);
    case 't':
        return word(cursor, "true");
    case 'f':
        return word(cursor, "false");
    case 'n':
        return word(cursor, "null");
    default:
        return number(cursor);
    }
}

static bool value(struct cursor *cursor)
{
    skip_blanks(cursor);
    bool is_right = next_is(cursor, '[') || next_is(cursor, '{') ? members(cursor) : scalar(cursor);
    skip_blanks(cursor);
    return is_right;
}

const char *strict_fault(const char *text, size_t len, int levels)
{
    struct cursor cursor = {text, text + len, levels, NULL};
    if (len == 0)
        return "the body is empty, where JSON is wanted";
    if (value(&cursor) && cursor.at < cursor.end)
        return "the body is not JSON";
    return cursor.why;
}
