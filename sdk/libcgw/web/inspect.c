/* The application's own tables, which look and do not touch. */
#include "web/inspect.h"
#include "web/application.h"
#include <cgw/describe.h>
#include <string.h>

static struct cgw_task describe(const struct task *task, uint64_t now_us)
{
    const cgw_request *req = task->request;
    struct cgw_task info = {.size = sizeof(info),
                            .id = task->id,
                            .parent = task->parent,
                            .name = task->fn.name,
                            .state = task->state ? task->state : "running",
                            .is_on_thread = task->offload != NULL,
                            .since_us = task->since_us ? now_us - task->since_us : 0};
    if (req && req->route)
        info.route = match_route_template(req->route).ptr;
    if (task->site) {
        info.file = task->site->file;
        info.function = task->site->function;
        info.line = (uint32_t)task->site->line;
    }
    return info;
}

static void each_task(void *state, void (*fn)(void *arg, const struct cgw_task *task), void *arg)
{
    const struct application *application = state;
    if (!application)
        return;
    uint64_t now_us = runtime_now_us(application->runtime);
    list_each (node, &application->runtime->tasks) {
        struct cgw_task info = describe(list_owner(node, struct task, all), now_us);
        fn(arg, &info);
    }
}

/* But for the lifespan's, which lives as long as the application. */
static size_t count_tasks(void *state)
{
    const struct application *application = state;
    return application ? application->runtime->n_tasks - 1 : 0;
}

static int override(void *state, const char *dependency, const void *value, size_t len,
                    void (*fn)(void))
{
    return depend_override(state, dependency, value, len, fn);
}

const void *inspect_extension(const char *id)
{
    static const struct cgw_tasks tasks = {.size = sizeof(tasks), .each = each_task};
    static const struct hooks_test test = {
        .size = sizeof(test), .override = override, .n_tasks = count_tasks};
    if (strcmp(id, CGW_EXT_TASKS) == 0)
        return &tasks;
    if (strcmp(id, CGW_EXT_DESCRIBE) == 0)
        return describe_extension();
    return strcmp(id, HOOKS_TEST) == 0 ? (const void *)&test : NULL;
}
