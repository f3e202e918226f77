/*
 * Synchronous calls, the module's side, against a fake outer host: what is gathered and what is
 * waited for, how a call ends, what is posted to it, and the table it sees.
 */
#include "sync_play_app.h"
#include <stdint.h>
#include <string.h>
#include <time.h>

static void setup(void)
{
    play_init(&play, "GET");
}

/* ---- responses ---- */

static void start_then_body(struct cgw_call *call)
{
    char text[] = "hello";
    answers[0] = start(call, 201);
    answers[1] = piece(call, text, 5, 0);
    memset(text, '#', sizeof(text)); /* it is the module's again */
    finish(call, CGW_OK);
}

START_TEST(a_start_is_held_until_its_body_comes)
{
    run(start_then_body);
    ck_assert_int_eq(answers[0], CGW_OK);
    ck_assert_int_eq(answers[1], CGW_OK);
    ck_assert_str_eq(play.sent, "start 201|body hello|;");
}
END_TEST

static void send_kib64(struct cgw_call *call)
{
    answers[0] = respond(call, big, KIB64);
    finish(call, CGW_OK);
}

static void send_kib64_and_one(struct cgw_call *call)
{
    answers[0] = respond(call, big, KIB64 + 1);
    finish(call, CGW_OK);
}

START_TEST(up_to_64_kib_are_copied_and_more_is_lent)
{
    play.is_pending = _i;
    run(send_kib64);
    ck_assert_uint_eq(play.body_sent, KIB64);
    ck_assert_ptr_ne(play.first_part, big);
    play_init(&play, "GET");
    play.is_pending = _i;
    run(send_kib64_and_one);
    ck_assert_uint_eq(play.body_sent, KIB64 + 1);
    ck_assert_ptr_eq(play.first_part, big);
}
END_TEST

static void stream(struct cgw_call *call)
{
    answers[0] = start(call, 200);
    for (int i = 1; i < 4; i++)
        answers[i] = piece(call, "ab", 2, CGW_MORE);
    answers[4] = piece(call, "", 0, 0);
    finish(call, CGW_OK);
}

START_TEST(pieces_are_given_one_by_one)
{
    play.is_pending = _i;
    run(stream);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(answers[i], CGW_OK);
    ck_assert_str_eq(play.sent, "start 200|body ab more|;body ab more|;body ab more|;body |;");
}
END_TEST

static void send_a_dozen(struct cgw_call *call)
{
    struct cgw_str part = CGW_STR("x");
    struct cgw_event events[12];
    for (int i = 0; i < 12; i++)
        events[i] = cgw_event_body(&part, 1, i < 11 ? CGW_MORE : 0);
    answers[0] = start(call, 200);
    answers[1] = give(call, events, 12);
    finish(call, CGW_OK);
}

START_TEST(many_events_stay_in_order_behind_the_held_start)
{
    run(send_a_dozen);
    ck_assert_int_eq(strncmp(play.sent, "start 200|body x more|body x more|", 34), 0);
    ck_assert_str_eq(play.sent + strlen(play.sent) - 14, " more|body x|;");
}
END_TEST

/* What the outer could refuse is not gathered: its answer is the module's at once. */
static void bad_status(struct cgw_call *call)
{
    answers[0] = start(call, 99);
}

static void bad_name(struct cgw_call *call)
{
    struct cgw_header header = CGW_HEADER("a b", "c");
    struct cgw_event event = cgw_event_start(200, &header, 1);
    answers[0] = give(call, &event, 1);
}

static void bad_value(struct cgw_call *call)
{
    struct cgw_header header = CGW_HEADER("a", "b\r\nc: d");
    struct cgw_event event = cgw_event_start(200, &header, 1);
    answers[0] = give(call, &event, 1);
}

static void bad_length(struct cgw_call *call)
{
    struct cgw_header header = CGW_HEADER("content-length", "4");
    struct cgw_str part = CGW_STR("hello");
    struct cgw_event events[] = {cgw_event_start(200, &header, 1), cgw_event_body(&part, 1, 0)};
    answers[0] = give(call, events, 2);
}

static void bad_order(struct cgw_call *call)
{
    answers[0] = piece(call, "hello", 5, 0);
}

static void second_start(struct cgw_call *call)
{
    (void)start(call, 200);
    answers[0] = start(call, 200);
}

static void body_of_204(struct cgw_call *call)
{
    (void)start(call, 204);
    answers[0] = piece(call, "hello", 5, 0);
}

static void unknown_event(struct cgw_call *call)
{
    struct cgw_event event = {.type = 999, .size = sizeof(event)};
    answers[0] = give(call, &event, 1);
}

static void bad_size(struct cgw_call *call)
{
    struct cgw_event event = cgw_event_start(200, NULL, 0);
    event.size = 32;
    answers[0] = give(call, &event, 1);
}

static void odd_flags(struct cgw_call *call)
{
    struct cgw_event event = cgw_event_body(NULL, 0, 0);
    event.flags = CGW_TEXT;
    (void)start(call, 200);
    answers[0] = give(call, &event, 1);
}

static void (*const refused[])(struct cgw_call *call) = {
    bad_status,   bad_name,    bad_value,     bad_length, bad_order,
    second_start, body_of_204, unknown_event, bad_size,   odd_flags};

static void send_refused(struct cgw_call *call)
{
    refused[atomic_load(&stage)](call);
    finish(call, answers[0]);
}

START_TEST(what_may_be_refused_is_waited_for)
{
    play.is_pending = _i % 2;
    play.send_status = CGW_EINVAL;
    atomic_store(&stage, _i / 2);
    run(send_refused);
    ck_assert_int_eq(answers[0], CGW_EINVAL);
    ck_assert_int_eq(play.finish_status, CGW_EINVAL);
    ck_assert_int_eq(play.n_sends, 1);
}
END_TEST

START_TEST(a_response_that_fails_behind_the_hop_fails_the_call)
{
    play.is_pending = _i;
    play.send_status = CGW_ECLOSED;
    run(hello);
    ck_assert_int_eq(answers[1], CGW_OK);
    ck_assert_int_eq(play.finish_status, CGW_ECLOSED);
}
END_TEST

static void send_again(struct cgw_call *call)
{
    answers[0] = respond(call, "hello", 5);
    answers[1] = piece(call, "more", 4, 0);
    answers[2] = take(call, &seen[0]);
    finish(call, CGW_OK);
}

/* row 98: the answer to what comes too late is the outer's; the response stays whole */
START_TEST(a_send_behind_the_whole_response_is_answered_by_the_outer)
{
    play.send_status = CGW_EINVAL;
    play.fail_at = 1;
    play.is_pending = _i;
    run(send_again);
    ck_assert_int_eq(answers[0], CGW_OK);
    ck_assert_int_eq(answers[1], CGW_EINVAL);
    ck_assert_str_eq(play.sent, "start 200 a:b|body hello|;body more|;");
}
END_TEST

START_TEST(a_failed_response_is_told_by_the_next_send)
{
    play.send_status = CGW_ECLOSED;
    play.fail_at = 0;
    run(send_again);
    ck_assert_int_eq(answers[1], CGW_ECLOSED);
    ck_assert_int_eq(play.n_sends, 1);
    ck_assert_int_eq(play.finish_status, CGW_ECLOSED);
}
END_TEST

/* ---- finish ---- */

static void forget(struct cgw_call *call)
{
    answers[0] = take(call, &seen[0]);
}

static void forget_behind_the_response(struct cgw_call *call)
{
    answers[0] = respond(call, "hello", 5);
}

START_TEST(a_call_that_returns_unfinished_is_finished_for_it)
{
    run(_i ? forget_behind_the_response : forget);
    ck_assert_int_eq(play.finish_status, CGW_EINVAL);
}
END_TEST

static void finish_twice(struct cgw_call *call)
{
    hello(call);
    finish(call, CGW_OK);
    answers[2] = take(call, &seen[1]);
    answers[3] = respond(call, "again", 5);
    answers[4] = call->host->alloc(call, 1) != NULL;
    call->host->log(call, CGW_LOG_WARNING, "hello", 5);
}

START_TEST(a_finished_call_takes_nothing_more)
{
    run(finish_twice);
    ck_assert_int_eq(answers[2], CGW_EINVAL);
    ck_assert_int_eq(answers[3], CGW_EINVAL);
    ck_assert_int_eq(answers[4], 0);
    ck_assert_int_eq(play.n_logs, 0);
    ck_assert_str_eq(play.sent, "start 200 a:b|body hello|;");
}
END_TEST

static void start_only(struct cgw_call *call)
{
    (void)start(call, 200);
    finish(call, CGW_OK);
}

static void start_and_fail(struct cgw_call *call)
{
    (void)start(call, 200);
    finish(call, CGW_ENOMEM);
}

/* row 93 to 96: what an incomplete response comes to is for the outer to say */
START_TEST(a_start_without_a_body_reaches_the_outer_unless_the_call_failed)
{
    run(_i ? start_and_fail : start_only);
    ck_assert_str_eq(play.sent, _i ? "" : "start 200|;");
    ck_assert_int_eq(play.finish_status, _i ? CGW_ENOMEM : CGW_OK);
}
END_TEST

/* ---- posts ---- */

static struct cgw_call *module_call;
static pthread_t call_thread;
static atomic_int posted;

static void note_post(struct cgw_call *call, void *arg)
{
    if (call == module_call && pthread_equal(pthread_self(), call_thread) && arg == &posted)
        atomic_fetch_add(&posted, 1);
}

static void finish_by_post(struct cgw_call *call, void *arg)
{
    (void)arg;
    answers[3] = take(call, &seen[3]);
    answers[4] = respond(call, "posted", 6);
    finish(call, CGW_OK);
}

static void wait_for_posts(struct cgw_call *call)
{
    module_call = call;
    call_thread = pthread_self();
    answers[0] = take(call, &seen[0]);
    call->host->post(call, note_post, &posted);
    call->host->post(call, note_post, &posted);
    atomic_store(&stage, 1);
    answers[1] = take(call, &seen[1]);
    answers[2] = atomic_load(&posted);
    if (answers[1] == CGW_OK)
        hello(call);
}

START_TEST(posts_run_on_the_calls_thread_where_it_waits)
{
    begin_and_get_stuck(wait_for_posts);
    play_until(&play, &posted, 2);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(module_call->host->post(module_call, note_post, &posted), CGW_OK);
    play_until(&play, &posted, 5);
    play_gone(&play);
    end_stuck();
    ck_assert_int_eq(answers[2], 5);
}
END_TEST

START_TEST(a_post_may_answer_and_finish_the_call)
{
    begin_and_get_stuck(wait_for_posts);
    play.is_stuck = false;
    play.is_pending = false;
    ck_assert_int_eq(module_call->host->post(module_call, finish_by_post, NULL), CGW_OK);
    /* the receive() below it stays unanswered, as the outer drops it */
    play.receiving.is_set = false;
    end_stuck();
    ck_assert_int_eq(answers[3], CGW_EINVAL);
    ck_assert_int_eq(answers[4], CGW_OK);
    ck_assert_int_eq(answers[1], CGW_ECANCELED);
    ck_assert_str_eq(play.sent, "start 200 a:b|body posted|;");
}
END_TEST

static void respond_and_send(struct cgw_call *call)
{
    module_call = call;
    answers[0] = respond(call, "hello", 5);
    atomic_store(&stage, 1);
    answers[1] = piece(call, "more", 4, 0);
}

static void only_finish(struct cgw_call *call, void *arg)
{
    finish(call, CGW_OK);
    atomic_store((atomic_int *)arg, 2);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* The second send() waits for the response when the post ends the call: nothing follows. */
START_TEST(a_post_may_finish_where_a_response_is_waited_for)
{
    begin_and_get_stuck(respond_and_send);
    pause_ms(_i * 20); /* until it waits; should it still be on its way there, all is the same */
    ck_assert_int_eq(module_call->host->post(module_call, only_finish, &stage), CGW_OK);
    play_until(&play, &stage, 2);
    end_stuck();
    ck_assert_int_eq(answers[1], CGW_ECANCELED);
    ck_assert_int_eq(play.finish_status, CGW_OK);
    ck_assert_str_eq(play.sent, "start 200 a:b|body hello|;");
}
END_TEST

static void take_twice(struct cgw_call *call)
{
    module_call = call;
    answers[0] = take(call, &seen[0]);
    atomic_store(&stage, 1);
    answers[1] = take(call, &seen[1]);
}

static void finish_when_answered(struct cgw_call *call, void *arg)
{
    (void)arg;
    atomic_store(&stage, 2);
    while (atomic_load(&stage) < 3)
        pause_ms(1);
    finish(call, CGW_OK);
}

/* The event would point into a call that is no more. */
START_TEST(a_receive_answers_nothing_once_a_post_has_finished)
{
    begin_and_get_stuck(take_twice);
    ck_assert_int_eq(module_call->host->post(module_call, finish_when_answered, NULL), CGW_OK);
    play_until(&play, &stage, 2);
    play_gone(&play);
    atomic_store(&stage, 3);
    end_stuck();
    ck_assert_int_eq(answers[1], CGW_ECANCELED);
}
END_TEST

/* ---- the table ---- */

static void set_flag(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

static int is_wanted(struct cgw_call *call, const char *id)
{
    const struct cgw_event_extension *ext = call->host->extension(call->host, id);
    return ext && ext->size == sizeof(*ext) ? ext->is_wanted(call) : -1;
}

static bool looks[7];

static void look_around(struct cgw_call *call)
{
    const struct cgw_host *host = call->host;
    const struct cgw_thread *thread = host->extension(host, CGW_EXT_THREAD);
    const struct cgw_disconnect *gone = host->extension(host, CGW_EXT_DISCONNECT);
    const struct cgw_shutdown *drain = host->extension(host, CGW_EXT_SHUTDOWN);
    pthread_t ran_on;
    looks[0] = is_wanted(call, CGW_EXT_FILE) == 1 && is_wanted(call, CGW_EXT_TRAILERS) == 0 &&
               is_wanted(call, CGW_EXT_INFORMATIONAL) == 1;
    looks[1] = !host->extension(host, CGW_EXT_LOOP) && !host->extension(host, "cgw.other/1");
    looks[2] = thread->run(call, set_flag, &ran_on, NULL, NULL) == CGW_OK &&
               pthread_equal(ran_on, pthread_self());
    looks[3] = gone->notify(call, NULL, NULL) == CGW_EINVAL &&
               drain->notify(call, NULL, NULL) == CGW_EINVAL && !gone->is_disconnected(call) &&
               drain->is_draining(call) == 1;
    looks[4] = host->size == sizeof(*host) && host->abi_major == CGW_ABI_MAJOR &&
               strcmp(host->name, "outer") == 0 && strcmp(host->version, "9.9") == 0;
    looks[5] = call->user == NULL && call->scope == &play.scope;
    char *room = host->alloc(call, 100000);
    looks[6] = room && (uintptr_t)room % _Alignof(max_align_t) == 0;
    memset(room, 1, 100000);
    host->log(call, CGW_LOG_WARNING, "hello", 5);
    hello(call);
}

START_TEST(the_module_sees_a_host_of_its_own)
{
    play_begin(look_around, 1, 1);
    play_body(&play, "x", 1, 0);
    play.is_pending = true;
    sync_call(play_runner, &play.call, &play_origin);
    play_drain(&play);
    play_until_finished(&play);
    play_end();
    for (int i = 0; i < 7; i++)
        ck_assert_msg(looks[i], "look %d", i);
    ck_assert_int_eq(play.n_logs, 1);
    ck_assert(!play.has_misbehaved);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sync_host");
    TCase *tests = tcase_create("sync_host");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, a_start_is_held_until_its_body_comes);
    tcase_add_loop_test(tests, up_to_64_kib_are_copied_and_more_is_lent, 0, 2);
    tcase_add_loop_test(tests, pieces_are_given_one_by_one, 0, 2);
    tcase_add_test(tests, many_events_stay_in_order_behind_the_held_start);
    tcase_add_loop_test(tests, what_may_be_refused_is_waited_for, 0,
                        2 * sizeof(refused) / sizeof(*refused));
    tcase_add_loop_test(tests, a_response_that_fails_behind_the_hop_fails_the_call, 0, 2);
    tcase_add_loop_test(tests, a_send_behind_the_whole_response_is_answered_by_the_outer, 0, 2);
    tcase_add_test(tests, a_failed_response_is_told_by_the_next_send);
    tcase_add_loop_test(tests, a_call_that_returns_unfinished_is_finished_for_it, 0, 2);
    tcase_add_test(tests, a_finished_call_takes_nothing_more);
    tcase_add_loop_test(tests, a_start_without_a_body_reaches_the_outer_unless_the_call_failed, 0,
                        2);
    tcase_add_test(tests, posts_run_on_the_calls_thread_where_it_waits);
    tcase_add_test(tests, a_post_may_answer_and_finish_the_call);
    tcase_add_loop_test(tests, a_post_may_finish_where_a_response_is_waited_for, 0, 2);
    tcase_add_test(tests, a_receive_answers_nothing_once_a_post_has_finished);
    tcase_add_test(tests, the_module_sees_a_host_of_its_own);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
