/* The allocator that libev uses: the heap, and behind it a reserve that is never given back. */
#include "net/loop_memory.h"
#include "base/mem.h"
#include <ev.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { RESERVE_BYTES = 4 << 20, ALIGNMENT = 16 };

static _Alignas(ALIGNMENT) char reserve[RESERVE_BYTES]; /* pages are taken when they are touched */
static size_t reserve_used;

static int is_reserve(const void *p)
{
    return (uintptr_t)p >= (uintptr_t)reserve && (uintptr_t)p < (uintptr_t)reserve + RESERVE_BYTES;
}

/* The size stands before each piece of the reserve. */
static void *reserve_get(size_t bytes)
{
    size_t whole = (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (whole > RESERVE_BYTES - reserve_used)
        return NULL;
    char *piece = reserve + reserve_used;
    reserve_used += whole;
    memcpy(piece, &bytes, sizeof bytes);
    return piece + ALIGNMENT;
}

static size_t size_of(void *p)
{
    size_t bytes = 0;
    if (p && !is_reserve(p))
        return malloc_usable_size(p);
    if (p)
        memcpy(&bytes, (char *)p - ALIGNMENT, sizeof bytes);
    return bytes;
}

static void release(void *p)
{
    if (!is_reserve(p))
        mem_free(p);
}

static void *loop_memory(void *p, long size)
{
    size_t bytes = (size_t)size, old = size_of(p);
    if (bytes == 0) {
        release(p);
        return NULL;
    }
    void *moved = is_reserve(p) ? NULL : mem_realloc(p, bytes);
    if (moved)
        return moved;
    moved = reserve_get(bytes);
    if (!moved)
        return NULL;
    if (p)
        memcpy(moved, p, old < bytes ? old : bytes);
    release(p);
    return moved;
}

void loop_memory_install(void)
{
    ev_set_allocator(loop_memory);
}
