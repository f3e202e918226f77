#include "task_play.h"

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

static cgw_mutex mutex;
static int inside;

static int hold(void *arg)
{
    for (int i = 0; i < 3; i++) {
        if (cgw_mutex_lock(&mutex))
            return CGW_EFAILED;
        play_note(arg);
        if (inside++)
            return CGW_EIO;
        int status = cgw_sleep(0.1);
        inside--;
        cgw_mutex_unlock(&mutex);
        if (status)
            return status;
    }
    return CGW_OK;
}

static int three_hold(void *arg)
{
    (void)arg;
    CGW_GROUP(group, NULL);
    cgw_go(group, hold, play_text("a"));
    cgw_go(group, hold, play_text("b"));
    cgw_go(group, hold, play_text("c"));
    int status = cgw_join(group);
    return mutex.owner || mutex.waiters.first ? CGW_EFAILED : status;
}

START_TEST(one_at_a_time_in_order)
{
    play_once(three_hold);
    ck_assert_str_eq(play_notes(), "abcabcabc");
    play_close();
    play_seeds(50, three_hold, NULL);
    play_seeds_sync(10, three_hold, NULL);
}
END_TEST

static int unlock(void *arg)
{
    (void)arg;
    cgw_mutex_unlock(&mutex);
    return CGW_OK;
}

static int misuse(void *arg)
{
    (void)arg;
    ck_assert_int_eq(cgw_mutex_lock(&mutex), CGW_OK);
    ck_assert_int_eq(cgw_mutex_lock(&mutex), CGW_EINVAL);
    CGW_GROUP(group, NULL);
    cgw_go(group, unlock, NULL);
    ck_assert_int_eq(cgw_join(group), CGW_OK);
    ck_assert_ptr_nonnull(mutex.owner);
    cgw_mutex_unlock(&mutex);
    ck_assert_ptr_null(mutex.owner);
    cgw_mutex_unlock(&mutex);
    return CGW_OK;
}

START_TEST(its_owner_alone)
{
    play_once(misuse);
    ck_assert_uint_eq(play_logged("unlock unlocks a mutex that it has not locked"), 1);
    ck_assert_uint_eq(play_logged("has not locked"), 2);
    play_close();
}
END_TEST

static int gives_up(void *arg)
{
    int status = CGW_EFAILED;
    CGW_TIMEOUT(0.15)
    {
        status = cgw_mutex_lock(&mutex);
    }
    if (status == CGW_ETIMEDOUT) {
        play_note(arg);
        return CGW_OK;
    }
    cgw_mutex_unlock(&mutex);
    return status;
}

static int some_give_up(void *arg)
{
    (void)arg;
    CGW_GROUP(group, NULL);
    cgw_go(group, hold, play_text("a"));
    if (cgw_sleep(0))
        return CGW_EFAILED;
    cgw_go(group, gives_up, play_text("x"));
    cgw_go(group, hold, play_text("b"));
    cgw_go(group, gives_up, play_text("y"));
    cgw_go(group, gives_up, play_text("z"));
    int status = cgw_join(group);
    return mutex.owner || mutex.waiters.first ? CGW_EFAILED : status;
}

START_TEST(canceled_waiters_leave)
{
    play_once(some_give_up);
    ck_assert_str_eq(play_notes(), "abyzabab");
    play_close();
    play_seeds(50, some_give_up, NULL);
}
END_TEST

/* It is handed over and its new owner is canceled before it runs: it has it, and gives it back. */
static int lock_and_tell(void *arg)
{
    int status = cgw_mutex_lock(&mutex);
    if (status)
        return status;
    play_note(arg);
    ck_assert_int_eq(cgw_sleep(1), CGW_ECANCELED);
    cgw_mutex_unlock(&mutex);
    return CGW_OK;
}

static int canceled_with_it(void *arg)
{
    (void)arg;
    ck_assert_int_eq(cgw_mutex_lock(&mutex), CGW_OK);
    CGW_GROUP(group, NULL);
    cgw_go(group, lock_and_tell, play_text("h"));
    ck_assert_int_eq(cgw_sleep(0.1), CGW_OK);
    cgw_mutex_unlock(&mutex);
    cgw_group_cancel(group);
    ck_assert_int_eq(cgw_join(group), CGW_ECANCELED);
    ck_assert_int_eq(cgw_group_result(group, 0), CGW_OK);
    ck_assert_ptr_null(mutex.owner);
    return CGW_OK;
}

START_TEST(handed_over_and_canceled)
{
    play_once(canceled_with_it);
    ck_assert_str_eq(play_notes(), "h");
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("mutex");
    TCase *tcase = tcase_create("mutex");
    add(tcase, one_at_a_time_in_order);
    add(tcase, its_owner_alone);
    add(tcase, canceled_waiters_leave);
    add(tcase, handed_over_and_canceled);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
