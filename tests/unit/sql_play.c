#include "sql_play.h"
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct sql_play sql_play;
cgw_test *sql_play_test;

static char folder[64];
static char file[128];
static sql_play_fn *body;

typedef struct App {
    cgw_db *db;
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    char url[160];
    snprintf(url, sizeof(url), "sqlite:%s", sql_play_file());
    app->db = cgw__db_open(boot, sql_play.url ? sql_play.url : url, sql_play.options);
    return app->db ? 0 : -1;
}

static void stop(App *app)
{
    cgw_db_close(app->db);
}

static cgw_reply run_body(cgw_request *req)
{
    int code = body(req, cgw_state(req, App)->db);
    return cgw_text(req, code == CGW_OK ? 200 : 500, "%d", code);
}

CGW_GET(run, "/run/{n:int}", .cancel = true)
{
    return run_body(req);
}

CGW_GET(run_sync, "/sync/{n:int}", .mode = CGW_SYNC)
{
    return run_body(req);
}

const char *sql_play_path(const char *name)
{
    static char path[2][128];
    static int turn;
    char *at = path[turn++ % 2];
    if (!folder[0]) {
        snprintf(folder, sizeof(folder), "%s", "/tmp/cgw-sql-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
    }
    snprintf(at, sizeof(path[0]), "%s/%s", folder, name);
    return at;
}

const char *sql_play_file(void)
{
    if (!file[0])
        snprintf(file, sizeof(file), "%s", sql_play_path("play.db"));
    return file;
}

int64_t sql_play_n(cgw_request *req)
{
    return cgw_path_i64(req, "n");
}

void sql_play_begin(void)
{
    sql_play_test = cgw_test_open(.quiet = true, .patience = 20);
    ck_assert_msg(sql_play_test != NULL, "%s", cgw_test_error());
}

static int delete_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status, (void)type, (void)ftw;
    return remove(path);
}

static void delete_all(void)
{
    if (folder[0])
        nftw(folder, delete_one, 8, FTW_DEPTH | FTW_PHYS);
    folder[0] = file[0] = '\0';
}

void sql_play_end(void)
{
    ck_assert_msg(cgw_test_close(sql_play_test) == 0, "%s", cgw_test_error());
    sql_play_test = NULL;
    delete_all();
}

const char *sql_play_refused(void)
{
    static char why[1024];
    ck_assert_ptr_null(cgw_test_open(.quiet = true, .patience = 20));
    snprintf(why, sizeof(why), "%s", cgw_test_error());
    return why;
}

static void run_at(sql_play_fn *fn, const char *target)
{
    body = fn;
    cgw_answer answer = cgw_test_get(sql_play_test, target);
    ck_assert_msg(answer.status == 200, "%s: %d %s", target, answer.status, answer.text);
}

void sql_play_run(sql_play_fn *fn)
{
    run_at(fn, "/run/0");
}

void sql_play_run_sync(sql_play_fn *fn)
{
    run_at(fn, "/sync/0");
}

size_t sql_play_crowd(sql_play_fn *fn, size_t n, int code)
{
    struct cgw_test_request *requests = calloc(n, sizeof(*requests));
    cgw_answer *answers = calloc(n, sizeof(*answers));
    char(*targets)[32] = calloc(n, sizeof(*targets));
    char wanted[16];
    size_t good = 0;
    body = fn;
    for (size_t i = 0; i < n; i++) {
        snprintf(targets[i], sizeof(targets[i]), "/run/%zu", i);
        requests[i].target = targets[i];
    }
    cgw_test_together(sql_play_test, requests, n, answers);
    snprintf(wanted, sizeof(wanted), "%d", code);
    for (size_t i = 0; i < n; i++)
        good += strcmp(answers[i].text, wanted) == 0;
    free(requests);
    free(answers);
    free(targets);
    return good;
}

void sql_play_both(sql_play_fn *fn)
{
    sql_play_begin();
    sql_play_run(fn);
    sql_play_end();
    sql_play_begin();
    sql_play_run_sync(fn);
    sql_play_end();
}

void sql_play_memory(sql_play_fn *fn)
{
    sql_play.url = "sqlite::memory:";
    sql_play_both(fn);
    sql_play.url = NULL;
}

/* ---- a table ---- */

const char sql_play_table[] = "CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, data BLOB)";

int64_t sql_play_count(cgw_request *req, cgw_db *db)
{
    int64_t n = -1;
    SQL_IS(1, cgw_value(req, db, &n, "SELECT count(*) FROM t"));
    return n;
}

int sql_play_make_table(cgw_request *req, cgw_db *db)
{
    return cgw_exec(req, db, sql_play_table);
}

static int expected;
static int has_rows(cgw_request *req, cgw_db *db)
{
    ck_assert_int_eq(sql_play_count(req, db), expected);
    return CGW_OK;
}

void sql_play_expect_rows(int n)
{
    expected = n;
    sql_play_run(has_rows);
}
