#include "task_play.h"
#include <stdatomic.h>

static cgw_sem sem;
static atomic_int inside, most;

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test);
}

/* ---- order ---- */

struct guest {
    const char *name;
    double from, hold;
};

static int visit(void *arg)
{
    const struct guest *guest = arg;
    if (cgw_sleep(guest->from))
        return CGW_EFAILED;
    CGW_HOLD_TRY(&sem);
    play_note(guest->name);
    return cgw_sleep(guest->hold);
}

static int first_come_first_served(void *arg)
{
    static struct guest guests[] = {{"a", 0.1, 1}, {"b", 0.2, 1}, {"c", 0.3, 1}, {"d", 0.25, 1}};
    (void)arg;
    sem.n = 1;
    CGW_GROUP(group, NULL);
    for (size_t i = 0; i < 4; i++)
        cgw_go(group, visit, &guests[i]);
    return cgw_join(group);
}

START_TEST(fifo)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(first_come_first_served, NULL), CGW_OK);
    ck_assert_str_eq(play_notes(), "abdc");
    ck_assert_double_eq_tol(play_seconds(), 4.1, 1e-6);
    ck_assert_int_eq(sem.n, 1);
    play_close();
}
END_TEST

/* Who leaves and comes back at once waits behind the others. */
static int greedy(void *arg)
{
    for (int i = 0; i < 3; i++) {
        CGW_HOLD_TRY(&sem);
        play_note(arg);
        if (cgw_sleep(0))
            return CGW_EFAILED;
    }
    return CGW_OK;
}

static int fair(void *arg)
{
    (void)arg;
    sem.n = 1;
    CGW_GROUP(group, NULL);
    cgw_go(group, greedy, play_text("a"));
    cgw_go(group, greedy, play_text("b"));
    return cgw_join(group);
}

START_TEST(hand_over)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(fair, NULL), CGW_OK);
    ck_assert_str_eq(play_notes(), "ababab");
    play_close();
}
END_TEST

/* ---- canceled while waiting ---- */

static int impatient(void *arg)
{
    (void)arg;
    CGW_TIMEOUT(0.5)
    {
        ck_assert_int_eq(cgw_sem_get(&sem), CGW_ETIMEDOUT);
        /* level-triggered: also where it would not have to wait */
        sem.n++;
        ck_assert_int_eq(cgw_sem_get(&sem), CGW_ETIMEDOUT);
        ck_assert(cgw_sem_try(&sem));
    }
    play_note("i");
    return CGW_OK;
}

static int leaves_the_line(void *arg)
{
    static struct guest holder = {"h", 0, 1}, last = {"l", 0.2, 0};
    (void)arg;
    sem.n = 1;
    CGW_GROUP(group, NULL);
    cgw_go(group, visit, &holder);
    if (cgw_sleep(0.1))
        return CGW_EFAILED;
    cgw_go(group, impatient, NULL);
    cgw_go(group, visit, &last);
    return cgw_join(group);
}

START_TEST(canceled_waiters_leave)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(leaves_the_line, NULL), CGW_OK);
    ck_assert_str_eq(play_notes(), "hil");
    ck_assert_int_eq(sem.n, 1);
    ck_assert_ptr_null(sem.waiters.first);
    ck_assert_ptr_null(sem.waiters.last);
    play_close();
}
END_TEST

/* ---- a wake-up and a cancellation in the same turn ---- */

static int entered;

static int enter(void *arg)
{
    (void)arg;
    int status = cgw_sem_get(&sem);
    if (status == CGW_OK) {
        entered++;
        cgw_sem_put(&sem);
    }
    return CGW_OK;
}

static int race(void *arg)
{
    bool put_first = arg != NULL;
    sem = (cgw_sem){.n = 0};
    entered = 0;
    CGW_GROUP(victims, NULL);
    CGW_GROUP(others, NULL);
    cgw_go(victims, enter, NULL);
    if (cgw_sleep(0.1))
        return CGW_EFAILED;
    cgw_go(others, enter, NULL);
    if (cgw_sleep(0.1))
        return CGW_EFAILED;
    if (put_first)
        cgw_sem_put(&sem);
    cgw_group_cancel(victims);
    if (!put_first)
        cgw_sem_put(&sem);
    ck_assert_int_eq(cgw_join(victims), CGW_ECANCELED);
    int status = cgw_join(others);
    ck_assert_int_eq(sem.n, 1);
    ck_assert_int_eq(entered, put_first ? 2 : 1);
    return status;
}

START_TEST(no_wake_up_is_lost)
{
    play_seeds(50, race, NULL);
    play_seeds(50, race, play_text(""));
}
END_TEST

/* ---- many, in any order ---- */

enum { PLACES = 3, GUESTS = 40 };

static int come_and_go(void *arg)
{
    double patience = (double)((size_t)arg % 7) / 10;
    for (int i = 0; i < 3; i++) {
        int status = CGW_EFAILED;
        CGW_TIMEOUT(patience)
        {
            status = cgw_sem_get(&sem);
        }
        if (status != CGW_OK)
            continue;
        if (++inside > most)
            most = inside;
        status = cgw_sleep((double)((size_t)arg % 3) / 10);
        inside--;
        cgw_sem_put(&sem);
        if (status)
            return status;
    }
    return CGW_OK;
}

static int crowd(void *arg)
{
    (void)arg;
    sem = (cgw_sem){.n = PLACES};
    inside = most = 0;
    CGW_GROUP(group, NULL);
    for (size_t i = 0; i < GUESTS; i++)
        cgw_go(group, come_and_go, (void *)i);
    int status = cgw_join(group);
    ck_assert_int_eq(inside, 0);
    ck_assert_int_eq(sem.n, PLACES);
    ck_assert_int_eq(most, PLACES);
    ck_assert_ptr_null(sem.waiters.first);
    return status;
}

START_TEST(count_is_conserved)
{
    play_seeds(200, crowd, NULL);
}
END_TEST

static int crowd_on_threads(void *arg)
{
    (void)arg;
    sem = (cgw_sem){.n = 2};
    cgw_group *group = cgw_group(NULL, .limit = 6);
    for (size_t i = 0; i < 12; i++)
        cgw_go(group, come_and_go, (void *)i);
    int status = cgw_join(group);
    return status ? status : sem.n == 2 && !inside ? CGW_OK : CGW_EFAILED;
}

START_TEST(the_same_on_threads)
{
    play_seeds_sync(10, crowd_on_threads, NULL);
}
END_TEST

static int odd_ones(void *arg)
{
    (void)arg;
    sem = (cgw_sem){.n = -1};
    ck_assert(!cgw_sem_try(&sem));
    cgw_sem_put(&sem);
    ck_assert(!cgw_sem_try(&sem));
    cgw_sem_put(&sem);
    ck_assert(cgw_sem_try(&sem));
    return CGW_OK;
}

START_TEST(below_nothing)
{
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(odd_ones, NULL), CGW_OK);
    play_close();
    ck_assert_int_eq(cgw_sem_get(&sem), CGW_EINVAL); /* outside of tasks */
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sem");
    TCase *tcase = tcase_create("sem");
    add(tcase, fifo);
    add(tcase, hand_over);
    add(tcase, canceled_waiters_leave);
    add(tcase, no_wake_up_is_lost);
    add(tcase, count_is_conserved);
    add(tcase, the_same_on_threads);
    add(tcase, below_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
