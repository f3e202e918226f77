/*
 * Routes without parameters, by their whole path: what most requests ask for, found without cutting
 * it up. A table of hashes that is at most a quarter full. The tree says the same of these paths,
 * and is asked wherever this knows nothing.
 */
#include "web/match.h"

static size_t hash(cgw_str path)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < path.len; i++)
        hash = (hash ^ (unsigned char)path.ptr[i]) * 16777619u;
    return hash ^ hash >> 16;
}

/* Where it is, or would be. */
static struct match_exact *slot_of(const struct matcher *matcher, cgw_str path)
{
    size_t at = hash(path) & matcher->exact_mask;
    while (matcher->exact[at].node && !match_same(matcher->exact[at].path, path))
        at = (at + 1) & matcher->exact_mask;
    return &matcher->exact[at];
}

bool match_exact_new(struct matcher *matcher)
{
    size_t room = 4;
    while (room < 4 * matcher->n_routes)
        room *= 2;
    matcher->exact = arena_zalloc(&matcher->arena, room * sizeof(*matcher->exact));
    matcher->exact_mask = room - 1;
    return matcher->exact != NULL;
}

/* A % is sent as an escape, so a path as sent is never the same. */
void match_exact_add(struct matcher *matcher, const struct match_pattern *pattern,
                     const struct match_node *node)
{
    if (pattern->n_params || memchr(pattern->text.ptr, '%', pattern->text.len))
        return;
    *slot_of(matcher, pattern->text) = (struct match_exact){pattern->text, node};
    if (pattern->text.len > matcher->exact_longest)
        matcher->exact_longest = pattern->text.len;
}

const struct match_node *match_exact_find(const struct matcher *matcher, cgw_str path)
{
    return path.len <= matcher->exact_longest ? slot_of(matcher, path)->node : NULL;
}
