/* Each kind of value: what is taken, what is not. */
#include "base/mem.h"
#include "options_start.h"
#include "unit.h"
#include <string.h>

#define FILE_NAME "check_options_value.conf"
const char *const start_file = FILE_NAME;

/* Each of the values, NULL-terminated, is taken or not by the option. */
static void check_values(const char *name, bool is_taken, const char *const *values)
{
    for (; *values; values++) {
        struct start start = {{"a.so"}, {NULL}, NULL};
        struct run run;
        char *word = mem_printf("--%s=%s", name, *values);
        start.words[1] = word;
        start_run(&start, &run);
        ck_assert_msg((run.rc == 0) == is_taken, "%s: %s", word, run.err);
        if (!is_taken) {
            char *begin = mem_printf("cgw-serve: --%s: got \"", name);
            ck_assert_msg(strncmp(run.err, begin, strlen(begin)) == 0, "%s", run.err);
            ck_assert_msg(strstr(run.err, "\", takes ") != NULL, "%s", run.err);
            ck_assert_ptr_eq(strchr(run.err, '\n'), run.err + strlen(run.err) - 1);
            mem_free(begin);
        }
        start_end(&run);
        mem_free(word);
    }
}

#define TAKES(name, ...)   check_values(name, true, (const char *const[]){__VA_ARGS__, NULL})
#define REFUSES(name, ...) check_values(name, false, (const char *const[]){__VA_ARGS__, NULL})

/* 64 letters; four of them make a name that is too long. */
#define LETTERS "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd"

START_TEST(values_of_host)
{
    TAKES("host", "127.0.0.1", "0.0.0.0", "::", "::1", "[::1]", "fe80::1%eth0", "localhost",
          "a.example.org", "example.org.", "a-b_c.d1", "1a", "3com.com", "x");
    REFUSES("host", "", ".", "..", "a..b", ".a", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1", "a b",
            "a/b", "http://a", "localhost:80", "127.0.0.1:80", "[::1]:80", "[::1", "::1]", "[]",
            "[1.2.3.4]", "::g", "fe80::1%", "*", "a.1", "\xc3\xa4.org", "a\n", LETTERS,
            LETTERS "." LETTERS "." LETTERS "." LETTERS);
    struct start start = {{"a.so", "--host", "[::1]"}, {NULL}, NULL};
    struct run run;
    ck_assert_str_eq(start_is_taken(&start, &run)->host, "::1");
    start_end(&run);
}
END_TEST

START_TEST(values_of_paths)
{
    static char longest[108 + 1];
    memset(longest, 'p', 107);
    TAKES("uds", "/run/x.sock", "x", longest);
    longest[107] = 'p';
    REFUSES("uds", "", longest);
    TAKES("root-path", "", "/a", "/a/b", "/~a/b.c;d=e,f", "/a:b@c");
    REFUSES("root-path", "/", "a", "a/", "/a/", "//a", "/a//b", "/a?b", "/a#b", "/a%20b", "/a b",
            "/\xc3\xa4", "/a\t");
    TAKES("health-path", "/", "/a", "/a/");
    REFUSES("health-path", "", "a", "//", "/a?b", "/a#", "/%61", "/a b");
    TAKES("error-log", "x", "/dev/null");
    REFUSES("error-log", "");
    REFUSES("access-log-file", "");
}
END_TEST

START_TEST(values_of_numbers)
{
    TAKES("port", "0", "65535", "00080");
    REFUSES("port", "", "65536", "-1", "+1", "1.5", "80x", "0x50", " 80", "http");
    TAKES("fd", "0", "1048575");
    REFUSES("fd", "-1", "1048576");
    TAKES("backlog", "1", "65535");
    REFUSES("backlog", "0", "65536");
    TAKES("uds-mode", "0", "777", "0600");
    REFUSES("uds-mode", "", "8", "1777", "rw");
    TAKES("limit-concurrency", "0", "1000000000");
    REFUSES("limit-concurrency", "1000000001", "1k");
    TAKES("limit-head", "256", "16M", "16384k");
    REFUSES("limit-head", "0", "255", "17M", "16777217", "32kb", "1.5k");
    TAKES("limit-target", "16", "16M");
    REFUSES("limit-target", "15", "17M");
    TAKES("limit-fields", "1", "10000");
    REFUSES("limit-fields", "0", "10001");
    TAKES("limit-body", "0", "10G", "1048576G");
    REFUSES("limit-body", "1048577G", "-1", "all");
    TAKES("threads", "1", "10000");
    REFUSES("threads", "0", "10001");
    TAKES("thread-queue", "0", "1000000");
    REFUSES("thread-queue", "1000001");
    TAKES("thread-idle", "1ms", "0.001", "168h");
    REFUSES("thread-idle", "0", "0.0");
    TAKES("timeout-head", "0", "0.25", "250ms", "2m", "1h", "168h");
    REFUSES("timeout-head", "", "169h", "-1", "1d", "ms", "inf", "1 s");
    TAKES("log-level", "debug", "info", "warning", "error", "INFO");
    REFUSES("log-level", "", "warn", "debug|info", "0", "trace");
    TAKES("log-format", "text", "json");
    REFUSES("log-format", "xml", "jso", "jsonx");
    TAKES("access-log-format", "combined", "json", "%h %s");
    REFUSES("access-log-format", "%{nothing}z");
    TAKES("date-header", "on", "OFF", "1");
    REFUSES("date-header", "", "maybe", "2");
}
END_TEST

START_TEST(values_of_headers)
{
    TAKES("header", "a:", "a:b", "a: b", "X-Y_z.1: \t b c \t", "a: \xc3\xa4", "x!#$%&'*+-.^`|~: y");
    REFUSES("header", "", ":", ": b", "a", "a b: c", "a : b", " a: b", "\xc3\xa4: b", "a: b\n",
            "a: b\r\nc: d", "a: \x01", "a: \x7f", "a(b): c", "Content-Length: 3",
            "transfer-encoding: chunked", "CONNECTION: close", "connection:");
    TAKES("forwarded-allow-ips", "", "*", "unix", "127.0.0.1", "10.0.0.0/8, ::1/128,unix");
    REFUSES("forwarded-allow-ips", "localhost", "1.2.3.4/33", "1.2.3.4, x");
}
END_TEST

START_TEST(headers_are_bounded)
{
    static char file[101 * 16];
    static const struct start start = {{"a.so", "--config", FILE_NAME}, {NULL}, file};
    for (size_t i = 0; i < 101; i++)
        strncat(file, "header = a: b\n", sizeof(file) - strlen(file) - 1);
    start_is_refused(&start, "cgw-serve: " FILE_NAME
                             ":101: header: got \"a: b\", takes at most 100 fields\n");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("options_value");
    TCase *tcase = tcase_create("values");
    tcase_add_test(tcase, values_of_host);
    tcase_add_test(tcase, values_of_paths);
    tcase_add_test(tcase, values_of_numbers);
    tcase_add_test(tcase, values_of_headers);
    tcase_add_test(tcase, headers_are_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
