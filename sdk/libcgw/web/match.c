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
    struct match_search other = {.path = path,
                                 .arena = found->arena,
                                 .values = found->values,
                                 .method = found->method,
                                 .get_bit = found->get_bit};
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

int matcher_match(const struct matcher *matcher, cgw_request *req, struct match_result *ret)
{
    struct match_path path;
    cgw_str values[REQUEST_PARAMS_MAX];
    struct match_search search = {.path = &path, .arena = &req->arena, .values = values};
    cgw_str root = req->scope->root_path;
    *ret = (struct match_result){.root_path = root.ptr ? root : (cgw_str){"", 0}};
    int status = match_path_split(&req->arena, req->scope, matcher->depth, &path);
    if (status != CGW_OK)
        return status == CGW_ENOENT ? CGW_OK : status;
    search.method = match_method_bit(matcher, req->scope->method);
    search.get_bit = search.method == MATCH_HEAD ? MATCH_GET : 0;
    if (!match_tree_find(matcher, &search))
        return answer_without_route(matcher, req, &search, &path, ret);
    ret->route = search.route;
    ret->endpoint = search.route->endpoint;
    ret->is_head = search.is_head;
    status = keep_params(req, &search);
    if (status != CGW_OK || search.route->root_segments == 0)
        return status;
    return grow_root(req, &path, search.route->root_segments, &ret->root_path);
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
