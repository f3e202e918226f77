/* The Range field of modules/files: one part, the whole, or nothing of it. */
#include "files/range.h"
#include "unit.h"
#include <string.h>

struct row {
    const char *value;
    uint64_t size;
    enum range_answer answer;
    uint64_t first, count;
};

static const struct row rows[] = {
    /* a part */
    {"bytes=0-0", 10, RANGE_PART, 0, 1},
    {"bytes=0-9", 10, RANGE_PART, 0, 10},
    {"bytes=2-4", 10, RANGE_PART, 2, 3},
    {"BYTES=2-4", 10, RANGE_PART, 2, 3},
    {"bytes= 2-4 ", 10, RANGE_PART, 2, 3},
    {"bytes=\t2-4", 10, RANGE_PART, 2, 3},
    {"bytes=,2-4,", 10, RANGE_PART, 2, 3},
    {"bytes=9-9", 10, RANGE_PART, 9, 1},
    {"bytes=5-", 10, RANGE_PART, 5, 5},
    {"bytes=0-", 10, RANGE_PART, 0, 10},
    {"bytes=-1", 10, RANGE_PART, 9, 1},
    {"bytes=-10", 10, RANGE_PART, 0, 10},
    {"bytes=002-0004", 10, RANGE_PART, 2, 3},
    /* cut to the file */
    {"bytes=5-100", 10, RANGE_PART, 5, 5},
    {"bytes=-100", 10, RANGE_PART, 0, 10},
    {"bytes=0-18446744073709551615", 10, RANGE_PART, 0, 10},
    {"bytes=0-99999999999999999999999999", 10, RANGE_PART, 0, 10},
    {"bytes=-99999999999999999999999999", 10, RANGE_PART, 0, 10},
    {"bytes=4294967296-4294967297", 8589934592, RANGE_PART, 4294967296, 2},
    /* several, of which one lies inside */
    {"bytes=0-1,20-30", 10, RANGE_PART, 0, 2},
    {"bytes=20-30, 0-1", 10, RANGE_PART, 0, 2},
    {"bytes=20-30, -0, 0-1", 10, RANGE_PART, 0, 2},
    /* none inside */
    {"bytes=10-", 10, RANGE_NONE, 0, 0},
    {"bytes=10-11", 10, RANGE_NONE, 0, 0},
    {"bytes=-0", 10, RANGE_NONE, 0, 0},
    {"bytes=10-,11-", 10, RANGE_NONE, 0, 0},
    {"bytes=99999999999999999999999999-", 10, RANGE_NONE, 0, 0},
    {"bytes=99999999999999999999999998-99999999999999999999999999", 10, RANGE_NONE, 0, 0},
    /* the whole: several, another unit, an empty file, or no range at all */
    {"bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 0},
    {"bytes=0-,0-,0-", 10, RANGE_WHOLE, 0, 0},
    {"items=0-1", 10, RANGE_WHOLE, 0, 0},
    {"bytes", 10, RANGE_WHOLE, 0, 0},
    {"bytes=", 10, RANGE_WHOLE, 0, 0},
    {"bytes=,", 10, RANGE_WHOLE, 0, 0},
    {"bytes=-", 10, RANGE_WHOLE, 0, 0},
    {"bytes=4-2", 10, RANGE_WHOLE, 0, 0},
    {"bytes=0-1,4-2", 10, RANGE_WHOLE, 0, 0},
    {"bytes=a-b", 10, RANGE_WHOLE, 0, 0},
    {"bytes=0-1x", 10, RANGE_WHOLE, 0, 0},
    {"bytes=0 -1", 10, RANGE_WHOLE, 0, 0},
    {"bytes=+0-1", 10, RANGE_WHOLE, 0, 0},
    {"bytes=0x0-1", 10, RANGE_WHOLE, 0, 0},
    {"bytes 0-1", 10, RANGE_WHOLE, 0, 0},
    {"", 10, RANGE_WHOLE, 0, 0},
    {"bytes=0-", 0, RANGE_WHOLE, 0, 0},
    {"bytes=-5", 0, RANGE_WHOLE, 0, 0},
};

START_TEST(range_row)
{
    const struct row *row = &rows[_i];
    struct range part = {77, 77};
    struct cgw_str value = {row->value, strlen(row->value)};
    ck_assert_msg(range_parse(value, row->size, &part) == row->answer, "%s", row->value);
    uint64_t first = row->answer == RANGE_PART ? row->first : 77;
    uint64_t count = row->answer == RANGE_PART ? row->count : 77;
    ck_assert_msg(part.first == first, "%s: first %llu", row->value,
                  (unsigned long long)part.first);
    ck_assert_msg(part.count == count, "%s: count %llu", row->value,
                  (unsigned long long)part.count);
}
END_TEST

/* The length rules, not the NUL behind it. */
START_TEST(range_length)
{
    struct range part;
    struct cgw_str value = {"bytes=2-45", 9};
    ck_assert_int_eq(range_parse(value, 10, &part), RANGE_PART);
    ck_assert_uint_eq(part.count, 3);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("range");
    TCase *tests = tcase_create("range");
    tcase_add_loop_test(tests, range_row, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, range_length);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
