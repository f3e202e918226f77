/* A binary heap of pointers whose items know their place, so that stopping one needs no search. */
#include "task/timer.h"
#include "base/memory.h"
#include <cgw/base.h>

static void place(struct timer_heap *heap, struct timer *timer, size_t at)
{
    heap->items[at] = timer;
    timer->at = at;
}

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void rise(struct timer_heap *heap, struct timer *timer, size_t at)
{
    for (; at > 1 && is_before(timer, heap->items[at / 2]); at /= 2)
        place(heap, heap->items[at / 2], at);
    place(heap, timer, at);
}

static void sink(struct timer_heap *heap, struct timer *timer, size_t at)
{
    for (size_t below; (below = 2 * at) <= heap->n; at = below) {
        if (below < heap->n && is_before(heap->items[below + 1], heap->items[below]))
            below++;
        if (!is_before(heap->items[below], timer))
            break;
        place(heap, heap->items[below], at);
    }
    place(heap, timer, at);
}

static int make_room(struct timer_heap *heap)
{
    if (heap->n + 1 < heap->room)
        return CGW_OK;
    size_t room = heap->room ? 2 * heap->room : 64;
    struct timer **items = memory_grow(heap->items, room * sizeof(*items));
    if (!items)
        return CGW_ENOMEM;
    heap->items = items;
    heap->room = room;
    return CGW_OK;
}

int timer_start(struct timer_heap *heap, struct timer *timer, uint64_t due_us)
{
    if (!timer->at && make_room(heap) != CGW_OK)
        return CGW_ENOMEM;
    timer_stop(heap, timer);
    timer->due_us = due_us;
    timer->order = ++heap->last_order;
    rise(heap, timer, ++heap->n);
    return CGW_OK;
}

void timer_stop(struct timer_heap *heap, struct timer *timer)
{
    size_t at = timer->at;
    if (!at)
        return;
    timer->at = 0;
    struct timer *last = heap->items[heap->n--];
    if (last == timer)
        return;
    if (at > 1 && is_before(last, heap->items[at / 2]))
        rise(heap, last, at);
    else
        sink(heap, last, at);
}

void timer_run(struct timer_heap *heap, uint64_t now_us)
{
    while (timer_first_us(heap) <= now_us) {
        struct timer *timer = heap->items[1];
        timer_stop(heap, timer);
        timer->fn(timer);
    }
}

void timer_heap_fini(struct timer_heap *heap)
{
    memory_free(heap->items);
    *heap = (struct timer_heap){.n = 0};
}
