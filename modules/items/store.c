/* Connections, their statements, and the transactions around them. */
#include "store.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READERS = 8, BUSY_MS = 10000 };

enum statement {
    BEGIN_READ,
    BEGIN_WRITE,
    COMMIT,
    CREATE,
    READ,
    REPLACE,
    CHANGE,
    DELETE,
    LIST,
    COUNT,
    STATEMENTS
};

#define COLUMNS "id, name, price, tags"

static const char *const sql[STATEMENTS] = {
    [BEGIN_READ] = "BEGIN",
    [BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [CREATE] = "INSERT INTO items (name, price, tags) VALUES (?1, ?2, coalesce(?3, '[]'))"
               " RETURNING " COLUMNS,
    [READ] = "SELECT " COLUMNS " FROM items WHERE id = ?4",
    [REPLACE] = "UPDATE items SET name = ?1, price = ?2, tags = coalesce(?3, '[]') WHERE id = ?4"
                " RETURNING " COLUMNS,
    [CHANGE] = "UPDATE items SET name = coalesce(?1, name), price = coalesce(?2, price),"
               " tags = coalesce(?3, tags) WHERE id = ?4 RETURNING " COLUMNS,
    [DELETE] = "DELETE FROM items WHERE id = ?4 RETURNING " COLUMNS,
    [LIST] = "SELECT " COLUMNS " FROM items ORDER BY id LIMIT ?1 OFFSET ?2",
    [COUNT] = "SELECT count(*) FROM items",
};

static const char schema[] = "CREATE TABLE IF NOT EXISTS items ("
                             " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                             " name TEXT NOT NULL UNIQUE,"
                             " price REAL NOT NULL CHECK (price >= 0),"
                             " tags TEXT NOT NULL)";

/* One thread at a time uses it. */
struct conn {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS]; /* prepared when first used */
    struct conn *next;                    /* in the list of idle readers */
};

struct store {
    char *path;
    pthread_mutex_t write_lock; /* whoever uses writer */
    struct conn *writer;
    pthread_mutex_t lock; /* the two below */
    pthread_cond_t came_back;
    struct conn *idle;
    unsigned n_readers; /* idle or in use, at most READERS */
};

/* ---- one connection ---- */

static enum store_result result_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return STORE_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STORE_BUSY;
    case SQLITE_FULL:
        return STORE_FULL;
    case SQLITE_READONLY:
        return STORE_READONLY;
    case SQLITE_NOMEM:
        return STORE_NOMEM;
    default:
        return STORE_IO;
    }
}

static enum store_result failed(struct conn *conn, int rc, struct store_use *use)
{
    if (rc == SQLITE_CONSTRAINT_UNIQUE)
        return STORE_CONFLICT;
    snprintf(use->message, sizeof(use->message), "%s (SQLite's %d)",
             conn && conn->db ? sqlite3_errmsg(conn->db) : sqlite3_errstr(rc), rc);
    return result_of(rc);
}

static void conn_close(struct conn *conn)
{
    if (!conn)
        return;
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(conn->statements[i]);
    sqlite3_close(conn->db);
    free(conn);
}

/* FULL: a commit that was answered survives a power failure. */
static int configure(sqlite3 *db)
{
    sqlite3_extended_result_codes(db, 1);
    int rc = sqlite3_busy_timeout(db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    return rc;
}

static enum store_result conn_open(const char *path, int flags, struct store_use *use,
                                   struct conn **ret_conn)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    if (!conn)
        return failed(NULL, SQLITE_NOMEM, use);
    flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &conn->db, flags, NULL);
    if (rc == SQLITE_OK)
        rc = configure(conn->db);
    if (rc != SQLITE_OK) {
        enum store_result result = failed(conn, rc, use);
        conn_close(conn);
        return result;
    }
    *ret_conn = conn;
    return STORE_OK;
}

/* ---- one statement ---- */

/* The statement, ready to be bound; NULL and *ret_rc where it cannot be prepared. */
static sqlite3_stmt *prepared(struct conn *conn, enum statement which, int *ret_rc)
{
    sqlite3_stmt **statement = &conn->statements[which];
    if (!*statement)
        *ret_rc = sqlite3_prepare_v3(conn->db, sql[which], -1, SQLITE_PREPARE_PERSISTENT, statement,
                                     NULL);
    return *statement;
}

static struct model_row row_of(sqlite3_stmt *statement)
{
    struct model_row row = {.id = sqlite3_column_int64(statement, 0)};
    row.name = (const char *)sqlite3_column_text(statement, 1);
    row.name_len = sqlite3_column_bytes(statement, 1);
    row.price = sqlite3_column_double(statement, 2);
    row.tags = (const char *)sqlite3_column_text(statement, 3);
    return row;
}

/* Step through the rows of a statement that is bound. *ret_rows counts them. */
static enum store_result step(struct conn *conn, sqlite3_stmt *statement, struct store_use *use,
                              unsigned *ret_rows)
{
    enum store_result result = STORE_OK;
    unsigned rows = 0;
    int rc = SQLITE_ROW;
    while (result == STORE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct model_row row = row_of(statement);
        rows++;
        if (!row.name || !row.tags || use->row(&row, use->arg) != 0)
            result = failed(NULL, SQLITE_NOMEM, use);
    }
    if (result == STORE_OK && rc != SQLITE_DONE)
        result = failed(conn, rc, use);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    *ret_rows = rows;
    return result;
}

/* A statement without parameters and rows. */
static enum store_result just(struct conn *conn, enum statement which, struct store_use *use)
{
    unsigned rows;
    int rc = SQLITE_OK;
    sqlite3_stmt *statement = prepared(conn, which, &rc);
    return statement ? step(conn, statement, use, &rows) : failed(conn, rc, use);
}

/* After an error SQLite may have rolled back on its own. */
static void roll_back(struct conn *conn)
{
    if (!sqlite3_get_autocommit(conn->db))
        sqlite3_exec(conn->db, "ROLLBACK", NULL, NULL, NULL);
}

/* What an earlier request could not roll back, for want of memory, is rolled back now. */
static enum store_result begin(struct conn *conn, enum statement which, struct store_use *use)
{
    roll_back(conn);
    return just(conn, which, use);
}

/* Only what the model has; the rest stays NULL, which the SQL knows what to do with. */
static int bind(sqlite3_stmt *statement, int64_t id, const struct model *model)
{
    int rc = SQLITE_OK;
    if (model && model->has_name)
        rc = sqlite3_bind_text(statement, 1, model->name, model->name_len, SQLITE_STATIC);
    if (rc == SQLITE_OK && model && model->has_price)
        rc = sqlite3_bind_double(statement, 2, model->price);
    if (rc == SQLITE_OK && model && model->has_tags)
        rc = sqlite3_bind_text(statement, 3, model->tags, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK && id)
        rc = sqlite3_bind_int64(statement, 4, id);
    return rc;
}

/* One statement about one item; no row means that it is not there. */
static enum store_result one(struct conn *conn, enum statement which, struct store_use *use,
                             int64_t id, const struct model *model)
{
    unsigned rows = 0;
    int rc = SQLITE_OK;
    sqlite3_stmt *statement = prepared(conn, which, &rc);
    if (statement)
        rc = bind(statement, id, model);
    if (rc != SQLITE_OK)
        return failed(conn, rc, use);
    enum store_result result = step(conn, statement, use, &rows);
    return result == STORE_OK && rows == 0 ? STORE_ABSENT : result;
}

/* ---- writing ---- */

/* The lock of the file is taken at the beginning, so that no transaction has to be given up in the
   middle because somebody else wrote meanwhile. */
static enum store_result write_one(struct store *store, enum statement which, struct store_use *use,
                                   int64_t id, const struct model *model)
{
    pthread_mutex_lock(&store->write_lock);
    struct conn *conn = store->writer;
    enum store_result result = begin(conn, BEGIN_WRITE, use);
    if (result == STORE_OK)
        result = one(conn, which, use, id, model);
    if (result == STORE_OK)
        result = just(conn, COMMIT, use);
    if (result != STORE_OK)
        roll_back(conn);
    pthread_mutex_unlock(&store->write_lock);
    return result;
}

enum store_result store_create(struct store *store, struct store_use *use,
                               const struct model *model)
{
    return write_one(store, CREATE, use, 0, model);
}

enum store_result store_replace(struct store *store, struct store_use *use, int64_t id,
                                const struct model *model)
{
    return write_one(store, REPLACE, use, id, model);
}

enum store_result store_change(struct store *store, struct store_use *use, int64_t id,
                               const struct model *model)
{
    return write_one(store, CHANGE, use, id, model);
}

enum store_result store_delete(struct store *store, struct store_use *use, int64_t id)
{
    return write_one(store, DELETE, use, id, NULL);
}

/* ---- reading ---- */

/* A reader of one's own, until it is put: an idle one, a new one, or the next to come back. */
static enum store_result get_reader(struct store *store, struct store_use *use,
                                    struct conn **ret_conn)
{
    pthread_mutex_lock(&store->lock);
    while (!store->idle && store->n_readers == READERS)
        pthread_cond_wait(&store->came_back, &store->lock);
    struct conn *conn = store->idle;
    if (conn)
        store->idle = conn->next;
    else
        store->n_readers++;
    pthread_mutex_unlock(&store->lock);
    if (conn) {
        *ret_conn = conn;
        return STORE_OK;
    }
    enum store_result result = conn_open(store->path, 0, use, ret_conn);
    if (result == STORE_OK)
        return STORE_OK;
    pthread_mutex_lock(&store->lock);
    store->n_readers--;
    pthread_cond_signal(&store->came_back);
    pthread_mutex_unlock(&store->lock);
    return result;
}

static void put_reader(struct store *store, struct conn *conn)
{
    pthread_mutex_lock(&store->lock);
    conn->next = store->idle;
    store->idle = conn;
    pthread_cond_signal(&store->came_back);
    pthread_mutex_unlock(&store->lock);
}

enum store_result store_read(struct store *store, struct store_use *use, int64_t id)
{
    struct conn *conn = NULL;
    enum store_result result = get_reader(store, use, &conn);
    if (!conn)
        return result;
    result = one(conn, READ, use, id, NULL);
    put_reader(store, conn);
    return result;
}

static enum store_result count(struct conn *conn, struct store_use *use, int64_t *ret_total)
{
    int rc = SQLITE_OK;
    sqlite3_stmt *statement = prepared(conn, COUNT, &rc);
    if (!statement)
        return failed(conn, rc, use);
    rc = sqlite3_step(statement);
    enum store_result result = rc == SQLITE_ROW ? STORE_OK : failed(conn, rc, use);
    if (result == STORE_OK)
        *ret_total = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return result;
}

static enum store_result list(struct conn *conn, struct store_use *use, int64_t limit,
                              int64_t offset)
{
    unsigned rows;
    int rc = SQLITE_OK;
    sqlite3_stmt *statement = prepared(conn, LIST, &rc);
    if (statement)
        rc = sqlite3_bind_int64(statement, 1, limit);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, 2, offset);
    return rc == SQLITE_OK ? step(conn, statement, use, &rows) : failed(conn, rc, use);
}

enum store_result store_list(struct store *store, struct store_use *use, int64_t limit,
                             int64_t offset, int64_t *ret_total)
{
    struct conn *conn = NULL;
    enum store_result result = get_reader(store, use, &conn);
    if (!conn)
        return result;
    result = begin(conn, BEGIN_READ, use);
    if (result == STORE_OK)
        result = count(conn, use, ret_total);
    if (result == STORE_OK)
        result = list(conn, use, limit, offset);
    if (result == STORE_OK)
        result = just(conn, COMMIT, use);
    if (result != STORE_OK)
        roll_back(conn);
    put_reader(store, conn);
    return result;
}

/* ---- open and close ---- */

/* A table of that name which is not ours fails here, and not at the first request. */
static enum store_result check_schema(struct conn *conn, struct store_use *use)
{
    enum store_result result = begin(conn, BEGIN_WRITE, use);
    if (result != STORE_OK)
        return result;
    int rc = sqlite3_exec(conn->db, schema, NULL, NULL, NULL);
    for (int i = 0; rc == SQLITE_OK && i < STATEMENTS; i++)
        prepared(conn, (enum statement)i, &rc);
    if (rc == SQLITE_OK)
        return just(conn, COMMIT, use);
    result = failed(conn, rc, use);
    roll_back(conn);
    return result;
}

enum store_result store_open(const char *path, struct store_use *use, struct store **ret_store)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store || !(store->path = strdup(path))) {
        free(store);
        return failed(NULL, SQLITE_NOMEM, use);
    }
    pthread_mutex_init(&store->write_lock, NULL);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->came_back, NULL);
    enum store_result result = conn_open(path, SQLITE_OPEN_CREATE, use, &store->writer);
    if (result == STORE_OK)
        result = check_schema(store->writer, use);
    if (result == STORE_OK)
        *ret_store = store;
    else
        store_close(store);
    return result;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    for (struct conn *next, *conn = store->idle; conn; conn = next) {
        next = conn->next;
        conn_close(conn);
    }
    conn_close(store->writer); /* the last one, which folds the log into the file */
    pthread_cond_destroy(&store->came_back);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->write_lock);
    free(store->path);
    free(store);
}
