/* Filters alone: what they make of requests and heads; without memory, too. */
#include "filter_play.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static struct play play;

/* ---- what they are written with ---- */

START_TEST(test_elements)
{
    struct cgw_str rest = CGW_STR(" a ,b,, c\t, "), element;
    const char *const wanted[] = {"a", "b", "", "c", ""};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        ck_assert(filter_next_element(&rest, &element));
        ck_assert(filter_is(element, wanted[i]));
    }
    ck_assert(!filter_next_element(&rest, &element));
    const struct cgw_header fields[] = {CGW_HEADER("Vary", "a, B"), CGW_HEADER("vary", "c")};
    ck_assert(filter_has_word(fields, 2, "vary", "b"));
    ck_assert(filter_has_word(fields, 2, "vary", "c"));
    ck_assert(!filter_has_word(fields, 2, "vary", "a, b"));
    ck_assert(!filter_has_word(fields, 2, "accept", "b"));
    ck_assert_ptr_null(filter_field(NULL, 0, "vary"));
}
END_TEST

/* ---- CORS: the cases on the wire are in script_sdk_middleware.py ---- */

static const struct cgw_cors cors = {.origins =
                                         CGW_LIST("https://a.example", "https://*.b.example"),
                                     .headers = CGW_LIST("X-Token"),
                                     .expose = CGW_LIST("X-Total"),
                                     .credentials = true};

static void begin_cors(const char *origin)
{
    play_begin(&play, &cgw__cors, &cors);
    if (origin)
        play_field(&play, "Origin", origin);
}

START_TEST(row_174_origins)
{
    static const struct {
        const char *origin;
        bool is_allowed;
    } cases[] = {{"https://a.example", true},
                 {"https://x.b.example", true},
                 {"https://x.y-1.b.example", true},
                 {"https://b.example", false},
                 {"https://.b.example", false},
                 {"https://a.example.", false},
                 {"http://a.example", false},
                 {"https://A.example", false},
                 {"https://x/.b.example", false},
                 {"https://x:1.b.example", false},
                 {"", false},
                 {"https://", false},
                 {"null", false},
                 {NULL, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        begin_cors(cases[i].origin);
        ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
        ck_assert_int_eq(play_respond(&play, 200, NULL, "x", 1), CGW_OK);
        const char *told = play_sent(&play, "access-control-allow-origin");
        ck_assert_str_eq(play_sent(&play, "vary"), "Origin");
        ck_assert_int_eq(told != NULL, cases[i].is_allowed);
        if (told)
            ck_assert_str_eq(told, cases[i].origin);
        ck_assert(play.call.is_through);
        play_end(&play);
    }
}
END_TEST

static const struct cgw_cors everybody = {.origins = CGW_LIST("*"), .expose = CGW_LIST("X-Total")};

/* All may read it: whoever asks, as a cache hands it to others. */
START_TEST(row_174_star)
{
    static const char *const fields[] = {"vary: ", "vary: Cookie", NULL};
    play_begin(&play, &cgw__cors, &everybody);
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    ck_assert_int_eq(play_respond(&play, 200, NULL, "x", 1), CGW_OK);
    ck_assert_str_eq(play_sent(&play, "access-control-allow-origin"), "*");
    ck_assert_str_eq(play_sent(&play, "access-control-expose-headers"), "X-Total");
    ck_assert_ptr_null(play_sent(&play, "vary"));
    play_end(&play);
    begin_cors(NULL);
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    ck_assert_int_eq(play_respond(&play, 200, fields, "x", 1), CGW_OK);
    ck_assert_str_eq(play_sent(&play, "vary"), "");
    ck_assert(filter_has_word(play.sent, play.n_sent, "vary", "cookie"));
    ck_assert(filter_has_word(play.sent, play.n_sent, "vary", "origin"));
    play_end(&play);
}
END_TEST

static void ask_preflight(const char *headers)
{
    begin_cors("https://a.example");
    play_field(&play, "access-control-request-method", "GET");
    if (headers)
        play_field(&play, "access-control-request-headers", headers);
}

START_TEST(row_174_preflight)
{
    ask_preflight("x-token");
    ck_assert_int_eq(play_ask(&play, "OPTIONS"), FILTER_ANSWER);
    ck_assert_int_eq(play.answer.status, 200);
    ck_assert_str_eq(play_answered(&play, "access-control-allow-methods"), "GET");
    ck_assert_str_eq(play_answered(&play, "access-control-allow-headers"),
                     "Accept, Accept-Language, Content-Language, Content-Type, X-Token");
    play_end(&play);
    ask_preflight("x-token,x-other");
    ck_assert_int_eq(play_ask(&play, "OPTIONS"), FILTER_ANSWER);
    ck_assert_str_eq(play.answer.body.ptr, "Disallowed CORS headers");
    play_end(&play);
    static const struct cgw_cors nothing = {.max_age = -1};
    play_begin(&play, &cgw__cors, &nothing);
    play_field(&play, "origin", "https://a.example");
    play_field(&play, "access-control-request-method", "GET");
    ck_assert_int_eq(play_ask(&play, "OPTIONS"), FILTER_ANSWER);
    ck_assert_str_eq(play.answer.body.ptr, "Disallowed CORS origin");
    ck_assert_str_eq(play_answered(&play, "access-control-max-age"), "0");
    play_end(&play);
}
END_TEST

/* The fields that were there before are gone, those of the application stay. */
START_TEST(row_174_fields_of_the_application)
{
    static const char *const fields[] = {"Access-Control-Allow-Origin: *", "VARY: Cookie", "x: y",
                                         NULL};
    begin_cors("https://a.example");
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    ck_assert_int_eq(play_respond(&play, 200, fields, "x", 1), CGW_OK);
    ck_assert_str_eq(play_sent(&play, "access-control-allow-origin"), "https://a.example");
    ck_assert_str_eq(play_sent(&play, "access-control-expose-headers"), "X-Total");
    ck_assert_str_eq(play_sent(&play, "vary"), "Cookie, Origin");
    ck_assert_str_eq(play_sent(&play, "x"), "y");
    ck_assert_uint_eq(play.n_sent, 5);
    play_end(&play);
}
END_TEST

/* ---- without memory: an error, or none; never a head that is half done ---- */

static int try_cors(const char *method)
{
    int verdict = play_ask(&play, method);
    if (verdict != FILTER_PASS)
        return verdict;
    return play_respond(&play, 200, NULL, "x", 1);
}

static void without_memory(void (*prepare)(void), const char *method, int wanted)
{
    for (int allocs = 0; allocs < 40; allocs++) {
        prepare();
        play.allocs_left = allocs;
        int status = try_cors(method);
        if (status == wanted) {
            play_end(&play);
            ck_assert_int_gt(allocs, 0);
            return;
        }
        ck_assert_int_eq(status, CGW_ENOMEM);
        ck_assert_uint_eq(play.n_events, 0);
        play_end(&play);
    }
    ck_abort_msg("it never comes to an end");
}

static void prepare_preflight(void)
{
    ask_preflight("x-token,x-other");
}

static void prepare_cors(void)
{
    begin_cors("https://a.example");
}

static const struct cgw_request_id id_options;
static void prepare_id(void)
{
    play_begin(&play, &cgw__request_id, &id_options);
}

static const struct cgw_timing timing_options;
static void prepare_timing(void)
{
    play_begin(&play, &cgw__timing, &timing_options);
}

static const struct cgw_rate_limit one = {.requests = 1, .seconds = 10, .clients = 8};
static void prepare_rate(void)
{
    play.now_us += 10000000;
    play_begin(&play, &cgw__rate_limit, &one);
}

static void prepare_limited(void)
{
    play_begin(&play, &cgw__rate_limit, &one);
}

static const struct cgw_https_redirect https;
static void prepare_https(void)
{
    play_begin(&play, &cgw__https_redirect, &https);
    play_field(&play, "host", "example.org:81");
}

START_TEST(test_without_memory)
{
    without_memory(prepare_preflight, "OPTIONS", FILTER_ANSWER);
    without_memory(prepare_cors, "GET", CGW_OK);
    without_memory(prepare_id, "GET", CGW_OK);
    without_memory(prepare_timing, "GET", CGW_OK);
    without_memory(prepare_https, "GET", FILTER_ANSWER);
    without_memory(prepare_rate, "GET", CGW_OK);
    without_memory(prepare_limited, "GET", FILTER_ANSWER);
}
END_TEST

/* ---- hosts ---- */

static const struct cgw_trusted_hosts hosts = {CGW_LIST("example.org", "*.example.net")};
static const struct cgw_trusted_hosts all = {CGW_LIST("*")};

START_TEST(test_hosts)
{
    static const struct {
        const char *host;
        int verdict;
    } cases[] = {{"example.org", FILTER_PASS},
                 {"Example.ORG:1", FILTER_PASS},
                 {"a.b.example.net", FILTER_PASS},
                 {"example.org.", FILTER_PASS},
                 {"example.net", FILTER_ANSWER},
                 {".example.net", FILTER_ANSWER},
                 {"aexample.net", FILTER_ANSWER},
                 {"example.org:x", FILTER_ANSWER},
                 {"example.org:123456", FILTER_ANSWER},
                 {"example.org/a", FILTER_ANSWER},
                 {"[::1", FILTER_ANSWER},
                 {"[]", FILTER_ANSWER},
                 {"", FILTER_ANSWER},
                 {NULL, FILTER_ANSWER}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        play_begin(&play, &cgw__trusted_hosts, &hosts);
        if (cases[i].host)
            play_field(&play, "host", cases[i].host);
        ck_assert_int_eq(play_ask(&play, "GET"), cases[i].verdict);
        play_end(&play);
    }
    play_begin(&play, &cgw__trusted_hosts, &all);
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    play_end(&play);
}
END_TEST

static const char *redirected(const struct cgw_https_redirect *options, const char *host)
{
    play_begin(&play, &cgw__https_redirect, options);
    play_field(&play, "host", host);
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_ANSWER);
    return play.answer.status == 400 ? "400" : play_answered(&play, "location");
}

START_TEST(test_https)
{
    static const struct cgw_https_redirect moved = {.port = 8443}, usual = {.port = 443};
    static const struct {
        const struct cgw_https_redirect *options;
        const char *host, *location;
    } cases[] = {{&https, "example.org", "https://example.org/a%20b?x=1"},
                 {&https, "example.org:80", "https://example.org/a%20b?x=1"},
                 {&https, "example.org:81", "https://example.org:81/a%20b?x=1"},
                 {&https, "[::1]:80", "https://[::1]/a%20b?x=1"},
                 {&moved, "example.org:81", "https://example.org:8443/a%20b?x=1"},
                 {&usual, "example.org:81", "https://example.org/a%20b?x=1"},
                 {&https, "evil/example.org", "400"},
                 {&https, "user@example.org", "400"},
                 {&https, "", "400"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ck_assert_str_eq(redirected(cases[i].options, cases[i].host), cases[i].location);
        play_end(&play);
    }
    play_begin(&play, &cgw__https_redirect, &https);
    play.scope.scheme = (struct cgw_str)CGW_STR("https");
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    play_end(&play);
}
END_TEST

/* ---- rates ---- */

static int ask_as(const struct cgw_rate_limit *options, const char *client)
{
    play_begin(&play, &cgw__rate_limit, options);
    play.scope.client = (struct cgw_str){client, strlen(client)};
    int verdict = play_ask(&play, "GET");
    if (verdict == FILTER_PASS)
        ck_assert_int_eq(play_respond(&play, 200, NULL, "x", 1), CGW_OK);
    return verdict;
}

static void expect_rate(const struct cgw_rate_limit *options, const char *client, int verdict,
                        const char *remaining)
{
    ck_assert_int_eq(ask_as(options, client), verdict);
    const char *said = verdict == FILTER_PASS ? play_sent(&play, "ratelimit-remaining")
                                              : play_answered(&play, "ratelimit-remaining");
    ck_assert_str_eq(said, remaining);
    play_end(&play);
}

START_TEST(test_rate)
{
    static const struct cgw_rate_limit rate = {.requests = 10, .seconds = 10, .burst = 3};
    for (const char *left = "210"; *left; left++)
        expect_rate(&rate, "192.0.2.1", FILTER_PASS, (char[]){*left, '\0'});
    ck_assert_int_eq(ask_as(&rate, "192.0.2.1"), FILTER_ANSWER);
    ck_assert_int_eq(play.answer.status, 429);
    ck_assert_str_eq(play_answered(&play, "retry-after"), "1");
    play_end(&play);
    expect_rate(&rate, "192.0.2.2", FILTER_PASS, "2");
    play.now_us += 1000000;
    expect_rate(&rate, "::ffff:192.0.2.1", FILTER_PASS, "0");
    expect_rate(&rate, "192.0.2.1", FILTER_ANSWER, "0");
    play.now_us += 3600000000;
    expect_rate(&rate, "192.0.2.1", FILTER_PASS, "2");
    expect_rate(&rate, "2001:db8::1", FILTER_PASS, "2");
    expect_rate(&rate, "2001:db8::2", FILTER_PASS, "1");
    expect_rate(&rate, "2001:db8:0:1::1", FILTER_PASS, "2");
    expect_rate(&rate, "", FILTER_PASS, "2");
    expect_rate(&rate, "", FILTER_PASS, "1");
}
END_TEST

/* Rates and bursts that no clock counts to. */
START_TEST(test_rate_without_end)
{
    static const struct cgw_rate_limit rate = {.requests = 1, .seconds = UINT32_MAX, .burst = 4297};
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(ask_as(&rate, "192.0.2.1"), FILTER_PASS);
        play_end(&play);
    }
}
END_TEST

/* A table that is full forgets the most idle, and still limits who asks on. */
START_TEST(test_rate_is_bounded)
{
    static const struct cgw_rate_limit rate = {
        .requests = 2, .seconds = 1000, .burst = 2, .clients = 8};
    char client[32];
    ck_assert_uint_lt(cgw__rate_limit.worker_bytes(&rate), 1024);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(client, sizeof(client), "10.0.%d.%d", i / 250, i % 250);
        expect_rate(&rate, client, FILTER_PASS, "1");
        play.now_us += 1000;
    }
    expect_rate(&rate, client, FILTER_PASS, "0");
    expect_rate(&rate, client, FILTER_ANSWER, "0");
}
END_TEST

/* ---- ids ---- */

START_TEST(test_id)
{
    static const struct cgw_request_id options = {.header = "x-trace"};
    play_begin(&play, &cgw__request_id, &options);
    play_field(&play, "X-Trace", "abc");
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    ck_assert_str_eq(play.told, "request_id=abc");
    ck_assert_ptr_eq(play.call.scope, &play.scope);
    static const char *const fields[] = {"x-trace: other", NULL};
    ck_assert_int_eq(play_respond(&play, 200, fields, "x", 1), CGW_OK);
    ck_assert_str_eq(play_sent(&play, "x-trace"), "abc");
    ck_assert_uint_eq(play.n_sent, 1);
    play_end(&play);
    play_begin(&play, &cgw__request_id, &options);
    play_field(&play, "x-trace", "a b");
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    ck_assert_ptr_ne(play.call.scope, &play.scope);
    ck_assert_uint_eq(play.call.scope->n_headers, 1);
    ck_assert_uint_eq(filter_request_field(&play.call, "x-trace").len, 32);
    play_end(&play);
    play_begin(&play, &cgw__request_id, &options);
    play_field(&play, "x-trace", "abc");
    play_field(&play, "x-trace", "\"evil\"");
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    ck_assert_uint_eq(play.call.scope->n_headers, 1);
    ck_assert(filter_is(filter_request_field(&play.call, "x-trace"), "abc"));
    play_end(&play);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("filter");
    TCase *t = tcase_create("filter");
    tcase_add_test(t, test_elements);
    tcase_add_test(t, row_174_origins);
    tcase_add_test(t, row_174_star);
    tcase_add_test(t, row_174_preflight);
    tcase_add_test(t, row_174_fields_of_the_application);
    tcase_add_test(t, test_without_memory);
    tcase_add_test(t, test_hosts);
    tcase_add_test(t, test_https);
    tcase_add_test(t, test_rate);
    tcase_add_test(t, test_rate_is_bounded);
    tcase_add_test(t, test_rate_without_end);
    tcase_add_test(t, test_id);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
