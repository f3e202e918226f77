/* The page shows each line as what it is, escapes everything, and is as long as it says. */
#include "base/mem.h"
#include "proc/dev/error_page.h"
#include "unit.h"

static char *html;

static const char *write_page(struct str title, struct str text)
{
    struct error_page page = {title, text, STR("Others wait."), STR("1-2-3"), STR("/r.js")};
    size_t len = error_page_write(&page, NULL);
    mem_free(html);
    html = mem_alloc(len + 2);
    ck_assert_ptr_nonnull(html);
    memset(html, '#', len + 2);
    ck_assert_uint_eq(error_page_write(&page, html), len);
    ck_assert_int_eq(html[len], '#'); /* not a byte more */
    html[len] = '\0';
    ck_assert_ptr_null(strchr(html + len - 8, '#'));
    return html;
}

static void teardown(void)
{
    mem_free(html);
    html = NULL;
}

#define has(literal)   ck_assert_msg(strstr(html, literal) != NULL, "no %s", literal)
#define lacks(literal) ck_assert_msg(strstr(html, literal) == NULL, "there is %s", literal)

START_TEST(each_line_is_what_it_is)
{
    write_page(STR("app.c does not compile"), STR("app.c:7:2: error: no `x'\n"
                                                  "    7 |  y;\n"
                                                  "      |  ^\n"
                                                  "app.c:8:2: warning: odd\n"
                                                  "app.c:8:2: note: look\n"));
    has("<title>app.c does not compile</title>");
    has("<span class=\"error\"><b>app.c:7:2:</b> error: no `x&#39;</span>\n");
    has("<span class=\"source\">    7 |  y;</span>\n");
    has("<span class=\"marks\">      |  ^</span>\n");
    has("<span class=\"warning\"><b>app.c:8:2:</b> warning: odd</span>\n");
    has("<span class=\"note\">");
    has("<p>1 error, 1 warning. This page reloads itself");
    has("Others wait.</p>");
    has("<script data-live=\"1-2-3\" src=\"/r.js\"></script>");
}
END_TEST

START_TEST(nothing_gets_out_of_the_text)
{
    write_page(STR("</title><script>1</script>"),
               STR("\"a.c\":1:2: error: </pre><img src=x onerror='1'> & <b>\n<script>2\n"));
    has("<title>&lt;/title&gt;&lt;script&gt;1");
    has("<b>&quot;a.c&quot;:1:2:</b> error: &lt;/pre&gt;&lt;img src=x onerror=&#39;1&#39;&gt; "
        "&amp;");
    lacks("<img");
    lacks("<script>");
}
END_TEST

START_TEST(nothing_comes_from_elsewhere)
{
    write_page(STR("t"), STR("x\n"));
    lacks("http:");
    lacks("https:");
    lacks("@import");
    lacks("url(");
    lacks("<link");
}
END_TEST

START_TEST(without_a_text_there_is_no_box)
{
    write_page(STR("There is no build yet"), STR(""));
    lacks("<pre>");
    has("<meta http-equiv=\"refresh\" content=\"1\">\n");
    write_page(STR("t"), STR("no newline"));
    has("<pre><span class=\"plain\">no newline</span>\n</pre>");
}
END_TEST

START_TEST(numbers_are_words)
{
    write_page(STR("t"), STR("a: error: x\nb: error: y\n"));
    has("<p>2 errors. This page");
    write_page(STR("t"), STR("a: warning: x\n"));
    has("<p>1 warning. This page");
    write_page(STR("t"), STR("a\n"));
    has("<p>This page");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("error_page");
    TCase *tests = tcase_create("error_page");
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, each_line_is_what_it_is);
    tcase_add_test(tests, nothing_gets_out_of_the_text);
    tcase_add_test(tests, nothing_comes_from_elsewhere);
    tcase_add_test(tests, without_a_text_there_is_no_box);
    tcase_add_test(tests, numbers_are_words);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
