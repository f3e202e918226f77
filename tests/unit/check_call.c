/*
 * The call between a scripted application and a wire that notes what reaches it: what send() and
 * receive() answer, when callbacks run, and what a failure leaves (rows 45, 46, 92 to 103, 116).
 */
#include "app/call.h"
#include "base/log.h"
#include "unit.h"
#include <stdio.h>

static struct {
    char said[512]; /* what the wire was given, in words */
    int write_status;
    bool body_is_late;
    int ended;
} w;

static void say(const char *what)
{
    size_t used = strlen(w.said);
    snprintf(w.said + used, sizeof w.said - used, "%s%s", used ? " " : "", what);
}

static int wire_write(struct call *call, const struct call_write *write)
{
    char text[64];
    (void)call;
    if (write->head) {
        snprintf(text, sizeof text, "%d%s", write->head->status, write->hold ? "(held)" : "");
        say(text);
    }
    if (write->bytes) {
        snprintf(text, sizeof text, "+%d", (int)write->bytes);
        say(text);
    }
    if (write->n_trailers)
        say("trailers");
    if (write->end)
        say("end");
    return w.write_status;
}

static int wire_informational(struct call *call, int status, const struct field *fields, size_t n)
{
    char text[16];
    (void)call, (void)fields, (void)n;
    snprintf(text, sizeof text, "%d", status);
    say(text);
    return CGW_OK;
}

static int wire_read(struct call *call, struct str *ret_data, bool *ret_more)
{
    (void)call;
    if (w.body_is_late)
        return CGW_PENDING;
    *ret_data = STR("body");
    *ret_more = false;
    return CGW_OK;
}

static void wire_fail(struct call *call, int status)
{
    char text[16];
    (void)call;
    snprintf(text, sizeof text, "fail%d", status);
    say(text);
}

static void wire_ended(struct call *call)
{
    (void)call;
    w.ended++;
}

static const struct call_wire wire = {wire_write, wire_informational, wire_read, wire_fail,
                                      wire_ended};

/* ---- the application is the test: it gets the call and the results of callbacks ---- */

static struct cgw_call *pub; /* NULL once finished */
static struct call *call;
static struct call_runtime runtime;
static struct settings settings;
static struct cgw_event event;
static int done_calls, done_status;

static void app_call(struct cgw_call *begun)
{
    pub = begun;
}

static void done(struct cgw_call *of, int status, void *arg)
{
    ck_assert_ptr_eq(of, pub);
    ck_assert_ptr_eq(arg, &runtime);
    done_calls++;
    done_status = status;
}

static void setup(void)
{
    static const struct cgw_app app = {.magic = CGW_MAGIC, .call = app_call};
    ck_assert_int_eq(log_start("/dev/null", false, LOG_LEVEL_ERROR), 0);
    memset(&w, 0, sizeof w);
    done_calls = 0;
    call_runtime_init(&runtime, &app, &settings);
    call = call_get(&runtime, &call_http, &wire, &w);
    ck_assert_ptr_nonnull(call);
    call->scope = (struct cgw_scope){.size = sizeof call->scope, .type = CGW_SCOPE_HTTP};
    ck_assert(call_begin(call));
    ck_assert_uint_eq(runtime.n_running, 1);
}

static void teardown(void)
{
    if (pub && !w.ended)
        pub->host->finish(pub, 0);
    ck_assert_int_eq(w.ended, 1);
    ck_assert_uint_eq(runtime.n_running, 0);
    call_runtime_fini(&runtime);
    log_stop();
}

static int send_events(const struct cgw_event *events, size_t n)
{
    return pub->host->send(pub, events, n, done, &runtime);
}

static int receive(void)
{
    return pub->host->receive(pub, &event, done, &runtime);
}

static void finish(int status)
{
    struct cgw_call *finished = pub;
    pub = NULL;
    finished->host->finish(finished, status);
    ck_assert_int_eq(w.ended, 1);
}

#define said(literal) ck_assert_str_eq(w.said, literal)

static const struct cgw_str hello = CGW_STR("hello");
static const struct cgw_header length_5[] = {CGW_HEADER("content-length", "5")};

START_TEST(head_and_body_reach_the_wire_together)
{
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&hello, 1, 0)};
    ck_assert_int_eq(send_events(events, 2), CGW_OK);
    said("200 +5 end");
    finish(0);
    said("200 +5 end");
}
END_TEST

START_TEST(a_start_alone_is_held)
{
    struct cgw_event start = cgw_event_start(201, NULL, 0);
    ck_assert_int_eq(send_events(&start, 1), CGW_OK);
    said("201(held)");
    finish(0); /* row 95 */
    said("201(held) fail500");
}
END_TEST

START_TEST(nothing_sent_is_a_failure)
{
    finish(0); /* row 93 */
    said("fail500");
}
END_TEST

START_TEST(an_error_status_is_a_failure)
{
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0),
                                 cgw_event_body(&hello, 1, CGW_MORE)};
    ck_assert_int_eq(send_events(events, 2), CGW_OK);
    finish(CGW_EIO); /* row 96 */
    said("200 +5 fail500");
}
END_TEST

START_TEST(order_is_kept)
{
    struct cgw_event body = cgw_event_body(&hello, 1, 0), start = cgw_event_start(200, NULL, 0);
    ck_assert_int_eq(send_events(&body, 1), CGW_EINVAL);  /* row 94 */
    ck_assert_int_eq(send_events(&start, 1), CGW_EINVAL); /* it is broken for good */
    said("");
    finish(0);
    said("fail500");
}
END_TEST

START_TEST(a_second_start_breaks_it)
{
    struct cgw_event start = cgw_event_start(200, NULL, 0);
    ck_assert_int_eq(send_events(&start, 1), CGW_OK);
    ck_assert_int_eq(send_events(&start, 1), CGW_EINVAL); /* row 97 */
    finish(0);
    said("200(held) fail500");
}
END_TEST

START_TEST(a_complete_response_stays_intact)
{
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&hello, 1, 0)};
    ck_assert_int_eq(send_events(events, 2), CGW_OK);
    ck_assert_int_eq(send_events(events + 1, 1), CGW_EINVAL); /* row 98 */
    finish(0);
    said("200 +5 end");
}
END_TEST

START_TEST(content_length_is_a_promise)
{
    static const struct cgw_str long_body = CGW_STR("longer"), short_body = CGW_STR("four");
    struct cgw_event start = cgw_event_start(200, length_5, 1);
    struct cgw_event too_long = cgw_event_body(&long_body, 1, CGW_MORE);
    struct cgw_event too_short = cgw_event_body(&short_body, 1, 0);
    ck_assert_int_eq(send_events(&start, 1), CGW_OK);
    ck_assert_int_eq(send_events(_i ? &too_long : &too_short, 1), CGW_EINVAL); /* row 99 */
    finish(0);
    said("200(held) fail500");
}
END_TEST

START_TEST(what_is_no_event_is_refused)
{
    struct cgw_event bad = {.type = 99, .size = sizeof bad}; /* row 100 */
    struct cgw_event small = cgw_event_start(200, NULL, 0);
    small.size = 32; /* row 101 */
    ck_assert_int_eq(send_events(_i ? &bad : &small, 1), CGW_EINVAL);
    finish(0);
    said("fail500");
}
END_TEST

/* Row 102: bits and bytes that this version does not know are for a later one. */
START_TEST(what_is_not_known_is_ignored)
{
    struct cgw_event events[] = {cgw_event_start(200, length_5, 1), cgw_event_body(&hello, 1, 0)};
    for (size_t i = 0; i < 2; i++) {
        events[i].flags |= 0x8000;
        events[i].u.reserved[6] = UINT64_MAX;
    }
    ck_assert_int_eq(send_events(events, 2), CGW_OK);
    finish(0);
    said("200 +5 end");
}
END_TEST

START_TEST(an_unknown_status_closes)
{
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&hello, 1, 0)};
    ck_assert_int_eq(send_events(events, 2), CGW_OK);
    call_enter(call); /* row 103; looked at before the call is gone */
    pub->host->finish(pub, 7);
    pub = NULL;
    call->kind->conclude(call);
    ck_assert(call->wants_close);
    call_leave(call);
}
END_TEST

START_TEST(pressure_is_answered_once)
{
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&hello, 1, CGW_MORE),
                                 cgw_event_body(&hello, 1, 0)};
    w.write_status = CGW_PENDING;
    ck_assert_int_eq(send_events(events, 3), CGW_PENDING);
    said("200 +5");
    ck_assert_int_eq(send_events(events, 1), CGW_EINVAL); /* one at a time */
    w.write_status = CGW_OK;
    call_drained(call);
    ck_assert_int_eq(done_calls, 0);
    call_run_due(&runtime);
    ck_assert_int_eq(done_calls, 1);
    ck_assert_int_eq(done_status, CGW_OK);
    finish(0);
    said("200 +5 +5 end");
}
END_TEST

START_TEST(a_late_body_wakes_the_receiver)
{
    w.body_is_late = true;
    ck_assert_int_eq(receive(), CGW_PENDING);
    call_readable(call);
    call_run_due(&runtime);
    ck_assert_int_eq(done_calls, 0); /* still nothing there */
    w.body_is_late = false;
    call_readable(call);
    call_run_due(&runtime);
    ck_assert_int_eq(done_calls, 1);
    ck_assert_uint_eq(event.type, CGW_HTTP_REQUEST);
    ck_assert_uint_eq(event.u.body.data.len, 4);
    ck_assert_uint_eq(event.flags, 0);
}
END_TEST

START_TEST(behind_the_response_there_is_only_disconnect)
{
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&hello, 1, 0)};
    ck_assert_int_eq(send_events(events, 2), CGW_OK);
    for (int i = 0; i < 3; i++) { /* rows 45, 46 */
        ck_assert_int_eq(receive(), CGW_OK);
        ck_assert_uint_eq(event.type, CGW_HTTP_DISCONNECT);
    }
}
END_TEST

START_TEST(a_peer_that_goes_is_told)
{
    ck_assert_int_eq(receive(), CGW_OK);
    ck_assert_int_eq(receive(), CGW_PENDING); /* waits for what comes behind the body */
    call_gone(call);                          /* row 116 */
    call_run_due(&runtime);
    ck_assert_int_eq(done_calls, 1);
    ck_assert_uint_eq(event.type, CGW_HTTP_DISCONNECT);
    struct cgw_event start = cgw_event_start(200, NULL, 0);
    ck_assert_int_eq(send_events(&start, 1), CGW_ECLOSED);
    finish(CGW_ECLOSED);
    said("");
}
END_TEST

START_TEST(a_half_closed_peer_still_gets_its_answer)
{
    const struct cgw_disconnect *disconnect = pub->host->extension(pub->host, CGW_EXT_DISCONNECT);
    ck_assert_int_eq(disconnect->notify(pub, done, &runtime), CGW_PENDING);
    ck_assert_int_eq(disconnect->is_disconnected(pub), 0);
    call_input_over(call); /* row 20 */
    call_run_due(&runtime);
    ck_assert_int_eq(done_calls, 1);
    ck_assert_int_eq(done_status, CGW_ECLOSED);
    ck_assert_int_eq(disconnect->is_disconnected(pub), 1);
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&hello, 1, 0)};
    ck_assert_int_eq(send_events(events, 2), CGW_OK);
    finish(0);
    said("200 +5 end");
}
END_TEST

START_TEST(cancel_answers_everything)
{
    ck_assert_int_eq(receive(), CGW_OK);
    ck_assert_int_eq(receive(), CGW_PENDING);
    call_cancel(call);
    call_run_due(&runtime);
    ck_assert_int_eq(done_status, CGW_ECANCELED);
    ck_assert_int_eq(receive(), CGW_ECANCELED);
    finish(CGW_ECANCELED);
    said("fail503");
}
END_TEST

START_TEST(draining_is_told_once)
{
    const struct cgw_shutdown *shutdown = pub->host->extension(pub->host, CGW_EXT_SHUTDOWN);
    ck_assert_int_eq(shutdown->is_draining(pub), 0);
    ck_assert_int_eq(shutdown->notify(pub, done, &runtime), CGW_PENDING);
    call_drain_begun(&runtime);
    call_run_due(&runtime);
    call_run_due(&runtime);
    ck_assert_int_eq(done_calls, 1);
    ck_assert_int_eq(done_status, CGW_ECANCELED);
    ck_assert_int_eq(shutdown->notify(pub, done, &runtime), CGW_ECANCELED);
}
END_TEST

START_TEST(a_body_that_may_not_be_is_dropped)
{
    struct cgw_event events[] = {cgw_event_start(204, NULL, 0), cgw_event_body(&hello, 1, 0)};
    ck_assert_int_eq(send_events(events, 2), CGW_OK); /* rows 7, 9 */
    finish(0);
    said("204 end");
}
END_TEST

START_TEST(trailers_are_gathered)
{
    static const struct cgw_header one[] = {CGW_HEADER("x-one", "1")};
    struct cgw_event events[] = {cgw_event_start(200, NULL, 0), cgw_event_body(&hello, 1, 0),
                                 cgw_event_start(0, one, 1), cgw_event_start(0, one, 1)};
    events[0].flags = CGW_TRAILERS;
    events[2].type = events[3].type = CGW_HTTP_RESPONSE_TRAILERS;
    events[2].flags = CGW_MORE;
    call->takes_trailers = true;
    ck_assert_int_eq(send_events(events, 3), CGW_OK);
    said("200 +5");
    ck_assert_int_eq(send_events(events + 3, 1), CGW_OK);
    ck_assert_uint_eq(call->n_trailers, 2);
    finish(0);
    said("200 +5 trailers end");
}
END_TEST

/* A middleware may have replaced the table in the call that the memory was before. */
START_TEST(a_used_call_begins_as_a_new_one)
{
    struct cgw_host other = *pub->host;
    pub->host = &other;
    pub->user = &other;
    call_host.finish(pub, 0);
    struct call *again = call_get(&runtime, &call_http, &wire, &w);
    ck_assert_ptr_eq(again, call);
    ck_assert_ptr_eq(again->pub.host, &call_host);
    ck_assert_ptr_null(again->pub.user);
    call_put(again);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("call");
    TCase *tests = tcase_create("http");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, head_and_body_reach_the_wire_together);
    tcase_add_test(tests, a_start_alone_is_held);
    tcase_add_test(tests, nothing_sent_is_a_failure);
    tcase_add_test(tests, an_error_status_is_a_failure);
    tcase_add_test(tests, order_is_kept);
    tcase_add_test(tests, a_second_start_breaks_it);
    tcase_add_test(tests, a_complete_response_stays_intact);
    tcase_add_loop_test(tests, content_length_is_a_promise, 0, 2);
    tcase_add_loop_test(tests, what_is_no_event_is_refused, 0, 2);
    tcase_add_test(tests, what_is_not_known_is_ignored);
    tcase_add_test(tests, an_unknown_status_closes);
    tcase_add_test(tests, pressure_is_answered_once);
    tcase_add_test(tests, a_late_body_wakes_the_receiver);
    tcase_add_test(tests, behind_the_response_there_is_only_disconnect);
    tcase_add_test(tests, a_peer_that_goes_is_told);
    tcase_add_test(tests, a_half_closed_peer_still_gets_its_answer);
    tcase_add_test(tests, cancel_answers_everything);
    tcase_add_test(tests, draining_is_told_once);
    tcase_add_test(tests, a_body_that_may_not_be_is_dropped);
    tcase_add_test(tests, trailers_are_gathered);
    tcase_add_test(tests, a_used_call_begins_as_a_new_one);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
