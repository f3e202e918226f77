/* Settings: which of file and environment wins, what a line may be, and that values are not told.
 */
#include "unit.h"
#include "web/application.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS(F)                                             \
    F(str, host, .def_str = "localhost", .min_len = 1)          \
    F(u16, port, .def = 8000, .ge = 1)                          \
    F(list(str), peers, .opt = true, .max_items = 3)            \
    F(str, password, .opt = true, .max_len = 4, .hidden = true) \
    F(bool, verbose, .def = false)
CGW_MODEL(Settings, SETTINGS)

static struct application application;
static cgw_boot boot;
static char path[] = "/tmp/check_settings.XXXXXX";

static void begin(void)
{
    arena_init(&application.arena, NULL, 0);
    boot = (cgw_boot){.application = &application};
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    close(fd);
}

static void end(void)
{
    unlink(path);
    arena_reset(&application.arena);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static int load(Settings *settings)
{
    return cgw_settings(&boot, Settings, settings, .path = path, .prefix = "SHOP_");
}

START_TEST(defaults_where_nothing_is_said)
{
    Settings settings;
    ck_assert_int_eq(cgw_settings(&boot, Settings, &settings), 0);
    ck_assert_str_eq(settings.host, "localhost");
    ck_assert_uint_eq(settings.port, 8000);
    ck_assert(!cgw_has(Settings, &settings, peers));
}
END_TEST

START_TEST(lines_of_a_file)
{
    Settings settings;
    write_file("# a comment\n\n  SHOP_HOST = 'example.org'  \nexport SHOP_PORT=81\n"
               "SHOP_PEERS=a, b ,c\nSHOP_VERBOSE=\"yes\"\r\nSHOP_PORT=82\nOTHER=1\n");
    ck_assert_int_eq(load(&settings), 0);
    ck_assert_str_eq(settings.host, "example.org");
    ck_assert_uint_eq(settings.port, 82);
    ck_assert_uint_eq(settings.peers.len, 3);
    ck_assert_str_eq(settings.peers.items[1], "b");
    ck_assert(settings.verbose);
}
END_TEST

START_TEST(the_environment_wins)
{
    Settings settings;
    write_file("SHOP_PORT=81\nSHOP_HOST=file\n");
    setenv("SHOP_PORT", "90", 1);
    ck_assert_int_eq(load(&settings), 0);
    ck_assert_uint_eq(settings.port, 90);
    ck_assert_str_eq(settings.host, "file");
}
END_TEST

START_TEST(a_line_that_is_none)
{
    Settings settings;
    write_file("SHOP_PORT=81\nnonsense\n");
    ck_assert_int_eq(load(&settings), -1);
    char wanted[100];
    snprintf(wanted, sizeof(wanted), "%s:2: want NAME=value", path);
    ck_assert_ptr_nonnull(strstr(boot.message, wanted));
}
END_TEST

START_TEST(values_are_not_told)
{
    Settings settings;
    setenv("SHOP_PASSWORD", "secret word", 1);
    setenv("SHOP_PORT", "many", 1);
    ck_assert_int_eq(load(&settings), -1);
    ck_assert_ptr_nonnull(strstr(boot.message, "2 settings are wrong"));
    ck_assert_ptr_nonnull(strstr(boot.message, "port"));
    ck_assert_ptr_null(strstr(boot.message, "many"));
    ck_assert_ptr_null(strstr(boot.message, "secret"));
}
END_TEST

START_TEST(a_file_that_is_not_there)
{
    Settings settings;
    ck_assert_int_eq(cgw_settings(&boot, Settings, &settings, .path = "/nowhere/at.all"), 0);
    ck_assert_int_eq(
        cgw_settings(&boot, Settings, &settings, .path = "/nowhere/at.all", .required = true), -1);
    ck_assert_ptr_nonnull(strstr(boot.message, "/nowhere/at.all: No such file"));
    ck_assert_int_eq(cgw_settings(&boot, Settings, &settings, .path = "/"), -1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("settings");
    TCase *tests = tcase_create("settings");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, defaults_where_nothing_is_said);
    tcase_add_test(tests, lines_of_a_file);
    tcase_add_test(tests, the_environment_wins);
    tcase_add_test(tests, a_line_that_is_none);
    tcase_add_test(tests, values_are_not_told);
    tcase_add_test(tests, a_file_that_is_not_there);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
