/*
 * The tree of segments. The search goes to the most specific branch first and comes back where that
 * leads nowhere; a node is looked at once at most, so a path costs no more than the tree is large,
 * and usually one branch.
 */
#include "web/match.h"

/* ---- growing it, at load ---- */

static bool is_same_segment(const struct match_segment *a, const struct match_segment *b)
{
    return a->class == b->class && a->converter == b->converter &&
           match_same(a->before, b->before) && match_same(a->after, b->after);
}

/* Of texts: the shorter one first. */
static int compare_text(cgw_str a, cgw_str b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

/* < 0: a is more specific, or, which decides nothing, comes first. */
static int compare_parameters(const struct match_segment *a, const struct match_segment *b)
{
    size_t len_a = a->before.len + a->after.len, len_b = b->before.len + b->after.len;
    if (len_a != len_b)
        return len_a > len_b ? -1 : 1;
    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    int order = compare_text(a->before, b->before);
    return order ? order : strcmp(a->converter->name, b->converter->name);
}

static int compare(const struct match_segment *a, const struct match_segment *b)
{
    return a->class == MATCH_STATIC ? compare_text(a->before, b->before) : compare_parameters(a, b);
}

static bool add_edge(struct matcher *matcher, struct match_edges *edges, size_t at,
                     const struct match_segment *segment, struct match_node *node)
{
    if (edges->n == edges->room) {
        size_t room = edges->room ? 2 * edges->room : 4;
        struct match_edge *items = arena_alloc(&matcher->arena, room * sizeof(*items));
        if (!items)
            return false;
        if (edges->n)
            memcpy(items, edges->items, edges->n * sizeof(*items));
        edges->items = items;
        edges->room = room;
    }
    memmove(edges->items + at + 1, edges->items + at, (edges->n - at) * sizeof(*edges->items));
    edges->items[at] = (struct match_edge){segment, node};
    edges->n++;
    return true;
}

/* The node behind the segment; NULL: out of memory. */
static struct match_node *go_down(struct matcher *matcher, struct match_node *node,
                                  const struct match_segment *segment)
{
    struct match_edges *edges = segment->class == MATCH_STATIC ? &node->statics : &node->params;
    size_t at = 0;
    for (; at < edges->n; at++) {
        if (is_same_segment(edges->items[at].segment, segment))
            return edges->items[at].node;
        if (compare(segment, edges->items[at].segment) < 0)
            break;
    }
    struct match_node *below = arena_zalloc(&matcher->arena, sizeof(*below));
    return below && add_edge(matcher, edges, at, segment, below) ? below : NULL;
}

static struct match_node *node_of(struct matcher *matcher, const struct match_pattern *pattern)
{
    struct match_node *node = &matcher->root;
    for (size_t i = 0; node && i < pattern->n; i++)
        node = go_down(matcher, node, &pattern->segments[i]);
    return node;
}

bool match_tree_build(struct matcher *matcher)
{
    if (!match_exact_new(matcher))
        return match_load_memory(matcher);
    for (size_t i = 0; i < matcher->n_routes; i++) {
        struct match_route *route = &matcher->routes[i];
        struct match_node *node = node_of(matcher, &route->pattern);
        if (!node)
            return match_load_memory(matcher);
        route->next = (struct match_route *)node->routes;
        node->routes = route;
        node->methods |= route->methods;
        match_exact_add(matcher, &route->pattern, node);
    }
    for (size_t i = 0; i < matcher->n_mounts; i++) {
        struct match_node *node = node_of(matcher, &matcher->mounts[i].pattern);
        if (!node)
            return match_load_memory(matcher);
        node->mount = &matcher->mounts[i];
    }
    return true;
}

/* ---- the search ---- */

static const struct match_node *find_static(const struct match_edges *edges, cgw_str text)
{
    size_t low = 0, high = edges->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_text(text, edges->items[middle].segment->before);
        if (order == 0)
            return edges->items[middle].node;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct match_route *match_tree_route(const struct match_node *node, uint32_t method)
{
    const struct match_route *route = node->routes;
    if (method == MATCH_HEAD && !(node->methods & MATCH_HEAD))
        method = MATCH_GET;
    while (route && !(route->methods & method))
        route = route->next;
    return route;
}

/* The path ends at this node. */
static bool end(struct match_search *search, const struct match_node *node, size_t n_values)
{
    search->methods |= node->methods;
    search->route = match_tree_route(node, search->method);
    search->n_values = n_values;
    return search->route != NULL;
}

bool match_tree_fits(const struct match_segment *segment, cgw_str text, cgw_str *ret_value)
{
    size_t before = segment->before.len, after = segment->after.len;
    if (text.len <= before + after)
        return false;
    if (before && memcmp(text.ptr, segment->before.ptr, before) != 0)
        return false;
    if (after && memcmp(text.ptr + text.len - after, segment->after.ptr, after) != 0)
        return false;
    *ret_value = (cgw_str){text.ptr + before, text.len - before - after};
    return segment->class == MATCH_STR || segment->converter->matches(*ret_value);
}

static bool take_rest(struct match_search *search, const struct match_node *node, size_t at,
                      size_t n_values)
{
    struct match_text text;
    if (match_path_rest(search->arena, search->path, at, &text) != CGW_OK) {
        search->status = CGW_ENOMEM;
        return false;
    }
    search->values[n_values] = text.text;
    return !text.has_nul && end(search, node, n_values + 1);
}

static bool walk(struct match_search *search, const struct match_node *node, size_t at,
                 size_t n_values);

static bool walk_parameters(struct match_search *search, const struct match_node *node, size_t at,
                            size_t n_values)
{
    const struct match_text *text = &search->path->segments[at];
    for (size_t i = 0; i < node->params.n; i++) {
        const struct match_edge *edge = &node->params.items[i];
        if (edge->segment->class == MATCH_PATH) {
            if (take_rest(search, edge->node, at, n_values))
                return true;
        } else if (!text->has_nul &&
                   match_tree_fits(edge->segment, text->text, &search->values[n_values]) &&
                   walk(search, edge->node, at + 1, n_values + 1)) {
            return true;
        }
    }
    return false;
}

/* No route of those below its prefix: it takes the rest, before any parameter further up does. */
static bool take_mount(struct match_search *search, const struct match_node *node, size_t at)
{
    if (!node->mount)
        return false;
    search->mount = node->mount;
    search->mount_at = at;
    return true;
}

/* true: it has an end, a route or a mount. */
static bool walk(struct match_search *search, const struct match_node *node, size_t at,
                 size_t n_values)
{
    if (at == search->path->n)
        return !search->path->is_more && end(search, node, n_values);
    const struct match_node *below = find_static(&node->statics, search->path->segments[at].text);
    if (below && walk(search, below, at + 1, n_values))
        return true;
    if (node->params.n && walk_parameters(search, node, at, n_values))
        return true;
    return take_mount(search, node, at);
}

bool match_tree_find(const struct matcher *matcher, struct match_search *search)
{
    return walk(search, &matcher->root, 0, 0) && search->route;
}
