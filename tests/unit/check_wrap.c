/* Filters around an application of the bare interface, with the host below played here. */
#include "filter/wrap.h"
#include "unit.h"
#include <cgw/middleware.h>
#include <cgw/wrap.h>
#include <string.h>

enum { PIECES = 64, BODY = 1024 * 1024 };

static char text[BODY], received[BODY];
static size_t n_received, n_sends;
static size_t sends_left; /* the last one fails; 0: none does */
static int allocs_left, n_finished, finish_status, sent_status;
static uint16_t response_status, last_event;
static bool is_pending, is_refusing, has_origin;
static cgw_done_fn *done;
static void *done_arg;
static cgw_timer_fn *timer_fn;
static void *timer_arg;
static void *pieces[PIECES];
static size_t n_pieces;

/* ---- the host ---- */

static const struct cgw_host bottom;

static void take(const struct cgw_event *event)
{
    last_event = event->type;
    if (event->type == CGW_HTTP_RESPONSE_START) {
        response_status = event->u.start.status;
        for (size_t i = 0; i < event->u.start.n_headers; i++)
            has_origin |=
                event->u.start.headers[i].name.len == strlen("access-control-allow-origin");
    }
    if (event->type != CGW_HTTP_RESPONSE_BODY)
        return;
    for (size_t i = 0; i < event->u.bodyv.n_parts; i++) {
        const struct cgw_str *part = &event->u.bodyv.parts[i];
        memcpy(received + n_received, part->ptr, part->len);
        n_received += part->len;
    }
}

static int host_send(struct cgw_call *call, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done_fn, void *arg)
{
    ck_assert_ptr_eq(call->host, &bottom); /* the rule of <cgw/wrap.h> */
    n_sends++;
    if (sent_status < 0)
        return sent_status;
    if (is_refusing)
        return CGW_EINVAL;
    if (sends_left && !--sends_left)
        return CGW_ENOMEM;
    for (size_t i = 0; i < n; i++)
        take(&events[i]);
    done = done_fn;
    done_arg = arg;
    return is_pending ? CGW_PENDING : CGW_OK;
}

static int host_receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done_fn,
                        void *arg)
{
    (void)done_fn;
    (void)arg;
    ck_assert_ptr_eq(call->host, &bottom);
    *event = (struct cgw_event){.type = CGW_HTTP_REQUEST, .size = sizeof(*event)};
    return CGW_OK;
}

static void host_finish(struct cgw_call *call, int status)
{
    ck_assert_ptr_eq(call->host, &bottom);
    finish_status = status;
    n_finished++;
}

static void *host_alloc(struct cgw_call *call, size_t bytes)
{
    ck_assert_ptr_eq(call->host, &bottom);
    if (allocs_left == 0 || n_pieces == PIECES)
        return NULL;
    allocs_left -= allocs_left > 0;
    return pieces[n_pieces++] = malloc(bytes);
}

static uint64_t loop_now(struct cgw_call *call)
{
    (void)call;
    return 7;
}

static int start_timer(struct cgw_call *call, struct cgw_timer *timer, uint64_t after_us,
                       cgw_timer_fn *fn, void *arg)
{
    (void)call;
    (void)timer;
    ck_assert_uint_eq(after_us, 0);
    timer_fn = fn;
    timer_arg = arg;
    return CGW_OK;
}

static const struct cgw_loop loop = {
    .size = sizeof(loop), .now = loop_now, .timer_start = start_timer};
static bool is_sync;

static const void *find_table(const struct cgw_host *host, const char *id)
{
    ck_assert_ptr_eq(host, &bottom);
    return strcmp(id, CGW_EXT_LOOP) == 0 && !is_sync ? &loop : NULL;
}

static const struct cgw_host bottom = {.size = sizeof(bottom),
                                       .receive = host_receive,
                                       .send = host_send,
                                       .finish = host_finish,
                                       .alloc = host_alloc,
                                       .extension = find_table};

/* ---- the application: what each test wants of it ---- */

static struct cgw_call call;
static size_t n_calls, n_done;
static int done_status;

static void begin(struct cgw_call *begun)
{
    ck_assert_ptr_eq(begun, &call);
    ck_assert_ptr_null(begun->user);
    begun->user = text;
    n_calls++;
}
static const struct cgw_app inner = {.magic = CGW_MAGIC,
                                     .size = sizeof(inner),
                                     .kind = CGW_ASYNC,
                                     .flags = CGW_LIFESPAN | CGW_WEBSOCKET,
                                     .stack_size = 4711,
                                     .name = "inner",
                                     .call = begin};

static void is_done(struct cgw_call *over, int status, void *arg)
{
    ck_assert_ptr_eq(over, &call);
    ck_assert_ptr_eq(arg, &n_done);
    done_status = status;
    n_done++;
}

static int send_body(size_t len)
{
    static struct cgw_str part;
    static struct cgw_event events[2];
    part = (struct cgw_str){text, len};
    events[0] = cgw_event_start(200, NULL, 0);
    events[1] = cgw_event_body(&part, 1, 0);
    return call.host->send(&call, events, 2, is_done, &n_done);
}

/* ---- a call ---- */

static struct cgw_header fields[] = {CGW_HEADER("accept-encoding", "gzip"),
                                     CGW_HEADER("origin", "https://a.example"),
                                     CGW_HEADER("access-control-request-method", "GET")};
static struct cgw_scope scope;
static const struct cgw_gzip gzip;
static const struct cgw_cors cors = {.origins = CGW_LIST("https://a.example")};
static int of_application;

static void setup(void)
{
    uint32_t seed = 3;
    for (size_t i = 0; i < BODY; i++) {
        seed = seed * 1664525u + 1013904223u;
        text[i] = (char)('a' + (seed >> 28));
    }
    allocs_left = -1;
    scope = (struct cgw_scope){.size = sizeof(scope),
                               .type = CGW_SCOPE_HTTP,
                               .method = CGW_STR("GET"),
                               .headers = fields,
                               .n_headers = 3};
    call = (struct cgw_call){&scope, &bottom, &of_application};
}

static void teardown(void)
{
    while (n_pieces)
        free(pieces[--n_pieces]);
}

static const struct cgw_app *around(const struct cgw_app *app, const struct cgw__filter *filter,
                                    const void *options)
{
    const char *error = NULL;
    const struct cgw_app *outer = cgw__wrap_app(app, filter, options, &error);
    ck_assert_ptr_nonnull(outer);
    return outer;
}

static void expect_given_back(int status)
{
    ck_assert_int_eq(n_finished, 1);
    ck_assert_int_eq(finish_status, status);
    ck_assert_ptr_eq(call.scope, &scope);
    ck_assert_ptr_eq(call.host, &bottom);
    ck_assert_ptr_eq(call.user, &of_application);
}

/* ---- tests ---- */

START_TEST(test_outer)
{
    const struct cgw_app *outer = around(&inner, &cgw__gzip, &gzip);
    ck_assert_uint_eq(outer->stack_size, inner.stack_size);
    ck_assert_uint_eq(outer->flags, inner.flags);
    ck_assert_str_eq(outer->name, "inner");
    cgw_wrap_free(outer);
    cgw_wrap_free(NULL);
}
END_TEST

START_TEST(test_through)
{
    struct cgw_event event;
    const struct cgw_app *outer = around(&inner, &cgw__cors, &cors);
    outer->call(&call);
    ck_assert_uint_eq(n_calls, 1);
    ck_assert_int_eq(call.host->receive(&call, &event, NULL, NULL), CGW_OK);
    ck_assert_ptr_nonnull(call.host->alloc(&call, 10));
    ck_assert_ptr_eq(call.host->extension(call.host, CGW_EXT_LOOP), &loop);
    ck_assert_int_eq(send_body(1000), CGW_OK);
    ck_assert(has_origin && n_received == 1000);
    ck_assert_ptr_eq(call.user, text);
    call.host->finish(&call, CGW_OK);
    expect_given_back(CGW_OK);
    cgw_wrap_free(outer);
}
END_TEST

/* Two of them: each finds its own in the call, and puts back what is below. */
START_TEST(test_nested)
{
    static const struct cgw_timing timing;
    const struct cgw_app *middle = around(&inner, &cgw__gzip, &gzip);
    const struct cgw_app *outer = around(middle, &cgw__cors, &cors);
    const struct cgw_app *outest = around(outer, &cgw__timing, &timing);
    outest->call(&call);
    ck_assert_int_eq(send_body(1000), CGW_OK);
    ck_assert(has_origin && n_received < 1000 && n_received > 0);
    call.host->finish(&call, CGW_ECLOSED);
    expect_given_back(CGW_ECLOSED);
    cgw_wrap_free(outest);
    cgw_wrap_free(outer);
    cgw_wrap_free(middle);
}
END_TEST

/* A slow client, and a loop that gets its turns. */
START_TEST(test_pending)
{
    const struct cgw_app *outer = around(&inner, &cgw__gzip, &gzip);
    size_t n_turns = 0, n_waits = 0;
    outer->call(&call);
    is_pending = true;
    ck_assert_int_eq(send_body(BODY), CGW_PENDING);
    const struct cgw_event second = cgw_event_body(NULL, 0, 0);
    ck_assert_int_eq(call.host->send(&call, &second, 1, is_done, &n_done), CGW_EINVAL);
    while (!n_done) {
        is_pending = n_waits++ % 10 == 0;
        if (timer_fn) {
            cgw_timer_fn *fn = timer_fn;
            timer_fn = NULL;
            n_turns++;
            fn(&call, NULL, timer_arg);
        } else {
            done(&call, CGW_OK, done_arg);
        }
    }
    ck_assert_int_eq(done_status, CGW_OK);
    ck_assert_uint_ge(n_turns, 3);
    ck_assert_uint_gt(n_received, BODY / 4);
    call.host->finish(&call, CGW_OK);
    expect_given_back(CGW_OK);
    cgw_wrap_free(outer);
}
END_TEST

START_TEST(test_sync)
{
    const struct cgw_app *outer = around(&inner, &cgw__gzip, &gzip);
    is_sync = true;
    outer->call(&call);
    ck_assert_int_eq(send_body(BODY), CGW_OK);
    ck_assert_ptr_null(timer_fn);
    call.host->finish(&call, CGW_OK);
    expect_given_back(CGW_OK);
    cgw_wrap_free(outer);
}
END_TEST

/* At once, behind a wait, and dropped in flight. */
START_TEST(test_errors)
{
    const struct cgw_app *outer = around(&inner, &cgw__gzip, &gzip);
    outer->call(&call);
    sent_status = CGW_ECLOSED;
    ck_assert_int_eq(send_body(BODY), CGW_ECLOSED);
    call.host->finish(&call, CGW_ECLOSED);
    expect_given_back(CGW_ECLOSED);
    outer->call((call.user = NULL, &call));
    call.user = text;
    sent_status = CGW_OK;
    is_pending = true;
    ck_assert_int_eq(send_body(BODY), CGW_PENDING);
    done(&call, CGW_ECANCELED, done_arg);
    ck_assert_int_eq(done_status, CGW_ECANCELED);
    call.host->finish(&call, CGW_ECANCELED);
    call.user = NULL;
    outer->call(&call);
    ck_assert_int_eq(send_body(BODY), CGW_PENDING);
    call.host->finish(&call, CGW_OK);
    ck_assert_int_eq(n_finished, 3);
    cgw_wrap_free(outer);
}
END_TEST

/* A piece that was left half done: what follows is no body any more, and ends at once. */
START_TEST(test_half)
{
    static struct cgw_str parts[] = {{text, 1000}, {text, BODY / 2}, {text, 1000}};
    const struct cgw_app *outer = around(&inner, &cgw__gzip, &gzip);
    const struct cgw_event start = cgw_event_start(200, NULL, 0);
    const struct cgw_event many = cgw_event_body(parts, 3, CGW_MORE);
    const struct cgw_event one = cgw_event_body(parts, 1, 0);
    is_sync = true;
    outer->call(&call);
    ck_assert_int_eq(call.host->send(&call, &start, 1, is_done, &n_done), CGW_OK);
    sends_left = 2;
    ck_assert_int_eq(call.host->send(&call, &many, 1, is_done, &n_done), CGW_ENOMEM);
    sends_left = 0;
    n_received = 0;
    ck_assert_int_eq(call.host->send(&call, &one, 1, is_done, &n_done), CGW_ENOMEM);
    ck_assert_int_eq(call.host->send(&call, &start, 1, is_done, &n_done), CGW_ENOMEM);
    ck_assert_uint_eq(n_received, 0);
    call.host->finish(&call, CGW_ENOMEM);
    expect_given_back(CGW_ENOMEM);
    cgw_wrap_free(outer);
}
END_TEST

/* What points to nothing goes to the host as it is, which refuses it. */
START_TEST(test_unsound)
{
    struct cgw_str nothing = {NULL, 5};
    const struct cgw_header nameless = {{NULL, 3}, {"x", 1}};
    const struct cgw_event events[] = {
        cgw_event_start(200, NULL, 1), cgw_event_start(200, &nameless, 1),
        cgw_event_body(NULL, 1, CGW_MORE), cgw_event_body(&nothing, 1, CGW_MORE)};
    const struct cgw_app *middle = around(&inner, &cgw__gzip, &gzip);
    const struct cgw_app *outer = around(middle, &cgw__cors, &cors);
    is_refusing = true;
    outer->call(&call);
    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
        ck_assert_int_eq(call.host->send(&call, &events[i], 1, is_done, &n_done), CGW_EINVAL);
    ck_assert_uint_eq(n_sends, sizeof(events) / sizeof(*events));
    call.host->finish(&call, CGW_EINVAL);
    expect_given_back(CGW_EINVAL);
    cgw_wrap_free(outer);
    cgw_wrap_free(middle);
}
END_TEST

START_TEST(test_answer)
{
    const struct cgw_app *outer = around(&inner, &cgw__cors, &cors);
    scope.method = (struct cgw_str)CGW_STR("OPTIONS");
    is_pending = _i;
    outer->call(&call);
    ck_assert_uint_eq(n_calls, 0);
    ck_assert_int_eq(n_finished, !_i);
    if (_i)
        done(&call, CGW_OK, done_arg);
    ck_assert_uint_eq(response_status, 200);
    ck_assert_uint_eq(n_received, 2);
    expect_given_back(CGW_OK);
    cgw_wrap_free(outer);
}
END_TEST

static const struct cgw_trusted_hosts nobody;

/* An error is JSON; websockets are refused before they are accepted; the lifespan passes. */
START_TEST(test_kinds_of_calls)
{
    const struct cgw_app *outer = around(&inner, &cgw__trusted_hosts, &nobody);
    outer->call(&call);
    ck_assert_uint_eq(response_status, 400);
    ck_assert_int_eq(memcmp(received, "{\"detail\":\"Invalid host header\"}", n_received), 0);
    scope.type = CGW_SCOPE_WEBSOCKET;
    outer->call(&call);
    ck_assert_uint_eq(last_event, CGW_WS_CLOSE);
    ck_assert_int_eq(n_finished, 2);
    scope.type = CGW_SCOPE_LIFESPAN;
    call.user = NULL;
    outer->call(&call);
    ck_assert_uint_eq(n_calls, 1);
    ck_assert_ptr_eq(call.host, &bottom);
    cgw_wrap_free(outer);
}
END_TEST

START_TEST(test_without_memory)
{
    const struct cgw_app *outer = around(&inner, &cgw__cors, &cors);
    for (int allocs = 0; allocs < 8; allocs++) {
        allocs_left = allocs;
        n_finished = 0;
        n_calls = 0;
        call.user = NULL;
        outer->call(&call);
        if (n_calls) {
            int status = send_body(10);
            ck_assert(status == CGW_OK || status == CGW_ENOMEM);
            call.host->finish(&call, status);
        }
        ck_assert_int_eq(n_finished, 1);
        ck_assert_ptr_eq(call.host, &bottom);
    }
    ck_assert_int_eq(finish_status, CGW_OK);
    cgw_wrap_free(outer);
}
END_TEST

START_TEST(test_places)
{
    static const struct cgw_rate_limit rate = {.requests = 1};
    const struct cgw_app *outer[8];
    const char *error = NULL;
    for (size_t i = 0; i < 8; i++)
        outer[i] = around(&inner, &cgw__rate_limit, &rate);
    ck_assert_ptr_null(cgw_wrap_app(&inner, &rate, &error));
    ck_assert_str_eq(error, "a module stands around eight applications at most");
    for (size_t i = 0; i < 8; i++) {
        call.user = NULL;
        outer[i]->call(&call); /* each counts by itself */
        ck_assert_uint_eq(n_calls, i + 1);
        call.host->finish(&call, CGW_OK);
        call.user = NULL;
        outer[i]->call(&call);
        ck_assert_uint_eq(n_calls, i + 1);
        ck_assert_uint_eq(response_status, 429);
        cgw_wrap_free(outer[i]);
    }
    cgw_wrap_free(around(&inner, &cgw__gzip, &gzip));
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("wrap");
    TCase *t = tcase_create("wrap");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_outer);
    tcase_add_test(t, test_through);
    tcase_add_test(t, test_nested);
    tcase_add_test(t, test_pending);
    tcase_add_test(t, test_sync);
    tcase_add_test(t, test_errors);
    tcase_add_test(t, test_half);
    tcase_add_test(t, test_unsound);
    tcase_add_loop_test(t, test_answer, 0, 2);
    tcase_add_test(t, test_kinds_of_calls);
    tcase_add_test(t, test_without_memory);
    tcase_add_test(t, test_places);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
