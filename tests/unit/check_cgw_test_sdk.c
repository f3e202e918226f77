/* libcgw-test and an application on the SDK: fibers, threads, background tasks, dependencies. */
#include "tester_play.h"
#include "unit.h"
#include <cgw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- the application ---- */

typedef struct App {
    int64_t balance;
} App;
CGW_LIFESPAN(App, start, stop);

static int stopped_with_log;

static int start(cgw_boot *boot, App *app)
{
    (void)boot;
    app->balance = 100;
    return cgw_sleep(1);
}

static void stop(App *app)
{
    (void)app;
    stopped_with_log++;
}

typedef struct User {
    int64_t id;
    char name[16];
} User;

CGW_DEPENDS(User, current_user)
{
    if (!cgw_header(req, "authorization"))
        return 401;
    *out = (User){1, "ada"};
    return 0;
}

CGW_GET(me, "/me")
{
    const User *user = User_need(req);
    return user ? cgw_text(req, 200, "%s", user->name) : cgw_done(req);
}

CGW_GET(nap, "/nap/{seconds:float}")
{
    CGW_TRY(req, cgw_sleep(cgw_path_f64(req, "seconds")));
    return cgw_text(req, 200, "napped");
}

CGW_GET(moment, "/moment")
{
    return cgw_text(req, 200, "%lld", (long long)cgw_datetime_now().unix_us);
}

CGW_GET(sync_moment, "/moment/sync", .mode = CGW_SYNC)
{
    return cgw_text(req, 200, "%lld", (long long)cgw_datetime_now().unix_us);
}

CGW_GET(torn, "/torn")
{
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_TRY(req, cgw_write(req, "half", 4));
    return cgw_error(req, CGW_EFAILED);
}

static void *set_seven(void *promise)
{
    cgw_promise_set(promise, 7);
    return NULL;
}

/* What a thread of the application's own answers, or a code. */
static int ask_a_thread(void)
{
    pthread_t thread;
    cgw_promise *promise = cgw_promise_new();
    if (!promise)
        return CGW_ENOMEM;
    ck_assert_int_eq(pthread_create(&thread, NULL, set_seven, promise), 0);
    int status = cgw_promise_wait(promise);
    pthread_join(thread, NULL);
    cgw_promise_drop(promise);
    return status;
}

CGW_GET(forty_answers, "/answers")
{
    int sum = 0;
    for (int i = 0; i < 40; i++)
        sum += ask_a_thread();
    return cgw_text(req, 200, "%d", sum);
}

/* The same on a thread, whose sleep is the loop's. */
CGW_GET(sync_nap, "/sync-nap/{seconds:float}", .mode = CGW_SYNC)
{
    CGW_TRY(req, cgw_sleep(cgw_path_f64(req, "seconds")));
    return cgw_text(req, 200, "napped");
}

/* What blocks for real is right here. */
CGW_GET(sync_block, "/sync-block", .mode = CGW_SYNC)
{
    usleep(20000);
    return cgw_text(req, 200, "blocked");
}

CGW_GET(block, "/block")
{
    sleep(20);
    return cgw_text(req, 200, "blocked");
}

/* Wrong: what was read before a suspension is old behind it. */
CGW_POST(draw, "/draw")
{
    App *app = cgw_state(req, App);
    int64_t seen = app->balance;
    cgw_str body;
    CGW_TRY(req, cgw_body_text(req, &body));
    app->balance = seen - 1;
    return cgw_text(req, 200, "%lld", (long long)app->balance);
}

static void mail(void *arg)
{
    if (cgw_sleep(5) != CGW_OK)
        return;
    cgw_log(NULL, "mail to %s", (const char *)arg);
}

CGW_POST(sign_up, "/sign-up")
{
    cgw_after(req, mail, (void *)(uintptr_t) "ada");
    return cgw_empty(req, 202);
}

static void index_later(void *arg)
{
    (void)arg;
    cgw_log(NULL, "%s", cgw_sleep(3) == CGW_OK ? "indexed" : "canceled");
}

CGW_POST(add, "/add")
{
    CGW_TRY(req, cgw_spawn(index_later, NULL));
    return cgw_empty(req, 202);
}

CGW_GET(failing, "/failing")
{
    return cgw_fail(req, 500, "as asked");
}

/* ---- the tests ---- */

static cgw_test *test;

static void set_up(void)
{
    test = cgw_test_open(.quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

START_TEST(the_startup_may_sleep)
{
    ck_assert_double_eq_tol(cgw_test_now(test), 1, 0.001);
}
END_TEST

START_TEST(naps_take_no_time)
{
    cgw_answer answers[10];
    static const char *const targets[] = {"/nap/2", "/sync-nap/2"};
    for (size_t i = 0; i < 2; i++) {
        cgw_test_crowd(test, (struct cgw_test_request){.target = targets[i]}, 8, answers);
        for (size_t k = 0; k < 8; k++) {
            ck_assert_str_eq(answers[k].text, "napped");
            ck_assert_double_eq_tol(answers[k].seconds, 2, 0.001);
        }
    }
    ck_assert_str_eq(cgw_test_get(test, "/sync-block").text, "blocked");
    ck_assert_double_eq_tol(cgw_test_now(test), 5, 0.001);
}
END_TEST

/* More than there are threads: they take turns, in virtual time too. */
START_TEST(the_time_of_day_goes_with_the_clock)
{
    long long before = strtoll(cgw_test_get(test, "/moment").text, NULL, 10);
    ck_assert_int_le(llabs(before / 1000000 - time(NULL)), 60);
    cgw_test_clock(test, 86400);
    long long later = strtoll(cgw_test_get(test, "/moment/sync").text, NULL, 10) - before;
    ck_assert_int_ge(later, 86400 * 1000000LL);
    ck_assert_int_le(later, 86401 * 1000000LL);
}
END_TEST

START_TEST(a_stream_that_breaks_off_is_an_answer)
{
    cgw_answer answer = cgw_test_get(test, "/torn");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(!answer.is_complete);
    ck_assert_str_eq(answer.text, "half");
}
END_TEST

START_TEST(threads_are_not_endless)
{
    cgw_answer answers[20];
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/sync-nap/1"}, 20, answers);
    size_t late = 0;
    for (size_t i = 0; i < 20; i++)
        late += answers[i].seconds > 1.5;
    ck_assert_uint_eq(late, 12);
    ck_assert_double_eq_tol(cgw_test_now(test), 4, 0.001);
}
END_TEST

START_TEST(row_180_dependencies_are_overridden)
{
    const User bob = {2, "bob"};
    ck_assert_int_eq(cgw_test_get(test, "/me").status, 401);
    ck_assert_int_eq(cgw_test_override(test, "current_user", &bob, sizeof bob), 0);
    ck_assert_str_eq(cgw_test_get(test, "/me").text, "bob");
    ck_assert_int_eq(cgw_test_override(test, "current_user", NULL, 0), 0);
    ck_assert_int_eq(cgw_test_get(test, "/me").status, 401);
    ck_assert_int_eq(cgw_test_override(test, "nobody", &bob, sizeof bob), -1);
    ck_assert_int_eq(cgw_test_override(test, "current_user", &bob, 3), -1);
}
END_TEST

static int user_of_field(cgw_request *req, User *out)
{
    snprintf(out->name, sizeof out->name, "%s", cgw_header(req, "x-user"));
    return 0;
}

START_TEST(row_180_dependencies_are_overridden_by_functions)
{
    const struct cgw_test_field fields[] = {{"x-user", "eve"}, {NULL, NULL}};
    ck_assert_int_eq(cgw_test_override_fn(test, "current_user", user_of_field), 0);
    ck_assert_str_eq(cgw_test_get(test, "/me", .fields = fields).text, "eve");
}
END_TEST

START_TEST(background_tasks_are_waited_for)
{
    ck_assert_int_eq(cgw_test_post(test, "/sign-up", NULL).status, 202);
    ck_assert_uint_eq(cgw_test_logged(test, "mail to ada"), 0);
    double before = cgw_test_now(test);
    cgw_test_settle(test);
    ck_assert_uint_eq(cgw_test_logged(test, "mail to ada"), 1);
    ck_assert_double_eq_tol(cgw_test_now(test) - before, 5, 0.001);
}
END_TEST

START_TEST(tasks_outlive_their_request)
{
    ck_assert_int_eq(cgw_test_post(test, "/add", NULL).status, 202);
    cgw_test_clock(test, 2.9);
    ck_assert_uint_eq(cgw_test_logged(test, "indexed"), 0);
    cgw_test_clock(test, 0.2);
    ck_assert_uint_eq(cgw_test_logged(test, "indexed"), 1);
    ck_assert_int_eq(cgw_test_post(test, "/add", NULL).status, 202);
}
END_TEST

/* Some seeds hide the mistake, others show it; one that does does so each time. */
START_TEST(a_race_is_found_again)
{
    uint64_t found = 0;
    for (uint64_t seed = 1; seed <= 20 && !found; seed++) {
        cgw_test *race = cgw_test_open(.quiet = true, .seed = seed);
        cgw_answer answers[2];
        cgw_test_crowd(race,
                       (struct cgw_test_request){.method = "POST", .target = "/draw", .body = "x"},
                       2, answers);
        found = strcmp(answers[0].text, answers[1].text) == 0 ? seed : 0;
        ck_assert_int_eq(cgw_test_close(race), 0);
    }
    ck_assert_uint_ne(found, 0);
    for (int i = 0; i < 5; i++) {
        cgw_test *race = cgw_test_open(.quiet = true, .seed = found);
        cgw_answer answers[2];
        cgw_test_crowd(race,
                       (struct cgw_test_request){.method = "POST", .target = "/draw", .body = "x"},
                       2, answers);
        ck_assert_str_eq(answers[0].text, answers[1].text);
        ck_assert_int_eq(cgw_test_close(race), 0);
    }
}
END_TEST

static void block_the_others(void)
{
    cgw_test *other = cgw_test_open(.quiet = true, .patience = 0.3);
    cgw_answer answers[2];
    const struct cgw_test_request requests[] = {{.target = "/nap/1"}, {.target = "/block"}};
    cgw_test_together(other, requests, 2, answers);
}

static void sleep_too_long(void)
{
    cgw_test *other = cgw_test_open(.quiet = true, .budget = 10);
    cgw_test_get(other, "/nap/11");
}

static void raise_a_500(void)
{
    cgw_test_get(cgw_test_open(.quiet = true, .raise = true), "/failing");
}

START_TEST(who_blocks_or_never_ends_is_named)
{
    const char *text = play_dies(block_the_others);
    ck_assert_msg(strstr(text, "GET /block: blocks the loop") != NULL, "%s", text);
    text = play_dies(sleep_too_long);
    ck_assert_msg(strstr(text, "GET /nap/11: has not ended after 10 virtual seconds") != NULL, "%s",
                  text);
    ck_assert_msg(strstr(text, "of /nap/{seconds:float} is sleeping at ") != NULL, "%s", text);
    text = play_dies(raise_a_500);
    ck_assert_msg(strstr(text, "GET /failing: was answered with 500") != NULL, "%s", text);
}
END_TEST

/* Each of them would be held for a tenth of a second, did the tester wait for more of the kind. */
START_TEST(threads_of_its_own_are_heard_soon)
{
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    ck_assert_str_eq(cgw_test_get(test, "/answers").text, "280");
    clock_gettime(CLOCK_MONOTONIC, &end);
    ck_assert_int_lt(end.tv_sec - begin.tv_sec, 3);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("cgw_test_sdk");
    TCase *tcase = tcase_create("sdk"), *alone = tcase_create("alone");
    tcase_set_timeout(tcase, 60);
    tcase_set_timeout(alone, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_startup_may_sleep);
    tcase_add_test(tcase, naps_take_no_time);
    tcase_add_test(tcase, the_time_of_day_goes_with_the_clock);
    tcase_add_test(tcase, a_stream_that_breaks_off_is_an_answer);
    tcase_add_test(tcase, threads_are_not_endless);
    tcase_add_test(tcase, threads_of_its_own_are_heard_soon);
    tcase_add_test(tcase, row_180_dependencies_are_overridden);
    tcase_add_test(tcase, row_180_dependencies_are_overridden_by_functions);
    tcase_add_test(tcase, background_tasks_are_waited_for);
    tcase_add_test(tcase, tasks_outlive_their_request);
    suite_add_tcase(suite, tcase);
    tcase_add_test(alone, a_race_is_found_again);
    tcase_add_test(alone, who_blocks_or_never_ends_is_named);
    suite_add_tcase(suite, alone);
    return suite;
}

UNIT_MAIN(make_suite)
