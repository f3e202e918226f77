/*
 * Dependencies: each is run once per request, those it wants first, and is torn down in the reverse
 * order behind the last byte. What a dependency refuses with is the reply.
 */
#include "web/application.h"
#include <string.h>

/* Of the request's arena; latest first. */
struct depend_value {
    struct depend_value *next;
    const struct cgw_dependency *dependency;
    void *value;
    int status; /* DEPEND_RUNNING, 0: given, or what it answered */
    bool is_override;
};
enum { DEPEND_RUNNING = 1 };

static struct depend_value *find(const cgw_request *req, const struct cgw_dependency *dependency)
{
    struct depend_value *value = req->needed;
    while (value && value->dependency != dependency)
        value = value->next;
    return value;
}

static const struct override *find_override(const cgw_request *req,
                                            const struct cgw_dependency *dependency)
{
    const struct override *override = req->application->overrides;
    while (override && override->dependency != dependency)
        override = override->next;
    return override;
}

static struct depend_value *add(cgw_request *req, const struct cgw_dependency *dependency)
{
    struct depend_value *value = arena_zalloc(&req->arena, sizeof(*value));
    void *object = arena_zalloc(&req->arena, dependency->size);
    if (!value || !object)
        return NULL;
    *value = (struct depend_value){
        .dependency = dependency, .value = object, .status = DEPEND_RUNNING, .next = req->needed};
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

/* A reply that it made itself is kept; a bare status or code becomes one. */
static void refuse(cgw_request *req, int status)
{
    cgw_reply reply;
    if (status < 0)
        reply = cgw_error(req, status);
    else if (req->reply.state == REPLY_NONE || req->reply.status != status)
        reply = failure_prepare(req, status, 0, failure_reason(status), (cgw_str){NULL, 0});
    else
        reply = reply_now(req);
    (void)reply;
}

static int run_list(cgw_request *req, const struct cgw_dependency *const *list)
{
    for (; list && *list; list++)
        if (!cgw__need(req, *list))
            return CGW_EFAILED;
    return CGW_OK;
}

/* It wants itself, by way of others: the value is not there yet, and never will be. */
static const void *is_circular(cgw_request *req, const struct cgw_dependency *dependency)
{
    cgw_log_level(req, CGW_LOG_ERROR, "%s:%d: dependency %s needs itself", dependency->file,
                  dependency->line, dependency->name);
    refuse(req, 500);
    return NULL;
}

static bool is_status(int status)
{
    return status == 0 || status < 0 || (status >= 100 && status < 600);
}

const void *cgw__need(cgw_request *req, const struct cgw_dependency *dependency)
{
    struct depend_value *value = find(req, dependency);
    if (value && value->status == DEPEND_RUNNING)
        return is_circular(req, dependency);
    if (value)
        return value->status == 0 ? value->value : NULL;
    value = add(req, dependency);
    if (!value) {
        refuse(req, CGW_ENOMEM);
        return NULL;
    }
    bool is_ready = run_list(req, dependency->depends) == CGW_OK;
    int status = is_ready ? give(req, value) : CGW_EFAILED;
    if (!is_status(status)) {
        cgw_log_level(req, CGW_LOG_ERROR, "%s:%d: dependency %s returned %d, which is no status",
                      dependency->file, dependency->line, dependency->name, status);
        status = 500;
    }
    value->status = status;
    if (status == 0) {
        move_to_front(req, value);
        return value->value;
    }
    if (is_ready)
        refuse(req, status);
    return NULL;
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
