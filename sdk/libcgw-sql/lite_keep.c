/*
 * The thread that keeps the time: calls that have waited for too long, statements that run for too
 * long; and that moves the log of writes into the file, so that no request does. While nothing
 * happens it sleeps; else it looks around now and then, which spares every call a timer of its own.
 */
#include "lite.h"

enum {
    LOG_PAGES = 1000,      /* so many that are not in the file yet are moved there at once */
    LOG_PAGES_MAX = 16000, /* beyond that the log is to begin anew, whoever still reads it */
    QUIET_US = 500000,     /* what is in the log is moved when nothing has happened for so long */
    TICK_US = 50000,
    STOP_US = 50000,    /* so long for the thread that writes to come to an end, */
    RESTART_US = 10000, /* and then for those that read, and other processes; */
    RESTART_LONG_US = 50000,
    RESTART_PAUSE_US = 2000000 /* where it was in vain, not again for so long */
};

/* ---- what is late ---- */

static void expire(struct lite *lite, struct sql_job *job)
{
    void (*run)(void *arg) = job->what == SQL_RUN ? job->run : NULL;
    void *arg = job->run_arg;
    list_remove(&job->link);
    lite->n_queued--;
    job->state = SQL_TAKEN;
    job->code = sql_job_fail(job, CGW_EBUSY, "no thread was free for .acquire_timeout");
    if (!run)
        lite_count(lite, job);
    pthread_mutex_unlock(&lite->lock);
    if (run)
        run(arg); /* which finds the code */
    else
        cgw_promise_set(&job->promise, job->code);
    pthread_mutex_lock(&lite->lock);
}

/* The first are the oldest. [locked, but for a moment] */
static void expire_all(struct lite *lite, struct list *queue, uint64_t now_us)
{
    uint64_t timeout_us = lite_us(lite->options.acquire_timeout);
    while (!list_is_empty(queue)) {
        struct sql_job *job = list_owner(queue->next, struct sql_job, link);
        if (job->since_us + timeout_us > now_us)
            return;
        expire(lite, job);
    }
}

/* Also who was interrupted already: SQLite forgets that where its first step was yet to come. */
static void break_off(struct lite_thread *thread, uint64_t now_us)
{
    struct sql_job *job = thread->running;
    bool is_late = thread->until_us && thread->until_us < now_us;
    if (job && (is_late || atomic_load(&job->reason)))
        lite_interrupt(thread, LITE_OVERDUE);
}

static void see_to_the_late(struct lite *lite)
{
    uint64_t now_us = lite_now_us();
    break_off(&lite->writer, now_us);
    for (uint32_t i = 0; i < lite->n_readers; i++)
        break_off(&lite->readers[i], now_us);
    expire_all(lite, &lite->reads, now_us);
    expire_all(lite, &lite->cursors, now_us);
    expire_all(lite, &lite->writes, now_us);
}

/* ---- the log ---- */

/* On the thread that writes, behind each commit. */
static int committed(void *arg, sqlite3 *handle, const char *database, int pages)
{
    struct lite *lite = arg;
    (void)handle, (void)database;
    pthread_mutex_lock(&lite->lock);
    lite->wal_pages = (uint32_t)pages;
    if (lite->kept_pages > lite->wal_pages) /* it has begun anew */
        lite->kept_pages = 0;
    pthread_mutex_unlock(&lite->lock);
    return SQLITE_OK;
}

void lite_keep_watch(struct lite_connection *connection)
{
    sqlite3_wal_hook(connection->handle, committed, connection->lite);
}

/* true: all is in the file. */
static bool move_log(struct lite *lite, int mode, uint64_t patience_us)
{
    struct lite_connection *connection = &lite->keeper.connection;
    struct sql_job job = {.sql = "checkpoint"};
    int pages = 0, moved = 0;
    connection->busy_until_us = lite_now_us() + patience_us;
    if (lite_connection_open(connection, &job) != CGW_OK)
        return false;
    int result = sqlite3_wal_checkpoint_v2(connection->handle, NULL, mode, &pages, &moved);
    if (result != SQLITE_OK && (result & 0xff) != SQLITE_BUSY)
        (void)lite_fail(connection, &job, result);
    pthread_mutex_lock(&lite->lock);
    lite->counts.checkpoints += result == SQLITE_OK;
    lite->kept_pages = moved > 0 ? (uint32_t)moved : 0;
    if (result == SQLITE_OK && mode != SQLITE_CHECKPOINT_PASSIVE)
        lite->wal_pages = lite->kept_pages = 0;
    lite_count(lite, &job);
    pthread_mutex_unlock(&lite->lock);
    return result == SQLITE_OK;
}

struct keeping {
    uint64_t n_submitted, quiet_since_us, refused_us;
};

/* Pages that are in the log only. [locked] */
static uint32_t left_of(const struct lite *lite)
{
    return lite->wal_pages > lite->kept_pages ? lite->wal_pages - lite->kept_pages : 0;
}

/* Is there enough that can be moved beside those who write? [locked] */
static bool is_move_due(const struct lite *lite, bool is_quiet)
{
    uint32_t left = left_of(lite);
    if (lite->is_in_memory || lite->is_read_only)
        return false;
    return left > LOG_PAGES || (is_quiet && left);
}

/*
 * How long to wait for readers so that the log can begin anew; 0: it need not, or had better not.
 * To write where it was written before is much cheaper than to append, as the file system has
 * nothing to note down: so a log that has most of its pages in the file begins anew, unless a
 * cursor still reads it. [locked]
 */
static uint64_t restart_us(const struct lite *lite, const struct keeping *keeping)
{
    if (lite_now_us() < keeping->refused_us + RESTART_PAUSE_US)
        return 0;
    if (lite->wal_pages > LOG_PAGES_MAX)
        return RESTART_LONG_US;
    bool is_cheap = left_of(lite) <= LOG_PAGES && !lite->n_cursors;
    return lite->wal_pages > LOG_PAGES && is_cheap ? RESTART_US : 0;
}

/* Between two groups: else it would have SQLite's lock again before we have looked. [locked] */
static bool stop_writer(struct lite *lite)
{
    uint64_t until_us = lite_now_us() + STOP_US;
    lite->is_writer_stopped = true;
    while (!lite->is_writer_idle && lite_now_us() < until_us)
        lite_sleep(&lite->keeper, until_us);
    return lite->is_writer_idle;
}

/* true: it begins anew. [locked, but for moments] */
static bool restart_log(struct lite *lite, uint64_t patience_us)
{
    bool is_anew = false;
    if (stop_writer(lite)) {
        pthread_mutex_unlock(&lite->lock);
        is_anew = move_log(lite, SQLITE_CHECKPOINT_RESTART, patience_us);
        pthread_mutex_lock(&lite->lock);
    }
    lite->is_writer_stopped = false;
    pthread_cond_signal(&lite->writer.wake);
    return is_anew;
}

/* true: there was something to move. [locked, but for moments] */
static bool keep_log(struct lite *lite, struct keeping *keeping, bool is_quiet)
{
    if (!is_move_due(lite, is_quiet))
        return false;
    pthread_mutex_unlock(&lite->lock);
    (void)move_log(lite, SQLITE_CHECKPOINT_PASSIVE, 0);
    pthread_mutex_lock(&lite->lock);
    uint64_t patience_us = restart_us(lite, keeping);
    if (patience_us && !restart_log(lite, patience_us))
        keeping->refused_us = lite_now_us();
    return true;
}

/* Has nothing happened for a while? [locked] */
static bool is_quiet(const struct lite *lite, struct keeping *keeping)
{
    uint64_t now_us = lite_now_us();
    if (keeping->n_submitted != lite->n_submitted || lite->n_busy || lite->n_queued) {
        keeping->n_submitted = lite->n_submitted;
        keeping->quiet_since_us = now_us;
    }
    return now_us > keeping->quiet_since_us + QUIET_US;
}

static uint64_t tick_us(const struct lite *lite)
{
    uint64_t acquire_us = lite_us(lite->options.acquire_timeout) / 4;
    uint64_t timeout_us = lite_us(lite->options.timeout) / 4;
    uint64_t tick = acquire_us < TICK_US ? acquire_us : TICK_US;
    if (timeout_us && timeout_us < tick)
        tick = timeout_us;
    return tick > 2000 ? tick : 2000;
}

static void look_around(struct lite *lite, struct keeping *keeping)
{
    see_to_the_late(lite);
    bool quiet = is_quiet(lite, keeping);
    bool has_moved = keep_log(lite, keeping, quiet);
    lite->is_keeper_idle = quiet && !has_moved;
    lite_sleep(&lite->keeper, lite->is_keeper_idle ? 0 : lite_now_us() + tick_us(lite));
    lite->is_keeper_idle = false;
}

void *lite_keep(void *arg)
{
    struct lite_thread *thread = arg;
    struct lite *lite = thread->lite;
    struct keeping keeping = {.quiet_since_us = lite_now_us()};
    pthread_mutex_lock(&lite->lock);
    while (!lite->is_written)
        look_around(lite, &keeping);
    pthread_mutex_unlock(&lite->lock);
    return NULL;
}
