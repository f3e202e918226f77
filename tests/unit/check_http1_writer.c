/* Heads, chunk framing and reasons, byte for byte. */
#include "proto/http1_writer.h"
#include "unit.h"
#include <stdio.h>

#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define OK   "HTTP/1.1 200 OK\r\n"
#define F(n, v)        \
    {                  \
        STR(n), STR(v) \
    }

static void expect(const struct http1_head *head, const char *want)
{
    size_t bound = http1_head_bound(head);
    char *dst = malloc(bound);
    ck_assert_ptr_nonnull(dst);
    size_t len = http1_write_head(dst, head);
    ck_assert_uint_le(len, bound);
    ck_assert_msg(str_is((struct str){dst, len}, str_from(want)), "got %.*s", (int)len, dst);
    free(dst);
}

START_TEST(framings)
{
    struct http1_head head = {.status = 200, .framing = HTTP1_FRAMING_LENGTH, .content_length = 12};
    expect(&head, OK "content-length: 12\r\n\r\n"); /* row 1 */
    head.content_length = UINT64_MAX;
    expect(&head, OK "content-length: 18446744073709551615\r\n\r\n");
    head.content_length = 0;
    expect(&head, OK "content-length: 0\r\n\r\n");
    head.framing = HTTP1_FRAMING_CHUNKED; /* row 2 */
    expect(&head, OK "transfer-encoding: chunked\r\n\r\n");
    head.framing = HTTP1_FRAMING_CLOSE; /* row 3 */
    head.close = true;
    expect(&head, OK "connection: close\r\n\r\n");
    head = (struct http1_head){.status = 204, .content_length = 5, .keep_alive = true}; /* row 7 */
    expect(&head, "HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n");
    head.close = true; /* the stronger one */
    expect(&head, "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
}
END_TEST

START_TEST(row_24_names_go_out_in_lower_case)
{
    const struct field fields[] = {F("Content-Type", "Text/Plain"), F("X-UPPER_9", "A b"),
                                   F("empty", "")};
    struct http1_head head = {.status = 200, .fields = fields, .n_fields = 3};
    expect(&head, OK "content-type: Text/Plain\r\nx-upper_9: A b\r\nempty: \r\n\r\n");
}
END_TEST

START_TEST(row_25_duplicates_keep_their_order)
{
    const struct field fields[] = {F("set-cookie", "a=1"), F("x", "y"), F("Set-Cookie", "b=2")};
    struct http1_head head = {.status = 200, .fields = fields, .n_fields = 3};
    expect(&head, OK "set-cookie: a=1\r\nx: y\r\nset-cookie: b=2\r\n\r\n");
}
END_TEST

START_TEST(rows_10_and_11_framing_is_the_servers)
{
    const struct field fields[] = {F("Connection", "keep-alive"),     F("Keep-Alive", "timeout=5"),
                                   F("Transfer-Encoding", "chunked"), F("content-length", "99"),
                                   F("Proxy-Connection", "close"),    F("Upgrade", "h2c"),
                                   F("X-Content-Length", "kept"),     F("trailer", "x-sum"),
                                   F("connections", "kept"),          F("abcdefghij", "kept")};
    struct http1_head head = {.status = 200,
                              .framing = HTTP1_FRAMING_LENGTH,
                              .content_length = 5,
                              .fields = fields,
                              .n_fields = 10};
    expect(&head, OK "x-content-length: kept\r\ntrailer: x-sum\r\nconnections: kept\r\n"
                     "abcdefghij: kept\r\ncontent-length: 5\r\n\r\n");
}
END_TEST

START_TEST(rows_21_to_23_date_and_server)
{
    const struct field date[] = {F("DATE", "today")}, server[] = {F("Server", "mine")};
    const struct field extra[] = {F("X-A", "1"), F("X-A", "2")};
    struct http1_head head = {.status = 200, .date = DATE, .server = true};
    expect(&head, OK "date: " DATE "\r\nserver: cgw\r\n\r\n");
    head.extra = extra; /* row 22 */
    head.n_extra = 2;
    expect(&head, OK "x-a: 1\r\nx-a: 2\r\ndate: " DATE "\r\nserver: cgw\r\n\r\n");
    head.n_extra = 0;
    head.n_fields = 1;
    head.fields = date; /* row 23 */
    expect(&head, OK "date: today\r\nserver: cgw\r\n\r\n");
    head.fields = server;
    expect(&head, OK "server: mine\r\ndate: " DATE "\r\n\r\n");
    head.n_fields = 0;
    head.extra = server;
    head.n_extra = 1;
    expect(&head, OK "server: mine\r\ndate: " DATE "\r\n\r\n");
    const struct field both[] = {F("x", "1"), F("server", "app"), F("DATE", "today")};
    head.fields = both; /* the operator's word is stronger than the application's */
    head.n_fields = 3;
    expect(&head, OK "x: 1\r\ndate: today\r\nserver: mine\r\n\r\n");
    head.extra = date;
    expect(&head, OK "x: 1\r\nserver: app\r\ndate: today\r\n\r\n");
    head.n_fields = 0;
    head.n_extra = 0;
    head.date = NULL;
    head.server = false;
    expect(&head, OK "\r\n");
}
END_TEST

START_TEST(row_29_any_status_of_three_digits)
{
    for (int status = 100; status <= 999; status++) {
        struct http1_head head = {.status = status};
        char want[80];
        snprintf(want, sizeof want, "HTTP/1.1 %d %s\r\n\r\n", status, http1_reason(status));
        expect(&head, want);
    }
    ck_assert_str_eq(http1_reason(200), "OK");
    ck_assert_str_eq(http1_reason(404), "Not Found");
    ck_assert_str_eq(http1_reason(511), "Network Authentication Required");
    ck_assert_str_eq(http1_reason(299), "");
    ck_assert_str_eq(http1_reason(599), "");
    ck_assert_str_eq(http1_reason(999), "");
    ck_assert_str_eq(http1_reason(99), "");
    ck_assert_str_eq(http1_reason(-1), "");
}
END_TEST

START_TEST(row_30_a_thousand_fields)
{
    static struct field fields[1000];
    for (size_t i = 0; i < 1000; i++)
        fields[i] = (struct field)F("x-name", "some value");
    struct http1_head head = {.status = 200, .fields = fields, .n_fields = 1000};
    size_t bound = http1_head_bound(&head);
    char *dst = malloc(bound);
    ck_assert_ptr_nonnull(dst);
    ck_assert_uint_eq(http1_write_head(dst, &head),
                      sizeof OK - 1 + 1000 * (sizeof "x-name: some value\r\n" - 1) + 2);
    free(dst);
}
END_TEST

START_TEST(informational)
{
    const struct field fields[] = {F("Link", "</a.css>; rel=preload"), F("Content-Length", "5")};
    struct http1_head head = {.status = 103, .fields = fields, .n_fields = 2};
    char dst[400];
    ck_assert_uint_le(http1_head_bound(&head), sizeof dst);
    size_t len = http1_write_informational(dst, 103, fields, 2);
    ck_assert(str_is((struct str){dst, len},
                     STR("HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n")));
    len = http1_write_informational(dst, 100, NULL, 0);
    ck_assert(str_is((struct str){dst, len}, STR("HTTP/1.1 100 Continue\r\n\r\n")));
}
END_TEST

START_TEST(chunk_sizes)
{
    static const struct {
        uint64_t bytes;
        const char *want;
    } rows[] = {{1, "1\r\n"},
                {9, "9\r\n"},
                {10, "a\r\n"},
                {15, "f\r\n"},
                {16, "10\r\n"},
                {255, "ff\r\n"},
                {4096, "1000\r\n"},
                {0xabcdef, "abcdef\r\n"},
                {UINT64_C(1) << 60, "1000000000000000\r\n"},
                {UINT64_MAX, "ffffffffffffffff\r\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char dst[HTTP1_CHUNK_BOUND];
        size_t len = http1_write_chunk_size(dst, rows[i].bytes);
        ck_assert(str_is((struct str){dst, len}, str_from(rows[i].want)));
    }
}
END_TEST

START_TEST(last_chunks)
{
    const struct field fields[] = {F("X-Sum", "1"), F("Content-Length", "5"), F("b", "c")};
    char dst[100];
    ck_assert_uint_eq(http1_trailers_bound(NULL, 0), 5);
    ck_assert_uint_eq(http1_write_last_chunk(dst, NULL, 0), 5);
    ck_assert_mem_eq(dst, "0\r\n\r\n", 5);
    ck_assert_uint_le(http1_trailers_bound(fields, 3), sizeof dst);
    size_t len = http1_write_last_chunk(dst, fields, 3);
    ck_assert(str_is((struct str){dst, len}, STR("0\r\nx-sum: 1\r\nb: c\r\n\r\n")));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("http1_writer");
    TCase *tcase = tcase_create("http1_writer");
    tcase_add_test(tcase, framings);
    tcase_add_test(tcase, row_24_names_go_out_in_lower_case);
    tcase_add_test(tcase, row_25_duplicates_keep_their_order);
    tcase_add_test(tcase, rows_10_and_11_framing_is_the_servers);
    tcase_add_test(tcase, rows_21_to_23_date_and_server);
    tcase_add_test(tcase, row_29_any_status_of_three_digits);
    tcase_add_test(tcase, row_30_a_thousand_fields);
    tcase_add_test(tcase, informational);
    tcase_add_test(tcase, chunk_sizes);
    tcase_add_test(tcase, last_chunks);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
