/*
 * Groups: children in a scope of their own, below that of the task that made the group, which waits
 * until all have ended whatever happens. What a child answers is kept here, as its stack is gone
 * then.
 *
 * A group is of the heap: joining frees the children, its block's end or its task's the group.
 */
#include "base/memory.h"
#include "task/task.h"
#include <string.h>

enum { FEW = 8 };

/* One that waits for its turn. */
struct turn {
    struct cgw__task_fn fn;
    void *arg;
};

struct cgw_group {
    struct list link; /* of the owner's */
    struct task *owner;
    struct scope scope; /* around all children */
    struct cgw_group_options options;
    struct cgw_site site; /* where it was made */
    int status;           /* the first error, or why it was canceled before there was one; 0 */
    size_t n;             /* children so far */
    size_t n_alive;       /* begun and not ended */
    int *results;         /* of the first room ones */
    size_t room;
    struct turn *turns; /* of the last n_turns ones, from first_turn on */
    size_t first_turn, n_turns, turns_room;
    struct lender lender;
    bool is_sync, is_joined, is_waiting;
    int few[FEW];
};

/* ---- made and freed ---- */

static cgw_group *make(struct task *owner, struct cgw_group_options options, struct cgw_site site)
{
    cgw_group *group = memory_zalloc(sizeof(*group));
    if (!group)
        return NULL;
    group->owner = owner;
    group->options = options;
    group->site = site;
    group->results = group->few;
    group->room = FEW;
    group->is_sync = owner->offload != NULL;
    list_init(&group->lender.offers);
    list_append(&owner->groups, &group->link);
    scope_init(&group->scope, owner->runtime, owner->scope, false);
    return group;
}

static void free_group(cgw_group *group)
{
    list_remove(&group->link);
    scope_fini(&group->scope);
    if (group->results != group->few)
        memory_free(group->results);
    memory_free(group->turns);
    memory_free(group);
}

struct wanted {
    struct cgw_group_options options;
    struct cgw_site site;
    cgw_group *group;
};

static int make_on_loop(void *arg)
{
    struct wanted *wanted = arg;
    cgw_group *group = make(task_here(), wanted->options, wanted->site);
    if (!group)
        return CGW_ENOMEM;
    if (wanted->options.timeout > 0 &&
        scope_set_timeout(&group->scope, wanted->options.timeout) != CGW_OK) {
        free_group(group);
        return CGW_ENOMEM;
    }
    wanted->group = group;
    return CGW_OK;
}

cgw_group *cgw__group(cgw_request *req, struct cgw_group_options options,
                      const struct cgw_site *site)
{
    struct wanted wanted = {options, *site, NULL};
    (void)req; /* the task knows whose it is */
    (void)task_on_loop(make_on_loop, &wanted);
    return wanted.group;
}

/* ---- results ---- */

/* Room for the result of one more, which is not there yet. */
static int make_room(cgw_group *group)
{
    if (group->n <= group->room)
        return CGW_OK;
    bool is_first = group->results == group->few;
    size_t room = 2 * group->room;
    int *results = memory_grow(is_first ? NULL : group->results, room * sizeof(*results));
    if (!results)
        return CGW_ENOMEM;
    if (is_first)
        memcpy(results, group->few, sizeof(group->few));
    for (size_t i = group->room; i < room; i++)
        results[i] = CGW_ENOMEM; /* of those for which there was no room */
    group->results = results;
    group->room = room;
    return CGW_OK;
}

static void has_answered(cgw_group *group, size_t nth, int status)
{
    if (nth < group->room)
        group->results[nth] = status;
    if (status >= 0)
        return;
    if (!group->status)
        group->status = group->scope.reason ? group->scope.reason : status;
    if (!group->options.keep_going)
        scope_cancel(&group->scope, CGW_ECANCELED);
}

int cgw_group_result(const cgw_group *group, size_t i)
{
    if (!group || i >= group->n)
        return CGW_EINVAL;
    return i < group->room ? group->results[i] : CGW_ENOMEM;
}

/* ---- children ---- */

static void has_ended(struct task *task, int status);

static int start(cgw_group *group, struct turn turn, size_t nth)
{
    const struct task *owner = group->owner;
    const struct task_options options = {.fn = turn.fn,
                                         .arg = turn.arg,
                                         .scope = &group->scope,
                                         .arena = owner->arena,
                                         .request = owner->request,
                                         .call = owner->call,
                                         .ended = has_ended,
                                         .owner = group,
                                         .parent = owner->id,
                                         .is_sync = group->is_sync};
    struct task *task = task_new(owner->runtime, &options);
    if (!task)
        return CGW_ENOMEM;
    task->nth = nth;
    if (group->is_sync)
        task->lender = &group->lender;
    group->n_alive++;
    return CGW_OK;
}

/* Those that have their turn now begin; where the group is canceled they never do. */
static void next_turns(cgw_group *group)
{
    while (group->n_turns && (group->scope.reason || group->n_alive < group->options.limit)) {
        size_t nth = group->n - group->n_turns--;
        struct turn turn = group->turns[group->first_turn++];
        int status = group->scope.reason;
        if (!status)
            status = start(group, turn, nth);
        if (status != CGW_OK)
            has_answered(group, nth, status);
    }
}

static void has_ended(struct task *task, int status)
{
    cgw_group *group = task->owner;
    group->n_alive--;
    has_answered(group, task->nth, status);
    next_turns(group);
    if (group->is_waiting && group->n_alive == 0)
        task_wake(group->owner, CGW_OK);
}

/* What was used of the array moves away, once it is half of it. */
static int make_room_for_turn(cgw_group *group)
{
    if (group->first_turn + group->n_turns < group->turns_room)
        return CGW_OK;
    if (group->first_turn && group->first_turn >= group->n_turns) {
        memmove(group->turns, group->turns + group->first_turn,
                group->n_turns * sizeof(*group->turns));
        group->first_turn = 0;
        return CGW_OK;
    }
    size_t room = group->turns_room ? 2 * group->turns_room : FEW;
    struct turn *turns = memory_grow(group->turns, room * sizeof(*turns));
    if (!turns)
        return CGW_ENOMEM;
    group->turns = turns;
    group->turns_room = room;
    return CGW_OK;
}

static int wait_for_turn(cgw_group *group, struct turn turn)
{
    if (make_room_for_turn(group) != CGW_OK)
        return CGW_ENOMEM;
    group->turns[group->first_turn + group->n_turns++] = turn;
    return CGW_OK;
}

/* Begun, in line, or refused. */
static int take_in(cgw_group *group, struct turn turn, size_t nth)
{
    uint32_t limit = group->options.limit;
    if (group->is_joined)
        return CGW_EINVAL;
    if (group->scope.reason)
        return group->scope.reason;
    if (make_room(group) != CGW_OK)
        return CGW_ENOMEM;
    group->results[nth] = CGW_PENDING;
    return limit && group->n_alive >= limit ? wait_for_turn(group, turn) : start(group, turn, nth);
}

struct start {
    cgw_group *group;
    struct turn turn;
};

static int go_on_loop(void *arg)
{
    const struct start *start_it = arg;
    cgw_group *group = start_it->group;
    size_t nth = group->n++;
    int status = take_in(group, start_it->turn, nth);
    if (status != CGW_OK)
        has_answered(group, nth, status);
    return CGW_OK;
}

void cgw__go(cgw_group *group, struct cgw__task_fn fn, void *arg)
{
    struct start start_it = {group, {fn, arg}};
    if (group)
        (void)task_on_loop(go_on_loop, &start_it);
}

static int cancel_on_loop(void *arg)
{
    cgw_group *group = arg;
    scope_cancel(&group->scope, CGW_ECANCELED);
    return CGW_OK;
}

void cgw_group_cancel(cgw_group *group)
{
    if (group)
        (void)task_on_loop(cancel_on_loop, group);
}

/* ---- joining ---- */

struct join {
    cgw_group *group;
    const struct cgw_site *site;
    struct offload *lent; /* the second half of a child, which this thread is to run, or has run */
};

/* What cancels the task cancels its children: their scope is in the task's, or comes to be told. */
static void stay(struct task *task)
{
    (void)task;
}

/* Until all have ended; with lent, or until there is one to run. */
static void wait_for_all(cgw_group *group, const struct cgw_site *site, struct offload **lent)
{
    struct task *owner = group->owner;
    while (group->n_alive) {
        if (lent && (*lent = offload_borrow(&group->lender)))
            return;
        group->is_waiting = true;
        group->lender.waiting = lent ? owner : NULL;
        int reason = task_park(owner, "joining a group", site, stay, NULL);
        group->lender.waiting = NULL;
        group->is_waiting = false;
        if (reason < 0)
            scope_cancel(&group->scope, reason);
    }
}

/* A thread that runs a child hears of nothing else meanwhile. So where the task has come into a
   scope with a deadline that its children are not in, it waits; that ends then. */
static bool may_lend(const cgw_group *group)
{
    if (!group->is_sync)
        return false;
    for (const struct scope *at = group->owner->scope; at != group->scope.above; at = at->above)
        if (!at || at->timer.at)
            return false;
    return true;
}

static int join_on_loop(void *arg)
{
    struct join *join = arg;
    cgw_group *group = join->group;
    struct task *task = task_here();
    if (join->lent)
        offload_over(join->lent);
    join->lent = NULL;
    if (group->owner != task || group->is_waiting || group->is_joined)
        return CGW_EINVAL;
    if (task_reason(task))
        scope_cancel(&group->scope, task_reason(task));
    wait_for_all(group, join->site, may_lend(group) ? &join->lent : NULL);
    if (join->lent)
        return CGW_PENDING;
    group->is_joined = true;
    timer_stop(&task->runtime->timers, &group->scope.timer);
    return group->status ? group->status : group->scope.reason;
}

int cgw__join(cgw_group *group, const struct cgw_site *site)
{
    struct join join = {group, site, NULL};
    int status = CGW_ENOMEM;
    if (!group)
        return status;
    while ((status = task_on_loop(join_on_loop, &join)) == CGW_PENDING)
        offload_run(join.lent);
    return status;
}

static int leave_on_loop(void *arg)
{
    cgw_group *group = arg;
    scope_cancel(&group->scope, CGW_ECANCELED);
    wait_for_all(group, NULL, NULL);
    free_group(group);
    return CGW_OK;
}

void cgw__group_leave(cgw_group **group)
{
    if (*group)
        (void)task_on_loop(leave_on_loop, *group);
}

static void cancel_left(struct task *task, cgw_group *group)
{
    if (!group->is_joined && group->n)
        runtime_log(task->runtime, task->call, CGW_LOG_WARNING,
                    "%s:%d: %s() has not joined its group of %zu: what still ran was canceled",
                    group->site.file, group->site.line, group->site.function, group->n);
    scope_cancel(&group->scope, CGW_ECANCELED);
}

void group_settle_behind(struct task *task, struct list *mark)
{
    for (struct list *node = mark->next; node != &task->groups; node = node->next)
        cancel_left(task, list_owner(node, cgw_group, link));
    while (mark->next != &task->groups)
        (void)leave_on_loop(list_owner(mark->next, cgw_group, link));
}

static bool is_behind(const struct task *owner, const struct list *mark, const cgw_group *group)
{
    for (const struct list *node = mark->next; node != &owner->groups; node = node->next)
        if (node == &group->link)
            return true;
    return false;
}

bool group_holds(const struct task *owner, const struct list *mark, const struct task *task)
{
    while (task->ended == has_ended) {
        const cgw_group *group = task->owner;
        if (group->owner == owner)
            return is_behind(owner, mark, group);
        task = group->owner;
    }
    return false;
}
