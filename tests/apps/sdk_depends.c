/*
 * Dependencies, for the tests: each leaves a mark in the request's trail when it is given, and a
 * line in the log when it is torn down.
 */
#include <cgw.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct App {
    pthread_t loop;
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    (void)boot;
    app->loop = pthread_self();
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

/* "a b c": what was given so far, in order. */
static void mark(cgw_request *req, const char *name)
{
    const char *trail = cgw_get(req, "trail");
    bool is_loop = pthread_equal(cgw_state(req, App)->loop, pthread_self());
    cgw_set(req, "trail",
            cgw_fmt(req, "%s%s%s%s", trail ? trail : "", trail ? " " : "", name,
                    is_loop ? "" : "(thread)"));
}

static void gone(cgw_request *req, const char *name, int status)
{
    bool is_loop = pthread_equal(cgw_state(req, App)->loop, pthread_self());
    cgw_log(req, "torn down %s status=%d%s of %s", name, status, is_loop ? "" : " on a thread",
            cgw_url_path(req));
}

typedef struct First {
    int n;
} First;
static void drop_first(cgw_request *req, void *value, int status)
{
    (void)value;
    gone(req, "first", status);
}
CGW_DEPENDS(First, first, .teardown = drop_first)
{
    mark(req, "first");
    out->n = 1;
    return 0;
}

typedef struct Second {
    const First *first;
} Second;
static void drop_second(cgw_request *req, void *value, int status)
{
    const Second *second = value;
    if (cgw_sleep(0.001) != CGW_OK || second->first->n != 1)
        cgw_log(req, "the first was gone before the second");
    gone(req, "second", status);
}
CGW_DEPENDS(Second, second, .teardown = drop_second, .depends = CGW_USES(first))
{
    mark(req, "second");
    out->first = First_need(req);
    return out->first ? 0 : CGW_EFAILED;
}

typedef struct Key {
    const char *text;
} Key;
CGW_DEPENDS(Key, key)
{
    mark(req, "key");
    out->text = cgw_header(req, "x-key");
    if (!out->text)
        return 401;
    if (strcmp(out->text, "old") == 0)
        return cgw_refuse(cgw_fail(req, 403, "the key is old"));
    if (strcmp(out->text, "slow") == 0)
        return CGW_ETIMEDOUT;
    return 0;
}

/* Each wants the other. */
typedef struct Egg {
    int n;
} Egg;
typedef struct Hen {
    int n;
} Hen;
static const struct cgw_dependency egg_dependency;
CGW_DEPENDS(Hen, hen, .depends = CGW_USES(egg))
{
    out->n = 1;
    return 0;
}
CGW_DEPENDS(Egg, egg, .depends = CGW_USES(hen))
{
    out->n = 1;
    return 0;
}

CGW_DEPENDS(int, nonsense)
{
    *out = 0;
    return 77;
}

static cgw_reply tell_trail(cgw_request *req)
{
    const Second *second = Second_need(req), *again = Second_need(req);
    if (!second || second != again)
        return cgw_fail(req, 500, "not the same");
    return cgw_text(req, 200, "%s\n", (const char *)cgw_get(req, "trail"));
}

CGW_GET(nested, "/nested", .depends = CGW_USES(second, first))
{
    return tell_trail(req);
}
CGW_GET(nested_sync, "/nested-sync", .depends = CGW_USES(second), .mode = CGW_SYNC)
{
    return tell_trail(req);
}
CGW_GET(only_asked, "/asked")
{
    return tell_trail(req);
}
CGW_GET(fails, "/fails", .depends = CGW_USES(second))
{
    return cgw_fail(req, 418, "no coffee");
}
CGW_GET(forgets, "/forgets", .depends = CGW_USES(second))
{
    cgw_log(req, "%s returns nothing", cgw_route_path(req));
    return (cgw_reply){0};
}
CGW_GET(late, "/late", .depends = CGW_USES(second), .timeout = 0.05)
{
    CGW_TRY(req, cgw_sleep(60));
    return cgw_text(req, 200, "in time\n");
}
CGW_GET(leaves, "/leaves", .depends = CGW_USES(second), .cancel = true)
{
    CGW_TRY(req, cgw_sleep(60));
    return cgw_text(req, 200, "stayed\n");
}
CGW_GET(chicken, "/chicken", .depends = CGW_USES(hen))
{
    return cgw_text(req, 200, "%d\n", Hen_need(req) != NULL);
}
CGW_GET(odd, "/odd", .depends = CGW_USES(nonsense))
{
    return cgw_text(req, 200, "never\n");
}

static void after(void *path)
{
    cgw_log(NULL, "background of %s", (const char *)path);
}
CGW_GET(with_background, "/background", .depends = CGW_USES(first))
{
    cgw_after(req, after, cgw_fmt(req, "%s", cgw_url_path(req)));
    return cgw_text(req, 200, "soon\n");
}

CGW_ROUTER(vault, "/vault", .depends = CGW_USES(key));
CGW_GET(gold, "/gold", .router = &vault_router, .depends = CGW_USES(first))
{
    return cgw_text(req, 200, "%s\n", (const char *)cgw_get(req, "trail"));
}
