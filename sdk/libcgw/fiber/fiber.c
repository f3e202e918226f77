/*
 * The fibers behind fiber.h. From the top of a slot down: the owner's head, struct fiber, the
 * stack. What the sanitizers are told stands around each switch, and compiles to nothing without
 * them.
 */
#include "fiber/fiber.h"
#include "base/memory.h"
#include "base/sanitize.h"
#include "fiber/stack.h"
#include "fiber/switch.h"
#include <assert.h>
#include <cgw/base.h>
#include <stdlib.h>
#if SANITIZE_ADDRESS
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if SANITIZE_THREAD
#include <sanitizer/tsan_interface.h>
#define NOT_WATCHED __attribute__((no_sanitize("thread")))
#else
#define NOT_WATCHED
#endif
/* Between what it is told and the switch, no call or return may be recorded. */
#define TELLS NOT_WATCHED __attribute__((always_inline)) static inline

enum { USUAL_STACK_BYTES = 64 * 1024, ALIGNMENT = 64, MAX_BYTES = 1 << 30 };

struct fiber_pool {
    struct stack_pool stacks;
    size_t head_bytes;
    size_t n_refused;
};

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

int fiber_pool_new(size_t stack_bytes, size_t head_bytes, struct fiber_pool **ret_pool)
{
    if (stack_bytes > MAX_BYTES || head_bytes > MAX_BYTES)
        return CGW_ENOMEM;
    struct fiber_pool *pool = memory_zalloc(sizeof *pool);
    if (!pool)
        return CGW_ENOMEM;
    pool->head_bytes = round_up(head_bytes);
    stack_init(&pool->stacks, (stack_bytes ? stack_bytes : USUAL_STACK_BYTES) + pool->head_bytes +
                                  round_up(sizeof(struct fiber)));
    *ret_pool = pool;
    return CGW_OK;
}

void fiber_pool_free(struct fiber_pool *pool)
{
    if (pool)
        stack_fini(&pool->stacks);
    memory_free(pool);
}

void fiber_pool_status(const struct fiber_pool *pool, struct fiber_pool_status *ret_status)
{
    *ret_status = (struct fiber_pool_status){
        .used = pool->stacks.n_used,
        .spare = pool->stacks.n_warm,
        .slab_bytes = stack_slab_bytes(&pool->stacks),
        .refused = pool->n_refused,
        .guard = pool->stacks.guard == GUARD_MPROTECT ? "mprotect" : "madvise",
        .switched_by = SWITCH_NAME,
    };
}

/* ---- what the sanitizers are told ---- */

/* from is about to be left for to. */
TELLS void tell_before(struct fiber *from, struct fiber *to, bool is_for_ever)
{
#if SANITIZE_ADDRESS
    __sanitizer_start_switch_fiber(is_for_ever ? NULL : &from->fake_stack, to->bottom,
                                   to->bottom_bytes);
#endif
#if SANITIZE_THREAD
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
    (void)from, (void)to, (void)is_for_ever;
}

/* self runs again, or for the first time. */
TELLS void tell_after(struct fiber *self)
{
#if SANITIZE_ADDRESS
    __sanitizer_finish_switch_fiber(self->fake_stack, NULL, NULL);
#endif
#if SANITIZE_THREAD
    __asm__ volatile(""); /* no tail call: the caller's return is recorded where it happens */
#endif
    (void)self;
}

static void tell_new(struct fiber *fiber)
{
    fiber->bottom = fiber->low;
    fiber->bottom_bytes = (size_t)(fiber->high - fiber->low);
    fiber->fake_stack = NULL;
#if SANITIZE_THREAD
    fiber->tsan = __tsan_create_fiber(0);
#endif
}

static void tell_free(struct fiber *fiber)
{
#if SANITIZE_THREAD
    __tsan_destroy_fiber(fiber->tsan);
#endif
    (void)fiber;
}

static void tell_thread(struct fiber *fiber)
{
#if SANITIZE_ADDRESS
    pthread_attr_t attributes;
    void *low = NULL;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstack(&attributes, &low, &fiber->bottom_bytes);
        pthread_attr_destroy(&attributes);
    }
    fiber->bottom = low;
#endif
#if SANITIZE_THREAD
    fiber->tsan = __tsan_get_current_fiber();
#endif
    (void)fiber;
}

/* ---- fibers ---- */

/* The outermost frame of each. What it returns is gone on with, see switch.h. */
NOT_WATCHED static void *begin(void *arg)
{
    struct fiber *fiber = arg;
    tell_after(fiber);
    fiber->entry(fiber->arg);
    assert(fiber->back && fiber->back->state == FIBER_WAITS);
    if (SANITIZE_ADDRESS || SANITIZE_THREAD)
        fiber_leave(fiber, fiber->back); /* nothing may run between what they are told and that */
    fiber->state = FIBER_IS_LEFT;
    fiber->back->state = FIBER_RUNS;
    return fiber->back->sp;
}

struct fiber *fiber_new(struct fiber_pool *pool, void (*entry)(void *arg), void *arg,
                        void **ret_head)
{
    struct stack_slot *slot = stack_take(&pool->stacks);
    if (!slot) {
        pool->n_refused++;
        return NULL;
    }
    char *low = slot->low;
    char *head = low + pool->stacks.slot_bytes - pool->head_bytes;
    char *high = head - round_up(sizeof(struct fiber));
    struct fiber *fiber = (struct fiber *)(void *)high;
    fiber->low = low;
    fiber->high = high;
    fiber->entry = entry;
    fiber->arg = arg;
    fiber->state = FIBER_FRESH;
    fiber->back = NULL;
    fiber->slot = slot;
    fiber->sp = switch_prepare(low, high, begin, fiber);
    tell_new(fiber);
    *ret_head = head;
    return fiber;
}

void fiber_free(struct fiber_pool *pool, struct fiber *fiber)
{
    assert(fiber->state == FIBER_FRESH || fiber->state == FIBER_IS_LEFT);
    tell_free(fiber);
    stack_give(&pool->stacks, fiber->slot);
}

void fiber_adopt_thread(struct fiber *fiber)
{
    *fiber = (struct fiber){.state = FIBER_RUNS};
    tell_thread(fiber);
}

void fiber_drop_thread(struct fiber *fiber)
{
    assert(fiber->state == FIBER_RUNS);
    *fiber = (struct fiber){.state = FIBER_IS_LEFT};
}

NOT_WATCHED void fiber_switch(struct fiber *from, struct fiber *to)
{
    assert(from->state == FIBER_RUNS);
    assert(to->state == FIBER_WAITS || to->state == FIBER_FRESH);
    from->state = FIBER_WAITS;
    to->state = FIBER_RUNS;
    to->back = from;
    tell_before(from, to, false);
    switch_to(&from->sp, to->sp);
    tell_after(from);
}

NOT_WATCHED _Noreturn void fiber_leave(struct fiber *from, struct fiber *to)
{
    assert(from->state == FIBER_RUNS);
    assert(to->state == FIBER_WAITS || to->state == FIBER_FRESH);
    from->state = FIBER_IS_LEFT;
    to->state = FIBER_RUNS;
    tell_before(from, to, true);
    switch_to(&from->sp, to->sp);
    abort(); /* somebody switched to what was left */
}

bool fiber_is_overflow(const struct fiber *fiber, uintptr_t address)
{
    uintptr_t low = (uintptr_t)fiber->low;
    return low && address < low && address >= low - guard_bytes();
}
