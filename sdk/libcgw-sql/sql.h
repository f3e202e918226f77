/*
 * What lies between the calls of <cgw/sql.h> and a kind of database: a job is one statement with
 * its parameters and where its rows go. It lies on the stack of whoever asks, who does not leave
 * before the driver has let go of it: so nothing is copied on the way there, and rows are written
 * where they will be read.
 *
 *   sql.c              statements: asked, waited for, taken over
 *   sql_open.c         the table of drivers, by scheme
 *   sql_cursor.c       rows by the batch
 *   sql_transaction.c  functions on the driver's thread
 *   sql_put.c          fields to parameters
 *   sql_row.c          columns to fields
 *   sql_json.c         the same as JSON
 *   lite.c             SQLite: see lite.h
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H
#include "base/arena.h"
#include "task/promise.h"
#include <cgw/sql.h>
#include <stdatomic.h>

enum { SQL_ERROR_BYTES = 160, SQL_PIECE_BYTES = 512 };
#define SQL_RESULT_BYTES ((size_t)64 << 20)

enum sql_what {
    SQL_EXEC = 1, /* code: rows changed */
    SQL_ONE,      /* code: 1 or 0; the row is in out */
    SQL_ALL,      /* items, n */
    SQL_BATCH,    /* of cursor: items, n; code: 1, or 0 where it is the last; without a cursor all
                     of them. The arena stays the job's */
    SQL_RUN       /* no statement, but run(run_arg), by the driver's thread that writes */
};

/* Whose it is; the driver's, below its lock. */
enum sql_state { SQL_NEW = 0, SQL_QUEUED, SQL_TAKEN };

struct sql_cursor;

struct sql_job {
    struct cgw_promise promise;
    struct list link;
    enum sql_what what;
    enum sql_state state;
    /* what is asked; the caller's */
    const char *sql;
    const struct cgw__sql_value *values;
    const char *const *names; /* of the values; NULL: they go by position */
    size_t n_values;
    const cgw_model *model; /* of rows, or NULL */
    bool is_scalar;         /* the first column is the model's first field */
    void *out;
    struct sql_cursor *cursor;
    void (*run)(void *arg);
    void *run_arg;
    uint64_t since_us; /* the driver's */
    bool is_alone;     /* the same: not together with others */
    atomic_int reason; /* why it was canceled, or 0 */
    /* what comes of it; the driver's thread's, until the promise is set */
    struct arena arena; /* of what rows point to, and of items */
    char *piece;        /* its first block, of SQL_PIECE_BYTES, the asker's; or NULL */
    size_t bytes;       /* of the result so far */
    void *items;
    size_t n, room;
    int64_t id;
    bool has_id;
    int code;
    char error[SQL_ERROR_BYTES]; /* in the database's words; "" */
};

/* Says so in job->error, where nothing has been said yet. The code. */
int sql_job_fail(struct sql_job *job, int code, const char *format, ...) CGW_PRINTF(3, 4);
/* One more object behind items, zeroed; NULL: job->code says why. */
void *sql_job_item(struct sql_job *job);
/* As if it had not been run. */
void sql_job_again(struct sql_job *job);

/* ---- a kind of database ---- */

struct sql_driver {
    const char *scheme; /* "sqlite" */
    /* CGW_OK, or a code and the text why. rest: the URL behind the colon. Blocks. */
    int (*open)(const char *rest, const struct cgw_db_options *options, cgw_db **ret_db,
                char *ret_error, size_t error_bytes);
    void (*close)(cgw_db *db); /* blocks */
    /* Have it run, and its promise set with job->code. CGW_PENDING, or a code. [any-thread] */
    int (*submit)(cgw_db *db, struct sql_job *job);
    /* It is canceled. true: it was not begun, and is the caller's again. [any-thread] */
    bool (*cancel)(cgw_db *db, struct sql_job *job, int reason);
    /* Run it here: db is the transaction of this thread. */
    void (*run)(cgw_db *db, struct sql_job *job);
    /* fn(req, tx, arg) in a transaction, as a second half of the running task. [loop] */
    int (*transact)(cgw_db *db, cgw_request *req, cgw_transaction_fn *fn, void *arg,
                    char *ret_error, const struct cgw_site *site);
    /* Nobody will fetch any more. [any-thread] */
    void (*leave)(cgw_db *db, struct sql_cursor *cursor);
    void (*status)(cgw_db *db, struct cgw_db_status *ret_status);
};

struct cgw_db {
    const struct sql_driver *driver;
    bool is_transaction; /* of the thread whose sql_transaction it is */
    bool has_no_cursors; /* all rows are read at once */
};

/* The transaction that this thread is in, or NULL. */
extern _Thread_local cgw_db *sql_transaction;

/* The driver's end of a cursor; the state is the driver's, below its lock. */
enum sql_cursor_state { SQL_CURSOR_NEW = 0, SQL_CURSOR_HELD, SQL_CURSOR_OVER };
struct sql_cursor {
    enum sql_cursor_state state;
    int code; /* once it is over: why */
    void *thread;
    struct sql_job *wanted; /* the batch that is asked for, or NULL */
};

/* ---- sql.c ---- */

/* A call, from its macro on. */
struct sql_call {
    cgw_request *req;
    cgw_db *db;
    const struct cgw_site *site;
    struct sql_job job;
};
/* Run the job and wait for it: job.code, said in the log where that is nobody's business but
   ours. Its memory is the asker's from then on. [task, also on threads] */
int sql_call(struct sql_call *call);
/* A line in the log about a call that failed. */
void sql_complain(cgw_request *req, const char *sql, int code, const char *error,
                  const struct cgw_site *site);

/* ---- sql_put.c ---- */

/* The parameters that sql names, from the object's fields. CGW_OK, CGW_EINVAL, CGW_ENOMEM. */
struct sql_fields {
    struct cgw__sql_value *values;
    const char **names;
    size_t n;
};
int sql_put_fields(struct sql_job *job, struct arena *arena, const cgw_model *model,
                   const void *object, struct sql_fields *ret_fields);
#endif
