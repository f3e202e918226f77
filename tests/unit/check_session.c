/* Sessions in a signed cookie, with a browser that keeps cookies and a clock that jumps. */
#include "unit.h"
#include <cgw.h>
#include <cgw/crypto.h>
#include <cgw/test.h>
#include <stdio.h>
#include <string.h>

#define FIRST  "first-key-that-nobody-guesses-at-all-12"
#define SECOND "second-key-that-nobody-guesses-at-all-3"

/* ---- the application ---- */

CGW_SESSIONS(web, .secret_env = "CHECK_SESSION_SECRET", .max_age = 3600);
CGW_SESSIONS(admin, .secret_env = "CHECK_SESSION_SECRET", .cookie = "admin", .path = "/admin",
             .same_site = "strict", .secure = true, .until_closed = true);
CGW_SESSIONS(lasting, .secret_env = "CHECK_SESSION_SECRET", .cookie = "lasting",
             .max_age = INT64_MAX);
CGW_ROUTER(pages, "", .middleware = CGW_THROUGH(web));
CGW_ROUTER(admins, "/admin", .middleware = CGW_THROUGH(admin));
CGW_ROUTER(lastings, "/lasting", .middleware = CGW_THROUGH(lasting));

static cgw_reply show(cgw_request *req)
{
    const char *user = cgw_session_get(req, "user");
    return cgw_text(req, 200, "%s %lld", user ? user : "-",
                    (long long)cgw_session_get_i64(req, "visits", 0));
}
/* /set?user=ada: all that the query has, then what is there. */
static cgw_reply set(cgw_request *req)
{
    const char *user = cgw_query(req, "user"), *visits = cgw_query(req, "visits");
    if (user)
        CGW_TRY(req, cgw_session_set(req, "user", user));
    if (visits)
        CGW_TRY(req, cgw_session_set_i64(req, "visits", strtoll(visits, NULL, 10)));
    return show(req);
}

CGW_GET(get_untouched, "/untouched", .router = &pages_router)
{
    return cgw_text(req, 200, "-");
}
CGW_GET(get_show, "/show", .router = &pages_router)
{
    return show(req);
}
CGW_GET(get_set, "/set", .router = &pages_router)
{
    return set(req);
}
CGW_GET(get_set_sync, "/sync/set", .router = &pages_router, .mode = CGW_SYNC)
{
    return set(req);
}
CGW_GET(get_admin, "/set", .router = &admins_router, .name = "set_admin")
{
    return set(req);
}
CGW_GET(get_lasting, "/set", .router = &lastings_router, .name = "set_lasting")
{
    return set(req);
}
CGW_GET(get_remove, "/remove", .router = &pages_router)
{
    CGW_TRY(req, cgw_session_del(req, "visits"));
    return show(req);
}
CGW_GET(get_clear, "/clear", .router = &pages_router)
{
    CGW_TRY(req, cgw_session_clear(req));
    return show(req);
}
CGW_GET(get_renew, "/renew", .router = &pages_router)
{
    CGW_TRY(req, cgw_session_renew(req));
    return set(req);
}
CGW_GET(get_fail, "/fail", .router = &pages_router)
{
    CGW_TRY(req, cgw_session_set(req, "user", "failed"));
    return cgw_fail(req, 418, "no coffee");
}
CGW_GET(get_stream, "/stream", .router = &pages_router)
{
    CGW_TRY(req, cgw_session_set(req, "user", "streamed"));
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_TRY(req, cgw_print(req, "piece "));
    CGW_TRY(req, cgw_print(req, "%d", cgw_session_set(req, "user", "late")));
    return cgw_stream_end(req);
}
CGW_GET(get_big, "/big/{n:int}", .router = &pages_router)
{
    size_t n = (size_t)cgw_path_i64(req, "n");
    char *text = cgw_alloc(req, n + 1);
    memset(text, 'x', n);
    int status = cgw_session_set(req, "big", text);
    return cgw_text(req, 200, "%d", status);
}
CGW_GET(get_wrong, "/wrong", .router = &pages_router)
{
    int none = cgw_session_set(req, "user", NULL), bad = cgw_session_set(req, "user", "\xff");
    int no_key = cgw_session_set(req, NULL, "x"), removed = cgw_session_del(req, NULL);
    return cgw_text(req, 200, "%d %d %d %d %d", none, bad, no_key, removed,
                    cgw_session_get(req, NULL) != NULL);
}
CGW_GET(get_outside, "/outside")
{
    const char *user = cgw_session_get(req, "user");
    return cgw_text(req, 200, "%d %d", user != NULL, cgw_session_set(req, "user", "x"));
}
CGW_GET(get_vary, "/vary", .router = &pages_router)
{
    (void)cgw_add_header(req, "vary", "accept");
    return show(req);
}

/* ---- a browser ---- */

static cgw_test *test;

static void open_with(const char *secret)
{
    setenv("CHECK_SESSION_SECRET", secret, 1);
    test = cgw_test_open(.quiet = true, .https = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void open_test(void)
{
    open_with(FIRST);
}

static void close_test(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

static cgw_answer gives(const char *target, const char *text)
{
    cgw_answer answer = cgw_test_get(test, target);
    ck_assert_msg(answer.status == 200, "%s: %d %s", target, answer.status, answer.text);
    ck_assert_str_eq(answer.text, text);
    return answer;
}

static const char *set_cookie(cgw_answer answer)
{
    return cgw_answer_header(&answer, "set-cookie");
}

START_TEST(test_kept)
{
    ck_assert_ptr_nonnull(set_cookie(gives("/set?user=ada&visits=1", "ada 1")));
    gives("/show", "ada 1");
    ck_assert_ptr_nonnull(
        set_cookie(gives("/sync/set?visits=-9223372036854775808", "ada -9223372036854775808")));
    gives("/show", "ada -9223372036854775808");
    gives("/remove", "ada 0");
    gives("/set?user=no+number", "no number 0");
    gives("/show", "no number 0");
}
END_TEST

START_TEST(test_attributes)
{
    const char *cookie = set_cookie(gives("/set?user=ada", "ada 0"));
    ck_assert_int_eq(strncmp(cookie, "session=eyJ1c2VyIjoiYWRhIn0.", 28), 0);
    ck_assert_str_eq(strchr(cookie, ';'), "; Path=/; Max-Age=3600; SameSite=lax; HttpOnly; Secure");
    cookie = set_cookie(gives("/admin/set?user=ada", "ada 0"));
    ck_assert_str_eq(strchr(cookie, ';'), "; Path=/admin; SameSite=strict; HttpOnly; Secure");
}
END_TEST

/* Nobody has looked: the same for all. Somebody has: it varies; nothing new: no cookie. */
START_TEST(test_unchanged)
{
    cgw_answer answer = gives("/untouched", "-");
    ck_assert_ptr_null(cgw_answer_header(&answer, "vary"));
    ck_assert_ptr_null(set_cookie(answer));
    answer = gives("/show", "- 0");
    ck_assert_str_eq(cgw_answer_header(&answer, "vary"), "cookie");
    ck_assert_ptr_null(set_cookie(answer));
    gives("/set?user=ada", "ada 0");
    ck_assert_ptr_null(set_cookie(gives("/set?user=ada", "ada 0")));
    ck_assert_ptr_null(set_cookie(gives("/remove", "ada 0")));
    answer = gives("/vary", "ada 0");
    ck_assert_uint_ge(answer.n_fields, 2);
    size_t n = 0;
    for (size_t i = 0; i < answer.n_fields; i++)
        n += strcmp(answer.fields[i].name, "vary") == 0;
    ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(test_clear)
{
    ck_assert_ptr_null(set_cookie(gives("/clear", "- 0")));
    gives("/set?user=ada", "ada 0");
    const char *cookie = set_cookie(gives("/clear", "- 0"));
    ck_assert_str_eq(cookie, "session=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "
                             "SameSite=lax; HttpOnly; Secure");
    ck_assert_ptr_null(cgw_test_cookie_value(test, "session"));
    gives("/show", "- 0");
}
END_TEST

START_TEST(test_renew)
{
    gives("/set?user=guest&visits=7", "guest 7");
    ck_assert_ptr_nonnull(set_cookie(gives("/renew?user=ada", "ada 0")));
    gives("/show", "ada 0");
    cgw_test_clock(test, 3000);
    ck_assert_ptr_nonnull(set_cookie(gives("/renew?user=ada", "ada 0")));
    cgw_test_clock(test, 3000);
    gives("/show", "ada 0");
}
END_TEST

static cgw_answer show_with(const char *value)
{
    char cookie[8192];
    (void)snprintf(cookie, sizeof(cookie), "session=%s", value);
    const struct cgw_test_field fields[] = {{"cookie", cookie}, {NULL, NULL}};
    return cgw_test_get(test, "/show", .fields = fields, .no_cookies = true);
}

/* The cookie's lifetime is in what is signed: a client that keeps it longer gains nothing. */
START_TEST(test_expiry)
{
    gives("/lasting/set?user=ada", "ada 0");
    gives("/lasting/set", "ada 0");
    gives("/set?user=ada", "ada 0");
    char *value = strdup(cgw_test_cookie_value(test, "session"));
    cgw_test_clock(test, 3590);
    ck_assert_str_eq(show_with(value).text, "ada 0");
    cgw_test_clock(test, 15);
    cgw_answer answer = show_with(value);
    ck_assert_str_eq(answer.text, "- 0");
    ck_assert_ptr_null(set_cookie(answer));
    free(value);
}
END_TEST

START_TEST(test_tampered)
{
    gives("/set?user=ada", "ada 0");
    char *value = strdup(cgw_test_cookie_value(test, "session"));
    size_t len = strlen(value);
    ck_assert_str_eq(show_with(value).text, "ada 0");
    for (size_t i = 0; i < len; i++) {
        char was = value[i];
        value[i] = was == 'A' ? 'B' : 'A';
        cgw_answer answer = show_with(value);
        UNIT_MUST(answer.status == 200 && strcmp(answer.text, "- 0") == 0);
        UNIT_MUST(set_cookie(answer) == NULL);
        value[i] = was;
    }
    ck_assert_str_eq(show_with("").text, "- 0");
    ck_assert_str_eq(show_with(".").text, "- 0");
    ck_assert_str_eq(show_with("..").text, "- 0");
    ck_assert_str_eq(show_with("\"\\").text, "- 0");
    char large[5000];
    memset(large, 'x', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    ck_assert_str_eq(show_with(large).text, "- 0");
    free(value);
}
END_TEST

/* One cookie's value is none of another's, though the key is the same. */
START_TEST(test_other_cookie)
{
    gives("/admin/set?user=root", "root 0");
    const char *cookie = set_cookie(gives("/admin/set?user=root2", "root2 0"));
    char *value = strndup(cookie + 6, strcspn(cookie, ";") - 6);
    ck_assert_str_eq(show_with(value).text, "- 0");
    free(value);
}
END_TEST

START_TEST(test_streams_and_errors)
{
    cgw_answer answer = gives("/stream", "piece -1");
    ck_assert_ptr_nonnull(set_cookie(answer));
    ck_assert_uint_eq(cgw_test_logged(test, "the response has begun already"), 1);
    gives("/show", "streamed 0");
    ck_assert_int_eq(cgw_test_get(test, "/fail").status, 418);
    gives("/show", "failed 0");
}
END_TEST

START_TEST(test_size)
{
    gives("/big/2500", "0");
    cgw_answer answer = gives("/big/4000", "-34");
    ck_assert_ptr_null(set_cookie(answer));
    ck_assert_uint_eq(cgw_test_logged(test, "a limit in bytes was exceeded"), 1);
    int n = 2500;
    for (char target[32]; n < 4000; n += 7) {
        (void)snprintf(target, sizeof(target), "/big/%d", n);
        answer = cgw_test_get(test, target);
        if (strcmp(answer.text, "0") != 0)
            break;
        UNIT_MUST(!set_cookie(answer) || strlen(set_cookie(answer)) <= 4096);
    }
    ck_assert_int_gt(n, 2850);
    ck_assert_int_lt(n, 3000);
}
END_TEST

START_TEST(test_refused)
{
    gives("/wrong", "-1 -1 -1 -1 0");
    gives("/outside", "0 -1");
    ck_assert_uint_eq(cgw_test_logged(test, "/outside: there is no CGW_SESSIONS()"), 2);
}
END_TEST

START_TEST(test_rotation)
{
    open_with(FIRST);
    gives("/set?user=ada", "ada 0");
    char *value = strdup(cgw_test_cookie_value(test, "session"));
    close_test();
    open_with(SECOND "," FIRST);
    ck_assert_str_eq(show_with(value).text, "ada 0");
    close_test();
    open_with(SECOND);
    ck_assert_str_eq(show_with(value).text, "- 0");
    close_test();
    free(value);
}
END_TEST

static void does_not_start(const char *secret, const char *why)
{
    if (secret)
        setenv("CHECK_SESSION_SECRET", secret, 1);
    else
        unsetenv("CHECK_SESSION_SECRET");
    ck_assert_ptr_null(cgw_test_open(.quiet = true));
    ck_assert_msg(strstr(cgw_test_error(), why) != NULL, "%s", cgw_test_error());
    ck_assert(!secret || !*secret || !strstr(cgw_test_error(), secret));
}

START_TEST(test_secrets)
{
    does_not_start(NULL, "CHECK_SESSION_SECRET is not set: it holds the key");
    does_not_start("", "CHECK_SESSION_SECRET is not set: it holds the key");
    does_not_start(" , ", "CHECK_SESSION_SECRET is not set: it holds the key");
    does_not_start("too short", "CHECK_SESSION_SECRET: a key has 32 characters or more");
    does_not_start(FIRST ",short", "this one has 5");
    does_not_start(FIRST " " FIRST " " FIRST " " FIRST " " FIRST " " FIRST " " FIRST " " FIRST
                         " " FIRST,
                   "there are more than 8 keys");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("session");
    TCase *app = tcase_create("application"), *bare = tcase_create("bare");
    tcase_add_checked_fixture(app, open_test, close_test);
    tcase_add_test(app, test_kept);
    tcase_add_test(app, test_attributes);
    tcase_add_test(app, test_unchanged);
    tcase_add_test(app, test_clear);
    tcase_add_test(app, test_renew);
    tcase_add_test(app, test_expiry);
    tcase_add_test(app, test_tampered);
    tcase_add_test(app, test_other_cookie);
    tcase_add_test(app, test_streams_and_errors);
    tcase_add_test(app, test_size);
    tcase_add_test(app, test_refused);
    tcase_add_test(bare, test_rotation);
    tcase_add_test(bare, test_secrets);
    suite_add_tcase(s, app);
    suite_add_tcase(s, bare);
    return s;
}

UNIT_MAIN(suite)
