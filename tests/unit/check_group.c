#include "task_play.h"
#include <stdatomic.h>

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

/* ---- all of them ---- */

static int gather(void *arg)
{
    enum { N = 100 };
    struct child children[N];
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    for (int i = 0; i < N; i++) {
        children[i] = (struct child){.seconds = (double)(N - i) / 100, .answer = i};
        cgw_go(group, child, &children[i]);
    }
    ck_assert_int_eq(cgw_group_result(group, 5), CGW_PENDING);
    ck_assert_int_eq(cgw_join(group), CGW_OK);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(cgw_group_result(group, (size_t)i), i); /* in order, not as they ended */
    ck_assert_int_eq(cgw_group_result(group, N), CGW_EINVAL);
    ck_assert_int_eq(cgw_group_result(NULL, 0), CGW_EINVAL);
    ck_assert_int_eq(cgw_join(group), CGW_EINVAL);
    cgw_go(group, child, &children[0]); /* too late */
    ck_assert_int_eq(cgw_group_result(group, N), CGW_EINVAL);
    return CGW_OK;
}

START_TEST(results_are_in_order)
{
    play_once(gather);
    ck_assert_double_eq_tol(play_seconds(), 1, 1e-6); /* at the same time */
    ck_assert_uint_eq(play_logged(""), 0);
    play_close();
}
END_TEST

static int nobody(void *arg)
{
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    ck_assert_int_eq(cgw_join(group), CGW_OK);
    ck_assert_int_eq(cgw_join(NULL), CGW_ENOMEM);
    cgw_go(NULL, child, NULL);
    cgw_group_cancel(NULL);
    return CGW_OK;
}

START_TEST(none_at_all)
{
    play_once(nobody);
    play_close();
}
END_TEST

/* ---- errors ---- */

static int one_fails(void *arg)
{
    struct child bad = {1, -77, 0}, worse = {2, -78, 0}, good = {0.5, 0, 0}, long_ = {100, 0, 0};
    bool keep_going = arg != NULL;
    cgw_group *group = cgw_group(NULL, .keep_going = keep_going);
    cgw_go(group, child, &long_);
    cgw_go(group, child, &worse);
    cgw_go(group, child, &bad);
    cgw_go(group, child, &good);
    ck_assert_int_eq(cgw_join(group), -77);
    ck_assert_int_eq(cgw_group_result(group, 0), keep_going ? 0 : CGW_ECANCELED);
    ck_assert_int_eq(cgw_group_result(group, 1), keep_going ? -78 : CGW_ECANCELED);
    ck_assert_int_eq(cgw_group_result(group, 2), -77);
    ck_assert_int_eq(cgw_group_result(group, 3), CGW_OK);
    ck_assert_double_eq_tol(play_seconds(), keep_going ? 100 : 1, 1e-6);
    ck_assert_int_eq(cgw_canceled(), CGW_OK); /* the group was, not we */
    return CGW_OK;
}

static int one_fails_others_go_on(void *arg)
{
    (void)arg;
    return one_fails(play_text(""));
}

START_TEST(the_first_error_cancels_the_rest)
{
    play_once(one_fails);
    play_close();
    play_once(one_fails_others_go_on);
    play_close();
}
END_TEST

/* One that does not care goes on to its end; join waits for it. */
static int deaf(void *arg)
{
    CGW_SHIELD
    {
        if (cgw_sleep(3))
            return CGW_EFAILED;
    }
    play_note(arg);
    return CGW_OK;
}

static int waits_for_the_deaf(void *arg)
{
    struct child bad = {1, -77, 0};
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    cgw_go(group, deaf, play_text("d"));
    cgw_go(group, child, &bad);
    ck_assert_int_eq(cgw_join(group), -77);
    play_note("j");
    return CGW_OK;
}

START_TEST(none_outlives_join)
{
    play_once(waits_for_the_deaf);
    ck_assert_str_eq(play_notes(), "dj");
    play_close();
}
END_TEST

static void says_nothing(void *arg)
{
    if (cgw_sleep(*(double *)arg))
        play_note("c");
}

static int void_ones(void *arg)
{
    double one = 1, ten = 10;
    (void)arg;
    cgw_group *group = cgw_group(NULL, .timeout = 2);
    cgw_go(group, says_nothing, &one);
    cgw_go(group, says_nothing, &ten);
    ck_assert_int_eq(cgw_join(group), CGW_ETIMEDOUT);
    ck_assert_int_eq(cgw_group_result(group, 0), CGW_OK);
    return CGW_OK;
}

START_TEST(functions_without_answer)
{
    play_once(void_ones);
    ck_assert_str_eq(play_notes(), "c");
    play_close();
}
END_TEST

/* ---- timeouts and cancellation ---- */

static int group_timeout(void *arg)
{
    struct child quick = {1, 3, 0}, slow = {10, 0, 0};
    (void)arg;
    cgw_group *group = cgw_group(NULL, .timeout = 2);
    cgw_go(group, child, &quick);
    cgw_go(group, child, &slow);
    ck_assert_int_eq(cgw_join(group), CGW_ETIMEDOUT);
    ck_assert_double_eq_tol(play_seconds(), 2, 1e-6);
    ck_assert_int_eq(cgw_group_result(group, 0), 3);
    ck_assert_int_eq(cgw_group_result(group, 1), CGW_ETIMEDOUT);
    ck_assert_int_eq(slow.slept, CGW_ETIMEDOUT);
    cgw_group *in_time = cgw_group(NULL, .timeout = 20);
    cgw_go(in_time, child, &quick);
    ck_assert_int_eq(cgw_join(in_time), CGW_OK);
    ck_assert_uint_eq(play_runtime->timers.n, 0); /* its deadline is gone with it */
    return CGW_OK;
}

START_TEST(a_timeout_for_all)
{
    play_once(group_timeout);
    play_close();
}
END_TEST

/* The block around the join, and the one around it all. */
static int outer_timeouts(void *arg)
{
    struct child slow = {10, 0, 0};
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    cgw_go(group, child, &slow);
    CGW_TIMEOUT(1)
    {
        ck_assert_int_eq(cgw_join(group), CGW_ETIMEDOUT);
    }
    ck_assert_int_eq(slow.slept, CGW_ETIMEDOUT);
    ck_assert_double_eq_tol(play_seconds(), 1, 1e-6);
    CGW_TIMEOUT(1)
    {
        CGW_GROUP(inner, NULL);
        cgw_go(inner, child, &slow);
        CGW_SHIELD /* they are canceled, we wait */
        {
            ck_assert_int_eq(cgw_join(inner), CGW_ETIMEDOUT);
            ck_assert_int_eq(cgw_canceled(), CGW_OK);
        }
    }
    ck_assert_double_eq_tol(play_seconds(), 2, 1e-6);
    return CGW_OK;
}

START_TEST(timeouts_around_it)
{
    play_once(outer_timeouts);
    play_close();
}
END_TEST

/* Made in a block that is left since. */
static int made_inside(void *arg)
{
    struct child slow = {10, 0, 0};
    cgw_group *group = NULL;
    (void)arg;
    CGW_TIMEOUT(5)
    {
        group = cgw_group(NULL);
        cgw_go(group, child, &slow);
    }
    ck_assert_int_eq(cgw_join(group), CGW_OK);
    ck_assert_double_eq_tol(play_seconds(), 10, 1e-6);
    CGW_TIMEOUT(1)
    {
        CGW_SHIELD
        {
            group = cgw_group(NULL);
            cgw_go(group, child, &slow);
            ck_assert_int_eq(cgw_sleep(2), CGW_OK);
        }
        ck_assert_int_eq(cgw_join(group), CGW_ETIMEDOUT);
    }
    ck_assert_double_eq_tol(play_seconds(), 12, 1e-6);
    return CGW_OK;
}

START_TEST(blocks_that_are_left)
{
    play_once(made_inside);
    play_close();
}
END_TEST

static int cancel_it(void *arg)
{
    struct child quick = {1, 0, 0}, slow = {10, 0, 0};
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    cgw_go(group, child, &slow);
    ck_assert_int_eq(cgw_sleep(quick.seconds), CGW_OK);
    cgw_group_cancel(group);
    cgw_go(group, child, &quick); /* never begins */
    quick.slept = 5;
    ck_assert_int_eq(cgw_join(group), CGW_ECANCELED);
    ck_assert_int_eq(cgw_group_result(group, 0), CGW_ECANCELED);
    ck_assert_int_eq(cgw_group_result(group, 1), CGW_ECANCELED);
    ck_assert_int_eq(quick.slept, 5);
    ck_assert_double_eq_tol(play_seconds(), 1, 1e-6);
    return CGW_OK;
}

START_TEST(canceled_by_hand)
{
    play_once(cancel_it);
    play_close();
}
END_TEST

/* ---- a limit ---- */

static atomic_int running, most;

static int limited_child(void *arg)
{
    int now = atomic_fetch_add(&running, 1) + 1;
    if (now > atomic_load(&most))
        atomic_store(&most, now);
    int status = cgw_sleep(1);
    atomic_fetch_sub(&running, 1);
    return status ? status : (int)(size_t)arg;
}

static int limited(void *arg)
{
    enum { N = 1000 };
    (void)arg;
    cgw_group *group = cgw_group(NULL, .limit = 10);
    for (size_t i = 0; i < N; i++)
        cgw_go(group, limited_child, (void *)i);
    ck_assert_uint_eq(play_runtime->n_tasks, 11);
    ck_assert_int_eq(cgw_join(group), CGW_OK);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(cgw_group_result(group, i), (int)i);
    ck_assert_int_eq(most, 10);
    ck_assert_double_eq_tol(play_seconds(), N / 10, 1e-6);
    return CGW_OK;
}

static int limited_and_canceled(void *arg)
{
    struct child bad = {1, -77, 0}, others[5] = {{.seconds = 1}};
    (void)arg;
    cgw_group *group = cgw_group(NULL, .limit = 1);
    cgw_go(group, child, &bad);
    for (size_t i = 0; i < 5; i++)
        cgw_go(group, child, &others[i]);
    ck_assert_int_eq(cgw_join(group), -77);
    ck_assert_double_eq_tol(play_seconds(), 1, 1e-6);
    for (size_t i = 1; i < 6; i++)
        ck_assert_int_eq(cgw_group_result(group, i), CGW_ECANCELED);
    return CGW_OK;
}

START_TEST(so_many_at_once)
{
    play_once(limited);
    play_close();
    play_once(limited_and_canceled);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("group");
    TCase *tcase = tcase_create("group");
    add(tcase, results_are_in_order);
    add(tcase, none_at_all);
    add(tcase, the_first_error_cancels_the_rest);
    add(tcase, none_outlives_join);
    add(tcase, functions_without_answer);
    add(tcase, a_timeout_for_all);
    add(tcase, timeouts_around_it);
    add(tcase, blocks_that_are_left);
    add(tcase, canceled_by_hand);
    add(tcase, so_many_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
