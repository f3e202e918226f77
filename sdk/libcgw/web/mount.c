/*
 * Other applications below a prefix. An asynchronous one gets the host's own call, with a scope of
 * its own in it, and gives it back in finish(): until then nobody stands between it and the host.
 * It runs on the loop's stack, as it would without us, not on a fiber's.
 *
 * What the application puts around all of its requests by filters (through.c) is around these, too,
 * driven by the filters' other driver.
 *
 * Its lifespan is a call that is played here: startup and shutdown, none of the host's tables.
 */
#include "web/mount.h"
#include "base/memory.h"
#include "filter/wrap.h"
#include "web/through.h"

/* ---- requests ---- */

/* What we put in place of the host's table for one call; ours while that lasts. */
struct handed {
    struct cgw_host host;
    struct cgw_scope scope;
    const struct mount_life *life;
    cgw_request *req;
    struct task *task;
    struct cgw_call before; /* what stood in the call */
    int status;             /* of its finish() */
    bool is_over;
};

static struct handed *handed_of(const struct cgw_host *host)
{
    return (struct handed *)(void *)((char *)(uintptr_t)host - offsetof(struct handed, host));
}

static const void *find_table(const struct cgw_host *host, const char *id)
{
    const struct cgw_host *real = handed_of(host)->before.host;
    return real->extension(real, id);
}

/* The table below is in the call while one of its functions runs: <cgw/wrap.h>. */
static int receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done, void *arg)
{
    const struct cgw_host *own = call->host;
    call->host = handed_of(own)->before.host;
    int status = call->host->receive(call, event, done, arg);
    call->host = own;
    return status;
}

static int send(struct cgw_call *call, const struct cgw_event *events, size_t n, cgw_done_fn *done,
                void *arg)
{
    const struct cgw_host *own = call->host;
    call->host = handed_of(own)->before.host;
    int status = call->host->send(call, events, n, done, arg);
    call->host = own;
    return status;
}

static void *alloc(struct cgw_call *call, size_t bytes)
{
    const struct cgw_host *own = call->host;
    call->host = handed_of(own)->before.host;
    void *p = call->host->alloc(call, bytes);
    call->host = own;
    return p;
}

/* From a callback of its own, or from inside its call(). The request's task does the rest, now
   where it can: to the application the call is gone. */
static void finish(struct cgw_call *call, int status)
{
    struct handed *handed = handed_of(call->host);
    struct runtime *runtime = handed->req->runtime;
    *call = handed->before;
    handed->status = status;
    handed->is_over = true;
    runtime_enter(runtime, call);
    task_wake(handed->task, CGW_OK);
    runtime_run(runtime);
}

static void begin(struct cgw_call *call, void *arg)
{
    struct handed *handed = arg;
    handed->before = *call;
    handed->host = *call->host;
    handed->host.size = sizeof(handed->host);
    handed->host.receive = receive;
    handed->host.send = send;
    handed->host.alloc = alloc;
    handed->host.finish = finish;
    handed->host.extension = find_table;
    *call = (struct cgw_call){&handed->scope, &handed->host, NULL};
    mount_call(handed->life, call);
}

void mount_call(const struct mount_life *life, struct cgw_call *call)
{
    if (life->wraps)
        wrap_call(life->wraps, call);
    else
        life->mount->app->call(call);
}

struct cgw_scope mount_scope(const cgw_request *req, const struct match_result *result,
                             const struct mount_life *life)
{
    struct cgw_scope scope = {.size = 0};
    size_t size = req->scope->size;
    memcpy(&scope, req->scope, size < sizeof(scope) ? size : sizeof(scope));
    scope.size = sizeof(scope);
    scope.root_path = result->root_path;
    scope.state = life->state;
    return scope;
}

static void hand_over(cgw_request *req, const struct mount_life *life,
                      const struct cgw_scope *scope)
{
    struct handed handed = {.scope = *scope, .life = life, .req = req, .task = req->task};
    int status = req->host->post(req->call, begin, &handed);
    if (status != CGW_OK) {
        request_finish(req, status);
        return;
    }
    req->is_ending = true; /* what comes and goes is none of ours */
    while (!handed.is_over)
        (void)task_park(req->task, "in a mounted application", NULL, NULL, NULL);
    request_finish(req, handed.status);
}

static struct mount_life *life_of(const struct matcher *matcher, const struct cgw_mount *mount)
{
    for (size_t i = 0; i < matcher->n_mounts; i++)
        if (matcher->mounts[i].mount == mount)
            return matcher->mounts[i].life;
    return NULL;
}

void mount_serve(cgw_request *req, const struct match_result *result)
{
    const struct mount_life *life = life_of(req->application->matcher, result->mount);
    const struct cgw_scope scope = mount_scope(req, result, life);
    if (result->mount->app->kind == CGW_SYNC)
        mount_sync_serve(req, life, &scope);
    else
        hand_over(req, life, &scope);
}

/* ---- the lifespan's call ---- */

static struct mount_life *life_in(struct cgw_call *call)
{
    return (struct mount_life *)(void *)((char *)call - offsetof(struct mount_life, call));
}

static bool next_event(struct mount_life *life, struct cgw_event *event)
{
    uint16_t type = !life->has_asked ? CGW_LIFESPAN_STARTUP : CGW_LIFESPAN_SHUTDOWN;
    if (life->has_asked && !life->is_stopping)
        return false;
    life->has_asked = true;
    *event = (struct cgw_event){.type = type, .size = sizeof(*event)};
    return true;
}

static int life_receive(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done,
                        void *arg)
{
    struct mount_life *life = life_in(call);
    if (life->event)
        return CGW_EINVAL;
    if (next_event(life, event))
        return CGW_OK;
    life->event = event;
    life->done = done;
    life->done_arg = arg;
    return CGW_PENDING;
}

static void wake_waiter(struct mount_life *life)
{
    struct runtime *runtime = life->application->runtime;
    runtime_enter(runtime, runtime->home);
    if (life->waiter)
        task_wake(life->waiter, CGW_OK);
    runtime_run(runtime);
}

static const char *keep(struct mount_life *life, struct cgw_str message)
{
    const char *copy = arena_copy(&life->arena, message.ptr, message.len);
    return copy ? copy : "out of memory";
}

static int take_event(struct mount_life *life, const struct cgw_event *event)
{
    bool is_start =
        event->type == CGW_LIFESPAN_STARTUP_COMPLETE || event->type == CGW_LIFESPAN_STARTUP_FAILED;
    bool is_stop = event->type == CGW_LIFESPAN_SHUTDOWN_COMPLETE ||
                   event->type == CGW_LIFESPAN_SHUTDOWN_FAILED;
    if (life->is_answered || !(life->is_stopping ? is_stop : is_start))
        return CGW_EINVAL;
    life->is_answered = true;
    if (event->type == CGW_LIFESPAN_STARTUP_COMPLETE)
        life->state = event->u.lifespan.state;
    if (event->type == CGW_LIFESPAN_STARTUP_FAILED || event->type == CGW_LIFESPAN_SHUTDOWN_FAILED)
        life->fault = keep(life, event->u.lifespan.message);
    return CGW_OK;
}

static int life_send(struct cgw_call *call, const struct cgw_event *events, size_t n,
                     cgw_done_fn *done, void *arg)
{
    struct mount_life *life = life_in(call);
    int status = CGW_OK;
    (void)done;
    (void)arg;
    for (size_t i = 0; i < n && status == CGW_OK; i++)
        status = take_event(life, &events[i]);
    wake_waiter(life);
    return status;
}

static void life_finish(struct cgw_call *call, int status)
{
    struct mount_life *life = life_in(call);
    life->is_over = true;
    life->event = NULL;
    if (!life->is_answered && !life->fault)
        life->fault = status == CGW_OK ? "its lifespan ended without a word" : cgw_strerror(status);
    wake_waiter(life);
}

static void *life_alloc(struct cgw_call *call, size_t bytes)
{
    return arena_alloc(&life_in(call)->arena, bytes);
}

struct parcel {
    struct cgw_call *call;
    void (*fn)(struct cgw_call *call, void *arg);
    void *arg;
};

static void open_parcel(struct cgw_call *home, void *arg)
{
    struct parcel parcel = *(struct parcel *)arg;
    (void)home;
    memory_free(arg);
    parcel.fn(parcel.call, parcel.arg);
}

static int life_post(struct cgw_call *call, void (*fn)(struct cgw_call *call, void *arg), void *arg)
{
    const struct runtime *runtime = life_in(call)->application->runtime;
    struct parcel *parcel = memory_alloc(sizeof(*parcel));
    if (!parcel)
        return CGW_ENOMEM;
    *parcel = (struct parcel){call, fn, arg};
    int status = runtime->host->post(runtime->home, open_parcel, parcel);
    if (status != CGW_OK)
        memory_free(parcel);
    return status;
}

static void life_log(struct cgw_call *call, int level, const char *message, size_t len)
{
    const struct runtime *runtime = life_in(call)->application->runtime;
    runtime->host->log(runtime->home, level, message, len);
}

static const void *no_table(const struct cgw_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

static void prepare(struct mount_life *life)
{
    const struct cgw_host *real = life->application->runtime->host;
    life->host = (struct cgw_host){.size = sizeof(life->host),
                                   .abi_major = real->abi_major,
                                   .abi_minor = real->abi_minor,
                                   .name = real->name,
                                   .version = real->version,
                                   .receive = life_receive,
                                   .send = life_send,
                                   .finish = life_finish,
                                   .alloc = life_alloc,
                                   .post = life_post,
                                   .log = life_log,
                                   .extension = no_table};
    life->scope = (struct cgw_scope){.size = sizeof(life->scope),
                                     .type = CGW_SCOPE_LIFESPAN,
                                     .asgi_version = CGW_STR("3.0"),
                                     .spec_version = CGW_STR("2.0")};
    life->call = (struct cgw_call){&life->scope, &life->host, NULL};
    arena_init(&life->arena, NULL, 0);
}

/* ---- start and stop ---- */

static void begin_life(struct cgw_call *home, void *arg)
{
    struct mount_life *life = arg;
    (void)home;
    life->mount->app->call(&life->call);
}

/* Tell one that waits for it; one that does not wait will ask. */
static void begin_stop(struct cgw_call *home, void *arg)
{
    struct mount_life *life = arg;
    struct cgw_event *event = life->event;
    (void)home;
    life->event = NULL;
    if (event && next_event(life, event))
        life->done(&life->call, CGW_OK, life->done_arg);
}

/* What fails, and what stops, ends the call; only a start that went well leaves it open. */
static bool is_through(const struct mount_life *life)
{
    return life->is_over || (life->is_answered && !life->is_stopping && !life->fault);
}

/* Have fn run on the loop's own stack, and wait for what comes of it. */
static void play(struct mount_life *life, void (*fn)(struct cgw_call *home, void *arg))
{
    const struct runtime *runtime = life->application->runtime;
    if (runtime->host->post(runtime->home, fn, life) != CGW_OK) {
        life->fault = "out of memory";
        return;
    }
    life->waiter = task_here();
    while (!is_through(life))
        (void)task_park(life->waiter, "in a mounted application", NULL, NULL, NULL);
    life->waiter = NULL;
}

static struct mount_life *new_life(struct application *application, const struct cgw_mount *mount)
{
    struct mount_life *life = arena_zalloc(&application->arena, sizeof(*life));
    if (life)
        *life = (struct mount_life){.application = application, .mount = mount};
    return life;
}

/* A worker's memory is shared with the requests that are ours; but the clock of a thread is
   another one than the loop's, so what measures it there is on its own. */
static int worker_for(struct application *application, const struct cgw__filter_use *use,
                      bool is_sync, void **ret_worker)
{
    size_t bytes = use->filter->worker_bytes ? use->filter->worker_bytes(use->options) : 0;
    if (!is_sync || !bytes)
        return through_worker(application, use, ret_worker);
    *ret_worker = arena_zalloc(&application->arena, bytes);
    return *ret_worker ? CGW_OK : CGW_ENOMEM;
}

static size_t count_uses(const struct cgw_middleware *const *middleware)
{
    size_t n = 0;
    for (; middleware && *middleware; middleware++)
        n += (*middleware)->use != NULL;
    return n;
}

/* CGW_OK or CGW_ENOMEM. */
static int put_around(struct application *application, struct mount_life *life)
{
    const struct cgw_middleware *const *middleware = application->declared->middleware;
    const struct cgw_app *app = life->mount->app;
    size_t n = count_uses(middleware), i = 0;
    struct wrap *wraps = n ? arena_alloc(&application->arena, n * sizeof(*wraps)) : NULL;
    if (n && !wraps)
        return CGW_ENOMEM;
    for (; i < n; middleware++) {
        const struct cgw__filter_use *use = (*middleware)->use;
        bool is_sync = app->kind == CGW_SYNC;
        if (!use)
            continue;
        wraps[i] = (struct wrap){.filter = use->filter,
                                 .options = use->options,
                                 .inner = app,
                                 .next = i + 1 < n ? &wraps[i + 1] : NULL,
                                 .has_loop_clock = true};
        if (worker_for(application, use, is_sync, &wraps[i++].worker) != CGW_OK)
            return CGW_ENOMEM;
    }
    life->wraps = wraps;
    return CGW_OK;
}

static const char *start_one(struct application *application, struct match_mount *mount)
{
    const struct cgw_app *app = mount->mount->app;
    struct mount_life *life = mount->life = new_life(application, mount->mount);
    if (!life || put_around(application, life) != CGW_OK)
        return "out of memory";
    if (!(app->flags & CGW_LIFESPAN))
        return NULL;
    if (app->kind == CGW_SYNC)
        return "an application of CGW_SYNC with CGW_LIFESPAN cannot be mounted: serve it by itself";
    prepare(life);
    play(life, begin_life);
    life->has_started = !life->fault;
    return life->fault;
}

/* It has its word on shutdown, then it is to finish; what it says is for the log. */
static void stop_one(struct application *application, struct mount_life *life)
{
    if (!life)
        return;
    if (life->has_started && !life->is_over) {
        life->is_stopping = true;
        life->is_answered = false;
        play(life, begin_stop);
        if (life->fault)
            runtime_log(application->runtime, NULL, CGW_LOG_ERROR, "mounted %s: %s",
                        life->mount->name, life->fault);
    }
    life->has_started = false;
    arena_fini(&life->arena);
}

int mount_start_all(struct application *application, const char **ret_error)
{
    struct matcher *matcher = application->matcher;
    for (size_t i = 0; i < matcher->n_mounts; i++) {
        const struct cgw_mount *mount = matcher->mounts[i].mount;
        const char *fault = start_one(application, &matcher->mounts[i]);
        if (!fault)
            continue;
        cgw_str text = arena_printf(&application->arena, "%s:%d: mounted %s: %s", mount->file,
                                    mount->line, mount->name, fault);
        *ret_error = text.ptr ? text.ptr : "out of memory";
        mount_stop_all(application);
        return CGW_EFAILED;
    }
    return CGW_OK;
}

void mount_stop_all(struct application *application)
{
    struct matcher *matcher = application->matcher;
    for (size_t i = matcher->n_mounts; i-- > 0;)
        stop_one(application, matcher->mounts[i].life);
}
