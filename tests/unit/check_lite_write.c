/* Writes, and what comes in their way at the wrong moment: a cancel, the end. */
#include "lite.h"
#include "sql_play.h"

enum { MANY = 24 };

static const char table[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB)";

struct child {
    cgw_request *req;
    cgw_db *db;
    const char *sql;
    int code;
};

static int n_begun;

static int run_child(void *arg)
{
    struct child *child = arg;
    n_begun++;
    child->code = cgw_exec(child->req, child->db, child->sql);
    return CGW_OK;
}

static int make_table(cgw_request *req, cgw_db *db)
{
    return cgw_exec(req, db, table);
}

static void wait_us(uint64_t us)
{
    for (uint64_t until_us = lite_now_us() + us; lite_now_us() < until_us;)
        ;
}

/* ---- a cancel: on the way to the thread, while it is prepared, as it begins to run ---- */

static int cancel_soon(cgw_request *req, cgw_db *db)
{
    for (int i = 0; i < 100; i++) {
        struct child child = {.req = req, .db = db};
        child.sql = cgw_fmt(req,
                            "WITH RECURSIVE c(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM c) "
                            "SELECT max(i) FROM c",
                            i);
        cgw_group *group = cgw_group(req);
        cgw_go(group, run_child, &child);
        SQL_IS(0, cgw_sleep(0));
        wait_us((uint64_t)i % 50 * 3);
        cgw_group_cancel(group);
        (void)!cgw_join(group);
        ck_assert_int_eq(child.code, child.code ? CGW_ECANCELED : 0); /* 0: it never began */
    }
    return CGW_OK;
}

START_TEST(a_cancel_is_not_lost)
{
    sql_play.options.timeout = -1;
    sql_play_begin();
    sql_play_run(cancel_soon);
    sql_play_end();
}
END_TEST

/* What was canceled has not happened, and what is answered as done has. */
static int cancel_writes(cgw_request *req, cgw_db *db)
{
    struct child children[MANY];
    int64_t n = 0, n_done = 0;
    for (int round = 0; round < 20; round++) {
        cgw_group *group = cgw_group(req);
        for (int i = 0; i < MANY; i++) {
            children[i] = (struct child){req, db, "INSERT INTO t(data) VALUES(1)", 0};
            cgw_go(group, run_child, &children[i]);
        }
        SQL_IS(0, cgw_sleep(0));
        wait_us((uint64_t)round * 20);
        cgw_group_cancel(group);
        (void)!cgw_join(group);
        for (int i = 0; i < MANY; i++)
            n_done += children[i].code == 1;
    }
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM t"));
    ck_assert_int_eq(n, n_done);
    return CGW_OK;
}

START_TEST(canceled_writes_have_not_happened)
{
    sql_play_begin();
    sql_play_run(make_table);
    sql_play_run(cancel_writes);
    sql_play_end();
}
END_TEST

/* ---- the end ---- */

static cgw_db *open_second(cgw_request *req)
{
    cgw_db *second = cgw_db_open(NULL, cgw_fmt(req, "sqlite:%s", sql_play_file()));
    ck_assert_ptr_nonnull(second);
    return second;
}

/* A thread that reads finds that they write, and hands them on. */
static int close_under_them(cgw_request *req, cgw_db *db)
{
    struct child children[MANY];
    int64_t n = 0;
    for (int round = 0; round < 20; round++) {
        cgw_group *group = cgw_group(req);
        cgw_db *second = open_second(req);
        n_begun = 0;
        for (int i = 0; i < MANY; i++) {
            children[i] = (struct child){
                req, second, "WITH x AS (SELECT 1) INSERT INTO t(data) SELECT * FROM x", 0};
            cgw_go(group, run_child, &children[i]);
        }
        while (n_begun < MANY)
            SQL_IS(0, cgw_sleep(0));
        cgw_db_close(second);
        (void)!cgw_join(group);
        for (int i = 0; i < MANY; i++)
            ck_assert_int_eq(children[i].code, 1);
    }
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM t"));
    ck_assert_int_eq(n, 20 * MANY);
    return CGW_OK;
}

START_TEST(what_waits_at_the_end_is_carried_out)
{
    sql_play_begin();
    sql_play_run(make_table);
    sql_play_run(close_under_them);
    sql_play_end();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lite_write");
    TCase *tcase = tcase_create("lite_write");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_cancel_is_not_lost);
    tcase_add_test(tcase, canceled_writes_have_not_happened);
    tcase_add_test(tcase, what_waits_at_the_end_is_carried_out);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
