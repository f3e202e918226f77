/* Converters: the built-in ones, and the module's own. */
#include "web/match.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t digits(cgw_str text)
{
    size_t n = 0;
    while (n < text.len && is_digit(text.ptr[n]))
        n++;
    return n;
}

static bool is_text(cgw_str segment)
{
    return segment.len > 0;
}

static bool is_any(cgw_str segment)
{
    (void)segment;
    return true;
}

/* Digits that an int64_t holds; so at most 19, zeros in front included. */
static bool is_int(cgw_str segment)
{
    static const char most[] = "9223372036854775807";
    if (segment.len == 0 || digits(segment) != segment.len)
        return false;
    size_t n = sizeof(most) - 1;
    return segment.len < n || (segment.len == n && memcmp(segment.ptr, most, n) <= 0);
}

static bool is_float(cgw_str segment)
{
    size_t n = digits(segment);
    if (n == 0 || n == segment.len)
        return n > 0;
    cgw_str rest = {segment.ptr + n + 1, segment.len - n - 1};
    return segment.ptr[n] == '.' && rest.len > 0 && digits(rest) == rest.len;
}

/* 8-4-4-4-12, or 32 digits in one. */
static bool is_uuid(cgw_str segment)
{
    bool has_hyphens = segment.len == 36;
    if (!has_hyphens && segment.len != 32)
        return false;
    for (size_t i = 0; i < segment.len; i++) {
        bool is_hyphen = has_hyphens && (i == 8 || i == 13 || i == 18 || i == 23);
        if (is_hyphen ? segment.ptr[i] != '-' : !is_hex(segment.ptr[i]))
            return false;
    }
    return true;
}

const struct cgw_converter match_convert_str = {"str", is_text};
const struct cgw_converter match_convert_path = {"path", is_any};
static const struct cgw_converter convert_int = {"int", is_int};
static const struct cgw_converter convert_float = {"float", is_float};
static const struct cgw_converter convert_uuid = {"uuid", is_uuid};
static const struct cgw_converter *const built_in[] = {
    &match_convert_str, &convert_int, &convert_float, &convert_uuid, &match_convert_path};
enum { N_BUILT_IN = sizeof(built_in) / sizeof(built_in[0]) };

static bool is_named(const struct cgw_converter *converter, cgw_str name)
{
    return strlen(converter->name) == name.len && memcmp(converter->name, name.ptr, name.len) == 0;
}

const struct cgw_converter *match_convert_find(const struct match_input *input, cgw_str name)
{
    for (size_t i = 0; i < N_BUILT_IN; i++)
        if (is_named(built_in[i], name))
            return built_in[i];
    for (const struct cgw_converter *const *p = input->converters; p < input->converters_end; p++)
        if (is_named(*p, name))
            return *p;
    return NULL;
}

/* The first of a name is what match_convert_find() finds. */
bool match_convert_check(struct matcher *matcher)
{
    const struct match_input *input = &matcher->input;
    for (const struct cgw_converter *const *p = input->converters; p < input->converters_end; p++) {
        cgw_str name = {(*p)->name, strlen((*p)->name)};
        if (match_convert_find(input, name) != *p)
            return match_load_fail(matcher, "CGW_CONVERTER(%s): there is another of that name",
                                   (*p)->name);
    }
    return true;
}

/* A UUID without hyphens may look like a float; it is too long for an int. */
bool match_convert_disjoint(const struct cgw_converter *a, const struct cgw_converter *b)
{
    return (a == &convert_int && b == &convert_uuid) || (a == &convert_uuid && b == &convert_int);
}
