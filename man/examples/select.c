/* A table of any length, as JSON and as text, in little memory. */
#include <cgw.h>
#include <cgw/sql.h>

#define SAMPLE(F) F(i64, id) F(f64, value)
CGW_MODEL(Sample, SAMPLE)

typedef struct App {
    cgw_db *db;
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    app->db = cgw_db_open(boot, "sqlite:samples.db",
                          .schema = "CREATE TABLE IF NOT EXISTS samples("
                                    "id INTEGER PRIMARY KEY, value REAL NOT NULL)");
    return app->db ? 0 : -1;
}

static void stop(App *app)
{
    cgw_db_close(app->db);
}

CGW_GET(as_json, "/samples.json")
{
    return cgw_json_select(req, 200, cgw_state(req, App)->db, Sample,
                           "SELECT id, value FROM samples ORDER BY id");
}

CGW_GET(as_text, "/samples.csv")
{
    Sample sample;
    int more;
    CGW_CURSOR(samples, req, cgw_state(req, App)->db, Sample,
               "SELECT id, value FROM samples WHERE value > ? ORDER BY id", 0.5);
    CGW_TRY(req, cgw_stream(req, 200, "text/csv"));
    while ((more = cgw_fetch(samples, Sample, &sample)) > 0)
        CGW_TRY(req, cgw_print(req, "%lld,%g\n", (long long)sample.id, sample.value));
    CGW_TRY(req, more);
    return cgw_stream_end(req);
}
