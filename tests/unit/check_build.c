/* Builds with a real compiler: what becomes of C files, headers, flags and names. */
#include "base/mem.h"
#include "build_play.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    char *cc = mem_printf("LC_ALL=C %s -DNAME='\"a b\"'", getenv("CC"));
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

static Suite *make_suite(void)
{
    Suite *suite = suite_create("build");
    TCase *tests = tcase_create("build");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, build_play_setup, build_play_teardown);
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
    tcase_add_test(tests, the_users_command_makes_the_module);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
