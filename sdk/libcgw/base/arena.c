/*
 * The arena behind arena.h: blocks that double in size, filled from the front; a piece too big to
 * share a block gets one of its own, so that the rest of the block in use is not thrown away, and
 * so that it can grow where the heap lets it.
 */
#include "base/arena.h"
#include "base/memory.h"
#include "base/sanitize.h"
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Its bytes follow it. */
struct arena_block {
    alignas(max_align_t) struct arena_block *next;
    size_t room; /* bytes behind this head */
    bool is_shared;
};

struct arena_deferred {
    struct arena_deferred *next;
    void (*fn)(void *arg);
    void *arg;
};

enum {
    FILL = 0xd9,
    ALIGNMENT = alignof(max_align_t),
    GAP_BYTES = SANITIZE_ADDRESS ? ALIGNMENT : 0, /* poisoned, behind each piece */
    MIN_BYTES = 4096,                             /* of blocks, their heads included */
    MAX_BYTES = 64 * 1024,
    BIG_BYTES = 1024 /* from here on a piece that does not fit gets its own block */
};

bool arena_fills;

static char *bytes_of(struct arena_block *block)
{
    return (char *)(block + 1);
}

/* What a piece takes of its block. */
static size_t span(size_t bytes)
{
    return ((bytes ? bytes : 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + GAP_BYTES;
}

/* Give out from p to p + room, from now on. */
static void fill(struct arena *arena, char *p, size_t room)
{
    arena->next = p;
    arena->end = p + room;
    sanitize_poison(p, room);
}

void arena_init(struct arena *arena, void *first, size_t first_bytes)
{
    size_t usable = first ? first_bytes / ALIGNMENT * ALIGNMENT : 0;
    *arena = (struct arena){.first = first, .first_bytes = usable};
    if (usable)
        fill(arena, first, usable);
}

void arena_run_deferred(struct arena *arena)
{
    while (arena->deferred) {
        struct arena_deferred *deferred = arena->deferred;
        arena->deferred = deferred->next;
        deferred->fn(deferred->arg);
    }
}

static void overwrite(char *p, size_t bytes)
{
    sanitize_unpoison(p, bytes);
    if (arena_fills && bytes)
        memset(p, FILL, bytes);
}

static void free_blocks(struct arena *arena)
{
    while (arena->blocks) {
        struct arena_block *block = arena->blocks;
        arena->blocks = block->next;
        overwrite(bytes_of(block), block->room);
        memory_free(block);
    }
}

void arena_reset(struct arena *arena)
{
    arena_run_deferred(arena);
    /* What was never given out of the first block needs no filling, where it is known. */
    size_t used = arena->blocks ? arena->first_bytes : (size_t)(arena->next - arena->first);
    if (arena->first)
        overwrite(arena->first, used);
    free_blocks(arena);
    arena->next = arena->end = NULL;
    if (arena->first_bytes)
        fill(arena, arena->first, arena->first_bytes);
}

void arena_fini(struct arena *arena)
{
    arena_reset(arena);
    sanitize_unpoison(arena->first, arena->first_bytes);
    *arena = (struct arena){0};
}

static struct arena_block *new_block(size_t room, bool is_shared)
{
    struct arena_block *block = memory_alloc(sizeof *block + room);
    if (block) {
        block->room = room;
        block->is_shared = is_shared;
    }
    return block;
}

/* How long the next block that pieces share is: it doubles what the arena holds. */
static size_t shared_room(const struct arena *arena)
{
    size_t bytes = MIN_BYTES;
    for (const struct arena_block *block = arena->blocks; block; block = block->next)
        if (block->is_shared) {
            bytes = (block->room + sizeof *block) * 2;
            break;
        }
    return (bytes < MAX_BYTES ? bytes : MAX_BYTES) - sizeof(struct arena_block);
}

static void push(struct arena *arena, struct arena_block *block)
{
    block->next = arena->blocks;
    arena->blocks = block;
}

static void *take(struct arena *arena, size_t bytes)
{
    char *p = arena->next;
    arena->next += span(bytes);
    sanitize_unpoison(p, bytes);
    return p;
}

static void *alloc_own(struct arena *arena, size_t bytes)
{
    struct arena_block *block = new_block(span(bytes), false);
    if (!block)
        return NULL;
    push(arena, block);
    sanitize_poison(bytes_of(block) + bytes, block->room - bytes);
    return bytes_of(block);
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    if (span(bytes) <= (size_t)(arena->end - arena->next))
        return take(arena, bytes);
    if (bytes >= BIG_BYTES)
        return alloc_own(arena, bytes);
    struct arena_block *block = new_block(shared_room(arena), true);
    if (!block)
        return NULL;
    push(arena, block);
    fill(arena, bytes_of(block), block->room);
    return take(arena, bytes);
}

void *arena_zalloc(struct arena *arena, size_t bytes)
{
    void *p = arena_alloc(arena, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

char *arena_copy(struct arena *arena, const void *ptr, size_t len)
{
    char *copy = len < SIZE_MAX ? arena_alloc(arena, len + 1) : NULL;
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, ptr, len);
    copy[len] = '\0';
    return copy;
}

/* ---- growing ---- */

/* The newest piece of the block in use grows where it stands. A block's head lies before its bytes,
   so no piece of another block can end where this one goes on. */
static bool grow_in_place(struct arena *arena, char *p, size_t old, size_t bytes)
{
    if (p + span(old) != arena->next || span(bytes) > (size_t)(arena->end - p))
        return false;
    arena->next = p + span(bytes);
    sanitize_unpoison(p, bytes);
    return true;
}

/* The link to the block that is p's own, or NULL. */
static struct arena_block **own_block(struct arena *arena, const char *p, size_t old)
{
    if (old < BIG_BYTES)
        return NULL;
    for (struct arena_block **link = &arena->blocks; *link; link = &(*link)->next)
        if (!(*link)->is_shared && bytes_of(*link) == p)
            return link;
    return NULL;
}

static void *grow_own(struct arena_block **link, size_t bytes)
{
    struct arena_block *block = *link;
    sanitize_unpoison(bytes_of(block), block->room);
    block = memory_grow(block, sizeof *block + span(bytes));
    if (!block)
        return NULL;
    *link = block;
    block->room = span(bytes);
    sanitize_poison(bytes_of(block) + bytes, block->room - bytes);
    return bytes_of(block);
}

static void *move(struct arena *arena, void *p, size_t old, size_t bytes)
{
    void *moved = arena_alloc(arena, bytes);
    if (!moved)
        return NULL;
    if (old)
        memcpy(moved, p, old);
    sanitize_poison(p, old);
    return moved;
}

void *arena_grow(struct arena *arena, void *p, size_t old, size_t bytes)
{
    if (!p)
        return arena_alloc(arena, bytes);
    if (bytes <= old)
        return p;
    if (bytes > SIZE_MAX / 2)
        return NULL;
    if (grow_in_place(arena, p, old, bytes))
        return p;
    struct arena_block **link = own_block(arena, p, old);
    return link ? grow_own(link, bytes) : move(arena, p, old, bytes);
}

void arena_trim(struct arena *arena, void *p, size_t old, size_t bytes)
{
    char *end = (char *)p + span(bytes);
    if (bytes >= old || (char *)p + span(old) != arena->next)
        return;
    arena->next = end;
    sanitize_poison((char *)p + bytes, (size_t)(arena->end - ((char *)p + bytes)));
}

/* Behind the block in use, which stays the one that is filled. */
void arena_adopt(struct arena *arena, struct arena *other)
{
    struct arena_block **link = arena->blocks ? &arena->blocks->next : &arena->blocks;
    struct arena_block *last = other->blocks;
    while (last && last->next)
        last = last->next;
    if (last) {
        last->next = *link;
        *link = other->blocks;
    }
    *other = (struct arena){0};
}

/* ---- text, and what is deferred ---- */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
cgw_str arena_vprintf(struct arena *arena, const char *format, va_list args)
{
    /* Into the free part, which is enough for most. */
    size_t room = (size_t)(arena->end - arena->next);
    va_list again;
    va_copy(again, args);
    sanitize_unpoison(arena->next, room);
    int n = vsnprintf(arena->next, room, format, args);
    sanitize_poison(arena->next, room);
    size_t len = n < 0 ? 0 : (size_t)n;
    bool fits = span(len + 1) <= room;
    char *p = n < 0 ? NULL : arena_alloc(arena, len + 1);
    if (p && !fits)
        vsnprintf(p, len + 1, format, again);
    va_end(again);
    return (cgw_str){p, p ? len : 0};
}
#pragma GCC diagnostic pop

cgw_str arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    cgw_str text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

int arena_defer(struct arena *arena, void (*fn)(void *arg), void *arg)
{
    struct arena_deferred *deferred = arena_alloc(arena, sizeof *deferred);
    if (!deferred)
        return CGW_ENOMEM;
    *deferred = (struct arena_deferred){arena->deferred, fn, arg};
    arena->deferred = deferred;
    return CGW_OK;
}
