/*
 * The runtime between the host's callbacks and the tasks: it runs what is ready, in rounds that
 * end, so that tasks which wake each other for ever still leave the loop its turns.
 */
#include "base/memory.h"
#include "task/task.h"
#include <stdio.h>

enum { ROUND = 256, HEAD_BYTES = (sizeof(struct task) + 63) & ~63u };

static void timer_fired(struct cgw_call *call, struct cgw_timer *timer, void *arg);

static const void *table(const struct runtime *runtime, const char *id)
{
    return runtime->host->extension(runtime->host, id);
}

static void find_tables(struct runtime *runtime)
{
    runtime->loop = table(runtime, CGW_EXT_LOOP);
    runtime->thread = table(runtime, CGW_EXT_THREAD);
    runtime->current = table(runtime, CGW_EXT_CURRENT);
    runtime->schedule = table(runtime, HOOKS_SCHEDULE);
    runtime->is_debug = table(runtime, CGW_EXT_DEBUG) != NULL;
}

int runtime_new(struct cgw_call *home, size_t stack_bytes, struct runtime **ret_runtime)
{
    struct runtime *runtime = memory_zalloc(sizeof(*runtime));
    if (!runtime)
        return CGW_ENOMEM;
    runtime->home = home;
    runtime->host = home->host;
    runtime->armed_us = UINT64_MAX;
    find_tables(runtime);
    list_init(&runtime->ready);
    list_init(&runtime->tasks);
    list_init(&runtime->spawned);
    scope_init(&runtime->root, runtime, NULL, false);
    fiber_adopt_thread(&runtime->thread_fiber);
    int status = runtime->loop && runtime->thread ? CGW_OK : CGW_EINVAL;
    if (status == CGW_OK)
        status = fiber_pool_new(stack_bytes, HEAD_BYTES, &runtime->fibers);
    if (status != CGW_OK) {
        runtime_free(runtime);
        return status;
    }
    *ret_runtime = runtime;
    return CGW_OK;
}

void runtime_free(struct runtime *runtime)
{
    if (!runtime)
        return;
    if (runtime->loop && runtime->armed_us != UINT64_MAX)
        runtime->loop->timer_stop(runtime->home, &runtime->timer);
    timer_heap_fini(&runtime->timers);
    if (runtime->fibers)
        fiber_pool_free(runtime->fibers);
    fiber_drop_thread(&runtime->thread_fiber);
    memory_free(runtime);
}

void runtime_enter(struct runtime *runtime, struct cgw_call *call)
{
    if (!runtime->running)
        runtime->callback = call;
}

void runtime_forget_call(struct runtime *runtime, struct cgw_call *call)
{
    if (runtime->callback == call)
        runtime->callback = NULL;
}

/* The host's reports name the call that the thread works for, not the one whose callback woke it.
 */
static void tell_current(struct runtime *runtime, struct cgw_call *call)
{
    if (runtime->callback == call || !runtime->current)
        return;
    runtime->callback = call;
    runtime->current->set(call);
}

static void bury(struct runtime *runtime, struct task *task)
{
    struct fiber *fiber = task->fiber;
    list_drop(&task->in_scope);
    scope_fini(&task->own);
    list_drop(&task->all);
    runtime->n_tasks--;
    if (task->ended)
        task->ended(task, task->status);
    fiber_free(runtime->fibers, fiber);
}

static void resume(struct runtime *runtime, struct task *task)
{
    tell_current(runtime, task->call);
    runtime->running = here.task = task;
    fiber_switch(&runtime->thread_fiber, task->fiber);
    runtime->running = here.task = NULL;
    if (!task->is_parked && !task->is_ready)
        bury(runtime, task);
}

/* The first, or the one that a test's seed says. */
static struct task *take_ready(struct runtime *runtime)
{
    struct list *node = runtime->ready.next;
    if (runtime->schedule && runtime->n_ready > 1)
        for (uint32_t i = runtime->schedule->pick(runtime->home, runtime->n_ready); i > 0; i--)
            node = node->next;
    struct task *task = list_owner(node, struct task, link);
    list_remove(node);
    runtime->n_ready--;
    task->is_ready = false;
    return task;
}

static void arm(struct runtime *runtime)
{
    uint64_t first = timer_first_us(&runtime->timers);
    if (first >= runtime->armed_us)
        return;
    uint64_t now = runtime_now_us(runtime);
    if (runtime->loop->timer_start(runtime->home, &runtime->timer, first > now ? first - now : 0,
                                   timer_fired, runtime) == CGW_OK)
        runtime->armed_us = first;
}

static void go_on(struct cgw_call *call, void *arg)
{
    struct runtime *runtime = arg;
    runtime->is_going_on = false;
    runtime_enter(runtime, call);
    runtime_run(runtime);
}

/* What is left of this round comes behind a turn of the loop; without memory for that, now. */
static bool put_off(struct runtime *runtime)
{
    if (!runtime->is_going_on)
        runtime->is_going_on = runtime->host->post(runtime->home, go_on, runtime) == CGW_OK;
    return runtime->is_going_on;
}

void runtime_run(struct runtime *runtime)
{
    if (runtime->running)
        return;
    for (uint32_t left = ROUND; runtime->n_ready; left--) {
        if (left == 0 && put_off(runtime))
            break;
        resume(runtime, take_ready(runtime));
    }
    if (runtime->timers.n)
        arm(runtime);
    if (runtime->idle && !runtime->n_ready && !runtime->is_going_on)
        runtime->idle(runtime);
}

static void timer_fired(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    struct runtime *runtime = arg;
    (void)timer;
    uint64_t now = runtime_now_us(runtime);
    runtime->lag_us = now > runtime->armed_us ? now - runtime->armed_us : 0;
    runtime->armed_us = UINT64_MAX;
    runtime_enter(runtime, call);
    timer_run(&runtime->timers, now);
    runtime_run(runtime);
}

uint64_t runtime_us(double seconds)
{
    static const double century = 100.0 * 365 * 86400;
    if (!(seconds > 0))
        return 0;
    return (uint64_t)((seconds < century ? seconds : century) * 1e6 + 0.5);
}

void runtime_log(struct runtime *runtime, struct cgw_call *call, int level, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    size_t n = len < 0 ? 0 : (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1;
    runtime->host->log(call ? call : runtime->home, level, text, n);
}
