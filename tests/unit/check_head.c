/* Heads of applications: what is refused, and what is read out of them (rows 10, 13, 26 to 29). */
#include "app/head.h"
#include "unit.h"

#define NAME(bytes)                              \
    {                                            \
        {bytes, sizeof(bytes) - 1}, CGW_STR("v") \
    }
#define VALUE(bytes)                 \
    {                                \
        CGW_STR("x"),                \
        {                            \
            bytes, sizeof(bytes) - 1 \
        }                            \
    }

static const struct {
    int status;
    size_t n;
    struct cgw_header headers[3];
    bool is_good;
    bool has_length, close, has_no_body;
    uint64_t length;
} rows[] = {
    {200, 0, {{{0}, {0}}}, true, false, false, false, 0},
    {200, 1, {CGW_HEADER("Content-Length", "5")}, true, true, false, false, 5},
    {200, 1, {CGW_HEADER("content-length", " 5\t")}, true, true, false, false, 5},
    {200,
     2,
     {CGW_HEADER("content-length", "5"), CGW_HEADER("content-length", "5")},
     true,
     true,
     false,
     false,
     5},
    {200,
     2,
     {CGW_HEADER("content-length", "5"), CGW_HEADER("content-length", "6")},
     false,
     0,
     0,
     0,
     0},
    {200, 1, {CGW_HEADER("content-length", "+5")}, false, 0, 0, 0, 0},
    {200, 1, {CGW_HEADER("content-length", "")}, false, 0, 0, 0, 0},
    {200, 1, {CGW_HEADER("content-length", "99999999999999999999")}, false, 0, 0, 0, 0},
    {200, 1, {CGW_HEADER("connection", "close")}, true, false, true, false, 0},
    {200, 1, {CGW_HEADER("Connection", "foo, Close")}, true, false, true, false, 0},
    {200, 1, {CGW_HEADER("connection", "keep-alive")}, true, false, false, false, 0},
    {204, 0, {{{0}, {0}}}, true, false, false, true, 0},
    {205, 0, {{{0}, {0}}}, true, false, false, true, 0},
    {304, 1, {CGW_HEADER("content-length", "9")}, true, true, false, true, 9},
    {299, 0, {{{0}, {0}}}, true, false, false, false, 0},
    {999, 0, {{{0}, {0}}}, true, false, false, false, 0},
    {0, 0, {{{0}, {0}}}, false, 0, 0, 0, 0},
    {99, 0, {{{0}, {0}}}, false, 0, 0, 0, 0},
    {100, 0, {{{0}, {0}}}, false, 0, 0, 0, 0},
    {103, 0, {{{0}, {0}}}, false, 0, 0, 0, 0},
    {1000, 0, {{{0}, {0}}}, false, 0, 0, 0, 0},
    {200, 1, {NAME("")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("a b")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("a:b")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("a\"")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("a\x7f")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("a\0")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("a\r\n")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("a\xe9")}, false, 0, 0, 0, 0},
    {200, 1, {NAME("!#$%&'*+-.^_`|~9Az")}, true, false, false, false, 0},
    {200, 1, {VALUE("a\tb c")}, true, false, false, false, 0},
    {200, 1, {VALUE("caf\xe9")}, true, false, false, false, 0},
    {200, 1, {VALUE("a\r\nset-cookie: x")}, false, 0, 0, 0, 0},
    {200, 1, {VALUE("a\nb")}, false, 0, 0, 0, 0},
    {200, 1, {VALUE("a\rb")}, false, 0, 0, 0, 0},
    {200, 1, {VALUE("a\0b")}, false, 0, 0, 0, 0},
    {200, 1, {VALUE("\x07")}, false, 0, 0, 0, 0},
    {200, 1, {VALUE("\x7f")}, false, 0, 0, 0, 0},
    {200, 1, {{{NULL, 1}, CGW_STR("v")}}, false, 0, 0, 0, 0},
    {200, 1, {{CGW_STR("x"), {NULL, 1}}}, false, 0, 0, 0, 0},
    {200, 1, {{CGW_STR("x"), {NULL, 0}}}, true, false, false, false, 0},
};

START_TEST(reads_or_refuses)
{
    struct head head = {.status = -1};
    struct str at;
    struct cgw_event event =
        cgw_event_start((uint16_t)rows[_i].status, rows[_i].headers, rows[_i].n);
    const char *why = head_check(&event, &head, &at);
    ck_assert_msg((why == NULL) == rows[_i].is_good, "row %d: %s", _i, why ? why : "taken");
    if (!rows[_i].is_good) {
        ck_assert_int_eq(head.status, -1); /* untouched on failure */
        return;
    }
    ck_assert_int_eq(head.status, rows[_i].status);
    ck_assert_int_eq(head.has_length, rows[_i].has_length);
    ck_assert_uint_eq(head.length, rows[_i].length);
    ck_assert_int_eq(head.close, rows[_i].close);
    ck_assert_int_eq(head.has_no_body, rows[_i].has_no_body);
}
END_TEST

START_TEST(needs_an_array_for_a_number)
{
    struct head head;
    struct str at;
    struct cgw_event event = cgw_event_start(200, NULL, 1);
    ck_assert_ptr_nonnull(head_check(&event, &head, &at));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("head");
    TCase *tests = tcase_create("check");
    tcase_add_loop_test(tests, reads_or_refuses, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tests, needs_an_array_for_a_number);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
