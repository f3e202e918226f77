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
void scope_init(struct scope *scope, struct runtime *runtime, struct scope *above, bool is_shield);
/* What is still in it goes on in the one above. */
void scope_fini(struct scope *scope);
/* reason: a negative code. The first one counts. Wakes who waits; runs nobody. */
void scope_cancel(struct scope *scope, int reason);
/* CGW_ETIMEDOUT after so many seconds from now; 0 or less: at once. CGW_OK or CGW_ENOMEM. */
int scope_set_timeout(struct scope *scope, double seconds);
/* The task goes into the scope, and out of it to the one above. */
void scope_enter(struct scope *scope, struct task *task);
void scope_leave(struct scope *scope, struct task *task);
#endif
