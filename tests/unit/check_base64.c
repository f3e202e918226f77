/* Base64 as RFC 4648 has it, and there and back for every length. */
#include "model/base64.h"
#include "model/base64_read.h"
#include "unit.h"
#include <string.h>

static struct arena arena;

static cgw_str base64_of(const void *ptr, size_t len)
{
    struct buffer out = BUFFER_IN(&arena);
    base64_write(&out, (cgw_str){ptr, len});
    return buffer_text(&out);
}

/* RFC 4648, 10. */
static const struct {
    const char *bytes, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xff\xef\xbe\xfb\xf0", "/++++/A="},
};

START_TEST(the_vectors_of_the_rfc)
{
    cgw_str text = base64_of(vectors[_i].bytes, strlen(vectors[_i].bytes));
    ck_assert_str_eq(text.ptr, vectors[_i].text);
    arena_fini(&arena);
}
END_TEST

START_TEST(every_length_comes_back)
{
    unsigned char bytes[300];
    char error[BASE64_ERROR_BYTES];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        cgw_str text = base64_of(bytes, len), back;
        ck_assert_uint_eq(text.len, (len + 2) / 3 * 4);
        ck_assert_int_eq(base64_read(text, &arena, &back, error), CGW_OK);
        ck_assert_uint_eq(back.len, len);
        ck_assert_int_eq(memcmp(back.ptr, bytes, len), 0);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

static size_t flushed, largest;

static int count(void *arg, const char *ptr, size_t len)
{
    struct buffer *whole = arg;
    buffer_add(whole, ptr, len);
    flushed++;
    largest = len > largest ? len : largest;
    return CGW_OK;
}

/* A megabyte through a buffer that is flushed is the same text, in pieces. */
START_TEST(long_bytes_go_in_pieces)
{
    enum { LEN = 1000001 };
    static char bytes[LEN];
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (char)(i * 31 % 251);
    struct arena elsewhere = {0};
    struct buffer whole = BUFFER_IN(&elsewhere), out = BUFFER_IN(&arena);
    out.flush = count;
    out.flush_arg = &whole;
    base64_write(&out, (cgw_str){bytes, LEN});
    ck_assert_int_eq(buffer_flush(&out), CGW_OK);
    ck_assert_uint_gt(flushed, 10);
    ck_assert_uint_lt(largest, 100000);
    cgw_str at_once = base64_of(bytes, LEN);
    ck_assert_uint_eq(buffer_text(&whole).len, at_once.len);
    ck_assert_int_eq(memcmp(whole.ptr, at_once.ptr, at_once.len), 0);
    arena_fini(&arena);
    arena_fini(&elsewhere);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("base64");
    TCase *c = tcase_create("base64");
    tcase_add_loop_test(c, the_vectors_of_the_rfc, 0, sizeof vectors / sizeof *vectors);
    tcase_add_test(c, every_length_comes_back);
    tcase_add_test(c, long_bytes_go_in_pieces);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
