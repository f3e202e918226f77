/* Host, Content-Length, Transfer-Encoding, Connection, Expect, TE, Upgrade: what the fields mean.
 */
#include "http1_play.h"
#include "unit.h"
#include <stdio.h>

#define WITH(host, fields)  STR("GET / HTTP/1.1\r\n" host fields "\r\n")
#define OLD(fields)         STR("GET / HTTP/1.0\r\n" fields "\r\n")
#define BODY(fields)        STR(POST(fields) "hello" GET)
#define CODED(value)        STR(POST("Transfer-Encoding: " value "\r\n") "5\r\nhello\r\n0\r\n\r\n" GET)
#define LENGTH(value)       BODY("Content-Length: " value "\r\n")
#define BOTH(first, second) STR(POST(first second) "0\r\n\r\n" GET)
#define TE                  "Transfer-Encoding: chunked\r\n"
#define CL                  "Content-Length: 5\r\n"

static const struct http1_row host_rows[] = {
    {"row 58: none", WITH("", ""), "400"},
    {"row 59: two", WITH("Host: a\r\nHost: b\r\n", ""), "400"},
    {"row 59: two equal", WITH("Host: a\r\nHost: a\r\n", ""), "400"},
    {"row 60: blank inside", WITH("Host: a b\r\n", ""), "400"},
    {"row 60: empty label", WITH("Host: a..b\r\n", ""), "400"},
    {"row 60: empty", WITH("Host:\r\n", ""), "400"},
    {"slash", WITH("Host: a/b\r\n", ""), "400"},
    {"comma", WITH("Host: a, b\r\n", ""), "400"},
    {"userinfo", WITH("Host: u@a\r\n", ""), "400"},
    {"bad port", WITH("Host: a:b\r\n", ""), "400"},
    {"NUL", WITH("Host: a\0b\r\n", ""), "400"},
    {"port", WITH("Host: a:8080\r\n", ""), "GET /"},
    {"IPv6", WITH("Host: [::1]:8080\r\n", ""), "GET /"},
    {"tab", WITH("Host:\ta\r\n", ""), "GET /"},
    {"blanks behind", WITH("Host: a \t\r\n", ""), "GET /"},
    {"late", WITH("X: v\r\n", "hOST: a\r\n"), "GET /"},
    {"1.0 without", OLD(""), "GET /"},
    {"1.0 bad", OLD("Host: a b\r\n"), "400"},
    {"1.0 two", OLD("Host: a\r\nHost: a\r\n"), "400"},
    {"blank before colon", WITH("Host : a\r\n", ""), "400"},
};

static const struct http1_row length_rows[] = {
    {"row 31", LENGTH("5"), "POST / [hello], GET /"},
    {"row 49: zero", STR(POST("Content-Length: 0\r\n") GET), "POST /, GET /"},
    {"none", STR(POST("") GET), "POST /, GET /"},
    {"row 50: GET", STR("GET / HTTP/1.1\r\n" HOST CL "\r\nhello" GET), "GET / [hello], GET /"},
    {"1.0", STR("POST / HTTP/1.0\r\n" CL "\r\nhello"), "POST / [hello]"},
    {"zeros in front", LENGTH("0005"), "POST / [hello], GET /"},
    {"blanks", LENGTH(" \t5 \t"), "POST / [hello], GET /"},
    {"any case", BODY("cONTENT-lENGTH: 5\r\n"), "POST / [hello], GET /"},
    {"row 39: cut", STR(POST("Content-Length: 9\r\n") "hello"), "POST / ..."},
    {"row 52: equal twice", BODY(CL CL), "400"},
    {"row 52: different", BODY(CL "Content-Length: 6\r\n"), "400"},
    {"row 52: case", BODY(CL "content-length: 4\r\n"), "400"},
    {"row 52: list", LENGTH("5, 5"), "400"},
    {"list, different", LENGTH("5, 6"), "400"},
    {"list, empty element", LENGTH("5,"), "400"},
    {"row 53: +", LENGTH("+5"), "400"},
    {"row 53: -", LENGTH("-5"), "400"},
    {"row 53: -0", LENGTH("-0"), "400"},
    {"row 53: blank", LENGTH("5 5"), "400"},
    {"row 53: underscore", LENGTH("0_5"), "400"},
    {"row 53: word", LENGTH("bla"), "400"},
    {"row 53: 2^64", LENGTH("18446744073709551616"), "400"},
    {"2^64 and five", LENGTH("18446744073709551621"), "400"},
    {"thirty digits", LENGTH("999999999999999999999999999999"), "400"},
    {"2^64 - 1", LENGTH("18446744073709551615"), "413"},
    {"2^63", LENGTH("9223372036854775808"), "413"},
    {"2^32 and five", LENGTH("4294967301"), "413"},
    {"hexadecimal", LENGTH("0x5"), "400"},
    {"digits and a letter", LENGTH("5a"), "400"},
    {"a letter and digits", LENGTH("a5"), "400"},
    {"empty", LENGTH(""), "400"},
    {"fraction", LENGTH("5.0"), "400"},
    {"exponent", LENGTH("5e0"), "400"},
    {"quoted", LENGTH("\"5\""), "400"},
    {"parameter", LENGTH("5;x"), "400"},
    {"NUL", LENGTH("5\0"), "400"},
    {"VT",
     LENGTH("\x0b"
            "5"),
     "400"},
    {"NBSP",
     LENGTH("\xa0"
            "5"),
     "400"},
    {"row 77: another field", BODY("Content_Length: 99\r\nContent-Length: 5\r\n"),
     "POST / [hello], GET /"},
    {"what follows is a request of its own",
     STR(POST("Content-Length: 3\r\n") "helGARBAGE\r\n\r\n"), "POST / [hel], 400"},
};

static const struct http1_row coding_rows[] = {
    {"row 33", CODED("chunked"), "POST / [hello], GET /"},
    {"any case", CODED("ChunkeD"), "POST / [hello], GET /"},
    {"blanks", CODED(" \tchunked \t"), "POST / [hello], GET /"},
    {"field's case", STR(POST("tRANSFER-encoding: chunked\r\n") "0\r\n\r\n"), "POST / []"},
    {"GET", STR("GET / HTTP/1.1\r\n" HOST TE "\r\n0\r\n\r\n"), "GET / []"},
    {"row 54: twice", CODED("chunked, chunked"), "400"},
    {"row 54: two fields", STR(POST(TE TE) "0\r\n\r\n"), "400"},
    {"row 54: unknown", CODED("xchunked"), "400"},
    {"row 54: not last", CODED("chunked, identity"), "400"},
    {"row 54: chunked, gzip", CODED("chunked, gzip"), "400"},
    {"row 54: tab and length", STR(POST("Transfer-Encoding:\tchunked\r\n" CL) "hello"), "400"},
    {"row 55: gzip, chunked", CODED("gzip, chunked"), "501"},
    {"frob, chunked", CODED("frob, chunked"), "501"},
    {"gzip", CODED("gzip"), "501"},
    {"x-gzip, gzip", CODED("x-gzip, gzip"), "501"},
    {"row 57: identity", CODED("identity"), "501"},
    {"row 56: 1.0", STR("POST / HTTP/1.0\r\n" TE "\r\n0\r\n\r\n"), "400"},
    {"row 56: 1.0 keep-alive", STR("POST / HTTP/1.0\r\nConnection: keep-alive\r\n" TE "\r\n"),
     "400"},
    {"prefix", CODED("chunk"), "400"},
    {"parameter", CODED("chunked;a=b"), "400"},
    {"parameter, blanks", CODED("chunked ; x"), "400"},
    {"quoted", CODED("\"chunked\""), "400"},
    {"single quotes", CODED("'chunked'"), "400"},
    {"VT",
     CODED("\x0b"
           "chunked"),
     "400"},
    {"FF", CODED("chunked\x0c"), "400"},
    {"NBSP",
     CODED("\xa0"
           "chunked"),
     "400"},
    {"NUL", CODED("chunked\0"), "400"},
    {"comma in front", CODED(", chunked"), "400"},
    {"comma behind", CODED("chunked,"), "400"},
    {"empty", CODED(""), "400"},
    {"identity, then chunked", STR(POST("Transfer-Encoding: identity\r\n" TE)), "400"},
    {"chunked, then identity", STR(POST(TE "Transfer-Encoding: identity\r\n")), "400"},
    {"row 51: length, coding", BOTH(CL, TE), "400"},
    {"row 51: coding, length", BOTH(TE, CL), "400"},
    {"row 51: case", BOTH(CL, "tRANSFER-ENCODING: chunked\r\n"), "400"},
    {"row 51: blank behind", BOTH(CL, "Transfer-Encoding: chunked \r\n"), "400"},
    {"row 51: blank before colon", BOTH(CL, "Transfer-Encoding : chunked\r\n"), "400"},
    {"row 51: blank in front", BOTH(CL, " Transfer-Encoding: chunked\r\n"), "400"},
    {"row 51: folded", BOTH(CL, "Transfer-Encoding:\r\n chunked\r\n"), "400"},
    {"row 51: behind LF", BOTH(CL, "X: x\nTransfer-Encoding: chunked\r\n"), "400"},
    {"row 51: behind CR", BOTH(CL, "X: x\rTransfer-Encoding: chunked\r\n"), "400"},
    {"row 51: CR LF CR", BOTH(CL, "X: x\r\n\rTransfer-Encoding: chunked\r\n"), "400"},
    {"row 51: unknown", BOTH(CL, "Transfer-Encoding: xchunked\r\n"), "400"},
    {"row 51: two", BOTH(CL TE, "Transfer-Encoding: cow\r\n"), "400"},
    {"row 51: empty", BOTH(CL, "Transfer-Encoding:\r\n"), "400"},
    {"row 51: identity", BOTH(CL, "Transfer-Encoding: identity\r\n"), "400"},
    {"row 51: comma", BOTH(CL, "Transfer-Encoding: ,\r\n"), "400"},
    {"row 51: name on a line of its own", BOTH(CL, "Transfer-Encoding\r\n : chunked\r\n"), "400"},
    {"row 51: NUL in name", BOTH(CL, "Transfer-Encoding\0: chunked\r\n"), "400"},
    {"row 77: underscore", BODY(CL "Transfer_Encoding: chunked\r\n"), "POST / [hello], GET /"},
};

static const struct http1_row expect_rows[] = {
    {"row 40", BODY("Expect: 100-continue\r\n" CL), "POST / [hello], GET /"},
    {"row 42", BODY("Expect: the-unexpected\r\n" CL), "417"},
    {"row 42: list", BODY("Expect: 100-continue, more\r\n" CL), "417"},
    {"both framings come first", BODY("Expect: x\r\n" CL TE), "400"},
    {"row 47", BODY("Expect: 100-continue\r\nContent-Length: 16777217\r\n"), "413"},
    {"row 76: h2c", WITH(HOST, "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"), "GET /"},
    {"row 76: body", BODY("Connection: upgrade\r\nUpgrade: x\r\n" CL), "POST / [hello], GET /"},
    {"row 76: chunks",
     STR(POST("Connection: upgrade\r\nUpgrade: x\r\n" TE) "1\r\na\r\n0\r\n\r\n" GET),
     "POST / [a], GET /"},
    {"row 76: pipelined",
     STR("GET /a HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: x\r\n\r\n" GET),
     "GET /a, GET /"},
};

START_TEST(hosts)
{
    http1_expect(&http1_usual, &host_rows[_i]);
}
END_TEST

START_TEST(lengths)
{
    http1_expect(&http1_usual, &length_rows[_i]);
}
END_TEST

START_TEST(codings)
{
    http1_expect(&http1_usual, &coding_rows[_i]);
}
END_TEST

START_TEST(expectations)
{
    http1_expect(&http1_usual, &expect_rows[_i]);
}
END_TEST

/* What a head says, as flags: k keep-alive, e expect, t te: trailers, u upgrade; then host. */
static const struct {
    const char *in, *want;
} flag_rows[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "k a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", " a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: CLOSE\r\n\r\n", " a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, close\r\n\r\n", " a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close,foo\r\n\r\n", " a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo\r\nConnection: close\r\n\r\n", " a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, close\r\n\r\n", " a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", "k a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n", "k a"},
    {"GET / HTTP/1.0\r\n\r\n", " "},
    {"GET / HTTP/1.0\r\nHost: b:1\r\nConnection: Keep-Alive\r\n\r\n", "k b:1"},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", " "},
    {"GET http://c:81/ HTTP/1.0\r\n\r\n", " c:81"},
    {"GET http://c:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "k c:81"},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n", "ke a"},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
     "ke a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "k a"},
    {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", "k a"},
    {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", " "},
    {"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\n", "kt a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nTE: gzip;q=0.5, Trailers\r\n\r\n", "kt a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nTE: gzip\r\n\r\n", "k a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "ku a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", "k a"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n", "k a"},
    {"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", " "},
};

START_TEST(flags)
{
    struct http1 codec;
    struct arena arena = {0};
    struct http1_request request;
    struct http1_event event;
    size_t used;
    char got[64] = "";
    http1_init(&codec, &http1_usual);
    http1_begin(&codec, &arena, &request);
    http1_feed(&codec, flag_rows[_i].in, strlen(flag_rows[_i].in), &used, &event);
    ck_assert_int_eq(event.type, HTTP1_HEAD);
    snprintf(got, sizeof got, "%s%s%s%s %s", request.keep_alive ? "k" : "",
             request.expect_continue ? "e" : "", request.te_trailers ? "t" : "",
             request.upgrade ? "u" : "", request.host.ptr);
    ck_assert_str_eq(got, flag_rows[_i].want);
    arena_fini(&arena);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http1_fields");
    TCase *tcase = tcase_create("http1_fields");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, hosts, 0, sizeof host_rows / sizeof *host_rows);
    tcase_add_loop_test(tcase, lengths, 0, sizeof length_rows / sizeof *length_rows);
    tcase_add_loop_test(tcase, codings, 0, sizeof coding_rows / sizeof *coding_rows);
    tcase_add_loop_test(tcase, expectations, 0, sizeof expect_rows / sizeof *expect_rows);
    tcase_add_loop_test(tcase, flags, 0, sizeof flag_rows / sizeof *flag_rows);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
