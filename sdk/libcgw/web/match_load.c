/*
 * From what the linker gathered to routes: a route takes its prefix and settings from its routers
 * and the application here, once, so that a request looks at none of them.
 */
#include "web/match.h"
#include <stdio.h>

bool match_load_fail(struct matcher *matcher, const char *format, ...)
{
    va_list args;
    if (matcher->error[0])
        return false;
    va_start(args, format);
    (void)vsnprintf(matcher->error, sizeof(matcher->error), format, args);
    va_end(args);
    return false;
}

bool match_load_memory(struct matcher *matcher)
{
    return match_load_fail(matcher, "out of memory");
}

/* ---- routers ---- */

struct routers {
    const struct cgw_router *items[MATCH_ROUTERS_MAX]; /* outermost first */
    size_t n;
};

static bool check_prefix(struct matcher *matcher, const char *where,
                         const struct cgw_router *router)
{
    const char *prefix = router->prefix;
    size_t len = prefix ? strlen(prefix) : 0;
    if (len == 0 || (prefix[0] == '/' && prefix[len - 1] != '/'))
        return true;
    return match_load_fail(matcher,
                           "%s: the prefix \"%s\" of the router %s must begin with '/', and not "
                           "end with it",
                           where, prefix, router->name);
}

static bool find_routers(struct matcher *matcher, const char *where,
                         const struct cgw_router *router, struct routers *ret)
{
    size_t n = 0;
    for (const struct cgw_router *r = router; r; r = r->parent) {
        if (++n > MATCH_ROUTERS_MAX)
            return match_load_fail(matcher,
                                   "%s: the parents of the router %s go round in a circle, or are "
                                   "more than %d",
                                   where, router->name, MATCH_ROUTERS_MAX);
        if (!check_prefix(matcher, where, r))
            return false;
    }
    ret->n = n;
    for (const struct cgw_router *r = router; r; r = r->parent)
        ret->items[--n] = r;
    return true;
}

static size_t count_segments(const char *text)
{
    size_t n = 0;
    for (; text && *text; text++)
        n += *text == '/';
    return n;
}

/* How many segments the innermost application has in front of it. */
static size_t root_segments(const struct routers *routers)
{
    size_t n = 0, root = 0;
    for (size_t i = 0; i < routers->n; i++) {
        n += count_segments(routers->items[i]->prefix);
        if (routers->items[i]->is_application)
            root = n;
    }
    return root;
}

static void set_settings(struct match_route *route, const struct routers *routers,
                         const struct cgw_application *application)
{
    int mode = application->mode;
    double timeout = application->timeout;
    uint64_t max_body = application->max_body ? application->max_body : MATCH_BODY_MAX;
    const struct cgw_endpoint *endpoint = route->endpoint;
    for (size_t i = 0; i < routers->n; i++) {
        const struct cgw_router *router = routers->items[i];
        mode = router->mode ? router->mode : mode;
        timeout = router->timeout != 0 ? router->timeout : timeout;
        max_body = router->max_body ? router->max_body : max_body;
    }
    mode = endpoint->mode ? endpoint->mode : mode;
    timeout = endpoint->timeout != 0 ? endpoint->timeout : timeout;
    max_body = endpoint->max_body ? endpoint->max_body : max_body;
    route->settings =
        (struct route_settings){mode == CGW_SYNC, timeout > 0 ? timeout : 0, max_body};
}

/* ---- lists ended by NULL, one behind the other ---- */

static const void *const none[1];

static size_t length(const void *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

/* NULL: out of memory. */
static const void *const *join(struct arena *arena, const void *const *const *lists, size_t n)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        total += length(lists[i]);
    if (total == 0)
        return none;
    const void **joined = arena_alloc(arena, (total + 1) * sizeof(*joined));
    if (!joined)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t len = length(lists[i]);
        if (len)
            memcpy(joined + at, lists[i], len * sizeof(*joined));
        at += len;
    }
    joined[total] = NULL;
    return joined;
}

#define LIST(of) ((const void *const *)(const void *)(of))

static bool join_lists(struct matcher *matcher, struct match_route *route,
                       const struct routers *routers)
{
    const void *const *middleware[MATCH_ROUTERS_MAX + 2];
    const void *const *depends[MATCH_ROUTERS_MAX + 2];
    size_t n = routers->n + 2;
    middleware[0] = LIST(matcher->input.application->middleware);
    depends[0] = LIST(matcher->input.application->depends);
    for (size_t i = 0; i < routers->n; i++) {
        middleware[i + 1] = LIST(routers->items[i]->middleware);
        depends[i + 1] = LIST(routers->items[i]->depends);
    }
    middleware[n - 1] = LIST(route->endpoint->middleware);
    depends[n - 1] = LIST(route->endpoint->depends);
    route->middleware = (const void *)join(&matcher->arena, middleware, n);
    route->depends = (const void *)join(&matcher->arena, depends, n);
    return (route->middleware && route->depends) || match_load_memory(matcher);
}

/* ---- names and paths ---- */

static const char *name_of(struct matcher *matcher, const struct cgw_endpoint *endpoint,
                           const struct routers *routers)
{
    struct buffer name = BUFFER_IN(&matcher->arena);
    for (size_t i = 0; i < routers->n; i++)
        if (routers->items[i]->is_application)
            buffer_printf(&name, "%s:", routers->items[i]->name);
    buffer_printf(&name, "%s", endpoint->name ? endpoint->name : endpoint->function);
    return buffer_text(&name).ptr;
}

static const char *path_of(struct matcher *matcher, const struct cgw_endpoint *endpoint,
                           const struct routers *routers)
{
    struct buffer path = BUFFER_IN(&matcher->arena);
    for (size_t i = 0; i < routers->n; i++)
        if (routers->items[i]->prefix)
            buffer_printf(&path, "%s", routers->items[i]->prefix);
    buffer_printf(&path, "%s", endpoint->path);
    return buffer_text(&path).ptr;
}

/* ---- routes ---- */

static const char *place_of(struct matcher *matcher, const struct cgw_endpoint *endpoint)
{
    cgw_str place = arena_printf(&matcher->arena, "%s:%d: %s %s", endpoint->file, endpoint->line,
                                 endpoint->method, endpoint->path ? endpoint->path : "");
    return place.ptr;
}

static bool check_path(struct matcher *matcher, const char *where, const char *path,
                       const char *whole)
{
    if (path[0] == '/' || (path[0] == '\0' && whole[0] == '/'))
        return true;
    return match_load_fail(matcher, "%s: a path begins with '/'", where);
}

static bool load_route(struct matcher *matcher, const struct cgw_endpoint *endpoint,
                       struct match_route *route)
{
    struct routers routers = {.n = 0};
    const char *where = place_of(matcher, endpoint);
    if (!where)
        return match_load_memory(matcher);
    if (!endpoint->path)
        return match_load_fail(matcher, "%s: there is no path", where);
    if (!find_routers(matcher, where, endpoint->router, &routers))
        return false;
    const char *path = path_of(matcher, endpoint, &routers);
    *route = (struct match_route){.endpoint = endpoint,
                                  .name = name_of(matcher, endpoint, &routers),
                                  .root_segments = root_segments(&routers),
                                  .methods = match_method_bits(matcher, endpoint)};
    if (!path || !route->name)
        return match_load_memory(matcher);
    set_settings(route, &routers, matcher->input.application);
    return check_path(matcher, where, endpoint->path, path) &&
           match_pattern_parse(matcher, where, path, &route->pattern) &&
           join_lists(matcher, route, &routers);
}

/* ---- the library's own ---- */

static bool is_below(const char *path, const char *prefix)
{
    size_t len = strlen(prefix);
    return len && strncmp(path, prefix, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Has the application something at that path? */
static bool is_taken(const struct matcher *matcher, const struct match_route *own)
{
    const struct match_input *input = &matcher->input;
    for (size_t i = 0; i < matcher->n_routes; i++)
        if (matcher->routes[i].methods & own->methods &&
            match_same(matcher->routes[i].pattern.text, own->pattern.text))
            return true;
    for (const struct cgw_mount *const *p = input->mounts; p < input->mounts_end; p++)
        if (is_below(own->pattern.text.ptr, (*p)->prefix))
            return true;
    return false;
}

/* What the application wants of all requests' credentials is not asked for these. */
static bool load_own(struct matcher *matcher, const struct cgw_endpoint *own, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct match_route *route = &matcher->routes[matcher->n_routes];
        if (!load_route(matcher, &own[i], route))
            return false;
        route->depends = (const void *)none;
        matcher->n_routes += !is_taken(matcher, route);
    }
    return true;
}

bool match_load_routes(struct matcher *matcher)
{
    const struct match_input *input = &matcher->input;
    const struct cgw_endpoint *own = NULL;
    size_t n = (size_t)(input->endpoints_end - input->endpoints), n_own = 0;
    if (!match_method_collect(matcher) || (input->own && !input->own(matcher, &own, &n_own)))
        return false;
    matcher->routes = arena_zalloc(&matcher->arena, (n + n_own) * sizeof(*matcher->routes));
    if (!matcher->routes)
        return match_load_memory(matcher);
    for (; matcher->n_routes < n; matcher->n_routes++)
        if (!load_route(matcher, input->endpoints[matcher->n_routes],
                        &matcher->routes[matcher->n_routes]))
            return false;
    return load_own(matcher, own, n_own);
}

/* ---- mounts ---- */

static bool load_mount(struct matcher *matcher, const struct cgw_mount *mount,
                       struct match_mount *ret)
{
    size_t len = strlen(mount->prefix);
    cgw_str where = arena_printf(&matcher->arena, "%s:%d: CGW_MOUNT(%s, \"%s\")", mount->file,
                                 mount->line, mount->name, mount->prefix);
    if (!where.ptr)
        return match_load_memory(matcher);
    if (len && (mount->prefix[0] != '/' || mount->prefix[len - 1] == '/'))
        return match_load_fail(matcher,
                               "%s: a prefix begins with '/' and does not end with it; \"\" takes "
                               "all paths",
                               where.ptr);
    if (!mount->app || mount->app->magic != CGW_MAGIC || mount->app->abi_major != CGW_ABI_MAJOR)
        return match_load_fail(matcher, "%s: this is no application", where.ptr);
    ret->mount = mount;
    if (!match_pattern_parse(matcher, where.ptr, mount->prefix, &ret->pattern))
        return false;
    return !ret->pattern.n_params ||
           match_load_fail(matcher, "%s: a prefix has no parameters here", where.ptr);
}

/* Those in front are loaded. */
static bool is_mount_new(struct matcher *matcher, size_t i)
{
    const struct cgw_mount *b = matcher->mounts[i].mount;
    for (size_t j = 0; j < i; j++) {
        const struct cgw_mount *a = matcher->mounts[j].mount;
        if (strcmp(a->prefix, b->prefix) == 0 || strcmp(a->name, b->name) == 0)
            return match_load_fail(matcher,
                                   "%s:%d: CGW_MOUNT(%s, \"%s\"): there is one of that name or "
                                   "prefix at %s:%d",
                                   b->file, b->line, b->name, b->prefix, a->file, a->line);
    }
    return true;
}

bool match_load_mounts(struct matcher *matcher)
{
    const struct match_input *input = &matcher->input;
    size_t n = (size_t)(input->mounts_end - input->mounts);
    matcher->mounts = arena_zalloc(&matcher->arena, n * sizeof(*matcher->mounts));
    if (!matcher->mounts)
        return match_load_memory(matcher);
    for (size_t i = 0; i < n; i++)
        if (!load_mount(matcher, input->mounts[i], &matcher->mounts[i]) ||
            !is_mount_new(matcher, i))
            return false;
    matcher->n_mounts = n;
    return true;
}
