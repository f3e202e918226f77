/* The processes of a build: compilers that are none, that fail, talk without end, or hang. */
#include "build_play.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const one[] = {"app.c"};

/* ---- compilers that are none ---- */

static const struct {
    const char *variable, *value, *text;
} broken[] = {
    {"CC", "no-such-compiler -O2", "cgw-serve: no compiler: 'no-such-compiler -O2' was not found"},
    {"CC", "./app.c", "cgw-serve: no compiler: './app.c' cannot be executed"},
    {"CC", "./killed", "cgw-serve: the compiler './killed' was killed by signal 9 (Killed): is"},
    {"CC", "./silent", "cgw-serve: the compiler './silent' ended with status 3 and said nothing"},
    {"CC", "true", "cgw-serve: true ended well, but out.so is not there"},
    {"PKG_CONFIG", "no-such-pkg-config", "cgw-serve: pkg-config is missing: install it"},
    {"PKG_CONFIG", "false", "cgw-serve: pkg-config does not find cgw: add the folder of cgw.pc"},
};

START_TEST(a_compiler_that_is_none_is_named)
{
    write_file("app.c", "#define NAME \"x\"\n" APP(""));
    write_script("killed", "#!/bin/sh\nkill -9 $$\n");
    write_script("silent", "#!/bin/sh\nexit 3\n");
    setenv(broken[_i].variable, broken[_i].value, 1);
    use(one, 1);
    build("out.so");
    assert_failed(broken[_i].text);
    ck_assert_int_eq(result.text[strlen(result.text) - 1], '\n');
    ck_assert_ptr_nonnull(strstr(result.inputs, "|app.c|"));
}
END_TEST

START_TEST(a_long_text_is_cut_and_says_so)
{
    write_script("loud",
                 "#!/bin/sh\nyes 'app.c:1: error: all is wrong' | head -c 200000\nexit 1\n");
    write_file("app.c", "");
    setenv("CC", "./loud", 1);
    use(one, 1);
    build("out.so");
    assert_failed("app.c:1: error: all is wrong\n");
    assert_failed("bytes more\n");
    ck_assert_uint_le(strlen(result.text), 64 * 1024);
    ck_assert_uint_gt(strlen(result.text), 60 * 1024);
}
END_TEST

START_TEST(what_a_compiler_leaves_running_is_not_waited_for)
{
    write_script("server", "#!/bin/sh\nsleep 60 &\necho $! >pid\nexec $REAL_CC \"$@\"\n");
    write_file("app.c", "#define NAME \"x\"\n" APP(""));
    setenv("CC", "./server", 1);
    use(one, 1);
    ev_tstamp began = ev_time();
    build("out.so");
    assert_built("out.so");
    ck_assert(ev_time() - began < 30);
    ck_assert_int_eq(system("kill $(cat pid)"), 0);
}
END_TEST

/* ---- libraries ---- */

/* Who calls them need not name them, and who does not is not linked with them. */
START_TEST(libraries_of_the_sdk_are_found)
{
    setenv("LDFLAGS", SDK_LDFLAGS, 1); /* what this build has instrumented wants them */
    write_file("app.c",
               "#include <cgw.h>\n#include <cgw/sql.h>\n"
               "CGW_GET(hello, \"/\") { cgw_db_close(NULL); return cgw_empty(req, 204); }\n");
    use(one, 1);
    build("out.so");
    assert_built("out.so");
    ck_assert_int_eq(system("readelf -d out.so | grep -q sqlite3"), 0);
    write_file("app.c",
               "#include <cgw.h>\nCGW_GET(hello, \"/\") { return cgw_empty(req, 204); }\n");
    build("plain.so");
    assert_built("plain.so");
    ck_assert_int_ne(system("readelf -d plain.so | grep -q sqlite3"), 0);
}
END_TEST

/* ---- canceling ---- */

START_TEST(a_build_that_is_canceled_ends_before_the_next_begins)
{
    settings.module = "mine.so";
    settings.build = "(trap 'sleep 0.3; echo x >cleaned; exit' TERM; echo x >begun; "
                     "while :; do sleep 0.05; done) & wait";
    start(NULL);
    await_file("begun");
    build_cancel(result.build);
    settings.build = "test -e cleaned && echo x >mine.so";
    build(NULL);
    assert_built("mine.so");
}
END_TEST

START_TEST(a_build_that_will_not_end_is_killed)
{
    settings.module = "mine.so";
    settings.build = "trap '' TERM; echo $$ >pid; mv pid begun; while :; do sleep 0.05; done";
    start(NULL);
    await_file("begun");
    build_cancel(result.build);
    settings.build = "kill -0 $(cat begun) 2>/dev/null && sleep 0.2 && kill -0 $(cat begun) && "
                     "exit 1; echo x >mine.so";
    ev_tstamp began = ev_time();
    build(NULL);
    assert_built("mine.so");
    ck_assert(ev_time() - began < 30);
}
END_TEST

START_TEST(builds_can_be_canceled_before_they_began)
{
    settings.module = "mine.so";
    settings.build = "echo x >never";
    start(NULL);
    build_cancel(result.build);
    build_cancel(NULL);
    settings.build = "echo x >mine.so";
    build(NULL);
    assert_built("mine.so");
    ck_assert_int_lt(access("never", F_OK), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("build_step");
    TCase *tests = tcase_create("build_step");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, build_play_setup, build_play_teardown);
    tcase_add_loop_test(tests, a_compiler_that_is_none_is_named, 0,
                        (int)(sizeof broken / sizeof *broken));
    tcase_add_test(tests, a_long_text_is_cut_and_says_so);
    tcase_add_test(tests, what_a_compiler_leaves_running_is_not_waited_for);
    tcase_add_test(tests, libraries_of_the_sdk_are_found);
    tcase_add_test(tests, a_build_that_is_canceled_ends_before_the_next_begins);
    tcase_add_test(tests, a_build_that_will_not_end_is_killed);
    tcase_add_test(tests, builds_can_be_canceled_before_they_began);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
