/* One statement of a job: parameters in, rows out. */
#include "base/memory.h"
#include "lite.h"
#include "sql_row.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { BATCH_ROWS = 256, BATCH_BYTES = 64 * 1024 };

/* ---- parameters; what they point to stays where it is until the job is answered ---- */

static int bind_bytes(sqlite3_stmt *handle, int at, const struct cgw__sql_value *value)
{
    cgw_str bytes = value->u.bytes;
    if (!bytes.ptr)
        return sqlite3_bind_null(handle, at);
    if (value->kind == CGW__SQL_BLOB)
        return sqlite3_bind_blob64(handle, at, bytes.ptr, bytes.len, SQLITE_STATIC);
    return sqlite3_bind_text64(handle, at, bytes.ptr, bytes.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_text(sqlite3_stmt *handle, int at, const char *text, size_t len)
{
    return len ? sqlite3_bind_text(handle, at, text, (int)len, SQLITE_TRANSIENT) : SQLITE_RANGE;
}

static int bind_one(sqlite3_stmt *handle, int at, const struct cgw__sql_value *value)
{
    char text[CGW_UUID_LEN + 1];
    _Static_assert(CGW_DATETIME_LEN <= CGW_UUID_LEN, "there is room for both");
    switch (value->kind) {
    case CGW__SQL_INTEGER:
        return sqlite3_bind_int64(handle, at, value->u.integer);
    case CGW__SQL_UNSIGNED:
        return value->u.unsigned_integer <= INT64_MAX
                   ? sqlite3_bind_int64(handle, at, value->u.integer)
                   : SQLITE_RANGE;
    case CGW__SQL_REAL:
        return value->u.real == value->u.real ? sqlite3_bind_double(handle, at, value->u.real)
                                              : SQLITE_RANGE; /* NaN: it would be NULL */
    case CGW__SQL_TEXT:
    case CGW__SQL_BLOB:
        return bind_bytes(handle, at, value);
    case CGW__SQL_UUID:
        return bind_text(handle, at, text, cgw_uuid_format(&value->u.uuid, text));
    case CGW__SQL_DATETIME:
        return bind_text(handle, at, text, cgw_datetime_format(&value->u.datetime, text));
    case CGW__SQL_NULL:
    default:
        return sqlite3_bind_null(handle, at);
    }
}

static const struct cgw__sql_value *named(const struct sql_job *job, const char *name)
{
    for (size_t i = 0; name && i < job->n_values; i++)
        if (strcmp(job->names[i], name + 1) == 0) /* behind ':' */
            return &job->values[i];
    return NULL;
}

int lite_statement_bind(struct lite_connection *connection, struct lite_statement *statement,
                        struct sql_job *job)
{
    sqlite3_stmt *handle = statement->handle;
    int n = sqlite3_bind_parameter_count(handle);
    if (!job->names && (size_t)n != job->n_values)
        return job->code = sql_job_fail(
                   job, CGW_EINVAL, "%d parameters in the statement, %zu given", n, job->n_values);
    for (int i = 1; i <= n; i++) {
        const char *name = job->names ? sqlite3_bind_parameter_name(handle, i) : NULL;
        const struct cgw__sql_value *value = job->names ? named(job, name) : &job->values[i - 1];
        if (!value)
            return job->code = sql_job_fail(job, CGW_EINVAL, "the model has no field for %s",
                                            name ? name : "\"?\"");
        int result = bind_one(handle, i, value);
        if (result == SQLITE_RANGE)
            return job->code = sql_job_fail(job, CGW_EINVAL, "parameter %d cannot be stored", i);
        if (result != SQLITE_OK)
            return lite_fail(connection, job, result);
    }
    return CGW_OK;
}

/* ---- rows ---- */

static void cell(void *arg, int column, struct sql_cell *ret_cell)
{
    sqlite3_stmt *handle = arg;
    int type = sqlite3_column_type(handle, column);
    *ret_cell = (struct sql_cell){.kind = SQL_CELL_NULL};
    if (type == SQLITE_INTEGER) {
        ret_cell->kind = SQL_CELL_INTEGER;
        ret_cell->integer = sqlite3_column_int64(handle, column);
    } else if (type == SQLITE_FLOAT) {
        ret_cell->kind = SQL_CELL_REAL;
        ret_cell->real = sqlite3_column_double(handle, column);
    } else if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
        ret_cell->kind = type == SQLITE_TEXT ? SQL_CELL_TEXT : SQL_CELL_BLOB;
        const void *ptr = type == SQLITE_TEXT ? (const void *)sqlite3_column_text(handle, column)
                                              : sqlite3_column_blob(handle, column);
        size_t len = ptr ? (size_t)sqlite3_column_bytes(handle, column) : 0;
        ret_cell->bytes = (cgw_str){ptr ? ptr : "", len};
    }
}

static const char *column_name(void *handle, int column)
{
    return sqlite3_column_name(handle, column);
}

static struct sql_row_source source_of(const struct lite_statement *statement)
{
    return (struct sql_row_source){.cell = cell,
                                   .name = column_name,
                                   .statement = statement->handle,
                                   .n_columns = sqlite3_column_count(statement->handle)};
}

/* Which column each field takes; anew where SQLite has prepared it anew, as the schema changed. */
static int plan(struct lite_statement *statement, const struct sql_row_source *source,
                const cgw_model *model)
{
    int n_prepared = sqlite3_stmt_status(statement->handle, SQLITE_STMTSTATUS_REPREPARE, 0);
    if (statement->model == model && statement->n_prepared == n_prepared &&
        statement->n_columns == source->n_columns)
        return CGW_OK;
    int16_t *columns = memory_grow(statement->columns, (model->n_fields + 1) * sizeof(*columns));
    if (!columns)
        return CGW_ENOMEM;
    sql_row_plan(model, source, columns);
    statement->columns = columns;
    statement->model = model;
    statement->n_columns = source->n_columns;
    statement->n_prepared = n_prepared;
    return CGW_OK;
}

/* The row at hand into object. CGW_OK or a code. */
static int read_row(struct lite_statement *statement, struct sql_job *job, void *object)
{
    struct sql_row_source source = source_of(statement);
    int status = plan(statement, &source, job->model);
    return status == CGW_OK ? sql_row_read(job, &source, statement->columns, object) : status;
}

static int read_first(struct lite_statement *statement, struct sql_job *job)
{
    struct sql_row_source source = source_of(statement);
    if (job->is_scalar)
        return sql_row_scalar(job, &source, job->out);
    int status = read_row(statement, job, job->out);
    return status == CGW_OK ? 1 : status;
}

static int read_next(struct lite_statement *statement, struct sql_job *job)
{
    void *object = sql_job_item(job);
    return object ? read_row(statement, job, object) : job->code;
}

/* true: go on. What returns rows but also writes is run to its end. */
static bool take_row(struct lite_statement *statement, struct sql_job *job, size_t nth)
{
    switch (job->what) {
    case SQL_ONE:
        if (nth == 0)
            job->code = read_first(statement, job);
        return job->code >= 0 && !statement->is_reading;
    case SQL_ALL:
    case SQL_BATCH:
        job->code = read_next(statement, job);
        return job->code >= 0;
    case SQL_EXEC:
    case SQL_RUN:
    default:
        return true;
    }
}

static bool is_full(const struct sql_job *job)
{
    return job->cursor && (job->n >= BATCH_ROWS || job->bytes >= BATCH_BYTES);
}

void lite_statement_step(struct lite_connection *connection, struct lite_statement *statement,
                         struct sql_job *job, bool *ret_more)
{
    int result;
    size_t nth = 0;
    *ret_more = false;
    while ((result = sqlite3_step(statement->handle)) == SQLITE_ROW) {
        if (!take_row(statement, job, nth++))
            break;
        if (is_full(job)) {
            *ret_more = true;
            job->code = 1;
            return;
        }
    }
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        (void)lite_fail(connection, job, result);
    sqlite3_reset(statement->handle);
}

/* ---- the whole ---- */

static void count_changes(sqlite3 *handle, struct sql_job *job, int64_t before)
{
    int64_t changes = sqlite3_total_changes64(handle) == before ? 0 : sqlite3_changes64(handle);
    job->id = sqlite3_last_insert_rowid(handle);
    job->has_id = job->id != 0;
    job->code = changes < INT32_MAX ? (int)changes : INT32_MAX;
}

bool lite_statement_run(struct lite_connection *connection, struct sql_job *job)
{
    struct lite_statement *statement;
    bool more;
    sqlite3 *handle = connection->handle;
    if (lite_reason(job) || lite_connection_prepare(connection, job, &statement) != CGW_OK)
        return true;
    if (connection->is_reader && !statement->is_reading)
        return false;
    if (lite_statement_bind(connection, statement, job) != CGW_OK)
        return true;
    int64_t before = sqlite3_total_changes64(handle);
    if (!statement->is_reading)
        sqlite3_set_last_insert_rowid(handle, 0);
    lite_statement_step(connection, statement, job, &more);
    if (job->what == SQL_EXEC && job->code >= 0)
        count_changes(handle, job, before);
    return true;
}
