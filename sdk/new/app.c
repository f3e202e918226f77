/*
 * The application: notes in memory. A route stands where its handler is; a model says what comes in
 * and goes out, and what is not right is answered with 422 and every error at once.
 *
 *     make serve
 *     curl http://127.0.0.1:8000/notes -H 'content-type: application/json' -d '{"text":"milk"}'
 *
 * or try it in a browser, at http://127.0.0.1:8000/docs, which the routes and models below have
 * written. Manual: cgw-tutorial(7), and cgw(7), which lists the pages of all functions.
 */
#include <cgw.h>
#include <stdio.h>

#define NOTES_MAX 1000
#define TEXT_MAX  200 /* characters */

CGW_APPLICATION(.name = "notes", .version = "0.1");

/* ---- models: name, type, what is asked of a value ---- */

#define NOTE_IN(F)                                  \
    F(str, text, .min_len = 1, .max_len = TEXT_MAX) \
    F(i32, stars, .def = 3, .ge = 1, .le = 5)
CGW_MODEL(NoteIn, NOTE_IN)

#define NOTE(F) F(i64, id) NOTE_IN(F)
CGW_MODEL(Note, NOTE)

#define PAGE(F) F(i64, limit, .def = 100, .ge = 1, .le = NOTES_MAX)
CGW_MODEL(Page, PAGE)

/* ---- state: lives as long as a worker ---- */

struct row {
    char text[4 * TEXT_MAX + 1]; /* UTF-8 takes up to four bytes for one */
    int32_t stars;
};

typedef struct App {
    struct row *rows; /* the note of id N is rows[N - 1] */
    size_t n;
} App;

CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    app->rows = cgw_boot_alloc(boot, NOTES_MAX * sizeof *app->rows);
    return app->rows ? 0 : cgw_boot_fail(boot, "no memory for %d notes", NOTES_MAX);
}

static void stop(App *app)
{
    app->n = 0; /* the memory itself is given back by the SDK */
}

static Note note_at(const App *app, size_t i)
{
    return (Note){.id = (int64_t)i + 1, .text = app->rows[i].text, .stars = app->rows[i].stars};
}

/* ---- routes ---- */

CGW_GET(hello, "/")
{
    return cgw_text(req, 200, "Hello, world!\n");
}

/* All handlers share one thread and change places only where one suspends, so no lock is needed. */
CGW_POST(create_note, "/notes", .body = NoteIn_model, .reply = Note_model, .status = 201)
{
    App *app = cgw_state(req, App);
    const NoteIn *in = cgw_body(req, NoteIn);
    if (app->n == NOTES_MAX)
        return cgw_fail(req, 507, "there are %d notes already", NOTES_MAX);
    struct row *row = &app->rows[app->n++];
    snprintf(row->text, sizeof row->text, "%s", in->text);
    row->stars = in->stars;
    Note note = note_at(app, app->n - 1);
    return cgw_json(req, 201, Note, &note);
}

CGW_GET(get_note, "/notes/{id:int}", .reply = Note_model)
{
    const App *app = cgw_state(req, App);
    int64_t id = cgw_path_i64(req, "id");
    if (id < 1 || (uint64_t)id > app->n)
        return cgw_fail(req, 404, "no such note");
    Note note = note_at(app, (size_t)id - 1);
    return cgw_json(req, 200, Note, &note);
}

CGW_GET(list_notes, "/notes", .params = Page_model, .reply_list = Note_model)
{
    const App *app = cgw_state(req, App);
    size_t limit = (size_t)cgw_params(req, Page)->limit, n = app->n < limit ? app->n : limit;
    Note *notes = cgw_alloc(req, n * sizeof *notes);
    if (!notes)
        return cgw_error(req, CGW_ENOMEM);
    for (size_t i = 0; i < n; i++)
        notes[i] = note_at(app, i);
    return cgw_json_list(req, 200, Note, notes, n);
}

/* It waits, and holds nobody up. What blocks instead belongs into a route with .mode = CGW_SYNC. */
CGW_GET(slow, "/slow")
{
    CGW_TRY(req, cgw_sleep(2));
    return cgw_text(req, 200, "slept\n");
}
