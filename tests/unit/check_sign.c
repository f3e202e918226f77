/* Signed texts: what comes back, and what does not. */
#include "sign.h"
#include "unit.h"
#include <cgw/test.h>
#include <stdio.h>
#include <string.h>

/* ---- the application ---- */

typedef struct App {
    cgw_keys *keys, *rotated, *other;
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    app->keys = cgw_keys_new(boot, "old-key-that-nobody-guesses-at-all-1234");
    app->rotated = cgw_keys_new(boot, "new-key-that-nobody-guesses-at-all-5678,\n"
                                      "old-key-that-nobody-guesses-at-all-1234");
    app->other = cgw_keys_new(boot, "new-key-that-nobody-guesses-at-all-5678");
    return app->keys && app->rotated && app->other ? 0 : -1;
}
static void stop(App *app)
{
    (void)app;
}

static const cgw_keys *keys_by(cgw_request *req)
{
    const App *app = cgw_state(req, App);
    const char *which = cgw_query(req, "keys");
    return !which ? app->keys : strcmp(which, "rotated") == 0 ? app->rotated : app->other;
}

static cgw_reply sign(cgw_request *req)
{
    const char *text = cgw_query(req, "text"), *age = cgw_query(req, "age");
    const char *token = cgw_sign(req, keys_by(req), "test", ((cgw_str){text, strlen(text)}),
                                 .max_age = age ? strtol(age, NULL, 10) : 0);
    return cgw_text(req, 200, "%s", token);
}
CGW_GET(get_sign, "/sign")
{
    return sign(req);
}
CGW_GET(get_sign_sync, "/sync/sign", .mode = CGW_SYNC)
{
    return sign(req);
}

static cgw_reply unsign(cgw_request *req)
{
    const char *purpose = cgw_query(req, "purpose");
    cgw_str text;
    CGW_TRY(req, cgw_unsign(req, keys_by(req), purpose ? purpose : "test", cgw_query(req, "token"),
                            &text));
    return cgw_text(req, 200, "%s", text.ptr);
}
CGW_GET(get_unsign, "/unsign")
{
    return unsign(req);
}
CGW_GET(get_unsign_sync, "/sync/unsign", .mode = CGW_SYNC)
{
    return unsign(req);
}

CGW_GET(get_random, "/random/{n:int}")
{
    const char *token = cgw_token_new(req, (size_t)cgw_path_i64(req, "n"));
    return cgw_text(req, 200, "%s", token ? token : "(none)");
}

/* ---- what it answers ---- */

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

static const char *signed_by(const char *target)
{
    cgw_answer answer = cgw_test_get(test, target);
    ck_assert_int_eq(answer.status, 200);
    return answer.text;
}

static int unsigned_by(const char *where, const char *token, const char *more)
{
    char target[512];
    (void)snprintf(target, sizeof(target), "%s?token=%s%s", where, token, more);
    cgw_answer answer = cgw_test_get(test, target);
    ck_assert(answer.status == 401 || strcmp(answer.text, "hi there") == 0);
    return answer.status;
}

START_TEST(test_round)
{
    static const char *const wheres[] = {"", "/sync"};
    for (size_t i = 0; i < 2; i++) {
        char sign[64], back[64];
        (void)snprintf(sign, sizeof(sign), "%s/sign?text=hi+there", wheres[i]);
        (void)snprintf(back, sizeof(back), "%s/unsign", wheres[i]);
        const char *token = signed_by(sign);
        ck_assert_uint_eq(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_."),
                          strlen(token));
        ck_assert_int_eq(unsigned_by(back, token, ""), 200);
        ck_assert_int_eq(unsigned_by(back, token, "&purpose=tes"), 401);
        ck_assert_int_eq(unsigned_by(back, token, "&purpose="), 401);
        ck_assert_int_eq(unsigned_by(back, token, "&keys=other"), 401);
        ck_assert_int_eq(unsigned_by(back, token, "&keys=rotated"), 200);
    }
    ck_assert_int_eq(cgw_test_get(test, "/unsign").status, 401);
}
END_TEST

START_TEST(test_rotation)
{
    const char *token = signed_by("/sign?text=hi+there&keys=rotated");
    ck_assert_int_eq(unsigned_by("/unsign", token, ""), 401);
    ck_assert_int_eq(unsigned_by("/unsign", token, "&keys=other"), 200);
}
END_TEST

START_TEST(test_expiry)
{
    const char *hour = signed_by("/sign?text=hi+there"),
               *ten = signed_by("/sign?text=hi+there&age=10"),
               *ever = signed_by("/sign?text=hi+there&age=-1"),
               *long_one = signed_by("/sign?text=hi+there&age=9223372036854775807");
    cgw_test_clock(test, 8);
    ck_assert_int_eq(unsigned_by("/unsign", ten, ""), 200);
    cgw_test_clock(test, 3);
    ck_assert_int_eq(unsigned_by("/unsign", ten, ""), 401);
    ck_assert_int_eq(unsigned_by("/unsign", hour, ""), 200);
    cgw_test_clock(test, 3600);
    ck_assert_int_eq(unsigned_by("/unsign", hour, ""), 401);
    ck_assert_int_eq(unsigned_by("/sync/unsign", hour, ""), 401);
    ck_assert_int_eq(unsigned_by("/unsign", ever, ""), 200);
    ck_assert_int_eq(unsigned_by("/unsign", long_one, ""), 200);
}
END_TEST

START_TEST(test_random)
{
    const char *one = signed_by("/random/32"), *two = signed_by("/random/32");
    ck_assert_uint_eq(strlen(one), 43);
    ck_assert_str_ne(one, two);
    ck_assert_str_eq(signed_by("/random/15"), "(none)");
    ck_assert_str_eq(signed_by("/random/1025"), "(none)");
    ck_assert_uint_eq(strlen(signed_by("/random/1024")), 1366);
}
END_TEST

/* ---- without an application ---- */

static const cgw_keys one = {.n = 1, .keys = {{1, 2, 3}}}, two = {.n = 2, .keys = {{9}, {1, 2, 3}}};
static struct arena arena;

static int read_token(const cgw_keys *keys, const char *token, size_t len, cgw_str *ret)
{
    return sign_read(&arena, keys, "p", (cgw_str){token, len}, 99, ret);
}

/* Each byte replaced by each other one, cut off, and put in. */
START_TEST(test_tampered)
{
    struct buffer out = BUFFER_IN(&arena);
    cgw_str text;
    sign_write(&out, &one, "p", (cgw_str)CGW_STR("user=1"), 100);
    cgw_str token = buffer_text(&out);
    ck_assert_uint_le(token.len, sign_len(6));
    ck_assert_int_eq(read_token(&two, token.ptr, token.len, &text), CGW_OK);
    ck_assert_uint_eq(text.len, 6);
    ck_assert_str_eq(text.ptr, "user=1");
    ck_assert_int_eq(sign_read(&arena, &one, "p", token, 100, &text), CGW_EDENIED);
    for (size_t i = 0; i < token.len; i++) {
        char *copy = arena_copy(&arena, token.ptr, token.len);
        for (int c = 1; c < 256; c++) {
            copy[i] = (char)(token.ptr[i] + c);
            UNIT_MUST(read_token(&two, copy, token.len, &text) == CGW_EDENIED);
        }
        copy[i] = token.ptr[i];
        UNIT_MUST(read_token(&two, copy, i, &text) == CGW_EDENIED);
        UNIT_MUST(read_token(&two, copy + i + 1, token.len - i - 1, &text) == CGW_EDENIED);
    }
    ck_assert_int_eq(
        read_token(&two, arena_printf(&arena, "%s=", token.ptr).ptr, token.len + 1, &text),
        CGW_EDENIED);
    arena_fini(&arena);
}
END_TEST

/* What stands where cannot be moved from the purpose into the text. */
START_TEST(test_purposes)
{
    char a[KEYS_MAC_LEN + 1], b[KEYS_MAC_LEN + 1];
    keys_sign(&one, 0, "ab", (cgw_str)CGW_STR("c"), a);
    keys_sign(&one, 0, "a", (cgw_str)CGW_STR("bc"), b);
    ck_assert_str_ne(a, b);
    ck_assert(keys_have_signed(&two, "ab", (cgw_str)CGW_STR("c"), (cgw_str){a, KEYS_MAC_LEN}));
    ck_assert(!keys_have_signed(&two, "a", (cgw_str)CGW_STR("c"), (cgw_str){a, KEYS_MAC_LEN}));
    ck_assert(!keys_have_signed(&two, "ab", (cgw_str)CGW_STR("c"), (cgw_str){a, 0}));
}
END_TEST

/* What the bytes are, so that a new version of the library takes what the old one signed. */
START_TEST(test_format)
{
    struct buffer out = BUFFER_IN(&arena);
    sign_write(&out, &one, "p", (cgw_str)CGW_STR("{}"), 0);
    cgw_str token = buffer_text(&out);
    ck_assert_int_eq(strncmp(token.ptr, "e30.0.", 6), 0);
    ck_assert_str_eq(token.ptr + 6, "aaLMtJ4cwP4bjxD7hIh9WBZvkQm_vhe4cVbiyFwaX6Y");
    arena_fini(&arena);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("sign");
    TCase *app = tcase_create("application"), *bare = tcase_create("bare");
    tcase_add_checked_fixture(app, open_test, close_test);
    tcase_add_test(app, test_round);
    tcase_add_test(app, test_rotation);
    tcase_add_test(app, test_expiry);
    tcase_add_test(app, test_random);
    tcase_add_test(bare, test_tampered);
    tcase_add_test(bare, test_purposes);
    tcase_add_test(bare, test_format);
    suite_add_tcase(s, app);
    suite_add_tcase(s, bare);
    return s;
}

UNIT_MAIN(suite)
