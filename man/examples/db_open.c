/* A schema that grows with the program, and a route for who watches it. */
#include <cgw.h>
#include <cgw/sql.h>

static const struct cgw_migration migrations[] = {
    {1, "CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT NOT NULL)"},
    {2, "ALTER TABLE items ADD COLUMN price REAL; CREATE INDEX by_name ON items(name)"},
    {0},
};

typedef struct App {
    cgw_db *db;
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    app->db = cgw_db_open(boot, "sqlite:items.db", .env = "ITEMS_DB", .migrations = migrations,
                          .readers = 2, .timeout = 5);
    return app->db ? 0 : -1;
}

static void stop(App *app)
{
    cgw_db_close(app->db);
}

CGW_GET(health, "/health")
{
    struct cgw_db_status now;
    cgw_db_status(cgw_state(req, App)->db, &now);
    if (now.queued > 1000)
        return cgw_fail(req, 503, "%u calls wait", now.queued);
    return cgw_text(req, 200, "%u of %u threads work\n", now.busy, now.readers + 1);
}
