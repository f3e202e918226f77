#include "sql_play.h"
#include <errno.h>

#define ROW(F) F(i64, id) F(str, name)
CGW_MODEL(Row, ROW)

enum { ROWS = 3000 };

static int fill(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, cgw_exec(req, db, "CREATE TABLE rows(id INTEGER PRIMARY KEY, name TEXT)"));
    SQL_IS(ROWS, cgw_exec(req, db,
                          "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i "
                          "< ?) INSERT INTO rows SELECT i, printf('%0100d', i) FROM c",
                          ROWS));
    return CGW_OK;
}

static int64_t sum_of(cgw_request *req, cgw_db *db, int64_t limit)
{
    Row row;
    int64_t sum = 0;
    int more;
    char text[] = "%";
    CGW_CURSOR(rows, req, db, Row, "SELECT * FROM rows WHERE id <= ? AND name LIKE ?", limit, text);
    text[0] = '?'; /* it has a copy */
    while ((more = cgw_fetch(rows, Row, &row)) > 0) {
        ck_assert_int_eq(strtol(row.name, NULL, 10), row.id);
        sum += row.id;
    }
    ck_assert_int_eq(more, 0);
    SQL_IS(0, cgw_fetch(rows, Row, &row));
    return sum;
}

static int walk(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, fill(req, db));
    ck_assert_int_eq(sum_of(req, db, ROWS), ROWS * (ROWS + 1) / 2);
    ck_assert_int_eq(sum_of(req, db, 0), 0);
    ck_assert_int_eq(sum_of(req, db, 256), 256 * 257 / 2); /* a batch, exactly */
    return CGW_OK;
}

START_TEST(all_rows_come_once)
{
    sql_play_both(walk);
    sql_play_memory(walk);
}
END_TEST

/* ---- left early, more than there are threads; and read while others write ---- */

static int leave_early(cgw_request *req, cgw_db *db)
{
    Row row;
    struct cgw_db_status status;
    SQL_IS(0, fill(req, db));
    for (int i = 0; i < 20; i++) {
        CGW_CURSOR(rows, req, db, Row, "SELECT * FROM rows");
        SQL_IS(1, cgw_fetch(rows, Row, &row));
        CGW_CURSOR(never_read, req, db, Row, "SELECT * FROM rows");
        ck_assert_ptr_nonnull(never_read);
    }
    CGW_CURSOR(rows, req, db, Row, "SELECT * FROM rows");
    int64_t n = 0;
    for (int more; (more = cgw_fetch(rows, Row, &row)) != 0; n++) {
        ck_assert_int_eq(more, 1);
        if (row.id % 500 == 0) /* it sees what was there when it began */
            SQL_IS(1, cgw_exec(req, db, "INSERT INTO rows(name) VALUES('new')"));
    }
    ck_assert_int_eq(n, ROWS);
    cgw_db_status(db, &status);
    ck_assert_uint_eq(status.busy, 0);
    return CGW_OK;
}

START_TEST(left_early_and_read_while_others_write)
{
    sql_play_both(leave_early);
    sql_play_memory(leave_early);
}
END_TEST

/* ---- within a transaction ---- */

static int walk_within(cgw_request *req, cgw_db *tx, void *arg)
{
    (void)arg;
    SQL_IS(1, cgw_exec(req, tx, "DELETE FROM rows WHERE id = 1"));
    ck_assert_int_eq(sum_of(req, tx, ROWS), ROWS * (ROWS + 1) / 2 - 1);
    return CGW_OK;
}

static int in_transaction(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, fill(req, db));
    return cgw_transaction(req, db, walk_within, NULL);
}

START_TEST(of_a_transaction)
{
    sql_play_both(in_transaction);
}
END_TEST

/* ---- errors ---- */

#define OTHER(F) F(i64, id)
CGW_MODEL(Other, OTHER)

static int misread(cgw_request *req, cgw_db *db)
{
    Row row;
    Other other;
    SQL_IS(CGW_ENOMEM, cgw_fetch((cgw_cursor *)NULL, Row, &row));
    cgw_cursor_close(NULL);
    CGW_CURSOR(bad, req, db, Row, "SELEKT");
    SQL_IS(CGW_EINVAL, cgw_fetch(bad, Row, &row));
    SQL_IS(CGW_EINVAL, cgw_fetch(bad, Row, &row));
    CGW_CURSOR(writes, req, db, Row, "CREATE TABLE x(y)");
    SQL_IS(CGW_EINVAL, cgw_fetch(writes, Row, &row));
    CGW_CURSOR(unfit, req, db, Row, "SELECT 1 AS id, 'a' AS name UNION ALL SELECT 2, NULL");
    SQL_IS(-EBADMSG, cgw_fetch(unfit, Row, &row));
    CGW_CURSOR(good, req, db, Row, "SELECT 1 AS id, 'a' AS name");
    SQL_IS(CGW_EINVAL, cgw_fetch(good, Other, &other));
    SQL_IS(1, cgw_fetch(good, Row, &row));
    SQL_IS(0, cgw_fetch(good, Row, &row));
    return CGW_OK;
}

START_TEST(errors_come_at_the_first_fetch)
{
    sql_play_both(misread);
}
END_TEST

/* ---- slow consumers ---- */

static int be_slow(cgw_request *req, cgw_db *db)
{
    Row row;
    int64_t n;
    SQL_IS(0, fill(req, db));
    CGW_CURSOR(slow, req, db, Row, "SELECT * FROM rows");
    CGW_CURSOR(also, req, db, Row, "SELECT * FROM rows");
    SQL_IS(1, cgw_fetch(slow, Row, &row));
    /* of two threads one may be a cursor's: another cursor waits, what else reads does not */
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM rows"));
    SQL_IS(1, cgw_fetch(also, Row, &row)); /* as the first is given up meanwhile */
    int code = 1;
    while (code > 0)
        code = cgw_fetch(slow, Row, &row); /* what was read of the batch is there still */
    ck_assert_int_eq(code, CGW_ETIMEDOUT);
    SQL_IS(1, cgw_fetch(also, Row, &row));
    return CGW_OK;
}

START_TEST(who_is_slow_loses_the_thread)
{
    sql_play.options.readers = 2;
    sql_play.options.cursor_timeout = 0.2;
    sql_play_both(be_slow);
}
END_TEST

/* ---- as a reply ---- */

static int refill(cgw_request *req, cgw_db *db)
{
    return fill(req, db);
}

typedef struct App {
    cgw_db *db;
} App;

CGW_GET(rows, "/rows")
{
    return cgw_json_select(req, 200, cgw_state(req, App)->db, Row,
                           "SELECT * FROM rows ORDER BY id");
}

CGW_GET(no_rows, "/no-rows")
{
    return cgw_json_select(req, 200, cgw_state(req, App)->db, Row, "SELECT * FROM nowhere");
}

START_TEST(as_a_reply)
{
    sql_play_begin();
    sql_play_run(refill);
    cgw_answer answer = cgw_test_get(sql_play_test, "/rows");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(cgw_json_eq(answer.text, "/2999/id", "3000") && answer.is_complete);
    ck_assert_uint_gt(answer.n_chunks, 5);
    answer = cgw_test_get(sql_play_test, "/rows", .leave_after_bytes = 20000);
    ck_assert(!answer.is_complete);
    ck_assert_int_eq(cgw_test_get(sql_play_test, "/no-rows").status, 500);
    ck_assert_int_eq(cgw_test_get(sql_play_test, "/rows").status, 200);
    sql_play_end();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sql_cursor");
    TCase *tcase = tcase_create("sql_cursor");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, all_rows_come_once);
    tcase_add_test(tcase, left_early_and_read_while_others_write);
    tcase_add_test(tcase, of_a_transaction);
    tcase_add_test(tcase, errors_come_at_the_first_fetch);
    tcase_add_test(tcase, who_is_slow_loses_the_thread);
    tcase_add_test(tcase, as_a_reply);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
