/* libcgw-test: an application's lifespan, requests and their answers. */
#include "tester_play.h"
#include "unit.h"
#include <string.h>

static cgw_test *test;

static void set_up(void)
{
    test = cgw_test_open(.app = &play_app, .quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

/* ---- the lifespan ---- */

START_TEST(row_184_lifespan_is_run)
{
    ck_assert_int_eq(play_starts, 1);
    ck_assert_int_eq(play_stops, 0);
    cgw_answer answer = cgw_test_get(test, "/scope");
    ck_assert_str_eq(answer.text, "http [] /scope /scope [] 127.0.0.1 state");
    ck_assert_int_eq(cgw_test_close(test), 0);
    ck_assert_int_eq(play_stops, 1);
    test = NULL;
}
END_TEST

START_TEST(a_failed_startup_is_told)
{
    play_startup_failure = "no database";
    ck_assert_ptr_null(cgw_test_open(.app = &play_app, .quiet = true, .seed = 77));
    ck_assert_str_eq(cgw_test_error(), "the startup failed: no database (CGW_TEST_SEED=77)");
    play_startup_failure = NULL;
}
END_TEST

START_TEST(a_failed_shutdown_is_told)
{
    cgw_test *other = cgw_test_open(.app = &play_app, .quiet = true, .seed = 78);
    play_shutdown_failure = "still busy";
    ck_assert_int_eq(cgw_test_close(other), -1);
    ck_assert_str_eq(cgw_test_error(), "the shutdown failed: still busy (CGW_TEST_SEED=78)");
    play_shutdown_failure = NULL;
}
END_TEST

START_TEST(the_lifespan_may_be_left_out)
{
    int before = play_starts;
    cgw_test *other = cgw_test_open(.app = &play_app, .without_lifespan = true, .quiet = true);
    ck_assert_int_eq(play_starts, before);
    ck_assert_str_eq(cgw_test_get(other, "/scope").text, "http [] /scope /scope [] 127.0.0.1 none");
    ck_assert_int_eq(cgw_test_close(other), 0);
}
END_TEST

START_TEST(what_is_no_application_is_refused)
{
    static const struct cgw_app old = {.magic = CGW_MAGIC, .abi_major = CGW_ABI_MAJOR + 1};
    static const struct cgw_app empty = {.magic = CGW_MAGIC, .abi_major = CGW_ABI_MAJOR};
    ck_assert_ptr_null(cgw_test_open(.app = &old));
    ck_assert_ptr_nonnull(strstr(cgw_test_error(), "version of the interface"));
    ck_assert_ptr_null(cgw_test_open(.app = &empty));
    ck_assert_ptr_nonnull(strstr(cgw_test_error(), "malformed"));
    ck_assert_ptr_null(cgw_test_open(.so = "no/such/file.so"));
    ck_assert_ptr_nonnull(strstr(cgw_test_error(), "cannot load no/such/file.so"));
    ck_assert_ptr_null(cgw_test_open(.quiet = true));
    ck_assert_ptr_nonnull(strstr(cgw_test_error(), "no application"));
    setenv("CGW_TEST_SEED", "7x", 1);
    ck_assert_ptr_null(cgw_test_open(.app = &play_app));
    ck_assert_str_eq(cgw_test_error(), "CGW_TEST_SEED='7x' is no number from 1");
}
END_TEST

/* ---- requests ---- */

START_TEST(an_answer_has_all_parts)
{
    cgw_answer answer = cgw_test_get(test, "/set?a=1");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(answer.is_complete);
    ck_assert_str_eq(answer.text, "set");
    ck_assert_uint_eq(answer.len, 3);
    ck_assert_uint_eq(answer.n_fields, 1);
    ck_assert_str_eq(answer.fields[0].name, "set-cookie");
    ck_assert_str_eq(cgw_answer_header(&answer, "SET-cookie"), "a=1");
    ck_assert_ptr_null(cgw_answer_header(&answer, "x-none"));
    ck_assert_uint_eq(answer.n_chunks, 1);
    ck_assert_str_eq(answer.url, "http://testserver/set?a=1");
    ck_assert_int_eq(cgw_test_get(test, "/none").status, 404);
}
END_TEST

START_TEST(bodies_have_their_types)
{
    ck_assert_str_eq(cgw_test_post(test, "/method", "{\"a\":1}").text,
                     "POST application/json {\"a\":1}");
    ck_assert_str_eq(cgw_test_put(test, "/method", "1").text, "PUT application/json 1");
    ck_assert_str_eq(cgw_test_patch(test, "/method", "2").text, "PATCH application/json 2");
    ck_assert_str_eq(cgw_test_delete(test, "/method").text, "DELETE  ");
    ck_assert_str_eq(
        cgw_test_request(test, .method = "POST", .target = "/method", .form = "a=1").text,
        "POST application/x-www-form-urlencoded a=1");
    ck_assert_str_eq(cgw_test_request(test, .method = "POST", .target = "/method", .body = "abcdef",
                                      .body_len = 3, .content_type = "text/plain")
                         .text,
                     "POST text/plain abc");
}
END_TEST

START_TEST(fields_are_sent_once)
{
    const struct cgw_test_field fields[] = {
        {"X-One", "1"}, {"x-one", "2"}, {"Accept", "text/x"}, {NULL, NULL}};
    ck_assert_str_eq(cgw_test_get(test, "/see?field=x-one", .fields = fields).text,
                     "x-one=1;x-one=2;");
    ck_assert_str_eq(cgw_test_get(test, "/see?field=accept", .fields = fields).text,
                     "accept=text/x;");
    ck_assert_str_eq(cgw_test_get(test, "/see?field=host").text, "host=testserver;");
    ck_assert_str_eq(cgw_test_get(test, "http://other.example:81/see?field=host").text,
                     "host=other.example:81;");
    ck_assert_str_eq(cgw_test_post(test, "/see?field=content-length", "12345").text,
                     "content-length=5;");
}
END_TEST

START_TEST(paths_are_decoded)
{
    ck_assert_str_eq(cgw_test_get(test, "/sc%6Fpe?a=%20").text,
                     "http [] /scope /sc%6Fpe [a=%20] 127.0.0.1 state");
    cgw_test *other = cgw_test_open(.app = &play_app, .quiet = true, .root_path = "/v1",
                                    .client = "10.0.0.7", .https = true);
    ck_assert_str_eq(cgw_test_get(other, "/scope").text,
                     "https [/v1] /v1/scope /v1/scope [] 10.0.0.7 state");
    ck_assert_int_eq(cgw_test_close(other), 0);
}
END_TEST

START_TEST(head_has_no_body)
{
    cgw_answer answer = cgw_test_request(test, .method = "HEAD", .target = "/scope");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(answer.is_complete);
    ck_assert_uint_eq(answer.len, 0);
}
END_TEST

/* ---- streams ---- */

START_TEST(a_body_comes_in_pieces)
{
    ck_assert_str_eq(cgw_test_post(test, "/upload", "0123456789", .chunk = 4).text,
                     "3 events, 10 bytes");
    cgw_answer slow = cgw_test_post(test, "/upload", "0123456789", .chunk = 1, .chunk_pause = 60);
    ck_assert_str_eq(slow.text, "10 events, 10 bytes");
    ck_assert_double_eq_tol(slow.seconds, 540, 0.001);
    ck_assert_str_eq(cgw_test_get(test, "/upload").text, "1 events, 0 bytes");
}
END_TEST

START_TEST(an_answer_is_streamed)
{
    cgw_answer answer = cgw_test_get(test, "/stream?n=5&s=10");
    ck_assert_uint_eq(answer.n_chunks, 5);
    ck_assert_str_eq(answer.text, "piecepiecepiecepiecepiece");
    ck_assert_double_eq_tol(answer.seconds, 40, 0.001);
}
END_TEST

START_TEST(a_client_leaves)
{
    cgw_answer answer = cgw_test_get(test, "/wait", .leave_after = 3);
    ck_assert_int_eq(answer.status, 0);
    ck_assert(!answer.is_complete);
    ck_assert_uint_eq(cgw_test_logged(test, "the client has left"), 1);
    ck_assert_double_eq_tol(cgw_test_now(test), 3, 0.001);
    answer = cgw_test_get(test, "/stream?n=100&s=1", .leave_after_bytes = 12);
    ck_assert_int_eq(answer.status, 200);
    ck_assert(!answer.is_complete);
    ck_assert_uint_eq(answer.n_chunks, 3);
}
END_TEST

/* ---- failures ---- */

START_TEST(a_failure_is_500_or_breaks_off)
{
    cgw_answer answer = cgw_test_get(test, "/fail?status=-6");
    ck_assert_int_eq(answer.status, 500);
    ck_assert(answer.is_complete);
    ck_assert_str_eq(answer.text, "Internal Server Error");
    ck_assert_uint_eq(cgw_test_logged(test, "the application failed with -6"), 1);
    answer = cgw_test_get(test, "/half?status=-6");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(!answer.is_complete);
    ck_assert_str_eq(answer.text, "half");
}
END_TEST

static void raise_a_500(void)
{
    cgw_test *other = cgw_test_open(.app = &play_app, .raise = true, .quiet = true);
    cgw_test_get(other, "/fail?status=-6");
}

START_TEST(row_184_raise_ends_the_test)
{
    const char *text = play_dies(raise_a_500);
    ck_assert_ptr_nonnull(strstr(text, "GET /fail?status=-6: was answered with 500: "
                                       "the application failed with -6"));
    ck_assert_ptr_nonnull(strstr(text, "CGW_TEST_SEED="));
}
END_TEST

START_TEST(the_log_is_kept)
{
    ck_assert_uint_eq(cgw_test_logged(test, ""), 0);
    cgw_test_get(test, "/log?a-needle");
    ck_assert_uint_eq(cgw_test_logged(test, "needle"), 1);
    ck_assert_uint_eq(cgw_test_logged(test, "hay"), 0);
    ck_assert_uint_eq(cgw_test_logged(test, ""), 1);
}
END_TEST

START_TEST(there_is_nothing_to_override)
{
    ck_assert_int_eq(cgw_test_override(test, "user", "ada", 4), -1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("cgw_test");
    TCase *tcase = tcase_create("requests"), *ends = tcase_create("ends");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, row_184_lifespan_is_run);
    tcase_add_test(tcase, a_failed_startup_is_told);
    tcase_add_test(tcase, a_failed_shutdown_is_told);
    tcase_add_test(tcase, the_lifespan_may_be_left_out);
    tcase_add_test(tcase, what_is_no_application_is_refused);
    tcase_add_test(tcase, an_answer_has_all_parts);
    tcase_add_test(tcase, bodies_have_their_types);
    tcase_add_test(tcase, fields_are_sent_once);
    tcase_add_test(tcase, paths_are_decoded);
    tcase_add_test(tcase, head_has_no_body);
    tcase_add_test(tcase, a_body_comes_in_pieces);
    tcase_add_test(tcase, an_answer_is_streamed);
    tcase_add_test(tcase, a_client_leaves);
    tcase_add_test(tcase, a_failure_is_500_or_breaks_off);
    tcase_add_test(tcase, the_log_is_kept);
    tcase_add_test(tcase, there_is_nothing_to_override);
    suite_add_tcase(suite, tcase);
    tcase_add_test(ends, row_184_raise_ends_the_test);
    suite_add_tcase(suite, ends);
    return suite;
}

UNIT_MAIN(make_suite)
