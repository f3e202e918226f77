/* What pydantic's lax mode takes for a number or for truth; see lax.h. */
#include "model/lax.h"
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MAX 4300 /* digits that Python takes at most */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct lax_integer lax_digits(const char *text, size_t len)
{
    struct lax_integer out = {.is_negative = *text == '-'};
    for (size_t i = *text == '-' || *text == '+'; i < len; i++)
        out.is_huge |=
            __builtin_mul_overflow(out.magnitude, 10u, &out.magnitude) ||
            __builtin_add_overflow(out.magnitude, (uint64_t)(text[i] - '0'), &out.magnitude);
    return out;
}

/* The locale of the application must not change what a point is. "C" is static in libc. */
static double c_strtod(const char *text)
{
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = strtod_l(text, NULL, locale);
    freelocale(locale);
    return value;
}

enum lax_result lax_number(cgw_str number, struct arena *arena, double *ret_value)
{
    char space[128], *copy = space;
    if (number.len < sizeof space) {
        memcpy(space, number.ptr, number.len);
        space[number.len] = '\0';
    } else if (!(copy = arena_copy(arena, number.ptr, number.len))) {
        return LAX_NO_MEMORY;
    }
    double value = c_strtod(copy);
    if (!isfinite(value))
        return LAX_INFINITE;
    *ret_value = value;
    return LAX_OK;
}

enum lax_result lax_real_integer(cgw_str number, struct arena *arena,
                                 struct lax_integer *ret_integer)
{
    double value;
    enum lax_result result = lax_number(number, arena, &value);
    if (result != LAX_OK)
        return result;
    if (value != trunc(value))
        return LAX_FRACTION;
    if (fabs(value) >= 0x1p64)
        return LAX_TOO_LARGE;
    *ret_integer =
        (struct lax_integer){.is_negative = value < 0, .magnitude = (uint64_t)fabs(value)};
    return LAX_OK;
}

/* ---- text ---- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static cgw_str trimmed(cgw_str text)
{
    while (text.len && is_blank(*text.ptr)) {
        text.ptr++;
        text.len--;
    }
    while (text.len && is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* A copy without '_', which may only stand alone between others. NULL: they stand elsewhere, or
   memory is out. */
static char *without_underscores(cgw_str *text, struct arena *arena, enum lax_result *result)
{
    char last = '_';
    *result = LAX_NO_NUMBER;
    for (size_t i = 0; i < text->len; last = text->ptr[i++])
        if (text->ptr[i] == '_' && last == '_')
            return NULL;
    if (last == '_')
        return NULL;
    char *copy = arena_copy(arena, text->ptr, text->len);
    if (!copy) {
        *result = LAX_NO_MEMORY;
        return NULL;
    }
    size_t len = 0;
    for (size_t i = 0; i < text->len; i++)
        if (copy[i] != '_')
            copy[len++] = copy[i];
    copy[len] = '\0';
    *text = (cgw_str){copy, len};
    *result = LAX_OK;
    return copy;
}

/* What is plain to read: trimmed, and without underscores. */
static enum lax_result plain(cgw_str *text, struct arena *arena)
{
    enum lax_result result = LAX_OK;
    *text = trimmed(*text);
    if (!text->len)
        return LAX_NO_NUMBER;
    if (memchr(text->ptr, '_', text->len))
        without_underscores(text, arena, &result);
    return result;
}

static size_t digits_at(cgw_str text, size_t at)
{
    size_t n = 0;
    while (at + n < text.len && is_digit(text.ptr[at + n]))
        n++;
    return n;
}

enum lax_result lax_text_integer(cgw_str text, struct arena *arena, struct lax_integer *ret_integer)
{
    if (text.len > TEXT_MAX)
        return LAX_TOO_LARGE;
    enum lax_result result = plain(&text, arena);
    if (result != LAX_OK)
        return result;
    size_t sign = *text.ptr == '-' || *text.ptr == '+', n = digits_at(text, sign);
    size_t end = sign + n;
    if (end < text.len && text.ptr[end] == '.')
        for (end++; end < text.len && text.ptr[end] == '0';)
            end++;
    if (n == 0 || end != text.len)
        return LAX_NO_NUMBER;
    *ret_integer = lax_digits(text.ptr, sign + n);
    return LAX_OK;
}

static bool is_word(cgw_str text, const char *word)
{
    return strlen(word) == text.len && strncasecmp(text.ptr, word, text.len) == 0;
}

static bool is_infinite(cgw_str text)
{
    if (*text.ptr == '-' || *text.ptr == '+') {
        text.ptr++;
        text.len--;
    }
    return is_word(text, "inf") || is_word(text, "infinity") || is_word(text, "nan");
}

static bool is_number(cgw_str text)
{
    size_t at = *text.ptr == '-' || *text.ptr == '+', whole = digits_at(text, at), part = 0;
    at += whole;
    if (at < text.len && text.ptr[at] == '.') {
        part = digits_at(text, at + 1);
        at += 1 + part;
    }
    if (whole + part == 0)
        return false;
    if (at < text.len && (text.ptr[at] | 0x20) == 'e') {
        at++;
        at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+');
        size_t power = digits_at(text, at);
        return power && at + power == text.len;
    }
    return at == text.len;
}

enum lax_result lax_text_number(cgw_str text, struct arena *arena, double *ret_value)
{
    enum lax_result result = plain(&text, arena);
    if (result != LAX_OK)
        return result;
    if (is_infinite(text))
        return LAX_INFINITE;
    return is_number(text) ? lax_number(text, arena, ret_value) : LAX_NO_NUMBER;
}

bool lax_text_bool(cgw_str text, bool *ret_value)
{
    static const char *const words[2][6] = {{"0", "f", "n", "no", "off", "false"},
                                            {"1", "t", "y", "yes", "on", "true"}};
    for (int value = 0; value < 2; value++)
        for (size_t i = 0; i < 6; i++)
            if (is_word(text, words[value][i])) {
                *ret_value = value;
                return true;
            }
    return false;
}
