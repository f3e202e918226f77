/* Paths by the names of routes: what comes out, that it leads back to its route, and what is
 * refused. */
#include "unit.h"
#include "web/application.h"
#include "web/match.h"
#include <stdio.h>

static char logged[1024];

/* Instead of the runtime's: there is none here. */
void runtime_log(struct runtime *runtime, struct cgw_call *call, int level, const char *format, ...)
{
    va_list args;
    (void)runtime;
    (void)call;
    ck_assert_int_eq(level, CGW_LOG_WARNING);
    va_start(args, format);
    (void)vsnprintf(logged, sizeof(logged), format, args);
    va_end(args);
}

static bool is_short(cgw_str segment)
{
    return segment.len < 4;
}
static const struct cgw_converter brief = {"brief", is_short};
static const struct cgw_converter *const converters[] = {&brief};

static const struct cgw_router api = {.name = "api", .prefix = "/api/{tenant}"};
static const struct cgw_router shop = {.name = "shop", .prefix = "/shop", .is_application = true};
static const struct cgw_router cart = {
    .name = "cart", .prefix = "/my cart", .parent = &shop, .is_application = true};

#define ROUTE(function_, path_, ...)               \
    static const struct cgw_endpoint function_ = { \
        .method = "GET", .function = #function_, .path = (path_), ##__VA_ARGS__}
ROUTE(home, "/");
ROUTE(item, "/items/{id:int}");
ROUTE(named, "/named/{name}", .name = "by name");
ROUTE(file, "/files/{p:path}");
ROUTE(all, "/{p:path}");
ROUTE(picture, "/pictures/{name}.png");
ROUTE(price, "/price/{p:float}");
ROUTE(user, "/users/{id:uuid}");
ROUTE(code, "/codes/{c:brief}");
ROUTE(two, "/two/{a}/{b}", .router = &api);
ROUTE(entry, "/{id}", .router = &cart);
ROUTE(odd, "/caf\xc3\xa9/100%");

static const struct cgw_endpoint *const endpoints[] = {
    &home, &item, &named, &file, &all, &picture, &price, &user, &code, &two, &entry, &odd};
enum { N = sizeof(endpoints) / sizeof(endpoints[0]) };

static const struct cgw_app foreign = {
    .magic = CGW_MAGIC, .abi_major = CGW_ABI_MAJOR, .size = sizeof(struct cgw_app)};
static const struct cgw_mount assets = {"assets", "/assets", &foreign, "app.c", 1};
static const struct cgw_mount *const mounts[] = {&assets};

static struct application application;
static struct cgw_scope scope;
static cgw_request req;

static void setup(void)
{
    static const struct cgw_application plain;
    const struct match_input input = {.application = &plain,
                                      .endpoints = endpoints,
                                      .endpoints_end = endpoints + N,
                                      .mounts = mounts,
                                      .mounts_end = mounts + 1,
                                      .converters = converters,
                                      .converters_end = converters + 1};
    const char *error = "";
    application.matcher = match_new(&input, &error);
    ck_assert_msg(application.matcher != NULL, "%s", error);
    scope = (struct cgw_scope){.method = CGW_STR("GET")};
    req.application = &application;
    req.scope = &scope;
    arena_init(&req.arena, req.first, sizeof(req.first));
    logged[0] = '\0';
}

static void teardown(void)
{
    arena_fini(&req.arena);
    matcher_free(application.matcher);
}

enum { STRINGS = 8 };

static const struct {
    const char *root, *wanted;
    const char *words[STRINGS];          /* the name, then pairs */
    const struct cgw_endpoint *endpoint; /* that it leads back to */
} good[] = {
    {"", "/", {"home"}, &home},
    {"/r", "/r/", {"home"}, &home},
    {"", "/items/7", {"item", "id", "7"}, &item},
    {"/deep/root", "/deep/root/items/007", {"item", "id", "007"}, &item},
    {"/my root", "/my%20root/items/7", {"item", "id", "7"}, &item},
    {"", "/named/a%2Fb%3Fc%23d%25e%20f", {"by name", "name", "a/b?c#d%e f"}, &named},
    {"", "/named/a!$&'()*+,;=:@-._~b", {"by name", "name", "a!$&'()*+,;=:@-._~b"}, &named},
    {"", "/named/%C3%A9%0D%0A%22%3C", {"by name", "name", "\xc3\xa9\r\n\"<"}, &named},
    {"", "/files/a/b%20c//d", {"file", "p", "a/b c//d"}, &file},
    {"", "/files/", {"file", "p", ""}, &file},
    {"", "/files/..a/.b./c..", {"file", "p", "..a/.b./c.."}, &file},
    {"", "/a//b", {"all", "p", "a//b"}, &all},
    {"", "/pictures/a.png.png", {"picture", "name", "a.png"}, &picture},
    {"", "/pictures/..png", {"picture", "name", "."}, &picture},
    {"", "/price/1.50", {"price", "p", "1.50"}, &price},
    {"",
     "/users/12345678-90ab-cdef-1234-567890abcdef",
     {"user", "id", "12345678-90ab-cdef-1234-567890abcdef"},
     &user},
    {"", "/codes/abc", {"code", "c", "abc"}, &code},
    {"", "/api/acme/two/1/2", {"two", "b", "2", "tenant", "acme", "a", "1"}, &two},
    {"/r", "/r/shop/my%20cart/x", {"shop:cart:entry", "id", "x"}, &entry},
    {"", "/caf%C3%A9/100%25", {"odd"}, &odd},
    {"",
     "/items/7?page=2&q=a%20b%26c%3Dd%2Be%23",
     {"item", "page", "2", "id", "7", "q", "a b&c=d+e#"},
     &item},
    {"", "/?a%20b=&a%20b=/?", {"home", "a b", "", "a b", "/?"}, &home},
    {"", "/assets/css/a%20b.css", {"assets", "path", "css/a b.css"}, NULL},
    {"/r", "/r/assets/css?v=1", {"assets", "path", "/css", "v", "1"}, NULL},
};

static size_t count(const char *const *words)
{
    size_t n = 0;
    while (n < STRINGS && words[n])
        n++;
    return n;
}

/* The host puts the root path in front as it is, and takes the query off. */
static void lead_back(const char *url, const struct cgw_endpoint *endpoint)
{
    char sent[512];
    const char *rest = url;
    struct match_result got;
    for (size_t i = 0; i < scope.root_path.len; i++)
        if (scope.root_path.ptr[i] == '/')
            rest += 1 + strcspn(rest + 1, "/");
    (void)snprintf(sent, sizeof(sent), "%s%.*s", scope.root_path.ptr, (int)strcspn(rest, "?"),
                   rest);
    scope.raw_path = (cgw_str){sent, strlen(sent)};
    ck_assert_int_eq(matcher_match(application.matcher, &req, &got), CGW_OK);
    ck_assert_ptr_eq(got.endpoint, endpoint);
    ck_assert_ptr_eq(got.mount, endpoint ? NULL : &assets);
}

START_TEST(test_good)
{
    const char *const *words = good[_i].words;
    scope.root_path = (cgw_str){good[_i].root, strlen(good[_i].root)};
    const char *url = cgw__url_for(&req, words[0], words + 1, count(words) - 1);
    ck_assert_pstr_eq(url, good[_i].wanted);
    ck_assert_str_eq(logged, "");
    lead_back(url, good[_i].endpoint);
}
END_TEST

static const struct {
    const char *words[STRINGS], *log;
} bad[] = {
    {{"nothing"}, "cgw_url_for(\"nothing\"): there is no such route"},
    {{"named", "name", "x"}, "cgw_url_for(\"named\"): there is no such route"},
    {{"entry", "id", "x"}, "cgw_url_for(\"entry\"): there is no such route"},
    {{"item"}, "cgw_url_for(\"item\"): it lacks the parameter id"},
    {{"item", "ID", "7"}, "cgw_url_for(\"item\"): it lacks the parameter id"},
    {{"item", "id", "x"}, "cgw_url_for(\"item\"): its route does not take what is given for id"},
    {{"item", "id", ""}, "cgw_url_for(\"item\"): its route does not take what is given for id"},
    {{"price", "p", "1e3"}, "cgw_url_for(\"price\"): its route does not take what is given for p"},
    {{"user", "id", "7"}, "cgw_url_for(\"user\"): its route does not take what is given for id"},
    {{"code", "c", "long"}, "cgw_url_for(\"code\"): its route does not take what is given for c"},
    {{"by name", "name", ""},
     "cgw_url_for(\"by name\"): its route does not take what is given for name"},
    {{"by name", "name", ".."},
     "cgw_url_for(\"by name\"): its route does not take what is given for name"},
    {{"item", "id", "7", "page"},
     "cgw_url_for(\"item\"): what follows is no row of names and values"},
    {{"file", "p", "../x"}, "cgw_url_for(\"file\"): its route does not take what is given for p"},
    {{"file", "p", "a/./x"}, "cgw_url_for(\"file\"): its route does not take what is given for p"},
    {{"file", "p", "a/.."}, "cgw_url_for(\"file\"): its route does not take what is given for p"},
    {{"all", "p", "/evil.example/x"}, "cgw_url_for(\"all\"): it would lead to another host"},
    {{"assets", "path", "/../x"}, "cgw_url_for(\"assets\"): its path has steps"},
    {{"assets", "p", "x"}, "cgw_url_for(\"assets\"): it lacks the parameter path"},
};

START_TEST(test_bad)
{
    const char *const *words = bad[_i].words;
    ck_assert_ptr_null(cgw__url_for(&req, words[0], words + 1, count(words) - 1));
    ck_assert_str_eq(logged, bad[_i].log);
}
END_TEST

/* As users write it; a value that is NULL is a fault of the program's, and no crash. */
START_TEST(test_macro)
{
    const char *missing = NULL;
    ck_assert_str_eq(cgw_url_for(&req, "home"), "/");
    ck_assert_str_eq(cgw_url_for(&req, "item", "id", "7"), "/items/7");
    ck_assert_ptr_null(cgw_url_for(&req, "item", "id", missing));
    ck_assert_ptr_null(cgw_url_for(&req, missing));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("url");
    TCase *t = tcase_create("url");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, test_good, 0, sizeof(good) / sizeof(good[0]));
    tcase_add_loop_test(t, test_bad, 0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(t, test_macro);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
