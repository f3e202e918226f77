/*
 * Rows by the batch. The thread that reads keeps its place between two batches, the task has one
 * batch at a time: so a result of any length takes little memory, and a slow consumer slows the
 * thread, not the loop.
 */
#include "base/memory.h"
#include "sql.h"
#include "web/request.h"
#include <string.h>

/* One block of the heap, with what it is asked behind it. */
struct cgw_cursor {
    struct sql_cursor end; /* the driver's */
    cgw_request *req;
    cgw_db *db;
    const cgw_model *model;
    const char *sql;
    struct cgw__sql_value *values;
    size_t n_values;
    struct arena arena; /* of the batch */
    const char *items;
    size_t n, next;
    bool is_over;
    int code; /* then: 0, or why */
};

/* ---- what is asked outlives the asker's block ---- */

static bool has_bytes(const struct cgw__sql_value *value)
{
    return (value->kind == CGW__SQL_TEXT || value->kind == CGW__SQL_BLOB) && value->u.bytes.ptr;
}

static size_t bytes_of(const char *sql, struct cgw__sql_values values)
{
    size_t bytes = strlen(sql) + 1 + values.n * sizeof(*values.items);
    for (size_t i = 0; i < values.n; i++)
        bytes += has_bytes(&values.items[i]) ? values.items[i].u.bytes.len : 0;
    return bytes;
}

static void keep(struct cgw_cursor *cursor, const char *sql, struct cgw__sql_values values)
{
    cursor->values = (struct cgw__sql_value *)(cursor + 1);
    cursor->n_values = values.n;
    char *at = (char *)(cursor->values + values.n);
    for (size_t i = 0; i < values.n; i++) {
        struct cgw__sql_value *value = &cursor->values[i];
        *value = values.items[i];
        if (!has_bytes(value))
            continue;
        memcpy(at, value->u.bytes.ptr, value->u.bytes.len);
        value->u.bytes.ptr = at;
        at += value->u.bytes.len;
    }
    memcpy(at, sql, strlen(sql) + 1);
    cursor->sql = at;
}

cgw_cursor *cgw__select(cgw_request *req, cgw_db *db, const cgw_model *model, const char *sql,
                        struct cgw__sql_values values, const struct cgw_site *site)
{
    (void)site;
    struct cgw_cursor *cursor = memory_zalloc(sizeof(*cursor) + bytes_of(sql, values));
    if (!cursor)
        return NULL;
    cursor->req = req;
    cursor->db = db;
    cursor->model = model;
    keep(cursor, sql, values);
    return cursor;
}

/* ---- batches ---- */

/* Where the thread cannot keep its place, all rows are one batch. */
static bool reads_all(const struct cgw_cursor *cursor)
{
    return cursor->db->is_transaction || cursor->db->has_no_cursors;
}

static int next_batch(struct cgw_cursor *cursor, const struct cgw_site *site)
{
    struct sql_call call = {.req = cursor->req, .db = cursor->db, .site = site};
    struct sql_job *job = &call.job;
    arena_reset(&cursor->arena);
    cursor->n = cursor->next = 0;
    *job = (struct sql_job){.what = SQL_BATCH,
                            .sql = cursor->sql,
                            .values = cursor->values,
                            .n_values = cursor->n_values,
                            .model = cursor->model,
                            .cursor = reads_all(cursor) ? NULL : &cursor->end};
    int code = sql_call(&call);
    cursor->arena = job->arena;
    if (code >= 0) {
        cursor->items = job->items;
        cursor->n = job->n;
    }
    cursor->is_over = code <= 0;
    cursor->code = code < 0 ? code : 0;
    return cursor->code;
}

/* The next object, in the batch's memory: 1, 0 or a code. */
static int next(struct cgw_cursor *cursor, const void **ret_object, const struct cgw_site *site)
{
    while (cursor->next == cursor->n) {
        if (cursor->is_over)
            return cursor->code;
        int code = next_batch(cursor, site);
        if (code < 0)
            return code;
    }
    *ret_object = cursor->items + cursor->next++ * cursor->model->size;
    return 1;
}

int cgw__fetch(cgw_cursor *cursor, const cgw_model *model, void *out, const struct cgw_site *site)
{
    const void *object = NULL;
    if (!cursor)
        return CGW_ENOMEM;
    if (model->size != cursor->model->size || strcmp(model->name, cursor->model->name) != 0) {
        sql_complain(cursor->req, cursor->sql, CGW_EINVAL, "cgw_fetch() of another model", site);
        return CGW_EINVAL;
    }
    int code = next(cursor, &object, site);
    if (code > 0)
        memcpy(out, object, model->size);
    return code;
}

void cgw_cursor_close(cgw_cursor *cursor)
{
    if (!cursor)
        return;
    if (!reads_all(cursor))
        cursor->db->driver->leave(cursor->db, &cursor->end);
    arena_reset(&cursor->arena);
    memory_free(cursor);
}

/* ---- as a reply ---- */

static cgw_reply stream(cgw_cursor *cursor, int status, const struct cgw_site *site)
{
    const void *object = NULL;
    cgw_request *req = cursor->req;
    const cgw_model *model = cursor->model;
    int more = next(cursor, &object, site);
    int code = more < 0 ? more : cgw__rows(req, status, model, site);
    while (code == CGW_OK && more > 0) {
        code = cgw__row(req, model, object, site);
        if (code == CGW_OK)
            more = next(cursor, &object, site);
    }
    if (code == CGW_OK && more < 0)
        code = more;
    return code == CGW_OK ? cgw__stream_end(req, site) : cgw__error(req, code, site);
}

cgw_reply cgw__json_select(cgw_request *req, int status, cgw_db *db, const cgw_model *model,
                           const char *sql, struct cgw__sql_values values,
                           const struct cgw_site *site)
{
    cgw_cursor *cursor = cgw__select(req, db, model, sql, values, site);
    cgw_reply reply = cursor ? stream(cursor, status, site) : cgw__error(req, CGW_ENOMEM, site);
    cgw_cursor_close(cursor);
    return reply;
}
