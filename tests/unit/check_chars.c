/* The character tables against the grammar, byte by byte, and both searches against a slow one. */
#include "proto/chars.h"
#include "unit.h"
#include <ctype.h>

static bool is_one_of(int c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

static bool is_alnum(int c)
{
    return c < 0x80 && isalnum(c);
}

START_TEST(tables)
{
    for (int c = 0; c < 256; c++) {
        bool is_token = is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
        bool is_name = is_alnum(c) || is_one_of(c, "-._~%!$&'()*+;=");
        ck_assert_int_eq((chars_class[c] & CHAR_TOKEN) != 0, is_token);
        ck_assert_int_eq((chars_class[c] & CHAR_VALUE) != 0, c == '\t' || (c >= 0x20 && c != 0x7f));
        ck_assert_int_eq((chars_class[c] & CHAR_TARGET) != 0, c >= 0x21 && c <= 0x7e);
        ck_assert_int_eq((chars_class[c] & CHAR_REG_NAME) != 0, is_name);
        ck_assert_int_eq(chars_lower_token[c], is_token ? tolower(c) : 0);
    }
}
END_TEST

START_TEST(strings)
{
    ck_assert(chars_is_token(STR("X-Some_Thing")));
    ck_assert(!chars_is_token(STR("")));
    ck_assert(!chars_is_token(STR("a b")));
    ck_assert(!chars_is_token(STR("a:")));
    ck_assert(chars_is_value(STR("")));
    ck_assert(chars_is_value(STR("a\tb \xff")));
    ck_assert(!chars_is_value(STR("a\rb")));
    ck_assert(!chars_is_value(STR("a\0b")));
    ck_assert(!chars_is_value(STR("\x7f")));
}
END_TEST

static const char *find_slowly(const char *p, const char *end)
{
    while (p < end && ((unsigned char)*p >= 0x20 && *p != 0x7f))
        p++;
    return p;
}

/* Every byte at every place of every length, among neighbours that may mislead. */
START_TEST(control_bytes_are_found)
{
    static const char others[] = {' ', '!', 'a', '~', (char)0x80, (char)0xa0, (char)0xff};
    char text[70];
    for (size_t len = 0; len < 40; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                char *p = text + (at + (size_t)c) % 16;
                memset(p, others[(len + at) % sizeof others], len);
                p[at] = (char)c;
                p[len - 1 - at / 2] = (char)(at % 2 ? '\r' : 'x');
                const char *want = find_slowly(p, p + len);
                UNIT_MUST(chars_find_control(p, p + len) == want);
                UNIT_MUST(chars_find_control_portable(p, p + len) == want);
            }
}
END_TEST

START_TEST(searches_stay_inside)
{
    for (size_t len = 0; len < 64; len++) {
        char *exact = malloc(len + 1);
        ck_assert_ptr_nonnull(exact);
        memset(exact, 'a', len);
        exact[len] = '\0';
        ck_assert_ptr_eq(chars_find_control(exact, exact + len), exact + len);
        ck_assert_ptr_eq(chars_find_control_portable(exact, exact + len), exact + len);
        free(exact);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("chars");
    TCase *tcase = tcase_create("chars");
    tcase_add_test(tcase, tables);
    tcase_add_test(tcase, strings);
    tcase_add_test(tcase, control_bytes_are_found);
    tcase_add_test(tcase, searches_stay_inside);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
