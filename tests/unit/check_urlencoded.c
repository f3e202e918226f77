/* application/x-www-form-urlencoded, row 177 of the behaviours: what each body means, cut at each
   place. */
#include "form_play.h"
#include "unit.h"

static const struct {
    const char *body, *trace;
} rows[] = {
    {"", "."},
    {"a=1", "a=1|."},
    {"a=1&b=2", "a=1|b=2|."},
    {"a=1&a=2&a", "a=1|a=2|a=|."},
    {"a&b=", "a=|b=|."},
    {"=1", "=1|."},
    {"&&a=1&&&b&", "a=1|b=|."},
    {"=", "=|."},
    {"a=b=c&d==", "a=b=c|d==|."},
    {"a+b=c+d", "a b=c d|."},
    {"%61%3D=%26%2b%25", "a==&+%|."},
    {"a=%00%0d%0A%fF", "a=<00><0d><0a><ff>|."},
    {"a=\xc3\xa4;b=1", "a=<c3><a4>;b=1|."},
    /* a % that begins no escape is itself */
    {"a=%", "a=%|."},
    {"a=%4", "a=%4|."},
    {"a=%%41%", "a=%A%|."},
    {"a=%g1&%=%2", "a=%g1|%=%2|."},
    {"a=%4&b=%+", "a=%4|b=% |."},
    {"%4=%4=", "%4=%4=|."},
    {"a=%4g%41", "a=%4gA|."},
};

START_TEST(means_the_same_wherever_it_is_cut)
{
    cgw_str body = {rows[_i].body, strlen(rows[_i].body)};
    struct play play;
    for (size_t first = 0; first <= body.len; first++) {
        for (size_t len = 1; len < 8; len++) {
            play_form(&play, NULL, body, first, len);
            ck_assert_str_eq(play.trace, rows[_i].trace);
        }
    }
}
END_TEST

/* More than the parser decodes at once. */
START_TEST(gives_out_long_values)
{
    char body[3 * 3000 + 2] = "a=";
    struct play play;
    size_t n = 2;
    for (size_t i = 0; i < 3000; i++, n += 3)
        memcpy(body + n, "%41", 3);
    for (size_t len = 1; len < 9000; len += 1100) {
        play_form(&play, NULL, (cgw_str){body, n}, len, len);
        UNIT_MUST(play.len == 2 + 3000 + 2);
        UNIT_MUST(strspn(play.trace + 2, "A") == 3000);
    }
}
END_TEST

START_TEST(limits_names)
{
    char body[1000];
    struct play play;
    for (int n = 1; n < 400; n++) {
        int len = snprintf(body, sizeof(body), "%0*d=1", n, 1);
        play_form(&play, NULL, (cgw_str){body, (size_t)len}, 7, 64);
        bool is_taken = strcmp(play.trace + n, "=1|.") == 0;
        UNIT_MUST(is_taken == (n <= PLAY_HEAD - 3));
        UNIT_MUST(is_taken || strcmp(play.trace, "!") == 0);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("urlencoded");
    TCase *tests = tcase_create("urlencoded");
    tcase_add_loop_test(tests, means_the_same_wherever_it_is_cut, 0,
                        sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, gives_out_long_values);
    tcase_add_test(tests, limits_names);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
