/* The answer of a function in a helper: limits, and errors that stick. */
#include "process/output.h"
#include "unit.h"

static struct cgw_output output;
static cgw_str text;

static void tear_down(void)
{
    output_fini(&output);
}

START_TEST(bytes_and_text_add_up)
{
    output_init(&output, 64);
    ck_assert_int_eq(output_text(&output, &text), CGW_OK);
    ck_assert_uint_eq(text.len, 0);
    ck_assert_int_eq(cgw_output_add(&output, "a\0b", 3), CGW_OK);
    ck_assert_int_eq(cgw_output_printf(&output, "%d-%s", 42, "x"), CGW_OK);
    ck_assert_int_eq(output_text(&output, &text), CGW_OK);
    ck_assert_uint_eq(text.len, 7);
    ck_assert_mem_eq(text.ptr, "a\0b42-x", 7);
}
END_TEST

START_TEST(the_limit_is_a_limit_and_sticks)
{
    output_init(&output, 4);
    ck_assert_int_eq(cgw_output_add(&output, "1234", 4), CGW_OK);
    ck_assert_int_eq(cgw_output_add(&output, "", 0), CGW_OK);
    ck_assert_int_eq(cgw_output_add(&output, "5", 1), CGW_ETOOBIG);
    ck_assert_int_eq(cgw_output_add(&output, "", 0), CGW_ETOOBIG);
    ck_assert_int_eq(output_text(&output, &text), CGW_ETOOBIG);
}
END_TEST

START_TEST(text_beyond_the_limit_is_too_much)
{
    output_init(&output, 4);
    ck_assert_int_eq(cgw_output_printf(&output, "%s", "12345"), CGW_ETOOBIG);
    ck_assert_int_eq(cgw_output_printf(&output, "%s", ""), CGW_ETOOBIG);
    ck_assert_int_eq(output_text(&output, &text), CGW_ETOOBIG);
}
END_TEST

START_TEST(a_length_that_wraps_is_too_much)
{
    output_init(&output, UINT64_MAX);
    ck_assert_int_eq(cgw_output_add(&output, "1", 1), CGW_OK);
    output.max_bytes = 16;
    ck_assert_int_eq(cgw_output_add(&output, "1", SIZE_MAX), CGW_ETOOBIG);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("output");
    TCase *tcase = tcase_create("output");
    tcase_add_checked_fixture(tcase, NULL, tear_down);
    tcase_add_test(tcase, bytes_and_text_add_up);
    tcase_add_test(tcase, the_limit_is_a_limit_and_sticks);
    tcase_add_test(tcase, text_beyond_the_limit_is_too_much);
    tcase_add_test(tcase, a_length_that_wraps_is_too_much);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
