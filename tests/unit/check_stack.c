/* Stacks and their guards: which slot comes next, what is given back, and mappings that run out. */
#include "base/memory.h"
#include "fiber/guard.h"
#include "fiber/stack.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stack_pool pool;

/* ---- the heap, instead of memory.c ---- */

static bool heap_is_dry;

void *memory_zalloc(size_t bytes)
{
    return heap_is_dry ? NULL : calloc(1, bytes);
}

void memory_free(void *p)
{
    free(p);
}

static void setup(void)
{
    heap_is_dry = false;
    stack_init(&pool, 10000);
}

static void teardown(void)
{
    stack_fini(&pool);
}

static struct stack_slot *take(void)
{
    struct stack_slot *slot = stack_take(&pool);
    ck_assert_ptr_nonnull(slot);
    return slot;
}

START_TEST(stacks_are_whole_pages_and_apart)
{
    enum { N = 100 };
    struct stack_slot *slots[N];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ck_assert_uint_ge(pool.slot_bytes, 10000);
    ck_assert_uint_eq(pool.slot_bytes % page, 0);
    for (int i = 0; i < N; i++) {
        slots[i] = take();
        memset(slots[i]->low, i, pool.slot_bytes);
    }
    for (int i = 0; i < N; i++) {
        const char *low = slots[i]->low;
        ck_assert_int_eq(low[0], i);
        ck_assert_mem_eq(low, low + 1, pool.slot_bytes - 1);
        stack_give(&pool, slots[i]);
    }
    ck_assert_uint_ge(stack_slab_bytes(&pool), N * (pool.slot_bytes + guard_bytes()));
}
END_TEST

/* A child that touches it dies. */
static bool is_fatal(volatile char *p)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        *p = 1;
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

static void expect_guards(enum guard_kind kind)
{
    pool.guard = kind;
    struct stack_slot *slots[3] = {take(), take(), take()};
    for (int i = 0; i < 3; i++) {
        char *low = slots[i]->low;
        ck_assert(is_fatal(low - 1));
        ck_assert(is_fatal(low - guard_bytes()));
        ck_assert(!is_fatal(low));
        ck_assert(!is_fatal(low + pool.slot_bytes - 1));
    }
    for (int i = 0; i < 3; i++)
        stack_give(&pool, slots[i]);
}

START_TEST(guards_are_fatal)
{
    expect_guards(GUARD_UNKNOWN);
    ck_assert_int_ne(pool.guard, GUARD_UNKNOWN);
}
END_TEST

START_TEST(guards_by_mprotect_are_fatal)
{
    expect_guards(GUARD_MPROTECT);
    ck_assert_int_eq(pool.guard, GUARD_MPROTECT);
}
END_TEST

START_TEST(a_guard_outlives_memory_that_is_given_back)
{
    struct stack_slot *slot = take();
    char *low = slot->low;
    madvise(low, pool.slot_bytes, MADV_DONTNEED);
    ck_assert(is_fatal(low - 1));
    stack_give(&pool, slot);
}
END_TEST

START_TEST(the_last_given_is_the_next_taken)
{
    struct stack_slot *a = take(), *b = take(), *c = take();
    stack_give(&pool, b);
    stack_give(&pool, c);
    stack_give(&pool, a);
    ck_assert_ptr_eq(take(), a);
    ck_assert_ptr_eq(take(), c);
    ck_assert_ptr_eq(take(), b);
    stack_give(&pool, a);
    stack_give(&pool, b);
    stack_give(&pool, c);
}
END_TEST

static size_t n_resident(const struct stack_slot *slot)
{
    unsigned char pages[64];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n = 0;
    ck_assert_uint_le(pool.slot_bytes / page, sizeof pages);
    ck_assert_int_eq(mincore(slot->low, pool.slot_bytes, pages), 0);
    for (size_t i = 0; i < pool.slot_bytes / page; i++)
        n += pages[i] & 1;
    return n;
}

/* One in eight stays in use, so that no slab is free as a whole. */
START_TEST(what_is_spare_for_long_loses_its_memory)
{
    enum { N = 4000 };
    static struct stack_slot *slots[N];
    size_t n_kept = 0;
    for (int i = 0; i < N; i++) {
        slots[i] = take();
        *slots[i]->low = 1;
    }
    for (int i = 0; i < N; i++)
        if (i % 8)
            stack_give(&pool, slots[i]);
    ck_assert_uint_eq(pool.n_used, N / 8);
    ck_assert_uint_eq(pool.n_warm, N / 8);
    for (int i = 0; i < N; i++)
        if (i % 8)
            n_kept += n_resident(slots[i]) > 0;
        else
            ck_assert_uint_gt(n_resident(slots[i]), 0);
    ck_assert_uint_eq(n_kept, N / 8);
    /* The last given kept it. */
    ck_assert_uint_gt(n_resident(slots[N - 1]), 0);
    ck_assert_uint_eq(n_resident(slots[1]), 0);
    for (int i = 0; i < N; i += 8)
        stack_give(&pool, slots[i]);
    ck_assert_uint_eq(pool.n_used, 0);
    ck_assert_uint_le(pool.n_warm, 256);
}
END_TEST

START_TEST(slabs_that_are_free_are_unmapped)
{
    enum { N = 5000 };
    static struct stack_slot *slots[N];
    for (int i = 0; i < N; i++)
        slots[i] = take();
    size_t most = stack_slab_bytes(&pool);
    for (int i = 0; i < N; i++)
        stack_give(&pool, slots[i]);
    ck_assert_uint_lt(stack_slab_bytes(&pool), most / 4);
    for (int i = 0; i < N; i++)
        *(slots[i] = take())->low = 1;
    for (int i = 0; i < N; i++)
        stack_give(&pool, slots[i]);
}
END_TEST

/* Each takes two; before all are taken, it is said that there are no more. */
START_TEST(mappings_are_left_for_others)
{
    enum { MOST = 200000 };
    struct stack_slot **slots = calloc(MOST, sizeof *slots);
    unsigned long max = 0;
    size_t n = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
    ck_assert(file && fscanf(file, "%lu", &max) == 1);
    fclose(file);
    pool.guard = GUARD_MPROTECT;
    while (n < MOST && (slots[n] = stack_take(&pool)))
        n++;
    if (max / 2 < MOST) {
        ck_assert_uint_lt(n, max / 2);
        ck_assert_uint_gt(n, max / 4);
    }
    for (int i = 0; i < 1000; i++)
        ck_assert_ptr_ne(
            mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            MAP_FAILED);
    for (size_t i = 0; i < n; i++)
        stack_give(&pool, slots[i]);
    /* What was given back is there again. */
    struct stack_slot *slot = take();
    stack_give(&pool, slot);
    free(slots);
}
END_TEST

START_TEST(no_memory_for_a_slab_is_an_answer)
{
    heap_is_dry = true;
    ck_assert_ptr_null(stack_take(&pool));
    heap_is_dry = false;
    stack_give(&pool, take());
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("stack");
    TCase *tcase = tcase_create("stack");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, stacks_are_whole_pages_and_apart);
    tcase_add_test(tcase, guards_are_fatal);
    tcase_add_test(tcase, guards_by_mprotect_are_fatal);
    tcase_add_test(tcase, a_guard_outlives_memory_that_is_given_back);
    tcase_add_test(tcase, the_last_given_is_the_next_taken);
    tcase_add_test(tcase, what_is_spare_for_long_loses_its_memory);
    tcase_add_test(tcase, slabs_that_are_free_are_unmapped);
    tcase_add_test(tcase, mappings_are_left_for_others);
    tcase_add_test(tcase, no_memory_for_a_slab_is_an_answer);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
