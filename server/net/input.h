/*
 * Read buffers. They belong to the worker and go from connection to connection: one holds a buffer
 * only while it has unread bytes or a call holds a slice, so an idle connection costs none.
 */
#ifndef NET_INPUT_H
#define NET_INPUT_H
#include "base/mem.h"
#include <stddef.h>
#include <stdint.h>

enum { INPUT_BYTES = 65536, INPUT_FREE_MAX = 64 };

/* Unread bytes are bytes[start..end). */
struct input {
    struct input *next; /* in the pool */
    struct input_pool *pool;
    uint32_t start, end;
    char bytes[INPUT_BYTES];
};

struct input_pool {
    struct input *free;
    uint32_t n_free;
};

/* An empty buffer, or NULL: out of memory. */
static inline struct input *input_get(struct input_pool *pool)
{
    struct input *input = pool->free;
    if (input) {
        pool->free = input->next;
        pool->n_free--;
    } else {
        input = mem_alloc(sizeof *input);
        if (!input)
            return NULL;
    }
    input->pool = pool;
    input->start = input->end = 0;
    return input;
}

/* Give it back; NULL is fine. */
static inline void input_put(struct input *input)
{
    if (!input)
        return;
    struct input_pool *pool = input->pool;
    if (pool->n_free >= INPUT_FREE_MAX) {
        mem_free(input);
        return;
    }
    input->next = pool->free;
    pool->free = input;
    pool->n_free++;
}

static inline void input_pool_fini(struct input_pool *pool)
{
    while (pool->free) {
        struct input *input = pool->free;
        pool->free = input->next;
        mem_free(input);
    }
    pool->n_free = 0;
}
#endif
