#include "task_play.h"
#include "task_scarce.h"
#include <stdatomic.h>
#include <time.h>

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

static void nap(void)
{
    static const struct timespec pause = {.tv_nsec = 3000000};
    nanosleep(&pause, NULL);
}

static pthread_t loop_thread;

static int on_a_thread(void *arg)
{
    nap();
    return pthread_equal(pthread_self(), loop_thread) ? CGW_EFAILED : *(int *)arg;
}

static void says_nothing(void *arg)
{
    *(int *)arg = 7;
}

/* ---- cgw_blocking() ---- */

static int block(void *arg)
{
    int answer = 42;
    (void)arg;
    loop_thread = pthread_self();
    ck_assert_int_eq(cgw_blocking(on_a_thread, &answer), 42);
    ck_assert_int_eq(cgw_blocking(says_nothing, &answer), CGW_OK);
    ck_assert_int_eq(answer, 7);
    return CGW_OK;
}

START_TEST(there_and_back)
{
    play_once(block);
    ck_assert_uint_eq(play_n_jobs(), 2);
    play_close();
    ck_assert_int_eq(cgw_blocking(says_nothing, NULL), CGW_EINVAL); /* outside of tasks */
}
END_TEST

static int runs_on(void *arg)
{
    while (!atomic_load((atomic_bool *)arg))
        if (cgw_sleep(0.001))
            return CGW_EFAILED;
    return CGW_OK;
}

static int waits_for(void *arg)
{
    while (!atomic_load((atomic_bool *)arg))
        nap();
    return CGW_OK;
}

static int sets(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
    return CGW_OK;
}

/* While one blocks the others run: the second could not begin else, nor the first end. */
static int side_by_side(void *arg)
{
    atomic_bool is_set = false;
    (void)arg;
    CGW_GROUP(group, NULL);
    cgw_go(group, runs_on, &is_set);
    if (cgw_sleep(0))
        return CGW_EFAILED;
    int status = cgw_blocking(sets, &is_set);
    return status ? status : cgw_join(group);
}

START_TEST(others_run_meanwhile)
{
    play_once(side_by_side);
    play_close();
}
END_TEST

/* ---- what sync code may do ---- */

static int inner(void *arg)
{
    (void)arg;
    return pthread_equal(pthread_self(), loop_thread) ? CGW_EFAILED : 5;
}

static int sync_code(void *arg)
{
    double before = cgw_now();
    (void)arg;
    int status = cgw_sleep(2);
    if (status)
        return status;
    if (cgw_now() - before < 1.999)
        return CGW_EIO;
    if (cgw_blocking(inner, NULL) != 5) /* here, without another thread */
        return CGW_EBUSY;
    CGW_TIMEOUT(1)
    {
        status = cgw_sleep(5);
    }
    return status == CGW_ETIMEDOUT && cgw_canceled() == CGW_OK ? CGW_OK : CGW_EFAILED;
}

static int run_sync_code(void *arg)
{
    (void)arg;
    loop_thread = pthread_self();
    return cgw_blocking(sync_code, NULL);
}

START_TEST(it_waits_as_tasks_do)
{
    play_once(run_sync_code);
    ck_assert_uint_eq(play_n_jobs(), 1);
    ck_assert_double_eq_tol(play_seconds(), 3, 1e-6);
    play_close();
}
END_TEST

static int asks_a_lot(void *arg)
{
    for (int i = 0; i < 50; i++)
        if (cgw_sleep(i % 5 ? 0 : 0.01) || cgw_canceled())
            return CGW_EFAILED;
    atomic_fetch_add((atomic_int *)arg, 1);
    return CGW_OK;
}

static int asks_there(void *arg)
{
    return cgw_blocking(asks_a_lot, arg);
}

static int many_ask(void *arg)
{
    atomic_int n = 0;
    (void)arg;
    CGW_GROUP(group, NULL);
    for (int i = 0; i < 10; i++)
        cgw_go(group, asks_there, &n);
    int status = cgw_join(group);
    return status ? status : n == 10 ? CGW_OK : CGW_EFAILED;
}

START_TEST(many_ask_at_once)
{
    play_seeds(10, many_ask, NULL);
}
END_TEST

/* ---- canceled ---- */

static atomic_bool has_begun, may_end;

static int sleeps_on_a_thread(void *arg)
{
    (void)arg;
    atomic_store(&has_begun, true);
    int status = cgw_sleep(100);
    return status == CGW_ETIMEDOUT && cgw_canceled() == CGW_ETIMEDOUT ? 3 : CGW_EFAILED;
}

static int canceled_there(void *arg)
{
    (void)arg;
    CGW_TIMEOUT(1)
    {
        ck_assert_int_eq(cgw_blocking(sleeps_on_a_thread, NULL), 3); /* what it made of it */
        atomic_store(&has_begun, false);
        ck_assert_int_eq(cgw_blocking(sleeps_on_a_thread, NULL), CGW_ETIMEDOUT); /* not begun */
        ck_assert(!atomic_load(&has_begun));
    }
    ck_assert_double_eq_tol(play_seconds(), 1, 1e-6);
    return CGW_OK;
}

START_TEST(sync_code_hears_of_it)
{
    play_once(canceled_there);
    ck_assert_uint_eq(play_n_jobs(), 1);
    play_close();
}
END_TEST

static int computes(void *arg)
{
    (void)arg;
    atomic_store(&has_begun, true);
    waits_for(&may_end);
    return 9;
}

static int compute_there(void *arg)
{
    return cgw_blocking(computes, arg);
}

static int want_a_thread(void *arg)
{
    return cgw_blocking(on_a_thread, arg);
}

/* One runs and cannot be broken off; one waits for its thread and is taken back. */
static int cancel_both(void *arg)
{
    (void)arg;
    cgw_group *group = cgw_group(NULL);
    cgw_go(group, compute_there, NULL);
    while (!atomic_load(&has_begun))
        if (cgw_sleep(0))
            return CGW_EFAILED;
    cgw_group *waiting = cgw_group(NULL);
    cgw_go(waiting, want_a_thread, NULL);
    if (cgw_sleep(0))
        return CGW_EFAILED;
    cgw_group_cancel(group);
    cgw_group_cancel(waiting);
    ck_assert_int_eq(cgw_join(waiting), CGW_ECANCELED); /* while the other still runs */
    ck_assert_int_eq(cgw_group_result(waiting, 0), CGW_ECANCELED);
    atomic_store(&may_end, true);
    ck_assert_int_eq(cgw_join(group), CGW_ECANCELED);
    ck_assert_int_eq(cgw_group_result(group, 0), 9);
    return CGW_OK;
}

START_TEST(taken_back_before_it_begins)
{
    play_open((struct play_settings){.threads = 1});
    ck_assert_int_eq(play(cancel_both, NULL), CGW_OK);
    play_close();
}
END_TEST

/* ---- no thread, no memory ---- */

static int too_many(void *arg)
{
    int answer = 0;
    (void)arg;
    CGW_GROUP(group, NULL, .keep_going = true);
    cgw_go(group, compute_there, NULL);
    while (!atomic_load(&has_begun))
        if (cgw_sleep(0))
            return CGW_EFAILED;
    cgw_go(group, want_a_thread, &answer); /* in the queue */
    if (cgw_sleep(0))
        return CGW_EFAILED;
    loop_thread = pthread_self();
    ck_assert_int_eq(cgw_blocking(on_a_thread, &answer), CGW_EBUSY);
    atomic_store(&may_end, true);
    return cgw_join(group);
}

START_TEST(the_pool_is_full)
{
    play_open((struct play_settings){.threads = 1, .max_queue = 1});
    ck_assert_int_eq(play(too_many, NULL), CGW_OK);
    play_close();
}
END_TEST

static int no_memory_for_it(void *arg)
{
    int answer = 1;
    (void)arg;
    scarce_from(1);
    ck_assert_int_eq(cgw_blocking(on_a_thread, &answer), CGW_ENOMEM);
    scarce_from(0);
    ck_assert_int_eq(cgw_blocking(on_a_thread, &answer), 1);
    return CGW_OK;
}

START_TEST(no_memory)
{
    play_once(no_memory_for_it);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("offload");
    TCase *tcase = tcase_create("offload");
    add(tcase, there_and_back);
    add(tcase, others_run_meanwhile);
    add(tcase, it_waits_as_tasks_do);
    add(tcase, many_ask_at_once);
    add(tcase, sync_code_hears_of_it);
    add(tcase, taken_back_before_it_begins);
    add(tcase, the_pool_is_full);
    add(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
