/* A database under a crowd: rows that are added, read, moved; how long the loop was held. */
#include <cgw.h>
#include <cgw/sql.h>
#include <string.h>

#define ROW(F) F(i64, id) F(str, name) F(i64, n)
CGW_MODEL(Row, ROW)

typedef struct App {
    cgw_db *db;
    double lag;
} App;
CGW_LIFESPAN(App, start, stop);

static int see_lag(void *arg)
{
    App *app = arg;
    if (app->lag < cgw_loop_lag())
        app->lag = cgw_loop_lag();
    return CGW_OK;
}

static const struct cgw_migration migrations[] = {
    {1, "CREATE TABLE rows(id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, n INTEGER NOT NULL)"},
    {2, "CREATE TABLE accounts(id INTEGER PRIMARY KEY, cents INTEGER NOT NULL CHECK(cents >= 0));"
        "INSERT INTO accounts VALUES(1, 1000), (2, 1000), (3, 1000)"},
    {0}};

static int start(cgw_boot *boot, App *app)
{
    app->db = cgw_db_open(boot, "sqlite::memory:", .env = "SDK_SQL_URL", .migrations = migrations,
                          .cursor_timeout = 1);
    if (!app->db)
        return -1;
    return cgw_every(0.01, see_lag, app);
}

static void stop(App *app)
{
    cgw_db_close(app->db);
}

static cgw_db *db_of(cgw_request *req)
{
    return cgw_state(req, App)->db;
}

static cgw_reply add_row(cgw_request *req, const char *name)
{
    int64_t id = 0;
    CGW_TRY(req,
            cgw_insert(req, db_of(req), &id, "INSERT INTO rows(name, n) VALUES(?, ?)", name, 1));
    return cgw_text(req, 201, "%lld", (long long)id);
}

CGW_POST(add, "/rows/{name}", .conflict = "it is there")
{
    return add_row(req, cgw_path(req, "name"));
}

CGW_POST(add_sync, "/sync/rows/{name}", .mode = CGW_SYNC, .conflict = "it is there")
{
    return add_row(req, cgw_path(req, "name"));
}

CGW_GET(get, "/rows/{name}")
{
    Row row;
    int rows = cgw_one(req, db_of(req), Row, &row, "SELECT * FROM rows WHERE name = ?",
                       cgw_path(req, "name"));
    CGW_TRY(req, rows);
    return rows ? cgw_json(req, 200, Row, &row) : cgw_fail(req, 404, "no such row");
}

CGW_GET(all, "/rows")
{
    return cgw_json_select(req, 200, db_of(req), Row, "SELECT * FROM rows ORDER BY id");
}

/* A row of a hundred bytes, so many times. */
CGW_GET(many, "/many/{n:int}")
{
    return cgw_json_select(req, 200, db_of(req), Row,
                           "WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c WHERE "
                           "id < ?) SELECT id, printf('%0100d', id) AS name, 0 AS n FROM c",
                           cgw_path_i64(req, "n"));
}

/* One whose last row does not fit. */
CGW_GET(unfit, "/unfit")
{
    return cgw_json_select(
        req, 200, db_of(req), Row,
        "WITH RECURSIVE c(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM c WHERE "
        "id < 2000) SELECT id, iif(id < 2000, 'x', NULL) AS name, 0 AS n FROM c");
}

static int move(cgw_request *req, cgw_db *tx, void *arg)
{
    const int64_t *cents = arg;
    int from = cgw_exec(req, tx, "UPDATE accounts SET cents = cents - ? WHERE id = 1", *cents);
    int to = cgw_exec(req, tx, "UPDATE accounts SET cents = cents + ? WHERE id = 2", *cents);
    return from < 0 ? from : to < 0 ? to : CGW_OK; /* the second was made, all the same */
}

CGW_POST(transfer, "/transfer/{cents:int}", .conflict = "not so much is there")
{
    int64_t cents = cgw_path_i64(req, "cents");
    CGW_TRY(req, cgw_transaction(req, db_of(req), move, &cents));
    return cgw_empty(req, 204);
}

CGW_GET(sum, "/sum")
{
    int64_t cents, first;
    CGW_TRY(req, cgw_value(req, db_of(req), &cents, "SELECT sum(cents) FROM accounts"));
    CGW_TRY(req, cgw_value(req, db_of(req), &first, "SELECT cents FROM accounts WHERE id = 1"));
    return cgw_text(req, 200, "%lld %lld", (long long)cents, (long long)first);
}

CGW_GET(for_ever, "/for-ever", .timeout = 0.2)
{
    int64_t n;
    CGW_TRY(req, cgw_value(req, db_of(req), &n,
                           "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT "
                           "max(i) FROM c"));
    return cgw_text(req, 200, "%lld", (long long)n);
}

CGW_GET(health, "/health")
{
    struct cgw_db_status status;
    cgw_db_status(db_of(req), &status);
    return cgw_text(req, 200, "lag %.6f busy %u queued %u errors %llu largest %u",
                    cgw_state(req, App)->lag, status.busy, status.queued,
                    (unsigned long long)status.errors, status.largest_group);
}
