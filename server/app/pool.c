/*
 * A pool of threads. A job goes straight into the hands of the thread that fell idle last, which
 * keeps caches warm and lets the others grow old and leave; only when all are busy it waits.
 *
 * Invariants, under the lock: n_idle is the length of idle and at most n_threads; jobs wait only
 * while nobody is idle.
 */
#include "app/pool.h"
#include "app/current.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/thread.h"
#include <errno.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t gone; /* for pool_free(): the last thread left */
    struct pool_settings settings;
    struct list idle; /* threads; the last one fell idle last */
    struct pool_job *first, **last;
    uint32_t n_threads, n_idle, n_queued;
    bool is_closing;
};

/* A pool thread while it is idle; on its own stack. */
struct idler {
    struct list node;
    pthread_cond_t work;
    struct pool_job *job; /* what it was handed */
};

/* What a new thread starts with. */
struct starter {
    struct pool *pool;
    struct pool_job *job;
};

int pool_new(const struct pool_settings *settings, struct pool **ret_pool)
{
    struct pool *pool = mem_zalloc(sizeof(*pool));
    if (!pool)
        return -ENOMEM;
    pool->settings = *settings;
    if (pool->settings.max_threads == 0)
        pool->settings.max_threads = 1;
    list_init(&pool->idle);
    pool->last = &pool->first;
    int error = -pthread_mutex_init(&pool->lock, NULL);
    if (!error)
        error = thread_cond_init(&pool->gone);
    if (error) {
        mem_free(pool);
        return error;
    }
    *ret_pool = pool;
    return 0;
}

/* ---- the queue; under the lock ---- */

static void queue_put(struct pool *pool, struct pool_job *job)
{
    job->next = NULL;
    *pool->last = job;
    pool->last = &job->next;
    pool->n_queued++;
}

static struct pool_job *queue_take(struct pool *pool)
{
    struct pool_job *job = pool->first;
    if (!job)
        return NULL;
    pool->first = job->next;
    if (!pool->first)
        pool->last = &pool->first;
    pool->n_queued--;
    return job;
}

/* ---- a thread ---- */

/* Wait to be handed a job; NULL: none came in time, or the pool closes. Under the lock. */
static struct pool_job *idle(struct pool *pool, struct idler *self)
{
    struct timespec until = thread_deadline(pool->settings.idle_ms);
    int error = 0;
    self->job = NULL;
    list_append(&pool->idle, &self->node);
    pool->n_idle++;
    while (!self->job && !pool->is_closing && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&self->work, &pool->lock, &until);
    if (!self->job) {
        list_remove(&self->node);
        pool->n_idle--;
    }
    return self->job;
}

static void leave(struct pool *pool)
{
    if (--pool->n_threads == 0)
        pthread_cond_signal(&pool->gone);
    pthread_mutex_unlock(&pool->lock);
}

static void run(struct pool_job *job)
{
    current = (struct current){job->origin.call, job->origin.call_id, NULL, true, NULL};
    job->wait_us = clock_now_us() - job->queued_us;
    job->run(job);
    current.call = NULL;
    current.route = NULL;
}

static void *run_jobs(void *arg)
{
    struct starter starter = *(struct starter *)arg;
    struct pool *pool = starter.pool;
    struct pool_job *job = starter.job;
    struct idler self = {.job = NULL};
    mem_free(arg);
    thread_cond_init(&self.work);
    while (job) {
        run(job);
        pthread_mutex_lock(&pool->lock);
        job = queue_take(pool);
        if (!job && !pool->is_closing)
            job = idle(pool, &self);
        if (!job)
            break;
        pthread_mutex_unlock(&pool->lock);
    }
    pthread_cond_destroy(&self.work);
    leave(pool);
    return NULL;
}

/* ---- submitting; under the lock ---- */

static void hand_over(struct pool *pool, struct pool_job *job)
{
    struct idler *idler = list_owner(pool->idle.prev, struct idler, node);
    list_remove(&idler->node);
    pool->n_idle--;
    idler->job = job;
    pthread_cond_signal(&idler->work);
}

static bool start(struct pool *pool, struct pool_job *job)
{
    if (pool->n_threads >= pool->settings.max_threads)
        return false;
    struct starter *starter = mem_alloc(sizeof(*starter));
    if (!starter)
        return false;
    *starter = (struct starter){pool, job};
    if (thread_start(run_jobs, starter, pool->settings.stack_bytes)) {
        mem_free(starter);
        return false;
    }
    pool->n_threads++;
    return true;
}

static bool wait_in_queue(struct pool *pool, struct pool_job *job)
{
    if (pool->n_threads == 0 || pool->n_queued >= pool->settings.max_queue)
        return false;
    queue_put(pool, job);
    return true;
}

int pool_submit(struct pool *pool, struct pool_job *job)
{
    bool is_taken = true;
    job->queued_us = clock_now_us();
    pthread_mutex_lock(&pool->lock);
    if (pool->is_closing)
        is_taken = false;
    else if (pool->n_idle)
        hand_over(pool, job);
    else
        is_taken = start(pool, job) || wait_in_queue(pool, job);
    pthread_mutex_unlock(&pool->lock);
    return is_taken ? 0 : -EBUSY;
}

void pool_status(struct pool *pool, struct pool_status *ret_status)
{
    pthread_mutex_lock(&pool->lock);
    *ret_status = (struct pool_status){.threads = pool->n_threads,
                                       .busy = pool->n_threads - pool->n_idle,
                                       .queued = pool->n_queued};
    pthread_mutex_unlock(&pool->lock);
}

/* ---- the end ---- */

static void wake_idlers(struct pool *pool)
{
    list_each (node, &pool->idle)
        pthread_cond_signal(&list_owner(node, struct idler, node)->work);
}

int pool_free(struct pool *pool, uint32_t timeout_ms)
{
    if (!pool)
        return 0;
    struct timespec until = thread_deadline(timeout_ms);
    int error = 0;
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    wake_idlers(pool);
    while (pool->n_threads && !error)
        error = pthread_cond_timedwait(&pool->gone, &pool->lock, &until);
    bool is_empty = pool->n_threads == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!is_empty)
        return -ETIMEDOUT;
    pthread_cond_destroy(&pool->gone);
    pthread_mutex_destroy(&pool->lock);
    mem_free(pool);
    return 0;
}
