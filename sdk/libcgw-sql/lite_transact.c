/*
 * Functions of applications in a transaction: the second half of their task is lent the thread that
 * writes. Until it is lent it may be taken back, or be too late; from then on a cancel interrupts
 * the statement that runs, and refuses all that come.
 */
#include "lite.h"
#include "web/request.h"
#include <string.h>

struct transaction {
    cgw_db db; /* what fn is given */
    struct lite *lite;
    struct sql_job job;    /* in the queue; then that of the whole */
    struct sql_job *inner; /* of its statement; below the lock */
    cgw_request *req;
    cgw_transaction_fn *fn;
    void *arg;
    int undone; /* why SQLite has rolled it back by itself, or we shall; 0: it goes on */
};

static struct transaction *transaction_of(cgw_db *db)
{
    return list_owner(db, struct transaction, db);
}

/* ---- on the thread that writes ---- */

/* inner NULL: none of its statements runs. */
static void set_running(struct transaction *tx, struct sql_job *inner)
{
    struct lite *lite = tx->lite;
    struct lite_thread *thread = &lite->writer;
    uint64_t timeout_us = lite_us(lite->options.timeout);
    pthread_mutex_lock(&lite->lock);
    if (!thread->running)
        lite->n_busy++;
    tx->inner = inner;
    thread->running = inner ? inner : &tx->job;
    thread->until_us = inner && timeout_us ? lite_now_us() + timeout_us : 0;
    pthread_mutex_unlock(&lite->lock);
}

static void let_go(struct transaction *tx)
{
    pthread_mutex_lock(&tx->lite->lock);
    tx->inner = NULL;
    lite_let_go(&tx->lite->writer);
    pthread_mutex_unlock(&tx->lite->lock);
}

/* Was the whole canceled, or undone by what went wrong before? */
static bool is_refused(struct transaction *tx, struct sql_job *job)
{
    if (lite_reason(&tx->job))
        job->code = tx->job.code;
    else if (tx->undone)
        job->code = sql_job_fail(job, tx->undone, "a statement before has undone the transaction");
    return job->code < 0;
}

void lite_run(cgw_db *db, struct sql_job *job)
{
    struct transaction *tx = transaction_of(db);
    struct lite_connection *connection = &tx->lite->writer.connection;
    if (is_refused(tx, job))
        return;
    int64_t before = sqlite3_total_changes64(connection->handle);
    connection->job = job;
    set_running(tx, job);
    (void)lite_statement_run(connection, job);
    set_running(tx, NULL);
    connection->job = &tx->job;
    bool has_written = sqlite3_total_changes64(connection->handle) != before;
    if (sqlite3_get_autocommit(connection->handle))
        tx->undone = job->code < 0 ? job->code : CGW_EIO;
    else if (job->code < 0 && has_written) /* it says that it has not: then nobody has */
        tx->undone = job->code;
}

/* What fn answers, unless the whole was canceled or undone meanwhile. */
static int call_function(struct transaction *tx)
{
    sql_transaction = &tx->db;
    int code = tx->fn(tx->req, &tx->db, tx->arg);
    sql_transaction = NULL;
    if (tx->undone && code >= 0)
        code = tx->undone;
    return code >= 0 && lite_reason(&tx->job) ? tx->job.code : code;
}

static int run_whole(struct transaction *tx)
{
    struct lite_connection *connection = &tx->lite->writer.connection;
    set_running(tx, NULL);
    int code = lite_write_begin(connection, &tx->job);
    if (code == CGW_OK)
        code = call_function(tx);
    let_go(tx);
    connection->job = NULL; /* a commit is not broken off */
    if (code < 0) {
        lite_write_undo(connection);
        return code;
    }
    int status = lite_write_end(connection, &tx->job);
    return status == CGW_OK ? code : status;
}

static int whole(void *arg)
{
    struct transaction *tx = arg;
    struct lite *lite = tx->lite;
    int code = tx->job.code < 0 ? tx->job.code : run_whole(tx);
    tx->job.code = code;
    pthread_mutex_lock(&lite->lock);
    lite_count(lite, &tx->job);
    pthread_mutex_unlock(&lite->lock);
    return code;
}

/* ---- on the loop ---- */

static int give(void *arg, void (*run)(void *job), void *job)
{
    struct transaction *tx = arg;
    tx->job.run = run;
    tx->job.run_arg = job;
    return lite_driver.submit(&tx->lite->db, &tx->job);
}

/* One that has not begun is out of the queue, or the writer finds that it is not to run. */
static void cancel(void *arg, bool has_begun)
{
    struct transaction *tx = arg;
    struct lite *lite = tx->lite;
    struct lite_thread *thread = &lite->writer;
    pthread_mutex_lock(&lite->lock);
    bool was_queued = !has_begun && tx->job.state == SQL_QUEUED;
    if (was_queued) {
        list_remove(&tx->job.link);
        lite->n_queued--;
    }
    atomic_store(&tx->job.reason, CGW_ECANCELED);
    if (has_begun && thread->running &&
        (thread->running == tx->inner || thread->running == &tx->job))
        lite_interrupt(thread, CGW_ECANCELED);
    pthread_mutex_unlock(&lite->lock);
    if (was_queued)
        tx->job.run(tx->job.run_arg);
}

int lite_transact(cgw_db *db, cgw_request *req, cgw_transaction_fn *fn, void *arg, char *ret_error,
                  const struct cgw_site *site)
{
    struct transaction tx = {.db = {.driver = &lite_driver, .is_transaction = true},
                             .lite = lite_of(db),
                             .job = {.what = SQL_RUN, .sql = "BEGIN"},
                             .req = req,
                             .fn = fn,
                             .arg = arg};
    const struct offload_giver giver = {give, cancel, &tx};
    int code = task_offload_to(task_here(), &giver, whole, &tx, site);
    memcpy(ret_error, tx.job.error, SQL_ERROR_BYTES);
    return code;
}
