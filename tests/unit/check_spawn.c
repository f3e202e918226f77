#include "task_play.h"
#include "task_scarce.h"
#include <stdatomic.h>
#include <stdio.h>

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

/* ---- once ---- */

struct letter {
    double seconds;
    char text[8];
};

static int deliver(void *arg)
{
    const struct letter *letter = arg;
    int status = cgw_sleep(letter->seconds);
    play_note(status ? "!" : letter->text);
    return status;
}

static int spawns(void *arg)
{
    static struct letter kept = {2, "k"};
    struct letter letter = {1, "c"};
    (void)arg;
    CGW_TIMEOUT(0.1) /* of the spawner; it does not touch them */
    {
        ck_assert_int_eq(cgw_spawn(deliver, &letter, .copy = sizeof(letter)), CGW_OK);
        ck_assert_int_eq(cgw_spawn(deliver, &kept), CGW_OK);
        letter = (struct letter){0, "?"};
        ck_assert_int_eq(cgw_sleep(1), CGW_ETIMEDOUT);
    }
    play_note("e");
    return CGW_OK;
}

START_TEST(it_outlives_its_spawner)
{
    play_once(spawns);
    ck_assert_str_eq(play_notes(), "eck");
    ck_assert_uint_eq(play_logged(""), 0);
    play_close();
}
END_TEST

static int fails(void *arg)
{
    (void)arg;
    return CGW_EIO;
}

static int answers_more_than_0(void *arg)
{
    (void)arg;
    return 3;
}

static int forgets_a_group(void *arg)
{
    cgw_group *group = cgw_group(NULL);
    cgw_go(group, deliver, arg);
    return cgw_sleep(0);
}

static int spawns_bad_ones(void *arg)
{
    static struct letter slow = {100, "s"};
    (void)arg;
    ck_assert_int_eq(cgw_spawn(fails, NULL), CGW_OK);
    ck_assert_int_eq(cgw_spawn(answers_more_than_0, NULL), CGW_OK);
    ck_assert_int_eq(cgw_spawn(forgets_a_group, &slow), CGW_OK);
    ck_assert_int_eq(cgw_spawn(fails, NULL, .copy = 8), CGW_EINVAL);
    ck_assert_int_eq(cgw_spawn(fails, play_text(""), .copy = SIZE_MAX), CGW_ENOMEM);
    return CGW_OK;
}

START_TEST(errors_go_to_the_log)
{
    play_once(spawns_bad_ones);
    ck_assert_uint_eq(play_logged("the task fails failed: "), 1);
    ck_assert_uint_eq(play_logged("(-6)"), 1);
    ck_assert_uint_eq(play_logged("forgets_a_group() has not joined"), 1);
    ck_assert_uint_eq(play_logged(""), 2);
    ck_assert_double_eq(play_seconds(), 0);
    play_close();
}
END_TEST

static pthread_t loop_thread;

static int tells_its_thread(void *arg)
{
    (void)arg;
    play_note(pthread_equal(pthread_self(), loop_thread) ? "l" : "t");
    return cgw_sleep(1);
}

static int spawns_blocking(void *arg)
{
    (void)arg;
    return cgw_spawn(tells_its_thread, NULL, .blocking = true);
}

START_TEST(on_a_thread)
{
    loop_thread = pthread_self();
    play_once(spawns_blocking);
    ck_assert_str_eq(play_notes(), "t");
    play_close();
    play_open((struct play_settings){0});
    ck_assert_int_eq(play_sync(spawns, NULL), CGW_OK); /* from sync code */
    ck_assert_str_eq(play_notes(), "eck");
    play_close();
}
END_TEST

/* ---- the drain ---- */

static int drains(void *arg)
{
    static struct letter at_once = {100, "a"}, patient = {100, "p"}, quick = {1, "q"};
    (void)arg;
    ck_assert_int_eq(cgw_spawn(deliver, &at_once), CGW_OK);
    ck_assert_int_eq(cgw_spawn(deliver, &patient, .drain = 5), CGW_OK);
    ck_assert_int_eq(cgw_spawn(deliver, &quick, .drain = 5), CGW_OK);
    ck_assert_int_eq(cgw_sleep(0.5), CGW_OK);
    spawn_drain(play_runtime);
    spawn_drain(play_runtime);
    ck_assert_int_eq(cgw_spawn(deliver, &quick), CGW_ECANCELED);
    ck_assert_int_eq(cgw_sleep(0.1), CGW_OK);
    play_note("1");
    return CGW_OK;
}

START_TEST(canceled_now_or_later)
{
    play_once(drains);
    ck_assert_str_eq(play_notes(), "!1q!");
    ck_assert_double_eq_tol(play_seconds(), 5.5, 1e-6);
    ck_assert_uint_eq(play_logged(""), 0); /* that they were canceled is no error */
    play_close();
}
END_TEST

/* ---- again and again ---- */

struct beat {
    double takes[8];
    int n, n_max;
    double at[8];
};

static int beat(void *arg)
{
    struct beat *beat = arg;
    int i = beat->n++;
    beat->at[i] = play_seconds();
    int status = cgw_sleep(beat->takes[i]);
    if (beat->n == beat->n_max)
        spawn_drain(play_runtime);
    return status ? status : i == 1 ? CGW_EIO : CGW_OK;
}

static int beats(void *arg)
{
    return cgw_every(1, beat, arg);
}

START_TEST(it_keeps_its_beat)
{
    struct beat times = {.takes = {0, 0.5, 1, 2.5, 0.1, 0}, .n_max = 6};
    static const double at[] = {0, 1, 2, 3, 6, 7}; /* the one of 2.5 s skips two beats */
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(beats, &times), CGW_OK);
    ck_assert_int_eq(times.n, 6);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq_tol(times.at[i], at[i], 1e-6);
    ck_assert_uint_eq(play_logged("the task beat failed"), 1); /* and ended nothing */
    play_close();
}
END_TEST

static int copied_beat(void *arg)
{
    play_note((const char *)arg);
    return CGW_OK;
}

static int beats_and_drains(void *arg)
{
    char text[] = "b";
    (void)arg;
    ck_assert_int_eq(cgw_every(1, copied_beat, text, .copy = sizeof(text), .drain = 100), CGW_OK);
    ck_assert_int_eq(cgw_every(1, copied_beat, text, .copy = sizeof(text), .blocking = true),
                     CGW_OK);
    ck_assert_int_eq(cgw_every(0, copied_beat, text), CGW_EINVAL);
    ck_assert_int_eq(cgw_every(-1, copied_beat, text), CGW_EINVAL);
    text[0] = 'x';
    ck_assert_int_eq(cgw_sleep(2.5), CGW_OK);
    spawn_drain(play_runtime);
    return CGW_OK;
}

START_TEST(between_beats_it_ends_at_once)
{
    play_once(beats_and_drains);
    ck_assert_str_eq(play_notes(), "bbbbbb");
    ck_assert_double_eq_tol(play_seconds(), 2.5, 1e-6);
    play_close();
}
END_TEST

/* ---- without memory ---- */

static int without_memory(void *arg)
{
    struct letter letter = {1, "c"};
    (void)arg;
    for (unsigned nth = 1; nth < 3; nth++) {
        scarce_from(nth);
        ck_assert_int_eq(cgw_spawn(deliver, &letter, .copy = sizeof(letter)), CGW_ENOMEM);
    }
    scarce_from(0);
    return cgw_spawn(deliver, &letter, .copy = sizeof(letter));
}

START_TEST(no_memory)
{
    play_once(without_memory);
    ck_assert_str_eq(play_notes(), "c");
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("spawn");
    TCase *tcase = tcase_create("spawn");
    add(tcase, it_outlives_its_spawner);
    add(tcase, errors_go_to_the_log);
    add(tcase, on_a_thread);
    add(tcase, canceled_now_or_later);
    add(tcase, it_keeps_its_beat);
    add(tcase, between_beats_it_ends_at_once);
    add(tcase, no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
