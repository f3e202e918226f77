/* Moments: what is taken, what is written, and what is said of the rest, beside pydantic 2. */
#include "model/datetime.h"
#include "unit.h"
#include <string.h>

#define TOO_SHORT "input is too short"
#define EXTRA     "unexpected extra characters at the end of the input"
#define YEAR_0    "year 0 is out of range"
#define LATE      "dates after 9999 are not supported as unix timestamps"
#define EARLY     "dates before 0000 are not supported as unix timestamps"

static cgw_str text_of(const char *text)
{
    return (cgw_str){text, strlen(text)};
}

static const struct {
    const char *text, *written;
} taken[] = {
    {"2032-04-23", "2032-04-23T00:00:00"},
    {"2032-02-29", "2032-02-29T00:00:00"},
    {"2032-04-23T10:20", "2032-04-23T10:20:00"},
    {"2032-04-23T10:20Z", "2032-04-23T10:20:00Z"},
    {"2032-04-23T10:20:30", "2032-04-23T10:20:30"},
    {"2032-04-23T10:20:30.4", "2032-04-23T10:20:30.400000"},
    {"2032-04-23T10:20:30,4", "2032-04-23T10:20:30.400000"},
    {"2032-04-23T10:20:30.400+02:30", "2032-04-23T10:20:30.400000+02:30"},
    {"2032-04-23 10:20:30z", "2032-04-23T10:20:30Z"},
    {"2032-04-23t10:20:30Z", "2032-04-23T10:20:30Z"},
    {"2032-04-23_10:20:30Z", "2032-04-23T10:20:30Z"},
    {"2032-04-23T10:20:30+0230", "2032-04-23T10:20:30+02:30"},
    {"2032-04-23T10:20:30+23:59", "2032-04-23T10:20:30+23:59"},
    {"2032-04-23T10:20\xe2\x88\x92"
     "02:30",
     "2032-04-23T10:20:00-02:30"},
    {"2032-04-23T10:20:30-00:00", "2032-04-23T10:20:30Z"},
    {"2032-04-23T10:20:30.1234567890123Z", "2032-04-23T10:20:30.123456Z"},
    {"0001-01-01", "0001-01-01T00:00:00"},
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
    {"0001-01-01T00:00+10:00", "0001-01-01T00:00:00+10:00"},
    {"9999-12-31T23:59-10:00", "9999-12-31T23:59:00-10:00"},
    {"1494012444", "2017-05-05T19:27:24Z"},
    {"-1494012444.0", "1922-08-29T04:32:36Z"},
    {"+1494012444.883309", "2017-05-05T19:27:24.883309Z"},
    {"1549238400.", "2019-02-04T00:00:00Z"},
    {".5", "1970-01-01T00:00:00.500000Z"},
    {"-1.5", "1969-12-31T23:59:58.500000Z"},
    {"-0", "1970-01-01T00:00:00Z"},
    {"0.0000015", "1970-01-01T00:00:00.000002Z"},
    {"1.9999999", "1970-01-01T00:00:02Z"},
    {"20320423", "1970-08-24T04:33:43Z"},
    {"20000000000", "2603-10-11T11:33:20Z"},
    {"20000000001", "1970-08-20T11:33:20.001000Z"},
    {"-20000000000", "1336-03-23T12:26:40Z"},
    {"-20000000001.5", "1969-05-14T12:26:39.998500Z"},
    {"1549316052104.324", "2019-02-04T21:34:12.104324Z"},
    {"253402300799999", "9999-12-31T23:59:59.999000Z"},
    {"-62135596800000", "0001-01-01T00:00:00Z"},
    {"00000000000000000000000000000001", "1970-01-01T00:00:01Z"},
};

START_TEST(takes_what_pydantic_takes)
{
    cgw_datetime when, again;
    char text[CGW_DATETIME_LEN + 1];
    ck_assert_int_eq(cgw_datetime_parse(text_of(taken[_i].text), &when), CGW_OK);
    size_t len = cgw_datetime_format(&when, text);
    ck_assert_str_eq(text, taken[_i].written);
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_int_eq(cgw_datetime_parse(text_of(text), &again), CGW_OK);
    ck_assert_int_eq(again.unix_us, when.unix_us);
    ck_assert_int_eq(again.offset_min, when.offset_min);
    ck_assert_int_eq(again.has_offset, when.has_offset);
}
END_TEST

static const struct {
    const char *text, *error;
} refused[] = {
    {"", TOO_SHORT},
    {"x", TOO_SHORT},
    {"-", TOO_SHORT},
    {".", TOO_SHORT},
    {"1 ", TOO_SHORT},
    {"1e9", TOO_SHORT},
    {"nan", TOO_SHORT},
    {"2032-4-23", TOO_SHORT},
    {"a032-04-23", "invalid character in year"},
    {" 2032-04-23", "invalid character in year"},
    {"-9223372036854775808", "invalid character in year"},
    {"2032x04-23", "invalid date separator, expected `-`"},
    {"2032-13x23", "invalid date separator, expected `-`"},
    {"10000-01-01", "invalid date separator, expected `-`"},
    {"99999999999999999999", "invalid date separator, expected `-`"},
    {"2032-1a-99", "invalid character in month"},
    {"2032-13-a3", "invalid character in day"},
    {"2032-13-23", "month value is outside expected range of 1-12"},
    {"0000-00-00", "month value is outside expected range of 1-12"},
    {"2031-02-29", "day value is outside expected range"},
    {"1900-02-29", "day value is outside expected range"},
    {"2032-04-00", "day value is outside expected range"},
    {"2032-04-31T00:00", "day value is outside expected range"},
    {"2032-04-23 ", EXTRA},
    {"2032-04-23T", EXTRA},
    {"2032-04-23T1020", EXTRA},
    {"2032-04-23T10:2", EXTRA},
    {"2032-04-23x10:20:30Z", EXTRA},
    {"2032-04-23T24:00", EXTRA},
    {"2032-04-23T23:60", EXTRA},
    {"2032-04-23T23:59:60", EXTRA},
    {"2032-04-23T10:20:", EXTRA},
    {"2032-04-23T10:20:30.", EXTRA},
    {"2032-04-23T10:20:30.123,4", EXTRA},
    {"2032-04-23T10:20:30ZZ", EXTRA},
    {"2032-04-23T10:20:30+", EXTRA},
    {"2032-04-23T10:20:30+02", EXTRA},
    {"2032-04-23T10:20:30+24:00", EXTRA},
    {"2032-04-23T10:20:30+02:60", EXTRA},
    {"2032-04-23T10:20:30+02x00", EXTRA},
    {"2032-04-23T10:20:30+020", EXTRA},
    {"2032-04-23T10:20:30 +02:30", EXTRA},
    {"2032-04-23T10:20:30+02:00x", EXTRA},
    {"0000-01-01T25:00", EXTRA},
    {"0000-01-01", YEAR_0},
    {"-62135596800001", YEAR_0},
    {"253402300800000", LATE},
    {"9223372036854775807", LATE},
    {"-99999999999999999", EARLY},
};

START_TEST(says_what_is_wrong)
{
    cgw_datetime when = {.unix_us = 7};
    const char *error = NULL;
    ck_assert_int_eq(datetime_read(text_of(refused[_i].text), &when, &error), CGW_EINVALID);
    ck_assert_str_eq(error, refused[_i].error);
    ck_assert_int_eq(datetime_is_range_error(error), !strcmp(error, YEAR_0));
    ck_assert_int_eq(when.unix_us, 7);
}
END_TEST

START_TEST(a_nul_is_no_separator)
{
    cgw_datetime when;
    ck_assert_int_eq(cgw_datetime_parse((cgw_str){"2032-04-23\0"
                                                  "10:20",
                                                  16},
                                        &when),
                     CGW_EINVALID);
}
END_TEST

static const struct {
    double number;
    const char *written, *error;
} numbers[] = {
    {1, "1970-01-01T00:00:01Z", NULL},
    {-1.5, "1969-12-31T23:59:58.500000Z", NULL},
    {0.1234565, "1970-01-01T00:00:00.123457Z", NULL},
    {1494012444.883309, "2017-05-05T19:27:24.883309Z", NULL},
    {2e10, "2603-10-11T11:33:20Z", NULL},
    {2.5e10, "1970-10-17T08:26:40Z", NULL},
    {253402300799999.5, "9999-12-31T23:59:59.999500Z", NULL},
    {1e18, NULL, LATE},
    {1e300, NULL, LATE},
    {__builtin_inf(), NULL, LATE},
    {__builtin_nan(""), NULL, LATE},
    {-1e18, NULL, EARLY},
    {-1e300, NULL, EARLY},
    {-62167219200000., NULL, YEAR_0},
};

START_TEST(takes_numbers)
{
    cgw_datetime when;
    char text[CGW_DATETIME_LEN + 1];
    const char *error = NULL;
    int status = datetime_from_f64(numbers[_i].number, &when, &error);
    ck_assert_int_eq(status, numbers[_i].error ? CGW_EINVALID : CGW_OK);
    if (numbers[_i].error) {
        ck_assert_str_eq(error, numbers[_i].error);
        return;
    }
    cgw_datetime_format(&when, text);
    ck_assert_str_eq(text, numbers[_i].written);
    if ((double)(int64_t)numbers[_i].number == numbers[_i].number) {
        cgw_datetime whole;
        ck_assert_int_eq(datetime_from_i64((int64_t)numbers[_i].number, &whole, &error), CGW_OK);
        ck_assert_int_eq(whole.unix_us, when.unix_us);
    }
}
END_TEST

START_TEST(whole_numbers_have_ends)
{
    cgw_datetime when;
    const char *error = NULL;
    ck_assert_int_eq(datetime_from_i64(INT64_MAX, &when, &error), CGW_EINVALID);
    ck_assert_str_eq(error, LATE);
    ck_assert_int_eq(datetime_from_i64(INT64_MIN, &when, &error), CGW_EINVALID);
    ck_assert_str_eq(error, EARLY);
}
END_TEST

/* Each day of 800 years is written, read, and one later than the day before. */
START_TEST(days_follow_each_other)
{
    char text[CGW_DATETIME_LEN + 1];
    cgw_datetime when;
    ck_assert_int_eq(cgw_datetime_parse(text_of("1600-01-01"), &when), CGW_OK);
    for (int i = 0; i < 2 * 146097; i++) {
        cgw_datetime again;
        UNIT_MUST(cgw_datetime_format(&when, text) == 19);
        UNIT_MUST(cgw_datetime_parse(text_of(text), &again) == CGW_OK);
        UNIT_MUST(again.unix_us == when.unix_us);
        when.unix_us += INT64_C(86400000000);
    }
    cgw_datetime_format(&when, text);
    ck_assert_str_eq(text, "2400-01-01T00:00:00");
}
END_TEST

static const cgw_datetime unsaid[] = {
    {.unix_us = INT64_MAX},
    {.unix_us = INT64_MIN},
    {.unix_us = INT64_MAX, .offset_min = 60, .has_offset = true},
    {.unix_us = INT64_MIN, .offset_min = -60, .has_offset = true},
    {.unix_us = INT64_C(253402300800000000)},
    {.unix_us = 0, .offset_min = 1440, .has_offset = true},
    {.unix_us = 0, .offset_min = INT16_MIN, .has_offset = true},
};

START_TEST(what_has_no_text_is_empty)
{
    char text[CGW_DATETIME_LEN + 1] = "x";
    ck_assert_uint_eq(cgw_datetime_format(&unsaid[_i], text), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("datetime");
    TCase *c = tcase_create("datetime");
    tcase_add_loop_test(c, takes_what_pydantic_takes, 0, sizeof taken / sizeof *taken);
    tcase_add_loop_test(c, says_what_is_wrong, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, a_nul_is_no_separator);
    tcase_add_loop_test(c, takes_numbers, 0, sizeof numbers / sizeof *numbers);
    tcase_add_test(c, whole_numbers_have_ends);
    tcase_add_test(c, days_follow_each_other);
    tcase_add_loop_test(c, what_has_no_text_is_empty, 0, sizeof unsaid / sizeof *unsaid);
    tcase_set_timeout(c, 30);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
