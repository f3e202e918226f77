/* The codec as its caller sees it: phases, events, what a request holds, and no memory. */
#include "base/mem.h"
#include "http1_play.h"
#include "unit.h"

/* ---- a heap that runs out: these stand in for base/mem.c ---- */

static long allocations_left = -1; /* -1: no end */

void *mem_alloc(size_t bytes)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return malloc(bytes);
}

void mem_free(void *p)
{
    free(p);
}

/* ---- */

static struct http1 codec;
static struct arena arena;
static struct http1_request request;
static struct http1_event event;
static size_t used;

static void setup(void)
{
    allocations_left = -1;
    arena_init(&arena);
    http1_init(&codec, &http1_small);
    http1_begin(&codec, &arena, &request);
}

static void teardown(void)
{
    arena_fini(&arena);
}

static enum http1_event_type feed(const char *text)
{
    http1_feed(&codec, text, strlen(text), &used, &event);
    return event.type;
}

#define ck_str(s, want)                           \
    do {                                          \
        ck_assert_str_eq((s).ptr, (want));        \
        ck_assert_uint_eq((s).len, strlen(want)); \
    } while (0)

START_TEST(a_request_is_filled)
{
    const char *text = "PATCH /a/%2f?x=1&y HTTP/1.1\r\nHost: shop:80\r\nX-Upper: Some Thing \r\n"
                       "x-upper:again\r\nEmpty:\r\nContent-Length: 3\r\n\r\nabc";
    ck_assert_int_eq(feed(text), HTTP1_HEAD);
    ck_assert(!event.ended);
    ck_assert_uint_eq(used, strlen(text) - 3);
    ck_str(request.method, "PATCH");
    ck_str(request.target, "/a/%2f?x=1&y");
    ck_str(request.raw_path, "/a/%2f");
    ck_str(request.query, "x=1&y");
    ck_str(request.host, "shop:80");
    ck_assert_uint_eq(request.n_fields, 5);
    ck_str(request.fields[0].name, "host");
    ck_str(request.fields[1].name, "x-upper");
    ck_str(request.fields[1].value, "Some Thing");
    ck_str(request.fields[2].name, "x-upper");
    ck_str(request.fields[2].value, "again");
    ck_str(request.fields[3].value, "");
    ck_assert_uint_eq(request.content_length, 3);
    ck_assert_int_eq(request.minor, 1);
}
END_TEST

START_TEST(row_81_the_query_is_empty_or_absent)
{
    static const char *const rows[][3] = {
        {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "/a", ""},
        {"GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", "/a", ""},
        {"GET /a?# HTTP/1.1\r\nHost: a\r\n\r\n", "/a", ""},
        {"GET /a?b#c?d HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "b"},
        {"GET /a#b?c HTTP/1.1\r\nHost: a\r\n\r\n", "/a", ""},
        {"GET /a?b?c HTTP/1.1\r\nHost: a\r\n\r\n", "/a", "b?c"},
        {"GET http://h?b HTTP/1.1\r\nHost: a\r\n\r\n", "/", "b"},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(feed(rows[i][0]), HTTP1_HEAD);
        ck_str(request.raw_path, rows[i][1]);
        ck_str(request.query, rows[i][2]);
    }
}
END_TEST

START_TEST(row_70_an_absolute_target_names_the_host)
{
    ck_assert_int_eq(feed("GET http://B:81/c HTTP/1.1\r\nX: y\r\nHost: other\r\n\r\n"), HTTP1_HEAD);
    ck_str(request.host, "B:81");
    ck_assert_uint_eq(request.n_fields, 2);
    ck_str(request.fields[1].value, "B:81");
    ck_str(request.target, "http://B:81/c");
    ck_assert_int_eq(feed("GET http://b/ HTTP/1.0\r\nX: y\r\n\r\n"), HTTP1_HEAD);
    ck_assert_uint_eq(request.n_fields, 2);
    ck_str(request.fields[1].name, "host");
    ck_str(request.fields[1].value, "b");
}
END_TEST

START_TEST(phases)
{
    ck_assert_int_eq(codec.phase, HTTP1_IDLE);
    ck_assert_int_eq(feed("\r\n\r"), HTTP1_MORE);
    ck_assert_int_eq(codec.phase, HTTP1_IDLE);
    ck_assert_int_eq(feed("\nP"), HTTP1_MORE);
    ck_assert_int_eq(codec.phase, HTTP1_IN_HEAD);
    ck_assert_uint_eq(http1_body_left(&codec), 0);
    ck_assert_int_eq(feed("OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"), HTTP1_HEAD);
    ck_assert_int_eq(codec.phase, HTTP1_IN_BODY);
    ck_assert_uint_eq(http1_body_left(&codec), 5);
    ck_assert_int_eq(feed("hel"), HTTP1_BODY);
    ck_assert(!event.ended);
    ck_assert_uint_eq(http1_body_left(&codec), 2);
    ck_assert_int_eq(feed(""), HTTP1_MORE);
    ck_assert_int_eq(feed("loGET"), HTTP1_BODY);
    ck_assert(event.ended);
    ck_assert_uint_eq(used, 2);
    ck_assert_int_eq(codec.phase, HTTP1_IDLE);
    ck_assert_int_eq(feed(GET), HTTP1_HEAD);
    ck_assert(event.ended);
    ck_assert_int_eq(codec.phase, HTTP1_IDLE);
}
END_TEST

START_TEST(chunks_end_in_an_event_of_their_own)
{
    ck_assert_int_eq(feed(CHUNKED), HTTP1_HEAD);
    ck_assert(!event.ended);
    ck_assert_uint_eq(request.content_length, HTTP1_LENGTH_CHUNKED);
    ck_assert_uint_eq(http1_body_left(&codec), 1);
    ck_assert_int_eq(feed("5;x\r\nhello\r\n0\r\n\r\nGET"), HTTP1_BODY);
    ck_assert(!event.ended);
    ck_assert_uint_eq(used, 10);
    ck_assert_int_eq(feed("\r\n0\r\nX-T: v\r\n"), HTTP1_MORE);
    ck_assert_uint_eq(http1_body_left(&codec), 1);
    ck_assert_int_eq(feed("\r\nGET"), HTTP1_END);
    ck_assert_uint_eq(used, 2);
    ck_assert_uint_eq(http1_body_left(&codec), 0);
    ck_assert_int_eq(codec.phase, HTTP1_IDLE);
}
END_TEST

START_TEST(a_failure_stays)
{
    ck_assert_int_eq(feed("GET /x HTTP/1.1\r\nX: \x01"), HTTP1_ERROR);
    ck_assert_int_eq(event.status, 400);
    ck_assert_int_eq(codec.phase, HTTP1_FAILED);
    ck_assert_int_eq(feed(GET), HTTP1_ERROR);
    ck_assert_int_eq(event.status, 400);
    ck_assert_uint_eq(used, strlen(GET));
    ck_assert_uint_eq(http1_body_left(&codec), 0);
}
END_TEST

/* The access log wants to say what was refused. */
START_TEST(a_refused_request_is_named)
{
    ck_assert_int_eq(feed("GET /x HTTP/1.1\r\nHost"), HTTP1_MORE);
    ck_assert_int_eq(feed(" : a\r\n\r\n"), HTTP1_ERROR);
    ck_assert(str_is(request.method, STR("GET")));
    ck_assert(str_is(request.target, STR("/x")));
    teardown();
    setup();
    ck_assert_int_eq(feed("GET /x HTTP/2.0\r\n"), HTTP1_ERROR);
    ck_assert_uint_eq(request.method.len, 0);
}
END_TEST

/* Pipelined requests: each call of feed gives one, and nothing is read twice. */
START_TEST(row_16_pipelined)
{
    const char *text = GET "GET /b HTTP/1.1\r\nHost: b\r\n\r\nGET /c";
    ck_assert_int_eq(feed(text), HTTP1_HEAD);
    text += used;
    arena_reset(&arena);
    http1_begin(&codec, &arena, &request);
    ck_assert_int_eq(feed(text), HTTP1_HEAD);
    ck_str(request.raw_path, "/b");
    ck_assert_int_eq(feed(text + used), HTTP1_MORE);
    ck_assert_int_eq(codec.phase, HTTP1_IN_HEAD);
}
END_TEST

START_TEST(row_17_what_comes_behind_close_is_the_callers_choice)
{
    ck_assert_int_eq(feed("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), HTTP1_HEAD);
    ck_assert(!request.keep_alive);
    ck_assert_int_eq(feed(GET), HTTP1_HEAD);
}
END_TEST

/* A head of many parts and an absolute target, with the n-th allocation failing, for all n. */
START_TEST(out_of_memory_is_a_500)
{
    static char head[1900];
    memset(head, 'v', sizeof head);
    static const char start[] = "GET http://h/p?q HTTP/1.1\r\nHost: a\r\nX: ";
    memcpy(head, start, sizeof start - 1);
    memcpy(head + sizeof head - 5, "\r\n\r\n", 5);
    for (size_t step = 1; step < sizeof head; step += 600)
        for (long n = 0;; n++) {
            arena_fini(&arena);
            setup();
            allocations_left = n;
            event.type = HTTP1_MORE;
            for (size_t at = 0; at < sizeof head - 1 && event.type == HTTP1_MORE; at += used) {
                size_t rest = sizeof head - 1 - at;
                http1_feed(&codec, head + at, step < rest ? step : rest, &used, &event);
            }
            if (event.type == HTTP1_HEAD)
                break;
            ck_assert_int_eq(event.type, HTTP1_ERROR);
            ck_assert_int_eq(event.status, 500);
            ck_assert_int_lt(n, 10);
        }
}
END_TEST

/* After the first request nothing is allocated any more. */
START_TEST(keep_alive_takes_no_memory)
{
    ck_assert_int_eq(feed(GET), HTTP1_HEAD);
    allocations_left = 0;
    for (int i = 0; i < 100; i++) {
        arena_reset(&arena);
        http1_begin(&codec, &arena, &request);
        ck_assert_int_eq(feed("POST /a?b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n"), HTTP1_MORE);
        ck_assert_int_eq(feed("Content-Length: 2\r\n\r\n"), HTTP1_HEAD);
        ck_assert_int_eq(feed("ab"), HTTP1_BODY);
        ck_assert(event.ended);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http1");
    TCase *tcase = tcase_create("http1");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_request_is_filled);
    tcase_add_test(tcase, row_81_the_query_is_empty_or_absent);
    tcase_add_test(tcase, row_70_an_absolute_target_names_the_host);
    tcase_add_test(tcase, phases);
    tcase_add_test(tcase, chunks_end_in_an_event_of_their_own);
    tcase_add_test(tcase, a_failure_stays);
    tcase_add_test(tcase, a_refused_request_is_named);
    tcase_add_test(tcase, row_16_pipelined);
    tcase_add_test(tcase, row_17_what_comes_behind_close_is_the_callers_choice);
    tcase_add_test(tcase, out_of_memory_is_a_500);
    tcase_add_test(tcase, keep_alive_takes_no_memory);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
