/* Text that grows: pieces of any length, and an end that is remembered. */
#include "proc/metrics/page.h"
#include "unit.h"

START_TEST(pieces_of_any_length)
{
    struct page page = {0};
    static char piece[3000];
    memset(piece, 'x', sizeof piece - 1);
    page_print(&page, "%s", "");
    page_put(&page, STR(""));
    ck_assert_uint_eq(page.len, 0);
    for (int i = 0; i < 100; i++) {
        page_print(&page, "%d %s\n", i % 10, piece);
        page_put(&page, STR("a\0b"));
    }
    ck_assert(!page.is_broken);
    ck_assert_uint_eq(page.len, 100 * (2 + 2999 + 1 + 3));
    ck_assert_mem_eq(page.text + 3005 * 99, "9 xxx", 5);
    ck_assert_mem_eq(page.text + page.len - 3, "a\0b", 4);
    page_fini(&page);
    ck_assert_ptr_null(page.text);
    page_fini(&page);
}
END_TEST

/* Exactly what fits, one less and one more around the first block. */
START_TEST(edges_of_a_block)
{
    static char piece[4200];
    for (size_t len = 4090; len < 4100; len++) {
        struct page page = {0};
        memset(piece, 'y', len);
        page_put(&page, (struct str){piece, len});
        ck_assert_uint_eq(strlen(page.text), len);
        page_print(&page, "%s", "end");
        ck_assert_str_eq(page.text + len, "end");
        page_fini(&page);
    }
}
END_TEST

START_TEST(too_much_is_remembered)
{
    struct page page = {0};
    static char piece[1 << 20];
    memset(piece, 'z', sizeof piece);
    for (size_t i = 0; i < PAGE_BYTES_MAX / sizeof piece; i++)
        page_put(&page, (struct str){piece, sizeof piece});
    ck_assert(page.is_broken);
    ck_assert_uint_lt(page.len, PAGE_BYTES_MAX);
    size_t len = page.len;
    page_put(&page, STR("more"));
    page_print(&page, "%*s", 1 << 22, "more");
    ck_assert(page.is_broken);
    ck_assert_uint_eq(page.len, len);
    page_fini(&page);
    ck_assert(!page.is_broken);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, pieces_of_any_length);
    tcase_add_test(tcase, edges_of_a_block);
    tcase_add_test(tcase, too_much_is_remembered);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
