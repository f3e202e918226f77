/*
 * Deadlines in a heap: any number of them under one timer of the host's. A timer lies in what
 * waits.
 */
#ifndef TASK_TIMER_H
#define TASK_TIMER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
    uint64_t due_us;
    uint64_t order; /* of two that are due at once the one that was set first is */
    size_t at;      /* in the heap, from 1; 0: not armed */
    void (*fn)(struct timer *timer);
};

struct timer_heap {
    struct timer **items; /* from 1 */
    size_t n, room;
    uint64_t last_order;
};

/* Run timer->fn once at due_us; an armed one is set anew. CGW_OK or CGW_ENOMEM: as it was. */
int timer_start(struct timer_heap *heap, struct timer *timer, uint64_t due_us);
void timer_stop(struct timer_heap *heap, struct timer *timer); /* one that is not armed is fine */
/* Take what is due at now_us out of the heap and run it, earliest first; what fn arms may run too.
 */
void timer_run(struct timer_heap *heap, uint64_t now_us);
/* When the first is due; UINT64_MAX: there is none. */
static inline uint64_t timer_first_us(const struct timer_heap *heap)
{
    return heap->n ? heap->items[1]->due_us : UINT64_MAX;
}
void timer_heap_fini(struct timer_heap *heap);
#endif
