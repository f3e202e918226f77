/* Which frame of a trace is named, and what its lines are. */
#include "proc/report/site.h"
#include "unit.h"
#include <string.h>
#include <unistd.h>

static struct trace trace;
static char server[TRACE_PATH_BYTES];

#define LIBC   "/lib/libc.so.6"
#define MODULE "/srv/app.so"
#define OTHER  "/usr/lib/libshop.so.2"

static void begin(void)
{
    ssize_t n = readlink("/proc/self/exe", server, sizeof server - 1);
    ck_assert_int_gt(n, 0);
    server[n] = '\0';
    trace.n_frames = trace.n_objects = 0;
    trace.application = TRACE_OBJECTS;
}

static void add(uint64_t offset, const char *path)
{
    ck_assert(trace_add(&trace, 0x10000 + offset, 0x10000, path));
}

static void check_site(const char *expected)
{
    struct site site;
    site_find(NULL, &trace, "/route", &site);
    ck_assert_str_eq(site.text, expected);
}

START_TEST(it_is_the_innermost_of_the_application)
{
    add(1, LIBC);
    add(2, OTHER);
    add(3, MODULE);
    add(4, MODULE);
    add(5, server);
    trace.application = 2;
    check_site("app.so+0x3");
}
END_TEST

START_TEST(where_that_is_not_known_it_is_nobody_elses)
{
    add(1, LIBC);
    add(2, server);
    add(3, OTHER);
    add(4, MODULE);
    check_site("libshop.so.2+0x3");
}
END_TEST

START_TEST(else_it_is_the_innermost)
{
    add(1, LIBC);
    add(2, server);
    check_site("libc.so.6+0x1");
    trace.n_frames = 0;
    check_site("");
}
END_TEST

START_TEST(keys_tell_places_and_routes_apart)
{
    struct site one, same, other, elsewhere;
    add(1, MODULE);
    site_find(NULL, &trace, "/a", &one);
    site_find(NULL, &trace, "/a", &same);
    site_find(NULL, &trace, "/b", &other);
    trace.frames[0].offset = 2;
    site_find(NULL, &trace, "/a", &elsewhere);
    ck_assert_uint_eq(one.key, same.key);
    ck_assert_uint_ne(one.key, other.key);
    ck_assert_uint_ne(one.key, elsewhere.key);
}
END_TEST

START_TEST(lines_end_with_who_called_the_application)
{
    static struct site_lines lines;
    add(1, LIBC);
    add(2, MODULE);
    add(2, MODULE);
    add(2, MODULE);
    add(3, server);
    add(4, server);
    site_name_lines(NULL, &trace, &lines);
    ck_assert_uint_eq(lines.n, 3);
    ck_assert_str_eq(lines.text[0], "#0 libc.so.6+0x1");
    ck_assert_str_eq(lines.text[1], "#1 app.so+0x2 (3 times)");
    ck_assert_int_eq(strncmp(lines.text[2], "#4 ", 3), 0);
}
END_TEST

START_TEST(what_is_all_the_servers_is_told_whole)
{
    static struct site_lines lines;
    for (uint64_t i = 0; i < TRACE_FRAMES; i++)
        add(i, i ? server : LIBC);
    site_name_lines(NULL, &trace, &lines);
    ck_assert_uint_eq(lines.n, TRACE_FRAMES);
}
END_TEST

START_TEST(a_request_that_is_not_known_is_a_dash)
{
    struct board_request request = {.is_known = true, .id = 0xab, .line = "GET / HTTP/1.1"};
    char call[SITE_CALL_BYTES];
    ck_assert_str_eq(site_print_call(&request, call), "00000000000000ab");
    ck_assert_str_eq(site_request(&request), "GET / HTTP/1.1");
    ck_assert_str_eq(site_route(&request), "-");
    request.is_known = false;
    ck_assert_str_eq(site_print_call(&request, call), "-");
    ck_assert_str_eq(site_request(&request), "-");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("site");
    TCase *tests = tcase_create("site");
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, it_is_the_innermost_of_the_application);
    tcase_add_test(tests, where_that_is_not_known_it_is_nobody_elses);
    tcase_add_test(tests, else_it_is_the_innermost);
    tcase_add_test(tests, keys_tell_places_and_routes_apart);
    tcase_add_test(tests, lines_end_with_who_called_the_application);
    tcase_add_test(tests, what_is_all_the_servers_is_told_whole);
    tcase_add_test(tests, a_request_that_is_not_known_is_a_dash);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
