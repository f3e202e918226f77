/* cgw.thread/1: run on the pool, done on the loop, dropped where the call has ended meanwhile. */
#include "app/call.h"
#include "app/ext_thread.h"
#include "unit.h"
#include <pthread.h>
#include <stdatomic.h>

static struct mailbox mailbox;
static struct pool *pool;
static struct list jobs;
static struct call_runtime runtime;
static struct board_slot slot;
static struct call call = {.runtime = &runtime};
static const struct pool_origin origin;
static atomic_int wakes, ran, gate;
static int done_count, done_status;
static void *done_arg;
static atomic_bool was_off_loop;
static bool was_on_loop;
static pthread_t loop_thread;

static void wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&wakes, 1);
}

static void begin(uint32_t threads, uint32_t queue)
{
    struct pool_settings settings = {threads, queue, 10000, 0};
    loop_thread = pthread_self();
    runtime.slot = &slot;
    slot.blocked_entered = UINT64_MAX;
    list_init(&jobs);
    ck_assert_int_eq(mailbox_init(&mailbox, wake, NULL), 0);
    ck_assert_int_eq(pool_new(&settings, &pool), 0);
}

static void end(void)
{
    atomic_store(&gate, 1);
    ck_assert_int_eq(pool_free(pool, 60000), 0);
    mailbox_run(&mailbox);
    mailbox_fini(&mailbox);
}

static void block(void *arg)
{
    atomic_store(&was_off_loop, !pthread_equal(pthread_self(), loop_thread));
    while (!atomic_load(&gate))
        sched_yield();
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void note_done(struct cgw_call *of, int status, void *arg)
{
    ck_assert_ptr_eq(of, &call.pub);
    ck_assert_uint_eq(slot.entered % 2, 1); /* it is a visit as any other */
    ck_assert_uint_eq(slot.current, (uintptr_t)&call);
    was_on_loop = pthread_equal(pthread_self(), loop_thread);
    done_count++;
    done_status = status;
    done_arg = arg;
}

static int run_one(void)
{
    return thread_job_run(&jobs, &call, &origin, pool, &mailbox, block, &ran, note_done,
                          &done_count);
}

static void wait_for_wakes(int n)
{
    while (atomic_load(&wakes) < n)
        sched_yield();
}

START_TEST(done_runs_on_the_loop)
{
    begin(1, 1);
    done_status = 99;
    ck_assert_int_eq(run_one(), CGW_PENDING);
    ck_assert(!list_is_empty(&jobs));
    atomic_store(&gate, 1);
    wait_for_wakes(1);
    ck_assert_int_eq(done_count, 0);
    mailbox_run(&mailbox);
    ck_assert_int_eq(done_count, 1);
    ck_assert_int_eq(done_status, CGW_OK);
    ck_assert_uint_eq(slot.entered, 2);
    ck_assert_ptr_eq(done_arg, &done_count);
    ck_assert(atomic_load(&was_off_loop) && was_on_loop);
    ck_assert(list_is_empty(&jobs));
    end();
}
END_TEST

START_TEST(a_full_pool_is_busy_and_leaves_nothing)
{
    begin(1, 1);
    ck_assert_int_eq(run_one(), CGW_PENDING);
    ck_assert_int_eq(run_one(), CGW_PENDING);
    ck_assert_int_eq(run_one(), CGW_EBUSY);
    end();
    ck_assert_int_eq(done_count, 2);
    ck_assert_int_eq(atomic_load(&ran), 2);
    ck_assert(list_is_empty(&jobs));
}
END_TEST

/* While it runs, and when it has run but its letter is not open yet. */
START_TEST(abandoned_jobs_run_to_their_end_in_silence)
{
    begin(2, 1);
    ck_assert_int_eq(run_one(), CGW_PENDING);
    ck_assert_int_eq(run_one(), CGW_PENDING);
    if (_i) {
        atomic_store(&gate, 1);
        wait_for_wakes(1);
    }
    thread_jobs_abandon(&jobs);
    ck_assert(list_is_empty(&jobs));
    end();
    ck_assert_int_eq(atomic_load(&ran), 2);
    ck_assert_int_eq(done_count, 0);
    thread_jobs_abandon(&jobs);
}
END_TEST

static void abandon_rest(struct cgw_call *of, int status, void *arg)
{
    (void)of, (void)status, (void)arg;
    done_count++;
    thread_jobs_abandon(&jobs);
}

START_TEST(done_may_end_the_call_with_others_still_there)
{
    begin(1, 4);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            thread_job_run(&jobs, &call, &origin, pool, &mailbox, block, &ran, abandon_rest, NULL),
            CGW_PENDING);
    end();
    ck_assert_int_eq(done_count, 1);
    ck_assert_int_eq(atomic_load(&ran), 3);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("ext_thread");
    TCase *tests = tcase_create("ext_thread");
    tcase_add_test(tests, done_runs_on_the_loop);
    tcase_add_test(tests, a_full_pool_is_busy_and_leaves_nothing);
    tcase_add_loop_test(tests, abandoned_jobs_run_to_their_end_in_silence, 0, 2);
    tcase_add_test(tests, done_may_end_the_call_with_others_still_there);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
