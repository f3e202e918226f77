/* The table of whole paths: what is in it, what is not, and that the tree says the same. */
#include "unit.h"
#include "web/match.h"
#include <stdio.h>

enum { N = 300 };

static cgw_reply handler(cgw_request *req)
{
    (void)req;
    return (cgw_reply){200};
}

static struct cgw_endpoint endpoints[N];
static const struct cgw_endpoint *list[N];
static char paths[N][32], names[N][8];
static const struct cgw_application application;
static const struct cgw_router shop = {.name = "shop", .prefix = "/shop", .is_application = true};

static void add(size_t i, const char *method, const char *path, const struct cgw_router *router)
{
    (void)snprintf(names[i], sizeof(names[i]), "r%zu", i);
    endpoints[i] = (struct cgw_endpoint){.method = method,
                                         .fn = handler,
                                         .path = path,
                                         .router = router,
                                         .name = names[i],
                                         .function = "handler",
                                         .file = "app.c",
                                         .line = (int)i + 1};
    list[i] = &endpoints[i];
}

static struct matcher *make(size_t n)
{
    const char *error = NULL;
    const struct match_input input = {
        .application = &application, .endpoints = list, .endpoints_end = list + n};
    struct matcher *matcher = match_new(&input, &error);
    ck_assert_msg(matcher != NULL, "%s", error);
    return matcher;
}

static cgw_str str(const char *text)
{
    return (cgw_str){text, strlen(text)};
}

static const struct match_route *find(const struct matcher *matcher, const char *path)
{
    const struct match_node *node = match_exact_find(matcher, str(path));
    return node ? node->routes : NULL;
}

START_TEST(each_path_of_many_is_found)
{
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "/r/%zu%s", i, i % 3 ? "" : "/");
        add(i, "GET", paths[i], NULL);
    }
    struct matcher *matcher = make(N);
    for (size_t i = 0; i < N; i++)
        ck_assert_ptr_eq(find(matcher, paths[i])->endpoint, &endpoints[i]);
    ck_assert_ptr_null(find(matcher, "/r/300"));
    ck_assert_ptr_null(find(matcher, "/r/3"));
    ck_assert_ptr_null(find(matcher, "/r/1/"));
    ck_assert_ptr_null(find(matcher, "/r//1"));
    ck_assert_ptr_null(find(matcher, ""));
    ck_assert_ptr_null(find(matcher, "/r/0/and/something/much/longer/than/any"));
    matcher_free(matcher);
}
END_TEST

START_TEST(what_is_no_plain_path_is_not_there)
{
    add(0, "GET", "/a/{x}", NULL);
    add(1, "GET", "/100%", NULL);
    add(2, "GET", "/{p:path}", NULL);
    struct matcher *matcher = make(3);
    ck_assert_ptr_null(find(matcher, "/a/{x}"));
    ck_assert_ptr_null(find(matcher, "/100%"));
    ck_assert_ptr_null(find(matcher, "/{p:path}"));
    matcher_free(matcher);
}
END_TEST

START_TEST(without_routes_nothing_is_found)
{
    struct matcher *matcher = make(0);
    ck_assert_ptr_null(find(matcher, ""));
    ck_assert_ptr_null(find(matcher, "/"));
    matcher_free(matcher);
}
END_TEST

/* What matcher_match() makes of it: root is in front of the path, and goes the long way. */
static struct match_result ask(const struct matcher *matcher, const char *method, const char *path,
                               const char *root)
{
    static char raw[64];
    static cgw_request req;
    static struct cgw_scope scope;
    struct match_result result;
    (void)snprintf(raw, sizeof(raw), "%s%s", root, path);
    scope = (struct cgw_scope){.method = str(method), .raw_path = str(raw), .root_path = str(root)};
    memset(&req, 0, sizeof(req));
    req.scope = &scope;
    arena_init(&req.arena, req.first, sizeof(req.first));
    ck_assert_int_eq(matcher_match(matcher, &req, &result), CGW_OK);
    arena_fini(&req.arena);
    return result;
}

static const struct {
    const char *method, *path;
    int nth; /* of the endpoints; -1: none */
    bool is_head;
    const char *allow, *root; /* root: as it has grown */
} asked[] = {
    {"GET", "/items", 0, false, NULL, ""},
    {"HEAD", "/items", 0, true, NULL, ""},
    {"POST", "/items", 1, false, NULL, ""},
    {"DELETE", "/items", 2, false, NULL, ""}, /* the parameter takes what the text does not */
    {"PUT", "/items", -1, false, "GET, HEAD, POST, DELETE", ""},
    {"BREW", "/items", -1, false, "GET, HEAD, POST, DELETE", ""},
    {"GET", "/i%74ems", 0, false, NULL, ""},
    {"GET", "/shop/list", 3, false, NULL, "/shop"},
    {"GET", "/shop/lists", -1, false, NULL, ""},
};

START_TEST(the_long_way_leads_to_the_same)
{
    add(0, "GET", "/items", NULL);
    add(1, "POST", "/items", NULL);
    add(2, "DELETE", "/{name}", NULL);
    add(3, "GET", "/list", &shop);
    struct matcher *matcher = make(4);
    const char *method = asked[_i].method, *path = asked[_i].path;
    struct match_result short_way = ask(matcher, method, path, "");
    struct match_result long_way = ask(matcher, method, path, "/below");
    const struct cgw_endpoint *wanted = asked[_i].nth < 0 ? NULL : &endpoints[asked[_i].nth];
    ck_assert_ptr_eq(short_way.endpoint, wanted);
    ck_assert_ptr_eq(long_way.endpoint, wanted);
    ck_assert(short_way.is_head == asked[_i].is_head && long_way.is_head == asked[_i].is_head);
    ck_assert_pstr_eq(short_way.allow, asked[_i].allow);
    ck_assert_pstr_eq(long_way.allow, asked[_i].allow);
    if (wanted)
        ck_assert_uint_eq(long_way.root_path.len, short_way.root_path.len + strlen("/below"));
    ck_assert_uint_eq(short_way.root_path.len, strlen(asked[_i].root));
    matcher_free(matcher);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("match_exact");
    TCase *tcase = tcase_create("match_exact");
    tcase_add_test(tcase, each_path_of_many_is_found);
    tcase_add_test(tcase, what_is_no_plain_path_is_not_there);
    tcase_add_test(tcase, without_routes_nothing_is_found);
    tcase_add_loop_test(tcase, the_long_way_leads_to_the_same, 0, sizeof(asked) / sizeof(asked[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
