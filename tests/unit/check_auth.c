/* Credentials that applications read, and what asks for them: in process, as clients send them. */
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <stdio.h>
#include <string.h>

/* ---- the application ---- */

CGW_AUTH_BASIC(staff, .realm = "the \"back\" room");
CGW_AUTH_BASIC(plain);
CGW_AUTH_BASIC(maybe_basic, .optional = true);
CGW_AUTH_BEARER(api, .format = "JWT");
CGW_AUTH_BEARER(named, .realm = "api");
CGW_AUTH_BEARER(maybe, .optional = true);
CGW_AUTH_API_KEY(by_header, .header = "X-Key");
CGW_AUTH_API_KEY(by_query, .query = "key");
CGW_AUTH_API_KEY(by_cookie, .cookie = "key");
CGW_AUTH_PASSWORD(login, .token_url = "/token", .scopes = CGW_SCOPES({"read", "see"}));

static cgw_reply show(cgw_request *req, const struct cgw_auth *auth)
{
    const char *token = cgw_auth_token(req, auth);
    if (!token)
        return cgw_reply_status(req) ? cgw_done(req) : cgw_text(req, 200, "nobody");
    return cgw_text(req, 200, "%s", token);
}

static cgw_reply show_basic(cgw_request *req, const struct cgw_auth *auth)
{
    const char *user, *password;
    CGW_TRY(req, cgw_auth_basic(req, auth, &user, &password));
    return user ? cgw_text(req, 200, "[%s][%s]", user, password) : cgw_text(req, 200, "nobody");
}

CGW_GET(get_staff, "/staff")
{
    return show_basic(req, &staff_auth);
}
CGW_GET(get_plain, "/plain", .mode = CGW_SYNC)
{
    return show_basic(req, &plain_auth);
}
CGW_GET(get_maybe_basic, "/maybe-basic")
{
    return show_basic(req, &maybe_basic_auth);
}
CGW_GET(get_api, "/api")
{
    return show(req, &api_auth);
}
CGW_GET(get_api_sync, "/api-sync", .mode = CGW_SYNC)
{
    return show(req, &api_auth);
}
CGW_GET(get_named, "/named")
{
    return show(req, &named_auth);
}
CGW_GET(get_maybe, "/maybe")
{
    return show(req, &maybe_auth);
}
CGW_GET(get_by_header, "/header")
{
    return show(req, &by_header_auth);
}
CGW_GET(get_by_query, "/query")
{
    return show(req, &by_query_auth);
}
CGW_GET(get_by_cookie, "/cookie")
{
    return show(req, &by_cookie_auth);
}

CGW_GET(get_refused, "/refused")
{
    return cgw_auth_refuse(req, &login_auth, "no %s", "such user");
}
CGW_GET(get_refused_key, "/refused-key")
{
    return cgw_auth_refuse(req, &by_header_auth, "no such key");
}

/* The token says what is granted: "read+write". */
typedef struct Token {
    const char *granted;
} Token;
CGW_DEPENDS(Token, current_token, .auth = &login_auth)
{
    const char *token = cgw_auth_token(req, &login_auth);
    if (!token)
        return CGW_EFAILED;
    char *granted = cgw_fmt(req, "%s", token);
    for (char *c = granted; c && *c; c++)
        *c = *c == '+' ? ' ' : *c;
    out->granted = granted;
    return cgw_auth_allows(req, &login_auth, granted) ? 0 : CGW_EFAILED;
}
CGW_ROUTER(shop, "/shop", .scopes = "read", .depends = CGW_USES(current_token));
CGW_ROUTER(back, "/back", .parent = &shop_router, .scopes = " write  read ");

static cgw_reply show_scopes(cgw_request *req)
{
    cgw_strs scopes = cgw_auth_scopes(req);
    const char *text = "";
    for (size_t i = 0; i < scopes.len; i++)
        text = cgw_fmt(req, "%s[%s]", text, scopes.items[i]);
    return cgw_text(req, 200, "%s", text);
}
CGW_GET(get_front, "/front", .router = &shop_router)
{
    return show_scopes(req);
}
CGW_GET(get_back, "/safe", .router = &back_router, .scopes = "write open", .mode = CGW_SYNC)
{
    return show_scopes(req);
}
CGW_GET(get_none, "/none")
{
    return cgw_auth_allows(req, &login_auth, NULL) ? show_scopes(req) : cgw_done(req);
}
CGW_GET(get_key_scope, "/key-scope", .scopes = "read")
{
    return cgw_auth_allows(req, &by_header_auth, "write reads rea") ? cgw_text(req, 200, "in")
                                                                    : cgw_done(req);
}

CGW_POST(token, "/token", .reply = cgw_token_model)
{
    return cgw_auth_grant(req, &(cgw_token){.access_token = "abc"});
}
CGW_POST(token_full, "/token-full", .reply = cgw_token_model)
{
    return cgw_auth_grant(req, &(cgw_token){.access_token = "abc",
                                            .token_type = "mac",
                                            .expires_in = 60,
                                            .refresh_token = "def",
                                            .scope = "read"});
}
CGW_POST(token_none, "/token-none", .reply = cgw_token_model)
{
    return cgw_auth_grant(req, &(cgw_token){.scope = "read"});
}

/* ---- asking it ---- */

static cgw_test *test;

static void open_test(void)
{
    test = cgw_test_open(.quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void close_test(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

static cgw_answer ask(const char *target, const char *name, const char *value)
{
    const struct cgw_test_field fields[] = {{name, value}, {NULL, NULL}};
    return cgw_test_get(test, target, .fields = value ? fields : NULL, .no_cookies = true);
}

static void gives(const char *target, const char *name, const char *value, const char *text)
{
    cgw_answer answer = ask(target, name, value);
    ck_assert_msg(answer.status == 200, "%s %s: %d %s", target, value ? value : "-", answer.status,
                  answer.text);
    ck_assert_str_eq(answer.text, text);
}

static void is_401(cgw_answer answer, const char *detail, const char *challenge)
{
    ck_assert_int_eq(answer.status, 401);
    ck_assert_msg(cgw_json_eq(answer.text, "/detail", detail), "%s", answer.text);
    ck_assert_str_eq(cgw_answer_header(&answer, "www-authenticate"), challenge);
}

#define MISSING      "\"Not authenticated\""
#define WRONG        "\"Invalid authentication credentials\""
#define STAFF        "Basic realm=\"the \\\"back\\\" room\", charset=\"UTF-8\""
#define BEARER_WRONG "Bearer error=\"invalid_token\""
static const char field[] = "authorization";

START_TEST(test_basic)
{
    /* ada:let:me in */
    gives("/staff", field, "Basic YWRhOmxldDptZSBpbg==", "[ada][let:me in]");
    gives("/plain", field, "bAsIc \t YWRhOmxldDptZSBpbg== ", "[ada][let:me in]");
    gives("/staff", field, "Basic Og==", "[][]");
    gives("/staff", field, "Basic dGVzdDoxMjPCow==", "[test][123\xc2\xa3]"); /* RFC 7617, 2.1 */
    is_401(ask("/staff", field, NULL), MISSING, STAFF);
    is_401(ask("/plain", field, NULL), MISSING, "Basic realm=\"plain\", charset=\"UTF-8\"");
    is_401(ask("/staff", field, "Bearer abc"), MISSING, STAFF);
    is_401(ask("/staff", field, "Basic"), MISSING, STAFF);
    is_401(ask("/staff", field, "BasicYWRhOmxldDptZSBpbg=="), MISSING, STAFF);
}
END_TEST

START_TEST(test_basic_hostile)
{
    static const char *const hostile[] = {
        "Basic YWRh",                 /* no colon */
        "Basic YWRhOmxldDptZSBpbg=",  /* padding cut */
        "Basic YWRhOmxldDptZSBpbh==", /* bits that are none */
        "Basic YWRhOg== x",
        "Basic YWRh*g==",
        "Basic YWQAOmE=", /* NUL in the user */
        "Basic YWQ6YQAi", /* NUL in the password */
        "Basic YWQ6YQoi", /* a line feed */
        "Basic 4uM6YQ==", /* Latin-1 */
        "Basic user=\"ada\", x=\"y\"",
    };
    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++)
        is_401(ask("/staff", field, hostile[i]), WRONG, STAFF);
    is_401(ask("/maybe-basic", field, "Basic YWRh"), WRONG,
           "Basic realm=\"maybe_basic\", charset=\"UTF-8\"");
    gives("/maybe-basic", field, NULL, "nobody");
    gives("/maybe-basic", field, "Basic YTpi", "[a][b]");
}
END_TEST

START_TEST(test_bearer)
{
    gives("/api", field, "Bearer abc.d-e_f~g+h/i==", "abc.d-e_f~g+h/i==");
    gives("/api-sync", field, "BEARER   abc\t", "abc");
    is_401(ask("/api", field, NULL), MISSING, "Bearer");
    is_401(ask("/api-sync", field, NULL), MISSING, "Bearer");
    is_401(ask("/api", field, "Basic YTpi"), MISSING, "Bearer");
    is_401(ask("/api", field, "Bearer "), MISSING, "Bearer");
    is_401(ask("/api", field, "Bearerabc"), MISSING, "Bearer");
    is_401(ask("/api", field, "Bearer a b"), WRONG, BEARER_WRONG);
    is_401(ask("/api", field, "Bearer caf\xc3\xa9"), WRONG, BEARER_WRONG);
    is_401(ask("/named", field, NULL), MISSING, "Bearer realm=\"api\"");
    is_401(ask("/named", field, "Bearer a b"), WRONG,
           "Bearer realm=\"api\", error=\"invalid_token\"");
    gives("/maybe", field, NULL, "nobody");
    gives("/maybe", field, "Digest x", "nobody");
    is_401(ask("/maybe", field, "Bearer a b"), WRONG, BEARER_WRONG);
}
END_TEST

START_TEST(test_two_fields)
{
    const struct cgw_test_field both[] = {
        {"Authorization", "Bearer abc"}, {"authorization", "Bearer abc"}, {NULL, NULL}};
    const struct cgw_test_field keys[] = {{"x-key", "a"}, {"X-KEY", "b"}, {NULL, NULL}};
    is_401(cgw_test_get(test, "/api", .fields = both), WRONG, BEARER_WRONG);
    is_401(cgw_test_get(test, "/maybe", .fields = both), WRONG, BEARER_WRONG);
    is_401(cgw_test_get(test, "/header", .fields = keys), WRONG, "APIKey");
    is_401(cgw_test_get(test, "/query?key=a&key=a"), WRONG, "APIKey");
}
END_TEST

START_TEST(test_lengths)
{
    char token[CGW_AUTH_MAX_LEN + 16] = "Bearer ";
    memset(token + 7, 'x', CGW_AUTH_MAX_LEN);
    gives("/api", field, token, token + 7);
    token[7 + CGW_AUTH_MAX_LEN] = 'x';
    is_401(ask("/api", field, token), WRONG, BEARER_WRONG);
}
END_TEST

START_TEST(test_keys)
{
    gives("/header", "x-key", "  s3cret ", "s3cret");
    gives("/query?key=s3%2bcret", NULL, NULL, "s3+cret");
    gives("/cookie", "cookie", "a=b; key=s3cret", "s3cret");
    is_401(ask("/header", "x-key", NULL), MISSING, "APIKey");
    is_401(ask("/header", "x-key", ""), MISSING, "APIKey");
    is_401(ask("/query?key=", NULL, NULL), MISSING, "APIKey");
    is_401(ask("/query?key=a%00b", NULL, NULL), WRONG, "APIKey");
    is_401(ask("/query?key=a+b", NULL, NULL), WRONG, "APIKey");
    is_401(ask("/cookie", "cookie", "keys=x"), MISSING, "APIKey");
    is_401(ask("/cookie", "cookie", "key=s3cret; a=b; key=other"), WRONG, "APIKey");
    is_401(ask("/refused-key", "x-key", "old"), "\"no such key\"", "APIKey");
}
END_TEST

START_TEST(test_refused)
{
    is_401(ask("/refused", field, NULL), "\"no such user\"", "Bearer");
    is_401(ask("/refused", field, "Bearer abc"), "\"no such user\"", BEARER_WRONG);
}
END_TEST

START_TEST(test_scopes)
{
    gives("/shop/front", field, "Bearer write+read", "[read]");
    gives("/shop/back/safe", field, "Bearer open+write+read", "[read][write][open]");
    gives("/none", NULL, NULL, "");
    is_401(ask("/shop/front", field, NULL), MISSING, "Bearer scope=\"read\"");
    cgw_answer answer = ask("/shop/back/safe", field, "Bearer read+write+opened+ope");
    ck_assert_int_eq(answer.status, 403);
    ck_assert(cgw_json_eq(answer.text, "", "{\"detail\":\"Not enough permissions\"}"));
    ck_assert_str_eq(cgw_answer_header(&answer, "www-authenticate"),
                     "Bearer error=\"insufficient_scope\", scope=\"read write open\"");
    answer = ask("/key-scope", NULL, NULL);
    ck_assert_int_eq(answer.status, 403);
    ck_assert_ptr_null(cgw_answer_header(&answer, "www-authenticate"));
}
END_TEST

START_TEST(test_grant)
{
    cgw_answer answer = cgw_test_post(test, "/token", NULL);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_msg(
        cgw_json_eq(answer.text, "", "{\"access_token\":\"abc\",\"token_type\":\"bearer\"}"), "%s",
        answer.text);
    ck_assert_str_eq(cgw_answer_header(&answer, "cache-control"), "no-store");
    answer = cgw_test_post(test, "/token-full", NULL);
    ck_assert_msg(cgw_json_eq(answer.text, "",
                              "{\"access_token\":\"abc\",\"token_type\":\"mac\",\"expires_in\":60,"
                              "\"refresh_token\":\"def\",\"scope\":\"read\"}"),
                  "%s", answer.text);
    answer = cgw_test_post(test, "/token-none", NULL);
    ck_assert_int_eq(answer.status, 500);
    ck_assert_uint_eq(cgw_test_logged(test, "there is no access_token"), 1);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("auth");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, open_test, close_test);
    tcase_add_test(tc, test_basic);
    tcase_add_test(tc, test_basic_hostile);
    tcase_add_test(tc, test_bearer);
    tcase_add_test(tc, test_two_fields);
    tcase_add_test(tc, test_lengths);
    tcase_add_test(tc, test_keys);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_scopes);
    tcase_add_test(tc, test_grant);
    suite_add_tcase(s, tc);
    return s;
}

UNIT_MAIN(suite)
