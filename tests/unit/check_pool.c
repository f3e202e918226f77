/* The pool: threads on demand, its bounds, idle threads that leave, and no threads to be had. */
#include "app/pool.h"
#include "base/list.h"
#include "unit.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

#define MANY 2000

struct task {
    struct pool_job job;
    int number;
    pthread_t thread;
};

static struct pool *pool;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool is_open; /* tasks that wait may go on */
static int begun, done;
static int sequence[16];

static void reset(void)
{
    is_open = false;
    begun = done = 0;
}

static void make_pool(uint32_t threads, uint32_t queue, uint32_t idle_ms)
{
    struct pool_settings settings = {threads, queue, idle_ms, 0};
    ck_assert_int_eq(pool_new(&settings, &pool), 0);
}

static void run_and_wait(struct pool_job *job)
{
    struct task *task = list_owner(job, struct task, job);
    pthread_mutex_lock(&lock);
    if (begun < 16)
        sequence[begun] = task->number;
    task->thread = pthread_self();
    begun++;
    pthread_cond_broadcast(&changed);
    while (!is_open)
        pthread_cond_wait(&changed, &lock);
    done++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void open_gate(void)
{
    pthread_mutex_lock(&lock);
    is_open = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void wait_for(const int *count, int value)
{
    pthread_mutex_lock(&lock);
    while (*count < value)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

/* Until the pool's own count says so; the test's time-out is the bound. */
static void wait_for_status(uint32_t threads, uint32_t busy)
{
    struct pool_status status;
    for (;;) {
        pool_status(pool, &status);
        if (status.threads == threads && status.busy == busy)
            return;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

START_TEST(starts_threads_on_demand_and_bounds_the_queue)
{
    struct task tasks[6];
    struct pool_status status;
    make_pool(2, 3, 10000);
    pool_status(pool, &status);
    ck_assert_uint_eq(status.threads, 0);
    for (int i = 0; i < 6; i++) {
        tasks[i] = (struct task){.job.run = run_and_wait, .number = i};
        ck_assert_int_eq(pool_submit(pool, &tasks[i].job), i < 5 ? 0 : -EBUSY);
        if (i < 2)
            wait_for(&begun, i + 1);
    }
    pool_status(pool, &status);
    ck_assert_uint_eq(status.threads, 2);
    ck_assert_uint_eq(status.busy, 2);
    ck_assert_uint_eq(status.queued, 3);
    open_gate();
    wait_for(&done, 5);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(sequence[i], i);
    ck_assert_int_eq(pool_free(pool, 60000), 0);
}
END_TEST

START_TEST(a_queue_of_zero_refuses_unless_a_thread_is_idle)
{
    struct task tasks[2] = {{.job.run = run_and_wait}, {.job.run = run_and_wait}};
    make_pool(1, 0, 10000);
    ck_assert_int_eq(pool_submit(pool, &tasks[0].job), 0);
    ck_assert_int_eq(pool_submit(pool, &tasks[1].job), -EBUSY);
    open_gate();
    wait_for_status(1, 0);
    ck_assert_int_eq(pool_submit(pool, &tasks[1].job), 0);
    wait_for(&done, 2);
    ck_assert_int_eq(pool_free(pool, 60000), 0);
}
END_TEST

START_TEST(the_thread_that_fell_idle_last_is_taken_first)
{
    struct task tasks[3] = {
        {.job.run = run_and_wait}, {.job.run = run_and_wait}, {.job.run = run_and_wait}};
    make_pool(4, 0, 60000);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pool_submit(pool, &tasks[i].job), 0);
    wait_for(&begun, 2);
    open_gate();
    wait_for_status(2, 0);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(pool_submit(pool, &tasks[2].job), 0);
        wait_for(&done, 3 + i);
        wait_for_status(2, 0);
        ck_assert(i == 0 || pthread_equal(tasks[0].thread, tasks[2].thread));
        tasks[0].thread = tasks[2].thread;
    }
    ck_assert_int_eq(pool_free(pool, 60000), 0);
}
END_TEST

START_TEST(idle_threads_leave_and_come_back)
{
    struct task tasks[2] = {{.job.run = run_and_wait}, {.job.run = run_and_wait}};
    make_pool(4, 4, 1);
    open_gate();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(pool_submit(pool, &tasks[i].job), 0);
        wait_for(&done, 2 * (round + 1));
        wait_for_status(0, 0);
    }
    ck_assert_int_eq(pool_free(pool, 60000), 0);
}
END_TEST

START_TEST(freeing_waits_for_what_runs_and_what_is_queued)
{
    struct task tasks[3] = {
        {.job.run = run_and_wait}, {.job.run = run_and_wait}, {.job.run = run_and_wait}};
    make_pool(1, 4, 10000);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pool_submit(pool, &tasks[i].job), 0);
    wait_for(&begun, 1);
    ck_assert_int_eq(pool_free(pool, 1), -ETIMEDOUT);
    ck_assert_int_eq(pool_submit(pool, &tasks[2].job), -EBUSY);
    open_gate();
    ck_assert_int_eq(pool_free(pool, 60000), 0);
    ck_assert_int_eq(done, 2);
    ck_assert_int_eq(pool_free(NULL, 0), 0);
}
END_TEST

static sigset_t mask;

static void look_at_mask(struct pool_job *job)
{
    (void)job;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
}

START_TEST(signals_are_kept_away_but_faults)
{
    struct pool_job job = {.run = look_at_mask};
    make_pool(1, 1, 10000);
    ck_assert_int_eq(pool_submit(pool, &job), 0);
    ck_assert_int_eq(pool_free(pool, 60000), 0);
    const int blocked[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE, SIGCHLD, SIGALRM};
    for (size_t i = 0; i < sizeof(blocked) / sizeof(*blocked); i++)
        ck_assert_int_eq(sigismember(&mask, blocked[i]), 1);
    ck_assert_int_eq(sigismember(&mask, SIGSEGV), 0);
    sigset_t mine;
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    ck_assert_int_eq(sigismember(&mine, SIGTERM), 0);
}
END_TEST

static atomic_int counted;

static void count(struct pool_job *job)
{
    (void)job;
    atomic_fetch_add(&counted, 1);
}

START_TEST(many_jobs_from_many_threads_each_run_once)
{
    static struct pool_job jobs[MANY];
    int taken = 0;
    make_pool(4, 64, 1);
    for (int i = 0; i < MANY; i++) {
        jobs[i].run = count;
        while (pool_submit(pool, &jobs[i]) == -EBUSY)
            sched_yield();
        taken++;
    }
    ck_assert_int_eq(pool_free(pool, 60000), 0);
    ck_assert_int_eq(atomic_load(&counted), taken);
}
END_TEST

/* A stack larger than the address space may grow: the kernel refuses each new thread. */
START_TEST(without_any_thread_it_is_busy)
{
    struct pool_settings settings = {4, 100, 10, (size_t)1 << 47};
    struct task task = {.job.run = run_and_wait};
    struct pool_status status;
    ck_assert_int_eq(pool_new(&settings, &pool), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pool_submit(pool, &task.job), -EBUSY);
    pool_status(pool, &status);
    ck_assert_uint_eq(status.threads, 0);
    ck_assert_uint_eq(status.queued, 0);
    ck_assert_int_eq(pool_free(pool, 60000), 0);
}
END_TEST

/* The sanitizers' own memory would be refused as well. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif

#ifndef IS_SANITIZED
START_TEST(with_too_few_threads_it_goes_on_with_what_there_is)
{
    struct task tasks[3] = {
        {.job.run = run_and_wait}, {.job.run = run_and_wait}, {.job.run = run_and_wait}};
    struct pool_status status;
    make_pool(4, 1, 10000);
    ck_assert_int_eq(pool_submit(pool, &tasks[0].job), 0);
    wait_for(&begun, 1);
    struct rlimit before, none = {1 << 20, RLIM_INFINITY};
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    none.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    int second = pool_submit(pool, &tasks[1].job), third = pool_submit(pool, &tasks[2].job);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
    ck_assert_int_eq(second, 0);
    ck_assert_int_eq(third, -EBUSY);
    pool_status(pool, &status);
    ck_assert_uint_eq(status.threads, 1);
    ck_assert_uint_eq(status.queued, 1);
    open_gate();
    wait_for(&done, 2);
    ck_assert_int_eq(pool_free(pool, 60000), 0);
}
END_TEST
#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pool");
    tcase_add_checked_fixture(tests, reset, NULL);
    tcase_add_test(tests, starts_threads_on_demand_and_bounds_the_queue);
    tcase_add_test(tests, a_queue_of_zero_refuses_unless_a_thread_is_idle);
    tcase_add_test(tests, the_thread_that_fell_idle_last_is_taken_first);
    tcase_add_test(tests, idle_threads_leave_and_come_back);
    tcase_add_test(tests, freeing_waits_for_what_runs_and_what_is_queued);
    tcase_add_test(tests, signals_are_kept_away_but_faults);
    tcase_add_test(tests, many_jobs_from_many_threads_each_run_once);
    tcase_add_test(tests, without_any_thread_it_is_busy);
#ifndef IS_SANITIZED
    tcase_add_test(tests, with_too_few_threads_it_goes_on_with_what_there_is);
#endif
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
