/* The Range field: parts, the whole, nothing of it, or no ranges at all. */
#include "files/range.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

struct row {
    const char *value;
    uint64_t size;
    enum range_answer answer;
    uint64_t first, count;
};

static const struct row rows[] = {
    /* a part */
    {"bytes=0-0", 10, RANGE_PARTS, 0, 1},
    {"bytes=0-9", 10, RANGE_PARTS, 0, 10},
    {"bytes=2-4", 10, RANGE_PARTS, 2, 3},
    {"BYTES=2-4", 10, RANGE_PARTS, 2, 3},
    {"bytes= 2-4 ", 10, RANGE_PARTS, 2, 3},
    {"bytes=\t2-4", 10, RANGE_PARTS, 2, 3},
    {"bytes=,2-4,", 10, RANGE_PARTS, 2, 3},
    {"bytes=9-9", 10, RANGE_PARTS, 9, 1},
    {"bytes=5-", 10, RANGE_PARTS, 5, 5},
    {"bytes=0-", 10, RANGE_PARTS, 0, 10},
    {"bytes=-1", 10, RANGE_PARTS, 9, 1},
    {"bytes=-10", 10, RANGE_PARTS, 0, 10},
    {"bytes=002-0004", 10, RANGE_PARTS, 2, 3},
    /* cut to the file */
    {"bytes=5-100", 10, RANGE_PARTS, 5, 5},
    {"bytes=-100", 10, RANGE_PARTS, 0, 10},
    {"bytes=0-18446744073709551615", 10, RANGE_PARTS, 0, 10},
    {"bytes=0-99999999999999999999999999", 10, RANGE_PARTS, 0, 10},
    {"bytes=-99999999999999999999999999", 10, RANGE_PARTS, 0, 10},
    {"bytes=4294967296-4294967297", 8589934592, RANGE_PARTS, 4294967296, 2},
    /* several, of which one lies inside */
    {"bytes=0-1,20-30", 10, RANGE_PARTS, 0, 2},
    {"bytes=20-30, 0-1", 10, RANGE_PARTS, 0, 2},
    {"bytes=20-30, -0, 0-1", 10, RANGE_PARTS, 0, 2},
    /* several that come to one */
    {"bytes=0-,0-,0-", 10, RANGE_PARTS, 0, 10},
    {"bytes=0-1,2-4", 10, RANGE_PARTS, 0, 5},
    {"bytes=6-8,0-1,1-6", 10, RANGE_PARTS, 0, 9},
    {"bytes=0-0,2-2,4-4,1-3", 10, RANGE_PARTS, 0, 5},
    {"bytes=-3,5-7", 10, RANGE_PARTS, 5, 5},
    {"bytes=8589934590-,0-18446744073709551615", 8589934592, RANGE_PARTS, 0, 8589934592},
    /* none inside */
    {"bytes=10-", 10, RANGE_NONE, 0, 0},
    {"bytes=10-11", 10, RANGE_NONE, 0, 0},
    {"bytes=-0", 10, RANGE_NONE, 0, 0},
    {"bytes=10-,11-", 10, RANGE_NONE, 0, 0},
    {"bytes=99999999999999999999999999-", 10, RANGE_NONE, 0, 0},
    {"bytes=99999999999999999999999998-99999999999999999999999999", 10, RANGE_NONE, 0, 0},
    /* no ranges of bytes */
    {"items=0-1", 10, RANGE_BAD, 0, 0},
    {"bytes", 10, RANGE_BAD, 0, 0},
    {"bytes=", 10, RANGE_BAD, 0, 0},
    {"bytes=,", 10, RANGE_BAD, 0, 0},
    {"bytes=-", 10, RANGE_BAD, 0, 0},
    {"bytes=4-2", 10, RANGE_BAD, 0, 0},
    {"bytes=0-1,4-2", 10, RANGE_BAD, 0, 0},
    {"bytes=a-b", 10, RANGE_BAD, 0, 0},
    {"bytes=0-1x", 10, RANGE_BAD, 0, 0},
    {"bytes=0 -1", 10, RANGE_BAD, 0, 0},
    {"bytes=+0-1", 10, RANGE_BAD, 0, 0},
    {"bytes=0x0-1", 10, RANGE_BAD, 0, 0},
    {"bytes 0-1", 10, RANGE_BAD, 0, 0},
    {"", 10, RANGE_BAD, 0, 0},
    {"bytes=4-2", 0, RANGE_BAD, 0, 0},
    /* of nothing, the whole */
    {"bytes=0-", 0, RANGE_WHOLE, 0, 0},
    {"bytes=-5", 0, RANGE_WHOLE, 0, 0},
};

START_TEST(range_row)
{
    const struct row *row = &rows[_i];
    struct ranges ranges;
    struct cgw_str value = {row->value, strlen(row->value)};
    ck_assert_msg(range_parse(value, row->size, &ranges) == row->answer, "%s", row->value);
    if (row->answer != RANGE_PARTS)
        return;
    ck_assert_msg(ranges.n == 1, "%s: %zu ranges", row->value, ranges.n);
    ck_assert_msg(ranges.items[0].first == row->first, "%s: first %llu", row->value,
                  (unsigned long long)ranges.items[0].first);
    ck_assert_msg(ranges.items[0].count == row->count, "%s: count %llu", row->value,
                  (unsigned long long)ranges.items[0].count);
}
END_TEST

/* In the order asked for, where the first that a joined one came from stood. */
START_TEST(several)
{
    static const struct {
        const char *value, *ranges;
    } lists[] = {
        {"bytes=0-1,3-4", "0+2 3+2 "},
        {"bytes=7-8,0-1", "7+2 0+2 "},
        {"bytes=8-8,0-1,4-5,1-3", "8+1 0+6 "},
        {"bytes=0-0,4-4,8-8,3-5", "0+1 3+3 8+1 "},
        {"bytes=-1,50-,0-0,4-4", "9+1 0+1 4+1 "},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct ranges ranges;
        char text[128] = "";
        struct cgw_str value = {lists[i].value, strlen(lists[i].value)};
        ck_assert_int_eq(range_parse(value, 10, &ranges), RANGE_PARTS);
        for (size_t j = 0; j < ranges.n; j++)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%d+%d ",
                     (int)ranges.items[j].first, (int)ranges.items[j].count);
        ck_assert_str_eq(text, lists[i].ranges);
    }
}
END_TEST

/* "bytes=0-0,2-2,...": n of them. */
static enum range_answer ask_many(int n, const char *last, struct ranges *ranges)
{
    char text[4096] = "bytes=";
    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), 32, "%d-%d,", 2 * i, 2 * i);
    memcpy(text + strlen(text), last, strlen(last) + 1);
    return range_parse((struct cgw_str){text, strlen(text)}, 1000, ranges);
}

START_TEST(too_many)
{
    struct ranges ranges;
    ck_assert_int_eq(ask_many(RANGES_MAX, "", &ranges), RANGE_PARTS);
    ck_assert_uint_eq(ranges.n, RANGES_MAX);
    ck_assert_int_eq(ask_many(RANGES_MAX - 1, "0-900", &ranges), RANGE_PARTS);
    ck_assert_uint_eq(ranges.n, 1);
    ck_assert_int_eq(ask_many(RANGES_MAX, "999-999", &ranges), RANGE_WHOLE);
    ck_assert_int_eq(ask_many(RANGES_MAX, "0-0", &ranges), RANGE_WHOLE);
    ck_assert_int_eq(ask_many(RANGES_MAX, "x", &ranges), RANGE_BAD);
}
END_TEST

/* The length rules, not the NUL behind it. */
START_TEST(range_length)
{
    struct ranges ranges;
    struct cgw_str value = {"bytes=2-45", 9};
    ck_assert_int_eq(range_parse(value, 10, &ranges), RANGE_PARTS);
    ck_assert_uint_eq(ranges.items[0].count, 3);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("range");
    TCase *tests = tcase_create("range");
    tcase_add_loop_test(tests, range_row, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, range_length);
    tcase_add_test(tests, several);
    tcase_add_test(tests, too_many);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
