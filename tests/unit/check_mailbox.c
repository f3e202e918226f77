/* The mailbox: order, one wake-up for many letters, posting from letters, posters that are late. */
#include "app/mailbox.h"
#include "base/list.h"
#include "unit.h"
#include <stdint.h>

#define POSTERS 4
#define EACH    5000

struct numbered {
    struct letter letter;
    int from, number;
};

static struct mailbox mailbox;
static int wakes, opened, last_of[POSTERS], out_of_order;

static void wake(void *arg)
{
    ++*(int *)arg;
}

static void open_numbered(struct letter *letter)
{
    struct numbered *n = list_owner(letter, struct numbered, letter);
    out_of_order += n->number <= last_of[n->from];
    last_of[n->from] = n->number;
    opened++;
}

static void setup(void)
{
    wakes = opened = out_of_order = 0;
    for (int i = 0; i < POSTERS; i++)
        last_of[i] = -1;
    ck_assert_int_eq(mailbox_init(&mailbox, wake, &wakes), 0);
}

static void teardown(void)
{
    mailbox_fini(&mailbox);
}

START_TEST(opens_in_order_with_one_wake_up)
{
    struct numbered letters[3];
    for (int i = 0; i < 3; i++) {
        letters[i] = (struct numbered){.letter.open = open_numbered, .number = i};
        mailbox_post(&mailbox, &letters[i].letter);
    }
    ck_assert_int_eq(wakes, 1);
    ck_assert_int_eq(opened, 0);
    mailbox_run(&mailbox);
    ck_assert_int_eq(opened, 3);
    ck_assert_int_eq(out_of_order, 0);
    mailbox_run(&mailbox);
    ck_assert_int_eq(opened, 3);
    letters[0].number = 3;
    mailbox_post(&mailbox, &letters[0].letter);
    ck_assert_int_eq(wakes, 2);
    mailbox_run(&mailbox);
    ck_assert_int_eq(opened, 4);
}
END_TEST

static int times;

static void open_again(struct letter *letter)
{
    times++;
    mailbox_post(&mailbox, letter);
}

START_TEST(a_letter_posted_anew_is_opened_in_the_next_run)
{
    struct letter letter = {.open = open_again};
    times = 0;
    mailbox_post(&mailbox, &letter);
    mailbox_run(&mailbox);
    ck_assert_int_eq(times, 1);
    ck_assert_int_eq(wakes, 2);
    mailbox_run(&mailbox);
    ck_assert_int_eq(times, 2);
}
END_TEST

START_TEST(a_closed_box_takes_nothing_and_wakes_nobody)
{
    struct numbered letter = {.letter.open = open_numbered};
    mailbox_fini(&mailbox);
    mailbox_post(&mailbox, &letter.letter);
    ck_assert_int_eq(wakes, 0);
    mailbox_run(&mailbox);
    ck_assert_int_eq(opened, 0);
}
END_TEST

static struct numbered many[POSTERS][EACH];

static void *post_many(void *arg)
{
    int from = (int)(intptr_t)arg;
    for (int i = 0; i < EACH; i++) {
        many[from][i] = (struct numbered){.letter.open = open_numbered, .from = from, .number = i};
        mailbox_post(&mailbox, &many[from][i].letter);
    }
    return NULL;
}

START_TEST(many_threads_lose_nothing_and_keep_their_order)
{
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, post_many, (void *)(intptr_t)i), 0);
    while (opened < POSTERS * EACH)
        mailbox_run(&mailbox);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(opened, POSTERS * EACH);
    ck_assert_int_eq(out_of_order, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("mailbox");
    TCase *tests = tcase_create("mailbox");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, opens_in_order_with_one_wake_up);
    tcase_add_test(tests, a_letter_posted_anew_is_opened_in_the_next_run);
    tcase_add_test(tests, a_closed_box_takes_nothing_and_wakes_nobody);
    tcase_add_test(tests, many_threads_lose_nothing_and_keep_their_order);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
