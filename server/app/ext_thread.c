/*
 * A job is touched by the loop, handed to the pool, and comes back as a letter: never by two at
 * once, but for call and node, which are the loop's throughout.
 */
#include "app/ext_thread.h"
#include "app/call.h"
#include "base/mem.h"
#include <stddef.h>

struct thread_job {
    struct list node;  /* in the call's list; alone once abandoned */
    struct call *call; /* NULL: abandoned */
    struct mailbox *mailbox;
    struct pool_job job;
    struct letter letter;
    void (*fn)(void *arg);
    void *arg;
    cgw_done_fn *done;
    void *done_arg;
};

/* Back on the loop. The job is freed first: done() may end the call, or run another. */
static void open_done(struct letter *letter)
{
    struct thread_job *job = list_owner(letter, struct thread_job, letter);
    struct thread_job now = *job;
    pool_observe(&job->job);
    list_remove(&job->node);
    mem_free(job);
    if (!now.call)
        return;
    call_enter(now.call);
    now.done(&now.call->pub, CGW_OK, now.done_arg);
    call_leave(now.call);
}

static void run_job(struct pool_job *pool_job)
{
    struct thread_job *job = list_owner(pool_job, struct thread_job, job);
    job->fn(job->arg);
    mailbox_post(job->mailbox, &job->letter);
}

int thread_job_run(struct list *jobs_of_call, struct call *call, const struct pool_origin *origin,
                   struct pool *pool, struct mailbox *mailbox, void (*fn)(void *arg), void *arg,
                   cgw_done_fn *done, void *done_arg)
{
    struct thread_job *job = mem_alloc(sizeof(*job));
    if (!job)
        return CGW_ENOMEM;
    *job = (struct thread_job){.call = call,
                               .mailbox = mailbox,
                               .job = {.run = run_job, .origin = *origin},
                               .letter.open = open_done,
                               .fn = fn,
                               .arg = arg,
                               .done = done,
                               .done_arg = done_arg};
    list_append(jobs_of_call, &job->node);
    if (pool_submit(pool, &job->job) == 0)
        return CGW_PENDING;
    list_remove(&job->node);
    mem_free(job);
    return CGW_EBUSY;
}

void thread_jobs_abandon(struct list *jobs_of_call)
{
    for (struct list *node; (node = list_take(jobs_of_call));)
        list_owner(node, struct thread_job, node)->call = NULL;
}
