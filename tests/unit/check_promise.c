#include "task/promise.h"
#include "task_play.h"
#include <unistd.h>

enum { CROWD = 200 };

/* ---- a thread of nobody's pool ---- */

struct setter {
    cgw_promise *promises[CROWD];
    int n, pause_us;
    pthread_t id;
};

static void *set_all(void *arg)
{
    struct setter *setter = arg;
    usleep((useconds_t)setter->pause_us);
    for (int i = 0; i < setter->n; i++)
        cgw_promise_set(setter->promises[i], i + 7);
    return NULL;
}

static void let_set(struct setter *setter)
{
    ck_assert_int_eq(pthread_create(&setter->id, NULL, set_all, setter), 0);
}

/* ---- one ---- */

static int wait_for_one(void *arg)
{
    struct setter setter = {.n = 1, .pause_us = *(int *)arg};
    cgw_promise *promise = setter.promises[0] = cgw_promise_new();
    let_set(&setter);
    int status = cgw_promise_wait(promise);
    int again = cgw_promise_wait(promise); /* it is set: at once */
    pthread_join(setter.id, NULL);
    cgw_promise_drop(promise);
    return status == 7 && again == 7 ? CGW_OK : CGW_EFAILED;
}

START_TEST(one_is_waited_for)
{
    int pauses[] = {0, 2000};
    for (int i = 0; i < 2; i++) {
        play_seeds(30, wait_for_one, &pauses[i]);
        play_seeds_sync(10, wait_for_one, &pauses[i]);
    }
}
END_TEST

/* ---- many, in whatever order ---- */

static struct setter setters[4];

static int wait_for_nth(void *arg)
{
    size_t i = (size_t)(intptr_t)arg;
    int status = cgw_promise_wait(setters[i % 4].promises[i / 4]);
    cgw_promise_drop(setters[i % 4].promises[i / 4]);
    return status == (int)(i / 4) + 7 ? CGW_OK : CGW_EFAILED;
}

static int wait_for_many(void *arg)
{
    (void)arg;
    CGW_GROUP(group, NULL);
    for (size_t i = 0; i < 4; i++) {
        setters[i] = (struct setter){.n = CROWD / 4};
        for (int j = 0; j < setters[i].n; j++)
            setters[i].promises[j] = cgw_promise_new();
    }
    for (size_t i = 0; i < CROWD; i++)
        cgw_go(group, wait_for_nth, (void *)(intptr_t)i);
    for (size_t i = 0; i < 4; i++)
        let_set(&setters[i]);
    int status = cgw_join(group);
    for (size_t i = 0; i < 4; i++)
        pthread_join(setters[i].id, NULL);
    return status;
}

START_TEST(many_threads_wake_many_tasks)
{
    play_seeds(20, wait_for_many, NULL);
    play_seeds_sync(5, wait_for_many, NULL);
}
END_TEST

/* ---- a waiter that leaves ---- */

static struct setter left;

static int leave_at_once(void *arg)
{
    (void)arg;
    left.n = 1;
    left.pause_us = 3000;
    int status = CGW_OK;
    CGW_TIMEOUT(0.5)
    {
        status = cgw_sleep(1); /* the clock stands once there is a promise */
        left.promises[0] = cgw_promise_new();
        let_set(&left);
        status = cgw_promise_wait(left.promises[0]); /* canceled, though it will be set */
        cgw_promise_drop(left.promises[0]);
    }
    return status == CGW_ETIMEDOUT ? CGW_OK : CGW_EFAILED;
}

/* The setter is the last one then. */
START_TEST(a_waiter_that_is_canceled_leaves)
{
    play_once(leave_at_once);
    ck_assert_uint_eq(play_runtime->n_promises, 0);
    pthread_join(left.id, NULL);
    play_close();
}
END_TEST

static int second(void *arg)
{
    return cgw_promise_wait(arg) == CGW_EINVAL ? CGW_OK : CGW_EFAILED;
}

static int set_late(void *arg)
{
    cgw_promise_set(arg, 3); /* by a task: any thread is the loop's, too */
    return CGW_OK;
}

static int two_wait(void *arg)
{
    cgw_promise *promise = cgw_promise_new();
    (void)arg;
    CGW_GROUP(group, NULL);
    cgw_go(group, second, promise);
    cgw_go(group, set_late, promise);
    int status = cgw_promise_wait(promise);
    int joined = cgw_join(group);
    cgw_promise_drop(promise);
    return status == 3 ? joined : CGW_EFAILED;
}

START_TEST(a_second_waiter_is_refused)
{
    play_once(two_wait);
    play_close();
}
END_TEST

START_TEST(outside_of_tasks_there_are_none)
{
    ck_assert_ptr_null(cgw_promise_new());
    cgw_promise_drop(NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("promise");
    TCase *tcase = tcase_create("promise");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, one_is_waited_for);
    tcase_add_test(tcase, many_threads_wake_many_tasks);
    tcase_add_test(tcase, a_waiter_that_is_canceled_leaves);
    tcase_add_test(tcase, a_second_waiter_is_refused);
    tcase_add_test(tcase, outside_of_tasks_there_are_none);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
