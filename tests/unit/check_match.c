/* Which route a path is for: the table of routes below beside paths as clients send them; and what
   is wrong with routes, as it is said at load. */
#include "unit.h"
#include "web/match.h"
#include <stdio.h>

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

static const struct cgw_router api = {.name = "api", .prefix = "/api"};
static const struct cgw_router v1 = {.name = "v1", .prefix = "/v1", .parent = &api};
static const struct cgw_router tenant = {.name = "tenant", .prefix = "/t/{tenant}"};
static const struct cgw_router shop = {.name = "shop", .prefix = "/shop", .is_application = true};
static const struct cgw_router admin = {
    .name = "admin", .prefix = "/admin", .parent = &shop, .is_application = true};
static const struct cgw_router inside = {.name = "inside", .prefix = "/x", .parent = &admin};

ROUTE(root, "GET", "/");
ROUTE(items, "GET", "/items");
ROUTE(items_post, "POST", "/items");
ROUTE(item, "GET", "/items/{id:int}");
ROUTE(item_named, "GET", "/items/{name}");
ROUTE(item_put, "PUT,PATCH", "/items/{id:int}");
ROUTE(item_special, "POST", "/items/special");
ROUTE(item_head, "HEAD", "/items/special");
ROUTE(deep_static, "GET", "/a/b/c/d");
ROUTE(deep_param, "GET", "/a/{x}/c/e");
ROUTE(deep_last, "GET", "/{one}/{two}/{three}/f");
ROUTE(files, "GET", "/files/{p:path}");
ROUTE(files_one, "GET", "/files/readme");
ROUTE(blog, "GET", "/blog/{y:year}/");
ROUTE(blog_name, "GET", "/blog/{slug}/");
ROUTE(price, "GET", "/price/{p:float}");
ROUTE(user, "GET", "/users/{id:uuid}");
ROUTE(user_number, "GET", "/users/{id:int}");
ROUTE(picture, "GET", "/pictures/{name}.png");
ROUTE(picture_any, "GET", "/pictures/{name}");
ROUTE(odd, "PROPFIND,GET", "/odd");
ROUTE(caf, "GET", "/caf\xc3\xa9");
ROUTE(v1_list, "GET", "/list", .router = &v1);
ROUTE(v1_self, "GET", "", .router = &v1);
ROUTE(tenant_item, "GET", "/i/{id}", .router = &tenant);
ROUTE(shop_item, "GET", "/{id:int}", .router = &shop);
ROUTE(admin_item, "GET", "/{id:int}", .router = &admin);
ROUTE(inside_item, "GET", "/{id:int}", .router = &inside);
ROUTE(options, "OPTIONS", "/preflight");

static const struct cgw_app foreign = {
    .magic = CGW_MAGIC, .abi_major = CGW_ABI_MAJOR, .size = sizeof(struct cgw_app)};
static const struct cgw_mount static_files = {"static", "/static", &foreign, "app.c", 1};
static const struct cgw_mount below_items = {"below", "/items/special", &foreign, "app.c", 2};
static const struct cgw_mount *const mounts[] = {&static_files, &below_items};

static const struct cgw_endpoint *const endpoints[] = {
    &files,      &item_named,  &item,         &root,        &items,       &items_post,
    &item_put,   &deep_last,   &deep_param,   &deep_static, &files_one,   &blog_name,
    &blog,       &price,       &user,         &user_number, &picture_any, &picture,
    &odd,        &caf,         &v1_list,      &v1_self,     &tenant_item, &shop_item,
    &admin_item, &inside_item, &item_special, &item_head,   &options,
};

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

static cgw_str str(const char *text)
{
    return (cgw_str){text, strlen(text)};
}

/* A request for that path, root_path in front as sent. */
static struct match_result ask(const struct matcher *matcher, cgw_request *req,
                               struct cgw_scope *scope, const char *method, const char *path,
                               const char *below)
{
    static char raw[8192];
    struct match_result result;
    snprintf(raw, sizeof(raw), "%s%s", below, path);
    *scope =
        (struct cgw_scope){.method = str(method), .raw_path = str(raw), .root_path = str(below)};
    memset(req, 0, sizeof(*req));
    req->scope = scope;
    arena_init(&req->arena, req->first, sizeof(req->first));
    ck_assert_int_eq(matcher_match(matcher, req, &result), CGW_OK);
    return result;
}

/* "name=value name=value" */
static const char *params(const cgw_request *req)
{
    static char text[1024];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < req->n_params; i++) {
        const struct request_param *p = &req->params[i];
        ck_assert_uint_eq(strlen(p->value.ptr), p->value.len);
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.*s=%s", i ? " " : "",
                              (int)p->name.len, p->name.ptr, p->value.ptr);
    }
    return text;
}

static const struct {
    const char *method, *path;
    const struct cgw_endpoint *endpoint;
    const char *params, *allow;
    bool is_head, is_slash;
    const struct cgw_mount *mount;
} table[] = {
#define ROW(method_, path_, endpoint_, params_, ...)                                        \
    {                                                                                       \
        .method = (method_), .path = (path_), .endpoint = (endpoint_), .params = (params_), \
        ##__VA_ARGS__                                                                       \
    }
    ROW("GET", "/", &root, ""),
    ROW("HEAD", "/", &root, "", .is_head = true),
    ROW("POST", "/", NULL, "", .allow = "GET, HEAD"),
    ROW("OPTIONS", "/", NULL, "", .allow = "GET, HEAD"),
    ROW("BREW", "/", NULL, "", .allow = "GET, HEAD"),
    ROW("get", "/", NULL, "", .allow = "GET, HEAD"),
    ROW("OPTIONS", "/preflight", &options, ""),
    ROW("GET", "/preflight", NULL, "", .allow = "OPTIONS"),
    ROW("OPTIONS", "*", NULL, ""),
    ROW("GET", "", NULL, ""),
    ROW("GET", "//", NULL, ""),
    ROW("GET", "/nothing", NULL, ""),
    ROW("GET", "/items", &items, ""),
    ROW("POST", "/items", &items_post, ""),
    ROW("DELETE", "/items", NULL, "", .allow = "GET, HEAD, POST"),
    /* static, then typed, then untyped */
    ROW("GET", "/items/7", &item, "id=7"),
    ROW("GET", "/items/007", &item, "id=007"),
    ROW("GET", "/items/9223372036854775807", &item, "id=9223372036854775807"),
    ROW("GET", "/items/9223372036854775808", &item_named, "name=9223372036854775808"),
    ROW("GET", "/items/-7", &item_named, "name=-7"),
    ROW("GET", "/items/7a", &item_named, "name=7a"),
    ROW("PATCH", "/items/7", &item_put, "id=7"),
    ROW("DELETE", "/items/7", NULL, "", .allow = "GET, HEAD, PUT, PATCH"),
    ROW("PUT", "/items/x", NULL, "", .allow = "GET, HEAD"),
    /* the path's methods lie on two nodes, and below a mount */
    ROW("POST", "/items/special", &item_special, ""),
    ROW("HEAD", "/items/special", &item_head, ""),
    ROW("GET", "/items/special", &item_named, "name=special"),
    ROW("DELETE", "/items/special", NULL, "", .allow = "GET, HEAD, POST"),
    ROW("DELETE", "/items/special/x", NULL, "", .allow = NULL, .mount = &below_items),
    /* back from where it leads nowhere */
    ROW("GET", "/a/b/c/d", &deep_static, ""),
    ROW("GET", "/a/b/c/e", &deep_param, "x=b"),
    ROW("GET", "/a/b/c/f", &deep_last, "one=a two=b three=c"),
    ROW("GET", "/a/b/c/g", NULL, ""),
    ROW("GET", "/a//c/e", NULL, ""),
    ROW("GET", "/a/b/c/d/e/f/g", NULL, ""),
    /* escapes */
    ROW("GET", "/items/a%2Fb", &item_named, "name=a/b"),
    ROW("GET", "/items/a%2fb%25", &item_named, "name=a/b%"),
    ROW("GET", "/items/a%zz%", &item_named, "name=a%zz%"),
    ROW("GET", "/items/a+b", &item_named, "name=a+b"),
    ROW("GET", "/items/%37", &item, "id=7"),
    ROW("GET", "/%69tems/7", &item, "id=7"),
    ROW("GET", "/items%2F7", NULL, ""),
    ROW("GET", "/items/a%00b", NULL, ""),
    ROW("GET", "/items/%c3%a9", &item_named, "name=\xc3\xa9"),
    ROW("GET", "/items/%c3x%ff", &item_named, "name=\xef\xbf\xbdx\xef\xbf\xbd"),
    ROW("GET", "/items/%e2%82", &item_named, "name=\xef\xbf\xbd"),
    ROW("GET", "/items/%ed%a0%80", &item_named, "name=\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"),
    ROW("GET", "/caf%C3%A9", &caf, ""),
    ROW("GET", "/caf\xc3\xa9", &caf, ""),
    ROW("GET", "/items/..", &item_named, "name=.."),
    /* path */
    ROW("GET", "/files/readme", &files_one, ""),
    ROW("GET", "/files/readme.txt", &files, "p=readme.txt"),
    ROW("GET", "/files/readme/x", &files, "p=readme/x"),
    ROW("GET", "/files/a/b//c/", &files, "p=a/b//c/"),
    ROW("GET", "/files/a%2Fb/%41", &files, "p=a/b/A"),
    ROW("GET", "/files/", &files, "p="),
    ROW("GET", "/files/a%00", NULL, ""),
    ROW("GET", "/files", NULL, "", .is_slash = true),
    ROW("POST", "/files/x", NULL, "", .allow = "GET, HEAD"),
    ROW("GET",
        "/files/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/"
        "31/"
        "32/33/34/35",
        &files,
        "p=1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32/"
        "33/"
        "34/35"),
    /* converters */
    ROW("GET", "/price/1.5", &price, "p=1.5"),
    ROW("GET", "/price/15", &price, "p=15"),
    ROW("GET", "/price/1.", NULL, ""),
    ROW("GET", "/price/.5", NULL, ""),
    ROW("GET", "/price/1e5", NULL, ""),
    ROW("GET", "/users/12345678-90ab-cdef-1234-567890abcdef", &user,
        "id=12345678-90ab-cdef-1234-567890abcdef"),
    ROW("GET", "/users/1234567890abcdef1234567890ABCDEF", &user,
        "id=1234567890abcdef1234567890ABCDEF"),
    ROW("GET", "/users/12", &user_number, "id=12"),
    ROW("GET", "/users/12345678-90ab-cdef-1234-567890abcdeg", NULL, ""),
    ROW("GET", "/blog/2026/", &blog, "y=2026"),
    ROW("GET", "/blog/1999/", &blog_name, "slug=1999"),
    ROW("GET", "/pictures/a.png", &picture, "name=a"),
    ROW("GET", "/pictures/a.gif", &picture_any, "name=a.gif"),
    ROW("GET", "/pictures/.png", &picture_any, "name=.png"),
    /* a slash at the end */
    ROW("GET", "/items/", NULL, "", .is_slash = true),
    ROW("DELETE", "/items/", NULL, "", .is_slash = true),
    ROW("GET", "/blog/2026", NULL, "", .is_slash = true),
    ROW("GET", "/items//", NULL, ""),
    ROW("GET", "/nothing/", NULL, ""),
    ROW("GET", "//a/b/c/", NULL, ""),
    /* methods of one's own */
    ROW("PROPFIND", "/odd", &odd, ""),
    ROW("POST", "/odd", NULL, "", .allow = "GET, HEAD, PROPFIND"),
    ROW("PROPFIND", "/items", NULL, "", .allow = "GET, HEAD, POST"),
    /* routers */
    ROW("GET", "/api/v1/list", &v1_list, ""),
    ROW("GET", "/api/v1", &v1_self, ""),
    ROW("GET", "/api/v1/", NULL, "", .is_slash = true),
    ROW("GET", "/api/list", NULL, ""),
    ROW("GET", "/t/acme/i/7", &tenant_item, "tenant=acme id=7"),
    ROW("GET", "/shop/3", &shop_item, "id=3"),
    ROW("GET", "/shop/admin/4", &admin_item, "id=4"),
    ROW("GET", "/shop/admin/x/5", &inside_item, "id=5"),
    /* mounts */
    ROW("GET", "/static/css/a.css", NULL, "", .mount = &static_files),
    ROW("BREW", "/static/", NULL, "", .mount = &static_files),
    ROW("GET", "/static", NULL, "", .is_slash = true),
    ROW("GET", "/statics/", NULL, ""),
};

START_TEST(test_table)
{
    static cgw_request req;
    const struct match_input input = INPUT(&plain, endpoints, mounts);
    struct matcher *matcher = make(&input);
    static const char *const roots[] = {"", "/deep/root", "/caf\xc3\xa9"};
    for (size_t r = 0; r < 3; r++) {
        struct cgw_scope scope;
        struct match_result got =
            ask(matcher, &req, &scope, table[_i].method, table[_i].path, roots[r]);
        const char *what = got.endpoint ? got.endpoint->function : "none";
        ck_assert_msg(got.endpoint == table[_i].endpoint, "%s %s: %s", table[_i].method,
                      table[_i].path, what);
        ck_assert_str_eq(params(&req), table[_i].params);
        ck_assert_pstr_eq(got.allow, table[_i].allow);
        ck_assert_int_eq(got.is_head, table[_i].is_head);
        ck_assert_int_eq(got.is_slash, table[_i].is_slash);
        ck_assert_ptr_eq(got.mount, table[_i].mount);
        arena_fini(&req.arena);
    }
    matcher_free(matcher);
}
END_TEST

static const struct {
    const char *path, *root, *grown, *name, *template;
} roots[] = {
    {"/items/7", "", "", "item", "/items/{id:int}"},
    {"/items/7", "/r", "/r", "item", "/items/{id:int}"},
    {"/shop/3", "", "/shop", "shop:shop_item", "/shop/{id:int}"},
    {"/shop/3", "/r", "/r/shop", "shop:shop_item", "/shop/{id:int}"},
    {"/shop/admin/4", "/r", "/r/shop/admin", "shop:admin:admin_item", "/shop/admin/{id:int}"},
    {"/shop/admin/x/4", "/r", "/r/shop/admin", "shop:admin:inside_item", "/shop/admin/x/{id:int}"},
    {"/t/acme/i/7", "/r", "/r", "tenant_item", "/t/{tenant}/i/{id}"},
    {"/static/x", "/r", "/r/static", NULL, NULL},
};

START_TEST(test_root_path)
{
    static cgw_request req;
    const struct match_input input = INPUT(&plain, endpoints, mounts);
    struct matcher *matcher = make(&input);
    struct cgw_scope scope;
    struct match_result got = ask(matcher, &req, &scope, "GET", roots[_i].path, roots[_i].root);
    ck_assert_str_eq(got.root_path.ptr, roots[_i].grown);
    if (roots[_i].name) {
        ck_assert_str_eq(got.route->name, roots[_i].name);
        ck_assert_str_eq(match_route_template(got.route).ptr, roots[_i].template);
    }
    arena_fini(&req.arena);
    matcher_free(matcher);
}
END_TEST

/* Another host than ours has escaped the root path, or knows no raw path. */
START_TEST(test_other_hosts)
{
    static cgw_request req;
    const struct match_input input = INPUT(&plain, endpoints, mounts);
    struct matcher *matcher = make(&input);
    struct match_result got;
    struct cgw_scope scope = {
        .method = str("GET"), .root_path = str("/a b"), .raw_path = str("/a%20b/items/x%20y")};
    req.scope = &scope;
    arena_init(&req.arena, req.first, sizeof(req.first));
    ck_assert_int_eq(matcher_match(matcher, &req, &got), CGW_OK);
    ck_assert_ptr_eq(got.endpoint, &item_named);
    ck_assert_str_eq(params(&req), "name=x y");
    scope.raw_path = str("");
    scope.path = str("/a b/items/x%20y");
    ck_assert_int_eq(matcher_match(matcher, &req, &got), CGW_OK);
    ck_assert_ptr_eq(got.endpoint, &item_named);
    ck_assert_str_eq(params(&req), "name=x%20y");
    scope.raw_path = str("/a%2/items");
    ck_assert_int_eq(matcher_match(matcher, &req, &got), CGW_OK);
    ck_assert_ptr_null(got.endpoint);
    scope.raw_path = str("/a bitems");
    ck_assert_int_eq(matcher_match(matcher, &req, &got), CGW_OK);
    ck_assert_ptr_null(got.endpoint);
    arena_fini(&req.arena);
    matcher_free(matcher);
}
END_TEST

START_TEST(test_exact_slash)
{
    static cgw_request req;
    static const struct cgw_application exact = {.exact_slash = true};
    const struct match_input input = INPUT(&exact, endpoints, mounts);
    struct matcher *matcher = make(&input);
    struct cgw_scope scope;
    ck_assert(!ask(matcher, &req, &scope, "GET", "/items/", "").is_slash);
    arena_fini(&req.arena);
    matcher_free(matcher);
}
END_TEST

/* All that no route has taken. */
START_TEST(test_mount_of_all)
{
    static cgw_request req;
    static const struct cgw_mount all = {"all", "", &foreign, "m.c", 3};
    const struct cgw_mount *const some[] = {&static_files, &all};
    const struct match_input input = INPUT(&plain, endpoints, some);
    struct matcher *matcher = make(&input);
    struct cgw_scope scope;
    ck_assert_ptr_eq(ask(matcher, &req, &scope, "GET", "/zzz", "").mount, &all);
    arena_fini(&req.arena);
    ck_assert_ptr_eq(ask(matcher, &req, &scope, "GET", "/static/z", "").mount, &static_files);
    arena_fini(&req.arena);
    ck_assert_ptr_eq(ask(matcher, &req, &scope, "GET", "/items", "").endpoint, &items);
    arena_fini(&req.arena);
    ck_assert_ptr_eq(ask(matcher, &req, &scope, "DELETE", "/items", "").mount, &all);
    arena_fini(&req.arena);
    matcher_free(matcher);
}
END_TEST

/* Text in a prefix is more than a parameter in its place, as between routes. */
START_TEST(test_mount_beside_parameters)
{
    static cgw_request req;
    static const struct cgw_endpoint rest = {.method = "GET", .path = "/{p:path}", .function = "p"};
    static const struct cgw_endpoint both = {.method = "GET", .path = "/{a}/{b}", .function = "ab"};
    static const struct cgw_endpoint own = {
        .method = "GET", .path = "/static/{b}/x", .function = "own"};
    const struct cgw_endpoint *const some[] = {&rest, &both, &own};
    const struct match_input input = INPUT(&plain, some, mounts);
    struct matcher *matcher = make(&input);
    static const struct {
        const char *path;
        const struct cgw_endpoint *endpoint;
        const struct cgw_mount *mount;
    } rows[] = {{"/static/a", NULL, &static_files},
                {"/static/", NULL, &static_files},
                {"/static/a/b", NULL, &static_files},
                {"/static/a/x", &own, NULL},
                {"/static", &rest, NULL},
                {"/other/a", &both, NULL},
                {"/items/special/x", NULL, &below_items},
                {"/items/special", &both, NULL},
                {"/items/other/x", &rest, NULL}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cgw_scope scope;
        struct match_result got = ask(matcher, &req, &scope, "GET", rows[i].path, "");
        ck_assert_ptr_eq(got.endpoint, rows[i].endpoint);
        ck_assert_ptr_eq(got.mount, rows[i].mount);
        arena_fini(&req.arena);
    }
    matcher_free(matcher);
}
END_TEST

/* Thousands of routes beside each other are found, and at their node in a few steps. */
START_TEST(test_many)
{
    enum { N = 2000 };
    static struct cgw_endpoint many[N];
    static const struct cgw_endpoint *pointers[N];
    static char paths[N][32];
    static cgw_request req;
    for (int i = 0; i < N; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/r%d/{x}", i * 7919 % N);
        many[i] = (struct cgw_endpoint){.method = "GET", .path = paths[i], .function = paths[i]};
        pointers[i] = &many[i];
    }
    const struct match_input input = INPUT(&plain, pointers, mounts);
    struct matcher *matcher = make(&input);
    for (int i = 0; i < N; i++) {
        struct cgw_scope scope;
        char path[64];
        snprintf(path, sizeof(path), "/r%d/1", i * 7919 % N);
        ck_assert_ptr_eq(ask(matcher, &req, &scope, "GET", path, "").endpoint, &many[i]);
        arena_fini(&req.arena);
    }
    matcher_free(matcher);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("match");
    TCase *t = tcase_create("match");
    tcase_add_loop_test(t, test_table, 0, sizeof(table) / sizeof(table[0]));
    tcase_add_loop_test(t, test_root_path, 0, sizeof(roots) / sizeof(roots[0]));
    tcase_add_test(t, test_other_hosts);
    tcase_add_test(t, test_exact_slash);
    tcase_add_test(t, test_mount_of_all);
    tcase_add_test(t, test_mount_beside_parameters);
    tcase_add_test(t, test_many);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
