/* libcgw-test: the virtual clock, the schedule that the seed decides, and who holds up the others.
 */
#include "tester_play.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FOLLOWS_FORKS true
#ifdef __SANITIZE_THREAD__ /* dies of threads that a fork has left behind */
#undef FOLLOWS_FORKS
#define FOLLOWS_FORKS false
#endif

static cgw_test *open_test(uint64_t seed)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = seed);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
    return test;
}

static double real_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- the clock ---- */

START_TEST(a_day_takes_no_time)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .budget = 1e6);
    double began = real_now();
    cgw_answer answer = cgw_test_get(test, "/sleep?s=86400");
    ck_assert_str_eq(answer.text, "slept");
    ck_assert_double_eq_tol(answer.seconds, 86400, 0.001);
    ck_assert_double_lt(real_now() - began, 30);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(those_who_sleep_sleep_together)
{
    cgw_test *test = open_test(1);
    cgw_answer answers[10];
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/sleep?s=2"}, 10, answers);
    for (size_t i = 0; i < 10; i++) {
        ck_assert_str_eq(answers[i].text, "slept");
        ck_assert_double_eq_tol(answers[i].seconds, 2, 0.001);
    }
    ck_assert_double_eq_tol(cgw_test_now(test), 2, 0.001);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(requests_differ_and_begin_when_told)
{
    cgw_test *test = open_test(1);
    cgw_answer answers[3];
    const struct cgw_test_request requests[] = {{.target = "/sleep?s=5"},
                                                {.target = "/method", .start_after = 1},
                                                {.target = "/sleep?s=1", .start_after = 3}};
    cgw_test_together(test, requests, 3, answers);
    ck_assert_double_eq_tol(answers[0].seconds, 5, 0.001);
    ck_assert_double_eq_tol(answers[1].seconds, 0, 0.001);
    ck_assert_double_eq_tol(answers[2].seconds, 1, 0.001);
    ck_assert_uint_lt(answers[0].began, answers[1].began);
    ck_assert_uint_lt(answers[1].ended, answers[2].began);
    ck_assert_uint_lt(answers[2].ended, answers[0].ended);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(time_passes_by_hand)
{
    cgw_test *test = open_test(1);
    cgw_test_clock(test, 1.5);
    ck_assert_double_eq_tol(cgw_test_now(test), 1.5, 0.001);
    cgw_test_settle(test);
    ck_assert_double_eq_tol(cgw_test_now(test), 1.5, 0.001);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(a_real_clock_is_real)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .real_clock = true);
    double began = real_now();
    ck_assert_str_eq(cgw_test_get(test, "/sleep?s=0.05").text, "slept");
    cgw_test_clock(test, 0.05);
    ck_assert_double_ge(real_now() - began, 0.09);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(time_stands_while_a_thread_works)
{
    cgw_test *test = open_test(1);
    cgw_answer answers[2];
    const struct cgw_test_request requests[] = {{.target = "/thread?ms=30"},
                                                {.target = "/sleep?s=1"}};
    cgw_test_together(test, requests, 2, answers);
    ck_assert_str_eq(answers[0].text, "worked");
    ck_assert_double_eq_tol(answers[0].seconds, 0, 0.001);
    ck_assert_uint_lt(answers[0].ended, answers[1].ended);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

/* ---- the schedule ---- */

/* What eight that take turns have noted, in a buffer of the caller's. */
static void take_notes(uint64_t seed, const char *first, char notes[4096])
{
    cgw_test *test = open_test(seed);
    cgw_answer answers[8];
    struct cgw_test_request requests[8];
    char targets[8][40];
    for (size_t i = 0; i < 8; i++) {
        snprintf(targets[i], sizeof targets[i], "%s?n=3&s=0.1&id=%zu", first, i);
        requests[i] = (struct cgw_test_request){.target = targets[i]};
    }
    play_forget();
    cgw_test_together(test, requests, 8, answers);
    snprintf(notes, 4096, "%s", play_notes);
    ck_assert_uint_eq(cgw_test_seed(test), seed);
    ck_assert_int_eq(cgw_test_close(test), 0);
}

START_TEST(the_same_seed_is_the_same_order)
{
    static char first[4096], again[4096];
    size_t n_others = 0;
    take_notes(4711, "/note", first);
    ck_assert_uint_eq(strlen(first), 8 * 4 * 2);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        take_notes(seed, "/note", again);
        n_others += strcmp(first, again) != 0;
    }
    ck_assert_uint_ge(n_others, 7);
    take_notes(4711, "/note", again);
    ck_assert_str_eq(first, again);
}
END_TEST

/* Threads end in any order; who is told first is the seed's all the same. */
START_TEST(the_same_seed_is_the_same_order_with_threads)
{
    size_t ended[2][8];
    for (int round = 0; round < 2; round++) {
        cgw_test *test = open_test(99);
        cgw_answer answers[8];
        struct cgw_test_request requests[8];
        for (size_t i = 0; i < 8; i++)
            requests[i] = (struct cgw_test_request){
                .target = (i % 2 == (size_t)round) ? "/thread?ms=1" : "/thread?ms=4"};
        cgw_test_together(test, requests, 8, answers);
        for (size_t i = 0; i < 8; i++)
            ended[round][i] = answers[i].ended;
        ck_assert_int_eq(cgw_test_close(test), 0);
    }
    ck_assert_mem_eq(ended[0], ended[1], sizeof ended[0]);
}
END_TEST

START_TEST(the_seed_comes_from_the_environment)
{
    setenv("CGW_TEST_SEED", "12345", 1);
    cgw_test *test = open_test(0);
    ck_assert_uint_eq(cgw_test_seed(test), 12345);
    ck_assert_int_eq(cgw_test_close(test), 0);
    unsetenv("CGW_TEST_SEED");
    test = open_test(0);
    ck_assert_uint_ne(cgw_test_seed(test), 0);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

/* ---- those who hold up the others ---- */

static void block(void)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = 5, .patience = 0.2);
    cgw_test_get(test, "/block?ms=20000");
}

static void block_a_little_each(void)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = 5, .patience = 0.2);
    cgw_answer answers[20];
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/block?ms=100"}, 20, answers);
}

static void spin(void)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = 5, .patience = 0.2);
    cgw_test_get(test, "/spin?ms=20000");
}

START_TEST(who_blocks_is_named)
{
    const char *text = play_dies(block);
    ck_assert_ptr_nonnull(strstr(text, "GET /block?ms=20000: blocks the loop"));
    ck_assert_ptr_nonnull(strstr(text, "asleep"));
    ck_assert_ptr_nonnull(strstr(text, "CGW_TEST_SEED=5 runs this schedule again"));
    text = play_dies(block_a_little_each);
    ck_assert_ptr_nonnull(strstr(text, "GET /block?ms=100: blocks the loop"));
    text = play_dies(spin);
    ck_assert_ptr_nonnull(strstr(text, "GET /spin?ms=20000: blocks the loop"));
    ck_assert_ptr_nonnull(strstr(text, "at work"));
}
END_TEST

START_TEST(who_does_not_is_left_alone)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .patience = 5);
    ck_assert_str_eq(cgw_test_get(test, "/block?ms=100").text, "blocked");
    ck_assert_str_eq(cgw_test_get(test, "/thread?ms=200").text, "worked");
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

static void wait_for_ever(void)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = 6);
    cgw_answer answers[2];
    const struct cgw_test_request requests[] = {{.target = "/sleep?s=1"}, {.target = "/never"}};
    cgw_test_together(test, requests, 2, answers);
}

static void wait_too_long(void)
{
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = 6, .budget = 10);
    cgw_test_get(test, "/sleep?s=11");
}

START_TEST(who_never_ends_is_named)
{
    const char *text = play_dies(wait_for_ever);
    ck_assert_ptr_nonnull(strstr(text, "GET /never: never ends"));
    ck_assert_ptr_nonnull(strstr(text, "CGW_TEST_SEED=6"));
    text = play_dies(wait_too_long);
    ck_assert_ptr_nonnull(strstr(text, "GET /sleep?s=11: has not ended after 10 virtual seconds"));
}
END_TEST

/* ---- forks ---- */

static cgw_test *shared;

static void open_before_the_fork(void)
{
    shared = open_test(3);
    ck_assert_str_eq(cgw_test_get(shared, "/thread?ms=1").text, "worked");
}

static void close_behind_the_fork(void)
{
    ck_assert_int_eq(cgw_test_close(shared), 0);
}

START_TEST(a_fork_finds_its_threads_again)
{
    ck_assert_str_eq(cgw_test_get(shared, "/thread?ms=1").text, "worked");
    ck_assert_str_eq(cgw_test_get(shared, "/sleep?s=1").text, "slept");
    ck_assert_int_eq(cgw_test_close(shared), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("cgw_test_schedule");
    TCase *tcase = tcase_create("schedule"), *forks = tcase_create("forks");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_day_takes_no_time);
    tcase_add_test(tcase, those_who_sleep_sleep_together);
    tcase_add_test(tcase, requests_differ_and_begin_when_told);
    tcase_add_test(tcase, time_passes_by_hand);
    tcase_add_test(tcase, a_real_clock_is_real);
    tcase_add_test(tcase, time_stands_while_a_thread_works);
    tcase_add_test(tcase, the_same_seed_is_the_same_order);
    tcase_add_test(tcase, the_same_seed_is_the_same_order_with_threads);
    tcase_add_test(tcase, the_seed_comes_from_the_environment);
    tcase_add_test(tcase, who_blocks_is_named);
    tcase_add_test(tcase, who_does_not_is_left_alone);
    tcase_add_test(tcase, who_never_ends_is_named);
    suite_add_tcase(suite, tcase);
    if (FOLLOWS_FORKS) {
        tcase_add_unchecked_fixture(forks, open_before_the_fork, close_behind_the_fork);
        tcase_add_test(forks, a_fork_finds_its_threads_again);
    }
    suite_add_tcase(suite, forks);
    return suite;
}

UNIT_MAIN(make_suite)
