/*
 * The thread that writes. Whoever waits when it begins a transaction, or while it works in one, is
 * taken into it, each in a savepoint, and all are answered behind one commit: what a commit costs
 * is shared by as many as are there, without anybody waiting for others to come.
 *
 * A statement that SQLite answers by rolling back all (one that was interrupted, mostly) is
 * answered so; those before it were not answered yet, and are run again, as if they came now.
 */
#include "lite.h"

enum { GROUP_US = 20000 }; /* a commit is not put off for longer, where writes take their time */

/* ---- transactions ---- */

static bool is_in_transaction(const struct lite_connection *connection)
{
    return connection->handle && !sqlite3_get_autocommit(connection->handle);
}

void lite_write_undo(struct lite_connection *connection)
{
    if (is_in_transaction(connection))
        (void)lite_connection_do(connection, "ROLLBACK");
}

int lite_write_begin(struct lite_connection *connection, struct sql_job *job)
{
    const struct lite *lite = connection->lite;
    uint64_t until_us = job->since_us + lite_us(lite->options.acquire_timeout);
    connection->job = job;
    connection->busy_until_us = until_us;
    if (lite_connection_open(connection, job) != CGW_OK)
        return job->code;
    int result = lite->is_read_only ? lite_connection_do(connection, "BEGIN")
                                    : lite_connection_say(connection, LITE_BEGIN);
    return result == SQLITE_OK ? CGW_OK : lite_fail(connection, job, result);
}

static void count_commit(struct lite *lite, uint32_t n)
{
    pthread_mutex_lock(&lite->lock);
    lite->counts.commits++;
    lite->counts.writes += n;
    if (lite->counts.largest_group < n)
        lite->counts.largest_group = n;
    pthread_mutex_unlock(&lite->lock);
}

static int commit(struct lite_connection *connection, struct sql_job *job)
{
    int result = lite_connection_say(connection, LITE_COMMIT);
    if (result == SQLITE_OK)
        return CGW_OK;
    int code = lite_fail(connection, job, result);
    lite_write_undo(connection);
    return code;
}

int lite_write_end(struct lite_connection *connection, struct sql_job *job)
{
    int code = commit(connection, job);
    if (code == CGW_OK)
        count_commit(connection->lite, 1);
    return code;
}

/* ---- a group ---- */

struct group {
    struct lite_thread *thread;
    struct list jobs; /* that were run, in order */
    uint32_t n;
    uint64_t until_us;
};

static void let_go(struct lite_thread *thread)
{
    pthread_mutex_lock(&thread->lite->lock);
    lite_let_go(thread);
    pthread_mutex_unlock(&thread->lite->lock);
}

static int end_savepoint(struct lite_connection *connection, const struct sql_job *job)
{
    int result = SQLITE_OK;
    if (job->code < 0)
        result = lite_connection_say(connection, LITE_ROLLBACK_TO);
    return result == SQLITE_OK ? lite_connection_say(connection, LITE_RELEASE) : result;
}

/* Behind it either all of the job has happened, or nothing, or the transaction is no more. */
static void run_member(struct group *group, struct sql_job *job)
{
    struct lite_connection *connection = &group->thread->connection;
    connection->job = job;
    int result = lite_connection_say(connection, LITE_SAVEPOINT);
    if (result == SQLITE_OK)
        (void)lite_statement_run(connection, job);
    let_go(group->thread); /* an interrupt that came now would hit the end of the savepoint */
    if (result == SQLITE_OK && is_in_transaction(connection))
        result = end_savepoint(connection, job);
    if (result != SQLITE_OK) {
        if (job->code >= 0)
            (void)lite_fail(connection, job, result);
        lite_write_undo(connection); /* else the commit would take it along */
    }
    if (job->code >= 0 && !is_in_transaction(connection))
        job->code = CGW_EIO; /* it cannot be, and must not be run for ever */
    list_append(&group->jobs, &job->link);
    group->n++;
}

/* The next one that may come into the group. */
static struct sql_job *next_member(struct group *group)
{
    struct lite *lite = group->thread->lite;
    struct sql_job *job = NULL;
    if (group->n >= lite->options.max_group || lite_now_us() > group->until_us)
        return NULL;
    pthread_mutex_lock(&lite->lock);
    if (!list_is_empty(&lite->writes)) {
        const struct sql_job *first = list_owner(lite->writes.next, struct sql_job, link);
        if (first->what != SQL_RUN && !first->is_alone)
            job = lite_take(group->thread, &lite->writes);
    }
    pthread_mutex_unlock(&lite->lock);
    return job;
}

static struct sql_job *take_last(struct group *group)
{
    struct list *node = group->jobs.previous;
    if (node == &group->jobs)
        return NULL;
    list_remove(node);
    return list_owner(node, struct sql_job, link);
}

/* Nothing of it has happened: those that are not at fault come first again. */
static void start_over(struct group *group, bool are_alone)
{
    struct lite *lite = group->thread->lite;
    for (struct sql_job *job; (job = take_last(group));) {
        if (job->code < 0) {
            lite_answer(lite, job);
            continue;
        }
        sql_job_again(job);
        job->is_alone = are_alone;
        pthread_mutex_lock(&lite->lock);
        job->state = SQL_QUEUED;
        lite->n_queued++;
        list_append(lite->writes.next, &job->link);
        pthread_mutex_unlock(&lite->lock);
    }
}

static void answer_all(struct group *group, int code, const char *error)
{
    struct lite *lite = group->thread->lite;
    for (struct list *node; (node = list_take(&group->jobs));) {
        struct sql_job *job = list_owner(node, struct sql_job, link);
        if (code < 0 && job->code >= 0)
            job->code = sql_job_fail(job, code, "%s", error);
        lite_answer(lite, job);
    }
}

static void end_group(struct group *group)
{
    struct lite_connection *connection = &group->thread->connection;
    struct sql_job whole = {.sql = "COMMIT"};
    connection->job = NULL;
    int code = commit(connection, &whole);
    if (code == CGW_ECONFLICT && group->n > 1) { /* a deferred constraint: of one of them */
        start_over(group, true);
        return;
    }
    if (code == CGW_OK)
        count_commit(connection->lite, group->n);
    answer_all(group, code, whole.error);
}

static void run_group(struct lite_thread *thread, struct sql_job *job)
{
    struct group group = {.thread = thread, .until_us = lite_now_us() + GROUP_US};
    struct lite_connection *connection = &thread->connection;
    list_init(&group.jobs);
    if (lite_write_begin(connection, job) != CGW_OK) {
        let_go(thread);
        lite_answer(thread->lite, job);
        return;
    }
    bool is_alone = job->is_alone;
    do
        run_member(&group, job);
    while (is_in_transaction(connection) && !is_alone && (job = next_member(&group)));
    if (is_in_transaction(connection))
        end_group(&group);
    else
        start_over(&group, false);
}

/* ---- the thread ---- */

static struct sql_job *wait_for_job(struct lite_thread *thread)
{
    struct lite *lite = thread->lite;
    struct sql_job *job = NULL;
    while (lite->is_writer_stopped ||
           (!(job = lite_take(thread, &lite->writes)) && !lite->is_read)) {
        lite->is_writer_idle = true;
        if (lite->is_writer_stopped)
            pthread_cond_signal(&lite->keeper.wake);
        lite_sleep(thread, 0);
        lite->is_writer_idle = false;
    }
    return job;
}

void *lite_write(void *arg)
{
    struct lite_thread *thread = arg;
    struct lite *lite = thread->lite;
    for (;;) {
        pthread_mutex_lock(&lite->lock);
        struct sql_job *job = wait_for_job(thread);
        /* read below the lock: one that runs something may be taken back, and be gone */
        void (*run)(void *run_arg) = job && job->what == SQL_RUN ? job->run : NULL;
        void *run_arg = run ? job->run_arg : NULL;
        if (run)
            lite_let_go(thread);
        pthread_mutex_unlock(&lite->lock);
        if (!job)
            return NULL;
        if (run)
            run(run_arg);
        else
            run_group(thread, job);
        thread->connection.job = NULL;
    }
}
