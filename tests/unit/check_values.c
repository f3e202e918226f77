/* Keys and texts of a session, as JSON and back. */
#include "unit.h"
#include "values.h"
#include <stdio.h>

static struct arena arena;
static struct values values;

static void begin(void)
{
    arena_init(&arena, NULL, 0);
    values = (struct values){NULL};
}

static void end(void)
{
    arena_fini(&arena);
}

static const char *json(void)
{
    struct buffer out = BUFFER_IN(&arena);
    values_write(&values, &out);
    cgw_str text = buffer_text(&out);
    ck_assert_uint_ge(values_json_len(&values), text.len);
    return text.ptr;
}

static int set(const char *key, const char *text)
{
    return values_set(&values, &arena, key, text, 64);
}

START_TEST(test_set)
{
    ck_assert_str_eq(json(), "{}");
    ck_assert_int_eq(set("a", "1"), CGW_OK);
    ck_assert_int_eq(set("b\"", "x\ny\xc3\xa9"), CGW_OK);
    ck_assert_str_eq(json(), "{\"a\":\"1\",\"b\\\"\":\"x\\ny\xc3\xa9\"}");
    ck_assert_int_eq(set("a", "22"), CGW_OK);
    ck_assert_str_eq(json(), "{\"a\":\"22\",\"b\\\"\":\"x\\ny\xc3\xa9\"}");
    ck_assert_str_eq(values_find(&values, "a")->text.ptr, "22");
    ck_assert_ptr_null(values_find(&values, "c"));
    ck_assert(values_remove(&values, "a"));
    ck_assert(!values_remove(&values, "a"));
    ck_assert_str_eq(json(), "{\"b\\\"\":\"x\\ny\xc3\xa9\"}");
}
END_TEST

START_TEST(test_refused)
{
    static const char forty[] = "1234567890123456789012345678901234567890";
    ck_assert_int_eq(set("a", "1"), CGW_OK);
    ck_assert_int_eq(set("b", "\xff"), CGW_EINVAL);
    ck_assert_int_eq(set("\xc3", "b"), CGW_EINVAL);
    ck_assert_int_eq(set("b", forty), CGW_OK);
    ck_assert_int_eq(set("c", "12345"), CGW_ETOOBIG);
    ck_assert_int_eq(set("b", "0"), CGW_OK);
    ck_assert_int_eq(set("c", "12345"), CGW_OK);
    ck_assert_int_eq(set("b", forty), CGW_ETOOBIG);
    ck_assert_str_eq(json(), "{\"a\":\"1\",\"b\":\"0\",\"c\":\"12345\"}");
}
END_TEST

static int read_text(const char *text)
{
    values.first = NULL;
    return values_read(&values, &arena, (cgw_str){text, strlen(text)});
}

START_TEST(test_read)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{\"a\":1}",
                                      "{\"a\":{}}",
                                      "{\"a\"}",
                                      "{} x",
                                      "{\"a\":\"1\",}",
                                      "{\"a\":null}",
                                      "\"a\"",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"\\u0000\":\"a\"}",
                                      "{"};
    ck_assert_int_eq(read_text(" { \"a\" : \"\\u00e9\", \"b\":\"\" } "), CGW_OK);
    ck_assert_str_eq(json(), "{\"a\":\"\xc3\xa9\",\"b\":\"\"}");
    ck_assert_int_eq(read_text("{}"), CGW_OK);
    ck_assert_ptr_null(values.first);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(read_text(bad[i]) == CGW_EINVAL, "%s", bad[i]);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("values");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, test_set);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_read);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
