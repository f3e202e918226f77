/* Chunked bodies: sizes, line ends, extensions, trailers, limits. */
#include "http1_play.h"
#include "unit.h"
#include <stdio.h>

#define BODY(bytes)    STR(CHUNKED bytes)
#define SIZE(size)     STR(CHUNKED size "\r\nhello\r\n0\r\n\r\n" GET)
#define TRAILER(lines) STR(CHUNKED "5\r\nhello\r\n0\r\n" lines "\r\n" GET)
#define GOOD           "POST / [hello], GET /"
#define BAD            "POST / ... 400"

static const struct http1_row rows[] = {
    {"row 33", SIZE("5"), GOOD},
    {"two chunks", BODY("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n" GET), GOOD},
    {"row 34: upper case", BODY("a\r\n0123456789\r\nB\r\nABCDEFGHIJK\r\n0\r\n\r\n"),
     "POST / [0123456789ABCDEFGHIJK]"},
    {"zeros in front", BODY("0005\r\nhello\r\n000\r\n\r\n" GET), GOOD},
    {"forty zeros", SIZE("00000000000000000000000000000000000000005"), GOOD},
    {"empty body", BODY("0\r\n\r\n" GET), "POST / [], GET /"},
    {"row 34: 0x5", SIZE("0x5"), BAD},
    {"row 34: +5", SIZE("+5"), BAD},
    {"row 34: -5", SIZE("-5"), BAD},
    {"row 34: 0_5", SIZE("0_5"), BAD},
    {"row 34: empty", SIZE(""), BAD},
    {"row 34: blank in front", SIZE(" 5"), BAD},
    {"row 34: blank behind", SIZE("5 "), BAD},
    {"tab behind", SIZE("5\t"), BAD},
    {"g", SIZE("g"), BAD},
    {"5z", SIZE("5z"), BAD},
    {"comma", SIZE("5,"), BAD},
    {"NUL", SIZE("5\0"), BAD},
    {"VT", SIZE("5\x0b"), BAD},
    {"beyond ASCII", SIZE("\xd9\xa5"), BAD},
    {"no size, an extension", SIZE(";a"), BAD},
    {"17 digits", SIZE("10000000000000005"), BAD},
    {"2^68", SIZE("FFFFFFFFFFFFFFFFF"), BAD},
    {"2^64 - 1", SIZE("ffffffffffffffff"), "POST / ... 413"},
    {"2^63", SIZE("8000000000000000"), "POST / ... 413"},
    {"2^32 and five", SIZE("100000005"), "POST / ... 413"},
    {"row 35: no CRLF", BODY("5\r\nhelloXX\r\n0\r\n\r\n"), BAD},
    {"row 35: too short", SIZE("7"), BAD},
    {"row 35: too long", SIZE("3"), BAD},
    {"row 36: LF behind size", BODY("5\nhello\r\n0\r\n\r\n"), BAD},
    {"row 36: LF behind data", BODY("5\r\nhello\n0\r\n\r\n"), BAD},
    {"row 36: LF at the end", BODY("5\r\nhello\r\n0\n\n"), BAD},
    {"row 36: LF last", BODY("5\r\nhello\r\n0\r\n\n"), BAD},
    {"row 36: LF everywhere", BODY("5\nhello\n0\n\n"), BAD},
    {"CR is data, then LF", BODY("6\r\nhello\r\n0\r\n\r\n"), BAD},
    {"CR behind size", BODY("5\rhello\r\n0\r\n\r\n"), BAD},
    {"CR CR LF", BODY("5\r\r\nhello\r\n0\r\n\r\n"), BAD},
    {"extensions", BODY("5;a=b;c\r\nhello\r\n0;x\r\n\r\n" GET), GOOD},
    {"quoted extension", BODY("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n" GET), GOOD},
    {"empty extension", BODY("5;\r\nhello\r\n0;\r\n\r\n" GET), GOOD},
    {"blanks in extension", BODY("5; a = b\r\nhello\r\n0\r\n\r\n" GET), GOOD},
    {"obs-text in extension", BODY("5;a=\xff\r\nhello\r\n0\r\n\r\n" GET), GOOD},
    {"blank before extension", BODY("5 ;a\r\nhello\r\n0\r\n\r\n"), BAD},
    {"LF in extension", BODY("5;a\nhello\r\n0\r\n\r\n"), BAD},
    {"row 37: CR in extension", BODY("5;a\rb\r\nhello\r\n0\r\n\r\n"), BAD},
    {"NUL in extension", BODY("5;a\0b\r\nhello\r\n0\r\n\r\n"), BAD},
    {"DEL in extension", BODY("5;a\x7f\r\nhello\r\n0\r\n\r\n"), BAD},
    {"trailer", TRAILER("X-T: v\r\n"), GOOD},
    {"two trailers", TRAILER("X-T: v\r\nX-U:\tw\t\r\n"), GOOD},
    {"trailer, obs-text", TRAILER("X-T: \xff\r\n"), GOOD},
    {"empty trailer", TRAILER("X-T:\r\n"), GOOD},
    {"long trailer name", TRAILER("content-length-and-so-on-and-on: 5\r\n"), GOOD},
    {"row 38: content-length", TRAILER("Content-Length: 60\r\n"), BAD},
    {"row 38: host", TRAILER("hOST: a\r\n"), BAD},
    {"row 38: transfer-encoding", TRAILER("Transfer-Encoding: chunked\r\n"), BAD},
    {"row 38: second one", TRAILER("X: v\r\nAuthorization: Basic eA==\r\n"), BAD},
    {"connection", TRAILER("Connection: close\r\n"), BAD},
    {"no colon", TRAILER("nocolon\r\n"), BAD},
    {"no name", TRAILER(": v\r\n"), BAD},
    {"blank before colon", TRAILER("X : v\r\n"), BAD},
    {"folded", TRAILER("X: v\r\n w\r\n"), BAD},
    {"NUL in trailer", TRAILER("X: a\0b\r\n"), BAD},
    {"CR in trailer", TRAILER("X: a\rb\r\n"), BAD},
    {"LF in trailer", TRAILER("X: a\nY: b\r\n"), BAD},
    {"DEL in trailer", TRAILER("X: \x7f\r\n"), BAD},
    {"row 39: no last CRLF", BODY("5\r\nhello\r\n0\r\n"), "POST / ..."},
    {"cut in data", BODY("a\r\nhello"), "POST / ..."},
    {"cut behind data", BODY("5\r\nhello\r\n"), "POST / ..."},
    {"cut in a trailer", BODY("0\r\nX-T: v"), "POST / ..."},
    {"pipelined", STR(CHUNKED "1\r\na\r\n0\r\n\r\n" CHUNKED "1\r\nb\r\n0\r\n\r\n" GET),
     "POST / [a], POST / [b], GET /"},
    {"framing as data", BODY("5\r\n0\r\n\r\n\r\n0\r\n\r\n" GET), "POST / [0\r\n\r\n], GET /"},
};

START_TEST(bodies)
{
    http1_expect(&http1_usual, &rows[_i]);
}
END_TEST

/* CHUNKED and then prefix, count times piece, and suffix: the caller frees it. */
static struct str repeated(const char *prefix, const char *piece, size_t count, const char *suffix)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%s%s", CHUNKED, prefix);
    for (size_t i = 0; i < count; i++)
        fputs(piece, file);
    fputs(suffix, file);
    fclose(file);
    return (struct str){text, size};
}

struct repeat_row {
    const char *name, *prefix, *piece;
    size_t count;
    const char *suffix, *want;
};

static void expect_repeated(const struct http1_limits *limits, const struct repeat_row *row)
{
    struct str in = repeated(row->prefix, row->piece, row->count, row->suffix);
    http1_expect(limits, &(struct http1_row){row->name, in, row->want});
    free((char *)(uintptr_t)in.ptr);
}

static const struct repeat_row bound_rows[] = {
    /* lines of 4096 bytes, CR and LF among them */
    {"extension at the limit", "5;", "a", 4092, "\r\nhello\r\n0\r\n\r\n", "POST / [hello]"},
    {"extension over it", "5;", "a", 4093, "\r\nhello\r\n0\r\n\r\n", BAD},
    {"endless extension", "5;", "a", 70000, "", BAD},
    {"endless zeros", "", "0", 70000, "", BAD},
    {"zeros at the limit", "", "0", 4093, "5\r\nhello\r\n0\r\n\r\n", "POST / [hello]"},
    /* trailers of 2000 bytes, the last CRLF among them; 10 of them */
    {"trailer at the limit", "0\r\nX:", "v", 1994, "\r\n\r\n", "POST / []"},
    {"trailer over it", "0\r\nX:", "v", 1995, "\r\n\r\n", "POST / ... 431"},
    {"ten trailers", "0\r\n", "X:\r\n", 10, "\r\n", "POST / []"},
    {"eleven trailers", "0\r\n", "X:\r\n", 11, "\r\n", "POST / ... 431"},
    {"row 48: body at the limit", "", "1\r\nx\r\n", 1000, "0\r\n\r\n", "POST / [#1000:07d18165]"},
    {"row 47: body over it", "", "1\r\nx\r\n", 1001, "0\r\n\r\n", "POST / ... 413"},
};

START_TEST(bounds)
{
    expect_repeated(&http1_small, &bound_rows[_i]);
}
END_TEST

START_TEST(row_47_refused_before_the_chunk_that_is_too_much)
{
    static const struct http1_row limit_rows[] = {
        {"at once", STR(CHUNKED "3e9\r\n"), "POST / ... 413"},
        {"in two", STR(CHUNKED "3e7\r\n"), "POST / ..."},
    };
    http1_expect(&http1_small, &limit_rows[0]);
    http1_expect(&http1_small, &limit_rows[1]);
}
END_TEST

START_TEST(without_a_limit)
{
    const struct http1_limits none = {2000, 10, 100, 0};
    static const struct http1_row large[] = {
        {"large", STR(CHUNKED "7fffffffffffffff\r\n"), "POST / ..."},
        {"too large", STR(CHUNKED "8000000000000000\r\n"), "POST / ... 413"},
        {"in sum", STR(CHUNKED "1\r\na\r\n7fffffffffffffff\r\n"), "POST / ... 413"},
    };
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        http1_expect(&none, &large[i]);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http1_chunk");
    TCase *tcase = tcase_create("http1_chunk");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, bodies, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(tcase, bounds, 0, sizeof bound_rows / sizeof *bound_rows);
    tcase_add_test(tcase, row_47_refused_before_the_chunk_that_is_too_much);
    tcase_add_test(tcase, without_a_limit);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
