/*
 * Databases (libcgw-sql, pkg-config cgw-sql). One API by URL; today SQLite: "sqlite:items.db",
 * "sqlite::memory:". Statements run on threads of the database's own: one that writes, and commits
 * what many requests write at once together, and some that read. Who asks suspends.
 *
 *     static int start(cgw_boot *boot, App *app)
 *     {
 *         app->db = cgw_db_open(boot, "sqlite:items.db", .migrations = migrations);
 *         return app->db ? 0 : -1;
 *     }
 *
 *     CGW_GET(get_item, "/items/{id:int}", .reply = Item_model)
 *     {
 *         cgw_db *db = cgw_state(req, App)->db;
 *         Item item;
 *         int rows = cgw_one(req, db, Item, &item, "SELECT id, name FROM items WHERE id = ?",
 *                            cgw_path_i64(req, "id"));
 *         CGW_TRY(req, rows);
 *         return rows ? cgw_json(req, 200, Item, &item) : cgw_fail(req, 404, "no such item");
 *     }
 *
 * What all calls below may answer, besides what they say themselves; see cgw_sql(3):
 *
 *   CGW_ECONFLICT   a constraint forbids it: unique, foreign key, not null, check; 409 by .conflict
 *   CGW_EBUSY       .acquire_timeout is over: no thread was free, or another process has the lock
 *   CGW_ETIMEDOUT, CGW_ECANCELED, CGW_ECLOSED   a timeout is over, the task was canceled
 *   CGW_EINVAL      a mistake in the SQL or in its parameters; the log has it
 *   CGW_ETOOBIG     a text, a blob or a result is larger than is taken
 *   -EBADMSG        a row does not fit the model; the log says which column
 *   -ENOSPC, -EROFS, CGW_EIO, CGW_ENOENT, -EACCES, -EUCLEAN   disk or quota full, read-only, I/O
 *                   error, file missing, forbidden, corrupt
 *   CGW_ENOMEM
 * A write that answers an error has not happened.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_SQL_H
#define CGW_SQL_H
#include <cgw/lifespan.h>

/* A database, or, in the function of a transaction, that transaction: all calls take both. */
typedef struct cgw_db cgw_db;

/* ---- open and close ---- */

/* One step of a schema: {1, "CREATE TABLE ..."}, {2, "ALTER TABLE ..."}, {0}. sql: one statement or
   more. What was released once is never changed: what changes is the next step. */
struct cgw_migration {
    int number; /* 1, 2, 3... */
    const char *sql;
};

enum cgw_durability {
    CGW_DB_FULL = 0, /* what was answered survives a power cut */
    CGW_DB_NORMAL    /* it survives a crash of the worker; a power cut may take the latest */
};

struct cgw_db_options {
    const char *env;    /* the variable whose URL is taken in place of url, where it is set */
    const char *schema; /* statements for each start: CREATE TABLE IF NOT EXISTS...; NULL: none */
    const struct cgw_migration *migrations; /* NULL: none; see cgw_db_open(3) */
    double timeout;                         /* seconds a statement may run; 0: 30; < 0: for ever */
    double acquire_timeout;                 /* seconds to wait for a thread or a lock; 0: 5 */
    double cursor_timeout;                  /* seconds a cursor may hold its thread unread; 0: 30 */
    uint32_t readers;                       /* threads that read; 0: 4 */
    uint32_t statements;                    /* prepared ones kept by each thread; 0: 64 */
    uint32_t max_queue; /* calls that wait for a thread, then CGW_EBUSY at once; 0: 10000 */
    uint32_t max_group; /* writes in one commit; 0: 256; 1: each on its own */
    enum cgw_durability durability;
};
/*
 * Open, and bring the schema up to date; in the lifespan's start(), in each worker. SQLite's URLs
 * are "sqlite:PATH", relative to the working directory or not, and "sqlite::memory:", which is gone
 * at close; behind a path "?mode=ro" (read only), "?mode=rw" (the file must be there) and
 * "&max_pages=N" (a quota). NULL: boot has the text why, as cgw_boot_fail() takes it; boot may be
 * NULL: the text goes to the log. Suspends. [task]
 */
cgw_db *cgw__db_open(cgw_boot *boot, const char *url, struct cgw_db_options options) CGW_MUST_USE;
#define cgw_db_open(boot, url, ...) \
    cgw__db_open((boot), (url), (struct cgw_db_options){__VA_ARGS__})
/* What waits is carried out and answered, then the threads end. No task may use it any more. NULL
   is fine. Suspends. [task] */
void cgw_db_close(cgw_db *db);

/* ---- parameters: ?, ?1, :name in the SQL; never pasted into its text ---- */

enum cgw__sql_kind {
    CGW__SQL_NULL = 0,
    CGW__SQL_INTEGER,
    CGW__SQL_UNSIGNED,
    CGW__SQL_REAL,
    CGW__SQL_TEXT,
    CGW__SQL_BLOB,
    CGW__SQL_UUID,
    CGW__SQL_DATETIME
};
struct cgw__sql_value {
    enum cgw__sql_kind kind;
    union {
        int64_t integer;
        uint64_t unsigned_integer;
        double real;
        cgw_str bytes; /* ptr NULL: NULL */
        cgw_uuid uuid;
        cgw_datetime datetime;
    } u;
};
struct cgw__sql_values {
    const struct cgw__sql_value *items;
    size_t n;
};
/* A parameter that is a blob; ptr NULL: NULL. */
static inline struct cgw__sql_value cgw_blob(cgw_str bytes)
{
    return (struct cgw__sql_value){.kind = CGW__SQL_BLOB, .u.bytes = bytes};
}
static inline struct cgw__sql_value cgw__sql_value(struct cgw__sql_value value)
{
    return value;
}
static inline struct cgw__sql_value cgw__sql_integer(int64_t value)
{
    return (struct cgw__sql_value){.kind = CGW__SQL_INTEGER, .u.integer = value};
}
static inline struct cgw__sql_value cgw__sql_unsigned(uint64_t value)
{
    return (struct cgw__sql_value){.kind = CGW__SQL_UNSIGNED, .u.unsigned_integer = value};
}
static inline struct cgw__sql_value cgw__sql_real(double value)
{
    return (struct cgw__sql_value){.kind = CGW__SQL_REAL, .u.real = value};
}
static inline struct cgw__sql_value cgw__sql_text(cgw_str value)
{
    return (struct cgw__sql_value){.kind = CGW__SQL_TEXT, .u.bytes = value};
}
static inline struct cgw__sql_value cgw__sql_string(const char *value)
{
    return cgw__sql_text((cgw_str){value, value ? __builtin_strlen(value) : 0});
}
static inline struct cgw__sql_value cgw__sql_uuid(cgw_uuid value)
{
    return (struct cgw__sql_value){.kind = CGW__SQL_UUID, .u.uuid = value};
}
static inline struct cgw__sql_value cgw__sql_datetime(cgw_datetime value)
{
    return (struct cgw__sql_value){.kind = CGW__SQL_DATETIME, .u.datetime = value};
}
/* NULL itself; a pointer to anything else does not compile. */
static inline struct cgw__sql_value cgw__sql_null(const void *value)
{
    (void)value;
    return (struct cgw__sql_value){.kind = CGW__SQL_NULL};
}
/* Integers of all types, bool, double, float, const char * (NULL: NULL), cgw_str as text, cgw_uuid,
   cgw_datetime, cgw_blob(...), NULL. */
#define CGW__SQL(x) \
    _Generic((x), bool                                 \
             : cgw__sql_integer, char                  \
             : cgw__sql_integer, signed char           \
             : cgw__sql_integer, unsigned char         \
             : cgw__sql_integer, short                 \
             : cgw__sql_integer, unsigned short        \
             : cgw__sql_integer, int                   \
             : cgw__sql_integer, unsigned              \
             : cgw__sql_integer, long                  \
             : cgw__sql_integer, long long             \
             : cgw__sql_integer, unsigned long         \
             : cgw__sql_unsigned, unsigned long long   \
             : cgw__sql_unsigned, float                \
             : cgw__sql_real, double                   \
             : cgw__sql_real, char *                   \
             : cgw__sql_string, const char *           \
             : cgw__sql_string, cgw_str                \
             : cgw__sql_text, cgw_uuid                 \
             : cgw__sql_uuid, cgw_datetime             \
             : cgw__sql_datetime, struct cgw__sql_value \
             : cgw__sql_value, void *                  \
             : cgw__sql_null)(x)
#define CGW__SQL_0()
#define CGW__SQL_1(a)                                                                   , CGW__SQL(a)
#define CGW__SQL_2(a, ...)                                                              , CGW__SQL(a) CGW__SQL_1(__VA_ARGS__)
#define CGW__SQL_3(a, ...)                                                              , CGW__SQL(a) CGW__SQL_2(__VA_ARGS__)
#define CGW__SQL_4(a, ...)                                                              , CGW__SQL(a) CGW__SQL_3(__VA_ARGS__)
#define CGW__SQL_5(a, ...)                                                              , CGW__SQL(a) CGW__SQL_4(__VA_ARGS__)
#define CGW__SQL_6(a, ...)                                                              , CGW__SQL(a) CGW__SQL_5(__VA_ARGS__)
#define CGW__SQL_7(a, ...)                                                              , CGW__SQL(a) CGW__SQL_6(__VA_ARGS__)
#define CGW__SQL_8(a, ...)                                                              , CGW__SQL(a) CGW__SQL_7(__VA_ARGS__)
#define CGW__SQL_9(a, ...)                                                              , CGW__SQL(a) CGW__SQL_8(__VA_ARGS__)
#define CGW__SQL_10(a, ...)                                                             , CGW__SQL(a) CGW__SQL_9(__VA_ARGS__)
#define CGW__SQL_11(a, ...)                                                             , CGW__SQL(a) CGW__SQL_10(__VA_ARGS__)
#define CGW__SQL_12(a, ...)                                                             , CGW__SQL(a) CGW__SQL_11(__VA_ARGS__)
#define CGW__SQL_13(a, ...)                                                             , CGW__SQL(a) CGW__SQL_12(__VA_ARGS__)
#define CGW__SQL_14(a, ...)                                                             , CGW__SQL(a) CGW__SQL_13(__VA_ARGS__)
#define CGW__SQL_15(a, ...)                                                             , CGW__SQL(a) CGW__SQL_14(__VA_ARGS__)
#define CGW__SQL_16(a, ...)                                                             , CGW__SQL(a) CGW__SQL_15(__VA_ARGS__)
#define CGW__SQL_NTH(empty, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, count, ...) count
#define CGW__SQL_COUNT(...)                                                                      \
    CGW__SQL_NTH(empty, ##__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, \
                 end)
/* Up to 16. */
#define CGW__SQL_VALUES(...)                                                                 \
    ((struct cgw__sql_values){(const struct cgw__sql_value[]){cgw__sql_null(NULL) CGW__JOIN( \
                                  CGW__SQL_, CGW__SQL_COUNT(__VA_ARGS__))(__VA_ARGS__)} +    \
                                  1,                                                         \
                              CGW__SQL_COUNT(__VA_ARGS__)})

/*
 * ---- statements ----
 *
 * db: a database, or a transaction. req may be NULL outside of requests. What a result points to is
 * the request's memory, without one that of the task, as of cgw_parse(). One statement each; those
 * that only read run beside each other, all others one behind the other. All suspend. [task]
 */

/* The number of rows changed, or a code. */
int cgw__exec(cgw_request *req, cgw_db *db, const char *sql, struct cgw__sql_values values,
              const struct cgw_site *site) CGW_MUST_USE;
#define cgw_exec(req, db, sql, ...) \
    cgw__exec((req), (db), (sql), CGW__SQL_VALUES(__VA_ARGS__), CGW_HERE)
/* The same of an INSERT, and the rowid of its last row; id may be NULL, and is untouched by what
   inserts none. */
int cgw__insert(cgw_request *req, cgw_db *db, int64_t *ret_id, const char *sql,
                struct cgw__sql_values values, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_insert(req, db, id, sql, ...) \
    cgw__insert((req), (db), (id), (sql), CGW__SQL_VALUES(__VA_ARGS__), CGW_HERE)
/* Any statement whose parameters are the fields of a T: cgw_put(req, db, Item, &item, &id, "INSERT
   INTO items(name, price) VALUES (:name, :price)"). A field that is absent or null is NULL; lists
   and models are JSON text. id may be NULL. */
int cgw__put(cgw_request *req, cgw_db *db, const cgw_model *model, const void *object,
             int64_t *ret_id, const char *sql, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_put(req, db, T, p, id, sql) \
    cgw__put((req), (db), T##_model(), CGW__IS_A(T, p), (id), (sql), CGW_HERE)

/* The first row into *out, a T: each field takes the column of its name, or else of its alias.
   Other columns are ignored. 1; 0: there is none, *out is untouched; or a code. */
int cgw__one(cgw_request *req, cgw_db *db, const cgw_model *model, void *out, const char *sql,
             struct cgw__sql_values values, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_one(req, db, T, out, sql, ...) \
    cgw__one((req), (db), T##_model(),     \
             _Generic((out), T *           \
                      : (out)),            \
             (sql), CGW__SQL_VALUES(__VA_ARGS__), CGW_HERE)
/* All rows, up to 64 MiB of them (CGW_ETOOBIG): *items is an array of *n. CGW_OK or a code. For
   more there is cgw_select(). */
int cgw__all(cgw_request *req, cgw_db *db, const cgw_model *model, void *items, size_t *ret_n,
             const char *sql, struct cgw__sql_values values,
             const struct cgw_site *site) CGW_MUST_USE;
#define cgw_all(req, db, T, items, n, sql, ...) \
    cgw__all((req), (db), T##_model(), _Generic((items), T * * : (items)), (n), (sql), \
             CGW__SQL_VALUES(__VA_ARGS__), CGW_HERE)
/* The first column of the first row: *out is int64_t, int, double, bool, const char *, cgw_str
   (text), cgw_uuid or cgw_datetime. 1; 0: there is no row, or it is NULL, *out is untouched; or a
   code. */
int cgw__value(cgw_request *req, cgw_db *db, enum cgw_field_kind kind, void *out, const char *sql,
               struct cgw__sql_values values, const struct cgw_site *site) CGW_MUST_USE;
#define CGW__SQL_KIND(out) \
    _Generic((out), int64_t *          \
             : CGW_KIND_I64, int *     \
             : CGW_KIND_I32, double *  \
             : CGW_KIND_F64, bool *    \
             : CGW_KIND_BOOL, const char ** \
             : CGW_KIND_STR, cgw_str * \
             : CGW_KIND_TEXT, cgw_uuid * \
             : CGW_KIND_UUID, cgw_datetime * \
             : CGW_KIND_DATETIME)
#define cgw_value(req, db, out, sql, ...)                                                   \
    cgw__value((req), (db), CGW__SQL_KIND(out), (out), (sql), CGW__SQL_VALUES(__VA_ARGS__), \
               CGW_HERE)

/* ---- many rows, in flat memory ---- */

/*
 *     CGW_CURSOR(rows, req, db, Item, "SELECT id, name FROM items WHERE price < ?", limit);
 *     while ((more = cgw_fetch(rows, Item, &item)) > 0)
 *         ...
 *
 * A cursor sees the database as it is at its first cgw_fetch(), and holds a reading thread from
 * then on until it is closed, has come to its end, or was left unread for .cursor_timeout. Rows
 * come by the batch. In a transaction, and of a database in memory, all are read at once, as by
 * cgw_all(). NULL: out of memory, which cgw_fetch() says.
 */
typedef struct cgw_cursor cgw_cursor;
cgw_cursor *cgw__select(cgw_request *req, cgw_db *db, const cgw_model *model, const char *sql,
                        struct cgw__sql_values values, const struct cgw_site *site);
#define cgw_select(req, db, T, sql, ...) \
    cgw__select((req), (db), T##_model(), (sql), CGW__SQL_VALUES(__VA_ARGS__), CGW_HERE)
/* The next row into *out; what it points to lives until the next call. 1; 0: there is no more;
   CGW_ETIMEDOUT also: it was left unread for too long; or a code. Suspends. [task] */
int cgw__fetch(cgw_cursor *cursor, const cgw_model *model, void *out,
               const struct cgw_site *site) CGW_MUST_USE;
#define cgw_fetch(cursor, T, out) \
    cgw__fetch((cursor), T##_model(), _Generic((out), T * : (out)), CGW_HERE)
/* Give the thread back; before the request, or the task, ends. NULL is fine. [task] */
void cgw_cursor_close(cgw_cursor *cursor);
static inline void cgw__cursor_leave(cgw_cursor **cursor)
{
    cgw_cursor_close(*cursor);
}
/* One that is closed wherever its block is left. */
#define CGW_CURSOR(name, req, db, T, sql, ...) \
    CGW_CLEANUP(cgw__cursor_leave)             \
    cgw_cursor *name = cgw_select(req, db, T, sql, ##__VA_ARGS__)
/* All rows as a JSON list, streamed as cgw_rows() does, as fast as the client takes them. An error
   before the first row is a reply of its own. Suspends. [task] */
cgw_reply cgw__json_select(cgw_request *req, int status, cgw_db *db, const cgw_model *model,
                           const char *sql, struct cgw__sql_values values,
                           const struct cgw_site *site) CGW_MUST_USE;
#define cgw_json_select(req, status, db, T, sql, ...)                                         \
    cgw__json_select((req), (status), (db), T##_model(), (sql), CGW__SQL_VALUES(__VA_ARGS__), \
                     CGW_HERE)

/* ---- transactions ---- */

/*
 * Run fn(req, tx, arg) in a transaction (BEGIN IMMEDIATE), on the thread that writes: all calls
 * above take tx as their database, and do not suspend there. 0 or more: it was committed, and that
 * is the answer; a code of fn's: nothing of it has happened; a code as above where it could not be
 * begun or committed. All writers wait meanwhile: fn must not wait for anything else, nor use the
 * database but through tx (CGW_EINVAL). Suspends. [task]
 */
typedef int cgw_transaction_fn(cgw_request *req, cgw_db *tx, void *arg);
int cgw__transaction(cgw_request *req, cgw_db *db, cgw_transaction_fn *fn, void *arg,
                     const struct cgw_site *site) CGW_MUST_USE;
#define cgw_transaction(req, db, fn, arg) cgw__transaction((req), (db), (fn), (arg), CGW_HERE)

/* ---- health ---- */

struct cgw_db_status {
    uint32_t readers, busy; /* threads that read; those that work now, the writer too */
    uint32_t queued;        /* calls that wait for a thread */
    uint32_t largest_group; /* writes that one commit took, at most */
    uint32_t statements;    /* prepared ones that are kept */
    uint32_t wal_pages;     /* of the log of writes, when last committed */
    uint64_t reads, writes, commits, checkpoints;
    uint64_t errors;      /* calls that answered a code, canceled ones too */
    int last_code;        /* of the last one that was no CGW_ECONFLICT; 0: none */
    char last_error[160]; /* the same in SQLite's words; "" */
};
/* What it does now. Does not suspend. [any-thread] */
void cgw_db_status(cgw_db *db, struct cgw_db_status *ret_status);

#endif
