/* Money goes from one account to another, or stays where it is. */
#include <cgw.h>
#include <cgw/sql.h>

typedef struct App {
    cgw_db *db;
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    app->db = cgw_db_open(boot, "sqlite:bank.db",
                          .schema = "CREATE TABLE IF NOT EXISTS accounts(id INTEGER PRIMARY KEY, "
                                    "cents INTEGER NOT NULL CHECK(cents >= 0))");
    return app->db ? 0 : -1;
}

static void stop(App *app)
{
    cgw_db_close(app->db);
}

struct transfer {
    int64_t from, to, cents;
};

static int add(cgw_request *req, cgw_db *tx, int64_t id, int64_t cents)
{
    int rows = cgw_exec(req, tx, "UPDATE accounts SET cents = cents + ? WHERE id = ?", cents, id);
    return rows == 0 ? CGW_ENOENT : rows;
}

static int transfer(cgw_request *req, cgw_db *tx, void *arg)
{
    const struct transfer *wanted = arg;
    int code = add(req, tx, wanted->from, -wanted->cents);
    return code < 0 ? code : add(req, tx, wanted->to, wanted->cents);
}

CGW_POST(pay, "/accounts/{from:int}/pay/{to:int}/{cents:int}", .conflict = "not so much is there")
{
    struct transfer wanted = {.from = cgw_path_i64(req, "from"),
                              .to = cgw_path_i64(req, "to"),
                              .cents = cgw_path_i64(req, "cents")};
    if (wanted.cents <= 0)
        return cgw_fail(req, 422, "an amount is more than nothing");
    CGW_TRY(req, cgw_transaction(req, cgw_state(req, App)->db, transfer, &wanted));
    return cgw_empty(req, 204);
}
