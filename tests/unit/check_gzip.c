/*
 * Gzip alone: whatever pieces a body comes in, what goes out is that body again, flushed piece by
 * piece; without memory it goes out as it is.
 */
#include "filter_play.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { TEXT = 400 * 1000 };

static struct play play;
static const struct cgw_gzip usual, smallest = {.minimum = 1, .level = 9};
static char text[TEXT], plain[PLAY_BODY];
static uint32_t seed = 1;

static uint32_t draw(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static void make_text(void)
{
    for (size_t i = 0; i < TEXT; i++)
        text[i] = (char)('a' + draw() % 20);
}

static void begin(const struct cgw_gzip *options, const char *method)
{
    play_begin(&play, &cgw__gzip, options);
    play_field(&play, "accept-encoding", "gzip");
    ck_assert_int_eq(play_ask(&play, method), FILTER_PASS);
}

/* What is there so far, as bytes; is_over: it must be the whole. */
static size_t inflate_all(bool is_over)
{
    z_stream stream = {.next_in = (Bytef *)play.body,
                       .avail_in = (uInt)play.body_len,
                       .next_out = (Bytef *)plain,
                       .avail_out = PLAY_BODY};
    ck_assert_int_eq(inflateInit2(&stream, 31), Z_OK);
    int code = inflate(&stream, Z_SYNC_FLUSH);
    size_t len = stream.total_out;
    ck_assert_int_eq(code == Z_STREAM_END, is_over);
    ck_assert_uint_eq(stream.avail_in, 0);
    inflateEnd(&stream);
    return len;
}

static bool is_encoded(void)
{
    return play_sent(&play, "content-encoding") != NULL;
}

/* ---- whole bodies ---- */

START_TEST(row_173_whole)
{
    static const size_t lengths[] = {500, 501, 4096, 65535, 65536, 65537, 200000, TEXT};
    make_text();
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        begin(&usual, "GET");
        ck_assert_int_eq(play_respond(&play, 200, NULL, text, lengths[i]), CGW_OK);
        ck_assert(is_encoded() && play.is_complete);
        ck_assert_uint_eq(inflate_all(true), lengths[i]);
        ck_assert_int_eq(memcmp(plain, text, lengths[i]), 0);
        const char *said = play_sent(&play, "content-length");
        ck_assert_int_eq(said != NULL, lengths[i] <= 65536);
        ck_assert(!said || strtoul(said, NULL, 10) == play.body_len);
        ck_assert_uint_ge(play.n_flushes, lengths[i] / 65537);
        play_end(&play);
    }
}
END_TEST

START_TEST(row_173_short_or_incompressible)
{
    char noise[2000];
    make_text();
    begin(&usual, "GET");
    ck_assert_int_eq(play_respond(&play, 200, NULL, text, 499), CGW_OK);
    ck_assert(!is_encoded() && play.body_len == 499);
    play_end(&play);
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (char)draw();
    static const char *const fields[] = {"content-length: 2000", "etag: \"x\"", NULL};
    begin(&usual, "GET");
    ck_assert_int_eq(play_respond(&play, 200, fields, noise, sizeof(noise)), CGW_OK);
    ck_assert(!is_encoded() && play.body_len == sizeof(noise));
    ck_assert_str_eq(play_sent(&play, "content-length"), "2000");
    ck_assert_str_eq(play_sent(&play, "etag"), "\"x\"");
    play_end(&play);
}
END_TEST

/* ---- in any pieces ---- */

static size_t cut(size_t left)
{
    static const size_t most[] = {1, 10, 3000, 70000, TEXT};
    size_t n = draw() % most[draw() % 5] + (draw() % 8 != 0);
    return n < left ? n : left;
}

/* One event of some parts; how many bytes it has. */
static size_t send_some(size_t at, size_t len)
{
    struct cgw_str parts[3];
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t now = i == 2 ? cut(len - at - n) : cut(len - at - n) / 2;
        parts[i] = (struct cgw_str){text + at + n, now};
        n += now;
    }
    struct cgw_event event = cgw_event_body(parts, 3, at + n < len ? CGW_MORE : 0);
    ck_assert_int_eq(play_send(&play, &event, 1), CGW_OK);
    return n;
}

START_TEST(row_173_split_anyhow)
{
    make_text();
    for (int round = 0; round < 60; round++) {
        size_t len = draw() % (round % 2 ? TEXT : 2000) + 1, at = 0;
        struct cgw_header field = CGW_HEADER("content-type", "text/plain");
        struct cgw_event start = cgw_event_start(200, &field, 1);
        begin(&smallest, "GET");
        ck_assert_int_eq(play_send(&play, &start, 1), CGW_OK);
        ck_assert_uint_eq(play.n_events, 0);
        memset(&field, 0xee, sizeof(field)); /* it was lent no longer than that */
        while (at < len) {
            at += send_some(at, len);
            if (is_encoded() && at < len)
                UNIT_MUST(inflate_all(false) == at); /* nothing is held back */
        }
        ck_assert(play.is_complete);
        ck_assert_uint_eq(is_encoded() ? inflate_all(true) : play.body_len, len);
        ck_assert_int_eq(memcmp(is_encoded() ? plain : play.body, text, len), 0);
        play_end(&play);
    }
}
END_TEST

/* Each step does little, however much there is: many zeroes make few bytes. */
START_TEST(row_173_steps_are_short)
{
    static char zeroes[PLAY_BODY];
    begin(&usual, "GET");
    ck_assert_int_eq(play_respond(&play, 200, NULL, zeroes, sizeof(zeroes)), CGW_OK);
    ck_assert_uint_ge(play.n_flushes, PLAY_BODY / 65536);
    ck_assert_uint_eq(inflate_all(true), PLAY_BODY);
    play_end(&play);
}
END_TEST

/* ---- what passes ---- */

START_TEST(row_173_untouched)
{
    static const char *const fields[] = {
        "Content-Encoding: br", "content-type: text/event-stream; charset=utf-8",
        "cache-control: no-transform", "content-range: bytes 0-1/2", "content-type: image/PNG"};
    make_text();
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        begin(&usual, "GET");
        ck_assert_int_eq(
            play_respond(&play, 200, (const char *const[]){fields[i], NULL}, text, 5000), CGW_OK);
        ck_assert_uint_eq(play.body_len, 5000);
        ck_assert_ptr_null(play_sent(&play, "vary"));
        play_end(&play);
    }
    begin(&usual, "GET");
    ck_assert_int_eq(play_respond(&play, 304, NULL, NULL, 0), CGW_OK);
    ck_assert_str_eq(play_sent(&play, "vary"), "Accept-Encoding");
    ck_assert(!is_encoded());
    play_end(&play);
}
END_TEST

START_TEST(row_173_files)
{
    struct cgw_event events[3] = {cgw_event_start(200, NULL, 0)};
    struct cgw_str part = {text, 5000};
    events[1] = (struct cgw_event){.type = CGW_HTTP_RESPONSE_FILE, .size = sizeof(*events)};
    begin(&usual, "GET");
    ck_assert_int_eq(play_send(&play, events, 2), CGW_OK);
    ck_assert(!is_encoded() && play.n_files == 1 && play.n_events == 2);
    play_end(&play);
    events[2] = events[1];
    events[1] = cgw_event_body(&part, 1, CGW_MORE);
    begin(&usual, "GET");
    ck_assert_int_eq(play_send(&play, events, 3), CGW_EINVAL);
    ck_assert_ptr_nonnull(strstr(play.logged, "a file behind"));
    play_end(&play);
}
END_TEST

/* A start that replaces one that is held, interim responses, trailers. */
START_TEST(row_173_other_events)
{
    struct cgw_str part = {text, 5000};
    struct cgw_event interim = {.type = CGW_HTTP_RESPONSE_INFORMATIONAL, .size = sizeof(interim)};
    struct cgw_event last = {.type = CGW_HTTP_RESPONSE_TRAILERS, .size = sizeof(last)};
    struct cgw_event events[5] = {interim, cgw_event_start(200, NULL, 0), interim,
                                  cgw_event_start(500, NULL, 0), cgw_event_body(&part, 1, 0)};
    make_text();
    events[3].flags = CGW_TRAILERS;
    begin(&usual, "GET");
    ck_assert_int_eq(play_send(&play, events, 5), CGW_OK);
    ck_assert_int_eq(play_send(&play, &last, 1), CGW_OK);
    ck_assert(is_encoded() && play.status == 500 && play.n_starts == 1);
    ck_assert_uint_eq(play.start_flags, CGW_TRAILERS);
    ck_assert_ptr_null(play_sent(&play, "content-length"));
    ck_assert_uint_eq(play.n_events, 5);
    ck_assert_uint_eq(inflate_all(true), 5000);
    play_end(&play);
}
END_TEST

START_TEST(row_173_head)
{
    static const char *const fields[] = {"content-length: 5000", "ETag: \"x\"", NULL};
    begin(&usual, "HEAD");
    ck_assert_int_eq(play_respond(&play, 200, fields, NULL, 0), CGW_OK);
    ck_assert(is_encoded());
    ck_assert_ptr_null(play_sent(&play, "content-length"));
    ck_assert_str_eq(play_sent(&play, "etag"), "W/\"x\"");
    play_end(&play);
    begin(&usual, "HEAD");
    ck_assert_int_eq(play_respond(&play, 200, NULL, NULL, 0), CGW_OK);
    ck_assert(!is_encoded());
    play_end(&play);
}
END_TEST

/* The tag of what a client has, which got it encoded. */
START_TEST(row_173_not_modified)
{
    static const char *const fields[] = {"etag: \"x\"", NULL};
    begin(&usual, "GET");
    ck_assert_int_eq(play_respond(&play, 304, fields, NULL, 0), CGW_OK);
    ck_assert(!is_encoded());
    ck_assert_str_eq(play_sent(&play, "etag"), "W/\"x\"");
    play_end(&play);
    play_begin(&play, &cgw__gzip, &usual);
    ck_assert_int_eq(play_ask(&play, "GET"), FILTER_PASS);
    ck_assert_int_eq(play_respond(&play, 304, fields, NULL, 0), CGW_OK);
    ck_assert_str_eq(play_sent(&play, "etag"), "\"x\"");
    play_end(&play);
}
END_TEST

/* ---- without memory ---- */

static void send_in_two(size_t len)
{
    struct cgw_str parts[] = {{text, len / 2}, {text + len / 2, len - len / 2}};
    const struct cgw_event events[] = {cgw_event_start(200, NULL, 0),
                                       cgw_event_body(&parts[0], 1, CGW_MORE),
                                       cgw_event_body(&parts[1], 1, 0)};
    int status = play_send(&play, events, 1);
    for (size_t i = 1; i < 3 && status == CGW_OK; i++)
        status = play_send(&play, &events[i], 1);
    ck_assert(status == CGW_OK || (status == CGW_ENOMEM && play.n_events == 0));
    if (status != CGW_OK)
        return;
    ck_assert(play.is_complete);
    ck_assert_uint_eq(is_encoded() ? inflate_all(true) : play.body_len, len);
}

START_TEST(row_173_without_memory)
{
    make_text();
    for (int allocs = 0; allocs < 12; allocs++) {
        begin(&usual, "GET");
        play.allocs_left = allocs;
        send_in_two(3000);
        play_end(&play);
        begin(&usual, "GET");
        play.allocs_left = allocs;
        int status = play_respond(&play, 200, NULL, text, 3000);
        ck_assert(status == CGW_ENOMEM ? play.n_events == 0 : play.is_complete);
        if (status == CGW_OK)
            ck_assert_uint_eq(is_encoded() ? inflate_all(true) : play.body_len, 3000);
        play_end(&play);
    }
}
END_TEST

/* What is left in the middle is given back by end(): the sanitizer looks. */
START_TEST(row_173_abandoned)
{
    struct cgw_str part = {text, 5000};
    const struct cgw_event events[] = {cgw_event_start(200, NULL, 0),
                                       cgw_event_body(&part, 1, CGW_MORE)};
    begin(&usual, "GET");
    ck_assert_int_eq(play_send(&play, events, 2), CGW_OK);
    ck_assert(play.wants_end && !play.is_complete);
    play_end(&play);
    begin(&usual, "GET");
    ck_assert_int_eq(play_send(&play, events, 1), CGW_OK);
    ck_assert_uint_eq(play.n_events, 0);
    play_end(&play);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("gzip");
    TCase *t = tcase_create("gzip");
    tcase_add_test(t, row_173_whole);
    tcase_add_test(t, row_173_short_or_incompressible);
    tcase_add_test(t, row_173_split_anyhow);
    tcase_add_test(t, row_173_steps_are_short);
    tcase_add_test(t, row_173_untouched);
    tcase_add_test(t, row_173_files);
    tcase_add_test(t, row_173_other_events);
    tcase_add_test(t, row_173_head);
    tcase_add_test(t, row_173_not_modified);
    tcase_add_test(t, row_173_without_memory);
    tcase_add_test(t, row_173_abandoned);
    suite_add_tcase(s, t);
    return s;
}

UNIT_MAIN(suite)
