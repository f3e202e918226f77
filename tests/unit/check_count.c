/* Which counters a finished call is one of. */
#include "app/count.h"
#include "unit.h"

static struct board_slot slot = {.n_routes = 1};
static struct call_runtime runtime = {.slot = &slot};
static struct call call;

static void count(const char *method, int status, uint32_t route, uint64_t took_us)
{
    call.runtime = &runtime;
    call.scope.method = (struct cgw_str){method, strlen(method)};
    call.head.status = status;
    call.route = route;
    call.started_us = 1000;
    call.ended_us = 1000 + took_us;
    count_call(&call);
}

START_TEST(methods_and_classes)
{
    static const struct {
        const char *method;
        enum board_method as;
    } methods[] = {{"GET", BOARD_GET},         {"HEAD", BOARD_HEAD},     {"POST", BOARD_POST},
                   {"PUT", BOARD_PUT},         {"PATCH", BOARD_PATCH},   {"DELETE", BOARD_DELETE},
                   {"OPTIONS", BOARD_OPTIONS}, {"PROPFIND", BOARD_OTHER}};
    static const struct {
        int status;
        size_t as;
    } classes[] = {{0, 0},   {100, 1}, {200, 2}, {299, 2}, {304, 3},
                   {404, 4}, {500, 5}, {599, 5}, {600, 0}, {99, 0}};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        for (size_t k = 0; k < sizeof classes / sizeof classes[0]; k++) {
            board_count *counter = &slot.routes[0].requests[methods[i].as][classes[k].as];
            uint64_t old = board_get(counter);
            count(methods[i].method, classes[k].status, 0, 10);
            ck_assert_uint_eq(board_get(counter), old + 1);
        }
    ck_assert_uint_eq(board_get(&slot.routes[0].duration.counts[0]), 80);
    count("get", 200, 0, 10);
    count("GETS", 200, 0, 10);
    count("", 200, 0, 10);
    ck_assert_uint_eq(board_get(&slot.routes[0].requests[BOARD_OTHER][2]), 2 + 3);
}
END_TEST

START_TEST(by_route)
{
    uint32_t route = board_route(&slot, "/a", 2);
    count("GET", 201, route, 2000);
    count("GET", 201, UINT32_MAX, 1); /* none of ours: not named */
    ck_assert_uint_eq(board_get(&slot.routes[route].requests[BOARD_GET][2]), 1);
    ck_assert_uint_eq(board_get(&slot.routes[route].duration.sum_us), 2000);
    ck_assert_uint_eq(board_get(&slot.routes[0].requests[BOARD_GET][2]), 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("count");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, methods_and_classes);
    tcase_add_test(tcase, by_route);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
