/*
 * Synchronous calls, the loop's side, against a fake outer host: what is read before the hop, full
 * pools, peers that go, and the lifespan.
 */
#include "sync_play_app.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void setup(void)
{
    play_init(&play, "GET");
}

static char body[sizeof(big) + 1];
static size_t body_len;

/* Take events until one is final or no request; their bytes into body. */
static int take_body(struct cgw_call *call)
{
    for (int n = 1;; n++) {
        struct cgw_event event;
        if (take(call, &event) != CGW_OK || event.type != CGW_HTTP_REQUEST)
            return -n;
        memcpy(body + body_len, event.u.body.data.ptr, event.u.body.data.len);
        body_len += event.u.body.data.len;
        if (!(event.flags & CGW_MORE))
            return n;
    }
}

static void count_pieces(struct cgw_call *call)
{
    answers[0] = take_body(call);
    answers[1] = respond(call, "ok", 2);
    finish(call, CGW_OK);
}

/* ---- requests ---- */

START_TEST(an_ordinary_call_is_one_send)
{
    play.is_pending = _i;
    run(hello);
    ck_assert_int_eq(answers[0], CGW_OK);
    ck_assert_uint_eq(seen[0].type, CGW_HTTP_REQUEST);
    ck_assert_uint_eq(seen[0].flags, 0);
    ck_assert_uint_eq(seen[0].size, sizeof(struct cgw_event));
    ck_assert_uint_eq(seen[0].u.body.data.len, 0);
    ck_assert_int_eq(answers[1], CGW_OK);
    ck_assert_str_eq(play.sent, "start 200 a:b|body hello|;");
    ck_assert_int_eq(play.n_receives, 1);
    ck_assert_int_eq(play.finish_status, CGW_OK);
}
END_TEST

static const struct {
    size_t len, piece;
    const char *name, *value; /* one more header */
    int receives_before;      /* the hop */
    int pieces;               /* that the module sees */
} requests[] = {
    {5, 0, NULL, NULL, 1, 1},
    {5, 1, NULL, NULL, 5, 1},
    {KIB64, 0, NULL, NULL, 1, 1},
    {KIB64, 1000, NULL, NULL, 66, 1},
    {KIB64 + 1, 30000, NULL, NULL, 0, 3},
    {2 * KIB64, 0, NULL, NULL, 0, 1},
    {6, 2, "transfer-encoding", "chunked", 0, 3},
    {6, 2, "expect", "100-continue", 0, 3},
    {0, 0, NULL, NULL, 1, 1},
};

static atomic_int receives_before;

static void note_receives(struct cgw_call *call)
{
    atomic_store(&receives_before, play.n_receives); /* the loop rests until the first letter */
    count_pieces(call);
}

START_TEST(small_bodies_are_read_before_the_hop)
{
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)('a' + i % 23);
    play.is_pending = _i % 2;
    size_t at = (size_t)_i / 2;
    play_body(&play, big, requests[at].len, requests[at].piece);
    if (requests[at].name)
        play_header(&play, requests[at].name, requests[at].value);
    run(note_receives);
    ck_assert_int_eq(atomic_load(&receives_before), requests[at].receives_before);
    ck_assert_int_eq(answers[0], requests[at].pieces);
    ck_assert_uint_eq(body_len, requests[at].len);
    ck_assert_mem_eq(body, big, body_len);
}
END_TEST

START_TEST(a_body_of_unknown_length_is_not_waited_for)
{
    play.scope.http_major = 2;
    run(note_receives);
    ck_assert_int_eq(atomic_load(&receives_before), 0);
    ck_assert_int_eq(answers[0], 1);
}
END_TEST

START_TEST(a_peer_that_goes_within_the_body_is_told_as_such)
{
    play.is_cut = true;
    play.is_pending = _i;
    play_body(&play, "abc", 3, 2);
    run(count_pieces);
    ck_assert_int_eq(answers[0], -2);
    ck_assert_uint_eq(body_len, 3);
    ck_assert_mem_eq(body, "abc", 3);
}
END_TEST

static void take_thrice(struct cgw_call *call)
{
    for (int i = 0; i < 3; i++)
        answers[i] = take(call, &seen[i]);
    answers[3] = respond(call, "bye", 3);
    finish(call, answers[3]);
}

/* row 46: receive repeats the disconnect and never blocks */
START_TEST(behind_the_body_comes_the_disconnect_again_and_again)
{
    run(take_thrice);
    ck_assert_uint_eq(seen[0].type, CGW_HTTP_REQUEST);
    ck_assert_uint_eq(seen[1].type, CGW_HTTP_DISCONNECT);
    ck_assert_uint_eq(seen[2].type, CGW_HTTP_DISCONNECT);
}
END_TEST

/* ---- the peer, the worker ---- */

static void wait_in_receive(struct cgw_call *call)
{
    const struct cgw_disconnect *ext = call->host->extension(call->host, CGW_EXT_DISCONNECT);

    answers[0] = take(call, &seen[0]);
    answers[5] = ext->is_disconnected(call);
    atomic_store(&stage, 1);
    answers[1] = take(call, &seen[1]);
    answers[6] = ext->is_disconnected(call);
    answers[2] = respond(call, "late", 4);
    finish(call, answers[2]);
}

START_TEST(a_peer_that_goes_ends_the_wait)
{
    begin_and_get_stuck(wait_in_receive);
    play.send_status = CGW_ECLOSED;
    play_gone(&play);
    end_stuck();
    ck_assert_int_eq(answers[1], CGW_OK);
    ck_assert_uint_eq(seen[1].type, CGW_HTTP_DISCONNECT);
    ck_assert_int_eq(answers[5], 0);
    ck_assert_int_eq(answers[6], 1);
    ck_assert_int_eq(answers[2], CGW_ECLOSED);
    ck_assert_int_eq(play.finish_status, CGW_ECLOSED);
}
END_TEST

START_TEST(a_canceled_call_is_told_so)
{
    begin_and_get_stuck(wait_in_receive);
    play.send_status = CGW_ECANCELED;
    play_cancel(&play);
    end_stuck();
    ck_assert_int_eq(answers[1], CGW_ECANCELED);
    ck_assert_int_eq(play.finish_status, CGW_ECANCELED);
}
END_TEST

static void wait_in_send(struct cgw_call *call)
{
    (void)start(call, 200);
    atomic_store(&stage, 1);
    answers[0] = piece(call, big, sizeof(big), CGW_MORE);
    finish(call, answers[0]);
}

START_TEST(back_pressure_holds_the_thread_until_the_peer_goes)
{
    begin_and_get_stuck(wait_in_send);
    ck_assert_int_eq(play.n_finishes, 0);
    play_gone(&play);
    end_stuck();
    ck_assert_int_eq(answers[0], CGW_ECLOSED);
    ck_assert_ptr_eq(play.first_part, big);
}
END_TEST

/* ---- the pool ---- */

static atomic_int gate;

static void wait_at_the_gate(struct cgw_call *call)
{
    atomic_fetch_add(&stage, 1);
    while (!atomic_load(&gate))
        sched_yield();
    hello(call);
}

START_TEST(a_full_pool_is_503)
{
    static struct play more[3];
    play_begin(wait_at_the_gate, 1, 1);
    for (int i = 0; i < 3; i++) {
        play_init(&more[i], "GET");
        more[i].is_pending = i == 2 && _i;
        sync_call(play_runner, &more[i].call, &play_origin);
        play_until(&more[i], &stage, 1);
    }
    play_until_finished(&more[2]);
    ck_assert_str_eq(more[2].sent, "start 503 content-type:text/plain content-length:20 "
                                   "retry-after:1|body Service Unavailable\n|;");
    ck_assert_int_eq(more[2].finish_status, CGW_OK);
    atomic_store(&gate, 1);
    play_until_finished(&more[0]);
    play_until_finished(&more[1]);
    play_end();
    ck_assert_str_eq(more[1].sent, "start 200 a:b|body hello|;");
}
END_TEST

/* Of a burst one line is written; the rest is told in the end at the latest. */
START_TEST(refusals_behind_the_first_line_are_told_in_the_end)
{
    static struct play more[6];
    char text[2048] = "";
    FILE *errors = tmpfile();
    ck_assert_ptr_nonnull(errors);
    dup2(fileno(errors), STDERR_FILENO);
    play_begin(wait_at_the_gate, 1, 1);
    for (int i = 0; i < 6; i++) {
        play_init(&more[i], "GET");
        sync_call(play_runner, &more[i].call, &play_origin);
        play_until(&more[i], &stage, 1);
    }
    atomic_store(&gate, 1);
    for (int i = 0; i < 6; i++)
        play_until_finished(&more[i]);
    play_end();
    rewind(errors);
    ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, errors), 0);
    unsigned calls = 0, lines = 0;
    for (const char *at = text; (at = strstr(at, " CGW0501 ")); at++, lines++)
        calls += (unsigned)strtoul(strstr(at, "calls=") + 6, NULL, 10);
    ck_assert_uint_eq(calls, 4);
    ck_assert_uint_ge(lines, 2);
    fclose(errors);
}
END_TEST

#ifndef SANITIZED                 /* which have a malloc() of their own */
static atomic_size_t refuse_from; /* bytes; 0: none is refused */

void *__libc_malloc(size_t bytes);
void *malloc(size_t bytes)
{
    size_t from = atomic_load(&refuse_from);
    return from && bytes >= from ? NULL : __libc_malloc(bytes);
}

static void send_many_without_memory(struct cgw_call *call)
{
    static struct cgw_event events[10000];
    static const struct cgw_str part = CGW_STR("x");
    events[0] = cgw_event_start(200, NULL, 0);
    for (size_t i = 1; i < 10000; i++)
        events[i] = cgw_event_body(&part, 1, i < 9999 ? CGW_MORE : 0);
    atomic_store(&refuse_from, 9999 * sizeof(*events));
    answers[0] = give(call, events, 10000);
    atomic_store(&refuse_from, 0);
    finish(call, CGW_OK);
}

/* The start was taken before memory ran out: it counts, and so does the rest. */
START_TEST(a_held_start_needs_no_memory)
{
    run(send_many_without_memory);
    ck_assert_int_eq(answers[0], CGW_OK);
    ck_assert_int_eq(strncmp(play.sent, "start 200|;body x more|body x more|", 35), 0);
    ck_assert_uint_eq(play.body_sent, 9999);
    ck_assert_int_eq(play.n_sends, 2);
}
END_TEST
#endif

static atomic_int n_calls;

/* Many at once, so nothing is left behind but a count. */
static void count_call(struct cgw_call *call)
{
    struct cgw_event event;
    call->user = call->host->alloc(call, 100);
    memset(call->user, 1, 100);
    if (take(call, &event) == CGW_OK && event.type == CGW_HTTP_REQUEST)
        atomic_fetch_add(&n_calls, 1);
    finish(call, respond(call, "hello", 5));
}

START_TEST(calls_in_a_row_and_at_once)
{
    enum { AT_ONCE = 16, ROUNDS = 60 };
    static struct play many[AT_ONCE];
    play_begin(count_call, 4, AT_ONCE);
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
            play_init(&many[i], "GET");
            sync_call(play_runner, &many[i].call, &play_origin);
        }
        for (int i = 0; i < AT_ONCE; i++)
            play_until_finished(&many[i]);
        for (int i = 0; i < AT_ONCE; i++)
            ck_assert_str_eq(many[i].sent, "start 200 a:b|body hello|;");
    }
    play_end();
    ck_assert_int_eq(atomic_load(&n_calls), AT_ONCE * ROUNDS);
}
END_TEST

/* ---- other scopes ---- */

static void live(struct cgw_call *call)
{
    if (call->scope->type != CGW_SCOPE_LIFESPAN) {
        hello(call);
        return;
    }
    struct cgw_event done = {.type = CGW_LIFESPAN_STARTUP_COMPLETE, .size = sizeof(done)};
    answers[2] = take(call, &seen[2]);
    answers[3] = give(call, &done, 1);
    atomic_store(&stage, 1);
    answers[4] = take(call, &seen[4]);
    finish(call, CGW_OK);
}

START_TEST(the_lifespan_has_a_thread_of_its_own)
{
    static struct play lifespan;
    play_init(&lifespan, "");
    lifespan.scope.type = CGW_SCOPE_LIFESPAN;
    play_begin(live, 1, 0);
    sync_call(play_runner, &lifespan.call, &play_origin);
    play_until(&lifespan, &stage, 1);
    ck_assert_str_eq(lifespan.sent, "2 |;");
    lifespan.is_stuck = true;
    struct pool_status status;
    pool_status(play_pool, &status);
    ck_assert_uint_eq(status.threads, 0);
    play_run(&play);
    ck_assert_str_eq(play.sent, "start 200 a:b|body hello|;");
    lifespan.is_stuck = false;
    play_until_finished(&lifespan);
    play_end();
    ck_assert_int_eq(answers[3], CGW_OK);
    ck_assert_int_eq(lifespan.finish_status, CGW_OK);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sync");
    TCase *tests = tcase_create("sync");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_loop_test(tests, an_ordinary_call_is_one_send, 0, 2);
    tcase_add_loop_test(tests, small_bodies_are_read_before_the_hop, 0,
                        2 * sizeof(requests) / sizeof(*requests));
    tcase_add_test(tests, a_body_of_unknown_length_is_not_waited_for);
    tcase_add_loop_test(tests, a_peer_that_goes_within_the_body_is_told_as_such, 0, 2);
    tcase_add_test(tests, behind_the_body_comes_the_disconnect_again_and_again);
    tcase_add_test(tests, a_peer_that_goes_ends_the_wait);
    tcase_add_test(tests, a_canceled_call_is_told_so);
    tcase_add_test(tests, back_pressure_holds_the_thread_until_the_peer_goes);
    tcase_add_loop_test(tests, a_full_pool_is_503, 0, 2);
    tcase_add_test(tests, refusals_behind_the_first_line_are_told_in_the_end);
#ifndef SANITIZED
    tcase_add_test(tests, a_held_start_needs_no_memory);
#endif
    tcase_add_test(tests, calls_in_a_row_and_at_once);
    tcase_add_test(tests, the_lifespan_has_a_thread_of_its_own);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
