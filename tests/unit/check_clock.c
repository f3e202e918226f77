/* The clocks go on; the date is IMF-fixdate for every second, fresh and from the cache (row 21). */
#include "base/clock.h"
#include "unit.h"
#include <pthread.h>
#include <string.h>

START_TEST(date_of_known_seconds)
{
    static const struct {
        long long second;
        const char *text;
    } cases[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {-1, "Wed, 31 Dec 1969 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {1709164799, "Wed, 28 Feb 2024 23:59:59 GMT"},
        {2147483647, "Tue, 19 Jan 2038 03:14:07 GMT"},
        {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"},
        {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"},
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"},
        {-62167219200, "Sat, 01 Jan 0000 00:00:00 GMT"},
        {INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[CLOCK_DATE_BYTES + 2];
        memset(text, '#', sizeof(text));
        clock_date_print(text, (time_t)cases[i].second);
        ck_assert_str_eq(text, cases[i].text);
        ck_assert_int_eq(text[CLOCK_DATE_BYTES + 1], '#');
        ck_assert_str_eq(clock_date((time_t)cases[i].second), cases[i].text);
        ck_assert_str_eq(clock_date((time_t)cases[i].second), cases[i].text);
    }
}
END_TEST

START_TEST(date_agrees_with_strftime)
{
    for (time_t second = 0; second < 4102444800; second += 86400 * 11 + 3671) {
        char text[CLOCK_DATE_BYTES + 1], expected[64];
        struct tm tm;
        gmtime_r(&second, &tm);
        strftime(expected, sizeof(expected), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        clock_date_print(text, second);
        ck_assert_str_eq(text, expected);
    }
}
END_TEST

static void *date_of_another_thread(void *arg)
{
    static char copy[CLOCK_DATE_BYTES + 1];
    (void)arg;
    memcpy(copy, clock_date(784111777), sizeof(copy));
    return copy;
}

START_TEST(date_is_cached_per_thread)
{
    const char *mine = clock_date(0);
    ck_assert_ptr_eq(mine, clock_date(1));
    pthread_t thread;
    void *theirs;
    ck_assert_int_eq(pthread_create(&thread, NULL, date_of_another_thread, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &theirs), 0);
    ck_assert_str_eq(theirs, "Sun, 06 Nov 1994 08:49:37 GMT");
    ck_assert_str_eq(mine, "Thu, 01 Jan 1970 00:00:01 GMT");
}
END_TEST

START_TEST(clocks_go_on)
{
    uint64_t start = clock_now_us(), wall = clock_wall_us(), now = start;
    ck_assert_uint_gt(wall, 1600000000ull * 1000000);
    ck_assert_uint_lt(wall, 253402300799ull * 1000000);
    while (now == start) { /* a clock that stands still hangs here, and Check ends it */
        now = clock_now_us();
        ck_assert_uint_ge(now, start);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("clock");
    TCase *tcase = tcase_create("clock");
    tcase_add_test(tcase, date_of_known_seconds);
    tcase_add_test(tcase, date_agrees_with_strftime);
    tcase_add_test(tcase, date_is_cached_per_thread);
    tcase_add_test(tcase, clocks_go_on);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
