/* "/items/{id:int}" to segments, at load: a pattern is the programmer's, so each fault has a text.
 */
#include "web/match.h"

struct parser {
    struct matcher *matcher;
    const char *where;
    struct match_segment *segments; /* as many as there are slashes */
    size_t n, n_params;
};

static bool is_word(cgw_str word)
{
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return word.len > 0;
}

static bool is_new(const struct parser *parser, cgw_str name)
{
    for (size_t i = 0; i < parser->n; i++)
        if (parser->segments[i].class != MATCH_STATIC && match_same(parser->segments[i].name, name))
            return false;
    return true;
}

#define FAIL(format, ...) \
    match_load_fail(parser->matcher, "%s: " format, parser->where, __VA_ARGS__)

static bool set_converter(struct parser *parser, struct match_segment *segment, cgw_str name)
{
    segment->converter = match_convert_find(&parser->matcher->input, name);
    if (!segment->converter)
        return FAIL("there is no converter \"%.*s\"", (int)name.len, name.ptr);
    segment->class = segment->converter == &match_convert_str    ? MATCH_STR
                     : segment->converter == &match_convert_path ? MATCH_PATH
                                                                 : MATCH_TYPED;
    return true;
}

/* inner: what stands between the braces. */
static bool parse_parameter(struct parser *parser, struct match_segment *segment, cgw_str inner)
{
    const char *colon = memchr(inner.ptr, ':', inner.len);
    size_t len = colon ? (size_t)(colon - inner.ptr) : inner.len;
    segment->name = (cgw_str){inner.ptr, len};
    if (!is_word(segment->name))
        return FAIL("\"%.*s\" is no name of a parameter", (int)len, inner.ptr);
    if (!is_new(parser, segment->name))
        return FAIL("two parameters are named \"%.*s\"", (int)len, inner.ptr);
    if (++parser->n_params > REQUEST_PARAMS_MAX)
        return FAIL("more than %d parameters", REQUEST_PARAMS_MAX);
    cgw_str converter = {"str", 3};
    if (colon)
        converter = (cgw_str){colon + 1, inner.len - len - 1};
    return set_converter(parser, segment, converter);
}

static bool has_brace(cgw_str text)
{
    return (text.len && memchr(text.ptr, '{', text.len)) ||
           (text.len && memchr(text.ptr, '}', text.len));
}

static bool parse_segment(struct parser *parser, cgw_str text)
{
    struct match_segment *segment = &parser->segments[parser->n];
    const char *end = text.ptr + text.len;
    const char *open = text.len ? memchr(text.ptr, '{', text.len) : NULL;
    const char *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
    *segment = (struct match_segment){.before = text};
    if (!open && !has_brace(text))
        return true;
    if (!open || !close)
        return FAIL("the braces in \"%.*s\" do not match", (int)text.len, text.ptr);
    segment->before.len = (size_t)(open - text.ptr);
    segment->after = (cgw_str){close + 1, (size_t)(end - close - 1)};
    cgw_str inner = {open + 1, (size_t)(close - open - 1)};
    if (has_brace(segment->before) || has_brace(segment->after) || has_brace(inner))
        return FAIL("\"%.*s\" has more than one parameter, or braces that do not match",
                    (int)text.len, text.ptr);
    return parse_parameter(parser, segment, inner);
}

static bool check_path(struct parser *parser, const struct match_segment *segment, bool is_last)
{
    if (segment->class != MATCH_PATH)
        return true;
    if (is_last && segment->before.len == 0 && segment->after.len == 0)
        return true;
    return FAIL("{%.*s:path} takes all that follows: nothing may stand beside or behind it",
                (int)segment->name.len, segment->name.ptr);
}

static bool parse_all(struct parser *parser, const char *text)
{
    for (const char *p = text; *p; parser->n++) {
        size_t len = strcspn(p + 1, "/");
        if (parser->n == MATCH_SEGMENTS_MAX)
            return FAIL("more than %d segments", MATCH_SEGMENTS_MAX);
        if (!parse_segment(parser, (cgw_str){p + 1, len}))
            return false;
        p += 1 + len;
        if (!check_path(parser, &parser->segments[parser->n], *p == '\0'))
            return false;
    }
    return true;
}

static size_t count_slashes(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == '/';
    return n;
}

/* The segments point into the copy of the text. */
bool match_pattern_parse(struct matcher *matcher, const char *where, const char *text,
                         struct match_pattern *ret_pattern)
{
    struct parser parser = {.matcher = matcher, .where = where};
    size_t len = strlen(text);
    const char *copy = arena_copy(&matcher->arena, text, len);
    parser.segments =
        arena_alloc(&matcher->arena, count_slashes(text) * sizeof(struct match_segment));
    if (!copy || !parser.segments)
        return match_load_memory(matcher);
    if (!parse_all(&parser, copy))
        return false;
    if (parser.n > matcher->depth)
        matcher->depth = parser.n;
    *ret_pattern = (struct match_pattern){{copy, len}, parser.segments, parser.n, parser.n_params};
    return true;
}
