/* Methods as bits: there are few, and a node then knows in one word what it answers. */
#include "web/match.h"

static bool is_method(cgw_str name)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!is_plain && (c == '\0' || !strchr(others, c)))
            return false;
    }
    return name.len > 0;
}

/* The next name of "GET, POST"; false: there is none. */
static bool next_method(const char **p, cgw_str *ret_name)
{
    if (!*p)
        return false;
    const char *begin = *p + strspn(*p, " ");
    size_t len = strcspn(begin, ", ");
    const char *behind = begin + len + strspn(begin + len, " ");
    *ret_name = (cgw_str){begin, *behind && *behind != ',' ? 0 : len};
    *p = *behind == ',' ? behind + 1 : NULL;
    return true;
}

static size_t find(const struct matcher *matcher, cgw_str name)
{
    size_t i = 0;
    while (i < matcher->n_methods && !match_same(matcher->methods[i], name))
        i++;
    return i;
}

/* Known ones as they stand below; behind them the others, by name. */
static bool add_method(struct matcher *matcher, cgw_str name, size_t n_known)
{
    if (find(matcher, name) < matcher->n_methods)
        return true;
    if (matcher->n_methods == MATCH_METHODS_MAX)
        return match_load_fail(matcher, "more than %d methods", MATCH_METHODS_MAX);
    size_t at = matcher->n_methods++;
    for (; at > n_known && strcmp(name.ptr, matcher->methods[at - 1].ptr) < 0; at--)
        matcher->methods[at] = matcher->methods[at - 1];
    matcher->methods[at] = name;
    return true;
}

bool match_method_collect(struct matcher *matcher)
{
    static const cgw_str known[] = {CGW_STR("GET"),    CGW_STR("HEAD"),  CGW_STR("POST"),
                                    CGW_STR("PUT"),    CGW_STR("PATCH"), CGW_STR("DELETE"),
                                    CGW_STR("OPTIONS")};
    enum { N_KNOWN = sizeof(known) / sizeof(known[0]) };
    const struct match_input *input = &matcher->input;
    memcpy(matcher->methods, known, sizeof(known));
    matcher->n_methods = N_KNOWN;
    for (const struct cgw_endpoint *const *p = input->endpoints; p < input->endpoints_end; p++) {
        cgw_str name;
        for (const char *rest = (*p)->method; next_method(&rest, &name);) {
            if (!is_method(name))
                return match_load_fail(matcher, "%s:%d: \"%s\" is no list of methods", (*p)->file,
                                       (*p)->line, (*p)->method);
            const char *copy = arena_copy(&matcher->arena, name.ptr, name.len);
            if (!copy)
                return match_load_memory(matcher);
            if (!add_method(matcher, (cgw_str){copy, name.len}, N_KNOWN))
                return false;
        }
    }
    return true;
}

uint32_t match_method_bits(const struct matcher *matcher, const struct cgw_endpoint *endpoint)
{
    uint32_t bits = 0;
    cgw_str name;
    for (const char *rest = endpoint->method; next_method(&rest, &name);)
        bits |= 1u << find(matcher, name);
    return bits;
}

uint32_t match_method_bit(const struct matcher *matcher, cgw_str name)
{
    if (name.len == 3 && memcmp(name.ptr, "GET", 3) == 0)
        return MATCH_GET;
    size_t i = find(matcher, name);
    return i < matcher->n_methods ? 1u << i : 0;
}

const char *match_method_allow(const struct matcher *matcher, struct arena *arena, uint32_t bits)
{
    struct buffer text = BUFFER_IN(arena);
    if (bits & MATCH_GET)
        bits |= MATCH_HEAD;
    for (size_t i = 0; i < matcher->n_methods; i++) {
        if (!(bits & 1u << i))
            continue;
        if (text.len)
            buffer_add_literal(&text, ", ");
        buffer_add(&text, matcher->methods[i].ptr, matcher->methods[i].len);
    }
    return buffer_text(&text).ptr;
}
