/*
 * All this is off the common path: it runs when a handler has taken the loop for a tenth of a
 * second.
 */
#include "app/held.h"
#include "base/clock.h"
#include "base/log.h"
#include <stdio.h>

enum {
    SITES = 128, /* and routes told in the life of a worker */
    PROMOTE_AT = 2,
    SITE_BYTES = sizeof((struct board_slot *)0)->blocked_site
};

/* ---- telling ---- */

/* As the supervisor has it by now; it writes while we read, so the end is not taken on trust. */
static void copy_site(const struct board_slot *slot, char dst[SITE_BYTES])
{
    memcpy(dst, slot->blocked_site, SITE_BYTES);
    dst[SITE_BYTES - 1] = '\0';
}

static uint64_t hash(struct str text)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3;
    return hash;
}

/* false: it is among those told, or there are SITES of them. */
static bool note(struct str what)
{
    static uint64_t told[SITES];
    static unsigned n_told;
    uint64_t key = hash(what);
    for (unsigned i = 0; i < n_told; i++)
        if (told[i] == key)
            return false;
    if (n_told == SITES)
        return false;
    told[n_told++] = key;
    return true;
}

/* Of what is no call, an empty one. */
static struct str route_of(const struct call *call)
{
    static const struct call none;
    call = call ? call : &none;
    struct str path = {call->scope.raw_path.ptr, call->scope.raw_path.len};
    return call->route_name.ptr ? call->route_name : path;
}

/* Told once for each site; where that is not known, once for a route that was never told. */
static bool is_news(const struct call *call, const char *site)
{
    bool is_new_route = note(route_of(call));
    return *site ? note(str_from(site)) : is_new_route;
}

static struct str or_dash(const char *ptr, size_t len)
{
    return len ? (struct str){ptr, len} : STR("-");
}

/* call NULL: what held it was done for none. */
static void tell(const struct call *call, uint64_t held_us, const char *site)
{
    static const struct cgw_scope no_scope;
    const struct cgw_scope *scope = call ? &call->scope : &no_scope;
    struct str route = call ? or_dash(call->route_name.ptr, call->route_name.len) : STR("-");
    struct str method = or_dash(scope->method.ptr, scope->method.len);
    struct str path = or_dash(scope->raw_path.ptr, scope->raw_path.len);
    char id[24] = "-";
    if (call)
        snprintf(id, sizeof id, "%016llx", (unsigned long long)call->id);
    log_line(
        LOG_LEVEL_WARNING, 307,
        "a call held the loop, and with it all others: make it CGW_SYNC, or hand what "
        "blocks to cgw_blocking() or cgw.thread/1 total_ms=%llu site=%s route=%.*s method=%.*s "
        "target=%.*s%s%.*s call=%s",
        (unsigned long long)(held_us / 1000), *site ? site : "-", (int)route.len, route.ptr,
        (int)method.len, method.ptr, (int)path.len, path.ptr, scope->query.len ? "?" : "",
        (int)scope->query.len, scope->query.len ? scope->query.ptr : "", id);
}

/* ---- promotion ---- */

/* Of an application that names routes, calls that are not named stay where they are. */
static bool may_promote(const struct call *call)
{
    const struct call_runtime *runtime = call->runtime;
    const struct board_slot *slot = runtime->slot;
    const struct board_route *route = &slot->routes[call->route];
    uint32_t flags = runtime->app->flags;
    if (!runtime->settings->promote_blocking || !(flags & (CGW_THREAD_SAFE | CGW_PROMOTES)) ||
        runtime->app->kind != CGW_ASYNC || call->kind != &call_http)
        return false;
    bool is_whole = !call->route && !(flags & CGW_PROMOTES) && atomic_load(&slot->n_routes) <= 1;
    return board_get(&route->blocked) >= PROMOTE_AT && !atomic_load(&route->is_promoted) &&
           (call->route || is_whole);
}

/* What moves its routes by itself needs none. */
static bool has_runner(struct call_runtime *runtime)
{
    return runtime->app->flags & CGW_PROMOTES || runtime->pool_runner ||
           sync_runner_new(runtime->app, runtime->pool, runtime->mailbox, &runtime->pool_runner) ==
               0;
}

static void promote(struct call *call)
{
    struct call_runtime *runtime = call->runtime;
    struct board_route *route = &runtime->slot->routes[call->route];
    if (!may_promote(call) || !has_runner(runtime))
        return;
    atomic_store(&route->is_promoted, 1);
    runtime->is_on_pool |= call->route == 0;
    log_line(LOG_LEVEL_INFO, 308,
             "moved to the thread pool from now on, as it held the loop again: %s%s",
             call->route ? "route=" : "the whole application", call->route ? route->name : "");
}

/*
 * For how long by now. The supervisor has seen it since since_us only; that it had not begun at
 * before_us, at the beginning of this turn of the loop, or when the last call ended, says more.
 */
static uint64_t held_for_us(const struct call_runtime *runtime)
{
    const struct board_slot *slot = runtime->slot;
    uint64_t since = atomic_load(&slot->blocked_since_us), now = clock_now_us();
    if (runtime->turn_us) {
        uint64_t before = atomic_load(&slot->blocked_before_us);
        uint64_t begun = *runtime->turn_us > before ? *runtime->turn_us : before;
        begun = begun > runtime->ended_us ? begun : runtime->ended_us;
        since = begun < since ? begun : since;
    }
    return now > since ? now - since : 1;
}

void held_is_over(struct call_runtime *runtime, struct call *call)
{
    char site[SITE_BYTES];
    struct board_slot *slot = runtime->slot;
    atomic_thread_fence(memory_order_acquire); /* behind blocked_entered, which was seen */
    uint64_t us = held_for_us(runtime);
    board_add(&slot->routes[call ? call->route : 0].blocked, 1);
    copy_site(slot, site);
    if (!atomic_load(&slot->blocked_was_told) && is_news(call, site))
        tell(call, us, site);
    if (!call)
        return;
    call->blocked_us = us;
    promote(call);
}

/* ---- the browser ---- */

/* How long the call holds the loop by now, where it is caught at it; else how long it did. */
static uint64_t held_us(const struct call *call)
{
    const struct board_slot *slot = call->runtime->slot;
    uint64_t entered = atomic_load_explicit(&slot->entered, memory_order_relaxed);
    if (entered % 2 == 0 || atomic_load(&slot->blocked_entered) != entered ||
        atomic_load(&slot->current) != (uintptr_t)call)
        return call->blocked_us;
    return held_for_us(call->runtime);
}

/* The site is put into a quoted-string: what would need more care there becomes '?'. */
static void copy_quotable_site(const struct board_slot *slot, char dst[SITE_BYTES])
{
    copy_site(slot, dst);
    for (char *c = dst; *c; c++)
        if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\')
            *c = '?';
}

void held_add_timing(struct call *call, struct head *head)
{
    char value[SITE_BYTES + 64], site[SITE_BYTES];
    uint64_t us = held_us(call);
    if (!us)
        return;
    copy_quotable_site(call->runtime->slot, site);
    int len = snprintf(value, sizeof value, "cgw-blocked;dur=%llu.%03u%s%s%s",
                       (unsigned long long)(us / 1000), (unsigned)(us % 1000),
                       *site ? ";desc=\"" : "", site, *site ? "\"" : "");
    struct field *fields = arena_alloc(&call->arena, (head->n_fields + 1) * sizeof *fields);
    const char *text = arena_copy(&call->arena, value, (size_t)len);
    if (!fields || !text)
        return;
    for (size_t i = 0; i < head->n_fields; i++)
        fields[i] = head->fields[i];
    fields[head->n_fields++] =
        (struct field){.name = STR("server-timing"), .value = {text, (size_t)len}};
    head->fields = fields;
}
