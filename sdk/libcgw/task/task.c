/* The life of a task: made ready, run, parked, woken, ended. */
#include "task/task.h"

_Thread_local struct here here;

static int run_function(void *arg)
{
    struct task *task = arg;
    return task_call(task->fn, task->arg);
}

/* At the bottom of each fiber. */
static void begin(void *arg)
{
    struct task *task = arg;
    task->status =
        task->is_sync ? task_offload(task, run_function, task, NULL) : run_function(task);
    group_settle(task);
}

static void make_ready(struct task *task)
{
    struct runtime *runtime = task->runtime;
    task->is_ready = true;
    list_append(&runtime->ready, &task->link);
    runtime->n_ready++;
}

static void take_options(struct task *task, const struct task_options *options)
{
    task->parent = options->parent;
    task->fn = options->fn;
    task->arg = options->arg;
    task->arena = options->arena;
    task->request = options->request;
    task->call = options->call;
    task->ended = options->ended;
    task->owner = options->owner;
    task->is_sync = options->is_sync;
}

/* Of the one that lay there before. Field by field, as that is less than to clear all. */
static void forget_state(struct task *task)
{
    task->nth = 0;
    task->status = CGW_OK;
    task->state = NULL;
    task->site = NULL;
    task->since_us = 0;
    task->forget = NULL;
    task->waits_in = NULL;
    task->wake_status = CGW_OK;
    task->is_parked = false;
    task->offload = NULL;
    task->lender = NULL;
}

struct task *task_new(struct runtime *runtime, const struct task_options *options)
{
    void *head;
    struct fiber *fiber = fiber_new(runtime->fibers, begin, NULL, &head);
    if (!fiber)
        return NULL;
    struct task *task = head;
    fiber->arg = task;
    task->fiber = fiber;
    task->runtime = runtime;
    task->id = ++runtime->next_id;
    take_options(task, options);
    forget_state(task);
    list_init(&task->groups);
    list_append(&runtime->tasks, &task->all);
    runtime->n_tasks++;
    scope_init(&task->own, runtime, options->scope, false);
    list_init(&task->in_scope);
    scope_enter(&task->own, task);
    make_ready(task);
    return task;
}

static void go_to_loop(struct task *task)
{
    fiber_switch(task->fiber, &task->runtime->thread_fiber);
}

int task_park(struct task *task, const char *state, const struct cgw_site *site,
              void (*forget)(struct task *task), void *waits_in)
{
    task->state = state;
    task->site = site;
    task->forget = forget;
    task->waits_in = waits_in;
    task->since_us = task->runtime->is_debug ? runtime_now_us(task->runtime) : 0;
    task->is_parked = true;
    go_to_loop(task);
    task->state = NULL;
    task->site = NULL;
    return task->wake_status;
}

void task_wake(struct task *task, int status)
{
    if (!task->is_parked)
        return;
    task->is_parked = false;
    task->wake_status = status;
    make_ready(task);
}

void task_interrupt(struct task *task, int reason)
{
    if (!task->is_parked || !task->forget)
        return;
    task->forget(task);
    task_wake(task, reason);
}

void task_yield(struct task *task, const struct cgw_site *site)
{
    task->state = "yielding";
    task->site = site;
    make_ready(task);
    go_to_loop(task);
    task->state = NULL;
    task->site = NULL;
}
