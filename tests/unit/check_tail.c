/* What goes behind an HTML page: to which, in which order, and that the lengths stay exact. */
#include "app/tail.h"
#include "call_play.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct cgw_event *events;
static size_t n_events;
static int sent, done_status;
static bool is_head_request;

static void done(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    done_status = status;
    call->host->finish(call, status);
}

static void app_call(struct cgw_call *call)
{
    play.call->is_head_request = is_head_request;
    play.call->takes_trailers = true;
    sent = call->host->send(call, events, n_events, done, NULL);
    if (sent != CGW_PENDING)
        call->host->finish(call, sent);
}

static void setup(void)
{
    is_head_request = false;
    done_status = -100;
    play_open(app_call);
    play.runtime.is_development = true;
    play.runtime.html_tail = STR("<script>");
}

#define serve(these)                                \
    do {                                            \
        events = (these);                           \
        n_events = sizeof(these) / sizeof *(these); \
        play_serve(1);                              \
    } while (0)
#define said(literal) ck_assert_str_eq(play.said, literal)

static const struct cgw_str hello = CGW_STR("hello");
static const struct cgw_header html[] = {CGW_HEADER("Content-Type", "Text/HTML; charset=utf-8")};
static const struct cgw_header html_5[] = {CGW_HEADER("content-type", "text/html"),
                                           CGW_HEADER("content-length", "5")};

START_TEST(a_page_gets_it)
{
    const struct cgw_event page[] = {cgw_event_start(200, html, 1), cgw_event_body(&hello, 1, 0)};
    const struct cgw_event sized[] = {cgw_event_start(404, html_5, 2),
                                      cgw_event_body(&hello, 1, 0)};
    serve(page);
    said("200 +5 +8 end");
    serve(sized);
    said("404 length=13 +5 +8 end");
    play.runtime.html_tail.len = 0;
    serve(sized);
    said("404 length=5 +5 end");
}
END_TEST

static const struct {
    uint16_t status;
    struct cgw_header fields[2];
    size_t n;
} others[] = {
    {200, {CGW_HEADER("content-type", "text/plain")}, 1},
    {200, {CGW_HEADER("content-type", "text/html5")}, 1},
    {200, {CGW_HEADER("content-type", "text/htm")}, 1},
    {200, {CGW_HEADER("content-type", "text/html"), CGW_HEADER("content-encoding", "gzip")}, 2},
    {200, {CGW_HEADER("content-type", "text/html"), CGW_HEADER("content-range", "bytes 0-4/9")}, 2},
    {200, {CGW_HEADER("content-type", "text/html; charset=\"UTF-16LE\"")}, 1},
    {206, {CGW_HEADER("content-type", "text/html")}, 1},
    {600, {CGW_HEADER("content-type", "text/html")}, 1},
    {200, {CGW_HEADER("x", "text/html")}, 0},
};

START_TEST(what_is_no_page_does_not)
{
    char wanted[32];
    const struct cgw_event event[] = {
        cgw_event_start(others[_i].status, others[_i].fields, others[_i].n),
        cgw_event_body(&hello, 1, 0)};
    serve(event);
    snprintf(wanted, sizeof wanted, "%d +5 end", others[_i].status);
    ck_assert_str_eq(play.said, wanted);
}
END_TEST

START_TEST(what_has_no_body_stays_without)
{
    static const struct cgw_header empty[] = {CGW_HEADER("content-type", "text/html"),
                                              CGW_HEADER("content-length", "0")};
    const struct cgw_event none[] = {cgw_event_start(204, html, 1), cgw_event_body(NULL, 0, 0)};
    const struct cgw_event old[] = {cgw_event_start(304, html_5, 2), cgw_event_body(NULL, 0, 0)};
    const struct cgw_event zero[] = {cgw_event_start(302, empty, 2), cgw_event_body(NULL, 0, 0)};
    const struct cgw_event nothing[] = {cgw_event_start(302, html, 1), cgw_event_body(NULL, 0, 0)};
    serve(none);
    said("204 end");
    serve(old);
    said("304 length=5 end");
    serve(zero);
    said("302 length=0 end");
    serve(nothing);
    said("302 end");
}
END_TEST

START_TEST(of_head_only_the_length_grows)
{
    const struct cgw_event sized[] = {cgw_event_start(200, html_5, 2),
                                      cgw_event_body(&hello, 1, 0)};
    is_head_request = true;
    serve(sized);
    said("200 length=13 end");
}
END_TEST

START_TEST(it_comes_behind_the_last_piece)
{
    const struct cgw_event pieces[] = {
        cgw_event_start(200, html, 1), cgw_event_body(&hello, 1, CGW_MORE),
        cgw_event_body(&hello, 1, CGW_MORE), cgw_event_body(NULL, 0, 0)};
    serve(pieces);
    said("200 +5 +5 +8 end");
}
END_TEST

START_TEST(trailers_come_behind_it)
{
    static const struct cgw_header field[] = {CGW_HEADER("x", "y")};
    struct cgw_event with[] = {cgw_event_start(200, html, 1), cgw_event_body(&hello, 1, 0),
                               cgw_event_start(0, field, 1)};
    with[0].flags = CGW_TRAILERS;
    with[2].type = CGW_HTTP_RESPONSE_TRAILERS;
    serve(with);
    said("200 +5 +8 trailers end");
    ck_assert_int_eq(sent, CGW_OK);
}
END_TEST

/* The application's promise is its own: it is held to its five bytes, not to thirteen. */
START_TEST(its_length_is_judged_as_ever)
{
    static const struct cgw_str bodies[] = {CGW_STR("four"), CGW_STR("longer")};
    const struct cgw_event wrong[] = {cgw_event_start(200, html_5, 2),
                                      cgw_event_body(&bodies[_i], 1, 0)};
    serve(wrong);
    ck_assert_int_eq(sent, CGW_EINVAL);
    said("fail500");
}
END_TEST

START_TEST(what_follows_a_whole_page_is_refused_behind_it)
{
    const struct cgw_event more[] = {cgw_event_start(200, html, 1), cgw_event_body(&hello, 1, 0),
                                     cgw_event_body(&hello, 1, 0)};
    serve(more);
    ck_assert_int_eq(sent, CGW_EINVAL);
    ck_assert_msg(strncmp(play.said, "200 +5 +8 end", 13) == 0, "%s", play.said);
}
END_TEST

/* A file is lent until it is written; what comes behind it waits, and so does done(). */
START_TEST(it_comes_behind_a_file)
{
    char path[] = "/tmp/check_tail.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, "hello", 5), 5);
    struct cgw_event file[] = {cgw_event_start(200, html_5, 2),
                               {.type = CGW_HTTP_RESPONSE_FILE, .size = sizeof *file}};
    file[1].u.file.path = (struct cgw_str){path, strlen(path)};
    file[1].u.file.count = CGW_FILE_REST;
    events = file;
    n_events = 2;
    play.write_status = CGW_PENDING;
    play_begin();
    ck_assert_int_eq(sent, CGW_PENDING);
    said("200 length=13 file+5");
    play.write_status = CGW_OK;
    call_drained(play.call);
    play_until_ended(1);
    said("200 length=13 file+5 +8 end");
    ck_assert_int_eq(done_status, CGW_OK);
    close(fd);
    unlink(path);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("tail");
    TCase *tests = tcase_create("tail");
    tcase_add_checked_fixture(tests, setup, play_close);
    tcase_add_test(tests, a_page_gets_it);
    tcase_add_loop_test(tests, what_is_no_page_does_not, 0, sizeof others / sizeof *others);
    tcase_add_test(tests, what_has_no_body_stays_without);
    tcase_add_test(tests, of_head_only_the_length_grows);
    tcase_add_test(tests, it_comes_behind_the_last_piece);
    tcase_add_test(tests, trailers_come_behind_it);
    tcase_add_loop_test(tests, its_length_is_judged_as_ever, 0, 2);
    tcase_add_test(tests, what_follows_a_whole_page_is_refused_behind_it);
    tcase_add_test(tests, it_comes_behind_a_file);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
