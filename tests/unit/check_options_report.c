/* What is said of options that are wrong: which, what it got, what it takes. */
#include "options_start.h"
#include "unit.h"
#include <stdio.h>

const char *const start_file = "check_options_report.conf";

#define NONE                                                                                      \
    "cgw-serve: MODULE.so: got none, takes one: cgw-serve [OPTIONS] MODULE.so, or see cgw-serve " \
    "--help\n"

START_TEST(messages_of_the_command_line)
{
    static const struct {
        struct start start;
        const char *lines;
    } cases[] = {
        {{{NULL}, {NULL}, NULL}, NONE},
        {{{"--check"}, {NULL}, NULL}, NONE},
        {{{""}, {NULL}, NULL}, "cgw-serve: MODULE.so: got \"\", takes the path of a file\n"},
        {{{"a", "b"}, {NULL}, NULL}, "cgw-serve: MODULE.so: got a second one, \"b\", takes one\n"},
        {{{"a", "--port", "70000"}, {NULL}, NULL},
         "cgw-serve: --port: got \"70000\", takes a number from 0 to 65535\n"},
        {{{"a", "--port=x", "--threads=y"}, {NULL}, NULL},
         "cgw-serve: --port: got \"x\", takes a number from 0 to 65535\n"
         "cgw-serve: --threads: got \"y\", takes a number from 1 to 10000\n"},
        {{{"a", "--port=x", "--port=1"}, {NULL}, NULL},
         "cgw-serve: --port: got \"x\", takes a number from 0 to 65535\n"},
        {{{"--prot", "80", "a"}, {NULL}, NULL},
         "cgw-serve: --prot: unknown option: did you mean --port?\n"},
        {{{"--prot=80", "a"}, {NULL}, NULL},
         "cgw-serve: --prot: unknown option: did you mean --port?\n"},
        {{{"--no-acess-log", "a"}, {NULL}, NULL},
         "cgw-serve: --no-acess-log: unknown option: did you mean --no-access-log?\n"},
        {{{"--timeout-keepalive", "5", "a"}, {NULL}, NULL},
         "cgw-serve: --timeout-keepalive: unknown option: did you mean --timeout-keep-alive?\n"},
        {{{"--something-else", "a"}, {NULL}, NULL},
         "cgw-serve: --something-else: unknown option: see cgw-serve --help\n"},
        {{{"--no-port", "a"}, {NULL}, NULL},
         "cgw-serve: --no-port: unknown option: see cgw-serve --help\n"},
        {{{"--no-", "--no-no-access-log", "---"}, {NULL}, NULL},
         "cgw-serve: --no-: unknown option: see cgw-serve --help\n"
         "cgw-serve: --no-no-access-log: unknown option: did you mean --no-access-log?\n"
         "cgw-serve: ---: unknown option: see cgw-serve --help\n"},
        {{{"--module", "a"}, {NULL}, NULL},
         "cgw-serve: --module: unknown option: see cgw-serve --help\n"},
        {{{"-h"}, {NULL}, NULL}, "cgw-serve: -h: unknown option: see cgw-serve --help\n"},
        {{{"-"}, {NULL}, NULL}, "cgw-serve: -: unknown option: see cgw-serve --help\n"},
        {{{"--=x"}, {NULL}, NULL}, "cgw-serve: --: unknown option: see cgw-serve --help\n"},
        {{{"a", "--host"}, {NULL}, NULL},
         "cgw-serve: --host: got nothing, takes a value: --host ADDR\n"},
        {{{"a", "--host", "--port", "1"}, {NULL}, NULL},
         "cgw-serve: --host: got nothing, takes a value: --host ADDR\n"},
        {{{"a", "--no-access-log=yes"}, {NULL}, NULL},
         "cgw-serve: --no-access-log: got a value, takes none\n"},
        {{{"a", "--check=yes"}, {NULL}, NULL}, "cgw-serve: --check: got a value, takes none\n"},
        {{{"a", "--access-log=maybe"}, {NULL}, NULL},
         "cgw-serve: --access-log: got \"maybe\", takes yes or no (also on, off, true, false, 1, "
         "0)\n"},
        {{{"a", "--limit-head=1"}, {NULL}, NULL},
         "cgw-serve: --limit-head: got \"1\", takes a size from 256 to 16M, in bytes or with k, M "
         "or G\n"},
        {{{"a", "--timeout-head=8d"}, {NULL}, NULL},
         "cgw-serve: --timeout-head: got \"8d\", takes a time from 0 to 168h, in seconds or with "
         "ms, s, m or h\n"},
        {{{"a", "--thread-idle=0"}, {NULL}, NULL},
         "cgw-serve: --thread-idle: got \"0\", takes a time from 1ms to 168h, in seconds or with "
         "ms, s, m or h\n"},
        {{{"a", "--log-level=loud"}, {NULL}, NULL},
         "cgw-serve: --log-level: got \"loud\", takes debug|info|warning|error\n"},
        {{{"a", "--uds-mode=8"}, {NULL}, NULL},
         "cgw-serve: --uds-mode: got \"8\", takes an octal mode from 0 to 0777\n"},
        {{{"a", "--forwarded-allow-ips=::1,x\x1b[2J"}, {NULL}, NULL},
         "cgw-serve: --forwarded-allow-ips: got \"::1,x\\x1b[2J\", takes addresses and CIDR blocks "
         "with commas between, unix, or *, and \"x\\x1b[2J\" is none\n"},
        {{{"a", "--forwarded-allow-ips=::1,x y"}, {NULL}, NULL},
         "cgw-serve: --forwarded-allow-ips: got \"::1,x y\", takes addresses and CIDR blocks with "
         "commas between, unix, or *, and \"x y\" is none\n"},
        {{{"a", "--header=connection: close"}, {NULL}, NULL},
         "cgw-serve: --header: got \"connection: close\", takes no content-length, "
         "transfer-encoding or connection: the server writes these itself\n"},
        {{{"a", "--host=a:80"}, {NULL}, NULL},
         "cgw-serve: --host: got \"a:80\", takes an IPv4 or IPv6 address or a host name, without a "
         "port\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        start_is_refused(&cases[i].start, cases[i].lines);
}
END_TEST

START_TEST(messages_of_what_does_not_fit_together)
{
    static const struct {
        struct start start;
        const char *lines;
    } cases[] = {
        /* nothing of an operator's text reaches the terminal unescaped */
        {{{"a", "--port=\x1b[2J"}, {NULL}, NULL},
         "cgw-serve: --port: got \"\\x1b[2J\", takes a number from 0 to 65535\n"},
        {{{"a", "--\x1bx"}, {NULL}, NULL},
         "cgw-serve: --\\x1bx: unknown option: see cgw-serve --help\n"},
        /* what excludes one another */
        {{{"a", "--uds=/s", "--port=1"}, {NULL}, NULL},
         "cgw-serve: --port: excludes --uds: a server listens on one of them\n"},
        {{{"a", "--host=::", "--fd=1"}, {NULL}, NULL},
         "cgw-serve: --host: excludes --fd: a server listens on one of them\n"},
        {{{"a", "--uds=/s", "--fd=1"}, {NULL}, NULL},
         "cgw-serve: --uds: excludes --fd: a server listens on one of them\n"},
        {{{"a"}, {"CGW_UDS=/s", "CGW_HOST=::", "CGW_PORT=1"}, NULL},
         "cgw-serve: CGW_HOST: excludes CGW_UDS: a server listens on one of them\n"},
        {{{"a", "--send-low-water=64k"}, {NULL}, NULL},
         "cgw-serve: --send-low-water: got 65536, takes less than --send-high-water, which is "
         "65536\n"},
        {{{"a"}, {"CGW_SEND_HIGH_WATER=1k"}, NULL},
         "cgw-serve: --send-low-water: got 16384, takes less than CGW_SEND_HIGH_WATER, which is "
         "1024\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        start_is_refused(&cases[i].start, cases[i].lines);
}
END_TEST

START_TEST(messages_of_the_environment)
{
    static const struct {
        struct start start;
        const char *lines;
    } cases[] = {
        {{{"a"}, {"CGW_PORT=x"}, NULL},
         "cgw-serve: CGW_PORT: got \"x\", takes a number from 0 to 65535\n"},
        {{{"a"}, {"CGW_ACCESS_LOG=maybe", "CGW_HEADER=x"}, NULL},
         "cgw-serve: CGW_ACCESS_LOG: got \"maybe\", takes yes or no (also on, off, true, false, 1, "
         "0)\n"
         "cgw-serve: CGW_HEADER: got \"x\", takes 'name: value', the name in letters, digits and "
         "!#$%&'*+-.^_`|~\n"},
        {{{"a"}, {"CGW_CONFIG=/nowhere/x"}, NULL},
         "cgw-serve: CGW_CONFIG: cannot read \"/nowhere/x\": No such file or directory\n"},
        {{{"a", "--port=1"}, {"CGW_PORT=x"}, NULL}, /* an error even where another source wins */
         "cgw-serve: CGW_PORT: got \"x\", takes a number from 0 to 65535\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        start_is_refused(&cases[i].start, cases[i].lines);
}
END_TEST

START_TEST(unknown_variables_are_a_warning)
{
    static const struct {
        struct start start;
        const char *line;
    } cases[] = {
        {{{"a"}, {"CGW_PROT=1"}, NULL}, "CGW_PROT"},
        {{{"a"}, {"CGW_PROT=1", "CGW_HELP=1", "CGW_CHECK=1"}, NULL},
         "CGW_PROT, CGW_HELP, CGW_CHECK"},
        {{{"a"}, {"CGW_port=1", "CGW_PORTS=1", "CGW_=1"}, NULL}, "CGW_port, CGW_PORTS, CGW_"},
        {{{"a"}, {"CGW_NO_ACCESS_LOG=1"}, NULL}, "CGW_NO_ACCESS_LOG"},
        {{{"a"}, {"CGW_\x1b=1"}, NULL}, "CGW_\\x1b"},
        {{{"a"}, {"CGW_TEST_X=1", "CK_X=1", "XCGW_A=1", "CGW_EMPTY=", "CGW"}, NULL}, NULL},
        {{{"m/items.so"}, {"CGW_ITEMS_DB=1"}, NULL}, NULL},
        {{{"my-app.so"}, {"CGW_MY_APP_DB=1", "CGW_MY_APPS=1"}, NULL}, "CGW_MY_APPS"},
        {{{"items.so"}, {"CGW_ITEMS=1", "CGW_ITEM_X=1"}, NULL}, "CGW_ITEM_X"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run run;
        char expected[256] = "";
        if (cases[i].line)
            snprintf(expected, sizeof(expected),
                     "cgw-serve: warning: unknown environment variables: %s\n", cases[i].line);
        start_run(&cases[i].start, &run);
        ck_assert_str_eq(run.err, expected);
        ck_assert_int_eq(run.rc, 0);
        start_end(&run);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("options_report");
    TCase *tcase = tcase_create("messages");
    tcase_add_test(tcase, messages_of_the_command_line);
    tcase_add_test(tcase, messages_of_what_does_not_fit_together);
    tcase_add_test(tcase, messages_of_the_environment);
    tcase_add_test(tcase, unknown_variables_are_a_warning);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
