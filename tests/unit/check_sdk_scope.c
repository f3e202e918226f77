#include "task/scope.h"
#include "task_play.h"

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test);
}

/* ---- the tree ---- */

START_TEST(reasons_travel_down)
{
    struct scope a, b, c, shield, d;
    play_open((struct play_settings){0});
    scope_init(&a, play_runtime, NULL, false);
    scope_init(&b, play_runtime, &a, false);
    scope_init(&shield, play_runtime, &a, true);
    scope_init(&d, play_runtime, &shield, false);
    scope_cancel(&a, CGW_ECLOSED);
    scope_init(&c, play_runtime, &b, false);
    ck_assert_int_eq(a.reason, CGW_ECLOSED);
    ck_assert_int_eq(b.reason, CGW_ECLOSED);
    ck_assert_int_eq(c.reason, CGW_ECLOSED);
    ck_assert_int_eq(shield.reason, 0);
    ck_assert_int_eq(d.reason, 0);
    scope_cancel(&a, CGW_ECANCELED);
    ck_assert_int_eq(a.reason, CGW_ECLOSED); /* the first counts */
    scope_cancel(&shield, CGW_ETIMEDOUT);
    ck_assert_int_eq(d.reason, CGW_ETIMEDOUT);
    scope_fini(&c);
    scope_fini(&b);
    scope_fini(&d);
    scope_fini(&shield);
    scope_fini(&a);
    play_close();
}
END_TEST

START_TEST(a_scope_that_ends_hands_on)
{
    struct scope above, shield, below;
    play_open((struct play_settings){0});
    scope_init(&above, play_runtime, NULL, false);
    scope_init(&shield, play_runtime, &above, true);
    scope_init(&below, play_runtime, &shield, false);
    scope_cancel(&above, CGW_ECANCELED);
    ck_assert_int_eq(below.reason, 0);
    scope_fini(&shield);
    ck_assert_ptr_eq(below.above, &above);
    ck_assert_int_eq(below.reason, CGW_ECANCELED);
    scope_fini(&below);
    scope_fini(&above);
    play_close();
}
END_TEST

START_TEST(deep_and_wide)
{
    enum { DEEP = 100000 };
    static struct scope scopes[DEEP], leaves[DEEP];
    play_open((struct play_settings){0});
    for (size_t i = 0; i < DEEP; i++) {
        scope_init(&scopes[i], play_runtime, i ? &scopes[i - 1] : NULL, false);
        scope_init(&leaves[i], play_runtime, &scopes[i], i % 5 == 0);
    }
    scope_cancel(&scopes[10], CGW_ECANCELED);
    for (size_t i = 0; i < DEEP; i++) {
        ck_assert_int_eq(scopes[i].reason, i < 10 ? 0 : CGW_ECANCELED);
        ck_assert_int_eq(leaves[i].reason, i < 10 || i % 5 == 0 ? 0 : CGW_ECANCELED);
    }
    play_close();
}
END_TEST

/* ---- timeouts ---- */

static int over_in_time(void *arg)
{
    (void)arg;
    CGW_TIMEOUT(1.5)
    {
        ck_assert_int_eq(cgw_sleep(1), CGW_OK);
        ck_assert_int_eq(cgw_sleep(1), CGW_ETIMEDOUT);
        ck_assert_double_eq_tol(play_seconds(), 1.5, 1e-6);
        ck_assert_int_eq(cgw_canceled(), CGW_ETIMEDOUT);
        ck_assert_int_eq(cgw_sleep(1), CGW_ETIMEDOUT); /* at once, from now on */
        ck_assert_int_eq(cgw_sleep(0), CGW_ETIMEDOUT);
        ck_assert_double_eq_tol(play_seconds(), 1.5, 1e-6);
    }
    ck_assert_int_eq(cgw_canceled(), CGW_OK);
    return cgw_sleep(1);
}

START_TEST(level_triggered)
{
    play_once(over_in_time);
    play_close();
}
END_TEST

static int nested(void *arg)
{
    (void)arg;
    CGW_TIMEOUT(1)
    {
        CGW_TIMEOUT(5) /* the outer one comes first */
        {
            ck_assert_int_eq(cgw_sleep(9), CGW_ETIMEDOUT);
            ck_assert_double_eq_tol(play_seconds(), 1, 1e-6);
        }
        ck_assert_int_eq(cgw_canceled(), CGW_ETIMEDOUT);
    }
    CGW_TIMEOUT(5)
    {
        CGW_TIMEOUT(1) /* the inner one */
        {
            ck_assert_int_eq(cgw_sleep(9), CGW_ETIMEDOUT);
            ck_assert_double_eq_tol(play_seconds(), 2, 1e-6);
        }
        ck_assert_int_eq(cgw_sleep(2), CGW_OK);
    }
    CGW_TIMEOUT(0)
    {
        ck_assert_int_eq(cgw_sleep(0), CGW_ETIMEDOUT);
    }
    CGW_TIMEOUT(-1)
    {
        ck_assert_int_eq(cgw_canceled(), CGW_ETIMEDOUT);
    }
    ck_assert_double_eq_tol(play_seconds(), 4, 1e-6);
    return CGW_OK;
}

START_TEST(the_earliest_counts)
{
    play_once(nested);
    play_close();
}
END_TEST

static int leaves_early(int how)
{
    for (int i = 0; i < 3; i++) {
        CGW_TIMEOUT(1)
        {
            if (how == 0)
                return 7;
            if (how == 1)
                break;
            if (how == 2)
                continue;
        }
    }
    return 8;
}

static int leave_early(void *arg)
{
    (void)arg;
    ck_assert_int_eq(leaves_early(0), 7);
    ck_assert_int_eq(leaves_early(1), 8);
    ck_assert_int_eq(leaves_early(2), 8);
    ck_assert_uint_eq(play_runtime->timers.n, 0); /* no deadline is left over */
    return cgw_sleep(3);
}

START_TEST(left_in_any_way)
{
    play_once(leave_early);
    play_close();
}
END_TEST

/* ---- shields ---- */

static int shielded(void *arg)
{
    (void)arg;
    CGW_TIMEOUT(1)
    {
        CGW_SHIELD
        {
            ck_assert_int_eq(cgw_sleep(2), CGW_OK);
            ck_assert_int_eq(cgw_canceled(), CGW_OK);
            CGW_TIMEOUT(1) /* inside counts */
            {
                ck_assert_int_eq(cgw_sleep(2), CGW_ETIMEDOUT);
            }
            ck_assert_int_eq(cgw_canceled(), CGW_OK);
            ck_assert_int_eq(cgw_sleep(1), CGW_OK);
        }
        ck_assert_int_eq(cgw_sleep(1), CGW_ETIMEDOUT);
        CGW_SHIELD /* entered when all is over already */
        {
            ck_assert_int_eq(cgw_sleep(1), CGW_OK);
        }
    }
    ck_assert_double_eq_tol(play_seconds(), 5, 1e-6);
    return cgw_canceled();
}

START_TEST(shields_hide_what_is_outside)
{
    play_once(shielded);
    play_close();
}
END_TEST

START_TEST(the_same_on_a_thread)
{
    static cgw_task_fn *const all[] = {over_in_time, nested, leave_early, shielded};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        play_open((struct play_settings){0});
        ck_assert_int_eq(play_sync(all[i], NULL), CGW_OK);
        play_close();
    }
}
END_TEST

/* ---- cgw_timeout() ---- */

static int slow(void *arg)
{
    int status = cgw_sleep(2);
    return status && arg ? CGW_EIO : status;
}

static int answers(void *arg)
{
    (void)arg;
    return 5;
}

static int with_timeout(void *arg)
{
    (void)arg;
    ck_assert_int_eq(cgw_timeout(3, slow, NULL), CGW_OK);
    ck_assert_int_eq(cgw_timeout(1, slow, NULL), CGW_ETIMEDOUT);
    ck_assert_int_eq(cgw_timeout(1, slow, play_text("")),
                     CGW_ETIMEDOUT); /* whatever it makes of that */
    ck_assert_int_eq(cgw_timeout(1, answers, NULL), 5);
    return CGW_OK;
}

START_TEST(a_function_with_a_timeout)
{
    play_once(with_timeout);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sdk_scope");
    TCase *tcase = tcase_create("sdk_scope");
    add(tcase, reasons_travel_down);
    add(tcase, a_scope_that_ends_hands_on);
    add(tcase, deep_and_wide);
    add(tcase, level_triggered);
    add(tcase, the_earliest_counts);
    add(tcase, left_in_any_way);
    add(tcase, shields_hide_what_is_outside);
    add(tcase, the_same_on_a_thread);
    add(tcase, a_function_with_a_timeout);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
