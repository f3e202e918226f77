#include <cgw/test.h>
#include <check.h>
#include <stdlib.h>

typedef struct Reader { /* as the application has it */
    const char *name;
} Reader;

static cgw_test *test;

static void set_up(void)
{
    const Reader ada = {"ada"};
    setenv("SHELF_DB", "sqlite::memory:", 1);
    test = cgw_test_open();
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
    ck_assert_int_eq(cgw_test_override(test, "current_reader", &ada, sizeof(ada)), 0);
}

static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

START_TEST(a_book_is_created_read_changed_and_deleted)
{
    cgw_answer answer = cgw_test_post(test, "/books", "{\"title\": \"Beloved\", \"year\": 1978}");
    ck_assert_int_eq(answer.status, 201);
    ck_assert(cgw_json_eq(answer.text, "/id", "1"));
    answer = cgw_test_put(test, "/books/1", "{\"title\": \"Beloved\", \"year\": 1987}");
    ck_assert_int_eq(answer.status, 200);
    answer = cgw_test_get(test, "/books");
    ck_assert(
        cgw_json_eq(answer.text, "", "[{\"id\": 1, \"title\": \"Beloved\", \"year\": 1987}]"));
    ck_assert_int_eq(cgw_test_delete(test, "/books/1").status, 204);
    ck_assert_int_eq(cgw_test_get(test, "/books/1").status, 404);
}
END_TEST

START_TEST(a_title_is_there_once_whoever_comes_first)
{
    cgw_answer answers[20];
    cgw_test_crowd(test,
                   (struct cgw_test_request){.method = "POST",
                                             .target = "/books",
                                             .json = "{\"title\": \"Ulysses\", \"year\": 1922}"},
                   20, answers);
    int made = 0, refused = 0;
    for (int i = 0; i < 20; i++) {
        made += answers[i].status == 201;
        refused += answers[i].status == 409;
    }
    ck_assert_int_eq(made, 1);
    ck_assert_int_eq(refused, 19);
    cgw_test_settle(test);
    ck_assert_uint_eq(cgw_test_logged(test, "new on the shelf: Ulysses"), 1);
}
END_TEST

START_TEST(a_slow_shop_is_left_out)
{
    cgw_test_post(test, "/books", "{\"title\": \"Emma\", \"year\": 1815}");
    cgw_answer answer = cgw_test_get(test, "/books/1/prices");
    ck_assert(cgw_json_eq(answer.text, "/1/shop", "\"south\""));
    ck_assert(!cgw_json_eq(answer.text, "/2/shop", "\"west\""));
    ck_assert_double_le(answer.seconds, 0.5);
}
END_TEST

START_TEST(who_has_no_token_reads_only)
{
    ck_assert_int_eq(cgw_test_override(test, "current_reader", NULL, 0), 0);
    cgw_answer answer = cgw_test_post(test, "/books", "{\"title\": \"Emma\", \"year\": 1815}");
    ck_assert_int_eq(answer.status, 401);
    ck_assert_str_eq(cgw_answer_header(&answer, "www-authenticate"), "Bearer");
    ck_assert_int_eq(cgw_test_get(test, "/books").status, 200);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shelf");
    TCase *tcase = tcase_create("shelf");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_book_is_created_read_changed_and_deleted);
    tcase_add_test(tcase, a_title_is_there_once_whoever_comes_first);
    tcase_add_test(tcase, a_slow_shop_is_left_out);
    tcase_add_test(tcase, who_has_no_token_reads_only);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
