/*
 * Routes that cannot stand side by side: two that take the same paths, where nothing makes one the
 * more specific, and two that have one name. Said at load, with both places.
 */
#include "web/match.h"
#include <stdlib.h>

static size_t shorter(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Text in front of, or behind, a parameter: can one string have both? */
static bool may_begin_alike(cgw_str a, cgw_str b)
{
    size_t n = shorter(a.len, b.len);
    return n == 0 || memcmp(a.ptr, b.ptr, n) == 0;
}

static bool may_end_alike(cgw_str a, cgw_str b)
{
    size_t n = shorter(a.len, b.len);
    return n == 0 || memcmp(a.ptr + a.len - n, b.ptr + b.len - n, n) == 0;
}

static bool may_overlap(const struct match_segment *a, const struct match_segment *b)
{
    cgw_str value;
    if (a->class == MATCH_STATIC && b->class == MATCH_STATIC)
        return match_same(a->before, b->before);
    if (a->class == MATCH_STATIC)
        return match_tree_fits(b, a->before, &value);
    if (b->class == MATCH_STATIC)
        return match_tree_fits(a, b->before, &value);
    return may_begin_alike(a->before, b->before) && may_end_alike(a->after, b->after) &&
           !match_convert_disjoint(a->converter, b->converter);
}

/* Is there a path that both take? */
static bool have_common_path(const struct match_pattern *a, const struct match_pattern *b)
{
    size_t n = shorter(a->n, b->n);
    for (size_t i = 0; i < n; i++) {
        if (a->segments[i].class == MATCH_PATH || b->segments[i].class == MATCH_PATH)
            return true;
        if (!may_overlap(&a->segments[i], &b->segments[i]))
            return false;
    }
    return a->n == b->n;
}

static bool is_same(const struct match_segment *a, const struct match_segment *b)
{
    return a->class == b->class && a->converter == b->converter &&
           match_same(a->before, b->before) && match_same(a->after, b->after);
}

/* The search takes one of them first because it says more. */
static bool is_decided(const struct match_segment *a, const struct match_segment *b)
{
    if (a->class == MATCH_STATIC || b->class == MATCH_STATIC)
        return true;
    return a->class != b->class || a->before.len + a->after.len != b->before.len + b->after.len;
}

static bool stands_before(const struct cgw_endpoint *a, const struct cgw_endpoint *b)
{
    int order = strcmp(a->file, b->file);
    return order ? order < 0 : a->line < b->line;
}

/* In the order of the source; the linker's is another one. */
static bool fail(struct matcher *matcher, const struct match_route *a, const struct match_route *b,
                 const char *what)
{
    if (stands_before(b->endpoint, a->endpoint))
        return fail(matcher, b, a, what);
    return match_load_fail(matcher, "%s:%d: %s %s (%s) and %s:%d: %s %s (%s) %s", a->endpoint->file,
                           a->endpoint->line, a->endpoint->method, a->pattern.text.ptr,
                           a->endpoint->function, b->endpoint->file, b->endpoint->line,
                           b->endpoint->method, b->pattern.text.ptr, b->endpoint->function, what);
}

static bool check_pair(struct matcher *matcher, const struct match_route *a,
                       const struct match_route *b)
{
    const struct match_pattern *p = &a->pattern, *q = &b->pattern;
    size_t n = shorter(p->n, q->n), i = 0;
    if (!(a->methods & b->methods))
        return true;
    while (i < n && is_same(&p->segments[i], &q->segments[i]))
        i++;
    if (i == n)
        return p->n != q->n || fail(matcher, a, b, "are the same route");
    return is_decided(&p->segments[i], &q->segments[i]) || !have_common_path(p, q) ||
           fail(matcher, a, b, "take the same paths, and neither is the more specific one");
}

/* ---- names ---- */

static int compare_names(const void *a, const void *b)
{
    const struct match_route *const *p = a, *const *q = b;
    int order = strcmp((*p)->name, (*q)->name);
    return order ? order : strcmp((*p)->pattern.text.ptr, (*q)->pattern.text.ptr);
}

/* Of one path there may be several: its URL is the same. */
static bool check_names(struct matcher *matcher)
{
    size_t n = matcher->n_routes;
    const struct match_route **sorted = arena_alloc(&matcher->arena, n * sizeof(*sorted));
    if (!sorted)
        return match_load_memory(matcher);
    for (size_t i = 0; i < n; i++)
        sorted[i] = &matcher->routes[i];
    if (n)
        qsort(sorted, n, sizeof(*sorted), compare_names);
    matcher->by_name = sorted;
    for (size_t i = 1; i < n; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0 &&
            !match_same(sorted[i - 1]->pattern.text, sorted[i]->pattern.text))
            return fail(matcher, sorted[i - 1], sorted[i],
                        "have one name: give one of them another by .name");
    return true;
}

bool match_check_routes(struct matcher *matcher)
{
    for (size_t i = 0; i < matcher->n_routes; i++)
        for (size_t j = i + 1; j < matcher->n_routes; j++)
            if (!check_pair(matcher, &matcher->routes[i], &matcher->routes[j]))
                return false;
    return check_names(matcher);
}
