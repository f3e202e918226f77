/* Statements: what was asked becomes a job; the job is run, elsewhere or, in a transaction, here;
   what it answered becomes the request's. */
#include "sql.h"
#include "sql_row.h"
#include "web/request.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

_Thread_local cgw_db *sql_transaction;

/* ---- jobs ---- */

int sql_job_fail(struct sql_job *job, int code, const char *text, ...)
{
    va_list args;
    if (job->error[0])
        return code;
    va_start(args, text);
    vsnprintf(job->error, sizeof(job->error), text, args);
    va_end(args);
    return code;
}

void *sql_job_item(struct sql_job *job)
{
    size_t size = job->model->size;
    if (size > SQL_RESULT_BYTES - job->bytes) {
        job->code = sql_job_fail(job, CGW_ETOOBIG, "more than %zu bytes of rows", SQL_RESULT_BYTES);
        return NULL;
    }
    if (job->n == job->room) {
        size_t room = job->room ? 2 * job->room : 8;
        void *items = arena_grow(&job->arena, job->items, job->room * size, room * size);
        if (!items) {
            job->code = CGW_ENOMEM;
            return NULL;
        }
        job->items = items;
        job->room = room;
    }
    job->bytes += size;
    return (char *)job->items + job->n++ * size;
}

/* The asker's piece is not the job's to free. */
static void drop_memory(struct sql_job *job)
{
    job->arena.first = NULL;
    job->arena.first_bytes = 0;
    arena_reset(&job->arena);
}

void sql_job_again(struct sql_job *job)
{
    drop_memory(job);
    arena_init(&job->arena, job->piece, job->piece ? SQL_PIECE_BYTES : 0);
    job->bytes = job->n = job->room = 0;
    job->items = NULL;
    job->has_id = false;
    job->code = CGW_OK;
    job->error[0] = '\0';
}

/* ---- what goes to the log ---- */

/* Of a mistake SQLite's words say more than ours. */
void sql_complain(cgw_request *req, const char *sql, int code, const char *error,
                  const struct cgw_site *site)
{
    int level = code == CGW_ECONFLICT                        ? CGW_LOG_DEBUG
                : code == CGW_EBUSY || code == CGW_ETIMEDOUT ? CGW_LOG_WARNING
                                                             : CGW_LOG_ERROR;
    bool is_mistake = code == CGW_EINVAL && error[0];
    cgw_log_level(req, level, "database: %s%s%s; in %s(), %s:%d: %.300s",
                  is_mistake ? "" : cgw_strerror(code), is_mistake ? "" : ": ",
                  error[0] ? error : "no more is known", site->function, site->file, site->line,
                  sql);
}

static bool is_worth_a_line(const struct sql_job *job)
{
    switch (job->code) {
    case CGW_ECANCELED:
    case CGW_ECLOSED:
        return false;
    case CGW_ETIMEDOUT:
        return job->error[0]; /* not where the task's own is over */
    default:
        return job->code < 0;
    }
}

/* ---- a call ---- */

static struct arena *arena_of(const struct sql_call *call)
{
    return call->req ? &call->req->arena : task_here()->arena;
}

/* Most results fit into a piece of the asker's own memory: then they are there already. */
static int lend_memory(void *arg)
{
    struct sql_call *call = arg;
    struct arena *arena = arena_of(call);
    bool has_rows = call->job.model && call->job.what != SQL_BATCH;
    call->job.piece = arena && has_rows ? arena_alloc(arena, SQL_PIECE_BYTES) : NULL;
    arena_init(&call->job.arena, call->job.piece, call->job.piece ? SQL_PIECE_BYTES : 0);
    return CGW_OK;
}

static int take_memory(void *arg)
{
    struct sql_call *call = arg;
    struct sql_job *job = &call->job;
    struct arena *arena = arena_of(call);
    if (job->what == SQL_BATCH)
        return CGW_OK;
    if (job->code < 0 || !arena)
        drop_memory(job);
    if (job->piece && !job->arena.blocks)
        arena_trim(arena, job->piece, SQL_PIECE_BYTES,
                   job->arena.next ? (size_t)(job->arena.next - job->piece) : 0);
    if (arena)
        arena_adopt(arena, &job->arena);
    return CGW_OK;
}

static void with_memory(struct sql_call *call, int (*fn)(void *arg))
{
    (void)(call->req ? request_do(call->req, fn, call) : task_on_loop(fn, call));
}

/* Canceled: what was not begun is ours again; what was ends soon, as it is interrupted. */
static void wait_for(struct sql_call *call)
{
    struct sql_job *job = &call->job;
    const struct sql_driver *driver = call->db->driver;
    int status = promise_wait(&job->promise, "waiting for the database", call->site);
    if (job->promise.is_set)
        return;
    if (driver->cancel(call->db, job, status)) {
        promise_withdraw(&job->promise);
        job->code = status;
        return;
    }
    (void)promise_wait_through(&job->promise, "waiting for the database to let go", call->site);
}

static int ask(void *arg)
{
    struct sql_call *call = arg;
    struct sql_job *job = &call->job;
    lend_memory(call);
    promise_init(&job->promise, task_here()->runtime);
    int status = call->db->driver->submit(call->db, job);
    if (status == CGW_PENDING) {
        wait_for(call); /* from now on the job is the driver's */
    } else {
        promise_withdraw(&job->promise);
        job->code = status;
    }
    return take_memory(call);
}

static void run_here(struct sql_call *call)
{
    with_memory(call, lend_memory);
    call->db->driver->run(call->db, &call->job);
    with_memory(call, take_memory);
}

int sql_call(struct sql_call *call)
{
    struct sql_job *job = &call->job;
    if (!here.task)
        return CGW_EINVAL;
    if (call->db != sql_transaction && (call->db->is_transaction || sql_transaction))
        job->code =
            sql_job_fail(job, CGW_EINVAL, "within a transaction, use its handle, and only there");
    else if (sql_transaction)
        run_here(call);
    else
        (void)task_on_loop(ask, call);
    if (is_worth_a_line(job))
        sql_complain(call->req, job->sql, job->code, job->error, call->site);
    return job->code;
}

/* ---- the calls ---- */

#define CALL(...)                                    \
    {                                                \
        .req = req, .db = db, .site = site, .job = { \
            .sql = sql,                              \
            .values = values.items,                  \
            .n_values = values.n,                    \
            __VA_ARGS__                              \
        }                                            \
    }

int cgw__exec(cgw_request *req, cgw_db *db, const char *sql, struct cgw__sql_values values,
              const struct cgw_site *site)
{
    struct sql_call call = CALL(.what = SQL_EXEC);
    return sql_call(&call);
}

static int insert(struct sql_call *call, int64_t *ret_id)
{
    int code = sql_call(call);
    if (code >= 0 && call->job.has_id && ret_id)
        *ret_id = call->job.id;
    return code;
}

int cgw__insert(cgw_request *req, cgw_db *db, int64_t *ret_id, const char *sql,
                struct cgw__sql_values values, const struct cgw_site *site)
{
    struct sql_call call = CALL(.what = SQL_EXEC);
    return insert(&call, ret_id);
}

int cgw__put(cgw_request *req, cgw_db *db, const cgw_model *model, const void *object,
             int64_t *ret_id, const char *sql, const struct cgw_site *site)
{
    struct sql_fields fields = {.n = 0};
    struct arena arena = {.blocks = NULL};
    struct cgw__sql_values values = {NULL, 0};
    struct sql_call call = CALL(.what = SQL_EXEC);
    struct sql_job *job = &call.job;
    char first[SQL_PIECE_BYTES] __attribute__((aligned(16)));
    arena_init(&arena, first, sizeof(first));
    job->code = sql_put_fields(job, &arena, model, object, &fields);
    job->model = NULL;
    job->values = fields.values;
    job->names = fields.names;
    job->n_values = fields.n;
    int code = job->code;
    if (code == CGW_OK)
        code = insert(&call, ret_id);
    else
        sql_complain(req, sql, code, job->error, site);
    arena_fini(&arena);
    return code;
}

int cgw__one(cgw_request *req, cgw_db *db, const cgw_model *model, void *out, const char *sql,
             struct cgw__sql_values values, const struct cgw_site *site)
{
    struct sql_call call = CALL(.what = SQL_ONE, .model = model, .out = out);
    return sql_call(&call);
}

int cgw__all(cgw_request *req, cgw_db *db, const cgw_model *model, void *items, size_t *ret_n,
             const char *sql, struct cgw__sql_values values, const struct cgw_site *site)
{
    struct sql_call call = CALL(.what = SQL_ALL, .model = model);
    int code = sql_call(&call);
    if (code < 0)
        return code;
    memcpy(items, &call.job.items, sizeof(void *));
    *ret_n = call.job.n;
    return CGW_OK;
}

/* A model of one field for each kind that a scalar may have. */
#define FIELD(kind_) [kind_] = {.name = "value", .kind = (kind_)}
#define MODEL(kind_) [kind_] = {.name = "value", .fields = &fields[kind_], .n_fields = 1}

int cgw__value(cgw_request *req, cgw_db *db, enum cgw_field_kind kind, void *out, const char *sql,
               struct cgw__sql_values values, const struct cgw_site *site)
{
    static const struct cgw_field fields[] = {
        FIELD(CGW_KIND_I64), FIELD(CGW_KIND_I32),  FIELD(CGW_KIND_F64),  FIELD(CGW_KIND_BOOL),
        FIELD(CGW_KIND_STR), FIELD(CGW_KIND_TEXT), FIELD(CGW_KIND_UUID), FIELD(CGW_KIND_DATETIME)};
    static const cgw_model models[] = {
        MODEL(CGW_KIND_I64), MODEL(CGW_KIND_I32),  MODEL(CGW_KIND_F64),  MODEL(CGW_KIND_BOOL),
        MODEL(CGW_KIND_STR), MODEL(CGW_KIND_TEXT), MODEL(CGW_KIND_UUID), MODEL(CGW_KIND_DATETIME)};
    struct sql_call call =
        CALL(.what = SQL_ONE, .model = &models[kind], .is_scalar = true, .out = out);
    return sql_call(&call);
}
