/* A loop's pulse: turns are counted and timed, gauges follow, a tick comes with nothing to do. */
#include "app/pool.h"
#include "net/pulse.h"
#include "unit.h"
#include <time.h>

static struct board_slot slot = {.n_routes = 1};
static struct call_runtime runtime;
static struct settings settings;
static struct net net;

static void call_nothing(struct cgw_call *call)
{
    (void)call;
}

static void setup(void)
{
    static const struct cgw_app app = {.magic = CGW_MAGIC, .call = call_nothing};
    struct ev_loop *loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    ck_assert_ptr_nonnull(loop);
    ck_assert_int_eq(call_runtime_init(&runtime, &app, &settings), 0);
    ck_assert_int_eq(net_init(&net, loop, &settings, &runtime), 0);
    ck_assert_int_eq(pulse_start(&net, &slot), 0);
}

static void teardown(void)
{
    pulse_stop();
    pulse_stop(); /* it is allowed to be stopped already */
    net_fini(&net);
    call_runtime_fini(&runtime);
    ev_loop_destroy(net.loop);
}

static uint64_t turns_above(uint32_t us)
{
    uint64_t n = 0;
    for (size_t i = 1; i < BOARD_BUCKETS; i++)
        if (board_bounds_us[i - 1] >= us)
            n += board_get(&slot.loop_lag.counts[i]);
    return n;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void hold_the_loop(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)timer, (void)events;
    sleep_ms(60);
}

START_TEST(a_long_turn_is_seen)
{
    ev_timer timer;
    ev_run(net.loop, EVRUN_NOWAIT);
    ev_run(net.loop, EVRUN_NOWAIT);
    ck_assert_uint_eq(board_get(&slot.ticks), 2);
    ev_timer_init(&timer, hold_the_loop, 0., 0.);
    ev_timer_start(net.loop, &timer);
    ev_run(net.loop, EVRUN_ONCE);
    ck_assert_uint_eq(turns_above(50000), 0); /* the turn is not over */
    ev_run(net.loop, EVRUN_NOWAIT);
    ck_assert_uint_eq(turns_above(50000), 1);
    ck_assert_uint_ge(board_get(&slot.loop_lag.sum_us), 60000);
}
END_TEST

/* A wait is no turn, and ends within about a second without any other event. */
START_TEST(a_wait_is_no_lag)
{
    for (int i = 0; i < 3; i++)
        ev_run(net.loop, EVRUN_ONCE);
    ck_assert_uint_eq(board_get(&slot.ticks), 3);
    ck_assert_uint_eq(turns_above(500000), 0);
}
END_TEST

START_TEST(gauges_follow)
{
    ck_assert_uint_gt(slot.rss_bytes, 100000); /* at once, not only after a second */
    net.n_conns = 3;
    runtime.n_running = 2;
    ev_run(net.loop, EVRUN_NOWAIT);
    ck_assert_uint_eq(slot.connections, 3);
    ck_assert_uint_eq(slot.in_flight, 2);
    net.n_conns = runtime.n_running = 0;
    ev_run(net.loop, EVRUN_NOWAIT);
    ck_assert_uint_eq(slot.connections, 0);
}
END_TEST

static void rest(struct pool_job *job)
{
    (void)job;
    sleep_ms(500);
}

START_TEST(the_pool_at_each_tick)
{
    struct pool_settings pool = {.max_threads = 1, .max_queue = 8, .idle_ms = 1000};
    struct pool_job jobs[2] = {{.run = rest}, {.run = rest}};
    ck_assert_int_eq(pool_new(&pool, &runtime.pool), 0);
    ck_assert_int_eq(pool_submit(runtime.pool, &jobs[0]), 0);
    ck_assert_int_eq(pool_submit(runtime.pool, &jobs[1]), 0);
    pulse_start(&net, &slot);
    ck_assert_uint_eq(slot.pool_threads, 1);
    ck_assert_uint_eq(slot.pool_busy + slot.pool_queued, 2);
    ck_assert_int_eq(pool_free(runtime.pool, 30000), 0);
    runtime.pool = NULL;
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("pulse");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_long_turn_is_seen);
    tcase_add_test(tcase, a_wait_is_no_lag);
    tcase_add_test(tcase, gauges_follow);
    tcase_add_test(tcase, the_pool_at_each_tick);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
