/*
 * CSV files, uploaded together, counted at the same time behind the reply, watched meanwhile:
 *
 *     curl -F column=price -F files=@a.csv -F files=@b.csv http://localhost:8000/jobs
 *     curl -N http://localhost:8000/jobs/1/events
 *
 * Jobs are of the worker that took them: this wants one worker, or a database; and, for files of
 * more than 16 MiB, cgw-serve --limit-body 1G.
 */
#include <cgw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 64, FILES = 16, TEXT = 64 };

#define FORM(F)                                              \
    F(str, column, .def_str = "amount", .max_len = TEXT - 1) \
    F(list(upload), files, .min_items = 1, .max_items = FILES)
CGW_MODEL(Form, FORM)
#define COUNT(F) F(text, file) F(u64, bytes) F(u64, read) F(u64, rows) F(f64, sum)
CGW_MODEL(Count, COUNT)
#define STATUS(F) F(i64, id) F(bool, done) F(str, error) F(models(Count), files)
CGW_MODEL(Status, STATUS)

/* One file on its way through. */
typedef struct Reader {
    struct Job *job;
    const cgw_upload *upload;
    bool is_quoted, is_behind_header;
    int column, wanted; /* counted from 1; wanted 0: there is no such column */
    char name[TEXT], field[TEXT];
    size_t len;
} Reader;

typedef struct Job {
    Status status;
    Count counts[FILES];
    Reader readers[FILES];
    char column[TEXT];
    cgw_flag changed;
} Job;

typedef struct App {
    int64_t last;
    Job jobs[JOBS]; /* the last ones */
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    return boot && app ? 0 : -1;
}
static void stop(App *app)
{
    (void)app;
}

static void end_field(Reader *reader, Count *count, bool is_row)
{
    if (is_row && !reader->len && !reader->column)
        return; /* an empty line */
    reader->field[reader->len] = '\0';
    reader->column++;
    if (!reader->is_behind_header && strcmp(reader->field, reader->job->column) == 0)
        reader->wanted = reader->column;
    else if (reader->is_behind_header && reader->column == reader->wanted)
        count->sum += strtod(reader->field, NULL);
    count->rows += is_row && reader->is_behind_header;
    reader->is_behind_header |= is_row;
    reader->column = is_row ? 0 : reader->column;
    reader->len = 0;
}

/* RFC 4180; of a long field its beginning is kept. */
static void read_piece(Reader *reader, Count *count, cgw_str piece)
{
    for (const char *c = piece.ptr; c < piece.ptr + piece.len; c++) {
        if (*c == '"')
            reader->is_quoted = !reader->is_quoted;
        else if ((*c == ',' || *c == '\n') && !reader->is_quoted)
            end_field(reader, count, *c == '\n');
        else if (*c != '\r' && reader->len < TEXT - 1)
            reader->field[reader->len++] = *c;
    }
    count->read += piece.len;
}

static void tell(Job *job) /* those that watch it */
{
    cgw_flag_set(&job->changed);
    cgw_flag_clear(&job->changed);
}

static int count_file(void *arg)
{
    Reader *reader = arg;
    Count *count = &reader->job->counts[reader - reader->job->readers];
    cgw_str piece;
    int status;
    while ((status = cgw_upload_next(reader->upload, &piece)) == CGW_OK && piece.len) {
        read_piece(reader, count, piece);
        tell(reader->job);
        if ((status = cgw_sleep(0)) < 0) /* let the others run */
            return status;
    }
    end_field(reader, count, true);
    return status == CGW_OK && !reader->wanted ? CGW_ENOENT : status;
}

static void run_job(void *arg)
{
    Job *job = arg;
    CGW_GROUP(group, NULL, .keep_going = true);
    for (size_t i = 0; i < job->status.files.len; i++)
        cgw_go(group, count_file, &job->readers[i]);
    int status = cgw_join(group);
    job->status.error = status < 0 ? cgw_strerror(status) : NULL; /* not found: the column */
    job->status.done = true;
    tell(job);
}

CGW_POST(add_job, "/jobs", .form = Form_model, .reply = Status_model, .status = 202,
         .max_body = 1 << 30,
         .form_limits = CGW_FORM_LIMITS(.files = FILES, .memory_bytes = 64 << 10))
{
    const Form *form = cgw_form(req, Form);
    App *app = cgw_state(req, App);
    Job *job = &app->jobs[app->last % JOBS];
    if (job->status.id && !job->status.done)
        return cgw_error(req, CGW_EBUSY);
    *job = (Job){.status = {.id = ++app->last, .files = {job->counts, form->files.len}}};
    snprintf(job->column, TEXT, "%s", form->column);
    for (size_t i = 0; i < form->files.len; i++) {
        Reader *reader = &job->readers[i];
        *reader = (Reader){.job = job, .upload = &form->files.items[i]};
        int len = snprintf(reader->name, TEXT, "%s", reader->upload->filename);
        job->counts[i].file = (cgw_str){reader->name, len < TEXT ? (size_t)len : TEXT - 1};
        job->counts[i].bytes = reader->upload->size;
    }
    cgw_after(req, run_job, job);
    return cgw_json(req, 0, Status, &job->status);
}

CGW_GET(watch_job, "/jobs/{id:int}/events", .reply_type = "text/event-stream")
{
    int64_t id = cgw_path_i64(req, "id");
    Job *job = &cgw_state(req, App)->jobs[id > 0 ? (id - 1) % JOBS : 0];
    if (id <= 0 || job->status.id != id)
        return cgw_fail(req, 404, "no such job");
    CGW_TRY(req, cgw_events(req));
    while (job->status.id == id) {
        bool is_done = job->status.done;
        cgw_str json = cgw_encode(req, Status, &job->status);
        CGW_TRY(req, cgw_event(req, .event = is_done ? "done" : "progress", .data = json.ptr));
        if (is_done)
            break;
        CGW_TRY(req, cgw_flag_wait(&job->changed));
        CGW_TRY(req, cgw_sleep(0.1)); /* ten times a second is plenty */
    }
    return cgw_stream_end(req);
}
