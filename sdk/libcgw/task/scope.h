/*
 * Cancel scopes: a tree beside the tasks. What is canceled is a scope; everything below it hears
 * the reason, but for what is behind a shield. A task is in one scope at a time, the innermost it
 * entered.
 */
#ifndef TASK_SCOPE_H
#define TASK_SCOPE_H
#include "base/list.h"
#include "task/timer.h"

struct runtime;
struct task;

struct scope {
    struct scope *above;
    struct list link;   /* in above->scopes */
    struct list scopes; /* right below */
    struct list tasks;  /* whose innermost this is */
    struct timer timer; /* its deadline, where there is one */
    struct runtime *runtime;
    int reason; /* 0, or what everything that suspends in it answers */
    bool is_shield;
};

/* below above, or a root (NULL). It hears what above heard, unless it is a shield. */
static inline void scope_init(struct scope *scope, struct runtime *runtime, struct scope *above,
                              bool is_shield)
{
    scope->above = above;
    list_init(&scope->scopes);
    list_init(&scope->tasks);
    scope->timer.at = 0;
    scope->runtime = runtime;
    scope->reason = above && !is_shield ? above->reason : 0;
    scope->is_shield = is_shield;
    if (above)
        list_append(&above->scopes, &scope->link);
    else
        list_init(&scope->link);
}
/* scope_fini() of one that has a deadline, or something in it. */
void scope_empty(struct scope *scope);
/* What is still in it goes on in the one above. */
static inline void scope_fini(struct scope *scope)
{
    if (scope->timer.at || !list_is_empty(&scope->scopes) || !list_is_empty(&scope->tasks))
        scope_empty(scope);
    list_remove(&scope->link);
}
/* reason: a negative code. The first one counts. Wakes who waits; runs nobody. */
void scope_cancel(struct scope *scope, int reason);
/* CGW_ETIMEDOUT after so many seconds from now; 0 or less: at once. CGW_OK or CGW_ENOMEM. */
int scope_set_timeout(struct scope *scope, double seconds);
#endif
