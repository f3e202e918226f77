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
        if (!scope->above)
            continue;
        list_append(&scope->above->scopes, node);
        if (scope->above->reason && !below->is_shield)
            scope_cancel(below, scope->above->reason);
    }
    for (struct list *node; (node = list_take(&scope->tasks));) {
        struct task *task = list_owner(node, struct task, in_scope);
        task->scope = scope->above;
        if (!scope->above)
            continue;
        list_append(&scope->above->tasks, node);
        if (scope->above->reason)
            task_interrupt(task, scope->above->reason);
    }
}

void scope_fini(struct scope *scope)
{
    timer_stop(&scope->runtime->timers, &scope->timer);
    hand_up(scope);
    list_remove(&scope->link);
}

static void hear(struct scope *scope, int reason)
{
    scope->reason = reason;
    list_each (node, &scope->tasks)
        task_interrupt(list_owner(node, struct task, in_scope), reason);
}

/* From node on, the first of above's that has not heard anything yet and hears what above does. */
static struct scope *next_below(const struct scope *above, struct list *node)
{
    for (; node != &above->scopes; node = node->next) {
        struct scope *scope = list_owner(node, struct scope, link);
        if (!scope->reason && !scope->is_shield)
            return scope;
    }
    return NULL;
}

/* Without recursion: a tree may be deep, and this runs on fibers too. */
void scope_cancel(struct scope *scope, int reason)
{
    if (scope->reason)
        return;
    hear(scope, reason);
    struct scope *at = scope;
    struct list *from = at->scopes.next;
    for (;;) {
        struct scope *below = next_below(at, from);
        if (below) {
            hear(below, reason);
            at = below;
            from = at->scopes.next;
        } else if (at == scope) {
            return;
        } else {
            from = at->link.next;
            at = at->above;
        }
    }
}

static void time_is_over(struct timer *timer)
{
    scope_cancel(list_owner(timer, struct scope, timer), CGW_ETIMEDOUT);
}

int scope_set_timeout(struct scope *scope, double seconds)
{
    struct runtime *runtime = scope->runtime;
    if (runtime_us(seconds) == 0) {
        scope_cancel(scope, CGW_ETIMEDOUT);
        return CGW_OK;
    }
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
