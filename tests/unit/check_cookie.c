/* Cookies: read as browsers write them, written as RFC 6265 wants. Row 178 of the behaviours. */
#include "unit.h"
#include "web/cookie.h"

static struct arena arena;
static const struct model_pair *pairs;
static size_t n;

static void parse(const char *first, const char *second)
{
    const struct cgw_header headers[] = {{CGW_STR("cookie"), {first, strlen(first)}},
                                         CGW_HEADER("x-cookie", "no=1"),
                                         {CGW_STR("Cookie"), {second, strlen(second)}}};
    arena_reset(&arena);
    ck_assert_int_eq(cookie_parse(&arena, headers, 3, &pairs, &n), CGW_OK);
}

static void expect(size_t i, const char *name, const char *value)
{
    ck_assert_uint_lt(i, n);
    ck_assert_str_eq(pairs[i].name.ptr, name);
    ck_assert_str_eq(pairs[i].value.ptr, value);
    ck_assert_uint_eq(pairs[i].value.len, strlen(value));
}

START_TEST(several_fields_are_one_list)
{
    parse("a=1; b=2", "c=3;a=4");
    ck_assert_uint_eq(n, 4);
    expect(0, "a", "1");
    expect(1, "b", "2");
    expect(2, "c", "3");
    expect(3, "a", "4");
}
END_TEST

START_TEST(junk_is_skipped)
{
    parse(";; ;junk; =none; a = 1 ;b=x=y;c=", ";");
    ck_assert_uint_eq(n, 3);
    expect(0, "a", "1");
    expect(1, "b", "x=y");
    expect(2, "c", "");
}
END_TEST

START_TEST(quotes_are_taken_off)
{
    parse("a=\"1 2\"; b=\"x\\\"y\\\\z\"; c=\"\\073\\054\"; d=\"; e=\"\"; f=\"\\400\\9\"", "");
    ck_assert_uint_eq(n, 6);
    expect(0, "a", "1 2");
    expect(1, "b", "x\"y\\z");
    expect(2, "c", ";,");
    expect(3, "d", "\"");
    expect(4, "e", "");
    expect(5, "f", "4009");
}
END_TEST

static const char *written(const char *name, const char *value, struct cgw_cookie_options options)
{
    struct buffer out = BUFFER_IN(&arena);
    ck_assert_ptr_null(cookie_fault(name, value, &options));
    cookie_write(&out, name, value, &options);
    return buffer_text(&out).ptr;
}

START_TEST(the_least_is_safe)
{
    ck_assert_str_eq(written("s", "1", (struct cgw_cookie_options){0}),
                     "s=1; Path=/; SameSite=lax; HttpOnly");
}
END_TEST

START_TEST(attributes_are_written)
{
    ck_assert_str_eq(written("s", "",
                             (struct cgw_cookie_options){.path = "/x",
                                                         .domain = "example.org",
                                                         .max_age = 60,
                                                         .same_site = "None",
                                                         .secure = true,
                                                         .is_readable = true}),
                     "s=; Path=/x; Domain=example.org; Max-Age=60; SameSite=None; Secure");
    ck_assert_str_eq(written("s", "", (struct cgw_cookie_options){.max_age = -1}),
                     "s=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=lax; "
                     "HttpOnly");
}
END_TEST

START_TEST(what_would_say_more_is_refused)
{
    static const char *const bad[][2] = {{"", "1"},      {"a b", "1"},    {"a;b", "1"},
                                         {"a=b", "1"},   {"a\r\nb", "1"}, {"a", "1;2"},
                                         {"a", "1\r\n"}, {"a", "x y"},    {"a", "\xc3\xa4"},
                                         {"a", "\"1\""}, {"a", "1,2"},    {"a", "\\"}};
    const struct cgw_cookie_options options = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(cookie_fault(bad[i][0], bad[i][1], &options) != NULL, "%zu", i);
}
END_TEST

START_TEST(options_that_browsers_refuse_are_refused)
{
    static const struct cgw_cookie_options bad[] = {{.path = "/;x"},
                                                    {.path = "/\n"},
                                                    {.domain = "a\x01"},
                                                    {.same_site = "none"},
                                                    {.same_site = "maybe"}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(cookie_fault("a", "1", &bad[i]) != NULL, "%zu", i);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("cookie");
    TCase *tests = tcase_create("cookie");
    tcase_add_test(tests, several_fields_are_one_list);
    tcase_add_test(tests, junk_is_skipped);
    tcase_add_test(tests, quotes_are_taken_off);
    tcase_add_test(tests, the_least_is_safe);
    tcase_add_test(tests, attributes_are_written);
    tcase_add_test(tests, what_would_say_more_is_refused);
    tcase_add_test(tests, options_that_browsers_refuse_are_refused);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
