/*
 * Modules that find libraries beside themselves, loaded from a copy that lies elsewhere. Built here
 * by the compiler that built this.
 */
#include "app/module.h"
#include "base/mem.h"
#include "unit.h"
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/check_origin.XXXXXX";

static void run(const char *command)
{
    ck_assert_msg(system(command) == 0, "%s", command);
}

/* A module in app/ that links app/lib/libbeside.so, which in turn links app/lib/libmore.so; their
   copies in copy/ would find neither. */
static void set_up(void)
{
    char package[4096];
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ptr_nonnull(realpath("sdk", package));
    setenv("PKG_CONFIG_PATH", package, 1);
    setenv("CC", getenv("CC") ? getenv("CC") : "cc", 1);
    unsetenv("LD_LIBRARY_PATH");
    ck_assert_int_eq(chdir(folder), 0);
    run("mkdir -p app/lib copy other\n"
        "cat >more.c <<'E'\nint more(void);\nint more(void) { return VALUE; }\nE\n"
        "cat >beside.c <<'E'\nint more(void);\nint beside(void);\n"
        "int beside(void) { return more() + 1; }\nE\n"
        "cat >app.c <<'E'\n#include <cgw/abi.h>\nint beside(void);\n"
        "static void call(struct cgw_call *c) { c->host->finish(c, beside()); }\n"
        "int cgw_answer(void);\n"
        "__attribute__((visibility(\"default\"))) int cgw_answer(void) { return beside(); }\n"
        "CGW_APP(.kind = CGW_ASYNC, .name = \"origin\", .call = call);\nE\n"
        "lib() { out=$1; shift; $CC -fPIC -shared -o $out -Wl,-soname,${SONAME-${out##*/}} \"$@\"; "
        "}\n"
        "lib app/lib/libmore.so -DVALUE=41 more.c &&\n"
        "lib other/libmore.so -DVALUE=0 more.c &&\n"
        "lib app/lib/libbeside.so -Wl,-rpath,'$ORIGIN' beside.c -Lapp/lib -lmore &&\n"
        "SONAME=nothing lib other/libnamed.so -DVALUE=7 more.c");
}

static void tear_down(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    run(command);
}

/* Links app/app.so with these flags, and moves it away as a store would. */
static void make(const char *flags)
{
    setenv("FLAGS", flags, 1);
    run("eval \"$CC -shared $(pkg-config --cflags cgw) -o app/app.so app.c $FLAGS\" &&\n"
        "mv app/app.so copy/app.g1.so");
}

static int answer(void)
{
    int (*function)(void);
    void *handle = dlopen("copy/app.g1.so", RTLD_NOW | RTLD_NOLOAD);
    ck_assert_ptr_nonnull(handle);
    *(void **)&function = dlsym(handle, "cgw_answer");
    ck_assert_ptr_nonnull((void *)(size_t)function);
    return function();
}

static void assert_loads(const char *path)
{
    const struct cgw_app *app = NULL;
    char *error = NULL;
    int status = module_load(path, "copy/app.g1.so", &app, &error);
    ck_assert_msg(status == 0, "%s", error);
    ck_assert_str_eq(app->name, "origin");
    ck_assert_int_eq(answer(), 42);
}

static void assert_refused(const char *text)
{
    const struct cgw_app *app = NULL;
    char *error = NULL;
    ck_assert_int_eq(module_load("app/app.so", "copy/app.g1.so", &app, &error), -ENOEXEC);
    ck_assert_msg(error && strncmp(error, "app/app.so: ", 12) == 0 && strstr(error, text) &&
                      !strchr(error, '\n'),
                  "'%s' lacks '%s'", error, text);
    mem_free(error);
}

static const char *const found_by[] = {
    "app/lib/libbeside.so -Wl,-rpath,'$ORIGIN/lib'",
    "app/lib/libbeside.so -Wl,-rpath,'/nowhere:${ORIGIN}/lib'",
    "app/lib/libbeside.so -Wl,--disable-new-dtags,-rpath,'$ORIGIN/lib'",
    "app/lib/libbeside.so -Wl,-rpath,'$ORIGIN/../app/lib'",
};

START_TEST(a_copy_gets_the_libraries_beside_the_original)
{
    make(found_by[_i]);
    assert_loads("app/app.so");
}
END_TEST

START_TEST(the_original_may_be_of_the_current_folder)
{
    make(found_by[0]);
    ck_assert_int_eq(rename("copy", "app/copy"), 0);
    ck_assert_int_eq(chdir("app"), 0);
    assert_loads("app.so");
}
END_TEST

START_TEST(without_origin_the_loader_is_left_alone)
{
    char flags[512];
    snprintf(flags, sizeof flags, "app/lib/libbeside.so -Wl,-rpath,%s/app/lib", folder);
    make(flags);
    assert_loads("nowhere/app.so");
}
END_TEST

START_TEST(an_earlier_folder_of_the_path_comes_first)
{
    char flags[512];
    snprintf(flags, sizeof flags, "app/lib/libbeside.so -Wl,-rpath,'%s/app/lib:$ORIGIN/../other'",
             folder);
    run("cp other/libmore.so other/libbeside.so"); /* which has no beside() */
    make(flags);
    assert_loads("app/app.so");
}
END_TEST

START_TEST(the_library_path_of_the_environment_comes_before_a_runpath)
{
    char path[512];
    snprintf(path, sizeof path, "/nowhere:%s/app/lib", folder);
    setenv("LD_LIBRARY_PATH", path, 1); /* too late for the loader, which then finds nothing */
    make(found_by[0]);
    assert_refused("cannot be loaded: libbeside.so: cannot open shared object file");
    make(found_by[2]);
    assert_loads("app/app.so");
}
END_TEST

START_TEST(a_library_that_is_missing_is_the_loaders_to_tell)
{
    make(found_by[0]);
    run("rm app/lib/libbeside.so");
    assert_refused("cannot be loaded: libbeside.so: cannot open shared object file");
}
END_TEST

START_TEST(a_library_that_is_broken_is_named)
{
    make(found_by[0]);
    run("echo broken >app/lib/libbeside.so");
    assert_refused("needs app/lib/libbeside.so, which cannot be loaded: ");
}
END_TEST

START_TEST(a_library_of_another_soname_is_named)
{
    make(found_by[0]);
    run("cp other/libnamed.so app/lib/libbeside.so");
    assert_refused("has another soname or none: link that with -Wl,-soname,libbeside.so");
}
END_TEST

START_TEST(errors_name_the_original)
{
    make("app/lib/libbeside.so");
    assert_refused("app/app.so: cannot be loaded: libbeside.so: cannot open");
    run("echo none >copy/app.g1.so");
    assert_refused("app/app.so: no ELF file");
    run("rm copy/app.g1.so");
    const struct cgw_app *app = NULL;
    char *error = NULL;
    ck_assert_int_eq(module_load("app/app.so", "copy/app.g1.so", &app, &error), -ENOENT);
    ck_assert_str_eq(error, "app/app.so: cannot be found: No such file or directory");
    mem_free(error);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("origin");
    TCase *tests = tcase_create("origin");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_copy_gets_the_libraries_beside_the_original, 0,
                        (int)(sizeof found_by / sizeof *found_by));
    tcase_add_test(tests, the_original_may_be_of_the_current_folder);
    tcase_add_test(tests, without_origin_the_loader_is_left_alone);
    tcase_add_test(tests, an_earlier_folder_of_the_path_comes_first);
    tcase_add_test(tests, the_library_path_of_the_environment_comes_before_a_runpath);
    tcase_add_test(tests, a_library_that_is_missing_is_the_loaders_to_tell);
    tcase_add_test(tests, a_library_that_is_broken_is_named);
    tcase_add_test(tests, a_library_of_another_soname_is_named);
    tcase_add_test(tests, errors_name_the_original);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
