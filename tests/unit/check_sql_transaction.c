#include "sql_play.h"
#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#define ROW(F) F(i64, id) F(str, name)
CGW_MODEL(Row, ROW)

static const char schema[] = "CREATE TABLE rows(id INTEGER PRIMARY KEY, name TEXT UNIQUE)";

static int64_t count(cgw_request *req, cgw_db *db)
{
    int64_t n = -1;
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM rows"));
    return n;
}

static int write_two(cgw_request *req, cgw_db *tx, void *arg)
{
    const int *answer = arg;
    int64_t id = 0;
    Row row, *all;
    size_t n;
    SQL_IS(1, cgw_insert(req, tx, &id, "INSERT INTO rows(name) VALUES(?)", "one"));
    SQL_IS(1, cgw_insert(req, tx, NULL, "INSERT INTO rows(name) VALUES(?)", "two"));
    SQL_IS(1, cgw_one(req, tx, Row, &row, "SELECT * FROM rows WHERE id = ?", id));
    ck_assert_str_eq(row.name, "one");
    SQL_IS(0, cgw_all(req, tx, Row, &all, &n, "SELECT * FROM rows ORDER BY id"));
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(all[1].name, "two");
    ck_assert_ptr_nonnull(cgw_fmt(req, "memory of the request: %zu", n));
    return *answer;
}

static int commit_and_roll_back(cgw_request *req, cgw_db *db)
{
    int refuse = -77, answer = 5;
    SQL_IS(0, cgw_exec(req, db, schema));
    SQL_IS(-77, cgw_transaction(req, db, write_two, &refuse));
    ck_assert_int_eq(count(req, db), 0);
    SQL_IS(5, cgw_transaction(req, db, write_two, &answer));
    ck_assert_int_eq(count(req, db), 2);
    return CGW_OK;
}

START_TEST(all_or_nothing)
{
    sql_play_both(commit_and_roll_back);
    sql_play_memory(commit_and_roll_back);
}
END_TEST

/* ---- what is refused within ---- */

static int empty(cgw_request *req, cgw_db *tx, void *arg)
{
    (void)req, (void)tx, (void)arg;
    return CGW_OK;
}

static int misuse(cgw_request *req, cgw_db *tx, void *arg)
{
    cgw_db *db = arg;
    int64_t n;
    SQL_IS(CGW_EINVAL, cgw_value(req, db, &n, "SELECT 1"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, db, "DELETE FROM rows"));
    SQL_IS(CGW_EINVAL, cgw_transaction(req, db, empty, NULL));
    SQL_IS(CGW_EINVAL, cgw_transaction(req, tx, empty, NULL));
    SQL_IS(CGW_EINVAL, cgw_exec(req, tx, "COMMIT"));
    SQL_IS(CGW_EINVAL, cgw_exec(req, tx, "SAVEPOINT x"));
    SQL_IS(1, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('a')"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('a')"));
    SQL_IS(1, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('b')"));
    return CGW_OK;
}

static int undo_by_conflict(cgw_request *req, cgw_db *tx, void *arg)
{
    (void)arg;
    SQL_IS(1, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('c')"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, tx, "INSERT OR ROLLBACK INTO rows(name) VALUES('a')"));
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('d')"));
    return CGW_OK; /* though nothing is left of it */
}

static int break_deferred(cgw_request *req, cgw_db *tx, void *arg)
{
    (void)arg;
    return cgw_exec(req, tx, "INSERT INTO refers(of) VALUES(99)");
}

static int write_what_does_not_fit(cgw_request *req, cgw_db *tx, void *arg)
{
    int64_t n;
    (void)arg;
    SQL_IS(-EBADMSG, cgw_value(req, tx, &n, "INSERT INTO rows(name) VALUES('e') RETURNING name"));
    SQL_IS(-EBADMSG, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('f')"));
    return CGW_OK;
}

static int fail_half_way(cgw_request *req, cgw_db *tx, void *arg)
{
    (void)arg;
    SQL_IS(CGW_ECONFLICT, cgw_exec(req, tx, "INSERT OR FAIL INTO rows(name) VALUES('g'), ('a')"));
    return CGW_OK;
}

static int try_misuse(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, cgw_exec(req, db, schema));
    SQL_IS(0, cgw_exec(req, db,
                       "CREATE TABLE refers(of INTEGER REFERENCES rows(id) DEFERRABLE "
                       "INITIALLY DEFERRED)"));
    SQL_IS(0, cgw_transaction(req, db, misuse, db));
    ck_assert_int_eq(count(req, db), 2);
    SQL_IS(CGW_ECONFLICT, cgw_transaction(req, db, undo_by_conflict, NULL));
    ck_assert_int_eq(count(req, db), 2);
    SQL_IS(-EBADMSG, cgw_transaction(req, db, write_what_does_not_fit, NULL));
    SQL_IS(CGW_ECONFLICT, cgw_transaction(req, db, fail_half_way, NULL));
    SQL_IS(CGW_ECONFLICT, cgw_transaction(req, db, break_deferred, NULL));
    ck_assert_int_eq(count(req, db), 2);
    return CGW_OK;
}

START_TEST(what_is_refused_within)
{
    sql_play_both(try_misuse);
    sql_play_memory(try_misuse);
}
END_TEST

/* ---- many at once, beside single writes ---- */

static int transfer(cgw_request *req, cgw_db *tx, void *arg)
{
    int64_t n;
    SQL_IS(1, cgw_value(req, tx, &n, "SELECT v FROM n"));
    SQL_IS(1, cgw_exec(req, tx, "UPDATE n SET v = ?", n + 1));
    return *(bool *)arg ? CGW_OK : CGW_EFAILED;
}

static int one_of_many(cgw_request *req, cgw_db *db)
{
    int64_t i = sql_play_n(req);
    bool is_good = i % 3 == 0;
    if (i % 3 == 1)
        return cgw_exec(req, db, "UPDATE n SET w = w + 1") == 1 ? CGW_OK : CGW_EINVAL;
    int code = cgw_transaction(req, db, transfer, &is_good);
    return code == (is_good ? CGW_OK : CGW_EFAILED) ? CGW_OK : CGW_EINVAL;
}

static int make_counters(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, cgw_exec(req, db, "CREATE TABLE n(v INTEGER, w INTEGER)"));
    SQL_IS(1, cgw_exec(req, db, "INSERT INTO n VALUES(0, 0)"));
    return CGW_OK;
}

static int see_counters(cgw_request *req, cgw_db *db)
{
    int64_t v, w;
    SQL_IS(1, cgw_value(req, db, &v, "SELECT v FROM n"));
    SQL_IS(1, cgw_value(req, db, &w, "SELECT w FROM n"));
    ck_assert_int_eq(v, 50);
    ck_assert_int_eq(w, 50);
    return CGW_OK;
}

START_TEST(many_at_once)
{
    for (int i = 0; i < 2; i++) {
        sql_play.url = i ? "sqlite::memory:" : NULL;
        sql_play_begin();
        sql_play_run(make_counters);
        ck_assert_uint_eq(sql_play_crowd(one_of_many, 150, CGW_OK), 150);
        sql_play_run(see_counters);
        sql_play_end();
    }
}
END_TEST

/* ---- canceled ---- */

static atomic_bool is_computing;

static int compute_for_ever(cgw_request *req, cgw_db *tx, void *arg)
{
    int64_t n;
    (void)arg;
    SQL_IS(1, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('lost')"));
    atomic_store(&is_computing, true);
    int code = cgw_value(req, tx, &n,
                         "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) "
                         "SELECT max(i) FROM c");
    ck_assert_int_lt(cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('lost, too')"), 0);
    ck_assert_int_lt(code, 0);
    return CGW_OK; /* it is told, and says that all is well: but it is not */
}

struct child_of {
    cgw_request *req;
    cgw_db *db;
    int code;
    cgw_transaction_fn *fn;
};

static int run_child(void *arg)
{
    struct child_of *child = arg;
    child->code = cgw_transaction(child->req, child->db, child->fn, NULL);
    return child->code;
}

static int wait_until_it_computes(void *arg)
{
    (void)arg;
    while (!atomic_load(&is_computing))
        usleep(1000);
    usleep(5000);
    return CGW_OK;
}

static int cancel_it(cgw_request *req, cgw_db *db)
{
    struct child_of first = {req, db, 0, compute_for_ever}, second = {req, db, 0, empty};
    SQL_IS(0, cgw_exec(req, db, schema));
    cgw_group *group = cgw_group(req);
    cgw_go(group, run_child, &first);
    SQL_IS(0, cgw_blocking(wait_until_it_computes, NULL));
    cgw_go(group, run_child, &second); /* which never begins */
    SQL_IS(0, cgw_sleep(0));
    cgw_group_cancel(group);
    (void)!cgw_join(group);
    ck_assert_int_eq(first.code, CGW_ECANCELED);
    ck_assert_int_eq(second.code, CGW_ECANCELED);
    ck_assert_int_eq(count(req, db), 0);
    int answer = 0;
    SQL_IS(0, cgw_transaction(req, db, write_two, &answer));
    return CGW_OK;
}

START_TEST(one_that_is_canceled_has_not_happened)
{
    sql_play_begin();
    sql_play_run(cancel_it);
    sql_play_end();
}
END_TEST

/* ---- what waits within, for something else: allowed, if unwise ---- */

static int sleep_within(cgw_request *req, cgw_db *tx, void *arg)
{
    (void)arg;
    SQL_IS(1, cgw_exec(req, tx, "INSERT INTO rows(name) VALUES('a')"));
    SQL_IS(0, cgw_sleep(5));
    return CGW_OK;
}

static int sleep_in_it(cgw_request *req, cgw_db *db)
{
    SQL_IS(0, cgw_exec(req, db, schema));
    double before = cgw_now();
    SQL_IS(0, cgw_transaction(req, db, sleep_within, NULL));
    ck_assert_double_ge(cgw_now() - before, 5);
    ck_assert_int_eq(count(req, db), 1);
    return CGW_OK;
}

START_TEST(the_loop_goes_on_meanwhile)
{
    sql_play_both(sleep_in_it);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sql_transaction");
    TCase *tcase = tcase_create("sql_transaction");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, all_or_nothing);
    tcase_add_test(tcase, what_is_refused_within);
    tcase_add_test(tcase, many_at_once);
    tcase_add_test(tcase, one_that_is_canceled_has_not_happened);
    tcase_add_test(tcase, the_loop_goes_on_meanwhile);
    suite_add_tcase(suite, tcase);
    return suite;
}
UNIT_MAIN(make_suite)
