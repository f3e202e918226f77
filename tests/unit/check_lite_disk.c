/* Databases of SQLite's on disks that are full, files that are broken, and what becomes of the log.
 */
#include "sql_play.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cgw_db_status status;
static int see_status(cgw_request *req, cgw_db *db)
{
    (void)req;
    cgw_db_status(db, &status);
    return CGW_OK;
}

static int nap(void *arg)
{
    usleep(*(useconds_t *)arg);
    return CGW_OK;
}

/* ---- disks ---- */

static int fill_it(cgw_request *req, cgw_db *db)
{
    int64_t n = 0;
    int code;
    SQL_IS(0, cgw_exec(req, db, sql_play_table));
    while ((code = cgw_exec(req, db, "INSERT INTO t(data) VALUES(zeroblob(10000))")) == 1)
        n++;
    ck_assert_int_eq(code, -ENOSPC);
    ck_assert_int_gt(n, 5);
    ck_assert_int_eq(sql_play_count(req, db), n);
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
    sql_play_run(sql_play_make_table);
    sql_play_run(write_large);
    limit_files(200000);
    size_t refused = sql_play_crowd(write_large, 40, -ENOSPC);
    ck_assert_uint_gt(refused, 10);
    sql_play_expect_rows(41 - (int)refused); /* what was answered is there, and nothing else */
    size_t more = 0;
    while (more < 20 && !sql_play_crowd(write_large, 1, -ENOSPC))
        more++;
    ck_assert_uint_lt(more, 20);
    sql_play_run(see_status);
    ck_assert_int_eq(status.last_code, -ENOSPC);
    limit_files(RLIM_INFINITY);
    sql_play_run(write_large);
    sql_play_expect_rows(42 - (int)refused + (int)more);
    sql_play_end();
}
END_TEST

static int only_read(cgw_request *req, cgw_db *db)
{
    SQL_IS(-EROFS, cgw_exec(req, db, "INSERT INTO t(name) VALUES('x')"));
    ck_assert_int_eq(sql_play_count(req, db), 0);
    return CGW_OK;
}

START_TEST(read_only)
{
    static char url[200];
    snprintf(url, sizeof(url), "sqlite:%s?mode=ro", sql_play_file());
    sqlite3 *other;
    ck_assert_int_eq(sqlite3_open(sql_play_file(), &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, sql_play_table, NULL, NULL, NULL), SQLITE_OK);
    sql_play.url = url;
    sql_play_begin();
    sql_play_run(only_read);
    sqlite3_close(other);
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

/* ---- a file that goes away, and another one in its place ---- */

static void take_away(void)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[160];
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        snprintf(path, sizeof(path), "%s%s", sql_play_file(), ends[i]);
        (void)unlink(path);
    }
}

static void put_another(void)
{
    sqlite3 *another;
    ck_assert_int_eq(sqlite3_open(sql_play_file(), &another), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(another, "CREATE TABLE t(data BLOB); INSERT INTO t VALUES(7)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(another);
}

static int lose_the_file(cgw_request *req, cgw_db *db)
{
    int64_t n = 0;
    SQL_IS(0, cgw_exec(req, db, sql_play_table));
    for (int i = 0; i < 4; i++)
        SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) + 1 FROM t"));
    take_away();
    for (int i = 0; i < 2; i++) {
        SQL_IS(CGW_ENOENT, cgw_exec(req, db, "INSERT INTO t(data) VALUES(1)"));
        SQL_IS(CGW_ENOENT, cgw_value(req, db, &n, "SELECT count(*) FROM t"));
    }
    put_another();
    SQL_IS(1, cgw_exec(req, db, "INSERT INTO t(data) VALUES(8)"));
    SQL_IS(1, cgw_value(req, db, &n, "SELECT sum(data) FROM t"));
    ck_assert_int_eq(n, 15);
    take_away();
    put_another();
    SQL_IS(1, cgw_value(req, db, &n, "SELECT sum(data) FROM t"));
    ck_assert_int_eq(n, 7);
    SQL_IS(1, cgw_exec(req, db, "INSERT INTO t(data) VALUES(9)"));
    return CGW_OK;
}

START_TEST(a_file_that_goes_away)
{
    sql_play_both(lose_the_file);
}
END_TEST

START_TEST(no_url_at_all)
{
    cgw_boot *none = NULL;
    ck_assert_ptr_null(cgw_db_open(none, NULL, .env = "CGW_TEST_NO_SUCH_VARIABLE"));
}
END_TEST

static int make_many(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, cgw_exec(req, db, sql_play_table));
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
    sql_play_expect_rows(200);
    sql_play_end();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lite_disk");
    TCase *tcase = tcase_create("lite_disk");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_quota_that_is_full);
    tcase_add_test(tcase, a_disk_that_is_full);
    tcase_add_test(tcase, read_only);
    tcase_add_test(tcase, files_that_are_none);
    tcase_add_test(tcase, a_file_that_goes_away);
    tcase_add_test(tcase, no_url_at_all);
    tcase_add_test(tcase, a_file_that_breaks);
    tcase_add_test(tcase, the_log_is_moved_into_the_file);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
