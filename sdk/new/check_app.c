/*
 * The application's tests: in process, no port. Time jumps where all wait, so that two seconds take
 * none; which of many requests goes on next is the seed's choice, which is printed, and
 * CGW_TEST_SEED=N runs it again. See cgw_test(3), and Check at https://libcheck.github.io/check/
 */
#include <cgw/test.h>
#include <check.h>
#include <stdlib.h>

static cgw_test *test;

static void set_up(void)
{
    test = cgw_test_open();
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

START_TEST(hello_says_hello)
{
    cgw_answer answer = cgw_test_get(test, "/");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer.text, "Hello, world!\n");
}
END_TEST

START_TEST(a_note_is_kept)
{
    cgw_answer answer = cgw_test_post(test, "/notes", "{\"text\": \"milk\"}");
    ck_assert_int_eq(answer.status, 201);
    ck_assert(cgw_json_eq(answer.text, "", "{\"id\": 1, \"text\": \"milk\", \"stars\": 3}"));
    answer = cgw_test_get(test, "/notes/1");
    ck_assert(cgw_json_eq(answer.text, "/text", "\"milk\""));
    answer = cgw_test_get(test, "/notes");
    ck_assert(cgw_json_eq(answer.text, "/0/id", "1"));
    ck_assert_int_eq(cgw_test_get(test, "/notes/2").status, 404);
}
END_TEST

START_TEST(a_bad_note_is_refused_with_all_errors)
{
    cgw_answer answer = cgw_test_post(test, "/notes", "{\"text\": \"\", \"stars\": 9}");
    ck_assert_int_eq(answer.status, 422);
    ck_assert(cgw_json_eq(answer.text, "/detail/0/loc", "[\"body\", \"text\"]"));
    ck_assert(cgw_json_eq(answer.text, "/detail/1/loc", "[\"body\", \"stars\"]"));
}
END_TEST

START_TEST(it_documents_itself)
{
    cgw_answer answer = cgw_test_get(test, "/openapi.json");
    ck_assert(cgw_json_eq(answer.text, "/info/title", "\"notes\""));
    ck_assert(cgw_json_eq(answer.text, "/components/schemas/NoteIn/required", "[\"text\"]"));
    ck_assert_int_eq(cgw_test_get(test, "/docs").status, 200);
}
END_TEST

START_TEST(many_at_once_get_numbers_of_their_own)
{
    enum { N = 100 };
    cgw_answer answers[N];
    cgw_test_crowd(test,
                   (struct cgw_test_request){
                       .method = "POST", .target = "/notes", .json = "{\"text\": \"one of many\"}"},
                   N, answers);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(answers[i].status, 201);
    ck_assert(cgw_json_eq(cgw_test_get(test, "/notes").text, "/99/id", "100"));
}
END_TEST

START_TEST(the_slow_ones_wait_together)
{
    cgw_answer answers[10];
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/slow"}, 10, answers);
    for (int i = 0; i < 10; i++)
        ck_assert_double_eq_tol(answers[i].seconds, 2, 0.01);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("app");
    TCase *tcase = tcase_create("app");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, hello_says_hello);
    tcase_add_test(tcase, a_note_is_kept);
    tcase_add_test(tcase, a_bad_note_is_refused_with_all_errors);
    tcase_add_test(tcase, it_documents_itself);
    tcase_add_test(tcase, many_at_once_get_numbers_of_their_own);
    tcase_add_test(tcase, the_slow_ones_wait_together);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
