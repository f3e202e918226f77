#include "task_play.h"
#include <cgw/model.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test);
}

/* ---- sleeping and yielding ---- */

struct sleeper {
    double seconds;
    const char *name;
};

static int sleep_and_tell(void *arg)
{
    const struct sleeper *sleeper = arg;
    int status = cgw_sleep(sleeper->seconds);
    play_note(sleeper->name);
    return status;
}

static int sleep_all(void *arg)
{
    static struct sleeper sleepers[] = {{0.3, "c"}, {0.1, "a"}, {0.2, "b"},
                                        {0.3, "d"}, {0.3, "e"}, {1e-9, "0"}};
    (void)arg;
    for (size_t i = 0; i < sizeof(sleepers) / sizeof(*sleepers); i++)
        ck_assert_ptr_nonnull(play_task(sleep_and_tell, &sleepers[i]));
    return CGW_OK;
}

START_TEST(who_sleeps_less_is_up_first)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(sleep_all, NULL), CGW_OK);
    ck_assert_str_eq(play_notes(), "0abcde");
    ck_assert_double_eq_tol(play_seconds(), 0.3, 1e-6);
    play_close();
}
END_TEST

static int count_to_three(void *arg)
{
    for (int i = 0; i < 3; i++) {
        play_note(arg);
        if (cgw_sleep(0))
            return CGW_EFAILED;
    }
    return CGW_OK;
}

static int take_turns(void *arg)
{
    (void)arg;
    play_task(count_to_three, play_text("a"));
    play_task(count_to_three, play_text("b"));
    return CGW_OK;
}

START_TEST(yielding_lets_others_run_once)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(take_turns, NULL), CGW_OK);
    ck_assert_str_eq(play_notes(), "ababab");
    ck_assert_double_eq(play_seconds(), 0);
    play_close();
}
END_TEST

static int odd_seconds(void *arg)
{
    (void)arg;
    double before = cgw_now();
    ck_assert_int_eq(cgw_sleep(-1), CGW_OK);
    ck_assert_int_eq(cgw_sleep((double)NAN), CGW_OK);
    ck_assert_int_eq(cgw_sleep(0.29), CGW_OK);
    ck_assert_double_eq_tol(cgw_now() - before, 0.29, 1e-9);
    CGW_TIMEOUT(1)
    {
        ck_assert_int_eq(cgw_sleep((double)INFINITY), CGW_ETIMEDOUT);
    }
    ck_assert_double_ge(cgw_loop_lag(), 0);
    return CGW_OK;
}

START_TEST(seconds_of_any_kind)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(odd_seconds, NULL), CGW_OK);
    ck_assert_int_eq(play_sync(odd_seconds, NULL), CGW_OK);
    play_close();
}
END_TEST

START_TEST(outside_of_tasks)
{
    ck_assert_int_eq(cgw_sleep(1), CGW_EINVAL);
    ck_assert_int_eq(cgw_canceled(), CGW_EINVAL);
    ck_assert_double_eq(cgw_now(), 0);
    cgw_datetime now = cgw_datetime_now();
    ck_assert_int_le(llabs(now.unix_us / 1000000 - time(NULL)), 5);
    ck_assert(now.has_offset && now.offset_min == 0);
}
END_TEST

/* ---- waking ---- */

static struct task *parked;

static int park(void *arg)
{
    (void)arg;
    parked = task_here();
    return task_park(parked, "waiting", NULL, NULL, NULL);
}

static int wake_twice(void *arg)
{
    (void)arg;
    struct task *task = play_task(park, NULL);
    task_wake(task, 1); /* not parked yet: nothing */
    ck_assert_int_eq(cgw_sleep(0), CGW_OK);
    ck_assert_ptr_eq(parked, task);
    ck_assert_str_eq(task->state, "waiting");
    scope_cancel(&task->own, CGW_ECANCELED); /* it is not to be interrupted */
    ck_assert(!task->is_ready);
    task_wake(task, 42);
    task_wake(task, 43);
    ck_assert(task->is_ready);
    ck_assert_int_eq(task->wake_status, 42);
    return CGW_OK;
}

START_TEST(the_first_wake_up_counts)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(wake_twice, NULL), CGW_OK);
    play_close();
}
END_TEST

/* Tasks that wake each other for ever leave the loop its turns: the clock goes on. */
static int spin(void *arg)
{
    while (!atomic_load((atomic_bool *)arg))
        if (cgw_sleep(0))
            return CGW_EFAILED;
    return CGW_OK;
}

static int stop_spinning(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
    return CGW_OK;
}

static int spin_and_post(void *arg)
{
    static atomic_bool is_over;
    (void)arg;
    play_task(spin, &is_over);
    play_task(spin, &is_over);
    return cgw_blocking(stop_spinning, &is_over);
}

START_TEST(busy_tasks_leave_turns)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(spin_and_post, NULL), CGW_OK);
    play_close();
}
END_TEST

static int note_number(void *arg)
{
    play_note(arg);
    return CGW_OK;
}

static int start_three(void *arg)
{
    (void)arg;
    play_task(note_number, play_text("1"));
    play_task(note_number, play_text("2"));
    play_task(note_number, play_text("3"));
    return CGW_OK;
}

START_TEST(a_seed_decides_and_repeats)
{
    char first[16] = "";
    bool differs = false;
    for (unsigned seed = 1; seed < 20; seed++) {
        char notes[2][16];
        for (int i = 0; i < 2; i++) {
            play_open((struct play_settings){.seed = seed});
            ck_assert_int_eq(play(start_three, NULL), CGW_OK);
            snprintf(notes[i], sizeof(notes[i]), "%s", play_notes());
            play_close();
        }
        ck_assert_str_eq(notes[0], notes[1]);
        if (seed == 1)
            memcpy(first, notes[0], sizeof(first));
        differs |= strcmp(first, notes[0]) != 0;
    }
    ck_assert(differs);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("task");
    TCase *tcase = tcase_create("task");
    add(tcase, who_sleeps_less_is_up_first);
    add(tcase, yielding_lets_others_run_once);
    add(tcase, seconds_of_any_kind);
    add(tcase, outside_of_tasks);
    add(tcase, the_first_wake_up_counts);
    add(tcase, busy_tasks_leave_turns);
    add(tcase, a_seed_decides_and_repeats);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
