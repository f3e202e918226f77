/* The way through middleware and layers, with everything around them played here. */
#include "unit.h"
#include "web/application.h"
#include "web/match.h"
#include <stdio.h>

_Thread_local struct here here;
static struct task task;
static struct application application;
static struct cgw_application declared;
static struct match_route route;
static cgw_request served;
static char said[1024], logged[1024];

static void say(const char *word)
{
    size_t n = strlen(said);
    (void)snprintf(said + n, sizeof(said) - n, "%s%s", n ? " " : "", word);
}

/* ---- what is around them ---- */

void runtime_log(struct runtime *runtime, struct cgw_call *call, int level, const char *format, ...)
{
    va_list args;
    (void)runtime;
    (void)call;
    ck_assert_int_eq(level, CGW_LOG_ERROR);
    va_start(args, format);
    (void)vsnprintf(logged, sizeof(logged), format, args);
    va_end(args);
}

const char *failure_reason(int status)
{
    ck_assert_int_eq(status, 500);
    return "Internal Server Error";
}

cgw_reply failure_prepare(cgw_request *request, int status, int code, const char *detail,
                          cgw_str detail_json)
{
    (void)code;
    (void)detail_json;
    ck_assert_str_eq(detail, "Internal Server Error");
    request->reply.status = status;
    return (cgw_reply){status};
}

bool cgw_reply_has_begun(const cgw_request *request)
{
    return request->reply.state >= REPLY_STREAM;
}

int offload_ask(int (*fn)(void *arg), void *arg)
{
    (void)fn;
    (void)arg;
    ck_abort_msg("no pool thread plays");
    return CGW_EINVAL;
}

static const struct cgw_site *site_seen;

int channel_receive(struct cgw_request *request, struct cgw_event *event,
                    const struct cgw_site *site)
{
    (void)request;
    event->type = CGW_HTTP_REQUEST;
    site_seen = site;
    say("received");
    return CGW_OK;
}

int channel_send(struct cgw_request *request, const struct cgw_event *events, size_t n,
                 const struct cgw_site *site)
{
    (void)request;
    (void)events;
    site_seen = site;
    say(n == 2 ? "sent two" : "sent");
    return CGW_OK;
}

/* ---- middleware ---- */

static cgw_reply reply(int status)
{
    served.reply.status = status;
    return (cgw_reply){status};
}

static cgw_reply handler(cgw_request *request)
{
    (void)request;
    say("handler");
    return reply(200);
}

CGW_MIDDLEWARE(outer)
{
    say("outer(");
    cgw_reply got = cgw_next(req);
    say(")outer");
    return got;
}

CGW_MIDDLEWARE(inner)
{
    say("inner(");
    cgw_reply got = cgw_next(req);
    say(")inner");
    return got;
}

CGW_MIDDLEWARE(answers)
{
    (void)req;
    say("answers");
    return reply(403);
}

CGW_MIDDLEWARE(twice)
{
    cgw_reply first = cgw_next(req);
    (void)first;
    return cgw_next(req);
}

static cgw_reply asks_for_next(cgw_request *request)
{
    say("handler");
    return cgw_next(request);
}

static void setup(void)
{
    static struct cgw_endpoint endpoint = {.function = "show"};
    application.declared = &declared;
    here.task = &task;
    served.application = &application;
    served.endpoint = &endpoint;
    served.route = &route;
}

static int run(const struct cgw_middleware *const *through, cgw_handler_fn *fn)
{
    route.middleware = through;
    return chain_run(&served, fn).status;
}

START_TEST(test_order)
{
    ck_assert_int_eq(run(CGW_THROUGH(outer, inner), handler), 200);
    ck_assert_str_eq(said, "outer( inner( handler )inner )outer");
    ck_assert_ptr_null(served.chain);
}
END_TEST

START_TEST(test_none)
{
    static const struct cgw_middleware *const none[1];
    ck_assert_int_eq(run(none, handler), 200);
    ck_assert_str_eq(said, "handler");
}
END_TEST

START_TEST(test_answers_itself)
{
    ck_assert_int_eq(run(CGW_THROUGH(outer, answers, inner), handler), 403);
    ck_assert_str_eq(said, "outer( answers )outer");
}
END_TEST

/* Where nothing matched, the application's own middleware is around the 404. */
START_TEST(test_no_route)
{
    served.route = NULL;
    served.endpoint = NULL;
    ck_assert_int_eq(chain_run(&served, handler).status, 200);
    ck_assert_str_eq(said, "handler");
    declared.middleware = CGW_THROUGH(outer);
    ck_assert_int_eq(chain_run(&served, handler).status, 200);
    ck_assert_str_eq(said, "handler outer( handler )outer");
}
END_TEST

START_TEST(test_twice)
{
    ck_assert_int_eq(run(CGW_THROUGH(outer, twice, inner), handler), 500);
    ck_assert_str_eq(said, "outer( inner( handler )inner )outer");
    ck_assert_str_eq(logged,
                     "show: cgw_next() was called a second time, or outside of a middleware");
    ck_assert_int_eq(served.reply.status, 500);
}
END_TEST

/* What was skipped does not run because somebody further out asks twice. */
START_TEST(test_twice_past_one_that_answers)
{
    ck_assert_int_eq(run(CGW_THROUGH(twice, answers, inner), handler), 500);
    ck_assert_str_eq(said, "answers");
}
END_TEST

START_TEST(test_next_in_handler)
{
    ck_assert_int_eq(run(CGW_THROUGH(outer), asks_for_next), 500);
    ck_assert_str_eq(said, "outer( handler )outer");
}
END_TEST

/* ---- layers ---- */

static int receive_a(cgw_request *request, struct cgw_layer *layer, struct cgw_event *event)
{
    say("a");
    return cgw_receive_below(request, layer, event);
}

static int send_a(cgw_request *request, struct cgw_layer *layer, const struct cgw_event *events,
                  size_t n)
{
    (void)events;
    struct cgw_event more[2] = {{.type = CGW_HTTP_RESPONSE_BODY}, {.type = CGW_HTTP_RESPONSE_BODY}};
    say(layer->arg);
    return cgw_send_below(request, layer, more, n + 1);
}

static int send_b(cgw_request *request, struct cgw_layer *layer, const struct cgw_event *events,
                  size_t n)
{
    say("b");
    return cgw_send_below(request, layer, events, n);
}

static int swallow(cgw_request *request, struct cgw_layer *layer, const struct cgw_event *events,
                   size_t n)
{
    (void)request;
    (void)layer;
    (void)events;
    (void)n;
    return CGW_ECLOSED;
}

START_TEST(test_layers)
{
    char name[] = "A";
    struct cgw_layer a = {.receive = receive_a, .send = send_a, .arg = name};
    struct cgw_layer empty = {.arg = NULL}, b = {.send = send_b};
    struct cgw_event event = {.type = 0};
    cgw_wrap(&served, &a);
    cgw_wrap(&served, &empty);
    cgw_wrap(&served, &b);
    ck_assert_int_eq(cgw_receive(&served, &event), CGW_OK);
    ck_assert_str_eq(said, "a received");
    ck_assert_int_eq(event.type, CGW_HTTP_REQUEST);
    said[0] = '\0';
    ck_assert_int_eq(cgw_send(&served, &event, 1), CGW_OK);
    ck_assert_str_eq(said, "b A sent two");
    ck_assert_ptr_null(task.site);
    struct cgw_layer last = {.send = swallow};
    cgw_wrap(&served, &last);
    ck_assert_int_eq(cgw_send(&served, &event, 1), CGW_ECLOSED);
}
END_TEST

/* Where a call stands in the source is known below all layers. */
START_TEST(test_site)
{
    struct cgw_layer a = {.send = send_b};
    struct cgw_event event = {.type = 0};
    static const struct cgw_site site = {"file.c", "fn", 3};
    ck_assert_int_eq(cgw__send(&served, &event, 1, &site), CGW_OK);
    ck_assert_ptr_eq(site_seen, &site);
    cgw_wrap(&served, &a);
    site_seen = NULL;
    ck_assert_int_eq(cgw__send(&served, &event, 1, &site), CGW_OK);
    ck_assert_ptr_eq(site_seen, &site);
    site_seen = NULL;
    ck_assert_int_eq(cgw__receive(&served, &event, &site), CGW_OK);
    ck_assert_ptr_eq(site_seen, &site);
    ck_assert_ptr_null(task.site);
}
END_TEST

START_TEST(test_too_late)
{
    struct cgw_layer a = {.send = send_b};
    served.reply.state = REPLY_STREAM;
    cgw_wrap(&served, &a);
    ck_assert_ptr_null(served.layers);
    ck_assert_str_eq(logged, "cgw_wrap(): the response has begun already");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("chain");
    TCase *t = tcase_create("chain");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, test_order);
    tcase_add_test(t, test_none);
    tcase_add_test(t, test_answers_itself);
    tcase_add_test(t, test_no_route);
    tcase_add_test(t, test_twice);
    tcase_add_test(t, test_twice_past_one_that_answers);
    tcase_add_test(t, test_next_in_handler);
    tcase_add_test(t, test_layers);
    tcase_add_test(t, test_site);
    tcase_add_test(t, test_too_late);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
