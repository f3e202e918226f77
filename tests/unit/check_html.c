/* Text within HTML, in a whole application: what a client sends never becomes markup. */
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <string.h>

CGW_GET(page, "/")
{
    return cgw_html(req, 200, "<a title=\"%s\">", cgw_html_escape(req, cgw_query(req, "q")));
}

static cgw_test *test;

static void set_up(void)
{
    test = cgw_test_open(.quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

static const struct {
    const char *target, *text;
} pages[] = {
    {"/?q=%3Cscript%3E", "<a title=\"&lt;script&gt;\">"},
    {"/?q=%22%27+x", "<a title=\"&quot;&#39; x\">"},
    {"/?q=a%26amp;b", "<a title=\"a&amp;amp;b\">"},
    {"/?q=Zo%C3%AB", "<a title=\"Zo\u00eb\">"},
    {"/?q=", "<a title=\"\">"},
    {"/", "<a title=\"\">"},
};

START_TEST(markup_is_spelled_out)
{
    ck_assert_str_eq(cgw_test_get(test, pages[_i].target).text, pages[_i].text);
}
END_TEST

START_TEST(a_long_text_is_whole)
{
    enum { N = 2000 };
    char target[N + 8] = "/?q=";
    memset(target + 4, '<', N);
    cgw_answer answer = cgw_test_get(test, target);
    ck_assert_uint_eq(answer.len, strlen("<a title=\"\">") + 4 * (size_t)N);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("html");
    TCase *tcase = tcase_create("html");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, markup_is_spelled_out, 0, (int)(sizeof(pages) / sizeof(*pages)));
    tcase_add_test(tcase, a_long_text_is_whole);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
