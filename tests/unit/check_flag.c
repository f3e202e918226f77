#include "task_play.h"

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

static cgw_flag flag;

static int wait(void *arg)
{
    int status = cgw_flag_wait(&flag);
    play_note(arg);
    return status;
}

static int set_and_clear(void *arg)
{
    (void)arg;
    flag = (cgw_flag){.is_set = false};
    CGW_GROUP(group, NULL);
    cgw_go(group, wait, play_text("a"));
    cgw_go(group, wait, play_text("b"));
    if (cgw_sleep(1))
        return CGW_EFAILED;
    play_note("s");
    cgw_flag_set(&flag);
    cgw_flag_clear(&flag); /* who waited goes on all the same */
    cgw_go(group, wait, play_text("c"));
    if (cgw_sleep(1))
        return CGW_EFAILED;
    play_note("s");
    cgw_flag_set(&flag);
    cgw_flag_set(&flag);
    int status = cgw_join(group);
    if (cgw_flag_wait(&flag)) /* it is set: at once */
        return CGW_EFAILED;
    return flag.waiters.first ? CGW_EFAILED : status;
}

START_TEST(all_go_on)
{
    play_once(set_and_clear);
    ck_assert_str_eq(play_notes(), "sabsc");
    play_close();
    play_seeds(30, set_and_clear, NULL);
    play_seeds_sync(5, set_and_clear, NULL);
}
END_TEST

static int give_up(void *arg)
{
    int status = CGW_EFAILED;
    (void)arg;
    CGW_TIMEOUT(0.5)
    {
        status = cgw_flag_wait(&flag);
        cgw_flag_set(&flag);
        if (cgw_flag_wait(&flag) != CGW_ETIMEDOUT) /* though it is set */
            return CGW_EFAILED;
    }
    return status == CGW_ETIMEDOUT && !flag.waiters.first ? cgw_flag_wait(&flag) : CGW_EFAILED;
}

START_TEST(canceled_waiters_leave)
{
    play_once(give_up);
    ck_assert_double_eq_tol(play_seconds(), 0.5, 1e-6);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("flag");
    TCase *tcase = tcase_create("flag");
    add(tcase, all_go_on);
    add(tcase, canceled_waiters_leave);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
