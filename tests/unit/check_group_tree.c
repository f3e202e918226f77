#include "task_play.h"
#include "task_scarce.h"
#include <stdio.h>

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

/* One that does not care goes on to its end; join waits for it. */
static int deaf(void *arg)
{
    CGW_SHIELD
    {
        if (cgw_sleep(3))
            return CGW_EFAILED;
    }
    play_note(arg);
    return CGW_OK;
}

/* ---- left behind ---- */

static int forgets(void *arg)
{
    static struct child slow = {10, 0, 0};
    (void)arg;
    cgw_group *lost = cgw_group(NULL);
    cgw_go(lost, child, &slow);
    cgw_go(lost, deaf, play_text("d"));
    return cgw_sleep(1);
}

static int has_one_that_forgets(void *arg)
{
    (void)arg;
    CGW_GROUP(group, NULL);
    cgw_go(group, forgets, NULL);
    int status = cgw_join(group);
    play_note("j");
    return status;
}

START_TEST(joined_when_its_task_ends)
{
    play_once(has_one_that_forgets);
    ck_assert_str_eq(play_notes(), "dj");
    ck_assert_double_eq_tol(play_seconds(), 3, 1e-6);
    ck_assert_uint_eq(play_logged("forgets() has not joined its group of 2"), 1);
    play_close();
}
END_TEST

static int leave_block(struct child *slow)
{
    CGW_GROUP(group, NULL);
    cgw_go(group, child, slow);
    if (cgw_sleep(1))
        return CGW_EFAILED;
    return 5; /* and the child is canceled and has ended */
}

static int leaves_blocks(void *arg)
{
    struct child slow = {10, 0, 1};
    (void)arg;
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(leave_block(&slow), 5);
    ck_assert_int_eq(slow.slept, CGW_ECANCELED);
    ck_assert(list_is_empty(&task_here()->groups));
    ck_assert_double_eq_tol(play_seconds(), 100, 1e-6);
    return CGW_OK;
}

START_TEST(a_block_joins)
{
    play_once(leaves_blocks);
    ck_assert_uint_eq(play_logged(""), 0);
    play_close();
}
END_TEST

static int joins_its_parents(void *arg)
{
    return cgw_join((cgw_group *)arg);
}

static int misused(void *arg)
{
    (void)arg;
    cgw_group *group = cgw_group(NULL, .keep_going = true);
    cgw_go(group, joins_its_parents, group);
    ck_assert_int_eq(cgw_join(group), CGW_EINVAL);
    return CGW_OK;
}

START_TEST(joined_by_its_maker_alone)
{
    play_once(misused);
    play_close();
}
END_TEST

/* ---- trees of groups ---- */

static int tree(void *arg)
{
    size_t depth = (size_t)arg;
    if (!depth)
        return cgw_sleep(1);
    CGW_GROUP(group, NULL);
    cgw_go(group, tree, (void *)(depth - 1));
    cgw_go(group, tree, (void *)(depth - 1));
    return cgw_join(group);
}

static int cuts_a_tree(void *arg)
{
    int status = CGW_OK;
    (void)arg;
    ck_assert_int_eq(tree((void *)8), CGW_OK);
    CGW_TIMEOUT(0.5)
    {
        status = tree((void *)8);
    }
    ck_assert_int_eq(status, CGW_ETIMEDOUT);
    ck_assert_uint_eq(play_runtime->n_tasks, 1);
    return CGW_OK;
}

static int chain(void *arg)
{
    size_t depth = (size_t)arg;
    if (!depth)
        return cgw_sleep(100);
    CGW_GROUP(group, NULL);
    cgw_go(group, chain, (void *)(depth - 1));
    return cgw_join(group);
}

static int cuts_a_chain(void *arg)
{
    int status = CGW_OK;
    (void)arg;
    CGW_TIMEOUT(1)
    {
        status = chain((void *)5000);
    }
    return status == CGW_ETIMEDOUT ? CGW_OK : CGW_EFAILED;
}

START_TEST(trees_end_as_a_whole)
{
    play_seeds(10, cuts_a_tree, NULL);
    play_once(cuts_a_chain);
    ck_assert_double_eq_tol(play_seconds(), 1, 1e-6);
    play_close();
}
END_TEST

/* Any order of ends, errors and cancels: all have ended behind join. */
static int in_any_order(void *arg)
{
    enum { N = 12 };
    struct child children[N];
    size_t n_bad = 0;
    (void)arg;
    CGW_GROUP(group, NULL, .keep_going = true, .limit = 5);
    for (int i = 0; i < N; i++) {
        children[i] = (struct child){(i % 3) / 10.0, i % 4 == 3 ? -50 : 0, 9};
        cgw_go(group, child, &children[i]);
    }
    ck_assert_int_eq(cgw_join(group), -50);
    for (size_t i = 0; i < N; i++)
        n_bad += cgw_group_result(group, i) == -50;
    ck_assert_uint_eq(n_bad, 3);
    ck_assert_uint_eq(play_runtime->n_tasks, 1);
    return CGW_OK;
}

START_TEST(seeds)
{
    play_seeds(100, in_any_order, NULL);
    play_seeds(50, (cgw_task_fn *)cuts_a_tree, NULL);
}
END_TEST

/* ---- without memory ---- */

static unsigned scarce_nth;

static int scarce(void *arg)
{
    struct child children[20] = {{.seconds = 0}};
    (void)arg;
    scarce_from(scarce_nth);
    CGW_GROUP(group, NULL, .limit = 12, .timeout = 5);
    for (int i = 0; i < 20; i++) {
        children[i].seconds = 0.1;
        cgw_go(group, child, &children[i]);
    }
    int status = cgw_join(group);
    bool is_felt = scarce_was_felt();
    scarce_from(0);
    ck_assert_int_eq(status, is_felt ? CGW_ENOMEM : CGW_OK);
    return is_felt ? CGW_OK : 1;
}

START_TEST(no_memory)
{
    int status = CGW_OK;
    for (scarce_nth = 1; status == CGW_OK; scarce_nth++) {
        play_open((struct play_settings){0});
        status = play(scarce, NULL);
        play_close();
        ck_assert_uint_lt(scarce_nth, 200);
    }
    ck_assert_int_eq(status, 1);
    ck_assert_uint_gt(scarce_nth, 24); /* a group, its fibers, results, turns, timers */
}
END_TEST

/* ---- very many ---- */

#ifdef SANITIZED
enum { MANY = 3000 };
#else
enum { MANY = 100000 };
#endif

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%*u %lu", &pages), 1);
    fclose(file);
    return pages * 4096;
}

static int asleep(void *arg)
{
    (void)arg;
    return cgw_sleep(2);
}

static int very_many(void *arg)
{
    (void)arg;
    size_t before = resident_bytes();
    CGW_GROUP(group, NULL);
    for (int i = 0; i < MANY; i++)
        cgw_go(group, asleep, NULL);
    ck_assert_int_eq(cgw_sleep(1), CGW_OK);
    size_t each = (resident_bytes() - before) / MANY;
    ck_assert_uint_eq(play_runtime->n_tasks, MANY + 1);
#ifndef SANITIZED
    ck_assert_uint_lt(each, 8192);
#endif
    printf("%zu bytes for each of %d children asleep\n", each, MANY);
    int status = cgw_join(group);
    ck_assert_double_eq_tol(play_seconds(), 2, 1e-6);
    return status;
}

START_TEST(a_hundred_thousand)
{
    play_once(very_many);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("group_tree");
    TCase *tcase = tcase_create("group_tree");
    add(tcase, joined_when_its_task_ends);
    add(tcase, a_block_joins);
    add(tcase, joined_by_its_maker_alone);
    add(tcase, trees_end_as_a_whole);
    add(tcase, seeds);
    add(tcase, no_memory);
    add(tcase, a_hundred_thousand);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
