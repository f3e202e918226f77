/* libcgw-test: cookies, redirects, and JSON compared. */
#include "tester_play.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static cgw_test *test;

static void set_up(void)
{
    test = cgw_test_open(.app = &play_app, .quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void set_up_following(void)
{
    test = cgw_test_open(.app = &play_app, .quiet = true, .follow = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

static const char *cookies_at(const char *target)
{
    return cgw_test_get(test, target).text;
}

/* ---- cookies ---- */

START_TEST(row_184_cookies_come_back)
{
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "");
    cgw_test_get(test, "/set?a=1");
    cgw_test_get(test, "/set?b=two%20words; HttpOnly; SameSite=Lax");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=a=1; b=two words;");
    cgw_test_get(test, "/set?a=3");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=a=3; b=two words;");
    ck_assert_str_eq(cgw_test_cookie_value(test, "a"), "3");
    ck_assert_ptr_null(cgw_test_cookie_value(test, "c"));
    ck_assert_str_eq(cgw_test_get(test, "/see?field=cookie", .no_cookies = true).text, "");
    cgw_test_get(test, "/set?c=4", .no_cookies = true);
    ck_assert_ptr_null(cgw_test_cookie_value(test, "c"));
}
END_TEST

START_TEST(row_184_cookies_belong_to_domains)
{
    cgw_test_get(test, "http://a.example/set?own=1");
    cgw_test_get(test, "http://a.example/set?all=1; Domain=.example");
    cgw_test_get(test, "http://a.example/set?theirs=1; Domain=b.example");
    ck_assert_str_eq(cookies_at("http://a.example/see?field=cookie"), "cookie=own=1; all=1;");
    ck_assert_str_eq(cookies_at("http://b.example:81/see?field=cookie"), "cookie=all=1;");
    ck_assert_str_eq(cookies_at("http://xexample/see?field=cookie"), "");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "");
}
END_TEST

START_TEST(row_184_cookies_belong_to_paths)
{
    cgw_test_get(test, "/set?in=1; Path=/see");
    cgw_test_get(test, "/set?out=1; Path=/other");
    cgw_test_get(test, "/set?part=1; Path=/se");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=in=1;");
    cgw_test_get(test, "/a/b/set?deep=1"); /* 404, no cookie */
    ck_assert_ptr_null(cgw_test_cookie_value(test, "deep"));
}
END_TEST

START_TEST(row_184_cookies_expire_in_virtual_time)
{
    cgw_test_get(test, "/set?short=1; Max-Age=60; Expires=Wed, 01 Jan 2200 00:00:00 GMT");
    cgw_test_get(test, "/set?old=1; Expires=Sunday, 06-Nov-94 08:49:37 GMT");
    cgw_test_get(test, "/set?long=1; Expires=Wed Jan  1 00:00:00 2200");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=short=1; long=1;");
    cgw_test_clock(test, 59);
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=short=1; long=1;");
    cgw_test_clock(test, 2);
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=long=1;");
    cgw_test_get(test, "/set?long=; Max-Age=0");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "");
}
END_TEST

START_TEST(secure_cookies_want_https)
{
    cgw_test_get(test, "/set?s=1; Secure");
    ck_assert_ptr_null(cgw_test_cookie_value(test, "s"));
    cgw_test_get(test, "https://testserver/set?s=1; Secure");
    ck_assert_str_eq(cgw_test_cookie_value(test, "s"), "1");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "");
    ck_assert_str_eq(cookies_at("https://testserver/see?field=cookie"), "cookie=s=1;");
}
END_TEST

START_TEST(a_test_sets_cookies)
{
    cgw_test_cookie(test, "a", "1");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=a=1;");
    cgw_test_cookie(test, "a", "2");
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "cookie=a=2;");
    cgw_test_cookie(test, "a", NULL);
    ck_assert_str_eq(cookies_at("/see?field=cookie"), "");
}
END_TEST

/* ---- redirects ---- */

START_TEST(redirects_are_not_followed_unasked)
{
    cgw_answer answer = cgw_test_get(test, "/to?302=/scope");
    ck_assert_int_eq(answer.status, 302);
    ck_assert_str_eq(cgw_answer_header(&answer, "location"), "/scope");
}
END_TEST

START_TEST(row_184_redirects_are_followed)
{
    static const struct {
        const char *status, *method, *became;
    } rows[] = {{"301", "POST", "GET  "},
                {"302", "POST", "GET  "},
                {"303", "PUT", "GET  "},
                {"307", "POST", "POST application/json {}"},
                {"308", "PUT", "PUT application/json {}"},
                {"302", "PUT", "PUT application/json {}"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[64];
        snprintf(target, sizeof target, "/to?%s=/method", rows[i].status);
        cgw_answer answer =
            cgw_test_request(test, .method = rows[i].method, .target = target, .json = "{}");
        ck_assert_int_eq(answer.status, 200);
        ck_assert_str_eq(answer.text, rows[i].became);
        ck_assert_str_eq(answer.url, "http://testserver/method");
    }
}
END_TEST

START_TEST(references_are_resolved)
{
    static const struct {
        const char *location, *url;
    } rows[] = {{"see?field=host", "http://testserver/see?field=host"},
                {"../see", "http://testserver/see"},
                {"./a/../see", "http://testserver/see"},
                {"//b.example/see", "http://b.example/see"},
                {"https://c.example", "https://c.example/"},
                {"/see%23?x#part", "http://testserver/see%23?x"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[96];
        snprintf(target, sizeof target, "/to?302=%s", rows[i].location);
        ck_assert_str_eq(cgw_test_get(test, target).url, rows[i].url);
    }
}
END_TEST

START_TEST(secrets_stay_with_their_host)
{
    const struct cgw_test_field fields[] = {{"authorization", "Bearer x"}, {NULL, NULL}};
    ck_assert_str_eq(cgw_test_get(test, "/to?302=/see?field=authorization", .fields = fields).text,
                     "authorization=Bearer x;");
    ck_assert_str_eq(
        cgw_test_get(test, "/to?302=http://b.example/see?field=authorization", .fields = fields)
            .text,
        "");
}
END_TEST

static void redirect_for_ever(void)
{
    cgw_test *other = cgw_test_open(.app = &play_app, .follow = true, .quiet = true);
    cgw_test_get(other, "/to?302");
}

START_TEST(row_184_redirects_end)
{
    ck_assert_ptr_nonnull(strstr(play_dies(redirect_for_ever), "redirects more than 20 times"));
}
END_TEST

/* ---- JSON ---- */

START_TEST(json_is_compared_by_value)
{
    const char *text = "{\"a\":[1,2.0,{\"b\":null}],\"c/d\":\"x\\u0041\",\"~\":1e2,\"\":true}";
    ck_assert(
        cgw_json_eq(text, "", "{\"\":true,\"~\":100,\"c/d\":\"xA\",\"a\":[1.0,2,{\"b\":null}]}"));
    ck_assert(cgw_json_eq(text, "/a/0", "1"));
    ck_assert(cgw_json_eq(text, "/a/2/b", " null "));
    ck_assert(cgw_json_eq(text, "/c~1d", "\"xA\""));
    ck_assert(cgw_json_eq(text, "/~0", "100"));
    ck_assert(cgw_json_eq(text, "/", "true"));
    ck_assert(cgw_json_eq("18446744073709551615", "", "18446744073709551615"));
    ck_assert(!cgw_json_eq("9007199254740993", "", "9007199254740992"));
    ck_assert(!cgw_json_eq("18446744073709551615", "", "9223372036854775807"));
}
END_TEST

START_TEST(json_that_differs)
{
    static const struct {
        const char *text, *pointer, *want;
    } rows[] = {{"{\"a\":1}", "", "{\"a\":2}"},
                {"{\"a\":1}", "", "{\"a\":1,\"b\":2}"},
                {"{\"a\":1}", "/b", "null"},
                {"[1,2]", "", "[2,1]"},
                {"[1,2]", "/2", "2"},
                {"[1,2]", "/01", "2"},
                {"[1,2]", "/-", "2"},
                {"[1,2]", "x", "2"},
                {"1", "", "\"1\""},
                {"null", "", "false"},
                {"true", "", "false"},
                {"\"a\"", "", "\"b\""},
                {"{", "", "{}"},
                {"{} x", "", "{}"},
                {"{}", "", "{} x"},
                {"", "", ""},
                {NULL, "", "1"},
                {"1", "", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(!cgw_json_eq(rows[i].text, rows[i].pointer, rows[i].want), "row %zu", i);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("cgw_test_client");
    TCase *cookies = tcase_create("cookies"), *redirects = tcase_create("redirects"),
          *ends = tcase_create("ends");
    tcase_add_checked_fixture(cookies, set_up, tear_down);
    tcase_add_test(cookies, row_184_cookies_come_back);
    tcase_add_test(cookies, row_184_cookies_belong_to_domains);
    tcase_add_test(cookies, row_184_cookies_belong_to_paths);
    tcase_add_test(cookies, row_184_cookies_expire_in_virtual_time);
    tcase_add_test(cookies, secure_cookies_want_https);
    tcase_add_test(cookies, a_test_sets_cookies);
    tcase_add_test(cookies, redirects_are_not_followed_unasked);
    tcase_add_test(cookies, json_is_compared_by_value);
    tcase_add_test(cookies, json_that_differs);
    suite_add_tcase(suite, cookies);
    tcase_add_checked_fixture(redirects, set_up_following, tear_down);
    tcase_add_test(redirects, row_184_redirects_are_followed);
    tcase_add_test(redirects, references_are_resolved);
    tcase_add_test(redirects, secrets_stay_with_their_host);
    suite_add_tcase(suite, redirects);
    tcase_add_test(ends, row_184_redirects_end);
    suite_add_tcase(suite, ends);
    return suite;
}

UNIT_MAIN(make_suite)
