/* Weights of Accept and Accept-Encoding, as clients write them and as they should not. */
#include "files/negotiate.h"
#include "unit.h"
#include <string.h>

static struct cgw_header field(const char *name, const char *value)
{
    return (struct cgw_header){{name, strlen(name)}, {value, strlen(value)}};
}

static const struct {
    const char *value;
    int weight; /* of gzip */
} weights[] = {
    {"gzip", 1000},
    {"GZip", 1000},
    {"br, gzip", 1000},
    {"br;q=1 ,\tgzip ; q=0.5", 500},
    {"gzip;q=0.001", 1},
    {"gzip;q=1.000", 1000},
    {"gzip;q=0", 0},
    {"gzip;q=0.000", 0},
    {"gzip;x=1;q=0.25", 250},
    {"gzip;q=0.25, gzip", 250},
    {"gzip;Q=0.3", 300},
    {"gzip;q = 0.3", 300},
    {"gzip;", 1000},
    /* malformed weights are none */
    {"gzip;q=", 0},
    {"gzip;q=1.5", 0},
    {"gzip;q=2", 0},
    {"gzip;q=-1", 0},
    {"gzip;q=0.0001", 0},
    {"gzip;q=.5", 0},
    {"gzip;q=11", 0},
    {"gzip;q=x", 0},
    /* not named */
    {"", -1},
    {",,;,", -1},
    {"gzipped", -1},
    {"x-gzip", -1},
    {"br;gzip", -1},
    {"*", -1},
};

START_TEST(weight_row)
{
    const struct cgw_header headers[] = {field("host", "gzip"),
                                         field("accept-encoding", weights[_i].value)};
    ck_assert_msg(negotiate_weight(headers, 2, "accept-encoding", "gzip") == weights[_i].weight,
                  "%s", weights[_i].value);
}
END_TEST

START_TEST(several_fields)
{
    const struct cgw_header headers[] = {field("accept-encoding", "br;q=0.1"),
                                         field("accept-encoding", "gzip;q=0.2, *;q=0.3")};
    ck_assert_int_eq(negotiate_encoding(headers, 2, "br"), 100);
    ck_assert_int_eq(negotiate_encoding(headers, 2, "gzip"), 200);
    ck_assert_int_eq(negotiate_encoding(headers, 2, "zstd"), 300);
    ck_assert_int_eq(negotiate_encoding(headers, 1, "gzip"), 0);
    ck_assert_int_eq(negotiate_encoding(headers, 0, "gzip"), 0);
}
END_TEST

START_TEST(rather_as_it_is)
{
    const struct cgw_header plain = field("accept-encoding", "identity, gzip;q=0.9, br");
    ck_assert_int_eq(negotiate_encoding(&plain, 1, "gzip"), 0);
    ck_assert_int_eq(negotiate_encoding(&plain, 1, "br"), 1000);
}
END_TEST

START_TEST(pages)
{
    static const char *const yes[] = {
        "text/html", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "*/*, TEXT/HTML;q=0.1", "application/xhtml+xml"};
    static const char *const no[] = {"*/*", "", "text/*", "application/json", "text/html;q=0"};
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
        const struct cgw_header header = field("accept", yes[i]);
        ck_assert_msg(negotiate_is_page(&header, 1), "%s", yes[i]);
    }
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
        const struct cgw_header header = field("accept", no[i]);
        ck_assert_msg(!negotiate_is_page(&header, 1), "%s", no[i]);
    }
    ck_assert(!negotiate_is_page(NULL, 0));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("negotiate");
    TCase *tests = tcase_create("negotiate");
    tcase_add_loop_test(tests, weight_row, 0, sizeof(weights) / sizeof(weights[0]));
    tcase_add_test(tests, several_fields);
    tcase_add_test(tests, rather_as_it_is);
    tcase_add_test(tests, pages);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
