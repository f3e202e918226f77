/* Patterns of PCRE2 as ECMA-262 has them, or none. Row 185 of the behaviours. */
#include "openapi/ecma.h"
#include "unit.h"

static const struct {
    const char *pattern, *expected; /* NULL: there is none */
} cases[] = {
    {"", ""},
    {"^[a-z]+$", "^[a-z]+$"},
    {"^\\d{3}-\\w+\\.\\S*?$", "^\\d{3}-\\w+\\.\\S*?$"},
    {"a|(b)(?:c)(?=d)(?!e)(?<=f)(?<!g)", "a|(b)(?:c)(?=d)(?!e)(?<=f)(?<!g)"},
    {"x{2}y{2,}z{2,3}?", "x{2}y{2,}z{2,3}?"},
    /* spelled otherwise */
    {"\\Aab\\z", "^ab$"},
    {"ab\\Z", "ab$"},
    {"(?P<name>a)(?<other>b)", "(?<name>a)(?<other>b)"},
    {"\\x{1f600}\\x41", "\\u{1f600}\\x41"},
    {"a{b}]", "a\\{b\\}\\]"},
    {"a{,3}", "a\\{,3\\}"},
    {"[]a[-]", "[\\]a\\[-]"},
    {"[^]x]", "[^\\]x]"},
    {"[\\-\\d]", "[\\-\\d]"},
    {"\\@\\-\\\"", "@-\""},
    {"\\p{L}\\P{Lu}", "\\p{L}\\P{Lu}"},
    {"\xc3\xa4+", "\xc3\xa4+"},
    {"(a)\\1(?:b(?=c))+\\p{Any}", "(a)\\1(?:b(?=c))+\\p{Any}"},
    {"[\\b]+", "[\\b]+"},
    /* not to be had */
    {"a++", NULL},
    {"a*+", NULL},
    {"a{2}+", NULL},
    {"a**", NULL},
    {"(?>a)", NULL},
    {"(?i)a", NULL},
    {"(?R)", NULL},
    {"(?#words)", NULL},
    {"(*UTF)a", NULL},
    {"[[:alpha:]]", NULL},
    {"\\h\\R", NULL},
    {"\\Qa.b\\E", NULL},
    {"\\pL", NULL},
    {"\\p{^L}", NULL},
    {"[\\B]", NULL},
    {"[a", NULL},
    {"a\\", NULL},
    {"\\x{}", NULL},
    {"\\x4", NULL},
    {"\\0", NULL},
    {"\\101", NULL},
    {"[\\1]", NULL},
    {"(?=a)*b", NULL},
    {"(?<!a|(b))?c", NULL},
    {"a^*", NULL},
    {"a\\b+", NULL},
    {"\\p{Greek}", NULL},
    {"\\p{L&}", NULL},
    {"\\p{lu}", NULL},
    {"\\p{}", NULL},
};

START_TEST(a_pattern)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct buffer out = BUFFER_IN(&arena);
    bool is_known = ecma_pattern(cases[_i].pattern, &out);
    if (cases[_i].expected)
        ck_assert_str_eq(buffer_text(&out).ptr, cases[_i].expected);
    ck_assert_msg(is_known == (cases[_i].expected != NULL), "%s", cases[_i].pattern);
    arena_fini(&arena);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("ecma");
    TCase *tests = tcase_create("ecma");
    tcase_add_loop_test(tests, a_pattern, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
