/*
 * The second half of a task: sync code on a pool thread. The first half, the fiber, waits on the
 * loop for one of two things: that the thread asks it to do something, or that the thread is
 * through. So whatever suspends exists once, on the loop, and blocks the thread that asked.
 *
 * Until somebody begins it, it may be taken back, by who cancels it, or be run by a thread that
 * waits for it. The pool cannot be told: what it finds taken it lets be, so a job is of the heap,
 * and its own. The rest lies on the fiber's stack. lock guards what the two halves ask and answer;
 * the thread touches nothing else of the task's while the fiber runs what it was asked.
 */
#include "base/memory.h"
#include "task/task.h"
#include <stdatomic.h>
#include <time.h>

struct job {
    struct offload *offload; /* for who has taken it */
    atomic_bool is_taken;
    atomic_int refs; /* the pool's and ours */
};

struct offload {
    struct task *task;
    int (*fn)(void *arg);
    void *arg;
    int status;
    struct job *job;
    struct list offer;                 /* among a lender's, or alone */
    const struct offload_giver *giver; /* NULL: the pool */
    pthread_mutex_t lock;
    pthread_cond_t answered;
    int (*ask)(void *arg);
    void *ask_arg;
    int answer;
    bool is_answered;
    /* the loop's: */
    bool is_attended, is_asked, is_over;
};

static void job_unref(struct job *job)
{
    if (atomic_fetch_sub(&job->refs, 1) == 1)
        memory_free(job);
}

/* Once: to run it, or so that nobody does. */
static bool job_take(struct job *job)
{
    return !atomic_exchange(&job->is_taken, true);
}

/* A test's clock stands while the thread works, but not while it waits for us. */
static void tell_test(const struct offload *offload, int change)
{
    const struct runtime *runtime = offload->task->runtime;
    if (runtime->schedule)
        runtime->schedule->waits(runtime->home, change);
}

/* ---- on the pool thread ---- */

/* The host copies what is posted; where it has no memory for that we wait until it has: there are
   callers who must be heard, as they take something off the task that lies on their stack. */
static void post(struct offload *offload, void (*fn)(struct cgw_call *call, void *arg))
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    struct runtime *runtime = offload->task->runtime;
    while (runtime->host->post(runtime->home, fn, offload) != CGW_OK)
        nanosleep(&pause, NULL);
}

static int settle(void *mark)
{
    group_settle_since(task_here(), mark);
    return CGW_OK;
}

/* The thread does not go before the groups have ended that fn made and left: its stack is theirs.
 */
void offload_run(struct offload *offload)
{
    struct here outer = here;
    struct list *mark = group_mark(offload->task);
    here = (struct here){offload->task, offload};
    offload->status = offload->fn(offload->arg);
    if (group_mark(offload->task) != mark)
        (void)task_on_loop(settle, mark);
    here = outer;
}

static void wake_first_half(struct cgw_call *call, struct offload *offload)
{
    struct runtime *runtime = offload->task->runtime;
    runtime_enter(runtime, call);
    if (offload->is_attended)
        task_wake(offload->task, CGW_OK);
    runtime_run(runtime);
}

static void is_through(struct cgw_call *call, void *arg)
{
    struct offload *offload = arg;
    offload->is_over = true;
    wake_first_half(call, offload);
}

static void was_asked(struct cgw_call *call, void *arg)
{
    struct offload *offload = arg;
    offload->is_asked = true;
    wake_first_half(call, offload);
}

static void run_job(void *arg)
{
    struct job *job = arg;
    struct offload *offload = job->offload;
    if (!job_take(job)) {
        job_unref(job);
        return;
    }
    job_unref(job);
    offload_run(offload);
    post(offload, is_through);
}

/* The host says so when run_job() has returned, and nothing where the call has ended before; we
   know from is_through(). */
static void ignore(struct cgw_call *call, int status, void *arg)
{
    (void)call, (void)status, (void)arg;
}

/* ---- on the loop ---- */

static void answer(struct offload *offload)
{
    int status = offload->ask(offload->ask_arg);
    tell_test(offload, -1);
    pthread_mutex_lock(&offload->lock);
    offload->answer = status;
    offload->is_answered = true;
    pthread_cond_signal(&offload->answered);
    pthread_mutex_unlock(&offload->lock);
}

/* What is canceled is not taken out of anything here: see attend(). */
static void stay(struct task *task)
{
    (void)task;
}

/* true: it has not begun, and will not. */
static bool was_canceled(struct offload *offload)
{
    bool has_begun = !job_take(offload->job);
    if (offload->giver)
        offload->giver->cancel(offload->giver->arg, has_begun);
    return !has_begun;
}

/* Until it is over, or was canceled before it began. */
static void attend(struct task *task, struct offload *offload, const struct cgw_site *site)
{
    while (!offload->is_over) {
        offload->is_attended = true;
        int reason = task_park(task, "on a thread", site, stay, NULL);
        offload->is_attended = false;
        if (reason < 0 && was_canceled(offload)) {
            offload->status = reason;
            return;
        }
        if (offload->is_asked) {
            offload->is_asked = false;
            answer(offload);
        }
    }
}

static void offer(struct lender *lender, struct offload *offload)
{
    if (!lender)
        return;
    list_append(&lender->offers, &offload->offer);
    if (lender->waiting)
        task_wake(lender->waiting, CGW_OK);
}

static int carry_through(struct task *task, struct offload *offload, const struct cgw_site *site)
{
    struct offload *outer = task->offload;
    task->offload = offload;
    offer(task->lender, offload);
    attend(task, offload, site);
    list_remove(&offload->offer);
    task->offload = outer;
    return offload->status;
}

static int init(struct offload *offload)
{
    struct job *job = memory_alloc(sizeof(*job));
    if (!job)
        return CGW_ENOMEM;
    job->offload = offload;
    atomic_init(&job->is_taken, false);
    atomic_init(&job->refs, 2);
    offload->job = job;
    list_init(&offload->offer);
    pthread_mutex_init(&offload->lock, NULL);
    pthread_cond_init(&offload->answered, NULL);
    return CGW_OK;
}

static void fini(struct offload *offload)
{
    pthread_cond_destroy(&offload->answered);
    pthread_mutex_destroy(&offload->lock);
    job_unref(offload->job);
}

int task_offload(struct task *task, int (*fn)(void *arg), void *arg, const struct cgw_site *site)
{
    const struct runtime *runtime = task->runtime;
    struct cgw_call *call = task->call ? task->call : runtime->home;
    struct offload offload = {.task = task, .fn = fn, .arg = arg};
    if (task_reason(task))
        return task_reason(task);
    if (init(&offload) != CGW_OK)
        return CGW_ENOMEM;
    int status = runtime->thread->run(call, run_job, offload.job, ignore, NULL);
    if (status != CGW_PENDING)
        job_unref(offload.job); /* the pool's, which never had it */
    /* who lends threads lends one too where the pool has none */
    if (status == CGW_PENDING || (task->lender && (status == CGW_EBUSY || status == CGW_ENOMEM)))
        status = carry_through(task, &offload, site);
    fini(&offload);
    return status;
}

int task_offload_to(struct task *task, const struct offload_giver *giver, int (*fn)(void *arg),
                    void *arg, const struct cgw_site *site)
{
    struct offload offload = {.task = task, .fn = fn, .arg = arg, .giver = giver};
    if (task_reason(task))
        return task_reason(task);
    if (init(&offload) != CGW_OK)
        return CGW_ENOMEM;
    tell_test(&offload, -1); /* it works, though not for the test's pool */
    int status = giver->give(giver->arg, run_job, offload.job);
    if (status == CGW_PENDING)
        status = carry_through(task, &offload, site);
    else
        job_unref(offload.job);
    tell_test(&offload, 1);
    fini(&offload);
    return status;
}

/* CGW_EBUSY may be what fn answered. */
struct promise {
    int (*fn)(void *arg);
    void *arg;
    bool has_run;
};

static int keep(void *arg)
{
    struct promise *promise = arg;
    promise->has_run = true;
    return promise->fn(promise->arg);
}

int task_offload_patiently(struct task *task, int (*fn)(void *arg), void *arg,
                           const struct cgw_site *site)
{
    struct promise promise = {fn, arg, false};
    for (double pause = 0.001;; pause = pause < 0.1 ? 2 * pause : pause) {
        int status = task_offload(task, keep, &promise, site);
        if (promise.has_run || status != CGW_EBUSY)
            return status;
        status = cgw__sleep(pause, site);
        if (status != CGW_OK)
            return status;
    }
}

struct offload *offload_borrow(struct lender *lender)
{
    for (struct list *node; (node = list_take(&lender->offers));) {
        struct offload *offload = list_owner(node, struct offload, offer);
        if (job_take(offload->job))
            return offload;
    }
    return NULL;
}

void offload_over(struct offload *offload)
{
    offload->is_over = true;
    if (offload->is_attended)
        task_wake(offload->task, CGW_OK);
}

/* ---- between the two ---- */

/* On the pool thread: have it done, and wait. */
static int ask(struct offload *offload, int (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&offload->lock);
    offload->ask = fn;
    offload->ask_arg = arg;
    offload->is_answered = false;
    pthread_mutex_unlock(&offload->lock);
    post(offload, was_asked);
    tell_test(offload, 1);
    pthread_mutex_lock(&offload->lock);
    while (!offload->is_answered)
        pthread_cond_wait(&offload->answered, &offload->lock);
    int status = offload->answer;
    pthread_mutex_unlock(&offload->lock);
    return status;
}

int offload_ask(int (*fn)(void *arg), void *arg)
{
    return here.task ? ask(here.offload, fn, arg) : CGW_EINVAL;
}
