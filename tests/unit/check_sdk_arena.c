/* The SDK's arena: pieces, growth, what is deferred, poison, and a heap that runs dry. */
#include "base/arena.h"
#include "base/memory.h"
#include "base/sanitize.h"
#include "unit.h"
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

static char owned[1024] __attribute__((aligned(64)));
static struct arena arena;
static long heap_left;   /* how many more blocks the heap has; -1: any number */
static int n_heap_takes; /* how often it was asked */
static long n_heap_blocks;

/* ---- the heap, instead of memory.c ---- */

static bool heap_has(void)
{
    n_heap_takes++;
    if (heap_left == 0)
        return false;
    heap_left -= heap_left > 0;
    return true;
}

void *memory_alloc(size_t bytes)
{
    void *p = heap_has() ? malloc(bytes) : NULL;
    n_heap_blocks += p != NULL;
    return p;
}

void *memory_grow(void *p, size_t bytes)
{
    return heap_has() ? realloc(p, bytes) : NULL;
}

void memory_free(void *p)
{
    n_heap_blocks -= p != NULL;
    free(p);
}

static void setup(void)
{
    heap_left = -1;
    n_heap_takes = 0;
    n_heap_blocks = 0;
    arena_fills = false;
    arena_init(&arena, owned, sizeof owned);
}

static void teardown(void)
{
    arena_fini(&arena);
    ck_assert_int_eq(n_heap_blocks, 0);
}

static bool is_all(const char *p, int byte, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)p[i] != byte)
            return false;
    return true;
}

/* ---- pieces ---- */

static void expect_aligned_and_apart(struct arena *from)
{
    static const size_t sizes[] = {0,   1,    7,    8,    15,   16,   17,
                                   100, 1000, 1023, 1024, 4000, 4096, 70000};
    char *pieces[200];
    size_t bytes[200];
    for (size_t i = 0; i < 200; i++) {
        bytes[i] = sizes[i % (sizeof sizes / sizeof *sizes)];
        pieces[i] = arena_alloc(from, bytes[i]);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)i, bytes[i]);
    }
    for (size_t i = 0; i < 200; i++)
        ck_assert(is_all(pieces[i], (int)i, bytes[i]));
}

START_TEST(pieces_are_aligned_and_apart)
{
    expect_aligned_and_apart(&arena);
    struct arena zero = {0};
    expect_aligned_and_apart(&zero);
    arena_fini(&zero);
}
END_TEST

START_TEST(small_needs_take_nothing_from_the_heap)
{
    for (int round = 0; round < 3; round++) {
        char *p = arena_alloc(&arena, 300);
        ck_assert_ptr_eq(p, owned);
        ck_assert_ptr_nonnull(arena_copy(&arena, "abc", 3));
        arena_reset(&arena);
    }
    ck_assert_int_eq(n_heap_takes, 0);
}
END_TEST

START_TEST(an_odd_end_of_the_first_block_is_left_alone)
{
    arena_fini(&arena);
    arena_init(&arena, owned, 40);
    char *p = arena_alloc(&arena, 16);
    ck_assert_ptr_eq(p, owned);
    char *next = arena_alloc(&arena, 16);
    ck_assert(next + 16 <= owned + 40 || next >= owned + 40);
    ck_assert(next >= owned + 16 || next + 16 <= owned);
    memset(next, 1, 16);
}
END_TEST

START_TEST(blocks_double)
{
    for (int i = 0; i < 4096; i++)
        ck_assert_ptr_nonnull(arena_alloc(&arena, 64));
    /* 256 KiB: 4 + 8 + 16 + 32 + 64 + 64 + 64 + ... */
    ck_assert_int_le(n_heap_takes, SANITIZE_ADDRESS ? 11 : 9);
}
END_TEST

START_TEST(a_big_piece_leaves_the_block_in_use)
{
    char *a = arena_alloc(&arena, 16);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 1 << 20));
    char *b = arena_alloc(&arena, 16);
    ck_assert(b > a && b <= a + 64);
}
END_TEST

START_TEST(zeroed_pieces_are_zero)
{
    memset(arena_alloc(&arena, 500), 0xff, 500);
    arena_reset(&arena);
    const char *p = arena_zalloc(&arena, 500);
    ck_assert(is_all(p, 0, 500));
}
END_TEST

START_TEST(copies_end_in_nul)
{
    ck_assert_mem_eq(arena_copy(&arena, "a\0bc", 3), "a\0b", 4);
    ck_assert_str_eq(arena_copy(&arena, NULL, 0), "");
}
END_TEST

START_TEST(absurd_sizes_are_refused)
{
    char *p = arena_alloc(&arena, 8);
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX - 20));
    ck_assert_ptr_null(arena_zalloc(&arena, SIZE_MAX / 2 + 1));
    ck_assert_ptr_null(arena_copy(&arena, p, SIZE_MAX));
    ck_assert_ptr_null(arena_grow(&arena, p, 8, SIZE_MAX - 3));
    ck_assert_ptr_nonnull(arena_alloc(&arena, 8));
}
END_TEST

/* ---- growing ---- */

START_TEST(the_newest_piece_grows_in_place)
{
    char *p = arena_alloc(&arena, 10);
    memcpy(p, "0123456789", 10);
    ck_assert_ptr_eq(arena_grow(&arena, p, 10, 300), p);
    ck_assert_mem_eq(p, "0123456789", 10);
    ck_assert_ptr_eq(arena_grow(&arena, p, 300, 20), p);
    memset(p, 'x', 300);
    char *next = arena_alloc(&arena, 1);
    ck_assert(next >= p + 300);
}
END_TEST

START_TEST(an_older_piece_moves)
{
    char *p = arena_alloc(&arena, 10);
    memcpy(p, "0123456789", 10);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 1));
    char *moved = arena_grow(&arena, p, 10, 40);
    ck_assert_ptr_ne(moved, p);
    ck_assert_mem_eq(moved, "0123456789", 10);
}
END_TEST

START_TEST(growing_keeps_the_bytes)
{
    char *p = NULL;
    size_t have = 0;
    for (size_t want = 1; want < 3000000; want = want * 2 + 1) {
        p = arena_grow(&arena, p, have, want);
        ck_assert_ptr_nonnull(p);
        memset(p + have, 'a', want - have);
        have = want;
    }
    ck_assert(is_all(p, 'a', have));
    /* What is big grows in its own block: the smaller ones before it are not kept. */
    ck_assert_int_le(n_heap_blocks, 2);
}
END_TEST

START_TEST(a_big_piece_that_cannot_grow_stays)
{
    char *p = arena_alloc(&arena, 5000);
    memset(p, 'a', 5000);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 6000));
    heap_left = 0;
    ck_assert_ptr_null(arena_grow(&arena, p, 5000, 1 << 20));
    ck_assert(is_all(p, 'a', 5000));
}
END_TEST

/* ---- text ---- */

START_TEST(text_is_formatted)
{
    cgw_str text = arena_printf(&arena, "%d-%s", 7, "x");
    ck_assert_str_eq(text.ptr, "7-x");
    ck_assert_uint_eq(text.len, 3);
    cgw_str empty = arena_printf(&arena, "%s", "");
    ck_assert_str_eq(empty.ptr, "");
    ck_assert_uint_eq(empty.len, 0);
    ck_assert_str_eq(text.ptr, "7-x");
}
END_TEST

/* Around every end of the room there is. */
START_TEST(text_of_each_length_is_whole)
{
    for (int len = 0; len < 3000; len++) {
        cgw_str text = arena_printf(&arena, "%0*d", len, 0);
        ck_assert_uint_eq(text.len, len ? (size_t)len : 1);
        ck_assert_uint_eq(strlen(text.ptr), text.len);
        ck_assert_uint_eq(strspn(text.ptr, "0"), text.len);
        if (len % 7 == 0)
            arena_reset(&arena);
    }
}
END_TEST

/* ---- what is deferred ---- */

static char order[16];
static size_t n_order;

static void note(void *arg)
{
    order[n_order++] = *(char *)arg;
}

static void note_late(void *arg)
{
    note(arg);
    char *late = arena_alloc(&arena, 1);
    *late = 'z';
    ck_assert_int_eq(arena_defer(&arena, note, late), CGW_OK);
}

START_TEST(deferred_functions_run_newest_first)
{
    n_order = 0;
    ck_assert_int_eq(arena_defer(&arena, note, arena_copy(&arena, "a", 1)), CGW_OK);
    ck_assert_int_eq(arena_defer(&arena, note_late, arena_copy(&arena, "b", 1)), CGW_OK);
    ck_assert_int_eq(arena_defer(&arena, note, arena_copy(&arena, "c", 1)), CGW_OK);
    arena_reset(&arena);
    ck_assert_mem_eq(order, "cbza", 4);
    ck_assert_uint_eq(n_order, 4);
    arena_reset(&arena);
    ck_assert_uint_eq(n_order, 4);
}
END_TEST

/* ---- a heap that runs dry, and stale pointers ---- */

START_TEST(out_of_memory_is_an_answer)
{
    heap_left = 0;
    ck_assert_ptr_nonnull(arena_alloc(&arena, 900));
    ck_assert_ptr_null(arena_alloc(&arena, 500));
    ck_assert_ptr_null(arena_alloc(&arena, 50000));
    ck_assert_ptr_null(arena_zalloc(&arena, 500));
    ck_assert_ptr_null(arena_copy(&arena, "abc", 500));
    ck_assert_ptr_null(arena_printf(&arena, "%0500d", 1).ptr);
    while (arena_alloc(&arena, 1))
        ;
    ck_assert_int_eq(arena_defer(&arena, note, &arena), CGW_ENOMEM);
    arena_reset(&arena);
    ck_assert_ptr_eq(arena_alloc(&arena, 900), owned);
}
END_TEST

START_TEST(what_is_taken_back_is_overwritten_in_debug_runs)
{
    arena_fills = true;
    char *p = arena_alloc(&arena, 100);
    memset(p, 'a', 100);
    arena_fini(&arena);
    ck_assert(is_all(owned, 0xd9, 100));
}
END_TEST

#if SANITIZE_ADDRESS
START_TEST(what_is_not_given_out_is_poisoned)
{
    char *p = arena_alloc(&arena, 100);
    ck_assert_int_eq(__asan_address_is_poisoned(p + 99), 0);
    ck_assert_int_eq(__asan_address_is_poisoned(p + 100), 1);
    ck_assert_int_eq(__asan_address_is_poisoned(p + 112), 1);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 100));
    ck_assert_int_eq(__asan_address_is_poisoned(p + 112), 1);
    arena_reset(&arena);
    ck_assert_int_eq(__asan_address_is_poisoned(p), 1);
    arena_fini(&arena);
    ck_assert_ptr_null(__asan_region_is_poisoned(owned, sizeof owned));
}
END_TEST
#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sdk_arena");
    TCase *tcase = tcase_create("arena");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, pieces_are_aligned_and_apart);
    tcase_add_test(tcase, small_needs_take_nothing_from_the_heap);
    tcase_add_test(tcase, an_odd_end_of_the_first_block_is_left_alone);
    tcase_add_test(tcase, blocks_double);
    tcase_add_test(tcase, a_big_piece_leaves_the_block_in_use);
    tcase_add_test(tcase, zeroed_pieces_are_zero);
    tcase_add_test(tcase, copies_end_in_nul);
    tcase_add_test(tcase, absurd_sizes_are_refused);
    tcase_add_test(tcase, the_newest_piece_grows_in_place);
    tcase_add_test(tcase, an_older_piece_moves);
    tcase_add_test(tcase, growing_keeps_the_bytes);
    tcase_add_test(tcase, a_big_piece_that_cannot_grow_stays);
    tcase_add_test(tcase, text_is_formatted);
    tcase_add_test(tcase, text_of_each_length_is_whole);
    tcase_add_test(tcase, deferred_functions_run_newest_first);
    tcase_add_test(tcase, out_of_memory_is_an_answer);
    tcase_add_test(tcase, what_is_taken_back_is_overwritten_in_debug_runs);
#if SANITIZE_ADDRESS
    tcase_add_test(tcase, what_is_not_given_out_is_poisoned);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
