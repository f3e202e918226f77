/* One lock for all: a test is no place for contention. */
#include "tester_pool.h"
#include "tester_fail.h"
#include "tester_loop.h"
#include "tester_memory.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct tester_pool {
    cgw_test *test;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct list queue, letters;
    size_t n_queued, n_threads, max_threads;
    size_t n_running;
    ssize_t n_waiting; /* of them; for a moment -1, where the answer overtakes the word */
    size_t stack_bytes;
    uint64_t serial;
    pthread_t *threads;
    const char *name; /* of the job that began last */
    bool is_over;
    int fd;
};

/* Of the job that this thread runs; 0: none of a pool's. */
static _Thread_local uint64_t own_serial;

pthread_mutex_t *tester_pool_lock(struct tester_pool *pool)
{
    return &pool->lock;
}

int tester_pool_fd(const struct tester_pool *pool)
{
    return pool->fd;
}

static void ring(struct tester_pool *pool)
{
    uint64_t one = 1;
    while (write(pool->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void tester_pool_heed(struct tester_pool *pool)
{
    uint64_t n;
    while (read(pool->fd, &n, sizeof n) < 0 && errno == EINTR)
        ;
}

static bool is_busy(const struct tester_pool *pool)
{
    return (ssize_t)pool->n_running > pool->n_waiting ||
           (pool->n_queued && pool->n_running < pool->max_threads);
}

bool tester_pool_is_busy(struct tester_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool busy = is_busy(pool);
    pthread_mutex_unlock(&pool->lock);
    return busy;
}

bool tester_pool_is_answered(struct tester_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct list *last = pool->letters.previous; /* pool threads' come before others' */
    bool is_answered = last != &pool->letters &&
                       list_owner(last, struct tester_letter, node)->serial == UINT64_MAX;
    pthread_mutex_unlock(&pool->lock);
    return is_answered;
}

const char *tester_pool_at_work(struct tester_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const char *name = is_busy(pool) ? pool->name : NULL;
    pthread_mutex_unlock(&pool->lock);
    return name;
}

void tester_pool_waits_locked(struct tester_pool *pool, int change)
{
    pool->n_waiting += change;
    if (change > 0 && !is_busy(pool))
        ring(pool);
}

void tester_pool_waits(struct tester_pool *pool, int change)
{
    pthread_mutex_lock(&pool->lock);
    tester_pool_waits_locked(pool, change);
    pthread_mutex_unlock(&pool->lock);
}

/* ---- letters ---- */

void tester_pool_post(struct tester_pool *pool, struct tester_letter *letter)
{
    letter->serial = own_serial ? own_serial : UINT64_MAX;
    pthread_mutex_lock(&pool->lock);
    struct list *at = &pool->letters;
    while (at->previous != &pool->letters &&
           list_owner(at->previous, struct tester_letter, node)->serial > letter->serial)
        at = at->previous;
    list_append(at, &letter->node);
    if (!own_serial || !is_busy(pool) || pool->test->options.real_clock)
        ring(pool);
    pthread_mutex_unlock(&pool->lock);
}

bool tester_pool_collect(struct tester_pool *pool)
{
    struct list letters, *node;
    list_init(&letters);
    pthread_mutex_lock(&pool->lock);
    while ((node = list_take(&pool->letters)))
        list_append(&letters, node);
    pthread_mutex_unlock(&pool->lock);
    bool some = !list_is_empty(&letters);
    while ((node = list_take(&letters)))
        tester_loop_due(&list_owner(node, struct tester_letter, node)->item);
    return some;
}

/* ---- threads ---- */

/* The lock is held, but while the job runs. */
static void run_job(struct tester_pool *pool, struct tester_job *job)
{
    pool->n_queued--;
    pool->n_running++;
    pool->name = job->name;
    own_serial = job->serial;
    pthread_mutex_unlock(&pool->lock);
    job->run(job);
    pthread_mutex_lock(&pool->lock);
    pool->n_running--;
    if (!is_busy(pool))
        ring(pool);
}

static void *run_thread(void *arg)
{
    struct tester_pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct list *node = list_take(&pool->queue);
        if (node)
            run_job(pool, list_owner(node, struct tester_job, node));
        else if (pool->is_over) /* what was taken is run: its owner waits to free it */
            break;
        else
            pthread_cond_wait(&pool->work, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void add_thread(struct tester_pool *pool)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (pool->stack_bytes)
        pthread_attr_setstacksize(&attributes, pool->stack_bytes);
    int failed = pthread_create(&pool->threads[pool->n_threads], &attributes, run_thread, pool);
    pthread_attr_destroy(&attributes);
    if (failed && pool->n_threads == 0)
        tester_fail(pool->test, NULL, "cannot start a thread: %s", strerror(failed));
    pool->n_threads += !failed;
    if (failed)
        pool->max_threads = pool->n_threads;
}

void tester_pool_submit(struct tester_pool *pool, struct tester_job *job)
{
    pthread_mutex_lock(&pool->lock);
    job->serial = ++pool->serial;
    list_append(&pool->queue, &job->node);
    pool->n_queued++;
    if (pool->n_threads < pool->max_threads && pool->n_threads < pool->n_running + pool->n_queued)
        add_thread(pool);
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

struct tester_pool *tester_pool_new(cgw_test *test, size_t n_threads, size_t stack_bytes)
{
    struct tester_pool *pool = tester_memory_alloc(test, sizeof *pool);
    *pool = (struct tester_pool){.test = test,
                                 .lock = PTHREAD_MUTEX_INITIALIZER,
                                 .work = PTHREAD_COND_INITIALIZER,
                                 .max_threads = n_threads,
                                 .stack_bytes = stack_bytes,
                                 .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (pool->fd < 0)
        tester_fail(test, NULL, "no descriptor is left: %s", strerror(errno));
    pool->threads = tester_memory_alloc(test, n_threads * sizeof *pool->threads);
    list_init(&pool->queue);
    list_init(&pool->letters);
    return pool;
}

bool tester_pool_forked(struct tester_pool *pool)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); /* the other one is shared with the parent */
    if (fd < 0)
        return false;
    close(pool->fd);
    pool->fd = fd;
    pool->n_threads = 0;
    pool->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pool->work = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    return pool->n_running == 0;
}

void tester_pool_free(struct tester_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->is_over = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->n_threads; i++)
        pthread_join(pool->threads[i], NULL);
    close(pool->fd);
}
