/*
 * Changes of real files, as editors, linkers and copies make them: each burst is one report, and
 * what does not count is none.
 */
#include "watch_play.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- the module ---- */

static const char *const replacements[] = {
    "cp $MODULES/echo.so app.so",
    "cp $MODULES/echo.so app.tmp && mv app.tmp app.so",
    "install -m 755 $MODULES/echo.so app.so",
    "rm app.so; cp $MODULES/echo.so app.so",
    "cp $MODULES/echo.so other.so; ln -f other.so app.so",
    "ln -sf $MODULES/echo.so app.so",
    "dd if=$MODULES/echo.so of=app.so bs=1000 conv=fsync 2>/dev/null",
    "cp $MODULES/echo.so app.so; cp $MODULES/hello.so app.so; cp $MODULES/echo.so app.so",
    "echo 'int x;' >x.c; $CC -g -fPIC -shared -o app.so x.c",
};

START_TEST(a_module_that_is_replaced_is_one_report)
{
    begin();
    assert_quiet();
    run(replacements[_i]);
    await_report("app.so");
    ck_assert(was_whole);
    assert_quiet();
}
END_TEST

/* The kernel's pieces come with pauses longer than the delay. */
START_TEST(a_module_that_is_written_slowly_is_reported_when_it_is_whole)
{
    char bytes[1 << 17];
    int from = open("app.so", O_RDONLY | O_CLOEXEC);
    ssize_t n = read(from, bytes, sizeof bytes);
    close(from);
    ck_assert_int_gt(n, 1000);
    begin();
    int to = open("app.so", O_WRONLY | O_TRUNC | O_CLOEXEC);
    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(write(to, bytes + n * i / 8, (size_t)(n * (i + 1) / 8 - n * i / 8)),
                         n * (i + 1) / 8 - n * i / 8);
        turn(0.08);
        ck_assert_int_eq(n_reports, 0);
    }
    close(to);
    await_report("app.so");
    ck_assert(was_whole);
}
END_TEST

/* Closed in between, so that only its content tells. */
START_TEST(a_module_in_pieces_is_reported_when_it_is_whole)
{
    begin();
    run("cp app.so whole; head -c 5000 whole >app.so");
    turn(0.2);
    ck_assert_int_eq(n_reports, 0);
    run("tail -c +5001 whole >>app.so");
    await_report("app.so");
    ck_assert(was_whole);
}
END_TEST

START_TEST(a_module_that_stays_broken_is_reported_after_a_while)
{
    ev_tstamp began = ev_time();
    begin();
    run("echo broken >app.so");
    await_report("app.so");
    ck_assert(!was_whole);
    ck_assert(ev_time() - began > 1.5);
    run("cp $MODULES/hello.so app.so");
    await_report("app.so");
    ck_assert(was_whole);
}
END_TEST

START_TEST(what_leaves_a_module_as_it_is_does_not_count)
{
    begin();
    run("exec 3<>app.so; exec 3>&-; chmod 700 app.so; cat app.so >/dev/null; cp app.so app2.so; "
        "touch app.so.d .app.so.swp other; mv other app.so~");
    assert_quiet();
    run("mv app.so away.so; sleep 0.1; mv away.so app.so");
    assert_quiet();
}
END_TEST

START_TEST(a_module_that_is_away_is_not_reported_until_it_is_back)
{
    begin();
    run("rm app.so");
    assert_quiet();
    run("cp $MODULES/echo.so app.so");
    await_report("app.so");
}
END_TEST

START_TEST(what_a_link_leads_to_counts)
{
    run("mkdir out; mv app.so out/v1.so; cp out/v1.so out/v2.so; ln -s out/v1.so app.so");
    begin();
    run("cp $MODULES/echo.so out/v1.so");
    await_report("app.so");
    run("ln -sf out/v2.so app.so");
    await_report("app.so");
    run("cp $MODULES/echo.so out/v2.so");
    await_report("app.so");
}
END_TEST

START_TEST(a_folder_that_is_made_anew_is_found_again)
{
    run("mkdir out; mv app.so out/app.so");
    settings.module = "out/app.so";
    begin();
    for (int i = 0; i < 2; i++) {
        run(i ? "mv out old; mkdir out; cp $MODULES/hello.so out/app.so"
              : "rm -r out; mkdir out; cp $MODULES/echo.so out/app.so");
        await_report("out/app.so");
        turn(0.7);
        run("cp $MODULES/files.so out/app.so");
        await_report("out/app.so");
    }
}
END_TEST

START_TEST(a_report_comes_also_of_a_file_that_never_rests)
{
    use_folder();
    begin();
    for (int i = 0; i < 600 && n_reports == 0; i++) {
        run("echo $$ >src/a.c");
        turn(0.005);
    }
    ck_assert_int_ge(n_reports, 1);
    ck_assert_str_eq(reported, "src/a.c");
}
END_TEST

/* ---- sources ---- */

static const char *const saves[] = {
    "echo 2 >app.c",
    "echo 2 >.app.c.swp; mv app.c app.c~; echo 2 >app.c; rm .app.c.swp",
    "echo 2 >4913; rm 4913; echo 2 >new.tmp; mv new.tmp app.c",
    "sed -i s/1/2/ app.c",
    "for i in 1 2 3 4 5 6 7 8 9; do echo $i >app.c; done",
};

START_TEST(a_source_that_is_saved_is_one_report)
{
    use_source();
    begin();
    run("echo 2 >app.h");
    assert_quiet(); /* nobody has said that it is included */
    run(saves[_i]);
    await_report("app.c");
    assert_quiet();
}
END_TEST

static const char *const with_header[] = {"app.c", "app.h", "gone/later.h"};

START_TEST(inputs_replace_those_before)
{
    use_source();
    begin();
    turn(0.05);
    ck_assert_int_eq(watch_inputs(watch, with_header, 3), 0);
    assert_quiet();
    run("echo 2 >app.h");
    await_report("app.h");
    run("mkdir gone; echo 2 >gone/later.h");
    await_report("gone/later.h");
    ck_assert_int_eq(watch_inputs(watch, with_header, 1), 0);
    run("echo 3 >app.h; echo 3 >gone/later.h");
    assert_quiet();
    run("echo 3 >app.c");
    await_report("app.c");
}
END_TEST

/* The build that names the header had read it already when it changed. */
START_TEST(a_change_during_the_build_is_not_lost)
{
    use_source();
    begin();
    run("echo 2 >app.c");
    await_report("app.c");
    run("echo 2 >app.h; echo 3 >app.c");
    ck_assert_int_eq(watch_inputs(watch, with_header, 2), 0);
    await_report("app.c");
    ck_assert_int_eq(watch_inputs(watch, with_header, 2), 0);
    assert_quiet();
    ck_assert_int_eq(watch_inputs(watch, with_header, 1), 0);
    turn(0.02);
    run("echo 3 >app.h");
    ck_assert_int_eq(watch_inputs(watch, with_header, 2), 0);
    await_report("app.h");
}
END_TEST

/* ---- without watches ---- */

static const struct {
    int watches, instances_error;
} shortages[] = {{0, 0}, {1, 0}, {2, 0}, {1 << 20, EMFILE}};

START_TEST(without_watches_files_are_looked_at)
{
    watches = shortages[_i].watches;
    instances_error = shortages[_i].instances_error;
    use_folder();
    begin();
    turn(0.7);
    ck_assert_int_eq(n_reports, 0);
    run("echo 22 >src/deep/b.c");
    for (int i = 0; i < 1000 && n_reports == 0; i++)
        turn(0.01);
    ck_assert_int_eq(n_reports, 1);
    ck_assert_int_eq(strncmp(reported, "src", 3), 0);
    n_reports = 0;
    turn(0.7);
    n_reports = 0; /* event and look may both have told */
    run("cp $MODULES/echo.so app.so");
    await_report("app.so");
    turn(0.7);
    ck_assert_int_eq(n_reports, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, watch_play_setup, watch_play_teardown);
    tcase_add_loop_test(tests, a_module_that_is_replaced_is_one_report, 0, COUNT(replacements));
    tcase_add_test(tests, a_module_that_is_written_slowly_is_reported_when_it_is_whole);
    tcase_add_test(tests, a_module_in_pieces_is_reported_when_it_is_whole);
    tcase_add_test(tests, a_module_that_stays_broken_is_reported_after_a_while);
    tcase_add_test(tests, what_leaves_a_module_as_it_is_does_not_count);
    tcase_add_test(tests, a_module_that_is_away_is_not_reported_until_it_is_back);
    tcase_add_test(tests, what_a_link_leads_to_counts);
    tcase_add_test(tests, a_folder_that_is_made_anew_is_found_again);
    tcase_add_test(tests, a_report_comes_also_of_a_file_that_never_rests);
    tcase_add_loop_test(tests, a_source_that_is_saved_is_one_report, 0, COUNT(saves));
    tcase_add_test(tests, inputs_replace_those_before);
    tcase_add_test(tests, a_change_during_the_build_is_not_lost);
    tcase_add_loop_test(tests, without_watches_files_are_looked_at, 0, COUNT(shortages));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
