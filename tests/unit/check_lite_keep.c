/* The log of writes, under those who write without a pause. */
#include "sql_play.h"
#include <string.h>

enum { WRITERS = 8, LOG_PAGES = 1000, LOG_PAGES_MAX = 16000, MOST_WRITES = 5000 };

#define ROW_MODEL(F) F(i64, id) F(i64, n)
CGW_MODEL(Row, ROW_MODEL)

static uint32_t pages, largest; /* of the log, as last seen, and at most */
static int n_anew;

/* One write, of twenty pages; the log was longer before where it has begun anew. */
static int write_once(cgw_request *req, cgw_db *db)
{
    struct cgw_db_status now;
    int code = cgw_exec(req, db, "UPDATE t SET n = n + 1, data = randomblob(80000) WHERE id = 1");
    cgw_db_status(db, &now);
    if (now.wal_pages > largest)
        largest = now.wal_pages;
    if (pages > LOG_PAGES && now.wal_pages < pages / 2)
        n_anew++;
    pages = now.wal_pages;
    return code;
}

static int make_rows(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, cgw_exec(req, db, "CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, data BLOB)"));
    SQL_IS(1000, cgw_exec(req, db,
                          "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x "
                          "< 1000) INSERT INTO t SELECT x, 0, NULL FROM c"));
    return CGW_OK;
}

static void begin(void)
{
    pages = largest = 0;
    n_anew = 0;
    sql_play.options.durability = CGW_DB_NORMAL;
    sql_play_begin();
    sql_play_run(make_rows);
}

static int64_t n_written;

static int write_until_anew(cgw_request *req, cgw_db *db)
{
    while (n_anew < 2 && n_written < MOST_WRITES) {
        SQL_IS(1, write_once(req, db));
        n_written++;
    }
    return CGW_OK;
}

static int see_all_written(cgw_request *req, cgw_db *db)
{
    int64_t n = -1;
    SQL_IS(1, cgw_value(req, db, &n, "SELECT n FROM t WHERE id = 1"));
    ck_assert_int_eq(n, n_written);
    return CGW_OK;
}

START_TEST(it_begins_anew_while_all_write)
{
    n_written = 0;
    begin();
    ck_assert_uint_eq(sql_play_crowd(write_until_anew, WRITERS, CGW_OK), WRITERS);
    ck_assert_int_ge(n_anew, 2);
    ck_assert_uint_lt(largest, LOG_PAGES_MAX);
    sql_play_run(see_all_written);
    sql_play_end();
}
END_TEST

/* The rest of a cursor's rows are as they were when it was opened. */
static void expect_rest(cgw_cursor *rows, int64_t n)
{
    Row row;
    int more;
    while ((more = cgw_fetch(rows, Row, &row)) > 0) {
        ck_assert_int_eq(row.n, 0);
        n++;
    }
    ck_assert_int_eq(more, 0);
    ck_assert_int_eq(n, 1000);
}

static int write_beside_a_cursor(cgw_request *req, cgw_db *db)
{
    Row row;
    CGW_CURSOR(rows, req, db, Row, "SELECT id, n FROM t");
    SQL_IS(1, cgw_fetch(rows, Row, &row));
    while (pages < 2 * LOG_PAGES)
        SQL_IS(1, write_once(req, db));
    ck_assert_int_eq(n_anew, 0);
    expect_rest(rows, 1);
    for (int i = 0; i < MOST_WRITES && !n_anew; i++)
        SQL_IS(1, write_once(req, db));
    ck_assert_int_eq(n_anew, 1);
    return CGW_OK;
}

START_TEST(it_does_not_where_a_cursor_reads_it)
{
    begin();
    sql_play_run(write_beside_a_cursor);
    sql_play_end();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lite_keep");
    TCase *tcase = tcase_create("lite_keep");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, it_begins_anew_while_all_write);
    tcase_add_test(tcase, it_does_not_where_a_cursor_reads_it);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
