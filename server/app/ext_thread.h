/*
 * cgw.thread/1 for calls on the loop: a function on a pool thread, its completion back on the loop.
 * A job belongs to its call by a list, and to the pool until it has run.
 */
#ifndef APP_EXT_THREAD_H
#define APP_EXT_THREAD_H
#include "app/mailbox.h"
#include "app/pool.h"
#include "base/list.h"
#include <cgw/abi.h>

struct call;

/*
 * Run fn(arg) on the pool, then done(call, CGW_OK, done_arg) by way of the mailbox, as a visit to
 * the application. The job is in jobs_of_call until then; origin is copied. CGW_PENDING; CGW_EBUSY;
 * CGW_ENOMEM. [loop-thread]
 */
int thread_job_run(struct list *jobs_of_call, struct call *call, const struct pool_origin *origin,
                   struct pool *pool, struct mailbox *mailbox, void (*fn)(void *arg), void *arg,
                   cgw_done_fn *done, void *done_arg);
/* The call ends: jobs that still run are let go, their done() is dropped. [loop-thread] */
void thread_jobs_abandon(struct list *jobs_of_call);
#endif
