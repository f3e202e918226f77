#include "task/timer.h"
#include "unit.h"
#include <cgw/base.h>

enum { MANY = 2000 };

struct alarm {
    struct timer timer;
    int number;
};

static int rung[MANY * 2];
static int n_rung;
static struct timer_heap heap;

static void ring(struct timer *timer)
{
    rung[n_rung++] = ((struct alarm *)timer)->number;
}

START_TEST(earliest_first)
{
    static struct alarm alarms[MANY];
    for (int i = 0; i < MANY; i++) {
        int number = (i * 7919) % MANY; /* each once, in no order */
        alarms[i] = (struct alarm){{.fn = ring}, number};
        ck_assert_int_eq(timer_start(&heap, &alarms[i].timer, 1000u + (uint64_t)number), CGW_OK);
    }
    ck_assert_uint_eq(timer_first_us(&heap), 1000);
    timer_run(&heap, 1000 + MANY / 2 - 1);
    ck_assert_int_eq(n_rung, MANY / 2);
    timer_run(&heap, 5000);
    ck_assert_int_eq(n_rung, MANY);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(rung[i], i);
    ck_assert_uint_eq(timer_first_us(&heap), UINT64_MAX);
    timer_heap_fini(&heap);
}
END_TEST

START_TEST(first_set_first_among_equals)
{
    static struct alarm alarms[100];
    for (int i = 0; i < 100; i++) {
        alarms[i] = (struct alarm){{.fn = ring}, i};
        ck_assert_int_eq(timer_start(&heap, &alarms[i].timer, 10), CGW_OK);
    }
    timer_stop(&heap, &alarms[0].timer);
    ck_assert_int_eq(timer_start(&heap, &alarms[0].timer, 10), CGW_OK);
    timer_run(&heap, 10);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(rung[i], (i + 1) % 100);
    timer_heap_fini(&heap);
}
END_TEST

START_TEST(stopped_ones_do_not_ring)
{
    static struct alarm alarms[MANY];
    for (int i = 0; i < MANY; i++) {
        alarms[i] = (struct alarm){{.fn = ring}, i};
        ck_assert_int_eq(timer_start(&heap, &alarms[i].timer, (uint64_t)(i * 31 % 997)), CGW_OK);
    }
    for (int i = 0; i < MANY; i += 2) {
        timer_stop(&heap, &alarms[i].timer);
        timer_stop(&heap, &alarms[i].timer);
        ck_assert_uint_eq(alarms[i].timer.at, 0);
    }
    timer_run(&heap, 1000);
    ck_assert_int_eq(n_rung, MANY / 2);
    for (int i = 0; i < n_rung; i++) {
        ck_assert_int_eq(rung[i] % 2, 1);
        if (i)
            ck_assert_int_le(rung[i - 1] * 31 % 997, rung[i] * 31 % 997);
    }
    timer_heap_fini(&heap);
}
END_TEST

START_TEST(an_armed_one_is_set_anew)
{
    struct alarm a = {{.fn = ring}, 1}, b = {{.fn = ring}, 2};
    ck_assert_int_eq(timer_start(&heap, &a.timer, 10), CGW_OK);
    ck_assert_int_eq(timer_start(&heap, &b.timer, 20), CGW_OK);
    ck_assert_int_eq(timer_start(&heap, &a.timer, 30), CGW_OK);
    ck_assert_uint_eq(heap.n, 2);
    timer_run(&heap, 25);
    ck_assert_int_eq(n_rung, 1);
    ck_assert_int_eq(rung[0], 2);
    timer_run(&heap, 30);
    ck_assert_int_eq(rung[1], 1);
    timer_heap_fini(&heap);
}
END_TEST

static void ring_again(struct timer *timer)
{
    ring(timer);
    if (n_rung < 3)
        ck_assert_int_eq(timer_start(&heap, timer, timer->due_us + 5), CGW_OK);
}

START_TEST(one_that_rings_may_set_itself)
{
    struct alarm a = {{.fn = ring_again}, 1};
    ck_assert_int_eq(timer_start(&heap, &a.timer, 10), CGW_OK);
    timer_run(&heap, 15);
    ck_assert_int_eq(n_rung, 2);
    timer_run(&heap, 20);
    ck_assert_int_eq(n_rung, 3);
    timer_heap_fini(&heap);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("timer");
    TCase *tcase = tcase_create("timer");
    tcase_add_test(tcase, earliest_first);
    tcase_add_test(tcase, first_set_first_among_equals);
    tcase_add_test(tcase, stopped_ones_do_not_ring);
    tcase_add_test(tcase, an_armed_one_is_set_anew);
    tcase_add_test(tcase, one_that_rings_may_set_itself);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
