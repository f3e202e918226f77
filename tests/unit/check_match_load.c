/* What a route takes from its routers and the application, and what is wrong with routes, as it is
   said at load. */
#include "base/memory.h"
#include "unit.h"
#include "web/match.h"
#include <limits.h>
#include <stdio.h>

/* Instead of the SDK's heap: it runs dry when it is told to. */
static long pieces_left = LONG_MAX;

void *memory_alloc(size_t bytes)
{
    return pieces_left-- > 0 ? malloc(bytes) : NULL;
}

void *memory_zalloc(size_t bytes)
{
    return pieces_left-- > 0 ? calloc(1, bytes) : NULL;
}

void *memory_grow(void *p, size_t bytes)
{
    return pieces_left-- > 0 ? realloc(p, bytes) : NULL;
}

void memory_free(void *p)
{
    free(p);
}

static cgw_reply handler(cgw_request *req)
{
    (void)req;
    return (cgw_reply){200};
}

static bool is_year(cgw_str segment)
{
    return segment.len == 4 && segment.ptr[0] == '2';
}
static const struct cgw_converter year = {"year", is_year};
static const struct cgw_converter *const converters[] = {&year};

#define ROUTE(name_, method_, path_, ...)      \
    static const struct cgw_endpoint name_ = { \
        .method = (method_),                   \
        .fn = handler,                         \
        .path = (path_),                       \
        .function = #name_,                    \
        .file = "app.c",                       \
        .line = __LINE__,                      \
        ##__VA_ARGS__,                         \
    }

static const struct cgw_router tenant = {.name = "tenant", .prefix = "/t/{tenant}"};
static const struct cgw_app foreign = {
    .magic = CGW_MAGIC, .abi_major = CGW_ABI_MAJOR, .size = sizeof(struct cgw_app)};
static const struct cgw_mount static_files = {"static", "/static", &foreign, "app.c", 1};
static const struct cgw_mount *const mounts[] = {&static_files};
static const struct cgw_application plain;

#define INPUT(application_, endpoints_, mounts_)                                               \
    {                                                                                          \
        .application = (application_), .endpoints = (endpoints_),                              \
        .endpoints_end = (endpoints_) + sizeof(endpoints_) / sizeof((endpoints_)[0]),          \
        .mounts = (mounts_), .mounts_end = (mounts_) + sizeof(mounts_) / sizeof((mounts_)[0]), \
        .converters = converters, .converters_end = converters + 1                             \
    }

static struct matcher *make(const struct match_input *input)
{
    const char *error = NULL;
    struct matcher *matcher = match_new(input, &error);
    ck_assert_msg(matcher != NULL, "%s", error);
    return matcher;
}

/* ---- what a route takes from around it ---- */

static const struct cgw_middleware outer = {.name = "outer", .fn = handler},
                                   middle = {.name = "middle", .fn = handler},
                                   own = {.name = "own", .fn = handler};
static const struct cgw_dependency dep_a = {.name = "a"}, dep_b = {.name = "b"};
static const struct cgw_application whole = {
    .mode = CGW_SYNC,
    .timeout = 7,
    .max_body = 70,
    .middleware = (const struct cgw_middleware *const[]){&outer, NULL},
    .depends = (const struct cgw_dependency *const[]){&dep_a, NULL}};
static const struct cgw_router first = {.name = "first",
                                        .prefix = "/f",
                                        .timeout = 5,
                                        .middleware =
                                            (const struct cgw_middleware *const[]){&middle, NULL}};
static const struct cgw_router second = {
    .name = "second", .parent = &first, .max_body = 50, .mode = CGW_ON_LOOP};
ROUTE(set_none, "GET", "/none");
ROUTE(set_routers, "GET", "/a", .router = &second,
      .middleware = (const struct cgw_middleware *const[]){&own, NULL},
      .depends = (const struct cgw_dependency *const[]){&dep_b, NULL});
ROUTE(set_own, "GET", "/b", .router = &second, .mode = CGW_SYNC, .timeout = -1, .max_body = 3);

static const struct match_route *find(const struct matcher *matcher, const char *name)
{
    for (size_t i = 0; i < matcher->n_routes; i++)
        if (strcmp(matcher->routes[i].name, name) == 0)
            return &matcher->routes[i];
    ck_abort_msg("%s", name);
}

START_TEST(test_settings)
{
    static const struct cgw_endpoint *const some[] = {&set_none, &set_routers, &set_own};
    const struct match_input input = INPUT(&whole, some, mounts);
    struct matcher *matcher = make(&input);
    const struct route_settings *settings = match_route_settings(find(matcher, "set_none"));
    ck_assert(settings->is_sync && settings->timeout == 7 && settings->max_body == 70);
    settings = match_route_settings(find(matcher, "set_routers"));
    ck_assert(!settings->is_sync && settings->timeout == 5 && settings->max_body == 50);
    settings = match_route_settings(find(matcher, "set_own"));
    ck_assert(settings->is_sync && settings->timeout == 0 && settings->max_body == 3);
    const struct cgw_middleware *const *through =
        match_route_middleware(find(matcher, "set_routers"));
    ck_assert(through[0] == &outer && through[1] == &middle && through[2] == &own && !through[3]);
    through = match_route_middleware(find(matcher, "set_own"));
    ck_assert(through[0] == &outer && through[1] == &middle && !through[2]);
    const struct cgw_dependency *const *depends = match_route_depends(find(matcher, "set_routers"));
    ck_assert(depends[0] == &dep_a && depends[1] == &dep_b && !depends[2]);
    matcher_free(matcher);
}
END_TEST

START_TEST(test_defaults)
{
    static const struct cgw_endpoint *const some[] = {&set_none};
    const struct match_input input = INPUT(&plain, some, mounts);
    struct matcher *matcher = make(&input);
    const struct match_route *route = find(matcher, "set_none");
    ck_assert(!route->settings.is_sync && route->settings.timeout == 0);
    ck_assert_uint_eq(route->settings.max_body, 16u << 20);
    ck_assert_ptr_null(route->middleware[0]);
    ck_assert_ptr_null(route->depends[0]);
    matcher_free(matcher);
}
END_TEST

/* ---- what is refused ---- */

static const struct cgw_router circle_a, circle_b;
static const struct cgw_router circle_a = {.name = "a", .prefix = "/a", .parent = &circle_b};
static const struct cgw_router circle_b = {.name = "b", .prefix = "/b", .parent = &circle_a};
static const struct cgw_router slashed = {.name = "slashed", .prefix = "/api/"};
static const struct cgw_router bare = {.name = "bare", .prefix = "api"};

static const struct {
    const char *method_a, *path_a;
    const struct cgw_router *router;
    const char *method_b, *path_b, *error; /* path_b NULL: there is one route only */
} refused[] = {
    {"GET", "items", NULL, NULL, NULL, "one.c:1: GET items: a path begins with '/'"},
    {"GET", "", NULL, NULL, NULL, "one.c:1: GET : a path begins with '/'"},
    {"GET", "/{a", NULL, NULL, NULL, "one.c:1: GET /{a: the braces in \"{a\" do not match"},
    {"GET", "/a}", NULL, NULL, NULL, "one.c:1: GET /a}: the braces in \"a}\" do not match"},
    {"GET", "/}a{", NULL, NULL, NULL, "one.c:1: GET /}a{: the braces in \"}a{\" do not match"},
    {"GET", "/{a/b}", NULL, NULL, NULL, "one.c:1: GET /{a/b}: the braces in \"{a\" do not match"},
    {"GET", "/{a}{b}", NULL, NULL, NULL,
     "one.c:1: GET /{a}{b}: \"{a}{b}\" has more than one parameter, or braces that do not match"},
    {"GET", "/{}", NULL, NULL, NULL, "one.c:1: GET /{}: \"\" is no name of a parameter"},
    {"GET", "/{1}", NULL, NULL, NULL, "one.c:1: GET /{1}: \"1\" is no name of a parameter"},
    {"GET", "/{a b}", NULL, NULL, NULL, "one.c:1: GET /{a b}: \"a b\" is no name of a parameter"},
    {"GET", "/{a:}", NULL, NULL, NULL, "one.c:1: GET /{a:}: there is no converter \"\""},
    {"GET", "/{a:in}", NULL, NULL, NULL, "one.c:1: GET /{a:in}: there is no converter \"in\""},
    {"GET", "/{a}/{a:int}", NULL, NULL, NULL,
     "one.c:1: GET /{a}/{a:int}: two parameters are named \"a\""},
    {"GET", "/{p:path}/edit", NULL, NULL, NULL,
     "one.c:1: GET /{p:path}/edit: {p:path} takes all that follows: nothing may stand beside or "
     "behind it"},
    {"GET", "/x{p:path}", NULL, NULL, NULL,
     "one.c:1: GET /x{p:path}: {p:path} takes all that follows: nothing may stand beside or "
     "behind it"},
    {"GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}", NULL, NULL,
     NULL,
     "one.c:1: GET /{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}: more than "
     "16 parameters"},
    {"GET", "/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3", NULL, NULL, NULL,
     "one.c:1: GET /1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3: more than "
     "32 segments"},
    {"GET POST", "/", NULL, NULL, NULL, "one.c:1: \"GET POST\" is no list of methods"},
    {"GET,", "/", NULL, NULL, NULL, "one.c:1: \"GET,\" is no list of methods"},
    {"", "/", NULL, NULL, NULL, "one.c:1: \"\" is no list of methods"},
    {"GET", "/x", &circle_a, NULL, NULL,
     "one.c:1: GET /x: the parents of the router a go round in a circle, or are more than 16"},
    {"GET", "/x", &slashed, NULL, NULL,
     "one.c:1: GET /x: the prefix \"/api/\" of the router slashed must begin with '/', and not end "
     "with it"},
    {"GET", "/x", &bare, NULL, NULL,
     "one.c:1: GET /x: the prefix \"api\" of the router bare must begin with '/', and not end with "
     "it"},
    {"GET", "/x/{a}", &tenant, "GET", "/t/{b}/x/{c}",
     "one.c:1: GET /t/{tenant}/x/{a} (one) and two.c:2: GET /t/{b}/x/{c} (two) are the same route"},
    {"GET,POST", "/x", NULL, "PUT, POST", "/x",
     "one.c:1: GET,POST /x (one) and two.c:2: PUT, POST /x (two) are the same route"},
    {"GET", "/{a:int}/x", NULL, "GET", "/{b:float}/{c}",
     "one.c:1: GET /{a:int}/x (one) and two.c:2: GET /{b:float}/{c} (two) take the same paths, and "
     "neither is the more specific one"},
    {"GET", "/{a:int}", NULL, "GET", "/{b:year}",
     "one.c:1: GET /{a:int} (one) and two.c:2: GET /{b:year} (two) take the same paths, and "
     "neither is the more specific one"},
    {"GET", "/{a:int}/{p:path}", NULL, "GET", "/{b:year}/x/y",
     "one.c:1: GET /{a:int}/{p:path} (one) and two.c:2: GET /{b:year}/x/y (two) take the same "
     "paths, and neither is the more specific one"},
    {"GET", "/x{a}", NULL, "GET", "/{b}x",
     "one.c:1: GET /x{a} (one) and two.c:2: GET /{b}x (two) take the same paths, and neither is "
     "the more specific one"},
    {"GET", "/x", NULL, "POST", "/y/x",
     "one.c:1: GET /x (same) and two.c:2: POST /y/x (same) have one name: give one of them another "
     "by .name"},
};

START_TEST(test_refused)
{
    bool is_named = strstr(refused[_i].error, "(same)") != NULL;
    const struct cgw_endpoint a = {.method = refused[_i].method_a,
                                   .path = refused[_i].path_a,
                                   .router = refused[_i].router,
                                   .function = is_named ? "same" : "one",
                                   .file = "one.c",
                                   .line = 1};
    const struct cgw_endpoint b = {.method = refused[_i].method_b,
                                   .path = refused[_i].path_b,
                                   .function = is_named ? "same" : "two",
                                   .file = "two.c",
                                   .line = 2};
    const struct cgw_endpoint *const both[] = {&a, &b};
    struct match_input input = INPUT(&plain, both, mounts);
    if (!refused[_i].path_b)
        input.endpoints_end--;
    const char *error = NULL;
    ck_assert_ptr_null(match_new(&input, &error));
    ck_assert_str_eq(error, refused[_i].error);
}
END_TEST

/* Alike, but each takes what the other does not. */
static const struct {
    const char *a, *b;
} accepted[] = {
    {"/{a:int}/x", "/{a:float}/y"},
    {"/{a:int}", "/{a:uuid}"},
    {"/{a:int}", "/{b}"},
    {"/{a}", "/{b:path}"},
    {"/{a:int}/x", "/{a:year}/x/y"},
    {"/a{x}", "/b{x}"},
    {"/{x}.a", "/{x}.b"},
    {"/x", "/x/"},
    {"/{a:int}/x/{b}", "/{a:year}/y/{b}"},
};

START_TEST(test_accepted)
{
    const struct cgw_endpoint a = {.method = "GET", .path = accepted[_i].a, .function = "a"};
    const struct cgw_endpoint b = {.method = "GET", .path = accepted[_i].b, .function = "b"};
    const struct cgw_endpoint *const both[] = {&a, &b};
    const struct match_input input = INPUT(&plain, both, mounts);
    matcher_free(make(&input));
}
END_TEST

static const struct {
    struct cgw_mount mount;
    const char *error;
} bad_mounts[] = {
    {{"a", "/static", &foreign, "m.c", 3},
     "m.c:3: CGW_MOUNT(a, \"/static\"): there is one of that name or prefix at app.c:1"},
    {{"static", "/b", &foreign, "m.c", 3},
     "m.c:3: CGW_MOUNT(static, \"/b\"): there is one of that name or prefix at app.c:1"},
    {{"a", "b", &foreign, "m.c", 3},
     "m.c:3: CGW_MOUNT(a, \"b\"): a prefix begins with '/' and does not end with it; \"\" takes "
     "all paths"},
    {{"a", "/", &foreign, "m.c", 3},
     "m.c:3: CGW_MOUNT(a, \"/\"): a prefix begins with '/' and does not end with it; \"\" takes "
     "all paths"},
    {{"a", "/{x}", &foreign, "m.c", 3},
     "m.c:3: CGW_MOUNT(a, \"/{x}\"): a prefix has no parameters here"},
    {{"a", "/a", NULL, "m.c", 3}, "m.c:3: CGW_MOUNT(a, \"/a\"): this is no application"},
};

START_TEST(test_bad_mount)
{
    static const struct cgw_endpoint *const some[] = {&set_none};
    const struct cgw_mount *const both[] = {&static_files, &bad_mounts[_i].mount};
    const struct match_input input = INPUT(&plain, some, both);
    const char *error = NULL;
    ck_assert_ptr_null(match_new(&input, &error));
    ck_assert_str_eq(error, bad_mounts[_i].error);
}
END_TEST

START_TEST(test_same_converter)
{
    static const struct cgw_converter int_again = {"int", is_year};
    static const struct cgw_converter *const twice[] = {&year, &int_again};
    static const struct cgw_endpoint *const some[] = {&set_none};
    struct match_input input = INPUT(&plain, some, mounts);
    input.converters = twice;
    input.converters_end = twice + 2;
    const char *error = NULL;
    ck_assert_ptr_null(match_new(&input, &error));
    ck_assert_str_eq(error, "CGW_CONVERTER(int): there is another of that name");
}
END_TEST

/* ---- no memory ---- */

enum { ROUTES = 40 };

static struct matcher *make_large(const char **ret_error)
{
    static char paths[ROUTES][64];
    static struct cgw_endpoint large[ROUTES];
    static const struct cgw_endpoint *pointers[ROUTES];
    for (int i = 0; i < ROUTES; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "/r%d/{a:int}/{b}/{c:path}", i);
        large[i] = set_routers;
        large[i].path = large[i].name = paths[i];
        pointers[i] = &large[i];
    }
    const struct match_input input = INPUT(&whole, pointers, mounts);
    return match_new(&input, ret_error);
}

START_TEST(test_load_without_memory)
{
    struct matcher *matcher = NULL;
    long n = 0;
    for (; !matcher; n++) {
        const char *error = NULL;
        pieces_left = n;
        matcher = make_large(&error);
        if (!matcher)
            ck_assert_str_eq(error, "out of memory");
    }
    ck_assert_int_gt(n, 3);
    pieces_left = LONG_MAX;
    matcher_free(matcher);
}
END_TEST

START_TEST(test_match_without_memory)
{
    static cgw_request req;
    const char *error = NULL;
    struct matcher *matcher = make_large(&error);
    struct match_result got = {.route = NULL};
    struct cgw_scope scope = {.method = CGW_STR("GET"),
                              .raw_path = CGW_STR("/f/r7/1/a%20b/c%20d/e%ff")};
    int status = CGW_ENOMEM;
    ck_assert_ptr_nonnull(matcher);
    req.scope = &scope;
    for (long n = 0; status != CGW_OK; n++) {
        ck_assert_int_lt(n, 20);
        arena_init(&req.arena, req.first, 16);
        req.n_params = 0;
        pieces_left = n;
        status = matcher_match(matcher, &req, &got);
        pieces_left = LONG_MAX;
        ck_assert(status == CGW_OK || status == CGW_ENOMEM);
        if (status == CGW_OK)
            ck_assert_str_eq(req.params[2].value.ptr, "c d/e\xef\xbf\xbd");
        arena_fini(&req.arena);
    }
    ck_assert_str_eq(got.endpoint->path, "/r7/{a:int}/{b}/{c:path}");
    matcher_free(matcher);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("match_load");
    TCase *t = tcase_create("match_load");
    tcase_add_test(t, test_settings);
    tcase_add_test(t, test_defaults);
    tcase_add_loop_test(t, test_refused, 0, sizeof(refused) / sizeof(refused[0]));
    tcase_add_loop_test(t, test_accepted, 0, sizeof(accepted) / sizeof(accepted[0]));
    tcase_add_loop_test(t, test_bad_mount, 0, sizeof(bad_mounts) / sizeof(bad_mounts[0]));
    tcase_add_test(t, test_same_converter);
    tcase_add_test(t, test_load_without_memory);
    tcase_add_test(t, test_match_without_memory);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
