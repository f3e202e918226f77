#include "sql_play.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static const char for_ever[] =
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM c";

static struct cgw_db_status status;
static int see_status(cgw_request *req, cgw_db *db)
{
    (void)req;
    cgw_db_status(db, &status);
    return CGW_OK;
}

/* ---- groups ---- */

static int insert_nth(cgw_request *req, cgw_db *db)
{
    int code = cgw_exec(req, db, "INSERT INTO t(name) VALUES(?)",
                        cgw_fmt(req, "%d", (int)sql_play_n(req)));
    return code == 1 ? CGW_OK : code;
}

/* Every second one is there already. */
static int insert_half(cgw_request *req, cgw_db *db)
{
    int code = cgw_exec(req, db, "INSERT INTO t(name) VALUES(?)",
                        cgw_fmt(req, "%d", (int)sql_play_n(req) / 2));
    return code == 1 ? CGW_OK : code;
}

START_TEST(writes_of_many_share_a_commit)
{
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    ck_assert_uint_eq(sql_play_crowd(insert_nth, 200, CGW_OK), 200);
    sql_play_expect_rows(200);
    sql_play_run(see_status);
    ck_assert_uint_eq(status.writes, 201);
    ck_assert_uint_lt(status.commits, 100);
    ck_assert_uint_gt(status.largest_group, 1);
    ck_assert_uint_eq(status.errors, 0);
    sql_play_end();
}
END_TEST

START_TEST(each_on_its_own_where_it_is_wanted_so)
{
    sql_play.options.max_group = 1;
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    ck_assert_uint_eq(sql_play_crowd(insert_nth, 50, CGW_OK), 50);
    sql_play_run(see_status);
    ck_assert_uint_eq(status.commits, 51);
    ck_assert_uint_eq(status.largest_group, 1);
    sql_play_end();
}
END_TEST

START_TEST(ones_error_is_nobody_elses)
{
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    ck_assert_uint_eq(sql_play_crowd(insert_half, 200, CGW_ECONFLICT), 100);
    sql_play_expect_rows(100);
    sql_play_run(see_status);
    ck_assert_uint_eq(status.errors, 100);
    ck_assert_int_eq(status.last_code, 0); /* conflicts are not the database's */
    sql_play_end();
}
END_TEST

/* One that SQLite answers by undoing all of the transaction. */
static int insert_or_undo(cgw_request *req, cgw_db *db)
{
    int64_t n = sql_play_n(req);
    if (n % 10 == 5)
        return cgw_exec(req, db, "INSERT OR ROLLBACK INTO t(name) VALUES('there')");
    return insert_nth(req, db);
}

static int insert_there(cgw_request *req, cgw_db *db)
{
    return cgw_exec(req, db, "INSERT INTO t(name) VALUES('there')") == 1 ? CGW_OK : CGW_EFAILED;
}

START_TEST(others_are_run_again_behind_one_that_undoes_all)
{
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    sql_play_run(insert_there);
    ck_assert_uint_eq(sql_play_crowd(insert_or_undo, 100, CGW_ECONFLICT), 10);
    sql_play_expect_rows(91);
    sql_play_end();
}
END_TEST

/* ---- canceled, and too long ---- */

struct child_of {
    cgw_request *req;
    cgw_db *db;
    const char *sql;
    int code;
};

static int run_child(void *arg)
{
    struct child_of *child = arg;
    return child->code = cgw_exec(child->req, child->db, child->sql);
}

static int nap(void *arg)
{
    usleep(*(useconds_t *)arg);
    return CGW_OK;
}

/* Until so many threads work. */
static int wait_until_busy(cgw_db *db, uint32_t n)
{
    struct cgw_db_status now = {.busy = 0};
    useconds_t us = 2000;
    for (; now.busy < n; cgw_db_status(db, &now))
        SQL_IS(0, cgw_blocking(nap, &us));
    return CGW_OK;
}

static int cancel_both(cgw_request *req, cgw_db *db)
{
    struct child_of reads = {req, db, for_ever, 0};
    struct child_of writes = {req, db,
                              "INSERT INTO t(name) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL "
                              "SELECT i + 1 FROM c) SELECT i FROM c",
                              0};
    struct child_of after = {req, db, "INSERT INTO t(name) VALUES('after')", 0};
    useconds_t us = 20000;
    SQL_IS(0, cgw_exec(req, db, sql_play_table));
    cgw_group *canceled = cgw_group(req), *good = cgw_group(req);
    cgw_go(canceled, run_child, &reads);
    cgw_go(canceled, run_child, &writes);
    SQL_IS(0, wait_until_busy(db, 2));
    cgw_go(good, run_child, &after);
    SQL_IS(0, cgw_blocking(nap, &us));
    cgw_group_cancel(canceled);
    SQL_IS(CGW_ECANCELED, cgw_join(canceled));
    SQL_IS(0, cgw_join(good));
    ck_assert_int_eq(reads.code, CGW_ECANCELED);
    ck_assert_int_eq(writes.code, CGW_ECANCELED);
    ck_assert_int_eq(after.code, 1);
    ck_assert_int_eq(sql_play_count(req, db), 1);
    return CGW_OK;
}

START_TEST(a_cancel_interrupts)
{
    sql_play_both(cancel_both);
}
END_TEST

static int run_too_long(cgw_request *req, cgw_db *db)
{
    int64_t n;
    SQL_IS(CGW_ETIMEDOUT, cgw_value(req, db, &n, for_ever));
    SQL_IS(CGW_ETIMEDOUT,
           cgw_exec(req, db,
                    "CREATE TABLE t AS WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT "
                    "i + 1 FROM c) SELECT i FROM c"));
    SQL_IS(0, cgw_exec(req, db, sql_play_table));
    ck_assert_int_eq(sql_play_count(req, db), 0);
    return CGW_OK;
}

START_TEST(what_runs_too_long_is_broken_off)
{
    sql_play.options.timeout = 0.05;
    sql_play_both(run_too_long);
    sql_play_memory(run_too_long);
}
END_TEST

/* ---- waiting ---- */

static int wait_too_long(cgw_request *req, cgw_db *db)
{
    struct child_of first = {req, db, for_ever, 0};
    int64_t n;
    cgw_group *group = cgw_group(req);
    cgw_go(group, run_child, &first);
    SQL_IS(0, wait_until_busy(db, 1));
    SQL_IS(CGW_EBUSY, cgw_value(req, db, &n, "SELECT 1"));
    cgw_group_cancel(group);
    SQL_IS(CGW_ECANCELED, cgw_join(group));
    SQL_IS(1, cgw_value(req, db, &n, "SELECT 1"));
    return CGW_OK;
}

START_TEST(who_waits_too_long_is_told)
{
    sql_play.options.readers = 1;
    sql_play.options.acquire_timeout = 0.1;
    sql_play_both(wait_too_long);
}
END_TEST

/* ---- another process, or nearly: a connection of our own ---- */

static sqlite3 *other;

static void other_does(const char *sql)
{
    char *error = NULL;
    if (!other)
        ck_assert_int_eq(sqlite3_open(sql_play_file(), &other), SQLITE_OK);
    sqlite3_busy_timeout(other, 5000);
    if (sqlite3_exec(other, sql, NULL, NULL, &error) != SQLITE_OK)
        ck_abort_msg("%s: %s", sql, error);
}

static void other_leaves(void)
{
    sqlite3_close(other);
    other = NULL;
}

static int write_once(cgw_request *req, cgw_db *db)
{
    int code = cgw_exec(req, db, "INSERT INTO t(data) VALUES(1)");
    return code == 1 ? CGW_OK : code;
}

START_TEST(queues_have_an_end)
{
    sql_play.options.max_queue = 2;
    sql_play.options.acquire_timeout = 0.15;
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    other_does("BEGIN IMMEDIATE");
    ck_assert_uint_eq(sql_play_crowd(write_once, 50, CGW_EBUSY), 50);
    ck_assert_uint_ge(cgw_test_logged(sql_play_test, "the queue is full"), 47); /* at once */
    other_leaves();
    sql_play_run(write_once);
    sql_play_end();
}
END_TEST

static int write_to_locked(cgw_request *req, cgw_db *db)
{
    SQL_IS(CGW_EBUSY, write_once(req, db));
    ck_assert_int_eq(sql_play_count(req, db), 0); /* who reads is not held up */
    return CGW_OK;
}

START_TEST(locked_by_another)
{
    sql_play.options.acquire_timeout = 0.15;
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    other_does("BEGIN IMMEDIATE");
    sql_play_run(write_to_locked);
    ck_assert_uint_eq(sql_play_crowd(write_once, 10, CGW_EBUSY), 10);
    other_does("COMMIT");
    sql_play_run(write_once);
    sql_play_expect_rows(1);
    other_leaves();
    sql_play_end();
}
END_TEST

static void *let_go_soon(void *arg)
{
    (void)arg;
    usleep(100000);
    other_does("INSERT INTO t(data) VALUES(2); COMMIT");
    return NULL;
}

START_TEST(a_lock_is_waited_for)
{
    pthread_t id;
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    other_does("BEGIN IMMEDIATE");
    ck_assert_int_eq(pthread_create(&id, NULL, let_go_soon, NULL), 0);
    ck_assert_uint_eq(sql_play_crowd(write_once, 10, CGW_OK), 10);
    pthread_join(id, NULL);
    sql_play_expect_rows(11);
    other_leaves();
    sql_play_end();
}
END_TEST

static cgw_db *second;
static int open_second(cgw_request *req, cgw_db *db)
{
    char url[160];
    (void)req, (void)db;
    snprintf(url, sizeof(url), "sqlite:%s", sql_play_file());
    second = cgw_db_open(NULL, url);
    return second ? CGW_OK : CGW_EFAILED;
}

static int write_to_either(cgw_request *req, cgw_db *db)
{
    return write_once(req, sql_play_n(req) % 2 ? second : db);
}

static int close_second(cgw_request *req, cgw_db *db)
{
    (void)req, (void)db;
    cgw_db_close(second);
    return CGW_OK;
}

START_TEST(two_workers_share_a_file)
{
    sql_play_begin();
    sql_play_run(sql_play_make_table);
    sql_play_run(open_second);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(sql_play_crowd(write_to_either, 60, CGW_OK), 60);
    sql_play_run(close_second);
    sql_play_expect_rows(300);
    sql_play_end();
}
END_TEST

/* ---- statements ---- */

static int say_many_things(cgw_request *req, cgw_db *db)
{
    int64_t n;
    struct cgw_db_status now;
    for (int i = 0; i < 100; i++)
        SQL_IS(1, cgw_value(req, db, &n, cgw_fmt(req, "SELECT %d", i % 50)));
    cgw_db_status(db, &now);
    ck_assert_uint_le(now.statements, 3);
    ck_assert_uint_ge(now.reads, 100);
    ck_assert_uint_eq(now.readers, 1);
    return CGW_OK;
}

START_TEST(statements_are_kept_but_not_all)
{
    sql_play.options.statements = 3;
    sql_play.options.readers = 1;
    sql_play_both(say_many_things);
}
END_TEST

/* The schema changes behind a statement that is prepared. */
#define ROW(F) F(i64, id) F(i64, more, .opt = true)
CGW_MODEL(Row, ROW)
static int change_the_schema(cgw_request *req, cgw_db *db)
{
    Row row;
    SQL_IS(0, cgw_exec(req, db, "CREATE TABLE r(x INTEGER, id INTEGER)"));
    SQL_IS(1, cgw_exec(req, db, "INSERT INTO r VALUES(1, 2)"));
    for (int i = 0; i < 8; i++)
        SQL_IS(1, cgw_one(req, db, Row, &row, "SELECT * FROM r"));
    ck_assert(row.id == 2 && !cgw_has(Row, &row, more));
    SQL_IS(0, cgw_exec(req, db, "ALTER TABLE r DROP COLUMN x"));
    SQL_IS(0, cgw_exec(req, db, "ALTER TABLE r ADD COLUMN more INTEGER DEFAULT 7"));
    for (int i = 0; i < 8; i++) {
        SQL_IS(1, cgw_one(req, db, Row, &row, "SELECT * FROM r"));
        ck_assert(row.id == 2 && row.more == 7 && cgw_has(Row, &row, more));
    }
    return CGW_OK;
}

START_TEST(schemas_change)
{
    sql_play_both(change_the_schema);
    sql_play_memory(change_the_schema);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lite");
    TCase *tcase = tcase_create("lite");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, writes_of_many_share_a_commit);
    tcase_add_test(tcase, each_on_its_own_where_it_is_wanted_so);
    tcase_add_test(tcase, ones_error_is_nobody_elses);
    tcase_add_test(tcase, others_are_run_again_behind_one_that_undoes_all);
    tcase_add_test(tcase, a_cancel_interrupts);
    tcase_add_test(tcase, what_runs_too_long_is_broken_off);
    tcase_add_test(tcase, who_waits_too_long_is_told);
    tcase_add_test(tcase, queues_have_an_end);
    tcase_add_test(tcase, locked_by_another);
    tcase_add_test(tcase, a_lock_is_waited_for);
    tcase_add_test(tcase, two_workers_share_a_file);
    tcase_add_test(tcase, statements_are_kept_but_not_all);
    tcase_add_test(tcase, schemas_change);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
