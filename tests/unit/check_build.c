/*
 * Builds with a real compiler, and with scripts in its place that count, fail or hang. Runs in the
 * build tree, whose own package pkg-config finds in sdk/.
 */
#include "app/module.h"
#include "base/mem.h"
#include "proc/children.h"
#include "proc/dev/build.h"
#include "unit.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define APP(body)                               \
    "#include <cgw/abi.h>\n"                    \
    "static void call(struct cgw_call *it)\n"   \
    "{\n"                                       \
    "    it->host->finish(it, 0);\n" body "}\n" \
    "CGW_APP(.kind = CGW_ASYNC, .name = NAME, .call = call);\n"

static char folder[] = "/tmp/check_build.XXXXXX";
static struct settings settings;
static struct ev_loop *loop;
static char *compiler; /* the real one */

static struct {
    bool is_done;
    char *output, *text, *inputs;
    struct build *build;
} result;

/* ---- helpers ---- */

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void write_script(const char *path, const char *text)
{
    write_file(path, text);
    ck_assert_int_eq(chmod(path, 0755), 0);
}

/* It becomes a shell at once. */
static void begin_child(void *arg)
{
    (void)arg;
}

static void set_up(void)
{
    char package[PATH_MAX];
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ptr_nonnull(realpath("sdk", package));
    compiler = getenv("CC") ? strdup(getenv("CC")) : strdup("cc");
    ck_assert_int_eq(chdir(folder), 0);
    setenv("PKG_CONFIG_PATH", package, 1);
    setenv("REAL_CC", compiler, 1);
    setenv("CC", compiler, 1);
    unsetenv("CFLAGS");
    unsetenv("LDFLAGS");
    unsetenv("PKG_CONFIG");
    settings = (struct settings){.module = "app.c"};
    loop = ev_loop_new(EVFLAG_NOENV);
    ck_assert_ptr_nonnull(loop);
    children_start(loop, begin_child, NULL);
    ev_ref(loop); /* it waits for children even when nothing else is left */
}

static void forget_result(void)
{
    free(result.output);
    free(result.text);
    free(result.inputs);
    memset(&result, 0, sizeof result);
}

static void tear_down(void)
{
    char command[256];
    forget_result();
    free(compiler);
    children_stop();
    ev_loop_destroy(loop);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

/* |app.c|app.h| */
static void take_inputs(const struct build_inputs *inputs)
{
    char *all = strdup("|");
    for (size_t i = 0; i < inputs->n; i++) {
        char *more = mem_printf("%s%s|", all, inputs->paths[i]);
        free(all);
        all = more;
    }
    result.inputs = all;
}

static void done(void *arg, const char *output_path, const char *text, size_t len)
{
    ck_assert_ptr_eq(arg, &result);
    ck_assert(!result.is_done);
    result.is_done = true;
    result.output = output_path ? strdup(output_path) : NULL;
    result.text = strndup(text, len);
    take_inputs(build_inputs(result.build));
    ev_break(loop, EVBREAK_ALL);
}

static void start(const char *output)
{
    char *error = NULL;
    forget_result();
    int status = build_start(loop, &settings, output, done, &result, &result.build, &error);
    ck_assert_msg(status == 0, "%d %s", status, error);
    ck_assert(!result.is_done);
}

static void build(const char *output)
{
    start(output);
    ev_run(loop, 0);
    ck_assert(result.is_done);
}

static void assert_built(const char *output)
{
    ck_assert_msg(result.output != NULL, "failed: %s", result.text);
    ck_assert_str_eq(result.output, output);
    ck_assert_int_eq(access(output, F_OK), 0);
}

static void assert_failed(const char *text)
{
    ck_assert_msg(!result.output, "built: %s", result.text);
    ck_assert_msg(strstr(result.text, text) != NULL, "'%s' lacks '%s'", result.text, text);
}

static void assert_loads(const char *name)
{
    const struct cgw_app *app;
    char *error = NULL;
    int status = module_load(result.output, NULL, &app, &error);
    ck_assert_msg(status == 0, "%s", error);
    ck_assert_str_eq(app->name, name);
}

static void use(const char *const *sources, size_t n)
{
    settings.sources = (struct settings_list){(const char **)(size_t)sources, n};
    settings.module = sources[0];
}

static const char *const one[] = {"app.c"};
static const char *const three[] = {"app.c", "b.c", "sub/c.c"};

/* ---- one C file ---- */

START_TEST(a_file_and_its_headers_become_a_module)
{
    ck_assert_int_eq(mkdir("with blank", 0755), 0);
    write_file("with blank/name.h", "#include \"more#.h\"\n");
    write_file("with blank/more#.h", "#define NAME \"first\"\n");
    write_file("app.c", "#include \"with blank/name.h\"\n" APP(""));
    use(one, 1);
    build("out.so");
    assert_built("out.so");
    assert_loads("first");
    ck_assert_str_eq(result.text, "");
    ck_assert_ptr_nonnull(strstr(result.inputs, "|app.c|"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|with blank/name.h|"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|with blank/more#.h|"));
    ck_assert_ptr_null(strstr(result.inputs, "stddef.h"));
    ck_assert_int_lt(access("out.so.d", F_OK), 0);
}
END_TEST

START_TEST(a_warning_is_told_of_a_build_that_is_fine)
{
    write_file("app.c", "#define NAME \"w\"\n" APP("    int unused;\n"));
    setenv("CFLAGS", "-Wall -Wunused-variable", 1);
    use(one, 1);
    build("out.so");
    assert_built("out.so");
    ck_assert_msg(strstr(result.text, "unused"), "%s", result.text);
}
END_TEST

START_TEST(an_error_is_the_compilers_own_line)
{
    write_file("name.h", "#define NAME \"x\"\n");
    write_file("app.c", "#include \"name.h\"\n" APP("    return nothing;\n"));
    use(one, 1);
    build("out.so");
    assert_failed("app.c:6:");
    ck_assert_ptr_null(strstr(result.text, "cgw-serve:"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|name.h|"));
    ck_assert_int_lt(access("out.so", F_OK), 0);
}
END_TEST

START_TEST(a_missing_header_is_an_input_too)
{
    write_file("app.c", "#include \"name.h\"\n" APP(""));
    use(one, 1);
    build("out.so");
    assert_failed("name.h");
    ck_assert_ptr_nonnull(strstr(result.inputs, "|app.c|"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|name.h|"));
}
END_TEST

START_TEST(a_missing_header_is_looked_for_where_others_are)
{
    static const char *const below[] = {"src/app.c"};
    run("mkdir src include && echo '#include \"name.h\"' >include/other.h");
    write_file("src/app.c", "#include \"other.h\"\n" APP(""));
    setenv("CFLAGS", "-Iinclude", 1);
    use(below, 1);
    build("out.so");
    assert_failed("name.h");
    ck_assert_ptr_nonnull(strstr(result.inputs, "|include/other.h|"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|name.h|"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|src/name.h|"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|include/name.h|"));
}
END_TEST

START_TEST(an_open_symbol_is_an_error)
{
    write_file("app.c", "#define NAME \"x\"\nvoid nowhere(void);\n" APP("    nowhere();\n"));
    use(one, 1);
    build("out.so");
    assert_failed("nowhere");
}
END_TEST

START_TEST(no_file_name_reaches_the_shell)
{
    static const char *const names[] = {"-o.c", "a b'\"$(touch pwned);`touch pwned`&.c"};
    for (size_t i = 0; i < 2; i++) {
        write_file(i ? names[i] : "./-o.c", "#define NAME \"odd\"\n" APP(""));
        use(&names[i], 1);
        build("out $(touch pwned).so");
        assert_built("out $(touch pwned).so");
    }
    use(names, 2);
    write_file(names[1], "int nothing;\n");
    build("two.so");
    assert_built("two.so");
    ck_assert_int_lt(access("pwned", F_OK), 0);
}
END_TEST

START_TEST(the_environment_may_hold_words_and_quotes)
{
    char *cc = mem_printf("LC_ALL=C %s -DNAME='\"a b\"'", compiler);
    write_file("app.c", "#ifndef OTHER\n#error not given\n#endif\n" APP(""));
    setenv("CC", cc, 1);
    setenv("CFLAGS", "-DOTHER=\"it's\" -O1", 1);
    setenv("LDFLAGS", "-Wl,-rpath,'$ORIGIN/lib'", 1);
    use(one, 1);
    build("out.so");
    assert_built("out.so");
    assert_loads("a b");
    ck_assert_int_eq(system("grep -q '[$]ORIGIN/lib' out.so"), 0);
    mem_free(cc);
}
END_TEST

/* ---- several ---- */

static void write_three(void)
{
    mkdir("sub", 0755);
    write_file("app.h", "#define NAME \"three\"\nint b(void);\nint c(void);\n");
    write_file("app.c", "#include \"app.h\"\n" APP("    (void)(b() + c());\n"));
    write_file("b.c", "#include \"app.h\"\nint b(void) { return 1; }\n");
    write_file("sub/c.c", "#include \"../app.h\"\nint c(void) { return 1; }\n");
    write_script("count", "#!/bin/sh\necho \"$*\" >>log\nexec $REAL_CC \"$@\"\n");
    setenv("CC", "./count", 1);
    use(three, 3);
}

/* Files that were written in the moment when a build begins are taken for newer than it. */
static void build_later(const char *output)
{
    usleep(20000);
    build(output);
}

/* What was run since the last time: lines of the log, less the look for headers. */
static int n_runs(void)
{
    char line[8192];
    int n = 0;
    FILE *file = fopen("log", "r");
    while (file && fgets(line, sizeof line, file))
        n += strstr(line, " -MG ") == NULL;
    if (file)
        fclose(file);
    unlink("log");
    return n;
}

START_TEST(only_what_changed_is_compiled_again)
{
    write_three();
    build_later("g1.so");
    assert_built("g1.so");
    assert_loads("three");
    ck_assert_int_eq(n_runs(), 4);
    build_later("g2.so");
    assert_built("g2.so");
    ck_assert_int_eq(n_runs(), 1);
    write_file("new.c", "int b(void);\nint b(void) { return 2; }\n");
    ck_assert_int_eq(rename("new.c", "b.c"), 0);
    build_later("g3.so");
    assert_built("g3.so");
    ck_assert_int_eq(n_runs(), 2);
    write_file("app.h", "#define NAME \"four\"\nint b(void);\nint c(void);\n");
    build_later("g4.so");
    ck_assert_int_eq(n_runs(), 3);
    assert_loads("four");
    ck_assert_ptr_nonnull(strstr(result.inputs, "|sub/c.c|"));
    ck_assert_ptr_nonnull(strstr(result.inputs, "|app.h|"));
}
END_TEST

START_TEST(the_errors_of_all_files_are_told_in_order)
{
    write_three();
    write_file("b.c", "int b(void) { return first_error; }\n");
    write_file("sub/c.c", "int c(void) { return second_error; }\n");
    build_later("g1.so");
    assert_failed("first_error");
    assert_failed("second_error");
    ck_assert(strstr(result.text, "first_error") < strstr(result.text, "second_error"));
    write_file("b.c", "int b(void);\nint b(void) { return 1; }\n");
    write_file("sub/c.c", "int c(void);\nint c(void) { return 1; }\n");
    n_runs();
    build_later("g2.so");
    assert_built("g2.so");
    ck_assert_int_eq(n_runs(), 3);
}
END_TEST

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

/* ---- the user's own build ---- */

START_TEST(the_users_command_makes_the_module)
{
    settings.module = "mine.so";
    settings.build = "echo building; cp made mine.so";
    write_file("made", "x");
    build(NULL);
    assert_built("mine.so");
    ck_assert_str_eq(result.text, "building\n");
    ck_assert_str_eq(result.inputs, "|");
    settings.build = "echo wrong >&2; exit 2";
    build(NULL);
    assert_failed("wrong\ncgw-serve: the command of --build 'echo wrong >&2; exit 2' ended with "
                  "status 2\n");
    ck_assert_int_eq(access("mine.so", F_OK), 0); /* it is not ours to remove */
    settings.build = "kill -SEGV $$";
    build(NULL);
    assert_failed("was killed by signal 11");
    ck_assert_int_eq(unlink("mine.so"), 0);
    settings.build = "exit 0";
    build(NULL);
    assert_failed("cgw-serve: exit 0 ended well, but mine.so is not there");
}
END_TEST

/* ---- canceling ---- */

static void on_tick(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)of, (void)events;
    if (access(timer->data, F_OK) == 0)
        ev_break(loop, EVBREAK_ALL);
}

/* Turn the loop until the file is there. */
static void await_file(const char *path)
{
    ev_timer tick;
    ev_timer_init(&tick, on_tick, 0, 0.01);
    tick.data = (void *)(size_t)path;
    ev_timer_again(loop, &tick);
    ev_run(loop, 0);
    ev_timer_stop(loop, &tick);
    ck_assert_int_eq(access(path, F_OK), 0);
}

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
    Suite *suite = suite_create("build");
    TCase *tests = tcase_create("build");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_file_and_its_headers_become_a_module);
    tcase_add_test(tests, a_warning_is_told_of_a_build_that_is_fine);
    tcase_add_test(tests, an_error_is_the_compilers_own_line);
    tcase_add_test(tests, a_missing_header_is_an_input_too);
    tcase_add_test(tests, a_missing_header_is_looked_for_where_others_are);
    tcase_add_test(tests, an_open_symbol_is_an_error);
    tcase_add_test(tests, no_file_name_reaches_the_shell);
    tcase_add_test(tests, the_environment_may_hold_words_and_quotes);
    tcase_add_test(tests, only_what_changed_is_compiled_again);
    tcase_add_test(tests, the_errors_of_all_files_are_told_in_order);
    tcase_add_loop_test(tests, a_compiler_that_is_none_is_named, 0,
                        (int)(sizeof broken / sizeof *broken));
    tcase_add_test(tests, a_long_text_is_cut_and_says_so);
    tcase_add_test(tests, what_a_compiler_leaves_running_is_not_waited_for);
    tcase_add_test(tests, the_users_command_makes_the_module);
    tcase_add_test(tests, a_build_that_is_canceled_ends_before_the_next_begins);
    tcase_add_test(tests, a_build_that_will_not_end_is_killed);
    tcase_add_test(tests, builds_can_be_canceled_before_they_began);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
