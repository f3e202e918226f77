/* The timing wheel: nothing fires early, nothing is lost, whatever is set, moved and cleared. */
#include "net/deadline.h"
#include "unit.h"

enum { NODES = 2000 };

struct node {
    struct deadline deadline;
    uint64_t due; /* the tick it was set for, UINT64_MAX: cleared */
    unsigned fired;
};

static struct deadlines wheel;
static struct node nodes[NODES];
static struct ev_loop *loop;

static void on_fire(struct deadline *deadline)
{
    struct node *node = list_owner(deadline, struct node, deadline);
    ck_assert_uint_ge(wheel.now, node->due);
    ck_assert_uint_eq(wheel.now, deadline->tick);
    node->fired++;
}

static void setup(void)
{
    loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    deadlines_init(&wheel, loop);
    for (size_t i = 0; i < NODES; i++) {
        deadline_init(&nodes[i].deadline, on_fire);
        nodes[i].due = UINT64_MAX;
        nodes[i].fired = 0;
    }
}

static void teardown(void)
{
    deadlines_fini(&wheel);
    ev_loop_destroy(loop);
}

static void set(struct node *node, uint64_t after_ms)
{
    uint64_t now_ms = (wheel.now_us + 999) / 1000;
    node->due = now_ms + after_ms;
    deadline_set(&wheel, &node->deadline, after_ms * 1000);
}

START_TEST(fires_at_its_tick_and_once)
{
    static const uint64_t after[] = {1,     2,     255,     256,     257,      511,      512,
                                     65535, 65536, 65537,   1000000, 16777215, 16777216, 16777217,
                                     75000, 10000, 3600000, 30000,   86400000, 100000000};
    const size_t n = sizeof after / sizeof *after;
    uint64_t start = wheel.now;
    for (size_t i = 0; i < n; i++)
        set(&nodes[i], after[i]);
    for (size_t i = 0; i < n; i++) {
        deadlines_advance(&wheel, start + after[i] - 1);
        ck_assert_uint_eq(nodes[i].fired, after[i] < wheel.now - start ? 1 : nodes[i].fired);
    }
    deadlines_advance(&wheel, start + 100000002);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(nodes[i].fired, 1);
    ck_assert_uint_eq(deadlines_next(&wheel), UINT64_MAX);
}
END_TEST

START_TEST(never_skips_one_in_small_steps)
{
    uint64_t start = wheel.now, seed = 12345;
    for (size_t i = 0; i < NODES; i++) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        set(&nodes[i], 1 + (seed >> 33) % 70000);
    }
    for (uint64_t at = 1; at <= 70002; at += 37)
        deadlines_advance(&wheel, start + at);
    deadlines_advance(&wheel, start + 70010);
    for (size_t i = 0; i < NODES; i++)
        ck_assert_uint_eq(nodes[i].fired, 1);
}
END_TEST

START_TEST(moved_and_cleared_ones_do_not_fire)
{
    uint64_t start = wheel.now;
    for (size_t i = 0; i < NODES; i++)
        set(&nodes[i], 100 + i);
    for (size_t i = 0; i < NODES; i += 2)
        deadline_clear(&nodes[i].deadline);
    for (size_t i = 1; i < NODES; i += 4)
        set(&nodes[i], 50000);
    deadlines_advance(&wheel, start + 49000);
    for (size_t i = 0; i < NODES; i++)
        ck_assert_uint_eq(nodes[i].fired, i % 2 == 0 || i % 4 == 1 ? 0 : 1);
    deadlines_advance(&wheel, start + 51000);
    for (size_t i = 1; i < NODES; i += 4)
        ck_assert_uint_eq(nodes[i].fired, 1);
}
END_TEST

/* What the timer is armed for is never later than what is due. */
/* Let all ticks up to this one pass, one by one, and the clock with them. */
static void pass_to(uint64_t tick)
{
    while (wheel.now < tick) {
        deadlines_advance(&wheel, wheel.now + 1);
        wheel.now_us = wheel.now * 1000;
    }
}

START_TEST(put_off_and_paused_ones_fire_at_their_last_time)
{
    struct node *later = &nodes[0], *sooner = &nodes[1], *paused = &nodes[2];
    pass_to(wheel.now + 2);
    for (unsigned after = 2, n = 1; after < 200000; after = after * 3 + 1, n++) {
        set(later, after);
        set(later, 2 * after);
        set(sooner, after);
        set(sooner, 2 * after);
        set(sooner, after / 2);
        set(paused, after);
        deadline_pause(&paused->deadline);
        ck_assert(!deadline_is_set(&paused->deadline) && deadline_is_set(&later->deadline));
        pass_to(sooner->due - 1);
        ck_assert_uint_eq(sooner->fired, n - 1);
        pass_to(sooner->due);
        ck_assert_uint_eq(sooner->fired, n);
        pass_to(later->due - 1);
        ck_assert_uint_eq(later->fired, n - 1);
        pass_to(later->due);
        ck_assert_uint_eq(later->fired, n);
        ck_assert_uint_eq(paused->fired, n - 1);
        set(paused, after);
        pass_to(paused->due);
        ck_assert_uint_eq(paused->fired, n);
    }
    set(paused, 5);
    deadline_pause(&paused->deadline);
    set(paused, 9); /* in the old place */
    pass_to(paused->due - 1);
    ck_assert(deadline_is_set(&paused->deadline));
    pass_to(paused->due);
    ck_assert(!deadline_is_set(&paused->deadline));
}
END_TEST

START_TEST(next_is_never_late)
{
    uint64_t start = wheel.now;
    set(&nodes[0], 5000);
    set(&nodes[1], 300);
    set(&nodes[2], 70000);
    while (nodes[2].fired == 0) {
        uint64_t next = deadlines_next(&wheel), least = UINT64_MAX;
        for (size_t i = 0; i < 3; i++)
            if (!nodes[i].fired && nodes[i].due < least)
                least = nodes[i].due;
        ck_assert_uint_gt(next, wheel.now);
        ck_assert_uint_le(next, least + 1);
        deadlines_advance(&wheel, next);
    }
    ck_assert_uint_ge(wheel.now, start + 70000);
}
END_TEST

static struct node *again;
static void set_again(struct deadline *deadline)
{
    struct node *node = list_owner(deadline, struct node, deadline);
    if (++node->fired < 5)
        deadline_set(&wheel, deadline, 0);
    again = node;
}

START_TEST(may_be_set_anew_while_firing)
{
    nodes[0].deadline.fire = set_again;
    set(&nodes[0], 10);
    deadlines_advance(&wheel, wheel.now + 100);
    ck_assert_uint_eq(nodes[0].fired, 5);
    ck_assert_ptr_eq(again, &nodes[0]);
    ck_assert(!deadline_is_set(&nodes[0].deadline));
}
END_TEST

/* However far ahead: neither does the sum overflow nor does the wheel come round to it too early.
 */
START_TEST(the_far_future_does_not_come)
{
    static const uint64_t after_us[] = {UINT64_MAX,      UINT64_MAX - 1,   UINT64_MAX / 2,
                                        1ULL << 63,      UINT64_MAX - 999, UINT64_MAX / 4,
                                        (1ULL << 63) + 5};
    const size_t n = sizeof after_us / sizeof *after_us;
    const uint64_t start = wheel.now, turn = 1ULL << 32;
    for (size_t i = 0; i < n; i++) {
        nodes[i].due = UINT64_MAX;
        deadline_set(&wheel, &nodes[i].deadline, after_us[i]);
    }
    set(&nodes[n], 3 * turn);
    for (uint64_t at = start; at <= start + 4 * turn; at += turn / 256)
        deadlines_advance(&wheel, at);
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_eq(nodes[i].fired, 0);
        ck_assert(deadline_is_set(&nodes[i].deadline));
    }
    ck_assert_uint_eq(nodes[n].fired, 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("deadline");
    TCase *tests = tcase_create("wheel");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, fires_at_its_tick_and_once);
    tcase_add_test(tests, never_skips_one_in_small_steps);
    tcase_add_test(tests, moved_and_cleared_ones_do_not_fire);
    tcase_add_test(tests, put_off_and_paused_ones_fire_at_their_last_time);
    tcase_add_test(tests, next_is_never_late);
    tcase_add_test(tests, may_be_set_anew_while_firing);
    tcase_add_test(tests, the_far_future_does_not_come);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
