/* Timers in a heap of pointers; each knows its place, so that one is stopped without a search. */
#include "tester_clock.h"
#include "tester_loop.h"
#include "tester_memory.h"
#include <stdlib.h>
#include <time.h>

static uint64_t system_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void tester_clock_start(cgw_test *test)
{
    test->now_us = 0;
    test->real_us = system_us();
}

uint64_t tester_clock_us(double seconds)
{
    return seconds > 0 ? seconds < 1e12 ? (uint64_t)(seconds * 1e6 + 0.5) : TESTER_NEVER / 4 : 0;
}

/* ---- the heap ---- */

static bool is_before(const struct tester_timer *a, const struct tester_timer *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void put(cgw_test *test, size_t at, struct tester_timer *timer)
{
    test->heap[at] = timer;
    timer->at = at + 1;
}

static void rise(cgw_test *test, size_t at, struct tester_timer *timer)
{
    while (at > 0 && is_before(timer, test->heap[(at - 1) / 2])) {
        put(test, at, test->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(test, at, timer);
}

static void sink(cgw_test *test, size_t at, struct tester_timer *timer)
{
    for (size_t child; (child = 2 * at + 1) < test->n_timers; at = child) {
        if (child + 1 < test->n_timers && is_before(test->heap[child + 1], test->heap[child]))
            child++;
        if (!is_before(test->heap[child], timer))
            break;
        put(test, at, test->heap[child]);
    }
    put(test, at, timer);
}

static void take_out(cgw_test *test, struct tester_timer *timer)
{
    size_t at = timer->at - 1;
    struct tester_timer *last = test->heap[--test->n_timers];
    timer->at = 0;
    if (last == timer)
        return;
    put(test, at, last);
    if (at > 0 && is_before(last, test->heap[(at - 1) / 2]))
        rise(test, at, last);
    else
        sink(test, at, last);
}

/* ---- timers ---- */

void tester_clock_stop(struct tester_timer *timer)
{
    if (timer->mark != TESTER_TIMER_MARK)
        return;
    if (timer->at)
        take_out(timer->item.call->test, timer);
    tester_loop_forget(&timer->item);
    list_remove(&timer->node);
}

void tester_clock_set(struct tester_call *call, struct tester_timer *timer, uint64_t after_us,
                      void (*run)(struct tester_item *item))
{
    cgw_test *test = call->test;
    if (timer->mark != TESTER_TIMER_MARK) {
        timer->mark = TESTER_TIMER_MARK;
        timer->at = 0;
        list_init(&timer->node);
        list_init(&timer->item.node);
    }
    tester_clock_stop(timer);
    timer->item.call = call;
    timer->item.run = run;
    timer->due_us = after_us < TESTER_NEVER - test->now_us ? test->now_us + after_us : TESTER_NEVER;
    timer->order = ++test->timer_order;
    list_append(&call->timers, &timer->node);
    test->heap = tester_memory_grow(test, test->heap, test->n_timers, &test->max_timers,
                                    sizeof(struct tester_timer *));
    rise(test, test->n_timers++, timer);
}

uint64_t tester_clock_next(const cgw_test *test)
{
    return test->n_timers ? test->heap[0]->due_us : TESTER_NEVER;
}

static void expire(cgw_test *test)
{
    while (test->n_timers && test->heap[0]->due_us <= test->now_us) {
        struct tester_timer *timer = test->heap[0];
        take_out(test, timer);
        tester_loop_due(&timer->item);
    }
}

void tester_clock_look(cgw_test *test)
{
    if (test->options.real_clock)
        test->now_us = system_us() - test->real_us;
    expire(test);
}

void tester_clock_advance(cgw_test *test, uint64_t to_us)
{
    if (!test->options.real_clock && to_us > test->now_us)
        test->now_us = to_us;
    tester_clock_look(test);
}

void tester_clock_fini(cgw_test *test)
{
    free(test->heap);
    test->heap = NULL;
    test->n_timers = test->max_timers = 0;
}
