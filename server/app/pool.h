/*
 * The worker's thread pool: threads start on demand up to a maximum, idle ones leave, the queue is
 * bounded. It knows no more of calls than their addresses: a job is a function.
 */
#ifndef APP_POOL_H
#define APP_POOL_H
#include "base/board.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct pool;

/* For whom a job is: what app/current.h says of the thread that runs it, and where its wait is
   counted; all NULL: for nobody in particular. */
struct pool_origin {
    struct call *call;
    uint64_t call_id;
    struct board_histogram *waits; /* the loop's: see pool_observe() */
};

/* The submitter's memory until run() is called; run() may free it. */
struct pool_job {
    struct pool_job *next;
    void (*run)(struct pool_job *job); /* on a pool thread */
    struct pool_origin origin;
    uint64_t queued_us; /* the pool's, as is wait_us */
    uint64_t wait_us;   /* from pool_submit() to run() */
};

struct pool_settings {
    uint32_t max_threads, max_queue; /* at least 1; queue: jobs that wait, may be 0 */
    uint32_t idle_ms;                /* a thread without work for this long leaves */
    size_t stack_bytes;              /* 0: the system's default */
};

struct pool_status {
    uint32_t threads, busy, queued;
};

int pool_new(const struct pool_settings *settings, struct pool **ret_pool); /* 0 or -errno */
/*
 * Take no more jobs, wait at most timeout_ms for the running ones. 0: all threads are gone and the
 * pool is freed; -ETIMEDOUT: some still run, the pool stays (leaked: the process is about to exit).
 */
int pool_free(struct pool *pool, uint32_t timeout_ms);
/*
 * Run the job on an idle thread, a new one, or as soon as one is free. 0; -EBUSY the queue is full
 * (or no thread could be started and there is none). [any-thread]
 */
int pool_submit(struct pool *pool, struct pool_job *job);
/* Count how long the job waited for its thread, once it is back. [loop-thread] */
static inline void pool_observe(const struct pool_job *job)
{
    if (job->origin.waits)
        board_observe(job->origin.waits, job->wait_us);
}
void pool_status(struct pool *pool, struct pool_status *ret_status); /* [any-thread] */
#endif
