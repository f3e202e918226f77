/*
 * The arena behind arena.h: blocks of one size in a list, filled from the front; a piece too big to
 * share a block gets one of its own, so that the rest of the block in use is not thrown away.
 */
#include "base/arena.h"
#include "base/mem.h"
#include <stdint.h>
#include <string.h>

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, bytes)   ((void)(p), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(p, bytes) ((void)(p), (void)(bytes))
#endif

/* Its bytes follow it. All blocks hang behind the first, in no order. */
struct arena_block {
    alignas(max_align_t) struct arena_block *next;
    size_t room; /* bytes behind this head */
};

#define ALIGNMENT alignof(max_align_t)
#define ROOM      (ARENA_FIRST_BYTES - sizeof(struct arena_block))
#define BIG       (ROOM / 4) /* from here on a piece that does not fit gets its own block */

static char *bytes_of(struct arena_block *block)
{
    return (char *)(block + 1);
}

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){0};
}

static void free_chain(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        ASAN_UNPOISON_MEMORY_REGION(bytes_of(block), block->room);
        mem_free(block);
        block = next;
    }
}

void arena_fini(struct arena *arena)
{
    free_chain(arena->first);
    arena_init(arena);
}

/* Make block the one that is being filled, all of it free. */
static void fill(struct arena *arena, struct arena_block *block)
{
    arena->block = block;
    arena->next = bytes_of(block);
    arena->end = arena->next + block->room;
    ASAN_POISON_MEMORY_REGION(arena->next, block->room);
}

void arena_reset(struct arena *arena)
{
    if (!arena->first)
        return;
    free_chain(arena->first->next);
    arena->first->next = NULL;
    fill(arena, arena->first);
}

static struct arena_block *add_block(struct arena *arena, size_t room)
{
    struct arena_block *block = mem_alloc(sizeof *block + room);
    if (!block)
        return NULL;
    block->room = room;
    block->next = NULL;
    if (arena->first) {
        block->next = arena->first->next;
        arena->first->next = block;
    } else
        arena->first = block;
    return block;
}

/* What does not fit into the block in use; bytes is rounded up. */
static void *alloc_elsewhere(struct arena *arena, size_t bytes)
{
    if (!arena->first) {
        struct arena_block *first = add_block(arena, ROOM);
        if (!first)
            return NULL;
        fill(arena, first);
    } else if (bytes < BIG) {
        struct arena_block *block = add_block(arena, ROOM);
        if (!block)
            return NULL;
        fill(arena, block);
    }
    if (bytes <= (size_t)(arena->end - arena->next)) {
        void *p = arena->next;
        arena->next += bytes;
        return p;
    }
    struct arena_block *own = add_block(arena, bytes);
    if (!own)
        return NULL;
    ASAN_POISON_MEMORY_REGION(bytes_of(own), own->room);
    return bytes_of(own);
}

void *arena_alloc_slow(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t rounded = round_up(bytes ? bytes : 1);
    void *p = arena->next;
    if (p && rounded <= (size_t)(arena->end - arena->next))
        arena->next += rounded;
    else
        p = alloc_elsewhere(arena, rounded);
    if (p)
        ASAN_UNPOISON_MEMORY_REGION(p, bytes);
    return p;
}

char *arena_copy(struct arena *arena, const char *ptr, size_t len)
{
    char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1) : NULL;
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, ptr, len);
    copy[len] = '\0';
    return copy;
}

void *arena_grow(struct arena *arena, void *p, size_t old, size_t bytes)
{
    if (bytes <= old && p)
        return p;
    /* The newest piece of the block in use grows where it stands. A block's head lies before its
       bytes, so no piece of another block can end where this one goes on. */
    char *end = p ? (char *)p + round_up(old ? old : 1) : NULL;
    if (end && end == arena->next && bytes <= SIZE_MAX / 2 &&
        round_up(bytes) <= (size_t)(arena->end - (char *)p)) {
        arena->next = (char *)p + round_up(bytes);
        ASAN_UNPOISON_MEMORY_REGION(p, bytes);
        return p;
    }
    void *moved = arena_alloc(arena, bytes);
    if (moved && old)
        memcpy(moved, p, old);
    return moved;
}
