#include "task_play.h"

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

/* ---- on threads ---- */

static int on_threads(void *arg)
{
    enum { N = 20 };
    struct child children[N];
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    for (int i = 0; i < N; i++) {
        children[i] = (struct child){0.1, i, 0};
        cgw_go(group, child, &children[i]);
    }
    int status = cgw_join(group);
    for (int i = 0; i < N && !status; i++)
        if (cgw_group_result(group, (size_t)i) != i)
            status = CGW_EFAILED;
    return status;
}

/* As many that join as there are threads, and their children want threads too. */
static int all_join(void *arg)
{
    int status = CGW_OK;
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    for (int i = 0; i < 8; i++)
        cgw_go(group, on_threads, NULL);
    status = cgw_join(group);
    return status;
}

START_TEST(a_pool_full_of_joins)
{
    for (unsigned threads = 1; threads < 4; threads++) {
        play_open((struct play_settings){.threads = threads, .seed = threads});
        ck_assert_int_eq(play_sync(all_join, NULL), CGW_OK);
        play_close();
    }
}
END_TEST

START_TEST(a_pool_whose_queue_is_full)
{
    play_open((struct play_settings){.threads = 1, .max_queue = 1});
    ck_assert_int_eq(play_sync(on_threads, NULL), CGW_OK);
    play_close();
}
END_TEST

static int canceled_on_threads(void *arg)
{
    struct child slow[6] = {{10, 0, 0}, {10, 0, 0}, {10, 0, 0},
                            {10, 0, 0}, {10, 0, 0}, {1, -77, 0}};
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    for (int i = 5; i >= 0; i--)
        cgw_go(group, child, &slow[i]);
    if (cgw_join(group) != -77)
        return CGW_EFAILED;
    int status = CGW_OK;
    CGW_TIMEOUT(1)
    {
        CGW_GROUP(inner, NULL);
        for (int i = 0; i < 5; i++)
            cgw_go(inner, child, &slow[i]);
        status = cgw_join(inner);
    }
    if (status != CGW_ETIMEDOUT)
        return CGW_EINVAL;
    group = cgw_group(NULL); /* its maker's deadline is not its own */
    for (int i = 0; i < 5; i++)
        cgw_go(group, child, &slow[i]);
    CGW_TIMEOUT(1)
    {
        status = cgw_join(group);
    }
    return status == CGW_ETIMEDOUT ? CGW_OK : CGW_EIO;
}

START_TEST(canceled_there)
{
    for (unsigned threads = 1; threads < 8; threads++) {
        play_open((struct play_settings){.threads = threads, .seed = threads});
        ck_assert_int_eq(play_sync(canceled_on_threads, NULL), CGW_OK);
        ck_assert_double_le(play_seconds(), 3.1);
        play_close();
    }
    play_seeds_sync(10, canceled_on_threads, NULL);
}
END_TEST

/* One that does not care goes on to its end; join waits for it. */
static int deaf(void *arg)
{
    (void)arg;
    CGW_SHIELD
    {
        if (cgw_sleep(3))
            return CGW_EFAILED;
    }
    return CGW_OK;
}

static int forgets(void *arg)
{
    static struct child slow = {10, 0, 0};
    (void)arg;
    cgw_group *lost = cgw_group(NULL);
    cgw_go(lost, child, &slow);
    cgw_go(lost, deaf, play_text("d"));
    return cgw_sleep(1);
}

START_TEST(left_behind_there)
{
    play_open((struct play_settings){.threads = 2});
    ck_assert_int_eq(play_sync(forgets, NULL), CGW_OK);
    ck_assert_uint_eq(play_logged("has not joined"), 1);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("group_threads");
    TCase *tcase = tcase_create("group_threads");
    add(tcase, a_pool_full_of_joins);
    add(tcase, a_pool_whose_queue_is_full);
    add(tcase, canceled_there);
    add(tcase, left_behind_there);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
