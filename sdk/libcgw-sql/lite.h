/*
 * SQLite (3.35 or later, in WAL mode): one thread that writes, some that read, each with its own
 * connection, and one that keeps the time and moves the log of writes into the file.
 *
 *   lite.c          open, close, queues      lite_connection.c   connections, prepared statements
 *   lite_read.c     threads that read        lite_statement.c    one statement of a job
 *   lite_write.c    the thread that writes   lite_migrate.c      the schema
 *   lite_transact.c functions there          lite_keep.c         time and checkpoints
 *   lite_url.c, lite_code.c
 *
 * The lock guards the queues, what threads do and what is counted. It is held for a few lines only,
 * never while SQLite works; but sqlite3_interrupt() is called below it, as that says that the
 * connection is open and whose statement runs there.
 *
 * A database in memory has one connection, which the writing thread has, for all it does.
 */
#ifndef SQL_LITE_H
#define SQL_LITE_H
#include "base/list.h"
#include "sql.h"
#include <pthread.h>
#include <sqlite3.h>

struct lite;

/* A prepared statement; lru: latest used first. */
struct lite_statement {
    struct list lru;
    sqlite3_stmt *handle;
    char *sql; /* behind it */
    size_t len;
    uint64_t hash;
    bool is_reading;
    const cgw_model *model; /* whose columns these are, or NULL */
    int16_t *columns;
    int n_columns, n_prepared; /* when they were found */
};

/* What the thread that writes says all the time is prepared once. */
enum lite_word {
    LITE_BEGIN,
    LITE_COMMIT,
    LITE_SAVEPOINT,
    LITE_RELEASE,
    LITE_ROLLBACK_TO,
    LITE_N_WORDS
};

/* All but handle, which is changed below the lock, is its thread's. */
struct lite_connection {
    struct lite *lite;
    sqlite3 *handle; /* NULL: to be opened */
    struct list statements;
    uint32_t n_statements;
    sqlite3_stmt *words[LITE_N_WORDS];
    bool is_reader;            /* nothing is written through it */
    bool is_open_to_all;       /* statements of ours may do what those of applications may not */
    bool is_sick;              /* to be opened anew */
    uint64_t busy_until_us;    /* so long it waits for a lock */
    const struct sql_job *job; /* for which it waits, or NULL */
};

struct lite_thread {
    struct lite *lite;
    struct lite_connection connection;
    pthread_t id;
    bool is_started;
    pthread_cond_t wake;
    /* below the lock: */
    struct list idle;          /* among those, or alone */
    struct sql_job *running;   /* whose statement runs, or NULL */
    uint64_t until_us;         /* so long it may; 0: for ever */
    struct sql_cursor *cursor; /* that it holds, or NULL */
};

struct lite {
    cgw_db db;
    struct cgw_db_options options;
    char *path;
    int open_flags;
    int64_t max_pages; /* 0: as many as there is room for */
    bool is_in_memory, is_read_only;
    struct lite_thread writer, *readers;
    struct lite_thread keeper;
    atomic_uint n_statements;

    pthread_mutex_t lock;
    struct list reads, cursors, writes; /* jobs, first come, first served */
    struct list idle;                   /* readers, latest first: its caches are warm */
    uint32_t n_queued, n_cursors, n_busy, n_readers;
    uint64_t n_submitted;
    bool is_closing;          /* who reads ends; */
    bool is_read, is_written; /* then who writes, as readers hand on to it; then who keeps time */
    bool is_writer_idle, is_keeper_idle;
    bool is_writer_stopped;         /* it begins nothing until the keeper has done with the log */
    uint32_t wal_pages, kept_pages; /* of the log; of those, in the file already */
    struct cgw_db_status counts;    /* what is only counted */
};

extern const struct sql_driver lite_driver;

static inline struct lite *lite_of(cgw_db *db)
{
    return list_owner(db, struct lite, db);
}
uint64_t lite_now_us(void);
/* Seconds of an option; 0 or less: 0. */
uint64_t lite_us(double seconds);

/* ---- lite.c; below the lock where it says so ---- */

/* The first of a queue, taken, or NULL. [locked] */
struct sql_job *lite_take(struct lite_thread *thread, struct list *queue);
/* Its statement has ended. [locked] */
void lite_let_go(struct lite_thread *thread);
/* Count what came of it. [locked] */
void lite_count(struct lite *lite, const struct sql_job *job);
/* Count it, and tell the asker: the job is gone behind it. */
void lite_answer(struct lite *lite, struct sql_job *job);
/* Wait until wake, or so long (0: for ever). [locked] */
void lite_sleep(struct lite_thread *thread, uint64_t until_us);
/* Its running job is canceled. [locked] */
void lite_interrupt(struct lite_thread *thread, int reason);

/* ---- lite_url.c ---- */

/* "items.db?mode=ro&max_pages=9" into path, flags and max_pages. CGW_OK, or a code and the text
 * why. */
int lite_url(struct lite *lite, const char *rest, char *ret_error, size_t error_bytes);

/* ---- lite_code.c ---- */

/* Of job->reason: its statement took too long. */
enum { LITE_OVERDUE = -1001 };
/* It is canceled, and job->code says why. */
bool lite_reason(struct sql_job *job);

/* What a result of SQLite's is to us. [the connection's thread] */
int lite_code(sqlite3 *handle, int result);
/* The same of the connection's last call: the job says why, and a sick connection is marked. */
int lite_fail(struct lite_connection *connection, struct sql_job *job, int result);

/* ---- lite_connection.c ---- */

void lite_connection_init(struct lite_connection *connection, struct lite *lite, bool is_reader);
/* Open, where it is not, is sick, or the file is another one now. CGW_OK, or a code and job says
   why. */
int lite_connection_open(struct lite_connection *connection, struct sql_job *job);
void lite_connection_close(struct lite_connection *connection);
/* Prepared, perhaps before. CGW_OK or a code, and job says why. */
int lite_connection_prepare(struct lite_connection *connection, struct sql_job *job,
                            struct lite_statement **ret_statement);
/* One of ours, without rows: a result of SQLite's. */
int lite_connection_do(struct lite_connection *connection, const char *sql);
int lite_connection_say(struct lite_connection *connection, enum lite_word word);

/* ---- lite_statement.c ---- */

/* Its parameters, from the job's. CGW_OK or a code. */
int lite_statement_bind(struct lite_connection *connection, struct lite_statement *statement,
                        struct sql_job *job);
/* Run on, until its end or the end of a batch: *ret_more. job->code says what came of it. */
void lite_statement_step(struct lite_connection *connection, struct lite_statement *statement,
                         struct sql_job *job, bool *ret_more);
/* All of it: job->code. false: it writes, and the connection does not. */
bool lite_statement_run(struct lite_connection *connection, struct sql_job *job);

/* ---- threads ---- */

void *lite_read(void *thread);
void *lite_write(void *thread);
void *lite_keep(void *thread);
/* The commits of this connection are heard of by the keeper. */
void lite_keep_watch(struct lite_connection *connection);
/* Begin, and the end of it: CGW_OK, or a code and the job says why. [writer] */
int lite_write_begin(struct lite_connection *connection, struct sql_job *job);
int lite_write_end(struct lite_connection *connection, struct sql_job *job);
/* Take back all of it, where that has not happened yet. [writer] */
void lite_write_undo(struct lite_connection *connection);
/* ---- lite_transact.c ---- */

int lite_transact(cgw_db *db, cgw_request *req, cgw_transaction_fn *fn, void *arg, char *ret_error,
                  const struct cgw_site *site);
void lite_run(cgw_db *db, struct sql_job *job);

/* ---- lite_migrate.c ---- */

/* .schema and .migrations. CGW_OK, or a code and the text why. */
int lite_migrate(struct lite_connection *connection, char *ret_error, size_t error_bytes);
#endif
