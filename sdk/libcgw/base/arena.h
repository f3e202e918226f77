/*
 * The SDK's arena: memory given out piece by piece and taken back all at once, with functions to
 * run when that happens. One belongs to each request and to each task without one. Its first block
 * is its owner's. Poisoned after use: for AddressSanitizer, and with 0xd9 bytes in debug runs, so
 * that a stale pointer shows. Not thread-safe: whoever runs for the owner uses it, one at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <cgw/base.h>

struct arena_block;
struct arena_deferred;

/* All zeroes is an arena without a first block. */
struct arena {
    struct arena_block *blocks;      /* from the heap, newest first */
    struct arena_deferred *deferred; /* newest first */
    char *next, *end;                /* the free part of the newest block */
    char *first;                     /* the owner's block */
    size_t first_bytes;
};

extern bool arena_fills; /* fill with 0xd9 what is taken back; set once, in debug runs */

/* first: memory of the owner's, aligned for anything, that outlives the arena; may be NULL. */
void arena_init(struct arena *arena, void *first, size_t first_bytes);
/* Run what was deferred, newest first; what that defers, too. */
void arena_run_deferred(struct arena *arena);
/* Run what was deferred, newest first, then give everything back. The arena is as after init. What
   is deferred may use the arena, and defer; it suspends only where the owner may. */
void arena_reset(struct arena *arena);
/* arena_reset(), and the first block is plain memory of the owner's again. */
void arena_fini(struct arena *arena);
/* bytes aligned for anything, uninitialised; NULL: out of memory. */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_zalloc(struct arena *arena, size_t bytes);
/* A copy of len bytes with a NUL behind; NULL: out of memory. */
char *arena_copy(struct arena *arena, const void *ptr, size_t len);
/* Formatted; ptr NULL: out of memory. NUL-terminated behind its length. */
/* The format was checked where it came in: it may have been handed to the loop since. */
cgw_str arena_vprintf(struct arena *arena, const char *format, va_list args);
cgw_str arena_printf(struct arena *arena, const char *format, ...) CGW_PRINTF(2, 3);
/* Make the piece p of old bytes, the newest or not, at least bytes long; where it moves, what was
   there is gone. p NULL: a new piece. NULL: out of memory, p is as it was. */
void *arena_grow(struct arena *arena, void *p, size_t old, size_t bytes);
/* Shorten the piece p of old bytes, where it is the newest one. */
void arena_trim(struct arena *arena, void *p, size_t old, size_t bytes);
/* What other holds is this arena's from now on, but for other's first block; other is empty. It has
   nothing deferred. */
void arena_adopt(struct arena *arena, struct arena *other);
/* Run fn(arg) in arena_reset(). CGW_OK or CGW_ENOMEM. */
int arena_defer(struct arena *arena, void (*fn)(void *arg), void *arg);
#endif
