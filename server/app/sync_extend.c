/*
 * The extensions of synchronous calls, on both sides: what a module may ask of the outer call is
 * found out on the loop, before the hop, or comes to be known there; what it says goes along with
 * its letters.
 */
#include "app/current.h"
#include "app/route.h"
#include "app/sync_host.h"
#include "base/log.h"
#include <string.h>

/* ---- on the loop ---- */

static bool ask_want(struct cgw_call *outer, const char *id)
{
    const struct cgw_event_extension *table = outer->host->extension(outer->host, id);
    return table && table->is_wanted(outer);
}

static void note_gone(struct cgw_call *call, int status, void *arg)
{
    struct sync *sync = arg;
    (void)call, (void)status;
    atomic_store(&sync->is_gone, true);
}

static void note_draining(struct cgw_call *call, int status, void *arg)
{
    struct sync *sync = arg;
    (void)call, (void)status;
    atomic_store(&sync->is_draining, true);
}

void sync_watch(struct sync *sync)
{
    struct cgw_call *outer = sync->outer;
    const struct cgw_host *host = outer->host;
    const struct cgw_disconnect *disconnect = host->extension(host, CGW_EXT_DISCONNECT);
    const struct cgw_shutdown *shutdown = host->extension(host, CGW_EXT_SHUTDOWN);
    if (shutdown && shutdown->notify(outer, note_draining, sync) == CGW_ECANCELED)
        atomic_store(&sync->is_draining, true);
    if (outer->scope->type == CGW_SCOPE_LIFESPAN)
        return;
    if (disconnect && disconnect->notify(outer, note_gone, sync) == CGW_ECLOSED)
        atomic_store(&sync->is_gone, true);
    sync->wants[SYNC_WANT_FILE] = ask_want(outer, CGW_EXT_FILE);
    sync->wants[SYNC_WANT_TRAILERS] = ask_want(outer, CGW_EXT_TRAILERS);
    sync->wants[SYNC_WANT_INFORMATIONAL] = ask_want(outer, CGW_EXT_INFORMATIONAL);
}

void sync_hear(struct sync *sync)
{
    const char *route = atomic_load_explicit(&sync->route, memory_order_acquire);
    if (!sync->is_heard && sync->job.run)
        pool_observe(&sync->job);
    sync->is_heard = true;
    if (!route || sync->is_route_told)
        return;
    const struct cgw_host *host = sync->outer->host;
    const struct cgw_route *table = host->extension(host, CGW_EXT_ROUTE);
    table->set(sync->outer, route, sync->route_len);
    sync->is_route_told = true;
}

/* ---- on the thread ---- */

static int wants_file(struct cgw_call *call)
{
    return ((struct sync *)(void *)call)->wants[SYNC_WANT_FILE];
}

static int wants_trailers(struct cgw_call *call)
{
    return ((struct sync *)(void *)call)->wants[SYNC_WANT_TRAILERS];
}

static int wants_informational(struct cgw_call *call)
{
    return ((struct sync *)(void *)call)->wants[SYNC_WANT_INFORMATIONAL];
}

static int run_here(struct cgw_call *call, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
                    void *done_arg)
{
    (void)call, (void)done, (void)done_arg;
    fn(arg);
    return CGW_OK;
}

static int is_disconnected(struct cgw_call *call)
{
    return atomic_load(&((struct sync *)(void *)call)->is_gone);
}

static int is_draining(struct cgw_call *call)
{
    return atomic_load(&((struct sync *)(void *)call)->is_draining);
}

static int notify_never(struct cgw_call *call, cgw_done_fn *fn, void *arg)
{
    (void)call, (void)fn, (void)arg;
    return CGW_EINVAL;
}

/* The outer is told by the loop, with the next letter; it cannot refuse what is checked here. */
static int set_route(struct cgw_call *call, const char *route, size_t len)
{
    struct sync *sync = (struct sync *)(void *)call;
    if (atomic_load(&sync->is_finished))
        return sync_misuse("set");
    const char *fault = call->scope->type != CGW_SCOPE_HTTP ? "this is no http call"
                        : atomic_load(&sync->route)         ? "it was named before"
                        : sync->is_started                  ? "the response has started"
                                                            : route_check((struct str){route, len});
    if (fault) {
        log_line(LOG_LEVEL_ERROR, 309, "a sync application named its route wrongly: %s", fault);
        return CGW_EINVAL;
    }
    char *copy = arena_copy(&sync->arena, route, len);
    sync->route_len = len;
    current.route = copy;
    atomic_store_explicit(&sync->route, copy, memory_order_release);
    return CGW_OK;
}

/* It is on a thread already. */
static int is_promoted(struct cgw_call *call)
{
    (void)call;
    return 0;
}

static const struct cgw_event_extension file = {sizeof(file), CGW_HTTP_RESPONSE_FILE, 0,
                                                wants_file};
static const struct cgw_event_extension trailers = {sizeof(trailers), CGW_HTTP_RESPONSE_TRAILERS, 0,
                                                    wants_trailers};
static const struct cgw_event_extension informational = {
    sizeof(informational), CGW_HTTP_RESPONSE_INFORMATIONAL, 0, wants_informational};
static const struct cgw_thread thread = {sizeof(thread), 0, run_here};
static const struct cgw_route route = {sizeof(route), 0, set_route, is_promoted};
static const struct cgw_disconnect disconnect = {sizeof(disconnect), 0, is_disconnected,
                                                 notify_never};
static const struct cgw_shutdown drain = {sizeof(drain), 0, is_draining, notify_never};

/* A module may use what both this side and the outer host have; cgw.loop/1 is of the loop only. */
static const struct {
    const char *id;
    const void *table;
} extensions[] = {
    {CGW_EXT_FILE, &file},
    {CGW_EXT_TRAILERS, &trailers},
    {CGW_EXT_INFORMATIONAL, &informational},
    {CGW_EXT_DISCONNECT, &disconnect},
    {CGW_EXT_ROUTE, &route},
    {CGW_EXT_SHUTDOWN, &drain},
};

const void *sync_extension(const struct cgw_host *host, const char *id)
{
    const struct cgw_host *outer = ((const struct sync_table *)(const void *)host)->outer;
    if (strcmp(id, CGW_EXT_THREAD) == 0)
        return &thread;
    if (strcmp(id, CGW_EXT_DEBUG) == 0) /* says all by being there */
        return outer->extension(outer, id);
    for (size_t i = 0; i < sizeof(extensions) / sizeof(*extensions); i++)
        if (strcmp(id, extensions[i].id) == 0)
            return outer->extension(outer, id) ? extensions[i].table : NULL;
    return NULL;
}
