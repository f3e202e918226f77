/* A reason travels down when it arises and into what is entered later, so that asking is one read.
 */
#include "task/scope.h"
#include "task/task.h"

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

void scope_empty(struct scope *scope)
{
    timer_stop(&scope->runtime->timers, &scope->timer);
    hand_up(scope);
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
