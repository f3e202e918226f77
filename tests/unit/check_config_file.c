/* The config file: its form, its bounds, and what is said of each thing that is wrong with it. */
#include "base/mem.h"
#include "options_start.h"
#include "unit.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "check_config_file.conf"
const char *const start_file = FILE_NAME;
#define AT FILE_NAME ":"

START_TEST(messages_of_the_file)
{
    static const struct {
        const char *file, *lines;
    } cases[] = {
        {"port = 70000\n", AT "1: port: got \"70000\", takes a number from 0 to 65535\n"},
        {"\n# x\n\nport=x", AT "4: port: got \"x\", takes a number from 0 to 65535\n"},
        {"prot = 1", AT "1: prot: unknown key: did you mean port?\n"},
        {"PORT = 1", AT "1: PORT: unknown key: see cgw.conf(5)\n"},
        {"--port = 1", AT "1: --port: unknown key: did you mean port?\n"},
        {"no-access-log = yes", AT "1: no-access-log: unknown key: write access-log = no\n"},
        {"something-else = 1", AT "1: something-else: unknown key: see cgw.conf(5)\n"},
        {"config = x", AT "1: config: got \"x\", takes nothing here: it is of the command line\n"},
        {"check = yes",
         AT "1: check: got \"yes\", takes nothing here: it is of the command line\n"},
        {"port = 1\n\nport = 2", AT "3: port: was set in line 1, takes one value\n"},
        {"port", AT "1: the line is not of the form: key = value\n"},
        {"= 1", AT "1: there is no key before the equals sign\n"},
        {"a b = 1", AT "1: there is no key before the equals sign\n"},
        {"host = \"a", AT "1: the quote is not closed\n"},
        {"host = \"a\\", AT "1: a backslash in quotes takes a quote or a backslash behind it\n"},
        {"host = \"a\\n\"", AT "1: a backslash in quotes takes a quote or a backslash behind it\n"},
        {"host = \"a\" b", AT "1: something stands behind the closing quote\n"},
        {"host = a\x01", AT "1: the line has a control character\n"},
        {"host = a\rb", AT "1: the line has a control character\n"},
        {"host = \xff", AT "1: the line is not UTF-8\n"},
        {"# \xc3", AT "1: the line is not UTF-8\n"},
        {"# \xc0\xaf", AT "1: the line is not UTF-8\n"},
        {"# \xed\xa0\x80", AT "1: the line is not UTF-8\n"},
        {"# \xf4\x90\x80\x80", AT "1: the line is not UTF-8\n"},
        {"# \xe0\x80\x80", AT "1: the line is not UTF-8\n"},
        {"uds = /s\nfd = 3\n", "uds: excludes fd: a server listens on one of them\n"},
        {"send-low-water = 3\nsend-high-water = 3",
         "send-low-water: got 3, takes less than send-high-water, which is 3\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct start start = {{"a", "--config", FILE_NAME}, {NULL}, cases[i].file};
        char *lines = mem_printf("cgw-serve: %s", cases[i].lines);
        start_is_refused(&start, lines);
        mem_free(lines);
    }
}
END_TEST

START_TEST(form_of_the_file)
{
    static const struct {
        const char *file, *host;
        int port;
    } cases[] = {
        {"", "127.0.0.1", 8000},
        {"\n\r\n \t\n", "127.0.0.1", 8000},
        {"host=a", "a", 8000},
        {"  host\t=\ta\t \n", "a", 8000},
        {"host = a\r\nport = 1\r\n", "a", 1},
        {"\xef\xbb\xbfhost = a", "a", 8000},
        {"host = \"a\"", "a", 8000},
        {"host = \"\\\"\"\nhost", NULL, 0},
        {"# all of it\n  # this\nhost = a # b\nport = 1\t#2", "a", 1},
        {"host = \"a\" # b", "a", 8000},
        {"host = \"a\"# b", "a", 8000},
        {"host = a#b", NULL, 0},
        {"# \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\nport=1", "127.0.0.1", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct start start = {{"a", "--config", FILE_NAME}, {NULL}, cases[i].file};
        struct run run;
        start_run(&start, &run);
        ck_assert_msg((run.rc == 0) == (cases[i].host != NULL), "case %zu: %s", i, run.err);
        if (cases[i].host) {
            ck_assert_str_eq(run.settings->host, cases[i].host);
            ck_assert_int_eq(run.settings->port, cases[i].port);
        }
        start_end(&run);
    }
}
END_TEST

static void check_file_error(const char *text, size_t len, const char *lines)
{
    static const struct start start = {{"a", "--config", FILE_NAME}, {NULL}, NULL};
    start_write_file(text, len);
    start_is_refused(&start, lines);
}

START_TEST(bounds_of_the_file)
{
    static char text[1024 * 1024 + 2];
    check_file_error("host = a\0b\n", 11, "cgw-serve: " AT "1: the line has a control character\n");
    memset(text, 'x', sizeof(text));
    text[0] = text[4097] = text[4098 + 4097] = '#';
    text[4096] = text[4097 + 4097] = '\n';
    check_file_error(text, 4097 + 4098, "cgw-serve: " AT "2: the line is longer than 4096 bytes\n");
    memset(text, '\n', sizeof(text));
    check_file_error(text, sizeof(text) - 1,
                     "cgw-serve: --config: cannot read \"" FILE_NAME
                     "\": it is larger than 1 MiB, which is the "
                     "limit\n");
    start_write_file(text, sizeof(text) - 2);
    static const struct start start = {{"a", "--config", FILE_NAME}, {NULL}, NULL};
    struct run run;
    start_is_taken(&start, &run);
    start_end(&run);
    static const struct start folder = {{"a", "--config", "."}, {NULL}, NULL};
    start_is_refused(&folder, "cgw-serve: --config: cannot read \".\": Is a directory\n");
}
END_TEST

/* A pipe will do, as from a shell's <(command), but not one that waits for a writer. */
START_TEST(a_pipe_is_read_while_somebody_writes)
{
    static const struct start start = {{"a", "--config", FILE_NAME}, {NULL}, NULL};
    struct run run;
    ck_assert_int_eq(mkfifo(FILE_NAME, 0600), 0);
    int keep = open(FILE_NAME, O_RDWR | O_CLOEXEC), fd = open(FILE_NAME, O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(write(fd, "port = 81\n", 10), 10);
    start_run(&start, &run); /* keep is a writer that says no more */
    ck_assert_int_eq(run.exit, 2);
    options_free(run.options);
    ck_assert_str_eq(run.err,
                     "cgw-serve: --config: cannot read \"" FILE_NAME "\": nobody writes to it\n");
    free(run.out);
    free(run.err);
    close(keep);
    close(fd);
    start_is_refused(&start,
                     "cgw-serve: --config: cannot read \"" FILE_NAME "\": nobody writes to it\n");
    int ends[2];
    char path[32];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], "port = 81\n", 10), 10);
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    const struct start piped = {{"a", "--config", path}, {NULL}, NULL};
    ck_assert_int_eq(start_is_taken(&piped, &run)->port, 81);
    start_end(&run);
    close(ends[0]);
}
END_TEST

START_TEST(twenty_errors_are_shown)
{
    static char file[25 * 4 + 1];
    static const struct start start = {{"a", "--config", FILE_NAME}, {NULL}, file};
    struct run run;
    for (size_t i = 0; i < 25; i++)
        strncat(file, "x=1\n", sizeof(file) - strlen(file) - 1);
    start_run(&start, &run);
    size_t n = 0;
    for (const char *s = run.err; (s = strchr(s, '\n')) != NULL; s++)
        n++;
    ck_assert_uint_eq(n, 21);
    ck_assert_ptr_nonnull(strstr(run.err, AT "20: x: unknown key: see cgw.conf(5)\n"
                                             "cgw-serve: and 5 more errors\n"));
    ck_assert_int_eq(run.exit, 2);
    start_end(&run);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("config_file");
    TCase *tcase = tcase_create("file");
    tcase_add_test(tcase, messages_of_the_file);
    tcase_add_test(tcase, form_of_the_file);
    tcase_add_test(tcase, bounds_of_the_file);
    tcase_add_test(tcase, a_pipe_is_read_while_somebody_writes);
    tcase_add_test(tcase, twenty_errors_are_shown);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
