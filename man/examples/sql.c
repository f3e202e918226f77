/* Notes, in a file. */
#include <cgw.h>
#include <cgw/sql.h>

#define NOTE(F) F(i64, id) F(str, text, .min_len = 1) F(list(str), tags)
CGW_MODEL(Note, NOTE)
#define NEW_NOTE(F) F(str, text, .min_len = 1) F(list(str), tags)
CGW_MODEL(NewNote, NEW_NOTE)

typedef struct App {
    cgw_db *db;
} App;
CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    app->db = cgw_db_open(boot, "sqlite:notes.db",
                          .schema = "CREATE TABLE IF NOT EXISTS notes("
                                    "id INTEGER PRIMARY KEY, text TEXT UNIQUE, tags TEXT)");
    return app->db ? 0 : -1;
}

static void stop(App *app)
{
    cgw_db_close(app->db);
}

CGW_POST(add, "/notes", .body = NewNote_model, .conflict = "there is such a note")
{
    int64_t id = 0;
    CGW_TRY(req, cgw_put(req, cgw_state(req, App)->db, NewNote, cgw_body(req, NewNote), &id,
                         "INSERT INTO notes(text, tags) VALUES(:text, :tags)"));
    return cgw_text(req, 201, "%lld\n", (long long)id);
}

CGW_GET(get, "/notes/{id:int}")
{
    Note note;
    int rows = cgw_one(req, cgw_state(req, App)->db, Note, &note,
                       "SELECT id, text, tags FROM notes WHERE id = ?", cgw_path_i64(req, "id"));
    CGW_TRY(req, rows);
    return rows ? cgw_json(req, 200, Note, &note) : cgw_fail(req, 404, "no such note");
}

CGW_GET(find, "/notes")
{
    Note *notes;
    size_t n;
    const char *part = cgw_query(req, "part");
    CGW_TRY(req, cgw_all(req, cgw_state(req, App)->db, Note, &notes, &n,
                         "SELECT * FROM notes WHERE instr(text, ?) ORDER BY id LIMIT 100",
                         part ? part : ""));
    return cgw_json_list(req, 200, Note, notes, n);
}

CGW_DELETE(drop, "/notes/{id:int}")
{
    int rows = cgw_exec(req, cgw_state(req, App)->db, "DELETE FROM notes WHERE id = ?",
                        cgw_path_i64(req, "id"));
    CGW_TRY(req, rows);
    return rows ? cgw_empty(req, 204) : cgw_fail(req, 404, "no such note");
}
