/*
 * The life of an application in a worker, on a task of its own: routes compiled, mounted
 * applications and the user's start() run, requests served, and at the end, when all other tasks
 * are over, stop(). The host's lifespan call is finished last, outside of all tasks, when nothing
 * is left that could use it: it is the runtime's home.
 */
#include "base/memory.h"
#include "web/application.h"
#include "web/load.h"
#include <stdio.h>

/* ---- what start() may use ---- */

int cgw_boot_fail(cgw_boot *boot, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(boot->message, sizeof(boot->message), format, args);
    va_end(args);
    return -1;
}

void *cgw_boot_alloc(cgw_boot *boot, size_t bytes)
{
    return arena_zalloc(&boot->application->arena, bytes);
}

/* ---- events ---- */

static void event_came(struct cgw_call *call, int status, void *arg)
{
    struct application *application = arg;
    runtime_enter(application->runtime, call);
    task_wake(application->waiter, status);
    runtime_run(application->runtime);
}

static int receive(struct application *application)
{
    struct cgw_call *home = application->runtime->home;
    int status = home->host->receive(home, &application->event, event_came, application);
    if (status != CGW_PENDING)
        return status;
    return task_park(application->waiter, "serving", NULL, NULL, NULL);
}

static void send(struct application *application, unsigned type, const char *message)
{
    struct cgw_call *home = application->runtime->home;
    struct cgw_event event = {.type = (uint16_t)type, .size = sizeof(event)};
    if (message)
        event.u.lifespan.message = (struct cgw_str){message, strlen(message)};
    if (type == CGW_LIFESPAN_STARTUP_COMPLETE)
        event.u.lifespan.state = application;
    if (home->host->send(home, &event, 1, event_came, application) == CGW_PENDING)
        (void)task_park(application->waiter, "answering the server", NULL, NULL, NULL);
}

/* ---- start ---- */

static const char *start_user(struct application *application)
{
    struct cgw_boot *boot = &application->boot;
    const struct cgw_lifespan *lifespan = application->lifespan;
    boot->application = application;
    if (!lifespan)
        return NULL;
    application->state = arena_zalloc(&application->arena, lifespan->size ? lifespan->size : 1);
    if (!application->state)
        return "out of memory";
    int status = lifespan->start(boot, application->state);
    group_settle(application->waiter);
    if (status == 0)
        return NULL;
    return boot->message[0] ? boot->message
                            : "start() of the application failed, and gave no reason: return "
                              "cgw_boot_fail(boot, ...)";
}

/* NULL, or what went wrong; whatever had started has stopped then. */
static const char *start(struct application *application)
{
    const char *fault = NULL;
    application->matcher = matcher_new(&fault);
    if (!application->matcher)
        return fault;
    fault = load_fault(application->matcher, &application->arena);
    if (!fault)
        fault = part_start_all(application);
    if (fault)
        return fault;
    if (mount_start_all(application, &fault) == CGW_OK) {
        fault = start_user(application);
        if (fault)
            mount_stop_all(application);
    }
    if (fault)
        part_stop_all(application);
    return fault;
}

/* ---- stop ---- */

static void drain_begun(struct cgw_call *call, int status, void *arg)
{
    struct application *application = arg;
    (void)status;
    runtime_enter(application->runtime, call);
    application->is_draining = true;
    spawn_drain(application->runtime);
    list_each (node, &application->requests) {
        cgw_request *req = list_owner(node, cgw_request, link);
        channel_watch(req);
        after_drain(req);
    }
    runtime_run(application->runtime);
}

static void watch_drain(struct application *application)
{
    struct cgw_call *home = application->runtime->home;
    if (application->shutdown)
        (void)application->shutdown->notify(home, drain_begun, application);
}

static void wait_for_tasks(struct application *application)
{
    while (application->runtime->n_tasks > 1) {
        application->waits_for_tasks = true;
        (void)task_park(application->waiter, "waiting for the other tasks", NULL, NULL, NULL);
    }
    application->waits_for_tasks = false;
}

static void stop(struct application *application)
{
    if (!application->is_draining) {
        application->is_draining = true;
        spawn_drain(application->runtime);
    }
    wait_for_tasks(application);
    if (application->lifespan)
        application->lifespan->stop(application->state);
    group_settle(application->waiter);
    wait_for_tasks(application);
    mount_stop_all(application);
    part_stop_all(application);
}

/* ---- the task ---- */

static int live(void *arg)
{
    struct application *application = arg;
    application->waiter = task_here();
    int status = receive(application);
    if (status != CGW_OK)
        return status;
    const char *fault = start(application);
    if (fault) {
        spawn_drain(application->runtime);
        wait_for_tasks(application);
        send(application, CGW_LIFESPAN_STARTUP_FAILED, fault);
        return CGW_EFAILED;
    }
    watch_drain(application);
    send(application, CGW_LIFESPAN_STARTUP_COMPLETE, NULL);
    status = receive(application);
    stop(application);
    if (status == CGW_OK)
        send(application, CGW_LIFESPAN_SHUTDOWN_COMPLETE, NULL);
    return status;
}

static void is_over(struct task *task, int status)
{
    struct application *application = task->owner;
    application->end_status = status;
    application->is_over = true;
}

static void free_requests(struct application *application)
{
    for (struct list *node; (node = list_take(&application->free_requests));)
        memory_free(list_owner(node, cgw_request, link));
}

static void end(struct application *application)
{
    struct cgw_call *home = application->runtime->home;
    int status = application->end_status;
    free_requests(application);
    matcher_free(application->matcher);
    arena_reset(&application->arena);
    runtime_free(application->runtime);
    memory_free(application);
    home->host->finish(home, status);
}

/* Outside of all tasks, when none of them can go on by itself. */
static void is_idle(struct runtime *runtime)
{
    struct application *application = runtime->application;
    if (application->is_over && runtime->n_tasks == 0) {
        if (!runtime->n_promises) /* else a thread speaks to the runtime yet */
            end(application);
    } else if (application->waits_for_tasks && runtime->n_tasks == 1) {
        application->waits_for_tasks = false;
        task_wake(application->waiter, CGW_OK);
        runtime_run(runtime);
    }
}

static int begin(struct application *application, struct cgw_call *call)
{
    const struct cgw_application *declared = app_declared();
    int status = runtime_new(call, declared->stack_size, &application->runtime);
    if (status != CGW_OK)
        return status;
    struct runtime *runtime = application->runtime;
    application->declared = declared;
    application->lifespan = app_lifespan();
    application->route_table = call->host->extension(call->host, CGW_EXT_ROUTE);
    application->disconnect = call->host->extension(call->host, CGW_EXT_DISCONNECT);
    application->shutdown = call->host->extension(call->host, CGW_EXT_SHUTDOWN);
    list_init(&application->requests);
    list_init(&application->free_requests);
    arena_init(&application->arena, NULL, 0);
    arena_fills |= runtime->is_debug;
    runtime->application = application;
    runtime->idle = is_idle;
    const struct task_options options = {.fn = cgw__task_int(live, "lifespan"),
                                         .arg = application,
                                         .scope = &runtime->root,
                                         .arena = &application->arena,
                                         .call = call,
                                         .ended = is_over,
                                         .owner = application};
    return task_new(runtime, &options) ? CGW_OK : CGW_ENOMEM;
}

/* ---- a start that failed before there was anything to run it on ---- */

/* The call's memory. */
struct refusal {
    struct cgw_event in, out;
    int cause;
};

static void was_said(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void say_why(struct cgw_call *call, int status, void *arg)
{
    static const char no_loop[] =
        "the SDK needs cgw.loop/1 and cgw.thread/1, which this host lacks";
    struct refusal *refusal = arg;
    const char *why = refusal->cause == CGW_EINVAL ? no_loop : cgw_strerror(refusal->cause);
    refusal->out =
        (struct cgw_event){.type = CGW_LIFESPAN_STARTUP_FAILED, .size = sizeof(refusal->out)};
    refusal->out.u.lifespan.message = (struct cgw_str){why, strlen(why)};
    if (status == CGW_OK)
        status = call->host->send(call, &refusal->out, 1, was_said, NULL);
    if (status != CGW_PENDING)
        was_said(call, status, NULL);
}

static void refuse(struct cgw_call *call, int cause)
{
    struct refusal *refusal = call->host->alloc(call, sizeof(*refusal));
    if (!refusal) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    refusal->cause = cause;
    int status = call->host->receive(call, &refusal->in, say_why, refusal);
    if (status != CGW_PENDING)
        say_why(call, status, refusal);
}

void lifespan_begin(struct cgw_call *call)
{
    struct application *application = memory_zalloc(sizeof(*application));
    int status = application ? begin(application, call) : CGW_ENOMEM;
    if (status == CGW_OK) {
        runtime_enter(application->runtime, call);
        runtime_run(application->runtime);
        return;
    }
    if (application)
        runtime_free(application->runtime);
    memory_free(application);
    refuse(call, status);
}
