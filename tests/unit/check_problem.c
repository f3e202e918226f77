/* Documents of errors, in both shapes. */
#include "unit.h"
#include "web/problem.h"

static struct arena arena;

static const char *document(struct cgw_cause cause, bool is_rfc9457)
{
    struct buffer out = BUFFER_IN(&arena);
    problem_write(&out, &cause, is_rfc9457);
    return buffer_text(&out).ptr;
}

START_TEST(the_detail_is_escaped)
{
    ck_assert_str_eq(document((struct cgw_cause){.status = 404, .detail = "no \"x\"\n"}, false),
                     "{\"detail\":\"no \\\"x\\\"\\n\"}");
}
END_TEST

START_TEST(without_a_detail_the_reason_stands)
{
    ck_assert_str_eq(document((struct cgw_cause){.status = 503, .detail = ""}, false),
                     "{\"detail\":\"Service Unavailable\"}");
    ck_assert_str_eq(document((struct cgw_cause){.status = 599, .detail = ""}, false),
                     "{\"detail\":\"\"}");
}
END_TEST

START_TEST(errors_of_models_are_an_array)
{
    const struct cgw_cause cause = {.status = 422, .detail = "", .detail_json = CGW_STR("[1]")};
    ck_assert_str_eq(document(cause, false), "{\"detail\":[1]}");
    ck_assert_str_eq(document(cause, true),
                     "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\","
                     "\"status\":422,\"errors\":[1]}");
}
END_TEST

START_TEST(a_problem_says_each_thing_once)
{
    ck_assert_str_eq(document((struct cgw_cause){.status = 404, .detail = "no thing"}, true),
                     "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                     "\"detail\":\"no thing\"}");
    ck_assert_str_eq(document((struct cgw_cause){.status = 404, .detail = "Not Found"}, true),
                     "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404}");
    ck_assert_str_eq(document((struct cgw_cause){.status = 499, .detail = "odd"}, true),
                     "{\"type\":\"about:blank\",\"status\":499,\"detail\":\"odd\"}");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("problem");
    TCase *tests = tcase_create("problem");
    tcase_add_test(tests, the_detail_is_escaped);
    tcase_add_test(tests, without_a_detail_the_reason_stands);
    tcase_add_test(tests, errors_of_models_are_an_array);
    tcase_add_test(tests, a_problem_says_each_thing_once);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
