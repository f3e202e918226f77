/* A database of SQLite's: threads, and the queues they take their jobs from. */
#include "lite.h"
#include "base/memory.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t lite_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t lite_us(double seconds)
{
    return seconds > 0 ? (uint64_t)((seconds < 1e9 ? seconds : 1e9) * 1e6) : 0;
}

void lite_sleep(struct lite_thread *thread, uint64_t until_us)
{
    const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                   .tv_nsec = (long)(until_us % 1000000) * 1000};
    pthread_mutex_t *lock = &thread->lite->lock;
    if (until_us)
        (void)pthread_cond_timedwait(&thread->wake, lock, &until);
    else
        (void)pthread_cond_wait(&thread->wake, lock);
}

/* ---- jobs and their queues ---- */

void lite_count(struct lite *lite, const struct sql_job *job)
{
    struct cgw_db_status *counts = &lite->counts;
    if (job->code >= 0)
        return;
    counts->errors++;
    if (job->code == CGW_ECONFLICT)
        return;
    counts->last_code = job->code;
    memcpy(counts->last_error, job->error, sizeof(counts->last_error));
}

void lite_answer(struct lite *lite, struct sql_job *job)
{
    pthread_mutex_lock(&lite->lock);
    lite_count(lite, job);
    pthread_mutex_unlock(&lite->lock);
    cgw_promise_set(&job->promise, job->code);
}

struct sql_job *lite_take(struct lite_thread *thread, struct list *queue)
{
    struct lite *lite = thread->lite;
    struct list *node = list_take(queue);
    if (!node)
        return NULL;
    struct sql_job *job = list_owner(node, struct sql_job, link);
    uint64_t timeout_us = lite_us(lite->options.timeout);
    lite->n_queued--;
    lite->n_busy++;
    job->state = SQL_TAKEN;
    thread->running = job;
    thread->until_us = timeout_us ? lite_now_us() + timeout_us : 0;
    return job;
}

void lite_let_go(struct lite_thread *thread)
{
    if (thread->running)
        thread->lite->n_busy--;
    thread->running = NULL;
    thread->until_us = 0;
}

void lite_interrupt(struct lite_thread *thread, int reason)
{
    int none = 0;
    atomic_compare_exchange_strong(&thread->running->reason, &none, reason);
    if (thread->connection.handle)
        sqlite3_interrupt(thread->connection.handle);
}

/* Does it begin as what only reads? The thread that reads will know; this only spares the way. */
static bool is_reading(const char *sql)
{
    static const char *const words[] = {"SELECT", "WITH", "VALUES", "EXPLAIN", "PRAGMA"};
    sql += strspn(sql, " \t\r\n");
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (sqlite3_strnicmp(sql, words[i], (int)strlen(words[i])) == 0)
            return true;
    return false;
}

static struct lite_thread *idle_reader(struct lite *lite)
{
    struct list *node = list_take(&lite->idle);
    return node ? list_owner(node, struct lite_thread, idle) : NULL;
}

/* Whom to wake, or NULL. */
static struct lite_thread *enqueue(struct lite *lite, struct sql_job *job)
{
    bool reads = lite->n_readers && is_reading(job->sql);
    list_append(job->cursor ? &lite->cursors : reads ? &lite->reads : &lite->writes, &job->link);
    job->state = SQL_QUEUED;
    lite->n_queued++;
    lite->n_submitted++;
    if (lite->is_keeper_idle)
        pthread_cond_signal(&lite->keeper.wake);
    if (job->cursor || reads)
        return idle_reader(lite);
    return lite->is_writer_idle ? &lite->writer : NULL;
}

/* One more batch of a cursor that a thread holds already, or holds no more. */
static int continue_cursor(struct lite *lite, struct sql_job *job, struct lite_thread **ret_wake)
{
    struct sql_cursor *cursor = job->cursor;
    if (cursor->state == SQL_CURSOR_OVER)
        return sql_job_fail(job, cursor->code, "the cursor was left unread for too long");
    cursor->wanted = job;
    job->state = SQL_QUEUED;
    lite->n_submitted++;
    *ret_wake = cursor->thread;
    return CGW_PENDING;
}

static int put(struct lite *lite, struct sql_job *job, struct lite_thread **ret_wake)
{
    if (job->cursor && job->cursor->state != SQL_CURSOR_NEW)
        return continue_cursor(lite, job, ret_wake);
    if (lite->n_queued >= lite->options.max_queue)
        return sql_job_fail(job, CGW_EBUSY, "the queue is full");
    *ret_wake = enqueue(lite, job);
    return CGW_PENDING;
}

/* Woken below the lock, a thread would take the processor from us, but to wait for the lock. */
static int submit(cgw_db *db, struct sql_job *job)
{
    struct lite *lite = lite_of(db);
    struct lite_thread *wake = NULL;
    job->since_us = lite_now_us();
    pthread_mutex_lock(&lite->lock);
    int status = put(lite, job, &wake);
    pthread_mutex_unlock(&lite->lock);
    if (wake)
        pthread_cond_signal(&wake->wake);
    return status;
}

static struct lite_thread *thread_of(struct lite *lite, const struct sql_job *job)
{
    if (lite->writer.running == job)
        return &lite->writer;
    for (uint32_t i = 0; i < lite->n_readers; i++)
        if (lite->readers[i].running == job)
            return &lite->readers[i];
    return NULL;
}

static bool take_back(struct lite *lite, struct sql_job *job)
{
    if (job->state != SQL_QUEUED)
        return false;
    job->state = SQL_NEW;
    if (job->cursor && job->cursor->wanted == job) {
        job->cursor->wanted = NULL;
    } else {
        list_remove(&job->link);
        lite->n_queued--;
    }
    return true;
}

static bool cancel(cgw_db *db, struct sql_job *job, int reason)
{
    struct lite *lite = lite_of(db);
    pthread_mutex_lock(&lite->lock);
    bool is_back = take_back(lite, job);
    struct lite_thread *thread = is_back ? NULL : thread_of(lite, job);
    if (thread)
        lite_interrupt(thread, reason);
    pthread_mutex_unlock(&lite->lock);
    return is_back;
}

static void leave(cgw_db *db, struct sql_cursor *cursor)
{
    struct lite *lite = lite_of(db);
    pthread_mutex_lock(&lite->lock);
    struct lite_thread *thread = cursor->thread;
    if (cursor->state == SQL_CURSOR_HELD) {
        thread->cursor = NULL;
        pthread_cond_signal(&thread->wake);
    }
    pthread_mutex_unlock(&lite->lock);
}

static void status(cgw_db *db, struct cgw_db_status *ret_status)
{
    struct lite *lite = lite_of(db);
    pthread_mutex_lock(&lite->lock);
    *ret_status = lite->counts;
    ret_status->readers = lite->n_readers;
    ret_status->busy = lite->n_busy;
    ret_status->queued = lite->n_queued;
    ret_status->wal_pages = lite->wal_pages;
    ret_status->statements = atomic_load(&lite->n_statements);
    pthread_mutex_unlock(&lite->lock);
}

/* ---- threads ---- */

static void init_thread(struct lite *lite, struct lite_thread *thread, bool is_reader)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    thread->lite = lite;
    list_init(&thread->idle);
    pthread_cond_init(&thread->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    lite_connection_init(&thread->connection, lite, is_reader);
}

/* Signals are for threads that know them. */
static bool start(struct lite_thread *thread, void *(*fn)(void *thread))
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread->id, NULL, fn, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    thread->is_started = !failed;
    return !failed;
}

static bool start_all(struct lite *lite)
{
    bool are_good = start(&lite->writer, lite_write) && start(&lite->keeper, lite_keep);
    for (uint32_t i = 0; are_good && i < lite->n_readers; i++)
        are_good = start(&lite->readers[i], lite_read);
    return are_good;
}

/* To all threads: one of lite's flags. */
static void say(struct lite *lite, bool *flag)
{
    pthread_mutex_lock(&lite->lock);
    *flag = true;
    pthread_cond_broadcast(&lite->writer.wake);
    pthread_cond_broadcast(&lite->keeper.wake);
    for (uint32_t i = 0; i < lite->n_readers; i++)
        pthread_cond_broadcast(&lite->readers[i].wake);
    pthread_mutex_unlock(&lite->lock);
}

static void end(struct lite_thread *thread)
{
    if (thread->is_started)
        pthread_join(thread->id, NULL);
    if (thread->lite) {
        lite_connection_close(&thread->connection);
        pthread_cond_destroy(&thread->wake);
    }
}

/* The last one in moves the log into the file: the writer's own connection does, as it is the only
   one left here. */
static void empty_log(struct lite *lite)
{
    sqlite3 *handle = lite->writer.connection.handle;
    if (!handle || lite->is_in_memory || lite->is_read_only)
        return;
    lite->writer.connection.job = NULL;
    lite->writer.connection.busy_until_us = lite_now_us() + 100000;
    (void)sqlite3_wal_checkpoint_v2(handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

static void close_lite(cgw_db *db)
{
    struct lite *lite = lite_of(db);
    say(lite, &lite->is_closing);
    for (uint32_t i = 0; i < lite->n_readers; i++)
        end(&lite->readers[i]);
    say(lite, &lite->is_read);
    if (lite->writer.is_started)
        pthread_join(lite->writer.id, NULL);
    lite->writer.is_started = false;
    say(lite, &lite->is_written);
    end(&lite->keeper);
    empty_log(lite);
    end(&lite->writer);
    pthread_mutex_destroy(&lite->lock);
    memory_free(lite->readers);
    memory_free(lite->path);
    memory_free(lite);
}

/* ---- open ---- */

static struct lite *make(const struct cgw_db_options *options)
{
    struct lite *lite = memory_zalloc(sizeof(*lite));
    if (!lite)
        return NULL;
    lite->options = *options;
    lite->db = (cgw_db){.driver = &lite_driver};
    pthread_mutex_init(&lite->lock, NULL);
    list_init(&lite->reads);
    list_init(&lite->cursors);
    list_init(&lite->writes);
    list_init(&lite->idle);
    init_thread(lite, &lite->writer, false);
    init_thread(lite, &lite->keeper, false);
    return lite;
}

static int make_readers(struct lite *lite)
{
    lite->db.has_no_cursors = lite->is_in_memory;
    if (lite->is_in_memory)
        return CGW_OK;
    lite->readers = memory_zalloc(lite->options.readers * sizeof(*lite->readers));
    if (!lite->readers)
        return CGW_ENOMEM;
    lite->n_readers = lite->options.readers;
    for (uint32_t i = 0; i < lite->n_readers; i++)
        init_thread(lite, &lite->readers[i], true);
    return CGW_OK;
}

/* The writer's connection, and the schema, before there are threads. */
static int open_file(struct lite *lite, char *ret_error, size_t error_bytes)
{
    struct lite_connection *connection = &lite->writer.connection;
    struct sql_job job = {.sql = ""};
    connection->busy_until_us = lite_now_us() + lite_us(lite->options.acquire_timeout);
    connection->is_open_to_all = true;
    int status = lite_connection_open(connection, &job);
    if (status != CGW_OK) {
        snprintf(ret_error, error_bytes, "%s (%s)", cgw_strerror(status), job.error);
        return status;
    }
    lite->open_flags &= ~SQLITE_OPEN_CREATE; /* one that goes away is not made anew */
    status = lite_migrate(connection, ret_error, error_bytes);
    connection->is_open_to_all = false;
    return status;
}

static int open_lite(const char *rest, const struct cgw_db_options *options, cgw_db **ret_db,
                     char *ret_error, size_t error_bytes)
{
    struct lite *lite = make(options);
    if (!lite)
        return CGW_ENOMEM;
    int status = lite_url(lite, rest, ret_error, error_bytes);
    if (status == CGW_OK)
        status = make_readers(lite);
    if (status == CGW_OK)
        status = open_file(lite, ret_error, error_bytes);
    if (status == CGW_OK && !start_all(lite))
        status = -EAGAIN;
    if (status != CGW_OK) {
        close_lite(&lite->db);
        return status;
    }
    *ret_db = &lite->db;
    return CGW_OK;
}

const struct sql_driver lite_driver = {.scheme = "sqlite",
                                       .open = open_lite,
                                       .close = close_lite,
                                       .submit = submit,
                                       .cancel = cancel,
                                       .run = lite_run,
                                       .transact = lite_transact,
                                       .leave = leave,
                                       .status = status};
