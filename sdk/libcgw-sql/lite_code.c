/* SQLite's results as codes of ours. */
#include "lite.h"
#include <errno.h>

static int code_of_errno(int number, int otherwise)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return -ENOSPC;
    case EROFS:
        return -EROFS;
    case EACCES:
    case EPERM:
        return -EACCES;
    case ENOENT:
    case ENOTDIR:
        return CGW_ENOENT;
    default:
        return otherwise;
    }
}

/* Of the file, or of its log. */
static int errno_of(sqlite3 *handle, int which)
{
    sqlite3_file *file = NULL;
    int number = 0;
    (void)sqlite3_file_control(handle, "main", which, (void *)&file);
    if (file && file->pMethods)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number;
}

/* Which of them is looked for in turn, as SQLite may have called the system again since. */
static int code_of_io(sqlite3 *handle, int result)
{
    int code = result == SQLITE_IOERR_NOMEM ? CGW_ENOMEM : CGW_EIO;
    if (handle && code == CGW_EIO)
        code = code_of_errno(sqlite3_system_errno(handle), code);
    if (handle && code == CGW_EIO && (result & 0xff) == SQLITE_IOERR)
        code = code_of_errno(errno_of(handle, SQLITE_FCNTL_JOURNAL_POINTER), code);
    if (handle && code == CGW_EIO && (result & 0xff) == SQLITE_IOERR)
        code = code_of_errno(errno_of(handle, SQLITE_FCNTL_FILE_POINTER), code);
    return code;
}

int lite_code(sqlite3 *handle, int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return CGW_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return CGW_EBUSY;
    case SQLITE_CONSTRAINT:
        return CGW_ECONFLICT;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return code_of_io(handle, result);
    case SQLITE_PERM:
        return -EACCES;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EUCLEAN;
    case SQLITE_NOMEM:
        return CGW_ENOMEM;
    case SQLITE_INTERRUPT:
        return CGW_ECANCELED;
    case SQLITE_TOOBIG:
        return CGW_ETOOBIG;
    default:
        return CGW_EINVAL;
    }
}

static bool is_sick(int result)
{
    switch (result & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return true;
    default:
        return false;
    }
}

bool lite_reason(struct sql_job *job)
{
    int reason = atomic_load(&job->reason);
    if (reason == LITE_OVERDUE)
        job->code = sql_job_fail(job, CGW_ETIMEDOUT, "it ran for longer than .timeout");
    else if (reason)
        job->code = reason;
    return reason;
}

int lite_fail(struct lite_connection *connection, struct sql_job *job, int result)
{
    sqlite3 *handle = connection->handle;
    bool is_broken_off = (result & 0xff) == SQLITE_INTERRUPT || (result & 0xff) == SQLITE_BUSY;
    connection->is_sick |= is_sick(result);
    if (is_broken_off && lite_reason(job))
        return job->code;
    return job->code = sql_job_fail(job, lite_code(handle, result), "%s",
                                    handle ? sqlite3_errmsg(handle) : sqlite3_errstr(result));
}
