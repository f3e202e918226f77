/* The way of a request through the tree, and what the tree's leaves say. */
#include "web/match.h"
#include "base/memory.h"

/* ---- made and freed ---- */

/* Without the NULLs, which stand in the linker's sections so that each is there. */
static bool compact(struct arena *arena, const void *const **first, const void *const **end)
{
    size_t n = 0;
    const void **kept = arena_alloc(arena, (size_t)(*end - *first) * sizeof(*kept));
    if (!kept)
        return false;
    for (const void *const *p = *first; p < *end; p++)
        if (*p)
            kept[n++] = *p;
    *first = kept;
    *end = kept + n;
    return true;
}

#define COMPACT(matcher, name)                                               \
    compact(&(matcher)->arena, (const void *const **)&(matcher)->input.name, \
            (const void *const **)&(matcher)->input.name##_end)

static bool load(struct matcher *matcher)
{
    if (!COMPACT(matcher, endpoints) || !COMPACT(matcher, mounts) || !COMPACT(matcher, converters))
        return match_load_memory(matcher);
    return match_convert_check(matcher) && match_load_routes(matcher) &&
           match_load_mounts(matcher) && match_check_routes(matcher) && match_tree_build(matcher);
}

struct matcher *match_new(const struct match_input *input, const char **ret_error)
{
    static _Thread_local char error[MATCH_ERROR_BYTES];
    struct matcher *matcher = memory_zalloc(sizeof(*matcher));
    *ret_error = "out of memory";
    if (!matcher)
        return NULL;
    arena_init(&matcher->arena, NULL, 0);
    matcher->input = *input;
    if (load(matcher))
        return matcher;
    memcpy(error, matcher->error, sizeof(error));
    *ret_error = error;
    matcher_free(matcher);
    return NULL;
}

void matcher_free(struct matcher *matcher)
{
    if (!matcher)
        return;
    arena_fini(&matcher->arena);
    memory_free(matcher);
}

/* ---- a request ---- */

/* NUL-terminated, as they are the rest of a path otherwise. */
static int keep_params(cgw_request *req, const struct match_search *search)
{
    const struct match_pattern *pattern = &search->route->pattern;
    for (size_t i = 0, n = 0; n < search->n_values; i++) {
        const struct match_segment *segment = &pattern->segments[i];
        if (segment->class == MATCH_STATIC)
            continue;
        cgw_str value = search->values[n];
        const char *copy = arena_copy(&req->arena, value.ptr, value.len);
        if (!copy)
            return CGW_ENOMEM;
        req->params[n++] = (struct request_param){segment->name, {copy, value.len}};
        req->n_params = n;
    }
    return CGW_OK;
}

/* root_path with so many segments of the path behind it. */
static int grow_root(cgw_request *req, const struct match_path *path, size_t n, cgw_str *ret_root)
{
    cgw_str root = req->scope->root_path;
    struct buffer text = BUFFER_IN(&req->arena);
    buffer_add(&text, root.ptr, root.len);
    for (size_t i = 0; i < n; i++) {
        buffer_add_char(&text, '/');
        buffer_add(&text, path->segments[i].text.ptr, path->segments[i].text.len);
    }
    *ret_root = buffer_text(&text);
    return text.status;
}

/* With the slash at the end that it lacks, or without the one it has; false: neither is meant. */
static bool turn_slash(struct match_path *path)
{
    struct match_text *last = &path->segments[path->n - 1];
    if (path->is_more || (path->n == 1 && last->text.len == 0))
        return false;
    if (path->segments[0].text.len == 0)
        return false; /* "//host/" would lead to another host */
    if (last->text.len == 0)
        path->n--;
    else
        path->segments[path->n++] = (struct match_text){path->end, {path->end, 0}, false};
    return true;
}

static bool is_elsewhere(const struct matcher *matcher, const struct match_search *found,
                         struct match_path *path)
{
    struct match_search other = {
        .path = path, .arena = found->arena, .values = found->values, .method = found->method};
    if (matcher->input.application->exact_slash || !turn_slash(path))
        return false;
    return match_tree_find(matcher, &other) || other.methods || other.mount;
}

static int answer_without_route(const struct matcher *matcher, cgw_request *req,
                                const struct match_search *search, struct match_path *path,
                                struct match_result *ret)
{
    if (search->status != CGW_OK)
        return search->status;
    if (search->mount) {
        ret->mount = search->mount->mount;
        return search->mount_at ? grow_root(req, path, search->mount_at, &ret->root_path) : CGW_OK;
    }
    if (search->methods) {
        ret->allow = match_method_allow(matcher, &req->arena, search->methods);
        return ret->allow ? CGW_OK : CGW_ENOMEM;
    }
    ret->is_slash = is_elsewhere(matcher, search, path);
    return CGW_OK;
}

static void take_route(struct match_result *ret, const struct match_route *route, uint32_t method)
{
    ret->route = route;
    ret->endpoint = route->endpoint;
    ret->is_head = !(route->methods & method);
}

/* In a path that it does not know, or another method, or below a prefix, there may be one yet. */
static const struct match_route *find_exact(const struct matcher *matcher,
                                            const struct cgw_scope *scope, uint32_t method)
{
    if (scope->root_path.len || !scope->raw_path.len)
        return NULL;
    const struct match_node *node = match_exact_find(matcher, scope->raw_path);
    const struct match_route *route = node ? match_tree_route(node, method) : NULL;
    return route && !route->root_segments ? route : NULL;
}

static int find(const struct matcher *matcher, cgw_request *req, uint32_t method,
                struct match_result *ret)
{
    struct match_path path;
    cgw_str values[REQUEST_PARAMS_MAX];
    struct match_search search = {
        .path = &path, .arena = &req->arena, .method = method, .values = values};
    int status = match_path_split(&req->arena, req->scope, matcher->depth, &path);
    if (status != CGW_OK)
        return status == CGW_ENOENT ? CGW_OK : status;
    if (!match_tree_find(matcher, &search))
        return answer_without_route(matcher, req, &search, &path, ret);
    take_route(ret, search.route, method);
    status = keep_params(req, &search);
    if (status != CGW_OK || search.route->root_segments == 0)
        return status;
    return grow_root(req, &path, search.route->root_segments, &ret->root_path);
}

int matcher_match(const struct matcher *matcher, cgw_request *req, struct match_result *ret)
{
    cgw_str root = req->scope->root_path;
    *ret = (struct match_result){.root_path = root.ptr ? root : (cgw_str){"", 0}};
    uint32_t method = match_method_bit(matcher, req->scope->method);
    const struct match_route *route = find_exact(matcher, req->scope, method);
    if (!route)
        return find(matcher, req, method, ret);
    take_route(ret, route, method);
    return CGW_OK;
}

/* ---- a route ---- */

cgw_str match_route_template(const struct match_route *route)
{
    return route->pattern.text;
}

const struct route_settings *match_route_settings(const struct match_route *route)
{
    return &route->settings;
}

const struct cgw_middleware *const *match_route_middleware(const struct match_route *route)
{
    return route->middleware;
}

const struct cgw_dependency *const *match_route_depends(const struct match_route *route)
{
    return route->depends;
}
