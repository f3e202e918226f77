/* A connection to the file, with the statements that were prepared on it. One thread uses it. */
#include "base/memory.h"
#include "lite.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

void lite_connection_init(struct lite_connection *connection, struct lite *lite, bool is_reader)
{
    *connection = (struct lite_connection){.lite = lite, .is_reader = is_reader};
    list_init(&connection->statements);
}

/* ---- locks of other processes ---- */

/* Wait a little longer each time, as long as the job may. */
static int wait_for_lock(void *arg, int n)
{
    static const unsigned pauses_ms[] = {1, 1, 2, 5, 10, 15, 20, 25};
    const struct lite_connection *connection = arg;
    unsigned ms = pauses_ms[n < 8 ? n : 7];
    struct timespec pause = {.tv_nsec = (long)ms * 1000000};
    if (lite_now_us() + ms * 1000 > connection->busy_until_us)
        return 0;
    if (connection->job && atomic_load(&connection->job->reason))
        return 0;
    nanosleep(&pause, NULL);
    return 1;
}

/* ---- what applications may do ---- */

static bool is_harmless(const char *pragma, const char *argument)
{
    static const char *const harmless[] = {
        "table_info",        "table_xinfo",      "table_list",        "index_list",  "index_info",
        "index_xinfo",       "foreign_key_list", "integrity_check",   "quick_check", "optimize",
        "foreign_key_check", "compile_options",  "defer_foreign_keys"};
    for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
        if (sqlite3_stricmp(pragma, harmless[i]) == 0)
            return true;
    return !argument; /* a question */
}

/* Transactions are the threads', and so is what a connection is set to. */
static int authorize(void *arg, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    const struct lite_connection *connection = arg;
    (void)database, (void)trigger;
    if (connection->is_open_to_all)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
        return SQLITE_DENY;
    case SQLITE_PRAGMA:
        return is_harmless(first, second) ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_OK;
    }
}

/* ---- open ---- */

int lite_connection_do(struct lite_connection *connection, const char *sql)
{
    bool was_open = connection->is_open_to_all;
    connection->is_open_to_all = true;
    int result = sqlite3_exec(connection->handle, sql, NULL, NULL, NULL);
    connection->is_open_to_all = was_open;
    return result;
}

static int prepare_word(struct lite_connection *connection, enum lite_word word)
{
    static const char *const words[LITE_N_WORDS] = {[LITE_BEGIN] = "BEGIN IMMEDIATE",
                                                    [LITE_COMMIT] = "COMMIT",
                                                    [LITE_SAVEPOINT] = "SAVEPOINT job",
                                                    [LITE_RELEASE] = "RELEASE job",
                                                    [LITE_ROLLBACK_TO] = "ROLLBACK TO job"};
    return sqlite3_prepare_v3(connection->handle, words[word], -1, SQLITE_PREPARE_PERSISTENT,
                              &connection->words[word], NULL);
}

/* SQLite may prepare it again, when the schema has changed. */
int lite_connection_say(struct lite_connection *connection, enum lite_word word)
{
    int result = SQLITE_OK;
    bool was_open = connection->is_open_to_all;
    connection->is_open_to_all = true;
    if (!connection->words[word])
        result = prepare_word(connection, word);
    if (result == SQLITE_OK) {
        (void)sqlite3_step(connection->words[word]);
        result = sqlite3_reset(connection->words[word]);
    }
    connection->is_open_to_all = was_open;
    return result;
}

/* Several processes may do so at once, and SQLite does not wait for that lock by itself. */
static int set_wal(struct lite_connection *connection)
{
    int result;
    for (int n = 0;; n++) {
        result = lite_connection_do(connection, "PRAGMA journal_mode=WAL");
        if ((result & 0xff) != SQLITE_BUSY || !wait_for_lock(connection, n))
            return result;
    }
}

static int set_up(struct lite_connection *connection)
{
    const struct lite *lite = connection->lite;
    char text[64];
    int result = SQLITE_OK;
    bool is_writing = !connection->is_reader && !sqlite3_db_readonly(connection->handle, "main");
    if (!connection->is_reader)
        lite_keep_watch(connection);
    if (is_writing && !lite->is_in_memory)
        result = set_wal(connection);
    if (result == SQLITE_OK)
        result = lite_connection_do(connection, lite->options.durability == CGW_DB_NORMAL
                                                    ? "PRAGMA synchronous=NORMAL"
                                                    : "PRAGMA synchronous=FULL");
    if (result == SQLITE_OK)
        result = lite_connection_do(connection, connection->is_reader ? "PRAGMA query_only=ON"
                                                                      : "PRAGMA foreign_keys=ON");
    if (result == SQLITE_OK && is_writing && lite->max_pages) {
        snprintf(text, sizeof(text), "PRAGMA max_page_count=%lld", (long long)lite->max_pages);
        result = lite_connection_do(connection, text);
    }
    return result == SQLITE_OK ? lite_connection_do(connection, "SELECT 1 FROM sqlite_master")
                               : result;
}

/* Below the lock, as another thread may be about to interrupt. */
static void set_handle(struct lite_connection *connection, sqlite3 *handle)
{
    pthread_mutex_lock(&connection->lite->lock);
    connection->handle = handle;
    pthread_mutex_unlock(&connection->lite->lock);
}

/* Was the file deleted, or another put in its place? What is written to the old one is lost. */
static bool has_moved(struct lite_connection *connection)
{
    int moved = 0;
    (void)sqlite3_file_control(connection->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved;
}

int lite_connection_open(struct lite_connection *connection, struct sql_job *job)
{
    const struct lite *lite = connection->lite;
    sqlite3 *handle = NULL;
    int flags = lite->open_flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (connection->handle && !lite->is_in_memory && (connection->is_sick || has_moved(connection)))
        lite_connection_close(connection);
    if (connection->handle)
        return CGW_OK;
    connection->is_sick = false;
    int result = sqlite3_open_v2(lite->path, &handle, flags, NULL);
    set_handle(connection, handle);
    if (result == SQLITE_OK) {
        sqlite3_busy_handler(handle, wait_for_lock, connection);
        sqlite3_wal_autocheckpoint(handle, 0);
        sqlite3_set_authorizer(handle, authorize, connection);
        result = set_up(connection);
    }
    if (result == SQLITE_OK)
        return CGW_OK;
    (void)lite_fail(connection, job, result);
    lite_connection_close(connection);
    return job->code;
}

/* ---- prepared statements ---- */

static void forget(struct lite_connection *connection, struct lite_statement *statement)
{
    list_remove(&statement->lru);
    connection->n_statements--;
    atomic_fetch_sub(&connection->lite->n_statements, 1);
    sqlite3_finalize(statement->handle);
    memory_free(statement->columns);
    memory_free(statement);
}

void lite_connection_close(struct lite_connection *connection)
{
    sqlite3 *handle = connection->handle;
    while (!list_is_empty(&connection->statements))
        forget(connection, list_owner(connection->statements.next, struct lite_statement, lru));
    for (int i = 0; i < LITE_N_WORDS; i++) {
        sqlite3_finalize(connection->words[i]);
        connection->words[i] = NULL;
    }
    set_handle(connection, NULL);
    sqlite3_close_v2(handle);
}

static uint64_t hash_of(const char *sql, size_t len)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)sql[i]) * 1099511628211u;
    return hash;
}

static struct lite_statement *find(struct lite_connection *connection, const char *sql, size_t len,
                                   uint64_t hash)
{
    list_each (node, &connection->statements) {
        struct lite_statement *statement = list_owner(node, struct lite_statement, lru);
        if (statement->hash == hash && statement->len == len &&
            memcmp(statement->sql, sql, len) == 0)
            return statement;
    }
    return NULL;
}

/* In front of all others. */
static void use(struct lite_connection *connection, struct lite_statement *statement)
{
    list_remove(&statement->lru);
    list_append(connection->statements.next, &statement->lru);
}

static struct lite_statement *keep(struct lite_connection *connection, const char *sql, size_t len,
                                   uint64_t hash, sqlite3_stmt *handle)
{
    struct lite_statement *statement = memory_zalloc(sizeof(*statement) + len + 1);
    if (!statement)
        return NULL;
    statement->sql = (char *)(statement + 1);
    memcpy(statement->sql, sql, len + 1);
    statement->len = len;
    statement->hash = hash;
    statement->handle = handle;
    statement->is_reading = sqlite3_stmt_readonly(handle);
    list_init(&statement->lru);
    atomic_fetch_add(&connection->lite->n_statements, 1);
    if (connection->n_statements++ >= connection->lite->options.statements)
        forget(connection, list_owner(connection->statements.previous, struct lite_statement, lru));
    use(connection, statement);
    return statement;
}

/* Does another statement stand behind it? Blanks, semicolons and comments are none. */
static bool is_rest(struct lite_connection *connection, const char *tail)
{
    sqlite3_stmt *next = NULL;
    int result = SQLITE_OK;
    for (tail += strspn(tail, " \t\r\n;"); *tail && !next && result == SQLITE_OK;)
        result = sqlite3_prepare_v2(connection->handle, tail, -1, &next, &tail);
    sqlite3_finalize(next);
    return next || result != SQLITE_OK;
}

static int prepare(struct lite_connection *connection, struct sql_job *job, size_t len,
                   uint64_t hash, struct lite_statement **ret_statement)
{
    sqlite3_stmt *handle = NULL;
    const char *tail = "";
    int result = sqlite3_prepare_v3(connection->handle, job->sql, (int)len + 1,
                                    SQLITE_PREPARE_PERSISTENT, &handle, &tail);
    if (result != SQLITE_OK)
        return lite_fail(connection, job, result);
    if (!handle || is_rest(connection, tail)) {
        sqlite3_finalize(handle);
        return job->code = sql_job_fail(job, CGW_EINVAL, "%s",
                                        handle ? "more than one statement" : "no statement");
    }
    *ret_statement = keep(connection, job->sql, len, hash, handle);
    if (*ret_statement)
        return CGW_OK;
    sqlite3_finalize(handle);
    return job->code = CGW_ENOMEM;
}

int lite_connection_prepare(struct lite_connection *connection, struct sql_job *job,
                            struct lite_statement **ret_statement)
{
    size_t len = strlen(job->sql);
    uint64_t hash = hash_of(job->sql, len);
    struct lite_statement *statement = find(connection, job->sql, len, hash);
    if (len > 1000000)
        return job->code = sql_job_fail(job, CGW_ETOOBIG, "the statement is too long");
    if (!statement)
        return prepare(connection, job, len, hash, ret_statement);
    use(connection, statement);
    *ret_statement = statement;
    return CGW_OK;
}
