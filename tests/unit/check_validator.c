/* ETag, Last-Modified and the conditions on them (rows of RFC 9110, 13). */
#include "files/validator.h"
#include "unit.h"
#include <string.h>

/* 1994-11-06 08:49:37, the date that RFC 9110 writes in three ways. */
#define WHEN      784111777
#define DATE      "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE    "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER     "Sun, 06 Nov 1994 08:49:38 GMT"
#define ETAG      "\"ae1b981bc490a05-64\""
#define WEAK_ETAG "W/" ETAG

static struct validator ours(void)
{
    struct validator validator;
    struct timespec mtime = {WHEN, 5};
    validator_init(&validator, 100, mtime, WHEN + 1000);
    return validator;
}

START_TEST(init)
{
    struct validator validator = ours();
    ck_assert_str_eq(validator.etag, ETAG);
    ck_assert_str_eq(validator.date, DATE);
}
END_TEST

/* Another coding of the same is another thing, even at the same size and time. */
START_TEST(encoded)
{
    struct validator validator = ours();
    validator_encode(&validator, "br");
    ck_assert_str_eq(validator.etag, "\"ae1b981bc490a05-64-br\"");
    validator_init(&validator, UINT64_MAX, (struct timespec){INT32_MAX, 999999999}, WHEN);
    validator_encode(&validator, "a-long-name-of-a-coding");
    ck_assert_str_eq(strrchr(validator.etag, '-'), "-n\"");
}
END_TEST

START_TEST(init_bounds)
{
    struct validator validator;
    struct timespec future = {WHEN + 5, 0}, past = {-5, 0};
    validator_init(&validator, 1, future, WHEN);
    ck_assert_str_eq(validator.date, DATE);
    validator_init(&validator, 1, past, WHEN);
    ck_assert_str_eq(validator.date, "Thu, 01 Jan 1970 00:00:00 GMT");
    validator_init(&validator, UINT64_MAX, future, WHEN);
    ck_assert_uint_lt(strlen(validator.etag), sizeof(validator.etag) - 1);
}
END_TEST

static const struct {
    const char *text;
    time_t time; /* -1: none */
} dates[] = {
    {DATE, WHEN},
    {"Sunday, 06-Nov-94 08:49:37 GMT", WHEN},
    {"Sun Nov  6 08:49:37 1994", WHEN},
    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
    {"", -1},
    {"yesterday", -1},
    {"Sun, 06 Nov 1994 08:49:37", -1},
    {"Sun, 06 Nov 1994 08:49:37 GMT x", -1},
    {"Sun, 32 Nov 1994 08:49:37 GMT", -1},
    {"784111777", -1},
};

START_TEST(date_row)
{
    time_t time = -1;
    ck_assert_int_eq(validator_parse_date(dates[_i].text, &time), dates[_i].time >= 0);
    ck_assert_int_eq(time, dates[_i].time);
}
END_TEST

struct field {
    const char *name, *value;
};
struct row {
    struct field fields[3];
    enum validator_answer answer;
    bool allows_range;
};

static const struct row rows[] = {
    {{{NULL, NULL}}, VALIDATOR_SEND, true},
    /* If-None-Match compares weakly, in lists and in several fields */
    {{{"if-none-match", ETAG}}, VALIDATOR_SAME, true},
    {{{"if-none-match", WEAK_ETAG}}, VALIDATOR_SAME, true},
    {{{"if-none-match", "*"}}, VALIDATOR_SAME, true},
    {{{"if-none-match", "\"a\", " ETAG}}, VALIDATOR_SAME, true},
    {{{"if-none-match", "\"a\",W/\"b\"," WEAK_ETAG}}, VALIDATOR_SAME, true},
    {{{"if-none-match", "\"a\""}, {"if-none-match", ETAG}}, VALIDATOR_SAME, true},
    {{{"if-none-match", "\"a\""}}, VALIDATOR_SEND, true},
    {{{"if-none-match", "\"*\""}}, VALIDATOR_SEND, true},
    {{{"if-none-match", ""}}, VALIDATOR_SEND, true},
    {{{"if-none-match", "\""}}, VALIDATOR_SEND, true},
    {{{"if-none-match", "W/"}}, VALIDATOR_SEND, true},
    {{{"if-none-match", "\"ae1b981bc490a05-6\""}}, VALIDATOR_SEND, true},
    /* it silences If-Modified-Since */
    {{{"if-none-match", "\"a\""}, {"if-modified-since", DATE}}, VALIDATOR_SEND, true},
    {{{"if-none-match", ETAG}, {"if-modified-since", BEFORE}}, VALIDATOR_SAME, true},
    {{{"if-modified-since", DATE}}, VALIDATOR_SAME, true},
    {{{"if-modified-since", AFTER}}, VALIDATOR_SAME, true},
    {{{"if-modified-since", BEFORE}}, VALIDATOR_SEND, true},
    {{{"if-modified-since", "whenever"}}, VALIDATOR_SEND, true},
    /* If-Match compares strongly, and silences If-Unmodified-Since */
    {{{"if-match", ETAG}}, VALIDATOR_SEND, true},
    {{{"if-match", "*"}}, VALIDATOR_SEND, true},
    {{{"if-match", WEAK_ETAG}}, VALIDATOR_MISMATCH, true},
    {{{"if-match", "\"a\""}}, VALIDATOR_MISMATCH, true},
    {{{"if-match", ETAG}, {"if-unmodified-since", BEFORE}}, VALIDATOR_SEND, true},
    {{{"if-match", ETAG}, {"if-none-match", ETAG}}, VALIDATOR_SAME, true},
    {{{"if-match", "\"a\""}, {"if-none-match", ETAG}}, VALIDATOR_MISMATCH, true},
    {{{"if-unmodified-since", DATE}}, VALIDATOR_SEND, true},
    {{{"if-unmodified-since", BEFORE}}, VALIDATOR_MISMATCH, true},
    {{{"if-unmodified-since", "whenever"}}, VALIDATOR_SEND, true},
    /* If-Range */
    {{{"if-range", ETAG}}, VALIDATOR_SEND, true},
    {{{"if-range", DATE}}, VALIDATOR_SEND, true},
    {{{"if-range", WEAK_ETAG}}, VALIDATOR_SEND, false},
    {{{"if-range", "\"a\""}}, VALIDATOR_SEND, false},
    {{{"if-range", BEFORE}}, VALIDATOR_SEND, false},
    {{{"if-range", AFTER}}, VALIDATOR_SEND, false},
    {{{"if-range", ""}}, VALIDATOR_SEND, false},
};

START_TEST(ask_row)
{
    const struct row *row = &rows[_i];
    struct validator validator = ours();
    struct cgw_header headers[3];
    size_t n = 0;
    for (; n < 3 && row->fields[n].name; n++) {
        headers[n].name = (struct cgw_str){row->fields[n].name, strlen(row->fields[n].name)};
        headers[n].value = (struct cgw_str){row->fields[n].value, strlen(row->fields[n].value)};
    }
    const char *first = n ? row->fields[0].value : "nothing";
    ck_assert_msg(validator_ask(&validator, headers, n) == row->answer, "row %d: %s", _i, first);
    ck_assert_msg(validator_allows_range(&validator, headers, n) == row->allows_range, "row %d: %s",
                  _i, first);
}
END_TEST

/* A file that has just been written may be so again in the same second. */
START_TEST(a_young_date_is_no_strong_one)
{
    static const struct {
        time_t age;
        bool allows_range;
    } ages[] = {{-5, false}, {0, false}, {1, false}, {59, false}, {60, true}, {100000, true}};
    const struct cgw_header by_date = CGW_HEADER("if-range", DATE);
    const struct timespec mtime = {ours().modified, 0};
    for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
        struct validator validator;
        validator_init(&validator, 6, mtime, mtime.tv_sec + ages[i].age);
        ck_assert_int_eq(validator_allows_range(&validator, &by_date, 1), ages[i].allows_range);
        struct cgw_header by_tag = CGW_HEADER("if-range", "");
        by_tag.value = (struct cgw_str){validator.etag, strlen(validator.etag)};
        ck_assert(validator_allows_range(&validator, &by_tag, 1));
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("validator");
    TCase *tests = tcase_create("validator");
    tcase_add_test(tests, init);
    tcase_add_test(tests, a_young_date_is_no_strong_one);
    tcase_add_test(tests, init_bounds);
    tcase_add_test(tests, encoded);
    tcase_add_loop_test(tests, date_row, 0, sizeof(dates) / sizeof(dates[0]));
    tcase_add_loop_test(tests, ask_row, 0, sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
