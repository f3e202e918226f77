/* A list of 100 000 rows is sent in the memory of one buffer. */
#include "model/json_rows.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define ROW(F)   \
    F(i64, id)   \
    F(str, name) \
    F(f64, price)
CGW_MODEL(Row, ROW)

enum { N_ROWS = 100000, FIRST_BYTES = 32 * 1024 };

static char first[FIRST_BYTES] __attribute__((aligned(16)));
static struct arena arena;

struct sent {
    size_t bytes, flushes, largest, opened, closed;
    char begin[64], end[64]; /* the first and the last of it */
    int fails_at;            /* the flush that answers CGW_ECLOSED; 0: none */
};

static int take(void *arg, const char *ptr, size_t len)
{
    struct sent *sent = arg;
    if (sent->fails_at && (int)sent->flushes + 1 == sent->fails_at)
        return CGW_ECLOSED;
    if (!sent->flushes++)
        snprintf(sent->begin, sizeof sent->begin, "%.*s", (int)len, ptr);
    size_t tail = len < sizeof sent->end ? len : sizeof sent->end - 1;
    snprintf(sent->end, sizeof sent->end, "%.*s", (int)tail, ptr + len - tail);
    sent->bytes += len;
    sent->largest = len > sent->largest ? len : sent->largest;
    for (size_t i = 0; i < len; i++) {
        sent->opened += ptr[i] == '{';
        sent->closed += ptr[i] == '}';
    }
    return CGW_OK;
}

static struct buffer begin_in(struct sent *sent)
{
    arena_init(&arena, first, sizeof first);
    struct buffer out = BUFFER_IN(&arena);
    out.flush = take;
    out.flush_arg = sent;
    return out;
}

START_TEST(a_long_list_is_flat)
{
    struct sent sent = {0};
    struct buffer out = begin_in(&sent);
    struct json_rows rows;
    ck_assert_int_eq(json_rows_begin(&rows, Row_model(), &out), CGW_OK);
    for (int64_t i = 0; i < N_ROWS; i++) {
        Row row = {.id = i, .name = "a name of some length", .price = (double)i / 100};
        ck_assert_int_eq(json_rows_add(&rows, &row), CGW_OK);
    }
    size_t room = out.room;
    ck_assert_int_eq(json_rows_end(&rows), CGW_OK);
    ck_assert_uint_gt(sent.bytes, 5000000);
    ck_assert_uint_eq(sent.opened, N_ROWS);
    ck_assert_uint_eq(sent.closed, N_ROWS);
    ck_assert_uint_lt(room, FIRST_BYTES);
    ck_assert_uint_le(sent.largest, room);
    ck_assert_ptr_null(arena.blocks); /* all of it was in the first block */
    ck_assert_str_eq(strchr(sent.end, '{') ? strrchr(sent.end, '{') : "",
                     "{\"id\":99999,\"name\":\"a name of some length\",\"price\":999.99}]");
    ck_assert_int_eq(strncmp(sent.begin, "[{\"id\":0,\"name\":", 16), 0);
    arena_fini(&arena);
}
END_TEST

static void is_list(int n, const char *json)
{
    struct sent sent = {0};
    struct buffer out = begin_in(&sent);
    struct json_rows rows;
    ck_assert_int_eq(json_rows_begin(&rows, Row_model(), &out), CGW_OK);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(json_rows_add(&rows, &(Row){.id = i}), CGW_OK);
    ck_assert_int_eq(json_rows_end(&rows), CGW_OK);
    ck_assert_uint_eq(sent.flushes, 1);
    ck_assert_int_eq(strncmp(sent.begin, json, sizeof sent.begin - 1), 0);
    arena_fini(&arena);
}

START_TEST(short_lists)
{
    is_list(0, "[]");
    is_list(1, "[{\"id\":0,\"name\":null,\"price\":0.0}]");
    is_list(2, "[{\"id\":0,\"name\":null,\"price\":0.0},"
               "{\"id\":1,\"name\":null,\"price\":0.0}]");
}
END_TEST

/* A row that is larger than the buffer goes past it, or the buffer grows to it once. */
START_TEST(a_long_row)
{
    static char name[200001];
    memset(name, 'x', sizeof name - 1);
    struct sent sent = {0};
    struct buffer out = begin_in(&sent);
    struct json_rows rows;
    json_rows_begin(&rows, Row_model(), &out);
    for (int i = 0; i < 100; i++)
        json_rows_add(&rows, &(Row){.id = i, .name = name});
    ck_assert_int_eq(json_rows_end(&rows), CGW_OK);
    ck_assert_uint_gt(sent.bytes, 100 * sizeof name);
    ck_assert_uint_lt(out.room, FIRST_BYTES);
    arena_fini(&arena);
}
END_TEST

START_TEST(a_client_that_leaves)
{
    struct sent sent = {.fails_at = 2};
    struct buffer out = begin_in(&sent);
    struct json_rows rows;
    json_rows_begin(&rows, Row_model(), &out);
    int status = CGW_OK, n = 0;
    for (; n < N_ROWS && !status; n++)
        status = json_rows_add(&rows, &(Row){.id = n, .name = "a name"});
    ck_assert_int_eq(status, CGW_ECLOSED);
    ck_assert_int_lt(n, 2000);
    ck_assert_int_eq(json_rows_add(&rows, &(Row){.id = 1}), CGW_ECLOSED);
    ck_assert_int_eq(json_rows_end(&rows), CGW_ECLOSED);
    ck_assert_uint_eq(sent.flushes, 1);
    arena_fini(&arena);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("json_rows");
    TCase *c = tcase_create("json_rows");
    tcase_add_test(c, a_long_list_is_flat);
    tcase_add_test(c, short_lists);
    tcase_add_test(c, a_long_row);
    tcase_add_test(c, a_client_that_leaves);
    tcase_set_timeout(c, 30);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
