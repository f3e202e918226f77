/* The arena: alignment, growth, big pieces, and what a reset keeps. */
#include "base/arena.h"
#include "unit.h"
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif
#ifdef POISONS
#include <sanitizer/asan_interface.h>
#endif

static struct arena arena;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_fini(&arena);
}

START_TEST(pieces_are_aligned_and_apart)
{
    static const size_t sizes[] = {0,   1,    7,    8,    15,   16,   17,
                                   100, 1000, 1023, 1024, 4000, 4096, 70000};
    char *pieces[200];
    size_t bytes[200];
    for (size_t i = 0; i < 200; i++) {
        bytes[i] = sizes[i % (sizeof sizes / sizeof *sizes)];
        pieces[i] = arena_alloc(&arena, bytes[i]);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)i, bytes[i]);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t k = 0; k < bytes[i]; k++)
            UNIT_MUST((unsigned char)pieces[i][k] == i);
}
END_TEST

START_TEST(a_zeroed_arena_is_an_empty_one)
{
    struct arena zero = {0};
    arena_reset(&zero);
    ck_assert_ptr_null(zero.first);
    ck_assert_ptr_nonnull(arena_alloc(&zero, 10));
    arena_fini(&zero);
    ck_assert_ptr_null(zero.first);
    arena_fini(&zero);
}
END_TEST

START_TEST(reset_keeps_the_first_block)
{
    char *first = arena_alloc(&arena, 10);
    struct arena_block *block = arena.first;
    for (int i = 0; i < 50; i++)
        ck_assert_ptr_nonnull(arena_alloc(&arena, 500));
    ck_assert_ptr_nonnull(arena_alloc(&arena, 100000));
    ck_assert_ptr_ne(arena.block, block);
    arena_reset(&arena);
    ck_assert_ptr_eq(arena.first, block);
    ck_assert_ptr_eq(arena.block, block);
    ck_assert_ptr_eq(arena_alloc(&arena, 10), first);
}
END_TEST

START_TEST(a_small_call_takes_no_second_block)
{
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 60; i++)
            ck_assert_ptr_nonnull(arena_alloc(&arena, 64));
        ck_assert_ptr_eq(arena.block, arena.first);
        arena_reset(&arena);
    }
}
END_TEST

START_TEST(a_big_piece_leaves_the_block_in_use)
{
    char *a = arena_alloc(&arena, 16);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 1 << 20));
    ck_assert_ptr_eq(arena_alloc(&arena, 16), a + 16);
}
END_TEST

START_TEST(the_first_piece_may_be_big)
{
    char *p = arena_alloc(&arena, 1 << 20);
    ck_assert_ptr_nonnull(p);
    memset(p, 1, 1 << 20);
    arena_reset(&arena);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 16));
}
END_TEST

START_TEST(copies_end_in_nul)
{
    char *copy = arena_copy(&arena, "a\0bc", 3);
    ck_assert_mem_eq(copy, "a\0b", 4);
    ck_assert_str_eq(arena_copy(&arena, NULL, 0), "");
}
END_TEST

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
    ck_assert_mem_eq(p, "0123456789", 10);
}
END_TEST

START_TEST(growing_past_the_block_keeps_the_bytes)
{
    char *p = NULL;
    size_t have = 0;
    for (size_t want = 1; want < 200000; want *= 3) {
        p = arena_grow(&arena, p, have, want);
        ck_assert_ptr_nonnull(p);
        memset(p + have, 'a', want - have);
        have = want;
    }
    for (size_t i = 0; i < have; i++)
        ck_assert_int_eq(p[i], 'a');
}
END_TEST

START_TEST(absurd_sizes_are_refused)
{
    char *p = arena_alloc(&arena, 8);
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX - 20));
    ck_assert_ptr_null(arena_copy(&arena, p, SIZE_MAX));
    ck_assert_ptr_null(arena_grow(&arena, p, 8, SIZE_MAX - 3));
    ck_assert_ptr_nonnull(arena_alloc(&arena, 8));
}
END_TEST

#ifdef POISONS
START_TEST(reset_memory_is_poisoned)
{
    char *p = arena_alloc(&arena, 100);
    ck_assert_int_eq(__asan_address_is_poisoned(p + 99), 0);
    ck_assert_int_eq(__asan_address_is_poisoned(p + 112), 1);
    arena_reset(&arena);
    ck_assert_int_eq(__asan_address_is_poisoned(p), 1);
    ck_assert_int_eq(__asan_address_is_poisoned(p + 99), 1);
}
END_TEST
#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("arena");
    TCase *tcase = tcase_create("arena");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, pieces_are_aligned_and_apart);
    tcase_add_test(tcase, a_zeroed_arena_is_an_empty_one);
    tcase_add_test(tcase, reset_keeps_the_first_block);
    tcase_add_test(tcase, a_small_call_takes_no_second_block);
    tcase_add_test(tcase, a_big_piece_leaves_the_block_in_use);
    tcase_add_test(tcase, the_first_piece_may_be_big);
    tcase_add_test(tcase, copies_end_in_nul);
    tcase_add_test(tcase, the_newest_piece_grows_in_place);
    tcase_add_test(tcase, an_older_piece_moves);
    tcase_add_test(tcase, growing_past_the_block_keeps_the_bytes);
    tcase_add_test(tcase, absurd_sizes_are_refused);
#ifdef POISONS
    tcase_add_test(tcase, reset_memory_is_poisoned);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
