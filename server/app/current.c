/*
 * Visits to the application, as the supervisor sees them, and on whose behalf they are. A visit
 * begins with the call whose callback it is; an application that goes on with another one inside of
 * it says so (cgw.current/1), and for the supervisor that is the next visit. So what is found to be
 * blocking has one call to blame, and the clock that it is measured by begins with it.
 *
 * Visits do not nest: net/ runs callbacks one after the other, and what finish() sets free goes on
 * at the end of the turn. Should they, the count is even too early, and never odd for too long.
 */
#include "app/current.h"
#include "app/held.h"

_Thread_local struct current current;

/* The supervisor looks on, with no help but the order of these stores. */
static void set(struct board_slot *slot, struct call *call, uint64_t entered)
{
    current.call = call;
    current.id = call ? call->id : 0;
    atomic_store_explicit(&slot->current, (uintptr_t)call, memory_order_relaxed);
    atomic_store_explicit(&slot->entered, entered, memory_order_release);
}

static uint64_t entered_of(const struct board_slot *slot)
{
    return atomic_load_explicit(&slot->entered, memory_order_relaxed);
}

static void judge(struct call_runtime *runtime, struct call *call, uint64_t entered)
{
    if (atomic_load_explicit(&runtime->slot->blocked_entered, memory_order_relaxed) == entered)
        held_is_over(runtime, call);
}

void current_enter(struct call *call)
{
    struct board_slot *slot = call->runtime->slot;
    set(slot, call, (entered_of(slot) + 1) | 1);
}

void current_leave(struct call_runtime *runtime)
{
    struct board_slot *slot = runtime->slot;
    struct call *last = current.call;
    uint64_t entered = entered_of(slot);
    current.call = NULL;
    atomic_store_explicit(&slot->entered, (entered + 1) & ~UINT64_C(1), memory_order_release);
    judge(runtime, last, entered);
}

static void change(struct call_runtime *runtime, struct call *call)
{
    struct call *last = current.call;
    uint64_t entered = entered_of(runtime->slot);
    set(runtime->slot, call, entered + 2);
    judge(runtime, last, entered);
}

void current_drop(struct call *call)
{
    if (current.call == call && entered_of(call->runtime->slot) & 1)
        change(call->runtime, NULL);
}

/* Outside of a callback, and on a thread that is not the loop's, it says nothing. */
static void current_set(struct cgw_call *pub)
{
    struct call *call = pub ? call_of(pub) : NULL;
    struct call_runtime *runtime = current.runtime;
    if (current.call != call && runtime && entered_of(runtime->slot) & 1)
        change(runtime, call);
}

const struct cgw_current current_table = {.size = sizeof current_table, .set = current_set};
