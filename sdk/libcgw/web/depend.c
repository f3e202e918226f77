/*
 * Dependencies: each is run once per request, those it wants first, and is torn down in the reverse
 * order behind the last byte. What a dependency refuses with is the reply.
 *
 * Where several tasks of a request want one, the first runs it and the others wait; but for those
 * that it waits for itself, by way of a group or of another dependency: they would for ever.
 */
#include "task/wait.h"
#include "web/application.h"
#include <string.h>

/* Of the request's arena; latest first. */
struct depend_value {
    struct depend_value *next;
    const struct cgw_dependency *dependency;
    void *value;
    int status; /* DEPEND_RUNNING, 0: given, or what it answered */
    bool is_override;
    /* While it runs: */
    struct task *runner;
    struct list *mark;              /* the groups that it makes come behind it */
    struct depend_value *waits_for; /* what its task, or one of its children, waits for */
    struct cgw__waiters waiters;
};
enum { DEPEND_RUNNING = 1 };

/* One of a header is declared anew in each file that includes it, and is one all the same. */
static bool is_same(const struct cgw_dependency *a, const struct cgw_dependency *b)
{
    return a == b || (a->line == b->line && a->size == b->size && strcmp(a->name, b->name) == 0 &&
                      strcmp(a->file, b->file) == 0);
}

static struct depend_value *find(const cgw_request *req, const struct cgw_dependency *dependency)
{
    struct depend_value *value = req->needed;
    while (value && !is_same(value->dependency, dependency))
        value = value->next;
    return value;
}

static const struct override *find_override(const cgw_request *req,
                                            const struct cgw_dependency *dependency)
{
    const struct override *override = req->application->overrides;
    while (override && !is_same(override->dependency, dependency))
        override = override->next;
    return override;
}

static struct depend_value *add(cgw_request *req, const struct cgw_dependency *dependency)
{
    struct depend_value *value = arena_zalloc(&req->arena, sizeof(*value));
    void *object = arena_zalloc(&req->arena, dependency->size);
    if (!value || !object)
        return NULL;
    *value = (struct depend_value){.dependency = dependency,
                                   .value = object,
                                   .status = DEPEND_RUNNING,
                                   .next = req->needed,
                                   .runner = task_here(),
                                   .mark = group_mark(task_here())};
    req->needed = value;
    return value;
}

/* It is there: torn down before all that were there already. */
static void move_to_front(cgw_request *req, struct depend_value *value)
{
    struct depend_value **at = &req->needed;
    while (*at != value)
        at = &(*at)->next;
    *at = value->next;
    value->next = req->needed;
    req->needed = value;
}

static int give(cgw_request *req, struct depend_value *value)
{
    const struct override *override = find_override(req, value->dependency);
    value->is_override = override != NULL;
    if (!override)
        return value->dependency->fn(req, value->value);
    if (override->fn)
        return override->fn(req, value->value);
    memcpy(value->value, override->value, value->dependency->size);
    return 0;
}

struct refusal {
    cgw_request *req;
    int status;
};

/* A reply that it made itself is kept. */
static int refuse_by_status(void *arg)
{
    const struct refusal *refusal = arg;
    cgw_request *req = refusal->req;
    int status = refusal->status;
    if (req->reply.state == REPLY_NONE || req->reply.status != status)
        (void)failure_prepare(req, status, 0, failure_reason(status), (cgw_str){NULL, 0});
    return CGW_OK;
}

/* A bare status or code becomes a reply. */
static void refuse(cgw_request *req, int status)
{
    struct refusal refusal = {req, status};
    cgw_reply reply =
        status < 0 ? cgw_error(req, status) : reply_do(req, refuse_by_status, &refusal);
    (void)reply;
}

static int run_list(cgw_request *req, const struct cgw_dependency *const *list)
{
    for (; list && *list; list++)
        if (!cgw__need(req, *list))
            return CGW_EFAILED;
    return CGW_OK;
}

/* ---- among tasks; on the loop, or while no other one of the request runs ---- */

/* Does the value wait until the task has gone on? */
static bool holds(const struct depend_value *value, const struct task *task)
{
    return value->status == DEPEND_RUNNING &&
           (value->runner == task || group_holds(value->runner, value->mark, task));
}

/* It wants itself, by way of others: the value is not there yet, and never will be. */
static bool is_circular(const struct depend_value *value, const struct task *task)
{
    while (value && !holds(value, task))
        value = value->waits_for;
    return value;
}

/* Who holds the task waits for that, too; NULL: no more. */
static void note_wait(cgw_request *req, const struct task *task, struct depend_value *waits_for)
{
    for (struct depend_value *value = req->needed; value; value = value->next)
        if (holds(value, task))
            value->waits_for = waits_for;
}

static int wait_for(cgw_request *req, struct depend_value *value)
{
    const struct task *task = task_here();
    struct cgw__waiter waiter = {.item = NULL};
    int status = task_reason(task);
    if (status != CGW_OK)
        return status;
    note_wait(req, task, value);
    status = wait_in(&value->waiters, &waiter, "waiting for a dependency", NULL);
    note_wait(req, task, NULL);
    return status;
}

struct need {
    cgw_request *req;
    const struct cgw_dependency *dependency;
    struct depend_value *value;
    int status; /* what it answered */
    bool is_first;
};

/* CGW_OK, also where it is for us to run it; CGW_EFAILED: it was not given; CGW_EINVAL: it is
   circular; CGW_ENOMEM; why the task was canceled. */
static int look(void *arg)
{
    struct need *need = arg;
    struct depend_value *value = need->value = find(need->req, need->dependency);
    if (!value) {
        need->is_first = true;
        need->value = add(need->req, need->dependency);
        return need->value ? CGW_OK : CGW_ENOMEM;
    }
    while (value->status == DEPEND_RUNNING) {
        if (is_circular(value, task_here()))
            return CGW_EINVAL;
        int status = wait_for(need->req, value);
        if (status != CGW_OK)
            return status;
    }
    return value->status == 0 ? CGW_OK : CGW_EFAILED;
}

static int has_run(void *arg)
{
    const struct need *need = arg;
    struct depend_value *value = need->value;
    value->status = need->status;
    if (value->status == 0)
        move_to_front(need->req, value);
    wait_wake_all(&value->waiters, CGW_OK);
    return CGW_OK;
}

/* ---- by one of them ---- */

static bool is_status(int status)
{
    return status == 0 || status < 0 || (status >= 100 && status < 600);
}

static const void *run_first(struct need *need)
{
    cgw_request *req = need->req;
    const struct cgw_dependency *dependency = need->dependency;
    bool is_ready = run_list(req, dependency->depends) == CGW_OK;
    need->status = is_ready ? give(req, need->value) : CGW_EFAILED;
    if (!is_status(need->status)) {
        cgw_log_level(req, CGW_LOG_ERROR, "%s:%d: dependency %s returned %d, which is no status",
                      dependency->file, dependency->line, dependency->name, need->status);
        need->status = 500;
    }
    if (is_ready && need->status != 0)
        refuse(req, need->status);
    (void)request_do(req, has_run, need);
    return need->status == 0 ? need->value->value : NULL;
}

const void *cgw__need(cgw_request *req, const struct cgw_dependency *dependency)
{
    struct need need = {.req = req, .dependency = dependency};
    if (!task_here())
        return NULL;
    int status = request_do(req, look, &need);
    if (need.is_first && status == CGW_OK)
        return run_first(&need);
    if (status == CGW_EINVAL) {
        cgw_log_level(req, CGW_LOG_ERROR, "%s:%d: dependency %s needs itself", dependency->file,
                      dependency->line, dependency->name);
        refuse(req, 500);
    } else if (status != CGW_OK && status != CGW_EFAILED) {
        refuse(req, status);
    }
    return status == CGW_OK ? need.value->value : NULL;
}

int cgw_refuse(cgw_reply reply)
{
    return reply.status ? reply.status : 500;
}

int depend_run_all(cgw_request *req)
{
    return run_list(req, match_route_depends(req->route));
}

/* Those that were replaced have nothing of the original to be torn down. */
void depend_teardown(cgw_request *req, int status)
{
    for (struct depend_value *value; (value = req->needed);) {
        req->needed = value->next;
        if (value->status == 0 && !value->is_override && value->dependency->teardown)
            value->dependency->teardown(req, value->value, status);
    }
}

/* ---- replaced by tests ---- */

static const struct cgw_dependency *find_by_name(const char *name)
{
    struct section section = section_dependencies();
    for (const void *const *entry = section.first; entry < section.end; entry++) {
        const struct cgw_dependency *dependency = *entry;
        if (strcmp(dependency->name, name) == 0)
            return dependency;
    }
    return NULL;
}

static void remove_override(struct application *application,
                            const struct cgw_dependency *dependency)
{
    for (struct override **at = &application->overrides; *at; at = &(*at)->next)
        if ((*at)->dependency == dependency) {
            *at = (*at)->next;
            return;
        }
}

int depend_override(struct application *application, const char *name, const void *value,
                    size_t len, void (*fn)(void))
{
    const struct cgw_dependency *dependency = find_by_name(name);
    if (!dependency)
        return CGW_ENOENT;
    if (!fn && value && len != dependency->size)
        return CGW_EINVAL;
    struct override *override = arena_zalloc(&application->arena, sizeof(*override));
    void *copy = value ? arena_copy(&application->arena, value, len) : NULL;
    if (!override || (value && !copy))
        return CGW_ENOMEM;
    remove_override(application, dependency);
    if (!fn && !value)
        return CGW_OK;
    *override = (struct override){.next = application->overrides,
                                  .dependency = dependency,
                                  .fn = (cgw_dependency_fn *)(void *)fn,
                                  .value = copy};
    application->overrides = override;
    return CGW_OK;
}
