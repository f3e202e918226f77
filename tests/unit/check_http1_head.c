/* Request lines, targets, the shape of field lines, and the limits of a head. */
#include "http1_play.h"
#include "unit.h"

#define LINE(s)   STR(s "\r\n" HOST "\r\n")
#define FIELDS(s) STR("GET / HTTP/1.1\r\n" HOST s "\r\n")
#define A10       "aaaaaaaaaa"
#define A50       A10 A10 A10 A10 A10

static const struct http1_row line_rows[] = {
    {"get", STR(GET), "GET /"},
    {"query", LINE("GET /a?b=c&d=%20e HTTP/1.1"), "GET /a"},
    {"row 19: one blank line", STR("\r\n" GET), "GET /"},
    {"eight blank lines", STR("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" GET), "GET /"},
    {"nine blank lines", STR("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" GET), "400"},
    {"blank lines between", STR(GET "\r\n\r\n" GET), "GET /, GET /"},
    {"blank line without CR", STR("\n" GET), "400"},
    {"CR CR in front", STR("\r\r\n" GET), "400"},
    {"blank in front", STR(" " GET), "400"},
    {"tab in front", STR("\t" GET), "400"},
    {"row 64: bare LF", STR("GET / HTTP/1.1\nHost: a\n\n"), "400"},
    {"bare CR", STR("GET / HTTP/1.1\rHost: a\r\r"), "400"},
    {"CR in the line", LINE("GET /\rHTTP/1.1"), "400"},
    {"two blanks", LINE("GET  / HTTP/1.1"), "400"},
    {"two blanks behind", LINE("GET /  HTTP/1.1"), "400"},
    {"tabs", LINE("GET\t/\tHTTP/1.1"), "400"},
    {"blank at the end", LINE("GET / HTTP/1.1 "), "400"},
    {"one word more", LINE("GET / HTTP/1.1 x"), "400"},
    {"row 71: blank in target", LINE("GET /a b HTTP/1.1"), "400"},
    {"no version", LINE("GET /"), "400"},
    {"no version, blank", LINE("GET / "), "400"},
    {"no target", LINE("GET HTTP/1.1"), "400"},
    {"method alone", LINE("GET"), "400"},
    {"row 67: 0.9", LINE("GET / HTTP/0.9"), "505"},
    {"row 67: 1.2", LINE("GET / HTTP/1.2"), "505"},
    {"row 67: 2.0", LINE("GET / HTTP/2.0"), "505"},
    {"row 67: 9.9", LINE("GET / HTTP/9.9"), "505"},
    {"row 67: 111", LINE("GET / HTTP/111"), "400"},
    {"row 67: no slash", LINE("GET / HTTP1.1"), "400"},
    {"1.10", LINE("GET / HTTP/1.10"), "400"},
    {"1.", LINE("GET / HTTP/1."), "400"},
    {"1.x", LINE("GET / HTTP/1.x"), "400"},
    {"lower-case version", LINE("GET / http/1.1"), "400"},
    {"another protocol", LINE("GET / HTTX/1.1"), "400"},
    {"blank in version", LINE("GET / HTTP/ 1.1"), "400"},
    {"row 75: HTTP/2 preface", STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"), "505"},
    {"row 74: TLS", STR("\x16\x03\x01\x00\x75\x01\x00\x00\x71\x03\x03"), "400"},
    {"row 66: G?T", LINE("G?T / HTTP/1.1"), "400"},
    {"row 66: GET:", LINE("GET: / HTTP/1.1"), "400"},
    {"row 66: NUL", LINE("GET\0 / HTTP/1.1"), "400"},
    {"method with a control byte", LINE("G\x01T / HTTP/1.1"), "400"},
    {"method beyond ASCII", LINE("G\xc3\x89T / HTTP/1.1"), "400"},
    {"row 65: lower case", LINE("get / HTTP/1.1"), "501"},
    {"row 65: unknown", LINE("FOO / HTTP/1.1"), "501"},
    {"all token bytes", LINE("!#$%&'*+-.^_`|~09Az / HTTP/1.1"), "501"},
    {"method of 50 bytes", LINE(A50 " / HTTP/1.1"), "501"},
    {"CONNECT", LINE("CONNECT a:80 HTTP/1.1"), "501"},
    {"CONNECT to a path", LINE("CONNECT / HTTP/1.1"), "501"},
    {"M-SEARCH", LINE("M-SEARCH / HTTP/1.1"), "M-SEARCH /"},
    {"MKCALENDAR", LINE("MKCALENDAR / HTTP/1.1"), "MKCALENDAR /"},
    {"DELETE", LINE("DELETE /a HTTP/1.1"), "DELETE /a"},
    {"RTSP method", LINE("PLAY / HTTP/1.1"), "501"},
    {"control byte in target", LINE("GET /\x01 HTTP/1.1"), "400"},
    {"NUL in target", LINE("GET /\0 HTTP/1.1"), "400"},
    {"DEL in target", LINE("GET /\x7f HTTP/1.1"), "400"},
    {"row 71: UTF-8 in target", LINE("GET /\xc3\xa9 HTTP/1.1"), "400"},
    {"row 81: fragment", LINE("GET /a#b HTTP/1.1"), "GET /a"},
    {"row 80: nothing is normalised", LINE("GET //x/../y HTTP/1.1"), "GET //x/../y"},
    {"row 79: bad escape", LINE("GET /%zz HTTP/1.1"), "GET /%zz"},
    {"odd bytes in target", LINE("GET /<>\"{}|^`\\[] HTTP/1.1"), "GET /<>\"{}|^`\\[]"},
    {"row 68: GET *", LINE("GET * HTTP/1.1"), "400"},
    {"row 68: OPTIONS *", LINE("OPTIONS * HTTP/1.1"), "OPTIONS *"},
    {"row 69: authority", LINE("GET a:80 HTTP/1.1"), "400"},
    {"row 69: relative", LINE("GET a/b HTTP/1.1"), "400"},
    {"row 70: absolute", LINE("GET http://b:81/c?d HTTP/1.1"), "GET /c"},
    {"absolute, upper case", LINE("GET HTTP://B/c HTTP/1.1"), "GET /c"},
    {"absolute, no path", LINE("GET https://b HTTP/1.1"), "GET /"},
    {"absolute, just a query", LINE("GET http://b?x=1 HTTP/1.1"), "GET /"},
    {"absolute, IPv6", LINE("GET http://[::1]:80/ HTTP/1.1"), "GET /"},
    {"absolute, userinfo", LINE("GET http://u:p@b/ HTTP/1.1"), "400"},
    {"absolute, bad port", LINE("GET http://b:x/ HTTP/1.1"), "400"},
    {"absolute, another scheme", LINE("GET ftp://b/ HTTP/1.1"), "400"},
    {"absolute, no authority", LINE("GET http:///a HTTP/1.1"), "400"},
    {"absolute for OPTIONS", LINE("OPTIONS http://b HTTP/1.1"), "OPTIONS *"},
    {"absolute without Host", STR("GET http://b/ HTTP/1.1\r\n\r\n"), "400"},
    {"nothing", STR(""), ""},
    {"half a line", STR("GET / HT"), "..."},
    {"half a head", STR("GET / HTTP/1.1\r\nHost: a\r\n\r"), "..."},
};

static const struct http1_row field_rows[] = {
    {"blanks around", FIELDS("X: \t v \t \r\n"), "GET /"},
    {"no blank", FIELDS("X:v\r\n"), "GET /"},
    {"empty", FIELDS("X:\r\nY: \r\nZ:\t\r\n"), "GET /"},
    {"tab inside", FIELDS("X: a\tb\r\n"), "GET /"},
    {"row 62: blank before colon", FIELDS("X : v\r\n"), "400"},
    {"row 62: tab before colon", FIELDS("X\t: v\r\n"), "400"},
    {"row 62: blank in name", FIELDS("X A: v\r\n"), "400"},
    {"row 62: empty name", FIELDS(": v\r\n"), "400"},
    {"blank before first name", STR("GET / HTTP/1.1\r\n X: v\r\n" HOST "\r\n"), "400"},
    {"row 61: folded", FIELDS("X: a\r\n b\r\n"), "400"},
    {"row 61: folded by a tab", FIELDS("X: a\r\n\tb\r\n"), "400"},
    {"row 61: folded length", FIELDS("Content-Length:\r\n 5\r\n"), "400"},
    {"blank line with a blank", FIELDS("X: a\r\n \r\n"), "400"},
    {"no colon", FIELDS("garbage\r\n"), "400"},
    {"brackets in name", FIELDS("X[]: v\r\n"), "400"},
    {"control byte in name", FIELDS("X\x01: v\r\n"), "400"},
    {"NUL in name", FIELDS("X\0: v\r\n"), "400"},
    {"UTF-8 in name", FIELDS("X\xc3\xa9: v\r\n"), "400"},
    {"slash in name", FIELDS("X/Y: v\r\n"), "400"},
    {"row 77: underscore", FIELDS("Content_Length: 5\r\n"), "GET /"},
    {"row 63: NUL", FIELDS("X: a\0b\r\n"), "400"},
    {"row 63: CR", FIELDS("X: a\rb\r\n"), "400"},
    {"row 63: BEL", FIELDS("X: a\x07\x62\r\n"), "400"},
    {"row 63: DEL", FIELDS("X: a\x7f\r\n"), "400"},
    {"row 63: 0xff", FIELDS("X: \xff\r\n"), "GET /"},
    {"obs-text", FIELDS("X: caf\xe9 \xc3\xa9\r\n"), "GET /"},
    {"row 64: LF ends a line", FIELDS("X: a\nY: b\r\n"), "400"},
    {"LF ends the head", STR("GET / HTTP/1.1\r\nHost: a\r\n\n"), "400"},
    {"CR ends the head", STR("GET / HTTP/1.1\r\nHost: a\r\n\rX: v\r\n\r\n"), "400"},
    {"CR CR LF", STR("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), "400"},
    {"a bad line counts before a bad field", STR("GET / HTTP/3.0\r\nX\0: v\r\n\r\n"), "505"},
};

/* with the small limits: 2000 bytes, 10 fields, target 100 */
static const struct http1_row limit_rows[] = {
    {"target at its limit", LINE("GET /" A50 A10 A10 A10 A10 "aaaaaaaaa HTTP/1.1"),
     "GET /" A50 A10 A10 A10 A10 "aaaaaaaaa"},
    {"row 72: target over its limit", LINE("GET /" A50 A50 " HTTP/1.1"), "414"},
    {"target without end", STR("GET /" A50 A50 A50 A50), "414"},
    {"unknown method, target without end", STR("GOT /" A50 A50 A50 A50), "501"},
    {"method without end", STR("GETAAAAA" A50 A50 A50 A50), "501"},
    {"garbage without end", STR("GET@" A50 A50 A50 A50), "400"},
    {"ten fields", FIELDS("b:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\ni:\r\nj:\r\n"), "GET /"},
    {"row 72: eleven fields",
     FIELDS("b:\r\nc:\r\nd:\r\ne:\r\nf:\r\ng:\r\nh:\r\ni:\r\nj:\r\nk:\r\n"), "431"},
};

START_TEST(request_lines)
{
    http1_expect(&http1_usual, &line_rows[_i]);
}
END_TEST

START_TEST(field_lines)
{
    http1_expect(&http1_usual, &field_rows[_i]);
}
END_TEST

START_TEST(limits)
{
    http1_expect(&http1_small, &limit_rows[_i]);
}
END_TEST

/* A head of exactly bytes bytes, in static memory. */
static struct str head_of(size_t bytes)
{
    static char text[40000];
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    memset(text, 'v', bytes);
    memcpy(text, start, sizeof start - 1);
    memcpy(text + bytes - 4, "\r\n\r\n", 4);
    return (struct str){text, bytes};
}

START_TEST(row_72_the_head_has_a_limit)
{
    http1_expect(&http1_small, &(struct http1_row){"at the limit", head_of(2000), "GET /"});
    http1_expect(&http1_small, &(struct http1_row){"one more", head_of(2001), "431"});
    http1_expect(&http1_small, &(struct http1_row){"no end", {head_of(4000).ptr, 2001}, "431"});
    http1_expect(&http1_small, &(struct http1_row){"waiting", {head_of(4000).ptr, 2000}, "..."});
    http1_expect(&http1_usual, &(struct http1_row){"32 KiB", head_of(32768), "GET /"});
    http1_expect(&http1_usual, &(struct http1_row){"32 KiB and one", head_of(32769), "431"});
}
END_TEST

START_TEST(a_head_smaller_than_a_line)
{
    const struct http1_limits tiny = {20, 10, 100, 1000};
    http1_expect(&tiny, &(struct http1_row){"long", STR("GET /aaaaaaaaaaaaaaaaaaaaaaaa"), "431"});
    const struct http1_limits three = {3, 10, 100, 1000};
    http1_expect(&three, &(struct http1_row){"method", STR("GET / HTTP/1.1"), "431"});
    const struct http1_limits none = {0, 0, 0, 0};
    http1_expect(&none, &(struct http1_row){"none", STR(GET), "501"});
}
END_TEST

/* Behaviour 73: no 16-bit length anywhere. */
START_TEST(row_73_long_targets_are_whole)
{
    const struct http1_limits wide = {200000, 10, 150000, 0};
    static char text[100100];
    size_t n = 70001;
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    memcpy(text + 4 + n, " HTTP/1.1\r\n" HOST "\r\n", sizeof " HTTP/1.1\r\n" HOST "\r\n");
    struct http1 codec;
    struct arena arena = {0};
    struct http1_request request;
    struct http1_event event;
    size_t used;
    http1_init(&codec, &wide);
    http1_begin(&codec, &arena, &request);
    http1_feed(&codec, text, strlen(text), &used, &event);
    ck_assert_int_eq(event.type, HTTP1_HEAD);
    ck_assert_uint_eq(request.target.len, n);
    ck_assert_uint_eq(request.raw_path.len, n);
    arena_fini(&arena);
}
END_TEST

/* The verdict does not wait for more than it needs (behaviour 74). */
START_TEST(refusals_come_early)
{
    static const struct http1_row rows[] = {
        {"TLS", STR("\x16"), "400"},
        {"NUL", STR("\0"), "400"},
        {"version", STR("GET / HTTP/2.0\r\n"), "505"},
        {"method", STR("FOO / HTTP/1.1\r\n"), "501"},
        {"folded", STR("GET / HTTP/1.1\r\n "), "400"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        http1_expect(&http1_usual, &rows[i]);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http1_head");
    TCase *tcase = tcase_create("http1_head");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, request_lines, 0, sizeof line_rows / sizeof *line_rows);
    tcase_add_loop_test(tcase, field_lines, 0, sizeof field_rows / sizeof *field_rows);
    tcase_add_loop_test(tcase, limits, 0, sizeof limit_rows / sizeof *limit_rows);
    tcase_add_test(tcase, row_72_the_head_has_a_limit);
    tcase_add_test(tcase, a_head_smaller_than_a_line);
    tcase_add_test(tcase, row_73_long_targets_are_whole);
    tcase_add_test(tcase, refusals_come_early);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
