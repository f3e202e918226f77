/* Names of files in Content-Disposition: none of them breaks out of its quotes, or of its line. */
#include "files/disposition.h"
#include "unit.h"
#include <string.h>

static const struct {
    const char *filename, *value; /* behind "attachment" */
} rows[] = {
    {"a.txt", "; filename=\"a.txt\""},
    {"a b;c=d, e.txt", "; filename=\"a b;c=d, e.txt\""},
    {"", "; filename=\"\""},
    {"a\"b", "; filename=\"a_b\"; filename*=UTF-8''a%22b"},
    {"a\\b", "; filename=\"a_b\"; filename*=UTF-8''a%5Cb"},
    {"../a", "; filename=\".._a\"; filename*=UTF-8''..%2Fa"},
    {"50%.txt", "; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"},
    {"a\r\nx: y", "; filename=\"a__x: y\"; filename*=UTF-8''a%0D%0Ax%3A%20y"},
    {"\xc3\xa9t\xc3\xa9.txt", "; filename=\"_t_.txt\"; filename*=UTF-8''%C3%A9t%C3%A9.txt"},
    {"\xe2\x82\xac", "; filename=\"_\"; filename*=UTF-8''%E2%82%AC"},
    {"\x7f\x01", "; filename=\"__\"; filename*=UTF-8''%7F%01"},
    {"\xff", "; filename=\"_\"; filename*=UTF-8''%FF"},
};

START_TEST(name_row)
{
    struct arena arena = {NULL, NULL, NULL, NULL, NULL, 0};
    const char *value = disposition_write(&arena, rows[_i].filename, false);
    ck_assert_ptr_nonnull(value);
    ck_assert_str_eq(value + strlen("attachment"), rows[_i].value);
    value = disposition_write(&arena, rows[_i].filename, true);
    ck_assert_ptr_nonnull(value);
    ck_assert_str_eq(value + strlen("inline"), rows[_i].value);
    arena_reset(&arena);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("disposition");
    TCase *tests = tcase_create("disposition");
    tcase_add_loop_test(tests, name_row, 0, sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
