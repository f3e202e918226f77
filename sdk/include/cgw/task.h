/*
 * Tasks: what runs at the same time as something else, and what they wait for. A handler is a task;
 * it starts others in a group, after its reply, or beside all requests. Whatever suspends here
 * suspends its task only; in a sync handler, and below cgw_blocking(), it blocks the pool thread
 * instead.
 *
 * Canceling is an error return: once a timeout is over, the client has left a route that cares, or
 * the worker's grace has ended, every function here that suspends answers so at once, and the task
 * unwinds.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_TASK_H
#define CGW_TASK_H
#include <cgw/base.h>

/* A task's function: 0 or more, or a negative code, which is an error and ends its siblings
   (see cgw_join()). One that returns void is taken as well and counts as 0. */
typedef int cgw_task_fn(void *arg);
struct cgw__task_fn {
    cgw_task_fn *fn;
    void (*void_fn)(void *arg);
    const char *name;
};
static inline struct cgw__task_fn cgw__task_int(cgw_task_fn *fn, const char *name)
{
    return (struct cgw__task_fn){fn, NULL, name};
}
static inline struct cgw__task_fn cgw__task_void(void (*fn)(void *), const char *name)
{
    return (struct cgw__task_fn){NULL, fn, name};
}
#define CGW__TASK(fn) \
    _Generic((fn), cgw_task_fn * : cgw__task_int, void (*)(void *) : cgw__task_void)((fn), #fn)

/* ---- time ---- */

/* Suspend for so many seconds; 0 or less: let others run once. CGW_OK, or why it was canceled.
   Suspends. [task] */
int cgw__sleep(double seconds, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_sleep(seconds) cgw__sleep((seconds), CGW_HERE)
/* Seconds on a clock that never jumps: the loop's, virtual in tests. [task] */
double cgw_now(void);
/* CGW_OK, or why everything that suspends would be refused: for code that computes. On the loop
   time passes only where something suspends: cgw_sleep(0) in between. [task] */
int cgw_canceled(void) CGW_MUST_USE;
/* By how much the last timer came too late, seconds: how long others keep the loop. [task] */
double cgw_loop_lag(void);

/* ---- timeouts and shields ---- */

struct cgw__scope_guard {
    uint64_t opaque[24];
    bool is_over;
};
void cgw__scope_enter(struct cgw__scope_guard *guard, double seconds, bool is_shield);
void cgw__scope_leave(struct cgw__scope_guard *guard);
#define CGW__SCOPE_AS(guard, seconds, is_shield)                                           \
    for (CGW_CLEANUP(cgw__scope_leave) struct cgw__scope_guard guard = {.is_over = false}; \
         !guard.is_over && (cgw__scope_enter(&guard, (seconds), (is_shield)), true);       \
         guard.is_over = true)
#define CGW__JOIN2(a, b) a##b
#define CGW__JOIN(a, b)  CGW__JOIN2(a, b)
#define CGW__SCOPE(seconds, is_shield) \
    CGW__SCOPE_AS(CGW__JOIN(cgw__guard_, __LINE__), (seconds), (is_shield))
/*
 * CGW_TIMEOUT(1.5) { ... }: within the block, and in what it starts, everything that suspends
 * answers CGW_ETIMEDOUT once so many seconds are over. Leave the block in any way but goto and
 * longjmp. They nest; the earliest one counts.
 */
#define CGW_TIMEOUT(seconds) CGW__SCOPE(seconds, false)
/* CGW_SHIELD { ... }: within it, nothing outside cancels: for a commit. Timeouts inside still
 * count. */
#define CGW_SHIELD CGW__SCOPE(0, true)
/* fn(arg) under a timeout: what fn answers, or CGW_ETIMEDOUT where it was over first. Suspends.
 * [task] */
int cgw_timeout(double seconds, cgw_task_fn *fn, void *arg) CGW_MUST_USE;

/* ---- groups: gather ---- */

typedef struct cgw_group cgw_group;
struct cgw_group_options {
    double timeout;  /* seconds for all of it; 0: none */
    bool keep_going; /* an error of one does not end the others */
    uint32_t limit;  /* so many at once; the others wait for their turn; 0: all */
};
/*
 * A group of tasks that run at the same time as the one that makes it, and end before it goes on
 * from cgw_join(): what they point to may lie on its stack. req may be NULL. The group lives until
 * the task that made it ends: in a loop, take CGW_GROUP. NULL: out of memory; cgw_go() and
 * cgw_join() take NULL. One that was not joined when its task ends, or its handler returns, is
 * canceled and joined then, with a warning in the log. In a sync handler they run on threads: those
 * of the pool that are free, and the handler's own while it joins. [task]
 */
cgw_group *cgw__group(cgw_request *req, struct cgw_group_options options,
                      const struct cgw_site *site);
#define cgw_group(req, ...) cgw__group((req), (struct cgw_group_options){__VA_ARGS__}, CGW_HERE)
/* Start fn(arg); where there is no memory, cgw_join() says so. In a group that is canceled it does
   not begin: its result says why. [task] */
void cgw__go(cgw_group *group, struct cgw__task_fn fn, void *arg);
#define cgw_go(group, fn, arg) cgw__go((group), CGW__TASK(fn), (arg))
/*
 * Wait for all; once, by the task that made the group, else CGW_EINVAL. CGW_OK: none answered an
 * error. Else the first error that happened; the others were canceled then (with keep_going: were
 * not), and have ended. CGW_ETIMEDOUT, CGW_ECANCELED and the like where that came first: the group
 * was canceled, or this task. CGW_ENOMEM: not all could be started. Suspends. [task]
 */
int cgw__join(cgw_group *group, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_join(group) cgw__join((group), CGW_HERE)
/* What the i-th cgw_go(), from 0, answered; CGW_PENDING before it has; CGW_EINVAL: there is none.
 */
int cgw_group_result(const cgw_group *group, size_t i);
/* End the others; they answer CGW_ECANCELED where they suspend. [task] */
void cgw_group_cancel(cgw_group *group);
/* A group that is canceled and joined wherever its block is left: CGW_GROUP(g, req, .timeout = 2);
 */
void cgw__group_leave(cgw_group **group);
#define CGW_GROUP(name, req, ...) \
    CGW_CLEANUP(cgw__group_leave) cgw_group *name = cgw_group((req), ##__VA_ARGS__)

/* ---- what tasks share; each is a plain struct, zero-initialised but for what is said ---- */

struct cgw__waiter;
struct cgw__waiters {
    struct cgw__waiter *first, *last;
};

/* A semaphore: cgw_sem s = {.n = 8}; of those that wait, the first comes first. */
typedef struct cgw_sem {
    int n; /* that many more may enter */
    struct cgw__waiters waiters;
} cgw_sem;
int cgw__sem_get(cgw_sem *sem, const struct cgw_site *site) CGW_MUST_USE;
/* Enter. CGW_OK, or why it was canceled: not entered then. Suspends. [task] */
#define cgw_sem_get(sem) cgw__sem_get((sem), CGW_HERE)
bool cgw_sem_try(cgw_sem *sem) CGW_MUST_USE; /* enter if that is possible now. [task] */
void cgw_sem_put(cgw_sem *sem);              /* leave. [task] */
static inline void cgw__sem_leave(cgw_sem **sem)
{
    if (*sem)
        cgw_sem_put(*sem);
}
/* Hold it to the end of the block; a function that returns void returns where it was canceled. */
#define CGW_HOLD(sem)                                                                     \
    CGW_CLEANUP(cgw__sem_leave)                                                           \
    cgw_sem *CGW__JOIN(cgw__held_, __LINE__) = cgw_sem_get(sem) == CGW_OK ? (sem) : NULL; \
    if (!CGW__JOIN(cgw__held_, __LINE__))                                                 \
    return
/* The same in a function that returns int: it returns the code. */
#define CGW_HOLD_TRY(sem)                                         \
    int CGW__JOIN(cgw__code_, __LINE__) = cgw_sem_get(sem);       \
    CGW_CLEANUP(cgw__sem_leave)                                   \
    cgw_sem *CGW__JOIN(cgw__held_, __LINE__) =                    \
        CGW__JOIN(cgw__code_, __LINE__) == CGW_OK ? (sem) : NULL; \
    if (!CGW__JOIN(cgw__held_, __LINE__))                         \
    return CGW__JOIN(cgw__code_, __LINE__)

/* A mutex: of a task, not recursive. */
typedef struct cgw_mutex {
    void *owner;
    struct cgw__waiters waiters;
} cgw_mutex;
int cgw__mutex_lock(cgw_mutex *mutex, const struct cgw_site *site) CGW_MUST_USE;
/* CGW_OK; CGW_EINVAL: this task has it already; why it was canceled: not locked then. Suspends.
 * [task] */
#define cgw_mutex_lock(mutex) cgw__mutex_lock((mutex), CGW_HERE)
void cgw_mutex_unlock(cgw_mutex *mutex); /* by its owner. [task] */

/* An event in the sense of other libraries (asyncio.Event): set or not; who waits goes on when it
   is set. */
typedef struct cgw_flag {
    bool is_set;
    struct cgw__waiters waiters;
} cgw_flag;
int cgw__flag_wait(cgw_flag *flag, const struct cgw_site *site) CGW_MUST_USE;
/* CGW_OK: it is set; why it was canceled. Suspends. [task] */
#define cgw_flag_wait(flag) cgw__flag_wait((flag), CGW_HERE)
void cgw_flag_set(cgw_flag *flag);   /* [task] */
void cgw_flag_clear(cgw_flag *flag); /* [task] */

/* A bounded queue of pointers: cgw_queue q = {.capacity = 16}; cgw_queue_fini() at the end. */
typedef struct cgw_queue {
    uint32_t capacity;         /* 0: 1 */
    uint32_t first, len, room; /* the queue's, from here on */
    bool is_closed;
    void **items;
    struct cgw__waiters getters, putters;
} cgw_queue;
int cgw__queue_put(cgw_queue *queue, void *item, const struct cgw_site *site) CGW_MUST_USE;
/* Behind the others, when there is room. CGW_OK; CGW_ESHUT; CGW_ENOMEM; why it was canceled: the
   item is the caller's still. Suspends. [task] */
#define cgw_queue_put(queue, item) cgw__queue_put((queue), (item), CGW_HERE)
int cgw__queue_get(cgw_queue *queue, void **ret_item, const struct cgw_site *site) CGW_MUST_USE;
/* The first, when there is one. CGW_OK; CGW_ESHUT: closed, and empty; why it was canceled.
   Suspends. [task] */
#define cgw_queue_get(queue, ret_item) cgw__queue_get((queue), (ret_item), CGW_HERE)
int cgw_queue_try_put(cgw_queue *queue, void *item) CGW_MUST_USE; /* CGW_EBUSY: full. [task] */
int cgw_queue_try_get(cgw_queue *queue,
                      void **ret_item) CGW_MUST_USE; /* CGW_EBUSY: empty. [task] */
void cgw_queue_close(cgw_queue *queue);              /* no more puts; who waits is told. [task] */
void cgw_queue_fini(cgw_queue *queue); /* frees the queue's memory; nobody may wait. [task] */

/* ---- blocking code ---- */

/*
 * Run fn(arg) on the thread pool and suspend until it has returned: what it answers. The arguments
 * may lie on this task's stack. Once fn has begun it is not broken off: a canceled wait ends when
 * fn returns; fn may ask cgw_canceled(). CGW_EBUSY: pool and queue are full; CGW_ENOMEM; why this
 * task was canceled before fn began: it will not run. In a sync handler fn just runs. Suspends.
 * [task]
 */
int cgw__blocking(struct cgw__task_fn fn, void *arg, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_blocking(fn, arg) cgw__blocking(CGW__TASK(fn), (arg), CGW_HERE)

/* ---- what a thread of your own answers ---- */

/*
 * A task makes a promise, gives it to a thread that is not the pool's, and waits; the thread sets
 * it. Each one that was made is set once, also where nobody waits any more: the worker does not end
 * before. A test's clock stands until then, so between tasks cgw_flag is the better choice.
 */
typedef struct cgw_promise cgw_promise;
/* Of the task that makes it. NULL: out of memory. [task] */
cgw_promise *cgw_promise_new(void) CGW_MUST_USE;
/* The promise is the setter's no more; what it wrote before is seen by who has waited.
   [any-thread] */
void cgw_promise_set(cgw_promise *promise, int status);
/* What was set; why the task was canceled before: it may be set still; CGW_EINVAL: another task
   waits for it. Suspends. [task] */
int cgw__promise_wait(cgw_promise *promise, const struct cgw_site *site) CGW_MUST_USE;
#define cgw_promise_wait(promise) cgw__promise_wait((promise), CGW_HERE)
/* The maker has no more use for it; it lives on until it is set. NULL is fine. [task] */
void cgw_promise_drop(cgw_promise *promise);

/* ---- tasks without a request ---- */

struct cgw_spawn_options {
    size_t copy; /* arg points to so many bytes, which are copied; else arg is handed on as it is */
    double
        drain; /* so many seconds it may go on when the worker drains; 0: it is canceled at once */
    bool blocking; /* it runs on a pool thread */
};
/*
 * Start fn(arg) as a task that outlives the request, and that canceling the request does not touch.
 * It ends by itself, or is canceled when the worker drains. An error it
 * answers goes to the log. CGW_OK; CGW_ENOMEM; CGW_ECANCELED: the worker drains already, and
 * this is no task of a request; CGW_EINVAL: .copy of NULL. [task]
 */
int cgw__spawn(struct cgw__task_fn fn, void *arg, struct cgw_spawn_options options) CGW_MUST_USE;
#define cgw_spawn(fn, arg, ...) \
    cgw__spawn(CGW__TASK(fn), (arg), (struct cgw_spawn_options){__VA_ARGS__})
/* The same, fn(arg) again and again: at once, then so many seconds from one begin to the next. An
   error goes to the log and ends nothing; a run that takes longer skips beats. It ends when the
   worker drains; between two runs, at once. CGW_EINVAL also: seconds is not more than 0. Usually in
   the lifespan's start. [task] */
int cgw__every(double seconds, struct cgw__task_fn fn, void *arg,
               struct cgw_spawn_options options) CGW_MUST_USE;
#define cgw_every(seconds, fn, arg, ...) \
    cgw__every((seconds), CGW__TASK(fn), (arg), (struct cgw_spawn_options){__VA_ARGS__})

#endif
