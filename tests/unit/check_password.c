/*
 * Hashes of passwords on the pool: how many at once, what they cost, what is taken for one. The
 * library's function is counted by one of the same name, which calls it.
 */
#include "unit.h"
#include <cgw.h>
#include <cgw/crypto.h>
#include <cgw/test.h>
#include <dlfcn.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_int running, most, calls;
static pthread_t loop_thread;
static atomic_bool was_on_loop;
static int fails_with;

int crypto_pwhash_str_alg(char out[crypto_pwhash_STRBYTES], const char *const password,
                          unsigned long long len, unsigned long long passes, size_t memory, int alg)
{
    int (*real)(char *, const char *, unsigned long long, unsigned long long, size_t, int);
    const struct timespec nap = {0, 3000000};
    int now = atomic_fetch_add(&running, 1) + 1, seen = atomic_load(&most);
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    if (pthread_equal(pthread_self(), loop_thread))
        atomic_store(&was_on_loop, true);
    atomic_fetch_add(&calls, 1);
    nanosleep(&nap, NULL);
    *(void **)&real = dlsym(RTLD_NEXT, "crypto_pwhash_str_alg");
    int status = fails_with ? fails_with : real(out, password, len, passes, memory, alg);
    atomic_fetch_sub(&running, 1);
    return status;
}

/* ---- the application ---- */

typedef struct App {
    const char *first; /* hashed at start */
} App;
CGW_LIFESPAN(App, start, stop);
static struct cgw_password_cost cost;
static int start(cgw_boot *boot, App *app)
{
    if (cgw__password_setup(boot, cost) != 0)
        return -1;
    return cgw_password_hash(NULL, "start", &app->first);
}
static void stop(App *app)
{
    (void)app;
}

static cgw_reply hash(cgw_request *req)
{
    const char *text = "";
    CGW_TRY(req, cgw_password_hash(req, cgw_query(req, "password"), &text));
    return cgw_text(req, 200, "%s", text);
}
CGW_GET(get_hash, "/hash")
{
    return hash(req);
}
CGW_GET(get_hash_sync, "/sync/hash", .mode = CGW_SYNC)
{
    return hash(req);
}
static cgw_reply verify(cgw_request *req, const char *text)
{
    CGW_TRY(req, cgw_password_verify(req, text, cgw_query(req, "password")));
    return cgw_text(req, 200, "right%s", cgw_password_is_outdated(text) ? ", outdated" : "");
}
CGW_GET(get_verify, "/verify")
{
    return verify(req, cgw_query(req, "text"));
}
CGW_GET(get_verify_sync, "/sync/verify", .mode = CGW_SYNC)
{
    return verify(req, cgw_query(req, "text"));
}
CGW_GET(get_first, "/first")
{
    return verify(req, cgw_state(req, App)->first);
}
CGW_GET(get_long, "/long/{n:int}")
{
    char password[8192] = "";
    const char *text;
    memset(password, 'x', (size_t)cgw_path_i64(req, "n"));
    int hashed = cgw_password_hash(req, password, &text);
    int verified = cgw_password_verify(req, cgw_state(req, App)->first, password);
    return cgw_text(req, 200, "%d %d", hashed, verified);
}

/* ---- asking it ---- */

static cgw_test *test;

static void open_test(void)
{
    cost = (struct cgw_password_cost){.memory_bytes = 64 << 10, .passes = 1, .at_once = 3};
    loop_thread = pthread_self();
    test = cgw_test_open(.quiet = true, .threads = 12, .patience = 30);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
    ck_assert_int_eq(calls, 1);
}

static void close_test(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
    ck_assert(!was_on_loop);
}

/* '+' is a blank in a query. */
static void escape(char *dst, const char *text)
{
    for (; *text; text++) {
        if (*text == '+')
            dst = stpcpy(dst, "%2b");
        else
            *dst++ = *text;
    }
    *dst = '\0';
}

static int ask_verify(const char *where, const char *text, const char *password, const char *want)
{
    char target[1024], escaped[512];
    escape(escaped, text ? text : "");
    (void)snprintf(target, sizeof(target), "%s?password=%s%s%s", where, password,
                   text ? "&text=" : "", escaped);
    cgw_answer answer = cgw_test_get(test, target);
    if (answer.status == 200)
        ck_assert_str_eq(answer.text, want);
    return answer.status;
}

START_TEST(test_right_and_wrong)
{
    static const char *const wheres[] = {"/hash?password=a", "/sync/hash?password=a"};
    static const char *const backs[] = {"/verify", "/sync/verify"};
    for (size_t i = 0; i < 2; i++) {
        cgw_answer answer = cgw_test_get(test, wheres[i]);
        ck_assert_int_eq(answer.status, 200);
        ck_assert_int_eq(strncmp(answer.text, "$argon2id$v=19$m=64,t=1,p=1$", 28), 0);
        ck_assert_int_eq(ask_verify(backs[i], answer.text, "a", "right"), 200);
        ck_assert_int_eq(ask_verify(backs[i], answer.text, "b", ""), 401);
        ck_assert_int_eq(ask_verify(backs[i], answer.text, "", ""), 401);
    }
    ck_assert_int_eq(ask_verify("/first", NULL, "start", "right"), 200);
    ck_assert_int_eq(ask_verify("/first", NULL, "other", ""), 401);
    ck_assert_int_eq(cgw_test_get(test, "/hash").status, 500);
}
END_TEST

START_TEST(test_no_text)
{
    static const char *const none[] = {
        "x",
        "$argon2id$v=19$m=64,t=1,p=1$",
        "$argon2id$v=19$m=2097152,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=65,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=-1,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
        "$2b$12$abcdefghijklmnopqrstuu5Lj4Q8lRzBvL0m2o9eBH9hEXsFyFZ9e"};
    /* each takes a hash's time, as no such user does */
    int before = calls;
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        ck_assert_int_eq(ask_verify("/verify", none[i], "a", ""), 401);
    ck_assert_int_eq(calls, before + (int)(sizeof(none) / sizeof(*none)));
    ck_assert_int_eq(ask_verify("/verify", NULL, "a", ""), 401);
    ck_assert_int_eq(ask_verify("/verify", "", "a", ""), 401);
    ck_assert_int_eq(calls, before + (int)(sizeof(none) / sizeof(*none)) + 2);
}
END_TEST

START_TEST(test_outdated)
{
    char text[crypto_pwhash_STRBYTES];
    ck_assert_int_eq(crypto_pwhash_str_alg(text, "a", 1, 2, 64 << 10, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    was_on_loop = false;
    ck_assert_int_eq(ask_verify("/verify", text, "a", "right, outdated"), 200);
}
END_TEST

START_TEST(test_long)
{
    ck_assert_str_eq(cgw_test_get(test, "/long/4096").text, "0 -39");
    ck_assert_str_eq(cgw_test_get(test, "/long/4097").text, "-34 -39");
}
END_TEST

START_TEST(test_memory)
{
    fails_with = -1;
    ck_assert_int_eq(cgw_test_get(test, "/hash?password=a").status, 500);
    ck_assert_int_eq(cgw_test_get(test, "/verify?password=a").status, 500);
    fails_with = 0;
    ck_assert_int_eq(cgw_test_get(test, "/hash?password=a").status, 200);
}
END_TEST

/* 64 at once: three of them run, and of sync ones three more. */
START_TEST(test_at_once)
{
    enum { N = 64 };
    static struct cgw_test_request requests[N];
    static cgw_answer answers[N];
    for (size_t i = 0; i < N; i++)
        requests[i] = (struct cgw_test_request){.target = "/hash?password=a"};
    cgw_test_together(test, requests, N, answers);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(answers[i].status, 200);
    ck_assert_int_eq(calls, 1 + N);
    ck_assert_int_le(most, 3);
    for (size_t i = 0; i < N; i += 2)
        requests[i].target = "/sync/hash?password=a";
    cgw_test_together(test, requests, N, answers);
    for (size_t i = 0; i < N; i++)
        ck_assert_int_eq(answers[i].status, 200);
    ck_assert_int_le(most, 6);
    ck_assert_int_ge(most, 2);
}
END_TEST

static void does_not_start(struct cgw_password_cost wanted)
{
    cost = wanted;
    ck_assert_ptr_null(cgw_test_open(.quiet = true));
    ck_assert_ptr_nonnull(strstr(cgw_test_error(), "cgw_password_setup()"));
}

START_TEST(test_bounds)
{
    does_not_start((struct cgw_password_cost){.memory_bytes = 8191});
    does_not_start((struct cgw_password_cost){.memory_bytes = ((uint64_t)1 << 30) + 1});
    does_not_start((struct cgw_password_cost){.passes = 65});
    does_not_start((struct cgw_password_cost){.at_once = 65});
}
END_TEST

START_TEST(test_secret)
{
    ck_assert(cgw_secret_is((cgw_str)CGW_STR("abc"), (cgw_str)CGW_STR("abc")));
    ck_assert(!cgw_secret_is((cgw_str)CGW_STR("abc"), (cgw_str)CGW_STR("abd")));
    ck_assert(!cgw_secret_is((cgw_str)CGW_STR("ab"), (cgw_str)CGW_STR("abc")));
    ck_assert(cgw_secret_is((cgw_str){NULL, 0}, (cgw_str)CGW_STR("")));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("password");
    TCase *app = tcase_create("application"), *bare = tcase_create("bare");
    tcase_add_checked_fixture(app, open_test, close_test);
    tcase_add_test(app, test_right_and_wrong);
    tcase_add_test(app, test_no_text);
    tcase_add_test(app, test_outdated);
    tcase_add_test(app, test_long);
    tcase_add_test(app, test_memory);
    tcase_add_test(app, test_at_once);
    tcase_add_test(bare, test_bounds);
    tcase_add_test(bare, test_secret);
    suite_add_tcase(s, app);
    suite_add_tcase(s, bare);
    return s;
}

UNIT_MAIN(suite)
