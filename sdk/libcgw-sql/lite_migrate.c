/*
 * The schema, before there are threads: .schema at each start, then the steps that the file has not
 * had yet. The number of the last one stands in the file (PRAGMA user_version), changed in the same
 * transaction; it is read again in each, as another worker may have been first.
 */
#include "lite.h"
#include <stdio.h>

struct migrating {
    struct lite_connection *connection;
    char *error;
    size_t error_bytes;
};

static int fail(const struct migrating *migrating, const char *what, int number, int result)
{
    sqlite3 *handle = migrating->connection->handle;
    int code = lite_code(handle, result);
    if (number)
        snprintf(migrating->error, migrating->error_bytes, "%s %d: %s", what, number,
                 sqlite3_errmsg(handle));
    else
        snprintf(migrating->error, migrating->error_bytes, "%s: %s", what, sqlite3_errmsg(handle));
    lite_write_undo(migrating->connection);
    return code;
}

static int read_version(struct migrating *migrating, int *ret_version)
{
    sqlite3_stmt *handle = NULL;
    int result =
        sqlite3_prepare_v2(migrating->connection->handle, "PRAGMA user_version", -1, &handle, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(handle);
    if (result == SQLITE_ROW)
        *ret_version = sqlite3_column_int(handle, 0);
    sqlite3_finalize(handle);
    return result == SQLITE_ROW ? CGW_OK : fail(migrating, "the version", 0, result);
}

static int write_version(struct migrating *migrating, int version)
{
    char text[64];
    snprintf(text, sizeof(text), "PRAGMA user_version=%d", version);
    return lite_connection_do(migrating->connection, text);
}

/* Steps run without foreign keys, so that a table can be made anew; but what they leave holds. */
static bool has_broken_keys(struct migrating *migrating)
{
    sqlite3_stmt *handle = NULL;
    (void)sqlite3_prepare_v2(migrating->connection->handle, "PRAGMA foreign_key_check", -1, &handle,
                             NULL);
    bool has = handle && sqlite3_step(handle) == SQLITE_ROW;
    sqlite3_finalize(handle);
    return has;
}

static int run_step(struct migrating *migrating, const struct cgw_migration *step)
{
    int result = lite_connection_do(migrating->connection, step->sql);
    if (result == SQLITE_OK && has_broken_keys(migrating)) {
        snprintf(migrating->error, migrating->error_bytes,
                 "migration %d: it leaves rows whose foreign keys are broken", step->number);
        lite_write_undo(migrating->connection);
        return CGW_ECONFLICT;
    }
    if (result == SQLITE_OK)
        result = write_version(migrating, step->number);
    return result == SQLITE_OK ? CGW_OK : fail(migrating, "migration", step->number, result);
}

/* In a transaction: unless another worker was first. */
static int make_step(struct migrating *migrating, const struct cgw_migration *step)
{
    int version = 0;
    int result = lite_connection_do(migrating->connection, "BEGIN IMMEDIATE");
    if (result != SQLITE_OK)
        return fail(migrating, "migration", step->number, result);
    int code = read_version(migrating, &version);
    if (code == CGW_OK && version < step->number)
        code = run_step(migrating, step);
    if (code != CGW_OK)
        return code;
    result = lite_connection_do(migrating->connection, "COMMIT");
    return result == SQLITE_OK ? CGW_OK : fail(migrating, "migration", step->number, result);
}

/* 1, 2, 3...: how many; -1: they are not. */
static int count_steps(const struct migrating *migrating, const struct cgw_migration *steps)
{
    int n = 0;
    while (steps[n].sql && steps[n].number == n + 1)
        n++;
    if (!steps[n].sql && steps[n].number == 0)
        return n;
    snprintf(migrating->error, migrating->error_bytes,
             "migration %d: it stands where %d should, or has no SQL", steps[n].number, n + 1);
    return -1;
}

static int make_steps(struct migrating *migrating, const struct cgw_migration *steps)
{
    int version = 0, n = count_steps(migrating, steps);
    if (n < 0)
        return CGW_EINVAL;
    int code = read_version(migrating, &version);
    if (code == CGW_OK && version > n) {
        snprintf(migrating->error, migrating->error_bytes,
                 "the file has been migrated to %d, but this program knows no more than %d: it is "
                 "older than the file",
                 version, n);
        code = CGW_EINVAL;
    }
    for (int i = version; code == CGW_OK && i < n; i++)
        code = make_step(migrating, &steps[i]);
    return code;
}

static int make_schema(struct migrating *migrating, const char *schema)
{
    int result = lite_connection_do(migrating->connection, "BEGIN IMMEDIATE");
    if (result == SQLITE_OK)
        result = lite_connection_do(migrating->connection, schema);
    if (result == SQLITE_OK)
        result = lite_connection_do(migrating->connection, "COMMIT");
    return result == SQLITE_OK ? CGW_OK : fail(migrating, "the schema", 0, result);
}

int lite_migrate(struct lite_connection *connection, char *ret_error, size_t error_bytes)
{
    struct migrating migrating = {connection, ret_error, error_bytes};
    const struct cgw_db_options *options = &connection->lite->options;
    int code = CGW_OK;
    if (lite_connection_do(connection, "PRAGMA foreign_keys=OFF") != SQLITE_OK)
        return fail(&migrating, "the schema", 0, sqlite3_errcode(connection->handle));
    if (options->schema && !connection->lite->is_read_only)
        code = make_schema(&migrating, options->schema);
    if (code == CGW_OK && options->migrations)
        code = make_steps(&migrating, options->migrations);
    if (code == CGW_OK)
        (void)lite_connection_do(connection, "PRAGMA foreign_keys=ON");
    return code;
}
