/* cgw.route/1: who may name a route when, what is kept of it, and when a call is begun anew. */
#include "app/current.h"
#include "app/route.h"
#include "base/log.h"
#include "call_play.h"
#include <pthread.h>
#include <stdio.h>

static int answers[4], n_answers, n_calls;
static void (*first)(struct cgw_call *call); /* what the application does before it names */
static bool stays;                           /* it uses the call after CGW_PENDING */
static bool was_on_pool, had_loop, had_user;
static char current_name[64];

static int name(struct cgw_call *call, const char *route)
{
    const struct cgw_route *table = call->host->extension(call->host, CGW_EXT_ROUTE);
    return answers[n_answers++ % 4] = table->set(call, route, strlen(route));
}

static void work(struct cgw_call *call, void *arg)
{
    (void)call, (void)arg;
}

static void work_aside(void *arg)
{
    (void)arg;
}

static void must_not_run(struct cgw_call *call, int status, void *arg)
{
    (void)call, (void)status, (void)arg;
    ck_abort_msg("a callback of a call that was begun anew");
}

/* What cannot be refused is forgotten. */
static void arm(struct cgw_call *call)
{
    const struct cgw_thread *thread = call->host->extension(call->host, CGW_EXT_THREAD);
    ck_assert_int_eq(thread->run(call, work_aside, NULL, must_not_run, NULL), CGW_PENDING);
}

static void misuse(struct cgw_call *call)
{
    struct cgw_event event, start = cgw_event_start(200, NULL, 0);
    ck_assert_int_eq(call->host->receive(call, &event, NULL, NULL), CGW_EINVAL);
    ck_assert_int_eq(call->host->send(call, &start, 1, NULL, NULL), CGW_EINVAL);
    ck_assert_int_eq(name(call, "/other"), CGW_EINVAL);
    ck_assert_int_eq(call->host->post(call, work, NULL), CGW_EINVAL);
    arm(call);
    call->host->finish(call, CGW_OK);
}

static void app_call(struct cgw_call *call)
{
    n_calls++;
    had_user = call->user;
    call->user = &answers;
    if (first)
        first(call);
    if (name(call, "/items/{id}") == CGW_PENDING) {
        if (stays)
            misuse(call);
        return;
    }
    had_loop = call->host->extension(call->host, CGW_EXT_LOOP);
    was_on_pool = current.is_on_pool;
    ck_assert_ptr_eq(current_call(), play.call);
    snprintf(current_name, sizeof current_name, "%s", current_route());
    call->host->finish(call, play_respond(call, 200, NULL, 0, "hello"));
}

static void setup(void)
{
    static const struct cgw_loop loop = {.size = sizeof loop};
    n_answers = n_calls = 0;
    first = NULL;
    stays = was_on_pool = had_loop = had_user = false;
    call_set_loop_extension(&loop);
    play_open(app_call);
    play.settings.promote_blocking = true;
    play.app.flags = CGW_THREAD_SAFE;
}

/* The route is on the board and moved to the pool, by a call before. */
static void promote(void)
{
    uint32_t route = board_route(&play.slot, "/items/{id}", 11);
    ck_assert_uint_ne(route, 0);
    play.slot.routes[route].is_promoted = 1;
    ck_assert_int_eq(
        sync_runner_new(&play.app, play.runtime.pool, &play.mailbox, &play.runtime.pool_runner), 0);
}

START_TEST(a_name_is_kept_and_counted)
{
    play_begin();
    ck_assert_int_eq(play.ended, 1);
    ck_assert_int_eq(answers[0], CGW_OK);
    ck_assert_str_eq(current_name, "/items/{id}");
    ck_assert_uint_eq(play.slot.n_routes, 2);
    ck_assert_str_eq(play.slot.routes[1].name, "/items/{id}");
    ck_assert_ptr_null(current_call());
}
END_TEST

static void (*look)(struct call *call);
static void end_hook(struct call *call)
{
    look(call);
}

static void look_at_name(struct call *call)
{
    ck_assert_uint_eq(call->route, 1);
    ck_assert_uint_eq(call->route_name.len, 11);
    ck_assert_str_eq(call->route_name.ptr, "/items/{id}");
    ck_assert_uint_ge(call->ended_us, call->started_us);
}

START_TEST(the_access_log_gets_it)
{
    look = look_at_name;
    play.runtime.end_hook = end_hook;
    play.app.kind = _i ? CGW_SYNC : CGW_ASYNC;
    if (_i)
        ck_assert_int_eq(
            sync_runner_new(&play.app, play.runtime.pool, &play.mailbox, &play.runtime.sync), 0);
    play_begin();
    play_until_ended(1);
    ck_assert_int_eq(was_on_pool, _i);
    ck_assert_str_eq(current_name, "/items/{id}");
    uint64_t waits = 0;
    for (size_t i = 0; i < BOARD_BUCKETS; i++)
        waits += board_get(&play.slot.pool_wait.counts[i]);
    ck_assert_uint_eq(waits, (unsigned)_i);
    sync_runner_free(play.runtime.sync);
}
END_TEST

static void name_twice(struct cgw_call *call)
{
    ck_assert_int_eq(name(call, "/first"), CGW_OK);
}

static void name_behind_start(struct cgw_call *call)
{
    struct cgw_event start = cgw_event_start(200, NULL, 0);
    ck_assert_int_eq(call->host->send(call, &start, 1, NULL, NULL), CGW_OK);
}

static void name_nothing(struct cgw_call *call)
{
    const struct cgw_route *table = call->host->extension(call->host, CGW_EXT_ROUTE);
    ck_assert_int_eq(name(call, ""), CGW_EINVAL);
    ck_assert_int_eq(table->set(call, "/a\0b", 4), CGW_EINVAL);
    ck_assert_int_eq(table->set(call, NULL, 4), CGW_EINVAL);
}

START_TEST(what_is_wrong_is_refused)
{
    static void (*const wrong[])(struct cgw_call *) = {name_twice, name_behind_start, name_nothing};
    static const int wanted[] = {CGW_EINVAL, CGW_EINVAL, CGW_OK};
    first = wrong[_i / 2];
    if (_i % 2)
        ck_assert_int_eq(
            sync_runner_new(&play.app, play.runtime.pool, &play.mailbox, &play.runtime.sync), 0);
    play_begin();
    play_until_ended(1);
    ck_assert_int_eq(answers[(n_answers - 1) % 4], wanted[_i / 2]);
    if (_i / 2 != 1) /* a second start fails the response */
        ck_assert_str_eq(play.said, "200 +5 end");
    sync_runner_free(play.runtime.sync);
}
END_TEST

START_TEST(a_moved_route_is_begun_anew)
{
    promote();
    play_serve(1);
    ck_assert_int_eq(n_calls, 2);
    ck_assert_int_eq(answers[0], CGW_PENDING);
    ck_assert_int_eq(answers[1], CGW_OK);
    ck_assert(was_on_pool && !had_loop && !had_user);
    ck_assert_int_eq(play_told("CGW0301"), 0);
    ck_assert_str_eq(play.said, "200 +5 end");
}
END_TEST

START_TEST(what_uses_a_moved_call_is_refused)
{
    stays = true;
    promote();
    play_begin();
    play_until_ended(1);
    ck_assert_int_eq(n_calls, 2);
    ck_assert_int_eq(play_told("the call was used after cgw.route/1 had answered"), 4);
    ck_assert_int_eq(play_told("CGW0301"), 5);
    ck_assert_str_eq(play.said, "200 +5 end");
}
END_TEST

static void ignore_done(struct cgw_call *call, int status, void *arg)
{
    (void)call, (void)status, (void)arg;
}

static void touch_receive(struct cgw_call *call)
{
    struct cgw_event event;
    ck_assert_int_eq(call->host->receive(call, &event, NULL, NULL), CGW_OK);
}

static void touch_gone(struct cgw_call *call)
{
    const struct cgw_disconnect *table = call->host->extension(call->host, CGW_EXT_DISCONNECT);
    ck_assert_int_eq(table->notify(call, ignore_done, NULL), CGW_PENDING);
}

static void touch_drain(struct cgw_call *call)
{
    const struct cgw_shutdown *table = call->host->extension(call->host, CGW_EXT_SHUTDOWN);
    ck_assert_int_eq(table->notify(call, ignore_done, NULL), CGW_PENDING);
}

static void touch_inform(struct cgw_call *call)
{
    struct cgw_event event = {.type = CGW_HTTP_RESPONSE_INFORMATIONAL, .size = sizeof event};
    event.u.start.status = 103;
    ck_assert_int_eq(call->host->send(call, &event, 1, NULL, NULL), CGW_OK);
}

START_TEST(a_touched_call_stays)
{
    static void (*const touches[])(struct cgw_call *) = {touch_receive, touch_gone, touch_drain,
                                                         touch_inform};
    first = touches[_i];
    promote();
    play_begin();
    ck_assert_int_eq(n_calls, 1);
    ck_assert_int_eq(answers[0], CGW_OK);
    ck_assert(had_loop && !was_on_pool);
    ck_assert_int_eq(play.ended, 1);
}
END_TEST

static void respond_posted(struct cgw_call *call, void *arg)
{
    (void)arg;
    call->host->finish(call, play_respond(call, 200, NULL, 0, "posted"));
}

static void post_then_name(struct cgw_call *call)
{
    ck_assert_int_eq(call->host->post(call, respond_posted, NULL), CGW_OK);
    name(call, "/items/{id}");
}

/* Its letter must find the call where it was. */
START_TEST(a_call_with_a_post_stays)
{
    promote();
    play.app.call = post_then_name;
    play_begin();
    ck_assert_int_eq(answers[0], CGW_OK);
    play_until_ended(1);
    ck_assert_str_eq(play.said, "200 +6 end");
}
END_TEST

/* What is too many is counted together, and can neither be told apart nor moved. */
START_TEST(too_many_are_one)
{
    char text[16];
    for (int i = 0; i < BOARD_ROUTES; i++)
        board_route(&play.slot, text, (size_t)snprintf(text, sizeof text, "/%d", i));
    ck_assert_uint_eq(play.slot.n_routes, BOARD_ROUTES);
    play.slot.routes[0].is_promoted = 1;
    play_begin();
    ck_assert_int_eq(answers[0], CGW_OK);
    ck_assert_str_eq(current_name, "/items/{id}");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("route");
    TCase *tests = tcase_create("route");
    tcase_add_checked_fixture(tests, setup, play_close);
    tcase_add_test(tests, a_name_is_kept_and_counted);
    tcase_add_loop_test(tests, the_access_log_gets_it, 0, 2);
    tcase_add_loop_test(tests, what_is_wrong_is_refused, 0, 6);
    tcase_add_test(tests, a_moved_route_is_begun_anew);
    tcase_add_test(tests, what_uses_a_moved_call_is_refused);
    tcase_add_loop_test(tests, a_touched_call_stays, 0, 4);
    tcase_add_test(tests, a_call_with_a_post_stays);
    tcase_add_test(tests, too_many_are_one);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
