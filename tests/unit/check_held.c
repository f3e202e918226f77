/* A call that held the loop: told once, counted, shown to the browser, moved where it may be. */
#include "app/held.h"
#include "base/clock.h"
#include "call_play.h"

static const char *site;  /* where the supervisor catches a call on the loop; NULL: nowhere */
static const char *route; /* how it is named, or NULL */
static bool is_behind;    /* it is caught behind its response, else before */
static int n_inside, n_on_loop;

static void app_call(struct cgw_call *call)
{
    const struct cgw_route *table = call->host->extension(call->host, CGW_EXT_ROUTE);
    if (route && table->set(call, route, strlen(route)) == CGW_PENDING)
        return;
    bool is_on_loop = call->host == &call_host;
    n_on_loop += is_on_loop;
    if (is_on_loop)
        n_inside += board_get(&play.slot.entered) % 2 == 1 &&
                    atomic_load(&play.slot.current) == (uintptr_t)play.call;
    if (site && is_on_loop && !is_behind)
        play_catch(250000, site);
    int status = play_respond(call, 200, NULL, 0, "hello");
    if (site && is_on_loop && is_behind)
        play_catch(250000, site);
    call->host->finish(call, status);
}

static void setup(void)
{
    site = route = NULL;
    n_inside = n_on_loop = 0;
    is_behind = false;
    play_open(app_call);
    play.app.flags = CGW_THREAD_SAFE;
    play.settings.promote_blocking = true;
}

START_TEST(the_board_sees_who_is_inside)
{
    play_serve(3);
    ck_assert_int_eq(n_inside, 3);
    ck_assert_uint_eq(play.slot.entered, 6);
    ck_assert_uint_eq(play.slot.routes[0].blocked, 0);
    ck_assert_int_eq(play_told("CGW0307"), 0);
}
END_TEST

START_TEST(what_is_caught_is_told_once_and_counted)
{
    play.app.flags = 0;
    site = "shop app.c:42";
    route = "/items/{id}";
    play_serve(3);
    ck_assert_uint_eq(play.slot.routes[1].blocked, 3);
    ck_assert_uint_eq(play.slot.routes[0].blocked, 0);
    ck_assert_int_eq(play_told("CGW0307"), 1);
    ck_assert_int_eq(play_told("total_ms=25"), 1);
    ck_assert_int_eq(
        play_told("site=\"shop app.c:42\" route=/items/{id} method=GET target=/items/7 call="), 1);
    site = "other app.c:50"; /* another site of the route */
    play_serve(2);
    ck_assert_int_eq(play_told("CGW0307"), 2);
    site = ""; /* not known, but the route is */
    play_serve(1);
    ck_assert_int_eq(play_told("CGW0307"), 2);
    ck_assert_uint_eq(play.slot.routes[1].blocked, 6);
    ck_assert_int_eq(play_told("CGW0308"), 0); /* it has not declared itself thread-safe */
    ck_assert_int_eq(n_on_loop, 6);
}
END_TEST

/* It was seen after a while only; from when it cannot have been is known by what came before. */
START_TEST(the_total_begins_before_it_was_seen)
{
    uint64_t turn_us = clock_now_us() - 400000;
    play.app.flags = 0;
    play.runtime.turn_us = &turn_us;
    site = "shop app.c:42";
    play_serve(1);
    ck_assert_int_eq(play_told("total_ms=30"), 1); /* when it was looked for before */
    turn_us = clock_now_us() - 280000;
    play.runtime.ended_us = 0;
    site = "shop app.c:43";
    play_serve(1);
    ck_assert_int_eq(play_told("total_ms=28"), 1); /* the turn of the loop */
    turn_us = clock_now_us() - 10000;
    play.runtime.ended_us = 0;
    site = "shop app.c:44";
    play_serve(1);
    ck_assert_int_eq(play_told("total_ms=25"), 1); /* never less than it was seen */
}
END_TEST

/* What was caught is another visit than this one: it was seen too late. */
START_TEST(what_was_caught_before_is_nobodys)
{
    play_serve(1);
    play_catch(250000, "late");
    play.slot.blocked_entered--;
    play_serve(1);
    ck_assert_uint_eq(play.slot.routes[0].blocked, 0);
}
END_TEST

START_TEST(a_route_is_moved_the_second_time)
{
    site = "shop app.c:42";
    route = "/items/{id}";
    play_serve(2);
    ck_assert_int_eq(n_on_loop, 2);
    ck_assert_uint_eq(play.slot.routes[1].is_promoted, 1);
    ck_assert_int_eq(play_told("CGW0308"), 1);
    ck_assert_int_eq(play_told("route=/items/{id}"), 2); /* in both lines */
    play_serve(3);
    ck_assert_int_eq(n_on_loop, 2);
    ck_assert_str_eq(play.said, "200 +5 end");
    route = "/quick"; /* another stays */
    site = NULL;
    play_serve(1);
    ck_assert_int_eq(n_on_loop, 3);
    ck_assert_int_eq(play_told("CGW0308"), 1);
    ck_assert_uint_eq(play.slot.routes[0].is_promoted, 0);
}
END_TEST

START_TEST(an_application_without_routes_is_moved_as_a_whole)
{
    site = "shop app.c:42";
    play_serve(2);
    ck_assert_int_eq(n_on_loop, 2);
    ck_assert_uint_eq(play.slot.routes[0].is_promoted, 1);
    ck_assert_int_eq(play_told("CGW0308"), 1);
    ck_assert_int_eq(play_told("the whole application"), 1);
    play_serve(3);
    ck_assert_int_eq(n_on_loop, 2);
    route = "/quick"; /* named there */
    play_serve(1);
    ck_assert_int_eq(n_on_loop, 2);
    ck_assert_str_eq(play.said, "200 +5 end");
}
END_TEST

/* It names routes, but not before it blocks: what else it does may well be fast. */
START_TEST(calls_without_a_name_stay)
{
    route = "/quick";
    play_serve(1);
    route = NULL;
    site = "shop app.c:42";
    play_serve(3);
    ck_assert_uint_eq(play.slot.routes[0].blocked, 3);
    ck_assert_int_eq(play_told("CGW0308"), 0);
    ck_assert_int_eq(n_on_loop, 4);
}
END_TEST

START_TEST(nothing_is_moved_unasked)
{
    play.settings.promote_blocking = false;
    site = "shop app.c:42";
    play_serve(3);
    ck_assert_int_eq(n_on_loop, 3);
}
END_TEST

START_TEST(the_browser_is_told_in_development)
{
    site = "a \"b\" app.c:4";
    play.app.flags = 0;
    play_serve(1);
    ck_assert_str_eq(play.said, "200 +5 end");
    play.runtime.is_development = true;
    play_serve(1);
    ck_assert_msg(strstr(play.said, "200 timing=cgw-blocked;dur=25"), "%s", play.said);
    ck_assert_msg(strstr(play.said, ";desc=\"a ?b? app.c:4\" +5 end"), "%s", play.said);
    is_behind = true; /* too late for the head */
    play_serve(1);
    ck_assert_str_eq(play.said, "200 +5 end");
    site = "";
    is_behind = false;
    play_serve(1);
    ck_assert_ptr_null(strstr(play.said, "desc"));
}
END_TEST

static struct cgw_call *waiting;

static void wait_in_call(struct cgw_call *call)
{
    waiting = call;
    play_catch(250000, "shop app.c:42");
}

static void respond_posted(struct cgw_call *call, void *arg)
{
    (void)arg;
    call->host->finish(call, play_respond(call, 200, NULL, 0, "hello"));
}

START_TEST(a_response_that_follows_tells_it_too)
{
    play.runtime.is_development = true;
    play.app.call = wait_in_call;
    play_begin();
    ck_assert_uint_ge(play.call->blocked_us, 250000);
    ck_assert_int_eq(waiting->host->post(waiting, respond_posted, NULL), CGW_OK);
    play_until_ended(1);
    ck_assert_msg(strstr(play.said, "200 timing=cgw-blocked;dur=25"), "%s", play.said);
}
END_TEST

/* ---- what the host answers itself ---- */

static void own_call(struct cgw_call *call)
{
    ck_assert_uint_eq(play.slot.entered % 2, 0);
    ck_assert_uint_eq(play.runtime.n_running, 0);
    ck_assert_ptr_eq(play.call->app->call, own_call);
    call->host->finish(call, play_respond(call, 200, NULL, 0, "built in"));
}

static const struct cgw_app *choose(struct call *call, void *arg)
{
    static const struct cgw_app own = {.magic = CGW_MAGIC, .call = own_call};
    ck_assert_ptr_eq(arg, &play);
    ck_assert_uint_ne(call->id, 0);
    ck_assert_uint_eq(call->scope.path.len, 8);
    return &own;
}

START_TEST(what_is_built_in_does_not_count)
{
    play.runtime.choose = choose;
    play.runtime.choose_arg = &play;
    if (_i) /* nor does it run where the application does */
        ck_assert_int_eq(
            sync_runner_new(&play.app, play.runtime.pool, &play.mailbox, &play.runtime.sync), 0);
    play_serve(2);
    ck_assert_str_eq(play.said, "200 +8 end");
    ck_assert_int_eq(n_on_loop, 0);
    ck_assert_uint_eq(play.slot.entered, 0);
    sync_runner_free(play.runtime.sync);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("held");
    TCase *tests = tcase_create("held");
    tcase_add_checked_fixture(tests, setup, play_close);
    tcase_add_test(tests, the_board_sees_who_is_inside);
    tcase_add_test(tests, what_is_caught_is_told_once_and_counted);
    tcase_add_test(tests, the_total_begins_before_it_was_seen);
    tcase_add_test(tests, what_was_caught_before_is_nobodys);
    tcase_add_test(tests, a_route_is_moved_the_second_time);
    tcase_add_test(tests, an_application_without_routes_is_moved_as_a_whole);
    tcase_add_test(tests, calls_without_a_name_stay);
    tcase_add_test(tests, nothing_is_moved_unasked);
    tcase_add_test(tests, the_browser_is_told_in_development);
    tcase_add_test(tests, a_response_that_follows_tells_it_too);
    tcase_add_loop_test(tests, what_is_built_in_does_not_count, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
