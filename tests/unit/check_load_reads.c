/* Parameters of paths that nothing reads, and those of which that cannot be said. */
#include "unit.h"
#include "web/load.h"

static cgw_reply handler(cgw_request *req)
{
    (void)req;
    return (cgw_reply){200};
}

#define PLACE(F) F(i64, id) F(str, other, .alias = "kind", .opt = true)
CGW_MODEL(Place, PLACE)

#define ROUTE(name_, path_, ...)                                  \
    static const struct cgw_endpoint name_ = {.method = "GET",    \
                                              .fn = handler,      \
                                              .path = (path_),    \
                                              .function = #name_, \
                                              .file = "app.c",    \
                                              .line = 7,          \
                                              ##__VA_ARGS__}

static const struct cgw_router tenant = {.name = "tenant", .prefix = "/t/{tenant}"};
ROUTE(get_item, "/items/{id}");
ROUTE(get_other, "/others/{id}");
ROUTE(free_item, "/free/{_id}");
ROUTE(bound_item, "/bound/{id}/{kind}", .path_params = Place_model);
ROUTE(of_tenant, "/x", .router = &tenant);
static const struct cgw_endpoint *const endpoints[] = {&get_item, &get_other, &free_item,
                                                       &bound_item, &of_tenant};
enum { N = sizeof(endpoints) / sizeof(endpoints[0]) };

#define READ(name_, function_, file_) (&(const struct cgw__read){(name_), (function_), (file_)})

static const struct {
    const struct cgw_endpoint *endpoint;
    const struct cgw__read *reads[3];
    const char *unread; /* the parameter, or NULL */
} cases[] = {
    {&get_item, {NULL}, "id"},
    {&get_item, {READ("id", "get_item", "app.c")}, NULL},
    {&get_item, {NULL, READ("id", "get_item", "app.c")}, NULL},
    {&get_item, {READ("idea", "get_item", "app.c"), READ("i", "get_item", "app.c")}, "id"},
    /* another handler's reading is its own business, a helper's anybody's */
    {&get_item, {READ("id", "get_other", "app.c")}, "id"},
    {&get_item, {READ("id", "get_other", "helper.c")}, NULL},
    {&get_item, {READ("id", "find_item", "app.c")}, NULL},
    /* a name that nobody knows may be any */
    {&get_item, {READ(NULL, "get_other", "app.c")}, NULL},
    {&free_item, {NULL}, NULL},
    {&bound_item, {NULL}, NULL},
    {&of_tenant, {NULL}, "tenant"},
    {&of_tenant, {READ("tenant", "of_tenant", "app.c")}, NULL},
};

START_TEST(a_route)
{
    static const struct cgw_application plain;
    const struct match_input input = {
        .application = &plain, .endpoints = endpoints, .endpoints_end = endpoints + N};
    struct load_reads reads = {.first = cases[_i].reads, .end = cases[_i].reads + 3};
    const char *error = NULL, *fault;
    struct arena arena;
    struct matcher *matcher = match_new(&input, &error);
    ck_assert_msg(matcher != NULL, "%s", error);
    arena_init(&arena, NULL, 0);
    ck_assert_int_eq(load_reads_gather(&reads, matcher, &arena), CGW_OK);
    for (size_t i = 0; i < N; i++) {
        if (matcher->routes[i].endpoint != cases[_i].endpoint)
            continue;
        fault = load_reads_fault(&matcher->routes[i], &reads, &arena);
        ck_assert_msg(!fault == !cases[_i].unread, "%s", fault ? fault : "no fault");
        if (fault)
            ck_assert_str_eq(fault,
                             arena_printf(&arena,
                                          "nothing reads {%1$s}: take cgw_path(req, \"%1$s\") or "
                                          ".path_params, or call it {_%1$s}",
                                          cases[_i].unread)
                                 .ptr);
    }
    arena_fini(&arena);
    matcher_free(matcher);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("load_reads");
    TCase *tests = tcase_create("load_reads");
    tcase_add_loop_test(tests, a_route, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
