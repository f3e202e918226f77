/* Whom a thread works for: what the application says inside a visit, and what comes of it. */
#include "app/current.h"
#include "call_play.h"
#include <pthread.h>

static struct cgw_call *first; /* of two that wait */
static const struct cgw_current *table;
static const struct cgw_route *routes;
static int answers[4];

static void wait_in_call(struct cgw_call *call)
{
    table = call->host->extension(call->host, CGW_EXT_CURRENT);
    routes = call->host->extension(call->host, CGW_EXT_ROUTE);
    ck_assert_ptr_nonnull(table);
    ck_assert_int_eq(routes->set(call, first ? "/second" : "/first", first ? 7 : 6), CGW_OK);
    if (!first)
        first = call;
}

/* Two calls wait, each with its route: 1 and 2 on the board. */
static void setup(void)
{
    first = NULL;
    play_open(wait_in_call);
    play_begin();
    play_begin();
    ck_assert_uint_eq(play.slot.n_routes, 3);
}

static void end(struct cgw_call *call)
{
    call->host->finish(call, play_respond(call, 200, NULL, 0, "hello"));
}

static void end_posted(struct cgw_call *call, void *arg)
{
    (void)arg;
    end(call);
}

static void teardown(void)
{
    ck_assert_uint_eq(play.slot.entered % 2, 0);
    ck_assert_ptr_null(current.call);
    while (play.runtime.n_running) {
        int ended = play.ended;
        struct list *node = play.runtime.running.next;
        struct cgw_call *call = &list_owner(node, struct call, running)->pub;
        ck_assert_int_eq(call->host->post(call, end_posted, NULL), CGW_OK);
        play_until_ended(ended + 1);
    }
    play_close();
}

/* Run it in a callback of the second call's. */
static void visit(void (*fn)(struct cgw_call *call, void *arg))
{
    ck_assert_int_eq(play.call->pub.host->post(&play.call->pub, fn, NULL), CGW_OK);
    mailbox_run(&play.mailbox);
}

static void expect(struct cgw_call *call)
{
    ck_assert_ptr_eq(current_call(), call ? call_of(call) : NULL);
    ck_assert_uint_eq(play.slot.current, (uintptr_t)call);
    ck_assert_uint_eq(play.slot.entered % 2, 1);
}

static void change(struct cgw_call *call, void *arg)
{
    uint64_t entered = play.slot.entered;
    (void)arg;
    expect(call);
    table->set(call); /* it is already */
    ck_assert_uint_eq(play.slot.entered, entered);
    table->set(first);
    expect(first);
    ck_assert_str_eq(current_route(), "/first");
    ck_assert_uint_eq(play.slot.entered, entered + 2);
    table->set(NULL);
    expect(NULL);
    ck_assert_ptr_null(current_route());
    table->set(call);
    expect(call);
    ck_assert_uint_eq(play.slot.entered, entered + 6);
    table->set(first); /* until the callback returns */
}

START_TEST(each_change_is_a_visit)
{
    uint64_t entered = play.slot.entered;
    visit(change);
    ck_assert_uint_eq(play.slot.entered, entered + 10);
    ck_assert_ptr_null(current_call());
    visit(change);
}
END_TEST

static void hold_for_three(struct cgw_call *call, void *arg)
{
    (void)arg;
    play_catch(150000, "resume sdk.c:9");
    table->set(first);
    play_catch(250000, "buy shop.c:42");
    table->set(NULL);
    play_catch(350000, "tidy shop.c:80");
    table->set(call);
    table->set(first);
}

START_TEST(who_held_the_loop_is_blamed)
{
    visit(hold_for_three);
    ck_assert_uint_eq(play.slot.routes[1].blocked, 1);
    ck_assert_uint_eq(play.slot.routes[2].blocked, 1);
    ck_assert_uint_eq(play.slot.routes[0].blocked, 1);
    ck_assert_uint_ge(call_of(first)->blocked_us, 250000);
    ck_assert_uint_lt(play.call->blocked_us, 250000);
    ck_assert_int_eq(play_told("site=\"resume sdk.c:9\" route=/second method=GET"), 1);
    ck_assert_int_eq(play_told("site=\"buy shop.c:42\" route=/first method=GET"), 1);
    ck_assert_int_eq(play_told("site=\"tidy shop.c:80\" route=- method=- target=- call=-"), 1);
    ck_assert_int_eq(play_told("CGW0307"), 3);
}
END_TEST

static void hold_until_the_end(struct cgw_call *call, void *arg)
{
    (void)call, (void)arg;
    table->set(first);
    play_catch(250000, "buy shop.c:42");
}

START_TEST(the_last_one_is_blamed_when_the_callback_returns)
{
    visit(hold_until_the_end);
    ck_assert_uint_eq(play.slot.routes[1].blocked, 1);
    ck_assert_uint_eq(play.slot.routes[2].blocked, 0);
    ck_assert_uint_ge(call_of(first)->blocked_us, 250000);
}
END_TEST

static void finish_first(struct cgw_call *call, void *arg)
{
    (void)arg;
    table->set(first);
    play_catch(250000, "buy shop.c:42");
    end(first);
    ck_assert_int_eq(play.ended, 1);
    expect(NULL);
    play_catch(250000, "after shop.c:50");
    table->set(call);
    expect(call);
}

static void work_for_first(struct cgw_call *call, void *arg)
{
    (void)arg;
    expect(call);
    table->set(first);
    expect(first);
}

/* The call of which it is the visit goes on; the other is gone, and its memory another's. */
START_TEST(a_call_that_ends_is_nobodys_any_more)
{
    struct cgw_call *second = &play.call->pub, *gone = first;
    visit(finish_first);
    ck_assert_uint_eq(play.slot.routes[1].blocked, 1); /* before it was counted */
    ck_assert_uint_eq(play.slot.routes[0].blocked, 1);
    ck_assert_ptr_null(current_call());
    play_begin();
    ck_assert_ptr_eq(&play.call->pub, gone);
    first = second;
    visit(work_for_first);
}
END_TEST

static void finish_own(struct cgw_call *call, void *arg)
{
    (void)arg;
    table->set(first);
    end(call);
    ck_assert_int_eq(play.ended, 0); /* while its callback runs */
    expect(first);
    end(first);
    ck_assert_int_eq(play.ended, 1);
    expect(NULL);
}

START_TEST(both_may_end_in_one_visit)
{
    visit(finish_own);
    ck_assert_int_eq(play.ended, 2);
    ck_assert_uint_eq(play.runtime.n_running, 0);
}
END_TEST

static void *set_elsewhere(void *arg)
{
    table->set(first);
    ck_assert_ptr_null(current.call);
    return arg;
}

START_TEST(outside_of_a_visit_it_says_nothing)
{
    pthread_t thread;
    uint64_t entered = play.slot.entered;
    table->set(first);
    ck_assert_ptr_null(current.call);
    ck_assert_int_eq(pthread_create(&thread, NULL, set_elsewhere, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_uint_eq(play.slot.entered, entered);
}
END_TEST

/* It does not happen; the supervisor must not see the loop inside for ever if it does. */
START_TEST(a_visit_within_a_visit_is_over_at_the_end)
{
    struct call *second = play.call;
    uint64_t entered = play.slot.entered;
    call_enter(second);
    call_enter(second); /* the same one */
    call_leave(second);
    expect(&second->pub);
    call_enter(call_of(first));
    expect(first);
    ck_assert_uint_eq(play.slot.entered, entered + 3);
    call_leave(call_of(first));
    call_leave(second);
    ck_assert_uint_eq(play.slot.entered % 2, 0);
    ck_assert_ptr_null(current.call);
    visit(change);
}
END_TEST

/* ---- an application that moves its routes itself ---- */

static void block_in_call(struct cgw_call *call)
{
    static const char *const names[] = {"/slow", "/slow", "/slow", "/quick"};
    int i = play.ended;
    ck_assert_int_eq(routes->is_promoted(call), 0); /* it has no name yet */
    ck_assert_int_eq(routes->set(call, names[i], strlen(names[i])), CGW_OK);
    answers[i] = routes->is_promoted(call);
    play_catch(250000, "slow shop.c:1");
    end(call);
}

START_TEST(it_is_told_what_blocks)
{
    visit(finish_own);
    play.ended = 0;
    play.app.call = block_in_call;
    play.app.flags = CGW_PROMOTES | (_i ? CGW_THREAD_SAFE : 0u);
    play.settings.promote_blocking = true;
    play_serve(4);
    ck_assert_int_eq(answers[0], 0);
    ck_assert_int_eq(answers[1], 0);
    ck_assert_int_eq(answers[2], 1);
    ck_assert_int_eq(answers[3], 0);
    ck_assert_int_eq(play_told("CGW0308"), 1);
    ck_assert_ptr_null(play.runtime.pool_runner);
}
END_TEST

static void block_without_a_name(struct cgw_call *call)
{
    play_catch(250000, "slow shop.c:1");
    end(call);
}

START_TEST(nor_is_it_moved_as_a_whole)
{
    visit(finish_own);
    play.ended = 0;
    play.slot.n_routes = 1;
    play.app.call = block_without_a_name;
    play.app.flags = CGW_PROMOTES | CGW_THREAD_SAFE;
    play.settings.promote_blocking = true;
    play_serve(3);
    ck_assert_uint_eq(play.slot.routes[0].is_promoted, 0);
    ck_assert_int_eq(play_told("CGW0308"), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("current");
    TCase *tests = tcase_create("current");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_change_is_a_visit);
    tcase_add_test(tests, who_held_the_loop_is_blamed);
    tcase_add_test(tests, the_last_one_is_blamed_when_the_callback_returns);
    tcase_add_test(tests, a_call_that_ends_is_nobodys_any_more);
    tcase_add_test(tests, both_may_end_in_one_visit);
    tcase_add_test(tests, outside_of_a_visit_it_says_nothing);
    tcase_add_test(tests, a_visit_within_a_visit_is_over_at_the_end);
    tcase_add_loop_test(tests, it_is_told_what_blocks, 0, 2);
    tcase_add_test(tests, nor_is_it_moved_as_a_whole);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
