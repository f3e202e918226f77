/* Dependencies that several tasks of one request want at the same time. */
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <string.h>

static cgw_test *test;

static void set_up(void)
{
    test = cgw_test_open(.quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

/* ---- one that takes its time ---- */

typedef struct User {
    int64_t id;
} User;

static int n_runs, n_torn;

static void log_out(cgw_request *req, void *value, int status)
{
    (void)req, (void)status;
    n_torn += ((User *)value)->id == 7;
}

CGW_DEPENDS(User, slow_user, .teardown = log_out)
{
    n_runs++;
    int status = cgw_sleep(1);
    out->id = 7;
    if (status == CGW_OK && strcmp(cgw_path(req, "how"), "refused") == 0)
        return 403;
    return status;
}

enum { CHILDREN = 6 };

static int needs_user(void *arg)
{
    const User *user = User_need(arg);
    return user && user->id == 7 ? CGW_OK : CGW_EFAILED;
}

static cgw_reply gather(cgw_request *req)
{
    CGW_GROUP(group, req, .keep_going = true);
    for (int i = 0; i < CHILDREN; i++)
        cgw_go(group, needs_user, req);
    CGW_TRY(req, cgw_join(group));
    return cgw_empty(req, 204);
}

CGW_GET(together, "/together/{how}")
{
    return gather(req);
}

CGW_GET(together_sync, "/together-sync/{how}", .mode = CGW_SYNC)
{
    return gather(req);
}

/* As in another file that includes the same header. */
CGW_GET(twice, "/twice/{how}", .depends = CGW_USES(slow_user))
{
    static struct cgw_dependency twin;
    twin = slow_user_dependency;
    const User *user = cgw__need(req, &twin);
    return user == User_need(req) ? cgw_empty(req, 204) : cgw_fail(req, 500, "two users");
}

static void together_at(const char *target, int status)
{
    for (int i = 0; i < 10; i++) {
        n_runs = n_torn = 0;
        cgw_answer answer = cgw_test_get(test, target);
        cgw_test_settle(test);
        ck_assert_int_eq(answer.status, status);
        ck_assert_int_eq(n_runs, 1);
        ck_assert_int_eq(n_torn, status == 204);
        ck_assert_double_eq_tol(answer.seconds, 1, 0.001);
    }
    ck_assert_uint_eq(cgw_test_logged(test, "needs itself"), 0);
}

START_TEST(row_180_it_runs_once_for_all_tasks_of_a_request)
{
    together_at("/together/given", 204);
}
END_TEST

START_TEST(one_of_a_header_is_one_in_all_files)
{
    together_at("/twice/given", 204);
    static const User other = {8};
    ck_assert_int_eq(cgw_test_override(test, "slow_user", &other, sizeof(other)), 0);
    ck_assert_int_eq(cgw_test_get(test, "/twice/given").status, 204);
    ck_assert_int_eq(n_runs, 1);
}
END_TEST

START_TEST(row_180_the_same_on_threads)
{
    together_at("/together-sync/given", 204);
}
END_TEST

START_TEST(who_waits_is_refused_too)
{
    together_at("/together/refused", 403);
    together_at("/together-sync/refused", 403);
}
END_TEST

static int needs_impatiently(void *arg)
{
    CGW_TIMEOUT(0.5)
    {
        return User_need(arg) ? CGW_OK : CGW_EFAILED;
    }
    return CGW_EINVAL;
}

CGW_GET(impatient, "/impatient/{how}")
{
    CGW_GROUP(group, req, .keep_going = true);
    cgw_go(group, needs_user, req);
    cgw_go(group, needs_impatiently, req);
    int status = cgw_join(group);
    if (cgw_group_result(group, 0) != CGW_OK || cgw_group_result(group, 1) != CGW_EFAILED)
        return cgw_fail(req, 500, "%d", status);
    return cgw_empty(req, 204);
}

/* With the first seed that has it so, the other one asks first, and its timeout is the answer. */
START_TEST(who_waits_may_be_canceled)
{
    cgw_test *own = cgw_test_open(.quiet = true, .seed = 1);
    n_runs = 0;
    int status = cgw_test_get(own, "/impatient/given").status;
    ck_assert(status == 204 || status == 500);
    ck_assert_int_eq(n_runs, 1);
    ck_assert_int_eq(cgw_test_close(own), 0);
}
END_TEST

/* ---- rings ---- */

typedef struct Ring {
    int nothing;
} Ring;

typedef struct Other {
    int nothing;
} Other;

static const void *need_ring(cgw_request *req);

static int needs_ring(void *arg)
{
    return need_ring(arg) ? CGW_OK : CGW_EFAILED;
}

CGW_DEPENDS(Other, other)
{
    CGW_GROUP(group, req);
    cgw_go(group, needs_ring, req);
    (void)out;
    return cgw_join(group);
}

static int needs_other(void *arg)
{
    return Other_need(arg) ? CGW_OK : CGW_EFAILED;
}

CGW_DEPENDS(Ring, ring)
{
    int status = cgw_sleep(0.1);
    if (status == CGW_OK && !Other_need(req))
        status = CGW_EFAILED;
    return status;
}

static const void *need_ring(cgw_request *req)
{
    return Ring_need(req);
}

CGW_GET(alone, "/ring")
{
    return Ring_need(req) ? cgw_empty(req, 204) : cgw_done(req);
}

CGW_GET(crossed, "/crossed")
{
    CGW_GROUP(group, req, .keep_going = true);
    cgw_go(group, needs_ring, req);
    cgw_go(group, needs_other, req);
    CGW_TRY(req, cgw_join(group));
    return cgw_empty(req, 204);
}

START_TEST(a_ring_is_refused_also_through_a_group)
{
    ck_assert_int_eq(cgw_test_get(test, "/ring").status, 500);
    ck_assert_uint_eq(cgw_test_logged(test, "needs itself"), 1);
}
END_TEST

START_TEST(a_ring_of_two_tasks_is_refused)
{
    for (uint64_t seed = 1; seed < 20; seed++) {
        cgw_test *own = cgw_test_open(.quiet = true, .seed = seed, .budget = 100);
        ck_assert_int_eq(cgw_test_get(own, "/crossed").status, 500);
        ck_assert_uint_ge(cgw_test_logged(own, "needs itself"), 1);
        ck_assert_int_eq(cgw_test_close(own), 0);
    }
}
END_TEST

static Suite *make_suite(void)
{
    TCase *tcase = tcase_create("depend");
    Suite *suite = suite_create("depend");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, row_180_it_runs_once_for_all_tasks_of_a_request);
    tcase_add_test(tcase, one_of_a_header_is_one_in_all_files);
    tcase_add_test(tcase, row_180_the_same_on_threads);
    tcase_add_test(tcase, who_waits_is_refused_too);
    tcase_add_test(tcase, who_waits_may_be_canceled);
    tcase_add_test(tcase, a_ring_is_refused_also_through_a_group);
    tcase_add_test(tcase, a_ring_of_two_tasks_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
