/* The error log: escaping, text and JSON lines, its start and its end. */
#include "log_play.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- escaping ---- */

static const struct {
    struct str from;
    const char *text, *json;
} escapes[] = {
    {{"", 0}, "", ""},
    {{"plain", 5}, "plain", "plain"},
    {{"a\nb\rc", 5}, "a\\x0ab\\x0dc", "a\\u000ab\\u000dc"},
    {{"\0\x1b[31m\x7f", 7}, "\\x00\\x1b[31m\\x7f", "\\u0000\\u001b[31m\\u007f"},
    {{"say \"hi\" \\o/", 12}, "say \"hi\" \\o/", "say \\\"hi\\\" \\\\o/"},
    {{"gr\xc3\xbc\xc3\x9f", 6}, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {{"\xe2\x82\xac", 3}, "\xe2\x82\xac", "\xe2\x82\xac"},
    {{"\xf0\x9f\x98\x80", 4}, "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
    {{"\xff", 1}, "\\xff", "\\\\xff"},
    {{"\xc3", 1}, "\\xc3", "\\\\xc3"},
    {{"\xc3(", 2}, "\\xc3(", "\\\\xc3("},
    {{"\xc0\xaf", 2}, "\\xc0\\xaf", "\\\\xc0\\\\xaf"},
    {{"\xe0\x80\xaf", 3}, "\\xe0\\x80\\xaf", "\\\\xe0\\\\x80\\\\xaf"},
    {{"\xed\xa0\x80", 3}, "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80"},
    {{"\xf4\x90\x80\x80", 4}, "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80"},
    {{"\xf0\x9f\x98", 3}, "\\xf0\\x9f\\x98", "\\\\xf0\\\\x9f\\\\x98"},
    {{"\xc2\x9b"
      "2J",
      4},
     "\\xc2\\x9b2J",
     "\\u009b2J"},
};

START_TEST(escapes_what_could_break_a_line)
{
    char text[128];
    ck_assert_uint_eq(log_escape(text, sizeof(text), escapes[_i].from), strlen(escapes[_i].text));
    ck_assert_str_eq(text, escapes[_i].text);
    log_escape_json(text, sizeof(text), escapes[_i].from);
    ck_assert_str_eq(text, escapes[_i].json);
}
END_TEST

START_TEST(cuts_between_characters)
{
    char text[16];
    for (size_t room = 1; room <= 9; room++) {
        memset(text, '#', sizeof(text));
        size_t n = log_escape(text, room, STR("ab\n\xe2\x82\xac"));
        ck_assert_uint_lt(n, room);
        ck_assert_uint_eq(n, room <= 3 ? room - 1 : room <= 6 ? 2 : room <= 9 ? 6 : 9);
        ck_assert_int_eq(text[n], '\0');
        ck_assert_int_eq(text[room], '#');
    }
}
END_TEST

/* ---- the error log ---- */

/* A line without its time, which is checked for its form. */
static const char *behind_time(const char *line)
{
    static const char form[] = "0000-00-00T00:00:00.000000Z ";
    for (size_t i = 0; form[i]; i++)
        ck_assert_msg(form[i] == '0' ? line[i] >= '0' && line[i] <= '9' : line[i] == form[i],
                      "no time in front of: %s", line);
    return line + sizeof(form) - 1;
}

START_TEST(before_the_start_and_after_the_stop_lines_go_to_stderr)
{
    take_stderr();
    log_line(LOG_LEVEL_INFO, 101, "serving url=%s", "http://127.0.0.1:8000");
    log_line(LOG_LEVEL_DEBUG, 0, "not shown");
    ck_assert_str_eq(behind_time(contents(errors)),
                     "info CGW0101 serving url=http://127.0.0.1:8000\n");
    ck_assert_int_eq(log_start(path, false, LOG_LEVEL_WARNING), 0);
    log_line(LOG_LEVEL_INFO, 1, "not shown");
    log_line(LOG_LEVEL_WARNING, 1, "shown");
    log_stop();
    ck_assert_str_eq(behind_time(contents(path)), "warning CGW0001 shown\n");
    log_line(LOG_LEVEL_ERROR, 0, "after");
    ck_assert_ptr_nonnull(strstr(contents(errors), "error after\n"));
    log_stop();
    ck_assert(log_is_on(LOG_LEVEL_ERROR) && !log_is_on(LOG_LEVEL_INFO));
}
END_TEST

static void log_samples(void)
{
    log_line(LOG_LEVEL_ERROR, 123, "cannot open the file path=%s errno=%d", "/x y", 5);
    log_line(LOG_LEVEL_INFO, 0, "%s", "the module says key=\"value\"\nCGW0999 forged");
    log_line(LOG_LEVEL_WARNING, 7, "odd value=%s end=%s", "a end=\"b\" c=d", "");
    log_line(LOG_LEVEL_INFO, 7, "a %s b key1=%u", "x key1=9", 1u);
}

START_TEST(text_lines_quote_what_holds_blanks)
{
    ck_assert_int_eq(log_start(path, false, LOG_LEVEL_DEBUG), 0);
    log_samples();
    log_stop();
    static const char *const expected[] = {
        "error CGW0123 cannot open the file path=\"/x y\" errno=5\n",
        "info the module says key=\"value\"\\x0aCGW0999 forged\n",
        "warning CGW0007 odd value=\"a end=\\\"b\\\" c=d\" end=\"\"\n",
        "info CGW0007 a x key1=9 b key1=1\n",
    };
    const char *line = contents(path);
    for (size_t i = 0; i < 4; i++, line = strchr(line, '\n') + 1)
        ck_assert_int_eq(strncmp(behind_time(line), expected[i], strlen(expected[i])), 0);
    ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(json_lines_are_objects_whose_keys_cannot_be_forged)
{
    ck_assert_int_eq(log_start(path, true, LOG_LEVEL_DEBUG), 0);
    log_samples();
    log_stop();
    static const char *const expected[] = {
        "\"level\":\"error\",\"number\":\"CGW0123\",\"message\":\"cannot open the file\","
        "\"path\":\"/x y\",\"errno\":\"5\"}\n",
        "\"level\":\"info\",\"message\":\"the module says key=\\\"value\\\"\\u000aCGW0999 "
        "forged\"}\n",
        "\"level\":\"warning\",\"number\":\"CGW0007\",\"message\":\"odd\","
        "\"value\":\"a end=\\\"b\\\" c=d\",\"end\":\"\"}\n",
        "\"level\":\"info\",\"number\":\"CGW0007\",\"message\":\"a x key1=9 b\",\"key1\":\"1\"}\n",
    };
    const char *line = contents(path);
    for (size_t i = 0; i < 4; i++, line = strchr(line, '\n') + 1) {
        ck_assert_int_eq(strncmp(line, "{\"time\":\"", 9), 0);
        ck_assert_int_eq(strncmp(line + 38, expected[i], strlen(expected[i])), 0);
    }
    ck_assert_str_eq(line, "");
}
END_TEST

START_TEST(long_messages_are_cut_and_stay_lines)
{
    static char text[20000];
    memset(text, _i ? '\n' : 'x', sizeof(text) - 1);
    for (int json = 0; json < 2; json++) {
        unlink(path);
        ck_assert_int_eq(log_start(path, json, LOG_LEVEL_DEBUG), 0);
        log_line(LOG_LEVEL_INFO, 1, "%s", text);
        log_line(LOG_LEVEL_INFO, 1, "m a=%s b=%s", text, text);
        log_line(LOG_LEVEL_INFO, 0, "%.4096s call=%x", text, 0x1234u);
        log_stop();
        const char *lines = contents(path), *first_end = strchr(lines, '\n');
        ck_assert_uint_eq(count_lines(lines), 3);
        ck_assert_ptr_nonnull(strstr(lines, json ? ",\"call\":\"1234\"}\n" : " call=1234\n"));
        ck_assert_int_eq(first_end[-1], json ? '}' : _i ? 'a' : 'x');
        ck_assert_int_gt(first_end - lines, 2000);
    }
}
END_TEST

START_TEST(an_error_log_that_fails_says_so_on_stderr)
{
    take_stderr();
    ck_assert_int_eq(log_start("/dev/full", _i, LOG_LEVEL_INFO), 0);
    log_line(LOG_LEVEL_INFO, 1, "lost");
    while (count_failures() == 0)
        nap();
    ck_assert_ptr_null(strstr(contents(errors), "lost"));
    log_stop();
    ck_assert_uint_eq(count_failures(), 1);
    ck_assert_ptr_nonnull(strstr(contents(errors), _i ? "\"lines\":\"1\"}" : " lines=1\n"));
}
END_TEST

/* A full pipe as standard error must not hold up who has something to say at the end. */
START_TEST(a_stuck_stderr_holds_nobody_up)
{
    int ends[2];
    static char junk[65536];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], junk, sizeof(junk)), sizeof(junk));
    dup2(ends[1], STDERR_FILENO);
    log_line(LOG_LEVEL_ERROR, 0, "before the start");
    ck_assert_int_eq(log_start(NULL, false, LOG_LEVEL_INFO), 0);
    log_line(LOG_LEVEL_ERROR, 0, "never read");
    log_stop();
    log_line(LOG_LEVEL_ERROR, 0, "after the stop");
}
END_TEST

START_TEST(the_error_log_tells_its_own_drops)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    dup2(ends[1], STDERR_FILENO);
    ck_assert_int_eq(log_start(NULL, _i, LOG_LEVEL_INFO), 0);
    for (int i = 0; i < 12000; i++)
        log_line(LOG_LEVEL_INFO, 0, "%0120d", i);
    read_until(ends[0],
               _i ? "\"number\":\"CGW0601\",\"message\":\"lines of this log were dropped\","
                    "\"lines\":\""
                  : " warning CGW0601 lines of this log were dropped lines=");
    log_stop();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");
    tcase_add_checked_fixture(tests, log_play_setup, log_play_teardown);
    tcase_add_loop_test(tests, escapes_what_could_break_a_line, 0,
                        sizeof(escapes) / sizeof(*escapes));
    tcase_add_test(tests, cuts_between_characters);
    tcase_add_test(tests, before_the_start_and_after_the_stop_lines_go_to_stderr);
    tcase_add_test(tests, text_lines_quote_what_holds_blanks);
    tcase_add_test(tests, json_lines_are_objects_whose_keys_cannot_be_forged);
    tcase_add_loop_test(tests, long_messages_are_cut_and_stay_lines, 0, 2);
    tcase_add_loop_test(tests, an_error_log_that_fails_says_so_on_stderr, 0, 2);
    tcase_add_test(tests, a_stuck_stderr_holds_nobody_up);
    tcase_add_loop_test(tests, the_error_log_tells_its_own_drops, 0, 2);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
