/* The event stream tells what is live, tells it again when it changes, and holds nothing up. */
#include "dev_play.h"
#include "proc/dev/reload_stream.h"
#include "unit.h"

static struct call *stream;

static void setup(void)
{
    dev_begin(NULL);
    stream = dev_request("GET", "/.cgw/reload", "accept: text/event-stream\n");
}

static void peer_goes(void)
{
    call_gone(stream);
    dev_run_due();
    ck_assert(dev_answer.is_ended);
    ck_assert_int_eq(dev_answer.fails, 0);
}

static void drain(void)
{
    call_drain_begun(&dev_runtime);
    dev_run_due();
}

static void is_well_ended(void)
{
    ck_assert(dev_answer.is_ended);
    ck_assert(dev_answer.is_whole);
    ck_assert_int_eq(dev_answer.fails, 0);
    ck_assert(!dev_is_armed());
}

static int events(void)
{
    int n = 0;
    for (const char *at = dev_answer.body; (at = strstr(at, "data: ")); at++)
        n++;
    return n;
}

START_TEST(it_tells_at_once)
{
    ck_assert_ptr_nonnull(stream);
    ck_assert_int_eq(dev_answer.status, 200);
    ck_assert_ptr_nonnull(strstr(dev_answer.fields, "content-type: text/event-stream\n"));
    ck_assert_ptr_nonnull(strstr(dev_answer.fields, "cache-control: no-store\n"));
    ck_assert_ptr_nonnull(strstr(dev_answer.body, "retry: 100\n"));
    ck_assert_int_eq(events(), 1);
    ck_assert_uint_gt(dev_answer.body_len, 2);
    ck_assert_str_eq(dev_answer.body + dev_answer.body_len - 2, "\n\n");
    peer_goes();
}
END_TEST

START_TEST(it_tells_what_pages_carry)
{
    char *id = strstr(dev_answer.body, "data: ") + 6;
    *strchr(id, '\n') = '\0';
    ck_assert_ptr_nonnull(strstr(dev_runtime.html_tail.ptr, id));
    peer_goes();
}
END_TEST

START_TEST(it_tells_changes_only)
{
    for (int i = 0; i < 5; i++)
        ck_assert(dev_fire());
    ck_assert_int_eq(events(), 1);
    board_dev_set(dev_board, "broken", "text", 4);
    ck_assert(dev_fire());
    ck_assert_int_eq(events(), 2);
    ck_assert(dev_fire());
    ck_assert_int_eq(events(), 2);
    board_dev_set(dev_board, NULL, NULL, 0);
    ck_assert(dev_fire());
    ck_assert_int_eq(events(), 3);
    peer_goes();
}
END_TEST

START_TEST(draining_ends_it_at_once)
{
    drain();
    is_well_ended();
    ck_assert_int_eq(events(), 1);
    ck_assert_ptr_null(dev_request("GET", "/.cgw/reload", NULL)); /* and one that comes late */
    is_well_ended();
    ck_assert_int_eq(events(), 1);
}
END_TEST

START_TEST(the_last_words_are_what_is_new)
{
    board_dev_set(dev_board, "broken", "text", 4);
    drain();
    is_well_ended();
    ck_assert_int_eq(events(), 2);
}
END_TEST

START_TEST(a_half_closed_peer_ends_it)
{
    call_input_over(stream);
    dev_run_due();
    is_well_ended();
}
END_TEST

START_TEST(a_slow_peer_is_waited_for)
{
    dev_write_status = CGW_PENDING;
    board_dev_set(dev_board, "broken", "text", 4);
    ck_assert(dev_fire());
    ck_assert_int_eq(events(), 2);
    ck_assert(!dev_is_armed());
    drain(); /* while the event is on its way */
    ck_assert(!dev_answer.is_whole);
    dev_write_status = CGW_OK;
    call_drained(stream);
    dev_run_due();
    is_well_ended();
}
END_TEST

START_TEST(a_canceled_one_unwinds)
{
    call_cancel(stream);
    dev_run_due();
    board_dev_set(dev_board, "broken", "text", 4);
    ck_assert(dev_fire());
    ck_assert(dev_answer.is_ended);
    ck_assert_int_eq(events(), 1);
}
END_TEST

START_TEST(others_methods_need_none)
{
    peer_goes();
    ck_assert_ptr_null(dev_request("HEAD", "/.cgw/reload", NULL));
    is_well_ended();
    ck_assert_int_eq(dev_answer.status, 200);
    ck_assert_uint_eq(dev_answer.body_len, 0);
    ck_assert_ptr_null(dev_request("DELETE", "/.cgw/reload", NULL));
    ck_assert_int_eq(dev_answer.status, 405);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("reload_stream");
    TCase *tests = tcase_create("reload_stream");
    tcase_add_checked_fixture(tests, setup, dev_end);
    tcase_add_test(tests, it_tells_at_once);
    tcase_add_test(tests, it_tells_what_pages_carry);
    tcase_add_test(tests, it_tells_changes_only);
    tcase_add_test(tests, draining_ends_it_at_once);
    tcase_add_test(tests, the_last_words_are_what_is_new);
    tcase_add_test(tests, a_half_closed_peer_ends_it);
    tcase_add_test(tests, a_slow_peer_is_waited_for);
    tcase_add_test(tests, a_canceled_one_unwinds);
    tcase_add_test(tests, others_methods_need_none);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
