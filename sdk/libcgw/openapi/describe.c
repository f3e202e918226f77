/* cgw.describe/1: the application as it would start, looked at, and let go again. */
#include "base/memory.h"
#include "openapi/openapi.h"
#include "web/application.h"
#include "web/inspect.h"
#include "web/load.h"
#include <cgw/describe.h>

typedef void fail_fn(void *arg, const char *error);
typedef void route_fn(void *arg, const struct cgw_described_route *route);
typedef void text_fn(void *arg, const char *ptr, size_t len);

struct described {
    struct matcher *matcher;
    struct arena arena;
};

static int open_described(struct described *described, fail_fn *fail, void *arg)
{
    const char *fault = NULL;
    described->matcher = matcher_new(&fault);
    arena_init(&described->arena, NULL, 0);
    if (described->matcher)
        fault = load_fault(described->matcher, &described->arena);
    if (!fault)
        return CGW_OK;
    fail(arg, fault);
    return CGW_EFAILED;
}

static int close_described(struct described *described, int status)
{
    arena_fini(&described->arena);
    matcher_free(described->matcher);
    return status;
}

static int no_memory(fail_fn *fail, void *arg)
{
    fail(arg, "out of memory");
    return CGW_ENOMEM;
}

/* ---- routes ---- */

/* "GET, POST", without the HEAD that comes along. */
static const char *methods_of(struct described *described, const struct match_route *route)
{
    const struct matcher *matcher = described->matcher;
    struct buffer text = BUFFER_IN(&described->arena);
    for (size_t i = 0; i < matcher->n_methods; i++)
        if (route->methods & (uint32_t)1 << i)
            buffer_printf(&text, "%s%s", text.len ? ", " : "", matcher->methods[i].ptr);
    return buffer_text(&text).ptr;
}

static int tell_route(struct described *described, const struct match_route *route, route_fn *fn,
                      void *arg)
{
    const struct cgw_endpoint *endpoint = route->endpoint;
    bool is_own = endpoint->line == 0;
    if (is_own && strchr(endpoint->name, '.'))
        return CGW_OK; /* the files of the page */
    struct cgw_described_route told = {.size = sizeof(told),
                                       .line = (uint32_t)endpoint->line,
                                       .method = methods_of(described, route),
                                       .path = route->pattern.text.ptr,
                                       .mode = route->settings.is_sync ? "sync" : "async",
                                       .handler = endpoint->function,
                                       .file = is_own ? "" : endpoint->file};
    if (!told.method)
        return CGW_ENOMEM;
    fn(arg, &told);
    return CGW_OK;
}

static int tell_mount(struct described *described, const struct cgw_mount *mount, route_fn *fn,
                      void *arg)
{
    struct cgw_described_route told = {
        .size = sizeof(told),
        .line = (uint32_t)mount->line,
        .method = "*",
        .path = arena_printf(&described->arena, "%s/...", mount->prefix).ptr,
        .mode = "mount",
        .handler = mount->name,
        .file = mount->file};
    if (!told.path)
        return CGW_ENOMEM;
    fn(arg, &told);
    return CGW_OK;
}

static int tell_all(struct described *described, route_fn *fn, void *arg)
{
    const struct matcher *matcher = described->matcher;
    const struct match_route **routes = openapi_routes(matcher, &described->arena);
    int status = routes ? CGW_OK : CGW_ENOMEM;
    for (size_t i = 0; i < matcher->n_routes && status == CGW_OK; i++)
        status = tell_route(described, routes[i], fn, arg);
    for (size_t i = 0; i < matcher->n_mounts && status == CGW_OK; i++)
        status = tell_mount(described, matcher->mounts[i].mount, fn, arg);
    return status;
}

static int32_t describe_routes(route_fn *fn, fail_fn *fail, void *arg)
{
    struct described described;
    int status = open_described(&described, fail, arg);
    if (status == CGW_OK && tell_all(&described, fn, arg) != CGW_OK)
        status = no_memory(fail, arg);
    return close_described(&described, status);
}

/* ---- the document ---- */

static int32_t describe_openapi(text_fn *fn, fail_fn *fail, void *arg)
{
    struct described described;
    int status = open_described(&described, fail, arg);
    if (status == CGW_OK) {
        cgw_str text = openapi_document(described.matcher, &described.arena, (cgw_str){"", 0});
        if (text.ptr)
            fn(arg, text.ptr, text.len);
        else
            status = no_memory(fail, arg);
    }
    return close_described(&described, status);
}

const void *describe_extension(void)
{
    static const struct cgw_describe table = {
        .size = sizeof(table), .routes = describe_routes, .openapi = describe_openapi};
    return &table;
}
