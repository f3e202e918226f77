/*
 * The pool threads of a test, and the letters by which they, and any other thread, reach the
 * tester's. While a pool thread is at work the clock stands, and letters wait until all pool
 * threads have come to rest, so that their order is the seed's and not the system's. Threads of the
 * application's own are heard as they come, as nobody knows what else they are about to say.
 */
#ifndef TESTER_POOL_H
#define TESTER_POOL_H
#include "tester.h"

/* What is to run on a pool thread. The owner frees it once it has run; run() may do so itself. */
struct tester_job {
    struct list node;
    void (*run)(struct tester_job *job);
    uint64_t serial;
    const char *name; /* for messages; outlives the job */
};

/* An item from another thread; its memory is the sender's until it is run. */
struct tester_letter {
    struct tester_item item; /* first */
    struct list node;
    uint64_t serial;
};

struct tester_pool *tester_pool_new(cgw_test *test, size_t n_threads, size_t stack_bytes);
/* Ends the threads, which must be idle. NULL is fine. */
void tester_pool_free(struct tester_pool *pool);
/* In a child of fork(): its threads are gone, and are made anew. false: one was at work. */
bool tester_pool_forked(struct tester_pool *pool);
void tester_pool_submit(struct tester_pool *pool, struct tester_job *job);
void tester_pool_post(struct tester_pool *pool, struct tester_letter *letter); /* [any-thread] */
/* A job's thread waits for the tester's: 1, or no longer: -1. [any-thread] */
void tester_pool_waits(struct tester_pool *pool, int change);
/* Is a pool thread at work, or about to be? */
bool tester_pool_is_busy(struct tester_pool *pool);
/* Has a thread of the application's own answered something? Its other answers may be on their way,
   but nobody says so. */
bool tester_pool_is_answered(struct tester_pool *pool);
/* Make the items of all letters due. false: there were none. [tester's thread] */
bool tester_pool_collect(struct tester_pool *pool);
/* Readable when it is worth to look again. */
int tester_pool_fd(const struct tester_pool *pool);
void tester_pool_heed(struct tester_pool *pool); /* empty the descriptor */
/* For what a call shares with its thread. */
pthread_mutex_t *tester_pool_lock(struct tester_pool *pool);
/* The same as tester_pool_waits() where the lock is held. */
void tester_pool_waits_locked(struct tester_pool *pool, int change);
/* The name of a job that is at work, or NULL. */
const char *tester_pool_at_work(struct tester_pool *pool);
#endif
