/* Queries: cut, decoded, never refused. */
#include "unit.h"
#include "web/query.h"

static struct arena arena;
static const struct model_pair *pairs;
static size_t n;

static void parse(const char *query)
{
    arena_reset(&arena);
    ck_assert_int_eq(query_parse(&arena, (cgw_str){query, strlen(query)}, &pairs, &n), CGW_OK);
}

static void expect(size_t i, const char *name, const char *value)
{
    ck_assert_uint_lt(i, n);
    ck_assert_str_eq(pairs[i].name.ptr, name);
    ck_assert_str_eq(pairs[i].value.ptr, value);
    ck_assert_uint_eq(pairs[i].name.len, strlen(name));
    ck_assert_uint_eq(pairs[i].value.len, strlen(value));
}

START_TEST(pairs_are_cut_in_order)
{
    parse("a=1&b=2&a=3");
    ck_assert_uint_eq(n, 3);
    expect(0, "a", "1");
    expect(1, "b", "2");
    expect(2, "a", "3");
}
END_TEST

START_TEST(what_is_missing_is_empty)
{
    parse("a&b=&=c&&&d=e=f&");
    ck_assert_uint_eq(n, 4);
    expect(0, "a", "");
    expect(1, "b", "");
    expect(2, "", "c");
    expect(3, "d", "e=f");
    parse("");
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(escapes_are_decoded)
{
    parse("a+b=c%20d%2B&%C3%a4=%26%3d");
    expect(0, "a b", "c d+");
    expect(1, "\xc3\xa4", "&=");
}
END_TEST

START_TEST(what_is_no_escape_is_itself)
{
    parse("a=%&b=%4&c=%zz&d=%%34");
    expect(0, "a", "%");
    expect(1, "b", "%4");
    expect(2, "c", "%zz");
    expect(3, "d", "%4");
}
END_TEST

START_TEST(what_is_no_utf_8_is_replaced)
{
    parse("a=%ff%41&b=\xc3");
    expect(0, "a",
           "\xef\xbf\xbd"
           "A");
    expect(1, "b", "\xef\xbf\xbd");
}
END_TEST

START_TEST(a_nul_has_its_place)
{
    parse("a=x%00y");
    ck_assert_uint_eq(pairs[0].value.len, 3);
    ck_assert_mem_eq(pairs[0].value.ptr, "x\0y", 4);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("query");
    TCase *tests = tcase_create("query");
    tcase_add_test(tests, pairs_are_cut_in_order);
    tcase_add_test(tests, what_is_missing_is_empty);
    tcase_add_test(tests, escapes_are_decoded);
    tcase_add_test(tests, what_is_no_escape_is_itself);
    tcase_add_test(tests, what_is_no_utf_8_is_replaced);
    tcase_add_test(tests, a_nul_has_its_place);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
