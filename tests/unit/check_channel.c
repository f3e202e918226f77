/* What workers and supervisor tell each other arrives whole, in order, and the end is told. */
#include "proc/channel.h"
#include "unit.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int ends[2];

static void open_ends(void)
{
    ck_assert_int_eq(channel_open(ends), 0);
}

START_TEST(messages_keep_apart)
{
    struct channel_message message;
    open_ends();
    ck_assert_int_eq(channel_take(ends[0], &message), -EAGAIN);
    ck_assert_int_eq(channel_tell(ends[1], CHANNEL_FAILED, "no database"), 0);
    ck_assert_int_eq(channel_tell(ends[1], CHANNEL_READY, NULL), 0);
    ck_assert_int_eq(channel_tell(ends[0], CHANNEL_RETIRE, NULL), 0);
    ck_assert_int_eq(channel_take(ends[0], &message), 0);
    ck_assert_int_eq(message.type, CHANNEL_FAILED);
    ck_assert_str_eq(message.text, "no database");
    ck_assert_int_eq(channel_take(ends[0], &message), 0);
    ck_assert_int_eq(message.type, CHANNEL_READY);
    ck_assert_str_eq(message.text, "");
    ck_assert_int_eq(channel_take(ends[0], &message), -EAGAIN);
    ck_assert_int_eq(channel_take(ends[1], &message), 0);
    ck_assert_int_eq(message.type, CHANNEL_RETIRE);
}
END_TEST

START_TEST(long_text_is_cut)
{
    static char text[2 * CHANNEL_TEXT_BYTES];
    struct channel_message message;
    open_ends();
    memset(text, 'x', sizeof text - 1);
    ck_assert_int_eq(channel_tell(ends[1], CHANNEL_FAILED, text), 0);
    ck_assert_int_eq(channel_take(ends[0], &message), 0);
    ck_assert_uint_eq(strlen(message.text), CHANNEL_TEXT_BYTES - 1);
}
END_TEST

START_TEST(the_end_is_told_behind_the_last_words)
{
    struct channel_message message;
    open_ends();
    ck_assert_int_eq(channel_tell(ends[1], CHANNEL_FAILED, "last"), 0);
    close(ends[1]);
    ck_assert_int_eq(channel_take(ends[0], &message), 0);
    ck_assert_str_eq(message.text, "last");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(channel_take(ends[0], &message), 0);
        ck_assert_int_eq(message.type, CHANNEL_END);
    }
    ck_assert_int_eq(channel_tell(ends[0], CHANNEL_RETIRE, NULL), -EPIPE);
}
END_TEST

/* A supervisor that is stuck does not hold up its workers. */
START_TEST(a_full_channel_does_not_block)
{
    int rc = 0;
    open_ends();
    for (int i = 0; i < 100000 && rc == 0; i++)
        rc = channel_tell(ends[1], CHANNEL_FAILED, "more");
    ck_assert_int_eq(rc, -EAGAIN);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("channel");
    TCase *tcase = tcase_create("channel");
    tcase_add_test(tcase, messages_keep_apart);
    tcase_add_test(tcase, long_text_is_cut);
    tcase_add_test(tcase, the_end_is_told_behind_the_last_words);
    tcase_add_test(tcase, a_full_channel_does_not_block);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
