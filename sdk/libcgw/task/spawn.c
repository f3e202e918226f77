/*
 * Tasks without a request. They hang on the runtime, not on who started them, and have memory of
 * their own. When the worker drains they are canceled: at once, or behind the seconds that they
 * asked for.
 */
#include "base/memory.h"
#include "task/task.h"
#include <stdalign.h>
#include <string.h>

struct spawned {
    struct list link; /* of the runtime's */
    struct task *task;
    struct cgw__task_fn fn;
    void *arg;
    struct timer deadline; /* behind the begin of the drain */
    double drain;
    struct arena arena;
    uint64_t period_us; /* 0: once */
    bool is_blocking;
    bool is_between; /* the beats: nothing that one would want to end */
    alignas(max_align_t) char copy[];
};

/* ---- what it runs ---- */

static int call(void *arg)
{
    const struct spawned *spawned = arg;
    return task_call(spawned->fn, spawned->arg);
}

static void tell(const struct spawned *spawned, int status)
{
    struct task *task = spawned->task;
    if (status < 0 && status != task_reason(task))
        runtime_log(task->runtime, NULL, CGW_LOG_ERROR, "the task %s failed: %s (%d)",
                    spawned->fn.name, cgw_strerror(status), status);
}

static void run_once(struct spawned *spawned)
{
    struct task *task = spawned->task;
    tell(spawned,
         spawned->is_blocking ? task_offload_patiently(task, call, spawned, NULL) : call(spawned));
    group_settle(task);
    arena_reset(&spawned->arena);
}

/* The next beat that is not over yet. */
static uint64_t next_beat(uint64_t due_us, uint64_t period_us, uint64_t now_us)
{
    uint64_t late_us = now_us > due_us ? now_us - due_us : 0;
    uint64_t n = late_us / period_us + (late_us % period_us != 0);
    return due_us + (n ? n : 1) * period_us;
}

static int wait_for_beat(struct spawned *spawned, uint64_t due_us)
{
    uint64_t now_us = runtime_now_us(spawned->task->runtime);
    spawned->is_between = true;
    int status = cgw__sleep(due_us > now_us ? (double)(due_us - now_us) / 1e6 : 0, NULL);
    spawned->is_between = false;
    return status;
}

static void run_every(struct spawned *spawned)
{
    struct runtime *runtime = spawned->task->runtime;
    uint64_t due_us = runtime_now_us(runtime);
    for (;;) {
        run_once(spawned);
        due_us = next_beat(due_us, spawned->period_us, runtime_now_us(runtime));
        int status = runtime->is_draining ? CGW_ECANCELED : wait_for_beat(spawned, due_us);
        if (runtime->is_draining)
            return;
        if (status != CGW_OK) {
            tell(spawned, status);
            return;
        }
    }
}

static int run(void *arg)
{
    struct spawned *spawned = arg;
    if (spawned->period_us)
        run_every(spawned);
    else
        run_once(spawned);
    return CGW_OK;
}

/* ---- begin and end ---- */

static void has_ended(struct task *task, int status)
{
    struct spawned *spawned = task->owner;
    (void)status;
    list_remove(&spawned->link);
    timer_stop(&task->runtime->timers, &spawned->deadline);
    arena_fini(&spawned->arena);
    memory_free(spawned);
}

static int start(struct spawned *spawned)
{
    struct task *parent = task_here();
    struct runtime *runtime = parent->runtime;
    const struct task_options options = {.fn = cgw__task_int(run, spawned->fn.name),
                                         .arg = spawned,
                                         .scope = &runtime->root,
                                         .arena = &spawned->arena,
                                         .ended = has_ended,
                                         .owner = spawned,
                                         .parent = parent->id};
    spawned->task = task_new(runtime, &options);
    if (!spawned->task)
        return CGW_ENOMEM;
    list_append(&runtime->spawned, &spawned->link);
    return CGW_OK;
}

struct wish {
    struct cgw__task_fn fn;
    void *arg;
    struct cgw_spawn_options options;
    uint64_t period_us;
};

static struct spawned *make(const struct wish *wish)
{
    size_t copy = wish->options.copy;
    if (copy > SIZE_MAX / 2)
        return NULL;
    struct spawned *spawned = memory_alloc(sizeof(*spawned) + copy);
    if (!spawned)
        return NULL;
    *spawned = (struct spawned){.fn = wish->fn,
                                .arg = copy ? spawned->copy : wish->arg,
                                .drain = wish->options.drain,
                                .period_us = wish->period_us,
                                .is_blocking = wish->options.blocking};
    if (copy)
        memcpy(spawned->copy, wish->arg, copy);
    arena_init(&spawned->arena, NULL, 0);
    return spawned;
}

static void drain(struct spawned *spawned);

static int spawn_on_loop(void *arg)
{
    const struct wish *wish = arg;
    const struct task *task = task_here();
    bool is_draining = task->runtime->is_draining;
    /* a request is still served as it was before: those who come with it end, too */
    if (is_draining && !task->request)
        return CGW_ECANCELED;
    struct spawned *spawned = make(wish);
    int status = spawned ? start(spawned) : CGW_ENOMEM;
    if (status != CGW_OK)
        memory_free(spawned);
    else if (is_draining)
        drain(spawned);
    return status;
}

int cgw__spawn(struct cgw__task_fn fn, void *arg, struct cgw_spawn_options options)
{
    struct wish wish = {fn, arg, options, 0};
    if (options.copy && !arg)
        return CGW_EINVAL;
    return task_on_loop(spawn_on_loop, &wish);
}

int cgw__every(double seconds, struct cgw__task_fn fn, void *arg, struct cgw_spawn_options options)
{
    struct wish wish = {fn, arg, options, runtime_us(seconds)};
    if (!wish.period_us || (options.copy && !arg))
        return CGW_EINVAL;
    return task_on_loop(spawn_on_loop, &wish);
}

/* ---- the drain ---- */

static void time_is_over(struct timer *timer)
{
    scope_cancel(&list_owner(timer, struct spawned, deadline)->task->own, CGW_ECANCELED);
}

static void drain(struct spawned *spawned)
{
    struct task *task = spawned->task;
    struct runtime *runtime = task->runtime;
    uint64_t rest_us = runtime_us(spawned->drain);
    spawned->deadline.fn = time_is_over;
    if (spawned->is_between)
        task_interrupt(task, CGW_ECANCELED);
    else if (!rest_us || timer_start(&runtime->timers, &spawned->deadline,
                                     runtime_now_us(runtime) + rest_us) != CGW_OK)
        scope_cancel(&task->own, CGW_ECANCELED);
}

void spawn_drain(struct runtime *runtime)
{
    if (runtime->is_draining)
        return;
    runtime->is_draining = true;
    list_each (node, &runtime->spawned)
        drain(list_owner(node, struct spawned, link));
}
