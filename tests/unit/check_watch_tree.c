/* Folders that are watched for whatever changes in them, and the names that count there. */
#include "base/mem.h"
#include "proc/dev/watch_names.h"
#include "watch_play.h"
#include <errno.h>

/* ---- folders ---- */

static const struct {
    const char *command, *path;
} changes[] = {
    {"echo 2 >src/a.c", "src/a.c"},
    {"echo 2 >src/deep/b.html", "src/deep/b.html"},
    {"rm src/a.c", "src/a.c"},
    {"mv app.h src/app.h", "src/app.h"},
    {"mv src/a.c away.c", "src/a.c"},
    {"mkdir -p src/new/er; echo 2 >src/new/er/c.c", "src/new/er/c.c"},
    {"mkdir other; echo 2 >other/o.h; mv other src/other", "src/other/o.h"},
    {"ln -s ../app.h src/l.h", "src/l.h"},
    {"echo 2 >src/x.tmp; mv src/x.tmp src/x.sql", "src/x.sql"},
};

START_TEST(a_change_in_a_folder_is_one_report)
{
    use_folder();
    begin();
    run(changes[_i].command);
    await_report(changes[_i].path);
    assert_quiet();
}
END_TEST

START_TEST(new_folders_are_watched_and_old_ones_no_more)
{
    use_folder();
    begin();
    run("mkdir src/new");
    assert_quiet();
    run("echo 2 >src/new/c.c");
    await_report("src/new/c.c");
    run("mv src/new gone");
    assert_quiet();
    run("echo 2 >gone/c.c");
    assert_quiet();
    run("mv gone src/again");
    await_report("src/again/c.c");
    run("echo 3 >src/again/c.c");
    await_report("src/again/c.c");
    run("rm -r src");
    turn(0.2);
    n_reports = 0;
    run("mkdir src; echo 2 >src/a.c");
    await_report("src/a.c");
}
END_TEST

static const char *const unimportant[] = {
    "touch src/.hidden.c src/.#a.c src/a.c~ src/a.c.swp src/4913 src/a.c.tmp src/a.o 'src/#a.c#'",
    "echo 2 >src/a.json; echo 2 >src/a.so; echo 2 >src/README; echo 2 >src/log.txt",
    "mkdir src/.git; echo 2 >src/.git/a.c; mkdir src/node_modules; echo 2 >src/node_modules/a.c",
    "cp -r build src/build; echo 2 >src/build/config.h",
    "cat src/a.c >/dev/null; chmod 600 src/a.c; ls -R src >/dev/null",
};

START_TEST(what_does_not_count_is_no_report)
{
    use_folder();
    run("mkdir src/out; touch src/out/CMakeCache.txt");
    begin();
    run("echo 2 >src/out/generated.c");
    run(unimportant[_i]);
    assert_quiet();
}
END_TEST

START_TEST(patterns_of_the_operator_are_added)
{
    static const char *includes[] = {"*.json", "*.o"}, *excludes[] = {"gen*", "deep"};
    use_folder();
    settings.reload_includes = (struct settings_list){includes, 2};
    settings.reload_excludes = (struct settings_list){excludes, 2};
    begin();
    run("echo 2 >src/a.json");
    await_report("src/a.json");
    run("echo 2 >src/a.o");
    await_report("src/a.o");
    run("echo 2 >src/a.c");
    await_report("src/a.c");
    run("echo 2 >src/generated.c; echo 2 >src/deep/a.c; echo 2 >src/.a.json");
    assert_quiet();
}
END_TEST

START_TEST(with_a_build_of_its_own_the_current_folder_is_watched)
{
    settings.build = "make app.so";
    begin();
    run("cp $MODULES/echo.so app.so; touch app.o .x.c build/y.c; echo 2 >.git/z.c");
    assert_quiet();
    run("echo 2 >src/deep/new.c");
    await_report("./src/deep/new.c");
    run("echo 2 >app.h");
    await_report("./app.h");
}
END_TEST

START_TEST(a_folder_that_is_none_is_refused)
{
    static const char *none[] = {"src", "nowhere"};
    char *error = NULL;
    settings.reload_dirs = (struct settings_list){none, 2};
    ck_assert_int_eq(watch_new(loop, &settings, changed, NULL, &watch, &error), -ENOTDIR);
    ck_assert_str_eq(error, "--reload-dir nowhere: is no folder that can be watched");
    mem_free(error);
}
END_TEST

/* ---- names ---- */

START_TEST(names_that_count)
{
    static const char *const yes[] = {"a.c",      "a.h",    "a.hpp", "a.inc",
                                      "a b.html", "x.tmpl", "c.sql"};
    static const char *const no[] = {"a",     "a.json", ".a.c", "a.c~",
                                     "#a.c#", "a.o",    "4913", "a.c.swp"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        ck_assert_msg(watch_names_counts(&settings, yes[i]), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        ck_assert_msg(!watch_names_counts(&settings, no[i]), "%s", no[i]);
    ck_assert(watch_names_enters(&settings, ".", "src"));
    ck_assert(!watch_names_enters(&settings, ".", "build"));
    ck_assert(!watch_names_enters(&settings, ".", ".git"));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("watch_tree");
    TCase *tests = tcase_create("watch_tree");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, watch_play_setup, watch_play_teardown);
    tcase_add_loop_test(tests, a_change_in_a_folder_is_one_report, 0, COUNT(changes));
    tcase_add_test(tests, new_folders_are_watched_and_old_ones_no_more);
    tcase_add_loop_test(tests, what_does_not_count_is_no_report, 0, COUNT(unimportant));
    tcase_add_test(tests, patterns_of_the_operator_are_added);
    tcase_add_test(tests, with_a_build_of_its_own_the_current_folder_is_watched);
    tcase_add_test(tests, a_folder_that_is_none_is_refused);
    tcase_add_test(tests, names_that_count);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
