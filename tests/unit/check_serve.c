/*
 * What the pieces of a request leave behind: groups that nobody joined, in each place where one may
 * be made, and what is touched when the call is over.
 */
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

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

/* ---- children, which say how they ended in memory of who made them ---- */

enum { UNTOUCHED = 77 };

struct child {
    double seconds;
    int status;
};

static int nap(void *arg)
{
    struct child *child = arg;
    child->status = cgw_sleep(child->seconds);
    return CGW_OK;
}

static char last_words[64];

/* Its memory is the request's: it must not end before it was read. */
static int say(void *arg)
{
    int status = cgw_sleep(1);
    strncpy(last_words, arg, sizeof(last_words) - 1);
    return status;
}

static void leave_one(cgw_request *req)
{
    cgw_group *group = cgw_group(req);
    cgw_go(group, say, cgw_fmt(req, "of %s", cgw_route_path(req)));
}

static bool one_was_left(const char *words)
{
    bool is_left = strcmp(last_words, words) == 0 && cgw_test_logged(test, "has not joined") == 1;
    memset(last_words, 0, sizeof(last_words));
    return is_left;
}

/* ---- a middleware whose group runs while the handler does ---- */

static struct child outer;

CGW_MIDDLEWARE(beside)
{
    outer = (struct child){2, UNTOUCHED};
    CGW_GROUP(group, req);
    cgw_go(group, nap, &outer);
    cgw_reply reply = cgw_next(req);
    CGW_TRY(req, cgw_join(group));
    return reply;
}

CGW_GET(inside, "/inside", .middleware = CGW_THROUGH(beside))
{
    struct child inner = {1, UNTOUCHED};
    CGW_GROUP(group, req);
    cgw_go(group, nap, &inner);
    CGW_TRY(req, cgw_join(group));
    return cgw_text(req, 200, "%d", inner.status);
}

CGW_GET(inside_sync, "/inside-sync", .mode = CGW_SYNC, .middleware = CGW_THROUGH(beside))
{
    leave_one(req);
    return cgw_text(req, 200, "0");
}

START_TEST(a_middleware_has_its_group_still)
{
    cgw_answer answer = cgw_test_get(test, "/inside");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer.text, "0");
    ck_assert_int_eq(outer.status, CGW_OK);
    ck_assert_double_eq_tol(answer.seconds, 2, 0.001);
}
END_TEST

START_TEST(what_a_handler_leaves_is_ended_and_no_more)
{
    cgw_answer answer = cgw_test_get(test, "/inside-sync");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(one_was_left("of /inside-sync"));
    ck_assert_int_eq(outer.status, CGW_OK);
    ck_assert_double_eq_tol(answer.seconds, 2, 0.001);
}
END_TEST

CGW_MIDDLEWARE(leaves)
{
    cgw_reply reply = cgw_next(req);
    leave_one(req);
    return reply;
}

CGW_GET(left, "/left", .middleware = CGW_THROUGH(leaves))
{
    return cgw_empty(req, 204);
}

START_TEST(what_a_middleware_leaves_is_ended)
{
    ck_assert_int_eq(cgw_test_get(test, "/left").status, 204);
    ck_assert(one_was_left("of /left"));
}
END_TEST

/* ---- dependencies ---- */

typedef struct Leaving {
    int nothing;
} Leaving;

static void tear_leaving(cgw_request *req, void *value, int status)
{
    (void)value, (void)status;
    leave_one(req);
}

CGW_DEPENDS(Leaving, leaving, .teardown = tear_leaving)
{
    return 0;
}

CGW_GET(torn, "/torn", .depends = CGW_USES(leaving))
{
    return cgw_empty(req, 204);
}

CGW_GET(torn_sync, "/torn-sync", .mode = CGW_SYNC, .depends = CGW_USES(leaving))
{
    return cgw_empty(req, 204);
}

START_TEST(what_a_teardown_leaves_is_ended)
{
    ck_assert_int_eq(cgw_test_get(test, "/torn").status, 204);
    cgw_test_settle(test);
    ck_assert(one_was_left("of /torn"));
}
END_TEST

START_TEST(what_a_teardown_on_a_thread_leaves_is_ended)
{
    ck_assert_int_eq(cgw_test_get(test, "/torn-sync").status, 204);
    cgw_test_settle(test);
    ck_assert(one_was_left("of /torn-sync"));
}
END_TEST

/* ---- what is deferred ---- */

static void defers(void *arg)
{
    leave_one(arg);
}

static char seen[64];

static void looks(void *arg)
{
    cgw_request *req = arg;
    strncpy(seen, cgw_method(req), sizeof(seen) - 1);
    strncat(seen, cgw_url_path(req), sizeof(seen) - 10);
}

CGW_GET(deferred, "/deferred/{what}")
{
    bool is_look = strcmp(cgw_path(req, "what"), "look") == 0;
    cgw_defer(req, is_look ? looks : defers, req);
    return cgw_empty(req, 204);
}

START_TEST(what_is_deferred_leaves_is_ended)
{
    ck_assert_int_eq(cgw_test_get(test, "/deferred/leave").status, 204);
    cgw_test_settle(test);
    ck_assert(one_was_left("of /deferred/{what}"));
}
END_TEST

START_TEST(what_is_deferred_may_look_at_the_request)
{
    memset(seen, 0, sizeof(seen));
    ck_assert_int_eq(cgw_test_get(test, "/deferred/look").status, 204);
    cgw_test_settle(test);
    ck_assert_str_eq(seen, "GET/deferred/look");
}
END_TEST

/* ---- blocking code ---- */

static int blocks(void *arg)
{
    leave_one(arg);
    return CGW_OK;
}

static bool was_over;

CGW_GET(blocking, "/blocking")
{
    CGW_TRY(req, cgw_blocking(blocks, req));
    was_over = last_words[0] != '\0';
    return cgw_empty(req, 204);
}

START_TEST(what_blocking_code_leaves_is_ended_with_it)
{
    ck_assert_int_eq(cgw_test_get(test, "/blocking").status, 204);
    ck_assert(was_over);
    ck_assert(one_was_left("of /blocking"));
}
END_TEST

/* ---- a thread that is no task ---- */

static int refused;

static int sleeps_a_little(void *arg)
{
    (void)arg;
    return cgw_sleep(1);
}

/* Each is refused; none of them suspends, and nothing comes of it. */
static void *use_all(void *arg)
{
    cgw_request *req = arg;
    void *item;
    cgw_str body;
    cgw_sem sem = {.n = 1};
    cgw_mutex mutex = {.owner = NULL};
    cgw_flag flag = {.is_set = true};
    cgw_queue queue = {.capacity = 1};
    cgw_group *group = cgw_group(req);
    cgw_go(group, sleeps_a_little, NULL);
    refused += cgw_join(group) < 0;
    refused += cgw_sleep(1) < 0;
    refused += cgw_sem_get(&sem) < 0;
    refused += cgw_mutex_lock(&mutex) < 0;
    refused += cgw_flag_wait(&flag) < 0;
    refused += cgw_queue_put(&queue, req) < 0;
    refused += cgw_queue_get(&queue, &item) < 0;
    refused += cgw_blocking(sleeps_a_little, NULL) < 0;
    refused += cgw_spawn(sleeps_a_little, NULL) < 0;
    refused += cgw_every(1, sleeps_a_little, NULL) < 0;
    refused += cgw_canceled() < 0;
    refused += cgw_body_text(req, &body) < 0;
    refused += cgw_stream(req, 200, NULL) < 0;
    refused += cgw_events(req) < 0;
    refused += Leaving_need(req) == NULL;
    refused += !cgw_is_disconnected(req) && !cgw_is_draining(req) && cgw_now() == 0;
    cgw_sem_put(&sem);
    cgw_mutex_unlock(&mutex);
    cgw_flag_set(&flag);
    cgw_after(req, looks, req);
    CGW_TIMEOUT(1)
    {
        CGW_SHIELD refused += cgw_timeout(1, sleeps_a_little, NULL) < 0;
    }
    return NULL;
}

static int on_another_thread(void *req)
{
    pthread_t thread;
    refused = 0;
    return pthread_create(&thread, NULL, use_all, req) || pthread_join(thread, NULL) ? CGW_EFAILED
                                                                                     : CGW_OK;
}

CGW_GET(elsewhere, "/elsewhere")
{
    CGW_TRY(req, cgw_blocking(on_another_thread, req));
    return cgw_text(req, 200, "%d", refused);
}

START_TEST(a_thread_that_is_no_task_is_refused)
{
    ck_assert_str_eq(cgw_test_get(test, "/elsewhere").text, "17");
}
END_TEST

/* ---- responses without a body, in pieces ---- */

CGW_GET(bodiless, "/bodiless/{status:int}")
{
    int status = (int)cgw_path_i64(req, "status");
    CGW_TRY(req, cgw_stream(req, status, NULL));
    if (status == 200)
        CGW_TRY(req, cgw_print(req, "nobody reads that"));
    CGW_TRY(req, cgw_sleep(0.1));
    return cgw_stream_end(req);
}

START_TEST(a_stream_may_be_of_nothing)
{
    static const int status[] = {204, 304};
    for (size_t i = 0; i < 2; i++) {
        char target[] = "/bodiless/xxx";
        snprintf(target + 10, 4, "%d", status[i]);
        cgw_answer answer = cgw_test_get(test, target);
        ck_assert_int_eq(answer.status, status[i]);
        ck_assert_uint_eq(answer.len, 0);
        ck_assert(answer.is_complete);
    }
    cgw_answer answer = cgw_test_request(test, .method = "HEAD", .target = "/bodiless/200");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_uint_eq(answer.len, 0);
    ck_assert(answer.is_complete);
}
END_TEST

/* ---- all at once ---- */

static int fails(void *arg)
{
    cgw_request *req = arg;
    cgw_reply reply = cgw_fail(req, 418, "%s", cgw_fmt(req, "as %s says", cgw_method(req)));
    (void)reply;
    return cgw_sleep(0.01);
}

CGW_GET(quarrel, "/quarrel", .mode = CGW_SYNC)
{
    CGW_GROUP(group, req, .keep_going = true);
    for (int i = 0; i < 4; i++)
        cgw_go(group, fails, req);
    CGW_TRY(req, cgw_join(group));
    return cgw_done(req);
}

START_TEST(many_at_once_on_threads)
{
    static const struct {
        const char *target;
        int status;
    } asks[] = {{"/quarrel", 418}, {"/torn", 204}, {"/deferred/look", 204}, {"/left", 204}};
    enum { KINDS = sizeof(asks) / sizeof(*asks), N = 8 * KINDS };
    struct cgw_test_request requests[N] = {{0}};
    cgw_answer answers[N];
    for (int i = 0; i < N; i++)
        requests[i] = (struct cgw_test_request){.method = "GET", .target = asks[i % KINDS].target};
    cgw_test_together(test, requests, N, answers);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(answers[i].status, asks[i % KINDS].status);
    cgw_test_settle(test);
}
END_TEST

/* ---- the lifespan ---- */

typedef struct App {
    struct child child;
} App;
CGW_LIFESPAN(App, start, stop);

static bool leaves_one;
static int start_status;

static int start(cgw_boot *boot, App *app)
{
    (void)boot;
    app->child = (struct child){1000, UNTOUCHED};
    if (leaves_one)
        cgw_go(cgw_group(NULL), nap, &app->child);
    return cgw_sleep(0.1);
}

static void stop(App *app)
{
    start_status = app->child.status;
    if (leaves_one)
        cgw_go(cgw_group(NULL), nap, &app->child); /* ended before the state is gone */
}

static bool was_ended;

CGW_GET(state, "/state")
{
    was_ended = cgw_state(req, App)->child.status == CGW_ECANCELED;
    return cgw_empty(req, 204);
}

START_TEST(what_start_leaves_is_ended_before_the_first_request)
{
    leaves_one = true;
    cgw_test *own = cgw_test_open(.quiet = true);
    ck_assert_ptr_nonnull(own);
    ck_assert_int_eq(cgw_test_get(own, "/state").status, 204);
    ck_assert(was_ended);
    ck_assert_uint_eq(cgw_test_logged(own, "has not joined"), 1);
    ck_assert_int_eq(cgw_test_close(own), 0);
    ck_assert_int_eq(start_status, CGW_ECANCELED);
}
END_TEST

/* One thread, two runtimes, by turns. */
START_TEST(two_applications_live_side_by_side)
{
    cgw_test *one = cgw_test_open(.quiet = true), *two = cgw_test_open(.quiet = true);
    ck_assert(one && two);
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(cgw_test_get(one, "/inside").text, "0");
        ck_assert_int_eq(cgw_test_get(two, "/torn-sync").status, 204);
    }
    ck_assert_int_eq(cgw_test_close(one), 0);
    ck_assert_str_eq(cgw_test_get(two, "/inside").text, "0");
    ck_assert_int_eq(cgw_test_close(two), 0);
}
END_TEST

static Suite *make_suite(void)
{
    TCase *tcase = tcase_create("request"), *alone = tcase_create("lifespan");
    Suite *suite = suite_create("serve");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_middleware_has_its_group_still);
    tcase_add_test(tcase, what_a_handler_leaves_is_ended_and_no_more);
    tcase_add_test(tcase, what_a_middleware_leaves_is_ended);
    tcase_add_test(tcase, what_a_teardown_leaves_is_ended);
    tcase_add_test(tcase, what_a_teardown_on_a_thread_leaves_is_ended);
    tcase_add_test(tcase, what_is_deferred_leaves_is_ended);
    tcase_add_test(tcase, what_is_deferred_may_look_at_the_request);
    tcase_add_test(tcase, what_blocking_code_leaves_is_ended_with_it);
    tcase_add_test(tcase, many_at_once_on_threads);
    tcase_add_test(tcase, a_thread_that_is_no_task_is_refused);
    tcase_add_test(tcase, a_stream_may_be_of_nothing);
    tcase_add_test(alone, two_applications_live_side_by_side);
    tcase_add_test(alone, what_start_leaves_is_ended_before_the_first_request);
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, alone);
    return suite;
}
UNIT_MAIN(make_suite)
