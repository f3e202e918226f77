/* Sleeping, the clock, and scopes with a time limit. */
#include "task/task.h"
#include <cgw/model.h>
#include <time.h>

struct sleeper {
    struct timer timer;
    struct task *task;
};

static void is_rested(struct timer *timer)
{
    task_wake(list_owner(timer, struct sleeper, timer)->task, CGW_OK);
}

static void forget_sleeper(struct task *task)
{
    struct sleeper *sleeper = task->waits_in;
    timer_stop(&task->runtime->timers, &sleeper->timer);
}

struct sleep {
    double seconds;
    const struct cgw_site *site;
};

static int sleep_on_loop(void *arg)
{
    const struct sleep *sleep = arg;
    struct task *task = task_here();
    struct sleeper sleeper = {.timer.fn = is_rested, .task = task};
    struct runtime *runtime = task->runtime;
    if (task_reason(task))
        return task_reason(task);
    if (!(sleep->seconds > 0)) {
        task_yield(task, sleep->site);
        return task_reason(task);
    }
    uint64_t due_us = runtime_now_us(runtime) + runtime_us(sleep->seconds);
    if (timer_start(&runtime->timers, &sleeper.timer, due_us) != CGW_OK)
        return CGW_ENOMEM;
    return task_park(task, "sleeping", sleep->site, forget_sleeper, &sleeper);
}

int cgw__sleep(double seconds, const struct cgw_site *site)
{
    struct sleep sleep = {seconds, site};
    return task_on_loop(sleep_on_loop, &sleep);
}

static int read_clock(void *arg)
{
    *(uint64_t *)arg = runtime_now_us(task_here()->runtime);
    return CGW_OK;
}

double cgw_now(void)
{
    uint64_t now_us = 0;
    return task_on_loop(read_clock, &now_us) == CGW_OK ? (double)now_us / 1e6 : 0;
}

/* ---- the time of day ---- */

static int64_t real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int read_test_day(void *arg)
{
    struct runtime *runtime = task_here()->runtime;
    int64_t now_us = (int64_t)runtime_now_us(runtime);
    if (!runtime->zero_us)
        runtime->zero_us = real_us() - now_us;
    *(int64_t *)arg = runtime->zero_us + now_us;
    return CGW_OK;
}

/* Where a test decides what runs, it decides what time it is. */
cgw_datetime cgw_datetime_now(void)
{
    const struct task *task = task_here();
    cgw_datetime now = {.has_offset = true};
    if (!task || !task->runtime->schedule || task_on_loop(read_test_day, &now.unix_us) != CGW_OK)
        now.unix_us = real_us();
    return now;
}

/* ---- what a task asks of itself ---- */

static int read_reason(void *arg)
{
    (void)arg;
    return task_reason(task_here());
}

int cgw_canceled(void)
{
    return task_on_loop(read_reason, NULL);
}

static int read_lag(void *arg)
{
    *(uint64_t *)arg = task_here()->runtime->lag_us;
    return CGW_OK;
}

double cgw_loop_lag(void)
{
    uint64_t lag_us = 0;
    return task_on_loop(read_lag, &lag_us) == CGW_OK ? (double)lag_us / 1e6 : 0;
}

/* ---- scopes of blocks ---- */

struct block {
    struct scope scope;
    struct task *task; /* NULL: not entered */
};
_Static_assert(sizeof(struct block) <= sizeof(((struct cgw__scope_guard *)0)->opaque),
               "a guard holds a scope");

struct entry {
    struct block *block;
    double seconds;
    bool is_shield;
};

static int enter_on_loop(void *arg)
{
    struct entry *entry = arg;
    struct block *block = entry->block;
    block->task = task_here();
    scope_init(&block->scope, block->task->runtime, block->task->scope, entry->is_shield);
    scope_enter(&block->scope, block->task);
    /* without memory for the deadline there is none to keep: the block is over at once */
    if (!entry->is_shield && scope_set_timeout(&block->scope, entry->seconds) != CGW_OK)
        scope_cancel(&block->scope, CGW_ENOMEM);
    return CGW_OK;
}

void cgw__scope_enter(struct cgw__scope_guard *guard, double seconds, bool is_shield)
{
    struct block *block = (void *)guard->opaque;
    struct entry entry = {block, seconds, is_shield};
    block->task = NULL;
    (void)task_on_loop(enter_on_loop, &entry);
}

static int leave_on_loop(void *arg)
{
    struct block *block = arg;
    scope_leave(&block->scope, block->task);
    scope_fini(&block->scope);
    block->task = NULL;
    return CGW_OK;
}

void cgw__scope_leave(struct cgw__scope_guard *guard)
{
    struct block *block = (void *)guard->opaque;
    if (block->task)
        (void)task_on_loop(leave_on_loop, block);
}

int cgw_timeout(double seconds, cgw_task_fn *fn, void *arg)
{
    int status = CGW_EINVAL;
    CGW_TIMEOUT(seconds)
    {
        status = fn(arg);
        if (status < 0 && cgw_canceled() == CGW_ETIMEDOUT)
            status = CGW_ETIMEDOUT;
    }
    return status;
}
