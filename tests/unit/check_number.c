/* Numbers: each form with its ends, what is just outside them, and everything that looks alike. */
#include "base/number.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UNTOUCHED 0x5ca1ab1eu

struct number_case {
    const char *text;
    uint64_t max;
    int rc;
    uint64_t value;
};

typedef int number_fn(struct str text, uint64_t max, uint64_t *ret_value);

static void check_cases(number_fn *fn, const struct number_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = UNTOUCHED;
        int rc = fn(str_from(cases[i].text), cases[i].max, &value);
        ck_assert_msg(rc == cases[i].rc, "\"%s\": %d, not %d", cases[i].text, rc, cases[i].rc);
        uint64_t expected = rc == 0 ? cases[i].value : UNTOUCHED;
        ck_assert_msg(value == expected, "\"%s\": %llu, not %llu", cases[i].text,
                      (unsigned long long)value, (unsigned long long)expected);
    }
}

#define CHECK_CASES(fn, cases) check_cases(fn, cases, sizeof(cases) / sizeof((cases)[0]))

START_TEST(decimal)
{
    static const struct number_case cases[] = {
        {"0", 10, 0, 0},
        {"0", 0, 0, 0},
        {"00012", 100, 0, 12},
        {"65535", 65535, 0, 65535},
        {"65536", 65535, -ERANGE, 0},
        {"1", 0, -ERANGE, 0},
        {"5", 4, -ERANGE, 0},
        {"10", 9, -ERANGE, 0},
        {"10", 10, 0, 10},
        {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999999", UINT64_MAX, -ERANGE, 0},
        {"99999999999999999999999x", UINT64_MAX, -EINVAL, 0},
        {"", 10, -EINVAL, 0},
        {"+1", 10, -EINVAL, 0},
        {"-1", 10, -EINVAL, 0},
        {"-0", 10, -EINVAL, 0},
        {" 1", 10, -EINVAL, 0},
        {"1 ", 10, -EINVAL, 0},
        {"0 1", 10, -EINVAL, 0},
        {"0_1", 10, -EINVAL, 0},
        {"0x1", 10, -EINVAL, 0},
        {"1e3", 9999, -EINVAL, 0},
        {"1.0", 10, -EINVAL, 0},
        {"a", 10, -EINVAL, 0},
        {"/", 10, -EINVAL, 0},
        {":", 10, -EINVAL, 0},
        {"\xd9\xa3", 10, -EINVAL, 0},
    };
    CHECK_CASES(number_decimal, cases);
    uint64_t value = UNTOUCHED;
    ck_assert_int_eq(number_decimal((struct str){"1\0", 2}, 10, &value), -EINVAL);
    ck_assert_int_eq(number_decimal((struct str){NULL, 0}, 10, &value), -EINVAL);
    ck_assert_int_eq(number_decimal((struct str){"123", 2}, 99, &value), 0);
    ck_assert_uint_eq(value, 12);
}
END_TEST

START_TEST(hex)
{
    static const struct number_case cases[] = {
        {"0", 10, 0, 0},
        {"a", 10, 0, 10},
        {"A", 10, 0, 10},
        {"b", 10, -ERANGE, 0},
        {"ff", 255, 0, 255},
        {"100", 255, -ERANGE, 0},
        {"fFfFfFfFfFfFfFfF", UINT64_MAX, 0, UINT64_MAX},
        {"10000000000000000", UINT64_MAX, -ERANGE, 0},
        {"0000000000000000000000001", UINT64_MAX, 0, 1},
        {"", 10, -EINVAL, 0},
        {"g", 100, -EINVAL, 0},
        {"0x5", 100, -EINVAL, 0},
        {"+5", 100, -EINVAL, 0},
        {"-5", 100, -EINVAL, 0},
        {"6_0", 1000, -EINVAL, 0},
        {" 5", 100, -EINVAL, 0},
        {"5 ", 100, -EINVAL, 0},
        {"@", 100, -EINVAL, 0},
        {"`", 100, -EINVAL, 0},
    };
    CHECK_CASES(number_hex, cases);
}
END_TEST

START_TEST(bytes)
{
    static const struct number_case cases[] = {
        {"0", UINT64_MAX, 0, 0},
        {"0k", 10, 0, 0},
        {"1", 1, 0, 1},
        {"32k", UINT64_MAX, 0, 32768},
        {"32K", UINT64_MAX, 0, 32768},
        {"16m", UINT64_MAX, 0, 16777216},
        {"16M", 16777216, 0, 16777216},
        {"16M", 16777215, -ERANGE, 0},
        {"17M", 16777216, -ERANGE, 0},
        {"2g", UINT64_MAX, 0, 2147483648},
        {"17179869183G", UINT64_MAX, 0, 17179869183ull << 30},
        {"17179869184G", UINT64_MAX, -ERANGE, 0},
        {"18446744073709551615k", UINT64_MAX, -ERANGE, 0},
        {"", 10, -EINVAL, 0},
        {"k", UINT64_MAX, -EINVAL, 0},
        {"1kk", UINT64_MAX, -EINVAL, 0},
        {"1kb", UINT64_MAX, -EINVAL, 0},
        {"1t", UINT64_MAX, -EINVAL, 0},
        {"1 k", UINT64_MAX, -EINVAL, 0},
        {"1.5k", UINT64_MAX, -EINVAL, 0},
        {"-1k", UINT64_MAX, -EINVAL, 0},
        {"k1", UINT64_MAX, -EINVAL, 0},
    };
    CHECK_CASES(number_bytes, cases);
    uint64_t value = UNTOUCHED;
    ck_assert_int_eq(number_bytes((struct str){"1\0", 2}, 10, &value), -EINVAL);
}
END_TEST

START_TEST(duration)
{
    static const struct number_case cases[] = {
        {"0", 10, 0, 0},
        {"30", 30000, 0, 30000},
        {"30", 29999, -ERANGE, 0},
        {"0.25", 1000, 0, 250},
        {"1.5s", 10000, 0, 1500},
        {"1.5S", 10000, 0, 1500},
        {"250ms", 250, 0, 250},
        {"250MS", 250, 0, 250},
        {"251ms", 250, -ERANGE, 0},
        {"2m", 120000, 0, 120000},
        {"2M", 119999, -ERANGE, 0},
        {"1h", UINT64_MAX, 0, 3600000},
        {"0.5h", UINT64_MAX, 0, 1800000},
        {"1.001", 1001, 0, 1001},
        {"1.001", 1000, -ERANGE, 0},
        {"0.0001", 1000, 0, 1},
        {"0.1ms", 1000, 0, 1},
        {"0.000", 1000, 0, 0},
        {"0.999999999", 1000, 0, 1000},
        {"0.0000000001", 1000, -EINVAL, 0},
        {"18446744073709551615ms", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551615", UINT64_MAX, -ERANGE, 0},
        {"18446744073709551616ms", UINT64_MAX, -ERANGE, 0},
        {"", 10, -EINVAL, 0},
        {"s", 10000, -EINVAL, 0},
        {".5", 10000, -EINVAL, 0},
        {"5.", 10000, -EINVAL, 0},
        {"5.s", 10000, -EINVAL, 0},
        {"1.2.3", 10000, -EINVAL, 0},
        {"1 s", 10000, -EINVAL, 0},
        {"1d", 10000, -EINVAL, 0},
        {"1sec", 10000, -EINVAL, 0},
        {"1ss", 10000, -EINVAL, 0},
        {"-1", 10000, -EINVAL, 0},
        {"+1", 10000, -EINVAL, 0},
        {"1e3", 10000, -EINVAL, 0},
        {"inf", 10000, -EINVAL, 0},
        {"1m30s", 1000000, -EINVAL, 0},
    };
    CHECK_CASES(number_duration, cases);
}
END_TEST

START_TEST(octal_mode)
{
    static const struct {
        const char *text;
        int rc;
        unsigned mode;
    } cases[] = {
        {"660", 0, 0660},      {"0660", 0, 0660},    {"0", 0, 0},           {"777", 0, 0777},
        {"0777", 0, 0777},     {"1000", -ERANGE, 0}, {"7777", -ERANGE, 0},  {"8", -EINVAL, 0},
        {"680", -EINVAL, 0},   {"", -EINVAL, 0},     {"0o660", -EINVAL, 0}, {"-1", -EINVAL, 0},
        {"rw-rw", -EINVAL, 0}, {"660 ", -EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned mode = UNTOUCHED;
        ck_assert_msg(number_mode(str_from(cases[i].text), &mode) == cases[i].rc, "\"%s\"",
                      cases[i].text);
        ck_assert_uint_eq(mode, cases[i].rc == 0 ? cases[i].mode : UNTOUCHED);
    }
}
END_TEST

START_TEST(boolean)
{
    static const char *const yes[] = {"1", "yes", "true", "on", "YES", "True", "oN"};
    static const char *const no[] = {"0", "no", "false", "off", "NO", "False", "oFF"};
    static const char *const neither[] = {"", "2", "y", "n", "yes ", " no", "offf", "01", "-1"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        bool value = false;
        ck_assert_msg(number_bool(str_from(yes[i]), &value) == 0 && value, "%s", yes[i]);
        value = true;
        ck_assert_msg(number_bool(str_from(no[i]), &value) == 0 && !value, "%s", no[i]);
    }
    for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
        bool value = true;
        ck_assert_msg(number_bool(str_from(neither[i]), &value) == -EINVAL, "%s", neither[i]);
        ck_assert(value);
    }
}
END_TEST

START_TEST(print)
{
    static const uint64_t values[] = {0, 1, 9, 10, 99, 100, 200, 65535, 4294967296, UINT64_MAX};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char text[21] = "", expected[24];
        size_t n = number_print(text, values[i]);
        snprintf(expected, sizeof(expected), "%llu", (unsigned long long)values[i]);
        ck_assert_uint_eq(n, strlen(expected));
        ck_assert_str_eq(text, expected);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("number");
    TCase *tcase = tcase_create("number");
    tcase_add_test(tcase, decimal);
    tcase_add_test(tcase, hex);
    tcase_add_test(tcase, bytes);
    tcase_add_test(tcase, duration);
    tcase_add_test(tcase, octal_mode);
    tcase_add_test(tcase, boolean);
    tcase_add_test(tcase, print);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
