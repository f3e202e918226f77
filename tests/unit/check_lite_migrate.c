#include "sql_play.h"
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST  "CREATE TABLE a(id INTEGER PRIMARY KEY); CREATE TABLE b(of INTEGER REFERENCES a(id))"
#define SECOND "INSERT INTO a VALUES(1)"

static const struct cgw_migration two[] = {{1, FIRST}, {2, SECOND}, {0}};
static const struct cgw_migration three[] = {
    {1, FIRST},
    {2, SECOND},
    {3, "ALTER TABLE a ADD COLUMN n INTEGER DEFAULT 5; INSERT INTO a VALUES(2, 6)"},
    {0}};

static int64_t version_of(cgw_request *req, cgw_db *db)
{
    int64_t n = -1;
    SQL_IS(1, cgw_value(req, db, &n, "PRAGMA user_version"));
    return n;
}

static int has_two(cgw_request *req, cgw_db *db)
{
    ck_assert_int_eq(version_of(req, db), 2);
    return cgw_exec(req, db, "UPDATE a SET id = 1") == 1 ? CGW_OK : CGW_EFAILED;
}

static int has_three(cgw_request *req, cgw_db *db)
{
    int64_t n;
    ck_assert_int_eq(version_of(req, db), 3);
    SQL_IS(1, cgw_value(req, db, &n, "SELECT sum(n) FROM a"));
    ck_assert_int_eq(n, 11);
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, db, "INSERT INTO b VALUES(99)")); /* keys hold again */
    return CGW_OK;
}

static void stay(const struct cgw_migration *steps, sql_play_fn *fn)
{
    sql_play.options.migrations = steps;
    sql_play_begin();
    sql_play_run(fn);
    ck_assert_int_eq(cgw_test_close(sql_play_test), 0);
}

static void refused(const struct cgw_migration *steps, const char *why)
{
    sql_play.options.migrations = steps;
    const char *text = sql_play_refused();
    ck_assert_msg(strstr(text, why) != NULL, "%s", text);
}

START_TEST(steps_are_made_once)
{
    stay(two, has_two);
    stay(two, has_two);
    stay(three, has_three);
    stay(three, has_three);
    refused(two, "the file has been migrated to 3, but this program knows no more than 2");
    stay(three, has_three);
}
END_TEST

START_TEST(a_step_that_fails_has_not_been_made)
{
    static const struct cgw_migration bad[] = {
        {1, FIRST}, {2, SECOND}, {3, "CREATE TABLE c(x); INSERT INTO nowhere VALUES(1)"}, {0}};
    static const struct cgw_migration broken[] = {
        {1, FIRST}, {2, SECOND}, {3, "INSERT INTO b VALUES(77)"}, {0}};
    static const struct cgw_migration gap[] = {{1, FIRST}, {3, SECOND}, {0}};
    static const struct cgw_migration empty[] = {{1, FIRST}, {2, NULL}, {0}};
    refused(gap, "migration 3: it stands where 2 should");
    refused(empty, "migration 2");
    refused(bad, "migration 3: no such table: nowhere");
    refused(broken, "migration 3: it leaves rows whose foreign keys are broken");
    stay(two, has_two);
    stay(three, has_three);
}
END_TEST

static int has_schema(cgw_request *req, cgw_db *db)
{
    int64_t n;
    ck_assert_int_eq(version_of(req, db), 0);
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM s"));
    return CGW_OK;
}

START_TEST(a_schema_for_each_start)
{
    sql_play.options.schema =
        "CREATE TABLE IF NOT EXISTS s(x); CREATE INDEX IF NOT EXISTS i ON s(x)";
    stay(NULL, has_schema);
    stay(NULL, has_schema);
    sql_play.options.schema = "CREATE TABEL s(x)";
    refused(NULL, "the schema: near \"TABEL\": syntax error");
}
END_TEST

/* Workers start at once: each step is made by one of them. */
START_TEST(several_workers_at_once)
{
    (void)sql_play_file();
    pid_t workers[4];
    for (int i = 0; i < 4; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            stay(three, has_three);
            _exit(0);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status;
        ck_assert_int_eq(waitpid(workers[i], &status, 0), workers[i]);
        ck_assert_int_eq(status, 0);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lite_migrate");
    TCase *tcase = tcase_create("lite_migrate");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, steps_are_made_once);
    tcase_add_test(tcase, a_step_that_fails_has_not_been_made);
    tcase_add_test(tcase, a_schema_for_each_start);
    tcase_add_test(tcase, several_workers_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
