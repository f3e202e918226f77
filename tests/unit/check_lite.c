#include "sql_play.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char table[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB)";
static const char for_ever[] =
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) FROM c";

static int64_t count(cgw_request *req, cgw_db *db)
{
    int64_t n = -1;
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM t"));
    return n;
}

static int make_table(cgw_request *req, cgw_db *db)
{
    return cgw_exec(req, db, table);
}

static int expected;
static int has_rows(cgw_request *req, cgw_db *db)
{
    ck_assert_int_eq(count(req, db), expected);
    return CGW_OK;
}

static void expect_rows(int n)
{
    expected = n;
    sql_play_run(has_rows);
}

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
    sql_play_run(make_table);
    ck_assert_uint_eq(sql_play_crowd(insert_nth, 200, CGW_OK), 200);
    expect_rows(200);
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
    sql_play_run(make_table);
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
    sql_play_run(make_table);
    ck_assert_uint_eq(sql_play_crowd(insert_half, 200, CGW_ECONFLICT), 100);
    expect_rows(100);
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
    sql_play_run(make_table);
    sql_play_run(insert_there);
    ck_assert_uint_eq(sql_play_crowd(insert_or_undo, 100, CGW_ECONFLICT), 10);
    expect_rows(91);
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
    SQL_IS(0, cgw_exec(req, db, table));
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
    ck_assert_int_eq(count(req, db), 1);
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
    SQL_IS(0, cgw_exec(req, db, table));
    ck_assert_int_eq(count(req, db), 0);
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

static int read_one(cgw_request *req, cgw_db *db)
{
    int64_t n;
    int code = cgw_value(req, db, &n, "SELECT 1");
    return code == 1 ? CGW_OK : code;
}

START_TEST(queues_have_an_end)
{
    sql_play.options.max_queue = 2;
    sql_play_begin();
    ck_assert_uint_ge(sql_play_crowd(read_one, 100, CGW_EBUSY), 50);
    sql_play_run(read_one);
    sql_play_end();
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

static int write_to_locked(cgw_request *req, cgw_db *db)
{
    SQL_IS(CGW_EBUSY, write_once(req, db));
    ck_assert_int_eq(count(req, db), 0); /* who reads is not held up */
    return CGW_OK;
}

START_TEST(locked_by_another)
{
    sql_play.options.acquire_timeout = 0.15;
    sql_play_begin();
    sql_play_run(make_table);
    other_does("BEGIN IMMEDIATE");
    sql_play_run(write_to_locked);
    ck_assert_uint_eq(sql_play_crowd(write_once, 10, CGW_EBUSY), 10);
    other_does("COMMIT");
    sql_play_run(write_once);
    expect_rows(1);
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
    sql_play_run(make_table);
    other_does("BEGIN IMMEDIATE");
    ck_assert_int_eq(pthread_create(&id, NULL, let_go_soon, NULL), 0);
    ck_assert_uint_eq(sql_play_crowd(write_once, 10, CGW_OK), 10);
    pthread_join(id, NULL);
    expect_rows(11);
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
    sql_play_run(make_table);
    sql_play_run(open_second);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(sql_play_crowd(write_to_either, 60, CGW_OK), 60);
    sql_play_run(close_second);
    expect_rows(300);
    sql_play_end();
}
END_TEST

/* ---- disks ---- */

static int fill_it(cgw_request *req, cgw_db *db)
{
    int64_t n = 0;
    int code;
    SQL_IS(0, cgw_exec(req, db, table));
    while ((code = cgw_exec(req, db, "INSERT INTO t(data) VALUES(zeroblob(10000))")) == 1)
        n++;
    ck_assert_int_eq(code, -ENOSPC);
    ck_assert_int_gt(n, 5);
    ck_assert_int_eq(count(req, db), n);
    SQL_IS((int)n, cgw_exec(req, db, "DELETE FROM t"));
    SQL_IS(1, cgw_exec(req, db, "INSERT INTO t(data) VALUES(zeroblob(10000))"));
    return CGW_OK;
}

START_TEST(a_quota_that_is_full)
{
    static char url[200];
    snprintf(url, sizeof(url), "sqlite:%s?max_pages=40", sql_play_file());
    sql_play.url = url;
    sql_play_begin();
    sql_play_run(fill_it);
    sql_play_run(see_status);
    ck_assert_int_eq(status.last_code, -ENOSPC);
    ck_assert_str_eq(status.last_error, "database or disk is full");
    sql_play_end();
}
END_TEST

/* Files that may not grow fail as a full disk does, in the commit. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int write_large(cgw_request *req, cgw_db *db)
{
    int code = cgw_exec(req, db, "INSERT INTO t(data) VALUES(zeroblob(20000))");
    return code == 1 ? CGW_OK : code;
}

START_TEST(a_disk_that_is_full)
{
    signal(SIGXFSZ, SIG_IGN);
    sql_play_begin();
    sql_play_run(make_table);
    sql_play_run(write_large);
    limit_files(200000);
    size_t refused = sql_play_crowd(write_large, 40, -ENOSPC);
    ck_assert_uint_gt(refused, 10);
    expect_rows(41 - (int)refused); /* what was answered is there, and nothing else */
    size_t more = 0;
    while (more < 20 && !sql_play_crowd(write_large, 1, -ENOSPC))
        more++;
    ck_assert_uint_lt(more, 20);
    sql_play_run(see_status);
    ck_assert_int_eq(status.last_code, -ENOSPC);
    limit_files(RLIM_INFINITY);
    sql_play_run(write_large);
    expect_rows(42 - (int)refused + (int)more);
    sql_play_end();
}
END_TEST

static int only_read(cgw_request *req, cgw_db *db)
{
    SQL_IS(-EROFS, cgw_exec(req, db, "INSERT INTO t(name) VALUES('x')"));
    ck_assert_int_eq(count(req, db), 0);
    return CGW_OK;
}

START_TEST(read_only)
{
    static char url[200];
    snprintf(url, sizeof(url), "sqlite:%s?mode=ro", sql_play_file());
    other_does("PRAGMA journal_mode=WAL");
    other_does(table);
    sql_play.url = url;
    sql_play_begin();
    sql_play_run(only_read);
    other_leaves();
    sql_play_end();
}
END_TEST

static void refused(const char *url, const char *why)
{
    sql_play.url = url;
    const char *text = sql_play_refused();
    ck_assert_msg(strstr(text, why) != NULL, "%s: %s", url, text);
}

START_TEST(files_that_are_none)
{
    char url[200];
    int fd = open(sql_play_file(), O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 500; i++)
        ck_assert_int_eq(write(fd, "this is no database\n", 20), 20);
    close(fd);
    snprintf(url, sizeof(url), "sqlite:%s", sql_play_file());
    refused(url, "file is not a database");
    snprintf(url, sizeof(url), "sqlite:%s?mode=rw", sql_play_path("missing.db"));
    refused(url, "not found");
    snprintf(url, sizeof(url), "sqlite:%s", sql_play_path("no/such/folder.db"));
    refused(url, "not found");
    refused("postgres:items", "no such kind of database");
    refused("sqlite:", "the path is missing");
    refused("sqlite:x?mode=wr", "the options are");
    refused("sqlite:x?max_pages=0", "the options are");
    refused("sqlite:x?nonsense", "the options are");
}
END_TEST

static int make_many(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, cgw_exec(req, db, table));
    SQL_IS(200, cgw_exec(req, db,
                         "INSERT INTO t(data) WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i "
                         "+ 1 FROM c WHERE i < 200) SELECT randomblob(3000) FROM c"));
    return CGW_OK;
}

static int read_corrupt(cgw_request *req, cgw_db *db)
{
    int64_t n;
    for (int i = 0; i < 3; i++)
        SQL_IS(-EUCLEAN, cgw_value(req, db, &n, "SELECT sum(length(data)) FROM t"));
    SQL_IS(-EUCLEAN, cgw_exec(req, db, "UPDATE t SET data = data || 'x'"));
    SQL_IS(1, cgw_value(req, db, &n, "SELECT 1"));
    return CGW_OK;
}

START_TEST(a_file_that_breaks)
{
    static const char dirt[4096] = {[0 ... 4095] = (char)0x5a};
    static char url[160];
    snprintf(url, sizeof(url), "sqlite:%s", sql_play_file());
    sql_play.url = url;
    sql_play_begin();
    sql_play_run(make_many);
    ck_assert_int_eq(cgw_test_close(sql_play_test), 0);
    int fd = open(url + strlen("sqlite:"), O_WRONLY);
    for (int page = 1; page < 50; page++)
        ck_assert_int_eq(pwrite(fd, dirt, sizeof(dirt), page * 4096), sizeof(dirt));
    close(fd);
    sql_play_begin();
    sql_play_run(read_corrupt);
    sql_play_run(see_status);
    ck_assert_int_eq(status.last_code, -EUCLEAN);
    sql_play_end();
}
END_TEST

/* ---- housekeeping ---- */

static int write_pages(cgw_request *req, cgw_db *db)
{
    struct cgw_db_status now = {.checkpoints = 0};
    useconds_t us = 20000;
    SQL_IS(0, make_many(req, db));
    for (int i = 0; i < 500 && !now.checkpoints; i++) {
        SQL_IS(200, cgw_exec(req, db, "UPDATE t SET data = randomblob(30000)"));
        SQL_IS(0, cgw_blocking(nap, &us));
        cgw_db_status(db, &now);
    }
    ck_assert_uint_gt(now.checkpoints, 0);
    return CGW_OK;
}

START_TEST(the_log_is_moved_into_the_file)
{
    struct stat file;
    char log[160];
    sql_play.options.durability = CGW_DB_NORMAL;
    sql_play_begin();
    sql_play_run(write_pages);
    snprintf(log, sizeof(log), "%s-wal", sql_play_file());
    ck_assert_int_eq(stat(log, &file), 0);
    ck_assert_int_eq(cgw_test_close(sql_play_test), 0);
    ck_assert_int_ne(stat(log, &file), 0); /* the last one out has emptied it */
    sql_play_begin();
    expect_rows(200);
    sql_play_end();
}
END_TEST

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

static void add_disks(TCase *tcase)
{
    tcase_add_test(tcase, a_quota_that_is_full);
    tcase_add_test(tcase, a_disk_that_is_full);
    tcase_add_test(tcase, read_only);
    tcase_add_test(tcase, files_that_are_none);
    tcase_add_test(tcase, a_file_that_breaks);
    tcase_add_test(tcase, the_log_is_moved_into_the_file);
    tcase_add_test(tcase, statements_are_kept_but_not_all);
    tcase_add_test(tcase, schemas_change);
}

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
    add_disks(tcase);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
