/*
 * Changes of real files, as editors, linkers and copies make them: each burst is one report, and
 * what does not count is none. Runs in the build tree, where modules/ holds real ones.
 */
#include "app/module.h"
#include "base/mem.h"
#include "proc/dev/watch.h"
#include "proc/dev/watch_names.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char folder[] = "/tmp/check_watch.XXXXXX";
static char *modules; /* of the build tree */
static struct settings settings;
static struct ev_loop *loop;
static struct watch *watch;
static int n_reports;
static char reported[4096];
static bool was_whole; /* the module, at the last report */

/* ---- a system without watches: these stand before the C library's ---- */

static int watches = 1 << 20, instances_error;

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    if (watches == 0) {
        errno = ENOSPC;
        return -1;
    }
    watches--;
    return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

int inotify_init1(int flags)
{
    if (instances_error) {
        errno = instances_error;
        return -1;
    }
    return (int)syscall(SYS_inotify_init1, flags);
}

/* ---- helpers ---- */

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void set_up(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    modules = realpath("modules", NULL);
    ck_assert_ptr_nonnull(modules);
    setenv("MODULES", modules, 1);
    setenv("CC", getenv("CC") ? getenv("CC") : "cc", 1);
    ck_assert_int_eq(chdir(folder), 0);
    run("cp $MODULES/hello.so app.so; echo 1 >app.c; echo 1 >app.h; mkdir src src/deep .git build;"
        "echo 1 >src/a.c; touch build/config.status");
    settings = (struct settings){.module = "app.so", .reload = true, .reload_delay_ms = 20};
    loop = ev_loop_new(EVFLAG_NOENV);
    ck_assert_ptr_nonnull(loop);
    n_reports = 0;
}

static void tear_down(void)
{
    char command[256];
    watch_free(watch);
    ev_loop_destroy(loop);
    free(modules);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    run(command);
}

static void changed(void *arg, const char *path)
{
    char *error = NULL;
    ck_assert_ptr_eq(arg, &reported);
    n_reports++;
    snprintf(reported, sizeof reported, "%s", path);
    was_whole = module_check_file("app.so", &error) == 0;
    mem_free(error);
}

static void begin(void)
{
    char *error = NULL;
    int status = watch_new(loop, &settings, changed, &reported, &watch, &error);
    ck_assert_msg(status == 0, "%d %s", status, error);
}

static void on_time(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)timer, (void)events;
    ev_break(of, EVBREAK_ALL);
}

static void turn(double seconds)
{
    ev_timer timer;
    ev_now_update(loop);
    ev_timer_init(&timer, on_time, seconds, 0);
    ev_timer_start(loop, &timer);
    ev_run(loop, 0);
    ev_timer_stop(loop, &timer);
}

/* Wait for the next report, and that no second one comes of the same. */
static void await_report(const char *path)
{
    for (int i = 0; i < 2000 && n_reports == 0; i++)
        turn(0.01);
    turn(0.15);
    ck_assert_int_eq(n_reports, 1);
    ck_assert_str_eq(reported, path);
    n_reports = 0;
}

static void assert_quiet(void)
{
    turn(0.25);
    ck_assert_msg(n_reports == 0, "reported: %s", reported);
}

static const char *one[] = {"app.c"};
static const char *src[] = {"src"};

static void use_source(void)
{
    settings.sources = (struct settings_list){one, 1};
    settings.module = "app.c";
}

static void use_folder(void)
{
    settings.reload_dirs = (struct settings_list){src, 1};
}

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

#define COUNT(array) (int)(sizeof(array) / sizeof(array)[0])

static Suite *make_suite(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = tcase_create("watch");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
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
    tcase_add_loop_test(tests, a_change_in_a_folder_is_one_report, 0, COUNT(changes));
    tcase_add_test(tests, new_folders_are_watched_and_old_ones_no_more);
    tcase_add_loop_test(tests, what_does_not_count_is_no_report, 0, COUNT(unimportant));
    tcase_add_test(tests, patterns_of_the_operator_are_added);
    tcase_add_test(tests, with_a_build_of_its_own_the_current_folder_is_watched);
    tcase_add_test(tests, a_folder_that_is_none_is_refused);
    tcase_add_loop_test(tests, without_watches_files_are_looked_at, 0, COUNT(shortages));
    tcase_add_test(tests, names_that_count);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
