/* A reason travels down when it arises and into what is entered later, so that asking is one read.
 */
#include "task/scope.h"
#include "task/task.h"

void scope_init(struct scope *scope, struct runtime *runtime, struct scope *above, bool is_shield)
{
    *scope = (struct scope){.above = above, .runtime = runtime, .is_shield = is_shield};
    list_init(&scope->link);
    list_init(&scope->scopes);
    list_init(&scope->tasks);
    if (!above)
        return;
    list_append(&above->scopes, &scope->link);
    scope->reason = is_shield ? 0 : above->reason;
}

static void hand_up(struct scope *scope)
{
    for (struct list *node; (node = list_take(&scope->scopes));) {
        struct scope *below = list_owner(node, struct scope, link);
        below->above = scope->above;
        if (scope->above)
            list_append(&scope->above->scopes, node);
    }
    for (struct list *node; (node = list_take(&scope->tasks));) {
        struct task *task = list_owner(node, struct task, in_scope);
        task->scope = scope->above;
        if (scope->above)
            list_append(&scope->above->tasks, node);
    }
}

void scope_fini(struct scope *scope)
{
    timer_stop(&scope->runtime->timers, &scope->timer);
    hand_up(scope);
    list_remove(&scope->link);
}

void scope_cancel(struct scope *scope, int reason)
{
    if (scope->reason)
        return;
    scope->reason = reason;
    list_each (node, &scope->tasks)
        task_interrupt(list_owner(node, struct task, in_scope), reason);
    list_each (node, &scope->scopes) {
        struct scope *below = list_owner(node, struct scope, link);
        if (!below->is_shield)
            scope_cancel(below, reason);
    }
}

static void time_is_over(struct timer *timer)
{
    scope_cancel(list_owner(timer, struct scope, timer), CGW_ETIMEDOUT);
}

int scope_set_timeout(struct scope *scope, double seconds)
{
    struct runtime *runtime = scope->runtime;
    scope->timer.fn = time_is_over;
    return timer_start(&runtime->timers, &scope->timer,
                       runtime_now_us(runtime) + runtime_us(seconds));
}

void scope_enter(struct scope *scope, struct task *task)
{
    list_remove(&task->in_scope);
    list_append(&scope->tasks, &task->in_scope);
    task->scope = scope;
}

void scope_leave(struct scope *scope, struct task *task)
{
    list_remove(&task->in_scope);
    list_append(&scope->above->tasks, &task->in_scope);
    task->scope = scope->above;
}
