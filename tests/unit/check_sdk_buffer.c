/* The SDK's buffer: text that grows, text that flows through, and errors that stick. */
#include "base/buffer.h"
#include "base/memory.h"
#include "unit.h"
#include <stdint.h>

static struct arena arena;
static struct buffer buffer;
static char *flowed; /* what flush() got */
static size_t n_flowed, n_flushes;
static int flush_status;

static void setup(void)
{
    arena_init(&arena, NULL, 0);
    buffer = BUFFER_IN(&arena);
    flowed = NULL;
    n_flowed = n_flushes = 0;
    flush_status = CGW_OK;
}

static void teardown(void)
{
    arena_fini(&arena);
    memory_free(flowed);
}

static int flush(void *arg, const char *ptr, size_t len)
{
    ck_assert_ptr_eq(arg, &buffer);
    ck_assert_uint_gt(len, 0);
    n_flushes++;
    if (flush_status)
        return flush_status;
    flowed = memory_grow(flowed, n_flowed + len);
    memcpy(flowed + n_flowed, ptr, len);
    n_flowed += len;
    return CGW_OK;
}

static void let_it_flow(void)
{
    buffer.flush = flush;
    buffer.flush_arg = &buffer;
}

START_TEST(an_empty_buffer_is_an_empty_text)
{
    ck_assert_str_eq(buffer_text(&buffer).ptr, "");
    buffer_add(&buffer, NULL, 0);
    buffer_printf(&buffer, "%s", "");
    ck_assert_uint_eq(buffer_text(&buffer).len, 0);
    ck_assert_str_eq(buffer_text(&buffer).ptr, "");
}
END_TEST

START_TEST(text_grows)
{
    buffer_add_literal(&buffer, "{\"n\":");
    buffer_printf(&buffer, "%d", 12);
    buffer_add_char(&buffer, '}');
    cgw_str text = buffer_text(&buffer);
    ck_assert_str_eq(text.ptr, "{\"n\":12}");
    ck_assert_uint_eq(text.len, 8);
    buffer_add_char(&buffer, ' ');
    ck_assert_str_eq(buffer_text(&buffer).ptr, "{\"n\":12} ");
}
END_TEST

static char letter(size_t i)
{
    return (char)('a' + i % 26);
}

static void write_long(size_t bytes)
{
    char piece[100];
    for (size_t i = 0; i < bytes;) {
        size_t n = i % 3 ? 1 + i % sizeof piece : 1;
        n = n < bytes - i ? n : bytes - i;
        for (size_t k = 0; k < n; k++)
            piece[k] = letter(i + k);
        if (n == 1)
            buffer_add_char(&buffer, *piece);
        else if (i % 2)
            buffer_printf(&buffer, "%.*s", (int)n, piece);
        else
            buffer_add(&buffer, piece, n);
        i += n;
    }
}

static void expect_long(const char *text, size_t bytes)
{
    size_t i = 0;
    while (i < bytes && text[i] == letter(i))
        i++;
    ck_assert_uint_eq(i, bytes);
}

START_TEST(a_long_text_is_whole)
{
    write_long(300000);
    cgw_str text = buffer_text(&buffer);
    ck_assert_uint_eq(text.len, 300000);
    expect_long(text.ptr, text.len);
    ck_assert_int_eq(text.ptr[text.len], '\0');
}
END_TEST

START_TEST(a_long_text_flows_through_little_memory)
{
    let_it_flow();
    write_long(300000);
    ck_assert_int_eq(buffer_flush(&buffer), CGW_OK);
    ck_assert_uint_eq(n_flowed, 300000);
    expect_long(flowed, n_flowed);
    ck_assert_uint_gt(n_flushes, 10);
    ck_assert_uint_le(buffer.room, 32 * 1024);
}
END_TEST

START_TEST(a_huge_piece_flows_past_the_buffer)
{
    static char huge[100000];
    memset(huge, 'h', sizeof huge);
    let_it_flow();
    buffer_add_literal(&buffer, "<");
    buffer_add(&buffer, huge, sizeof huge);
    buffer_add_literal(&buffer, ">");
    ck_assert_uint_le(buffer.room, 32 * 1024);
    ck_assert_int_eq(buffer_flush(&buffer), CGW_OK);
    ck_assert_uint_eq(n_flowed, sizeof huge + 2);
    ck_assert_int_eq(flowed[0], '<');
    ck_assert_mem_eq(flowed + 1, huge, sizeof huge);
    ck_assert_int_eq(flowed[n_flowed - 1], '>');
}
END_TEST

START_TEST(nothing_is_not_flushed)
{
    let_it_flow();
    ck_assert_int_eq(buffer_flush(&buffer), CGW_OK);
    ck_assert_uint_eq(n_flushes, 0);
}
END_TEST

START_TEST(an_error_of_flush_sticks)
{
    let_it_flow();
    flush_status = CGW_ECLOSED;
    write_long(100000);
    ck_assert_uint_eq(n_flushes, 1);
    ck_assert_int_eq(buffer.status, CGW_ECLOSED);
    ck_assert_int_eq(buffer_flush(&buffer), CGW_ECLOSED);
    ck_assert(!buffer_reserve(&buffer, 0));
    ck_assert_ptr_null(buffer_text(&buffer).ptr);
    buffer_add(&buffer, (char[20000]){"x"}, 20000);
    ck_assert_uint_eq(n_flushes, 1);
}
END_TEST

START_TEST(out_of_memory_sticks)
{
    buffer_add_literal(&buffer, "abc");
    ck_assert(!buffer_reserve(&buffer, SIZE_MAX - 10));
    ck_assert_int_eq(buffer.status, CGW_ENOMEM);
    buffer_add_literal(&buffer, "abc");
    buffer_add_char(&buffer, 'd');
    buffer_printf(&buffer, "%d", 5);
    ck_assert_uint_eq(buffer.len, 0);
    ck_assert_ptr_null(buffer_text(&buffer).ptr);
}
END_TEST

START_TEST(what_is_reserved_is_there)
{
    for (size_t bytes = 0; bytes < 5000; bytes += 37) {
        ck_assert(buffer_reserve(&buffer, bytes));
        ck_assert_uint_ge(buffer.room - buffer.len, bytes);
        memset(buffer.ptr ? buffer.ptr + buffer.len : (char[1]){0}, '.', bytes);
        buffer.len += bytes;
    }
    cgw_str text = buffer_text(&buffer);
    ck_assert_uint_eq(strspn(text.ptr, "."), text.len);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sdk_buffer");
    TCase *tcase = tcase_create("buffer");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, an_empty_buffer_is_an_empty_text);
    tcase_add_test(tcase, text_grows);
    tcase_add_test(tcase, a_long_text_is_whole);
    tcase_add_test(tcase, a_long_text_flows_through_little_memory);
    tcase_add_test(tcase, a_huge_piece_flows_past_the_buffer);
    tcase_add_test(tcase, nothing_is_not_flushed);
    tcase_add_test(tcase, an_error_of_flush_sticks);
    tcase_add_test(tcase, out_of_memory_sticks);
    tcase_add_test(tcase, what_is_reserved_is_there);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
