/* The slots behind stack.h. */
#include "fiber/stack.h"
#include "base/memory.h"
#include "base/sanitize.h"
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifdef HAVE_VALGRIND_VALGRIND_H
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(low, high) 0
#define VALGRIND_STACK_DEREGISTER(number)  ((void)(number))
#endif

/* Apart from what each request does, which then has few registers to save. */
#define SELDOM __attribute__((cold, noinline))

/* Slabs double in size, up to what one can give back without being noticed. */
enum { MIN_SLOTS = 16, MAX_SLOTS = 256, MIN_WARM = 256 };

struct stack_slab {
    struct list link;
    char *memory;
    size_t n_slots, n_touched; /* slots behind n_touched were never taken */
    size_t n_used, n_warm;
    struct stack_slot slots[];
};

static size_t stride(const struct stack_pool *pool)
{
    return pool->guard_bytes + pool->slot_bytes;
}

void stack_init(struct stack_pool *pool, size_t slot_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    *pool = (struct stack_pool){.slot_bytes = (slot_bytes + page - 1) / page * page,
                                .guard_bytes = guard_bytes()};
    list_init(&pool->warm);
    list_init(&pool->cold);
    list_init(&pool->slabs);
}

size_t stack_slab_bytes(const struct stack_pool *pool)
{
    return pool->n_slots * stride(pool);
}

/* ---- slabs ---- */

static char *map(size_t bytes)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, bytes, MADV_NOHUGEPAGE); /* a touched byte is to cost a small page */
    return memory;
}

static struct stack_slab *new_slab(struct stack_pool *pool, size_t n_slots)
{
    struct stack_slab *slab = memory_zalloc(sizeof *slab + n_slots * sizeof *slab->slots);
    if (!slab)
        return NULL;
    slab->memory = map(n_slots * stride(pool));
    if (!slab->memory) {
        memory_free(slab);
        return NULL;
    }
    slab->n_slots = n_slots;
    pool->n_slots += n_slots;
    list_append(&pool->slabs, &slab->link);
    return slab;
}

/* As large as all the others together, or as what can be had. */
static bool add_slab(struct stack_pool *pool)
{
    size_t n = pool->n_slots < MIN_SLOTS ? MIN_SLOTS : pool->n_slots;
    for (n = n < MAX_SLOTS ? n : MAX_SLOTS; n > 0; n /= 2) {
        pool->untouched = new_slab(pool, n);
        if (pool->untouched)
            return true;
    }
    return false;
}

static void free_slab(struct stack_pool *pool, struct stack_slab *slab)
{
    size_t bytes = slab->n_slots * stride(pool);
    for (size_t i = 0; i < slab->n_touched; i++)
        VALGRIND_STACK_DEREGISTER(slab->slots[i].valgrind);
    sanitize_unpoison(slab->memory, bytes);
    munmap(slab->memory, bytes);
    guard_forget(pool->guard, slab->n_touched);
    pool->n_slots -= slab->n_slots;
    if (pool->untouched == slab)
        pool->untouched = NULL;
    list_remove(&slab->link);
    memory_free(slab);
}

void stack_fini(struct stack_pool *pool)
{
    assert(pool->n_used == 0);
    while (!list_is_empty(&pool->slabs))
        free_slab(pool, list_owner(pool->slabs.next, struct stack_slab, link));
}

/* ---- slots ---- */

static void put_first(struct list *list, struct stack_slot *slot)
{
    list_append(list->next, &slot->link);
}

static struct stack_slot *take_spare(struct stack_pool *pool)
{
    struct list *node = list_take(&pool->warm);
    if (!node) {
        node = list_take(&pool->cold);
        return node ? list_owner(node, struct stack_slot, link) : NULL;
    }
    struct stack_slot *slot = list_owner(node, struct stack_slot, link);
    pool->n_warm--;
    slot->slab->n_warm--;
    return slot;
}

SELDOM static struct stack_slot *take_untouched(struct stack_pool *pool)
{
    if (!pool->untouched && !add_slab(pool))
        return NULL;
    struct stack_slab *slab = pool->untouched;
    struct stack_slot *slot = &slab->slots[slab->n_touched];
    char *guard = slab->memory + slab->n_touched * stride(pool);
    if (!guard_set(&pool->guard, guard))
        return NULL;
    slot->slab = slab;
    slot->low = guard + pool->guard_bytes;
    slot->valgrind = (unsigned)VALGRIND_STACK_REGISTER(slot->low, slot->low + pool->slot_bytes - 1);
    list_init(&slot->link);
    if (++slab->n_touched == slab->n_slots)
        pool->untouched = NULL;
    return slot;
}

struct stack_slot *stack_take(struct stack_pool *pool)
{
    struct stack_slot *slot = take_spare(pool);
    if (!slot)
        slot = take_untouched(pool);
    if (!slot)
        return NULL;
    pool->n_used++;
    slot->slab->n_used++;
    sanitize_unpoison(slot->low, pool->slot_bytes);
    return slot;
}

/* How many may be warm. */
static size_t limit(const struct stack_pool *pool)
{
    return pool->n_used > MIN_WARM ? pool->n_used : MIN_WARM;
}

/* Its spare slots leave their lists; all are. */
static void drop_slab(struct stack_pool *pool, struct stack_slab *slab)
{
    pool->n_warm -= slab->n_warm;
    for (size_t i = 0; i < slab->n_touched; i++)
        list_remove(&slab->slots[i].link);
    free_slab(pool, slab);
}

/* The slot that was spare for longest, or its slab. */
SELDOM static void cool_one(struct stack_pool *pool)
{
    struct stack_slot *slot = list_owner(pool->warm.previous, struct stack_slot, link);
    struct stack_slab *slab = slot->slab;
    if (slab->n_used == 0 && pool->n_warm - slab->n_warm >= limit(pool)) {
        drop_slab(pool, slab);
        return;
    }
    madvise(slot->low, pool->slot_bytes, MADV_DONTNEED);
    list_remove(&slot->link);
    put_first(&pool->cold, slot);
    pool->n_warm--;
    slab->n_warm--;
}

void stack_give(struct stack_pool *pool, struct stack_slot *slot)
{
    sanitize_poison(slot->low, pool->slot_bytes);
    pool->n_used--;
    slot->slab->n_used--;
    pool->n_warm++;
    slot->slab->n_warm++;
    put_first(&pool->warm, slot);
    /* One more is spare, and one less is in use. */
    for (int i = 0; i < 2 && pool->n_warm > limit(pool); i++)
        cool_one(pool);
}
