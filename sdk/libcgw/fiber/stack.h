/*
 * Stacks for fibers: slots of slabs that are mapped without being paid for, in small pages, with a
 * guard under each. A slot that is given back is the next one that is taken. Of those that lie
 * spare, as many as are in use (and a few in any case) keep their memory; the others give it back
 * to the system, whole slabs where none of their slots is in use. Of one thread.
 */
#ifndef FIBER_STACK_H
#define FIBER_STACK_H
#include "base/list.h"
#include "fiber/guard.h"
#include <stdint.h>

struct stack_slab;

/* What is known of a slot; it lies outside, so that a look at it touches no page of the stack. */
struct stack_slot {
    struct list link; /* in warm or cold, while it is spare */
    struct stack_slab *slab;
    char *low;         /* where the stack begins; the guard lies below */
    unsigned valgrind; /* its number there */
};

struct stack_pool {
    size_t slot_bytes;            /* of the stack alone */
    size_t guard_bytes;           /* below each: guard_bytes(), asked once */
    struct list warm, cold;       /* spare slots: last used first; with and without memory */
    struct list slabs;            /* newest first */
    struct stack_slab *untouched; /* its last slots were never used; NULL: none */
    size_t n_used, n_warm, n_slots;
    enum guard_kind guard;
};

/* All zeroes but for sizes; that of slots is rounded up to pages. */
void stack_init(struct stack_pool *pool, size_t slot_bytes);
/* Every slot was given back. */
void stack_fini(struct stack_pool *pool);
/* Out of memory or of mappings: NULL. */
struct stack_slot *stack_take(struct stack_pool *pool);
void stack_give(struct stack_pool *pool, struct stack_slot *slot);
/* Address space of all slabs. */
size_t stack_slab_bytes(const struct stack_pool *pool);
#endif
