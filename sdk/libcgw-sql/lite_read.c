/* A thread that reads: jobs one by one; or, for a cursor, one statement batch by batch, as its
   consumer asks for them. */
#include "lite.h"

/* Cursors may be slow: one thread is left for the others, where there is more than one. */
static struct sql_job *take(struct lite_thread *thread)
{
    struct lite *lite = thread->lite;
    uint32_t most = lite->n_readers > 1 ? lite->n_readers - 1 : 1;
    struct sql_job *job = lite_take(thread, &lite->reads);
    if (!job && lite->n_cursors < most)
        job = lite_take(thread, &lite->cursors);
    if (job && job->cursor)
        lite->n_cursors++;
    return job;
}

static struct sql_job *wait_for_job(struct lite_thread *thread)
{
    struct lite *lite = thread->lite;
    struct sql_job *job;
    while (!(job = take(thread)) && !lite->is_closing) {
        list_remove(&thread->idle);
        list_append(lite->idle.next->previous == &lite->idle ? &lite->idle : lite->idle.next,
                    &thread->idle);
        lite_sleep(thread, 0);
    }
    list_remove(&thread->idle);
    return job;
}

/* Ready for the job: open, and patient as long as the job is. */
static bool get_ready(struct lite_thread *thread, struct sql_job *job)
{
    struct lite_connection *connection = &thread->connection;
    const struct lite *lite = thread->lite;
    connection->job = job;
    connection->busy_until_us = lite_now_us() + lite_us(lite->options.acquire_timeout);
    return lite_connection_open(connection, job) == CGW_OK;
}

/* Its asker goes on: the job is gone behind it. */
static void answer(struct lite_thread *thread, struct sql_job *job)
{
    struct lite *lite = thread->lite;
    pthread_mutex_lock(&lite->lock);
    lite_let_go(thread);
    lite->counts.reads++;
    lite_count(lite, job);
    pthread_mutex_unlock(&lite->lock);
    cgw_promise_set(&job->promise, job->code);
}

/* It began as one that reads, but it writes. */
static void hand_on(struct lite_thread *thread, struct sql_job *job)
{
    struct lite *lite = thread->lite;
    pthread_mutex_lock(&lite->lock);
    lite_let_go(thread);
    int reason = atomic_load(&job->reason);
    if (!reason) {
        job->state = SQL_QUEUED;
        lite->n_queued++;
        list_append(&lite->writes, &job->link);
        pthread_cond_signal(&lite->writer.wake);
    }
    pthread_mutex_unlock(&lite->lock);
    if (reason) {
        job->code = reason;
        cgw_promise_set(&job->promise, job->code);
    }
}

static void run_statement(struct lite_thread *thread, struct sql_job *job)
{
    if (get_ready(thread, job) && !lite_statement_run(&thread->connection, job))
        hand_on(thread, job);
    else
        answer(thread, job);
}

/* ---- cursors ---- */

/* The cursor is its consumer's alone from then on. */
static void end_cursor(struct lite_thread *thread, struct sql_cursor *cursor, int code)
{
    struct lite *lite = thread->lite;
    pthread_mutex_lock(&lite->lock);
    cursor->state = SQL_CURSOR_OVER;
    cursor->code = code;
    thread->cursor = NULL;
    pthread_mutex_unlock(&lite->lock);
}

static struct lite_statement *open_cursor(struct lite_thread *thread, struct sql_job *job)
{
    struct lite_statement *statement = NULL;
    struct lite_connection *connection = &thread->connection;
    if (!get_ready(thread, job) || lite_connection_prepare(connection, job, &statement) != CGW_OK)
        return NULL;
    if (!statement->is_reading) {
        job->code = sql_job_fail(job, CGW_EINVAL, "a cursor is for what only reads");
        return NULL;
    }
    return lite_statement_bind(connection, statement, job) == CGW_OK ? statement : NULL;
}

/* One batch. false: it was the last. */
static bool fill(struct lite_thread *thread, struct lite_statement *statement, struct sql_job *job)
{
    bool more = false;
    if (lite_reason(job))
        sqlite3_reset(statement->handle);
    else
        lite_statement_step(&thread->connection, statement, job, &more);
    if (!more)
        end_cursor(thread, job->cursor, job->code < 0 ? job->code : 0);
    answer(thread, job);
    return more;
}

/* The next batch that is asked for, taken; or NULL: the cursor was left, now or for too long. */
static struct sql_job *wait_for_batch(struct lite_thread *thread)
{
    struct lite *lite = thread->lite;
    uint64_t timeout_us = lite_us(lite->options.timeout);
    uint64_t until_us = lite_now_us() + lite_us(lite->options.cursor_timeout);
    while (thread->cursor && !thread->cursor->wanted && !lite->is_closing &&
           lite_now_us() < until_us)
        lite_sleep(thread, until_us);
    struct sql_job *job = thread->cursor ? thread->cursor->wanted : NULL;
    if (job) {
        thread->cursor->wanted = NULL;
        job->state = SQL_TAKEN;
        thread->running = job;
        thread->until_us = timeout_us ? lite_now_us() + timeout_us : 0;
        lite->n_busy++;
    } else if (thread->cursor) {
        thread->cursor->state = SQL_CURSOR_OVER;
        thread->cursor->code = lite->is_closing ? CGW_ECLOSED : CGW_ETIMEDOUT;
        thread->cursor = NULL;
    }
    return job;
}

static void hold_cursor(struct lite_thread *thread, struct sql_job *job)
{
    struct lite *lite = thread->lite;
    struct lite_statement *statement = open_cursor(thread, job);
    pthread_mutex_lock(&lite->lock);
    thread->cursor = job->cursor;
    job->cursor->thread = thread;
    job->cursor->state = SQL_CURSOR_HELD;
    pthread_mutex_unlock(&lite->lock);
    if (!statement) {
        end_cursor(thread, job->cursor, job->code);
        answer(thread, job);
        return;
    }
    while (job && fill(thread, statement, job)) {
        pthread_mutex_lock(&lite->lock);
        job = wait_for_batch(thread);
        pthread_mutex_unlock(&lite->lock);
    }
    sqlite3_reset(statement->handle);
}

/* One more cursor may be begun. */
static void is_free_again(struct lite *lite)
{
    pthread_mutex_lock(&lite->lock);
    lite->n_cursors--;
    struct list *node = list_is_empty(&lite->cursors) ? NULL : list_take(&lite->idle);
    if (node) /* as what reads comes first here */
        pthread_cond_signal(&list_owner(node, struct lite_thread, idle)->wake);
    pthread_mutex_unlock(&lite->lock);
}

void *lite_read(void *arg)
{
    struct lite_thread *thread = arg;
    struct lite *lite = thread->lite;
    for (;;) {
        pthread_mutex_lock(&lite->lock);
        struct sql_job *job = wait_for_job(thread);
        pthread_mutex_unlock(&lite->lock);
        if (!job)
            return NULL;
        if (job->cursor) {
            hold_cursor(thread, job);
            is_free_again(lite);
        } else {
            run_statement(thread, job);
        }
        thread->connection.job = NULL;
    }
}
