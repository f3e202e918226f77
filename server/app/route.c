/*
 * Naming a route on the loop: found or made on the board, and answered CGW_PENDING where it was
 * moved to the pool and the call is untouched, so that it can be begun anew there.
 */
#include "app/route.h"
#include "app/call.h"

const char *route_check(struct str name)
{
    if (!name.len)
        return "the name of a route is empty";
    if (!name.ptr)
        return "the name of a route has a length but no bytes";
    return memchr(name.ptr, '\0', name.len) ? "the name of a route holds a NUL" : NULL;
}

static const char *find_fault(const struct call *call, struct str name)
{
    if (call->kind != &call_http)
        return "a route was named in what is no http call";
    if (call->is_hopping || call->is_finished)
        return "a route was named behind the end";
    if (call->is_named)
        return "a route was named twice";
    if (call->order != ORDER_HTTP_NEW)
        return "a route was named behind the start of the response";
    return route_check(name);
}

static bool is_armed(const struct call *call)
{
    return !list_is_empty(&call->timers) || !list_is_empty(&call->watches) ||
           !list_is_empty(&call->jobs) || call->gone.fn || call->drain.fn ||
           atomic_load_explicit(&call->has_posted, memory_order_relaxed);
}

/* Nothing that would be lost, or come twice, when it begins anew. */
static bool is_untouched(const struct call *call)
{
    return call->is_fresh && call->depth == 1 && !call->is_receiving && !call->is_body_over &&
           !call->body_received && !call->send_n && !call->is_canceled && !is_armed(call);
}

/* The board's, whose names stay, where that is whole; else a copy, where there is memory; else as
   far as the board has it. */
static void keep_name(struct call *call, struct str name)
{
    const struct board_route *route = &call->runtime->slot->routes[call->route];
    bool is_whole = call->route && name.len < sizeof route->name;
    const char *kept = is_whole ? route->name : arena_copy(&call->arena, name.ptr, name.len);
    call->is_named = true;
    if (kept)
        call->route_name = (struct str){kept, name.len};
    else if (call->route)
        call->route_name = str_from(route->name);
}

/* The application moves its calls by itself, or has said nothing of being moved. */
static bool may_move(const struct call *call)
{
    return !(call->runtime->app->flags & CGW_PROMOTES) && is_untouched(call);
}

static bool is_blocking(const struct call *call)
{
    const struct board_slot *slot = call->runtime->slot;
    return call->route &&
           atomic_load_explicit(&slot->routes[call->route].is_promoted, memory_order_relaxed);
}

static int route_set(struct cgw_call *pub, const char *route, size_t len)
{
    struct call *call = call_of(pub);
    struct str name = {route, len};
    const char *fault = find_fault(call, name);
    if (fault)
        return call_misuse(call, fault, 0, STR(""));
    call->route = board_route(call->runtime->slot, name.ptr, name.len);
    keep_name(call, name);
    if (!is_blocking(call) || !may_move(call))
        return CGW_OK;
    /* what it still does with the call is told that something is in flight */
    call->is_hopping = call->is_receiving = call->is_sending = true;
    return CGW_PENDING;
}

static int route_is_promoted(struct cgw_call *pub)
{
    return is_blocking(call_of(pub));
}

const struct cgw_route route_table = {
    .size = sizeof route_table, .set = route_set, .is_promoted = route_is_promoted};
