/* libcgw-test: an application that breaks the interface ends the test, and is told why. */
#include "tester_play.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static const char *what;

static void break_it(void)
{
    char target[64];
    cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = 9);
    snprintf(target, sizeof target, "/wrong?%s", what);
    cgw_test_get(test, target);
}

static const struct {
    const char *what, *says;
} rows[] = {
    {"order", "sent http.response.body (19) out of order: nothing was sent"},
    {"size", "with size 32, not 64"},
    {"status", "http.response.start with status 99"},
    {"field", "field 'x-bad' has a control byte in its value"},
    {"length", "sent 4 bytes of body, content-length is 9"},
    {"receives", "receive() while one is in flight"},
    {"incomplete", "finish(0) with an incomplete response: nothing was sent"},
    {"again", "finish() was called after finish()"},
    {"timer", "the storage of a timer was not zeroed"},
    {"thread", "receive() was called from another thread than the call's"},
    {"route", "a route was named twice"},
};

START_TEST(misuse_is_named)
{
    what = rows[_i].what;
    const char *text = play_dies(break_it);
    char name[64];
    snprintf(name, sizeof name, "GET /wrong?%s: ", what);
    ck_assert_msg(strstr(text, rows[_i].says) != NULL, "%s: said %s", what, text);
    ck_assert_msg(strstr(text, name) != NULL, "%s: said %s", what, text);
    ck_assert_ptr_nonnull(strstr(text, "CGW_TEST_SEED=9"));
}
END_TEST

/* Some seed answers a send() later, and finds what was lent changed. */
static void change_what_is_lent(void)
{
    for (uint64_t seed = 1; seed < 50; seed++) {
        cgw_test *test = cgw_test_open(.app = &play_app, .quiet = true, .seed = seed);
        cgw_test_get(test, "/wrong?lent");
        cgw_test_close(test);
    }
}

START_TEST(what_is_lent_is_left_alone)
{
    const char *text = play_dies(change_what_is_lent);
    ck_assert_ptr_nonnull(
        strstr(text, "GET /wrong?lent: changed what was lent to a pending send()"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("cgw_test_misuse");
    TCase *tcase = tcase_create("misuse");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, misuse_is_named, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tcase, what_is_lent_is_left_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
