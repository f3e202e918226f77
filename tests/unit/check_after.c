#include "task_play.h"
#include "web/application.h"
#include <stdio.h>

static void add(TCase *tcase, const TTest *test)
{
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, test);
}

/* A request as far as after.c looks at it. */
static struct cgw_application declared;
static struct application application;
static cgw_request req;

cgw_str match_route_template(const struct match_route *route)
{
    (void)route;
    return (cgw_str){"/items/{id}", 11};
}

static cgw_task_fn *handler;

static int serve(void *arg)
{
    req.runtime = play_runtime;
    req.application = &application;
    application.declared = &declared;
    req.task = task_here();
    req.route = play_text("");
    arena_init(&req.arena, NULL, 0);
    scope_init(&req.cancel, play_runtime, req.task->scope, false);
    scope_enter(&req.cancel, req.task);
    int status = arg ? task_offload(req.task, handler, NULL, NULL) : handler(NULL);
    scope_cancel(&req.cancel, CGW_ECLOSED); /* the client has left */
    scope_leave(&req.cancel, req.task);
    scope_fini(&req.cancel);
    play_note("|"); /* the last byte */
    after_behind(&req, after_run);
    arena_fini(&req.arena);
    req.after = NULL;
    return status;
}

static void run(cgw_task_fn *fn, bool is_sync)
{
    handler = fn;
    play_open((struct play_settings){0});
    ck_assert_int_eq(play(serve, is_sync ? play_text("") : NULL), CGW_OK);
}

static int later(void *arg)
{
    int status = cgw_sleep(1);
    play_note(status ? "!" : arg);
    return status;
}

static void says_nothing(void *arg)
{
    play_note(arg);
}

static int fails(void *arg)
{
    play_note(arg);
    return CGW_EIO;
}

/* ---- behaviours 182: behind the last byte, in order, stop on failure, though the client left ----
 */

static int two_after(void *arg)
{
    (void)arg;
    cgw_after(&req, later, play_text("a"));
    cgw_after(&req, says_nothing, play_text("b"));
    cgw_after(&req, later, play_text("c"));
    play_note("h");
    return CGW_OK;
}

START_TEST(in_order_behind_the_last_byte)
{
    run(two_after, false);
    ck_assert_str_eq(play_notes(), "h|abc");
    ck_assert_double_eq_tol(play_seconds(), 2, 1e-6);
    ck_assert_uint_eq(play_logged(""), 0);
    play_close();
}
END_TEST

static int one_fails(void *arg)
{
    (void)arg;
    cgw_after(&req, says_nothing, play_text("a"));
    cgw_after(&req, fails, play_text("f"));
    cgw_after(&req, says_nothing, play_text("b"));
    cgw_after(&req, says_nothing, play_text("c"));
    return CGW_OK;
}

START_TEST(a_failure_ends_the_row)
{
    run(one_fails, false);
    ck_assert_str_eq(play_notes(), "|af");
    ck_assert_uint_eq(play_logged("the background task fails of /items/{id} failed: "), 1);
    ck_assert_uint_eq(play_logged("; 2 behind it will not run"), 1);
    play_close();
}
END_TEST

static int adds_one(void *arg)
{
    play_note(arg);
    cgw_after(&req, says_nothing, play_text("z"));
    return CGW_OK;
}

static int one_adds(void *arg)
{
    (void)arg;
    cgw_after(&req, adds_one, play_text("a"));
    return CGW_OK;
}

START_TEST(one_may_add_another)
{
    run(one_adds, false);
    ck_assert_str_eq(play_notes(), "|az");
    play_close();
}
END_TEST

static pthread_t loop_thread;

static int tells_its_thread(void *arg)
{
    (void)arg;
    play_note(pthread_equal(pthread_self(), loop_thread) ? "l" : "t");
    return cgw_sleep(1);
}

static int after_on_thread(void *arg)
{
    (void)arg;
    cgw_after(&req, tells_its_thread, NULL);
    cgw_after(&req, tells_its_thread, NULL);
    return CGW_OK;
}

START_TEST(of_sync_handlers_on_threads)
{
    loop_thread = pthread_self();
    run(after_on_thread, true);
    ck_assert_str_eq(play_notes(), "|tt");
    ck_assert_double_eq_tol(play_seconds(), 2, 1e-6);
    play_close();
}
END_TEST

/* ---- the drain ---- */

static int very_slow(void *arg)
{
    int status = cgw_sleep(1000);
    play_note(status == CGW_ETIMEDOUT ? arg : "?");
    return status;
}

static int drain_later(void *arg)
{
    (void)arg;
    int status = cgw_sleep(5);
    application.is_draining = true;
    after_drain(&req);
    return status;
}

static int slow_after(void *arg)
{
    (void)arg;
    ck_assert_ptr_nonnull(play_task(drain_later, NULL));
    cgw_after(&req, very_slow, play_text("s"));
    cgw_after(&req, says_nothing, play_text("n"));
    after_drain(&req); /* none runs yet */
    return CGW_OK;
}

START_TEST(a_worker_that_drains_sets_a_limit)
{
    run(slow_after, false);
    ck_assert_str_eq(play_notes(), "|s");
    ck_assert_double_eq_tol(play_seconds(), 35, 1e-6);
    ck_assert_uint_eq(play_logged("1 behind it will not run"), 1);
    play_close();
}
END_TEST

START_TEST(it_is_known_from_the_begin)
{
    application.is_draining = true;
    declared.background_timeout = 2;
    run(slow_after, false);
    ck_assert_str_eq(play_notes(), "|s");
    ck_assert_double_le(play_seconds(), 7);
    play_close();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("after");
    TCase *tcase = tcase_create("after");
    add(tcase, in_order_behind_the_last_byte);
    add(tcase, a_failure_ends_the_row);
    add(tcase, one_may_add_another);
    add(tcase, of_sync_handlers_on_threads);
    add(tcase, a_worker_that_drains_sets_a_limit);
    add(tcase, it_is_known_from_the_begin);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
