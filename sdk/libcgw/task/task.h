/*
 * Tasks and the runtime they live in: one runtime per lifespan, all its tasks on the loop's thread,
 * each on a fiber of its own. A task runs until it parks; whoever wakes it only marks it, and the
 * runtime runs what is marked before it gives the thread back to the host.
 *
 * Whose each byte is: a task lies at the top of its own stack and dies behind its ended(); what it
 * waits in (a waiter, a timer, a scope) lies on its stack and is taken out of every list before it
 * goes on.
 *
 * Sync code is the second half of a task, on a pool thread: see task/offload.h. There, and only
 * there, `here.offload` is set, and task_on_loop() has the first half carry out what is asked.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H
#include "base/arena.h"
#include "base/hooks.h"
#include "base/list.h"
#include "fiber/fiber.h"
#include "task/scope.h"
#include <cgw/task.h>
#include <pthread.h>

struct offload;

/* The memory is another task's before: task_new() sets each field. */
struct task {
    struct fiber *fiber;
    struct runtime *runtime;
    struct list link;     /* among the ready ones, or alone */
    struct list all;      /* of the runtime */
    struct list in_scope; /* of scope */
    struct scope *scope;  /* innermost */
    struct scope own;     /* around all it does */
    uint64_t id, parent;
    struct cgw__task_fn fn;
    void *arg;
    struct arena *arena;         /* where what it makes goes: its request's, its spawner's */
    struct cgw_request *request; /* whose it is, or NULL */
    struct cgw_call *call;       /* the host is told that the thread works for this one; or NULL */
    struct list groups;          /* it has made and not joined */
    /* It has returned; still on the loop's stack, must not suspend. The task is freed behind it. */
    void (*ended)(struct task *task, int status);
    void *owner; /* ended()'s own */
    size_t nth;  /* the same: which of its group's */
    int status;  /* what fn answered */

    const char *state;           /* "sleeping"; NULL: it runs, or is about to */
    const struct cgw_site *site; /* where it suspended, or NULL */
    uint64_t since_us;
    void (*forget)(struct task *task); /* take it out of what it waits in; it is interrupted */
    void *waits_in;                    /* forget()'s own */
    int wake_status;
    bool is_parked, is_ready;
    bool is_sync; /* what it starts runs on threads, as it does itself */
    struct offload *offload;
    struct lender *lender; /* who lends it a thread where the pool has none, or NULL */
};

struct runtime {
    struct cgw_call *home; /* the lifespan's, alive as long as this is */
    const struct cgw_host *host;
    const struct cgw_loop *loop;
    const struct cgw_thread *thread;
    const struct cgw_current *current;     /* or NULL */
    const struct hooks_schedule *schedule; /* of tests, or NULL */
    struct cgw_call *callback;             /* for which the host runs us, or NULL */
    struct fiber thread_fiber;
    struct fiber_pool *fibers;
    struct list ready;
    uint32_t n_ready;
    struct list tasks;
    size_t n_tasks;
    struct task *running;
    struct timer_heap timers;
    struct cgw_timer timer;
    uint64_t armed_us;   /* when the host's timer fires; UINT64_MAX: it is not armed */
    uint64_t lag_us;     /* how late it fired last */
    int64_t zero_us;     /* when the clock of tests was 0, since 1970; 0: nobody has asked */
    struct scope root;   /* of all tasks */
    struct list spawned; /* of spawn.c */
    bool is_draining;    /* the same: no more are spawned */
    uint64_t next_id;
    _Atomic(struct cgw_promise *) promises_set; /* of promise.c: latest first */
    size_t n_promises; /* that are not set yet, or that we have not heard of */
    bool is_going_on;  /* a post is on its way, to run what is ready still */
    bool is_debug;
    /* Run when nothing is ready any more, outside of all tasks; it may free the runtime. NULL:
     * none. */
    void (*idle)(struct runtime *runtime);
    void *application; /* of web/ */
};

/* Who runs on this thread. */
struct here {
    struct task *task;
    struct offload *offload; /* this is a pool thread, the second half of task */
};
extern _Thread_local struct here here __attribute__((tls_model("initial-exec")));

/* ---- runtime.c ---- */

/* CGW_OK; CGW_ENOMEM; CGW_EINVAL: the host has no loop for us. home stays open until
 * runtime_free(). */
int runtime_new(struct cgw_call *home, size_t stack_bytes, struct runtime **ret_runtime);
/* No task may be alive. NULL is fine. */
void runtime_free(struct runtime *runtime);
/* A callback of the host's begins, for that call. Then mark, wake, start; then runtime_run(). */
void runtime_enter(struct runtime *runtime, struct cgw_call *call);
/* Run what is ready, and see to the timer. From inside a task it does nothing: the outer one does.
   The last thing that a callback of the host's does: the runtime may be gone behind it. */
void runtime_run(struct runtime *runtime);
/* The call ends: what the host runs us for is no more. */
void runtime_forget_call(struct runtime *runtime, struct cgw_call *call);
static inline uint64_t runtime_now_us(const struct runtime *runtime)
{
    return runtime->loop->now(runtime->home);
}
/* Seconds as microseconds; negative ones and NaN are 0, long ones a century. */
uint64_t runtime_us(double seconds);
void runtime_log(struct runtime *runtime, struct cgw_call *call, int level, const char *format, ...)
    CGW_PRINTF(4, 5);

/* ---- task.c; all on the loop's thread ---- */

struct task_options {
    struct cgw__task_fn fn;
    void *arg;
    struct scope *scope; /* above its own */
    struct arena *arena;
    struct cgw_request *request;
    struct cgw_call *call;
    void (*ended)(struct task *task, int status);
    void *owner;
    uint64_t parent;
    bool is_sync; /* fn runs on a pool thread */
};
/* Made and ready; it runs later, in runtime_run(). NULL: out of memory. */
struct task *task_new(struct runtime *runtime, const struct task_options *options);
/* The task that runs, also where its second half asks; NULL: outside of all. */
static inline struct task *task_here(void)
{
    return here.task;
}
static inline int task_call(struct cgw__task_fn fn, void *arg)
{
    if (fn.fn)
        return fn.fn(arg);
    fn.void_fn(arg);
    return CGW_OK;
}
/* Why it is canceled, or 0. */
static inline int task_reason(const struct task *task)
{
    return task->scope->reason;
}
/*
 * Suspend the running task until task_wake(), or until its scope is canceled: forget(task) runs
 * then. forget NULL: it is not interrupted. What task_wake() said, or the reason. A scope that is
 * canceled already is not looked at here: ask task_reason() before the waiter is put anywhere.
 */
int task_park(struct task *task, const char *state, const struct cgw_site *site,
              void (*forget)(struct task *task), void *waits_in);
/* Mark a parked task; one that is not parked is left as it is. */
void task_wake(struct task *task, int status);
/* Its scope was canceled. */
void task_interrupt(struct task *task, int reason);
/* Let all others that are ready run once. */
void task_yield(struct task *task, const struct cgw_site *site);

/* ---- scopes and their tasks; on the loop's thread ---- */

/* The task goes into the scope, and out of it to the one above. */
static inline void scope_enter(struct scope *scope, struct task *task)
{
    list_remove(&task->in_scope);
    list_append(&scope->tasks, &task->in_scope);
    task->scope = scope;
}
static inline void scope_leave(struct scope *scope, struct task *task)
{
    scope_enter(scope->above, task);
}

/* ---- group.c ---- */

/* What the task has made so far: group_settle_since() it leaves that alone. */
static inline struct list *group_mark(const struct task *task)
{
    return task->groups.previous;
}
/* group_settle_since(), where there are some. */
void group_settle_behind(struct task *task, struct list *mark);
/* group_settle(), of the groups behind the mark. Suspends. */
static inline void group_settle_since(struct task *task, struct list *mark)
{
    if (mark->next != &task->groups)
        group_settle_behind(task, mark);
}
/* What the running task does is over, as when it ends: cancel and join the groups it made and left,
   and free all of them. Suspends. */
static inline void group_settle(struct task *task)
{
    group_settle_since(task, &task->groups);
}

/* ---- mutex.c, where nobody else wants it; on the loop's thread ---- */

/* What is written down of an owner, whose address may be another's tomorrow. */
static inline void *mutex_number(const struct task *task)
{
    return (void *)(uintptr_t)task->id;
}
/* As cgw_mutex_lock(), but false where it is not free. */
static inline bool mutex_take(cgw_mutex *mutex, const struct task *task)
{
    if (mutex->owner)
        return false;
    mutex->owner = mutex_number(task);
    return true;
}
static inline void mutex_give(cgw_mutex *mutex)
{
    if (mutex->waiters.first)
        cgw_mutex_unlock(mutex);
    else
        mutex->owner = NULL;
}

/* Is the task below a group that owner has made since the mark? */
bool group_holds(const struct task *owner, const struct list *mark, const struct task *task);

/* ---- spawn.c ---- */

/* The worker begins to drain: tasks without a request are canceled, now or when their .drain is
   over; no more are started. */
void spawn_drain(struct runtime *runtime);

/* ---- offload.c ---- */

/* Have the first half run fn(arg), for this pool thread. CGW_EINVAL: no task runs here. */
int offload_ask(int (*fn)(void *arg), void *arg);
/* Run fn(arg) on the loop as the running task: here, or for a pool thread by its first half. */
static inline int task_on_loop(int (*fn)(void *arg), void *arg)
{
    return here.task && !here.offload ? fn(arg) : offload_ask(fn, arg);
}
/*
 * Run fn(arg) on a pool thread as the second half of the running task, until it returns: what it
 * answers. Once it has begun it is not interrupted. CGW_EBUSY, CGW_ENOMEM, why the task was
 * canceled before: it did not run.
 */
int task_offload(struct task *task, int (*fn)(void *arg), void *arg, const struct cgw_site *site);
/* The same for what has to run: where the pool is full it waits for a place, as long as the task is
   not canceled. */
int task_offload_patiently(struct task *task, int (*fn)(void *arg), void *arg,
                           const struct cgw_site *site);
/* blocking.c: fn(arg) on this thread where that is one of the pool's, else as
   task_offload_patiently(). CGW_EINVAL: no task runs here. */
int task_blocking(int (*fn)(void *arg), void *arg, const struct cgw_site *site);
/* A thread of somebody else's. All of [loop]. */
struct offload_giver {
    /* Have run(job) called once, on any thread. CGW_PENDING, or a code: it will not be. */
    int (*give)(void *arg, void (*run)(void *job), void *job);
    /* The task was canceled: before fn began (it will not) and job may be taken back; or while it
       runs. */
    void (*cancel)(void *arg, bool has_begun);
    void *arg;
};
/* The same on that one. */
int task_offload_to(struct task *task, const struct offload_giver *giver, int (*fn)(void *arg),
                    void *arg, const struct cgw_site *site);
/*
 * A thread that waits for tasks which want threads themselves would wait for ever where all threads
 * do: so it runs them, those that nobody has begun. Empty: {.offers = itself}.
 */
struct lender {
    struct list offers;   /* second halves that may have begun already */
    struct task *waiting; /* to be woken when there is one more, or NULL */
};
/* One that nobody has begun and now nobody else will, or NULL. [loop] */
struct offload *offload_borrow(struct lender *lender);
void offload_run(struct offload *offload);  /* [the lender's pool thread] */
void offload_over(struct offload *offload); /* behind offload_run(); its task goes on. [loop] */
#endif
