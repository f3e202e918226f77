/*
 * An arena: memory that is given out piece by piece and taken back all at once. It belongs to one
 * call; its first block is kept over resets, so that a small call costs no malloc.
 * Not thread-safe: the thread that runs the call uses it.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stdalign.h>
#include <stddef.h>
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif

struct arena_block;

struct arena {
    struct arena_block *first; /* kept by arena_reset() */
    struct arena_block *block; /* the one that is being filled */
    char *next, *end;          /* the free part of block */
};

/* Bytes of a first block, its header included. */
#define ARENA_FIRST_BYTES 4096

/* No memory is taken yet; an all-zero arena is the same. */
void arena_init(struct arena *arena);
/* Give everything back to the heap. */
void arena_fini(struct arena *arena);
/* Forget all pieces; they are poisoned under AddressSanitizer. */
void arena_reset(struct arena *arena);
/* What arena_alloc() does where the piece does not just fit. */
void *arena_alloc_slow(struct arena *arena, size_t bytes);
/* bytes aligned for anything, uninitialised; NULL: out of memory. */
static inline void *arena_alloc(struct arena *arena, size_t bytes)
{
#ifndef ARENA_POISONS
    /* The free part begins and ends aligned, so what fits also fits when it is rounded up. */
    char *p = arena->next;
    if (bytes - 1 < (size_t)(arena->end - p)) {
        arena->next += (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
        return p;
    }
#endif
    return arena_alloc_slow(arena, bytes);
}
/* A copy of len bytes with a NUL behind; NULL: out of memory. */
char *arena_copy(struct arena *arena, const char *ptr, size_t len);
/*
 * Make the piece p of old bytes, which is the newest or not, at least bytes long; the old content
 * is kept, p may move. NULL: out of memory, p is as it was.
 */
void *arena_grow(struct arena *arena, void *p, size_t old, size_t bytes);
#endif
