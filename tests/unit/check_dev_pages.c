/* Who gets which page while a build is broken, and whose the paths below /.cgw/ are. */
#include "dev_play.h"
#include "proc/dev/dev_pages.h"
#include "unit.h"
#include <stdio.h>

static const char navigates[] = "sec-fetch-mode: navigate\naccept: */*\n";

static void setup(void)
{
    dev_begin(NULL);
}

static void break_it(const char *text)
{
    board_dev_set(dev_board, "app.c does not compile", text, strlen(text));
}

#define said(literal)   ck_assert_msg(strstr(dev_answer.body, literal), "no %s", literal)
#define has_field(line) ck_assert_msg(strstr(dev_answer.fields, line "\n"), "no %s", line)

START_TEST(a_good_build_answers_everything)
{
    dev_request("GET", "/", navigates);
    ck_assert(dev_answer.was_app);
    break_it("app.c:1:1: error: no");
    board_dev_set(dev_board, NULL, NULL, 0); /* mended */
    dev_request("GET", "/", navigates);
    ck_assert(dev_answer.was_app);
}
END_TEST

START_TEST(a_browser_sees_what_is_wrong)
{
    break_it("app.c:7:12: error: expected ';'\n    7 | a < b\n");
    ck_assert_ptr_null(dev_request("GET", "/any/path", navigates));
    ck_assert(!dev_answer.was_app);
    ck_assert_int_eq(dev_answer.status, 500);
    ck_assert(dev_answer.is_whole);
    ck_assert_int_eq(dev_answer.fails, 0);
    has_field("content-type: text/html; charset=utf-8");
    has_field("cache-control: no-store");
    said("<h1>app.c does not compile</h1>");
    said("<b>app.c:7:12:</b> error: expected &#39;;&#39;");
    said("a &lt; b");
    said("last good build");
    char length[64];
    snprintf(length, sizeof length, "content-length: %zu\n", dev_answer.body_len);
    ck_assert_ptr_nonnull(strstr(dev_answer.fields, length));
}
END_TEST

/* Who is a browser that goes to a page, and who is not. */
static const struct {
    const char *method, *fields;
    bool is_page;
} askers[] = {
    {"GET", "sec-fetch-mode: navigate\n", true},
    {"GET", "accept: text/html,application/xhtml+xml;q=0.9\n", true},
    {"GET", "accept: application/json, Text/HTML;q=0.5\n", true},
    {"GET", "sec-fetch-mode: cors\naccept: text/html\n", false}, /* fetch() of a part */
    {"GET", "sec-fetch-mode: no-cors\naccept: image/png\n", false},
    {"GET", "accept: */*\n", false}, /* curl */
    {"GET", "accept: application/json\n", false},
    {"GET", "accept: text/html2, x-text/html\n", false},
    {"GET", NULL, false},
    {"POST", "sec-fetch-mode: navigate\naccept: text/html\n", false},
    {"HEAD", "sec-fetch-mode: navigate\n", true},
};

START_TEST(programs_keep_the_last_good_build)
{
    break_it("app.c:1:1: error: no");
    dev_request(askers[_i].method, "/", askers[_i].fields);
    ck_assert_int_eq(dev_answer.was_app, !askers[_i].is_page);
    ck_assert_int_eq(dev_answer.status, askers[_i].is_page ? 500 : 200);
    ck_assert(dev_answer.is_ended);
}
END_TEST

START_TEST(without_any_build_programs_get_the_text)
{
    dev_end();
    dev_begin(&dev_no_app);
    break_it("\x1b[01;31mapp.c:1:1: error:\x1b[m no");
    dev_request("POST", "/api", "accept: application/json\n");
    ck_assert_int_eq(dev_answer.status, 503);
    has_field("retry-after: 1");
    has_field("content-type: text/plain; charset=utf-8");
    ck_assert_str_eq(dev_answer.body, "app.c does not compile\n\napp.c:1:1: error: no\n");
    dev_request("GET", "/", navigates);
    ck_assert_int_eq(dev_answer.status, 500);
    said("other requests are answered 503");
}
END_TEST

START_TEST(before_the_first_build_a_browser_waits)
{
    dev_end();
    dev_begin(&dev_no_app);
    dev_request("GET", "/", navigates);
    ck_assert_int_eq(dev_answer.status, 500);
    said("There is no build yet");
    said("http-equiv=\"refresh\"");
    dev_request("GET", "/", NULL);
    ck_assert_int_eq(dev_answer.status, 503);
    ck_assert_str_eq(dev_answer.body, "There is no build yet\n");
}
END_TEST

START_TEST(the_script_is_served)
{
    dev_request("GET", "/.cgw/reload.js", NULL);
    ck_assert_int_eq(dev_answer.status, 200);
    has_field("content-type: text/javascript; charset=utf-8");
    has_field("cache-control: no-store");
    said("new EventSource(url)");
    dev_request("POST", "/.cgw/reload.js", NULL);
    ck_assert_int_eq(dev_answer.status, 405);
    has_field("allow: GET, HEAD");
    dev_request("GET", "/.cgw/other", NULL);
    ck_assert(dev_answer.was_app);
}
END_TEST

/* The page's tag, the script and the stream are below the prefix that a proxy takes off. */
START_TEST(a_prefix_stands_in_front)
{
    dev_end();
    dev_settings.root_path = STR("/a'b");
    dev_begin(NULL);
    ck_assert_ptr_nonnull(
        strstr(dev_runtime.html_tail.ptr, " src=\"/a&#39;b/.cgw/reload.js\"></script>"));
    dev_request("GET", "/a'b/.cgw/reload.js", NULL);
    ck_assert(!dev_answer.was_app);
    dev_request("GET", "/.cgw/reload.js", NULL); /* as the scope never has it */
    ck_assert(dev_answer.was_app);
    break_it("no");
    dev_request("GET", "/a'b/", navigates);
    said(" src=\"/a&#39;b/.cgw/reload.js\"></script>");
}
END_TEST

START_TEST(outside_development_all_is_the_applications)
{
    dev_end();
    dev_settings.reload = false;
    dev_begin(NULL);
    break_it("no");
    ck_assert(!dev_runtime.is_development);
    ck_assert_uint_eq(dev_runtime.html_tail.len, 0);
    dev_request("GET", "/.cgw/reload.js", navigates);
    ck_assert(dev_answer.was_app);
    dev_request("GET", "/.cgw/reload", navigates);
    ck_assert(dev_answer.was_app);
}
END_TEST

START_TEST(metrics_are_there_all_the_time)
{
    dev_end();
    dev_settings.metrics = "/metrics";
    dev_begin(NULL);
    break_it("no");
    dev_request("GET", "/metrics", navigates);
    ck_assert_int_eq(dev_answer.status, 200);
    said("# TYPE cgw_");
    dev_request("GET", "/metrics/", navigates);
    ck_assert_int_eq(dev_answer.status, 500);
}
END_TEST

/* What a page shows and what it says it shows are of one reading: the ids tell errors apart. */
START_TEST(each_error_has_its_id)
{
    char first[64], *at;
    break_it("one");
    dev_request("GET", "/", navigates);
    at = strstr(dev_answer.body, "data-live=\"");
    ck_assert_ptr_nonnull(at);
    snprintf(first, sizeof first, "%.*s", (int)strcspn(at + 11, "\"") + 12, at);
    ck_assert_ptr_null(strstr(dev_runtime.html_tail.ptr, first));
    dev_request("GET", "/", navigates);
    said(first);
    break_it("one");
    dev_request("GET", "/", navigates);
    ck_assert_ptr_null(strstr(dev_answer.body, first));
}
END_TEST

/* The longest text there can be, all of it to be escaped, through a wire that holds it up. */
START_TEST(a_long_text_is_whole)
{
    static char text[BOARD_DEV_BYTES];
    memset(text, '\'', sizeof text);
    board_dev_set(dev_board, "title", text, sizeof text);
    dev_write_status = CGW_PENDING;
    struct call *call = dev_request("GET", "/", navigates);
    ck_assert_ptr_nonnull(call);
    ck_assert_uint_gt(dev_answer.body_len, 5 * sizeof text);
    ck_assert(!dev_answer.is_ended);
    call_drained(call);
    dev_run_due();
    ck_assert(dev_answer.is_ended);
    ck_assert_int_eq(dev_answer.fails, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("dev_pages");
    TCase *tests = tcase_create("dev_pages");
    tcase_add_checked_fixture(tests, setup, dev_end);
    tcase_add_test(tests, a_good_build_answers_everything);
    tcase_add_test(tests, a_browser_sees_what_is_wrong);
    tcase_add_loop_test(tests, programs_keep_the_last_good_build, 0,
                        sizeof askers / sizeof *askers);
    tcase_add_test(tests, without_any_build_programs_get_the_text);
    tcase_add_test(tests, before_the_first_build_a_browser_waits);
    tcase_add_test(tests, the_script_is_served);
    tcase_add_test(tests, a_prefix_stands_in_front);
    tcase_add_test(tests, outside_development_all_is_the_applications);
    tcase_add_test(tests, metrics_are_there_all_the_time);
    tcase_add_test(tests, each_error_has_its_id);
    tcase_add_test(tests, a_long_text_is_whole);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
