/*
 * Promises: what was set goes into a list without a lock, and whoever finds the list empty posts to
 * the loop. So many threads, and many answers of one, wake the loop once. The runtime lives until
 * it has heard of all of them, and so does the call that is posted to.
 */
#include "task/promise.h"
#include "base/memory.h"
#include <stdatomic.h>
#include <time.h>

/* A test's clock stands while somebody works, which an unset promise says. */
static void tell_test(const struct runtime *runtime, int change)
{
    if (runtime->schedule)
        runtime->schedule->waits(runtime->home, change);
}

void promise_init(struct cgw_promise *promise, struct runtime *runtime)
{
    *promise = (struct cgw_promise){.runtime = runtime};
    runtime->n_promises++;
    tell_test(runtime, -1);
}

void promise_withdraw(struct cgw_promise *promise)
{
    promise->runtime->n_promises--;
    tell_test(promise->runtime, 1);
}

static void unref(struct cgw_promise *promise)
{
    if (promise->refs && --promise->refs == 0)
        memory_free(promise);
}

/* ---- on the loop: hear of them ---- */

/* The promise may be gone behind it. */
static void hear(struct cgw_promise *promise)
{
    struct task *task = promise->waiting;
    promise->is_set = true;
    promise->waiting = NULL;
    promise_withdraw(promise);
    if (task)
        task_wake(task, CGW_OK);
    unref(promise);
}

static struct cgw_promise *reversed(struct cgw_promise *latest)
{
    struct cgw_promise *first = NULL;
    while (latest) {
        struct cgw_promise *next = latest->next;
        latest->next = first;
        first = latest;
        latest = next;
    }
    return first;
}

static void hear_all(struct cgw_call *call, void *arg)
{
    struct runtime *runtime = arg;
    runtime_enter(runtime, call);
    struct cgw_promise *promise = reversed(atomic_exchange(&runtime->promises_set, NULL));
    while (promise) {
        struct cgw_promise *next = promise->next;
        hear(promise);
        promise = next;
    }
    runtime_run(runtime);
}

/* ---- on any thread: set ---- */

/* As the loop must hear of it, we wait until the host has memory for the letter. */
static void post(struct runtime *runtime)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    while (runtime->host->post(runtime->home, hear_all, runtime) != CGW_OK)
        nanosleep(&pause, NULL);
}

void cgw_promise_set(cgw_promise *promise, int status)
{
    struct runtime *runtime = promise->runtime;
    struct cgw_promise *latest = atomic_load(&runtime->promises_set);
    promise->status = status;
    do
        promise->next = latest;
    while (!atomic_compare_exchange_weak(&runtime->promises_set, &latest, promise));
    if (!latest) /* the others' letter is on its way */
        post(runtime);
}

/* ---- on the loop: wait ---- */

static void forget(struct task *task)
{
    struct cgw_promise *promise = task->waits_in;
    promise->waiting = NULL;
}

int promise_wait(struct cgw_promise *promise, const char *state, const struct cgw_site *site)
{
    struct task *task = task_here();
    if (promise->is_set)
        return promise->status;
    if (task_reason(task) || promise->waiting)
        return task_reason(task) ? task_reason(task) : CGW_EINVAL;
    promise->waiting = task;
    int reason = task_park(task, state, site, forget, promise);
    return reason == CGW_OK ? promise->status : reason;
}

int promise_wait_through(struct cgw_promise *promise, const char *state,
                         const struct cgw_site *site)
{
    struct task *task = task_here();
    while (!promise->is_set) {
        promise->waiting = task;
        (void)task_park(task, state, site, NULL, promise);
    }
    return promise->status;
}

/* ---- for applications ---- */

static int make(void *arg)
{
    struct cgw_promise **ret_promise = arg;
    struct cgw_promise *promise = memory_alloc(sizeof(*promise));
    if (!promise)
        return CGW_ENOMEM;
    promise_init(promise, task_here()->runtime);
    promise->refs = 2;
    *ret_promise = promise;
    return CGW_OK;
}

cgw_promise *cgw_promise_new(void)
{
    struct cgw_promise *promise = NULL;
    return task_on_loop(make, &promise) == CGW_OK ? promise : NULL;
}

struct promise_ask {
    struct cgw_promise *promise;
    const struct cgw_site *site;
};

static int wait_on_loop(void *arg)
{
    const struct promise_ask *ask = arg;
    return promise_wait(ask->promise, "waiting for a promise", ask->site);
}

int cgw__promise_wait(cgw_promise *promise, const struct cgw_site *site)
{
    struct promise_ask ask = {promise, site};
    return task_on_loop(wait_on_loop, &ask);
}

static int drop(void *arg)
{
    unref(arg);
    return CGW_OK;
}

void cgw_promise_drop(cgw_promise *promise)
{
    if (promise)
        (void)task_on_loop(drop, promise);
}
