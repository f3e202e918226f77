/* Patterns: what they mean, that none of them can keep us busy, and that threads may share them. */
#include "model/pattern.h"
#include "unit.h"
#include <pthread.h>
#include <string.h>
#include <time.h>

#define PATTERNS(F)                                 \
    F(str, plain)                                   \
    F(str, part, .pattern = "b+")                   \
    F(str, whole, .pattern = "^\\d{3}$")            \
    F(str, words, .pattern = "^\\w+$")              \
    F(str, nested, .pattern = "^(a+)+$")            \
    F(str, square, .pattern = "x*[^x]*x*[yz]")      \
    F(str, cube, .pattern = "a*?[ab]*?[abc]*?[de]") \
    F(str, back, .pattern = "(a*)*\\1[bc]")         \
    F(str, bad, .pattern = "(")
CGW_MODEL(Patterns, PATTERNS)

static size_t field_named(const char *name)
{
    const cgw_model *model = Patterns_model();
    size_t i = 0;
    while (strcmp(model->fields[i].name, name))
        i++;
    return i;
}

static bool matches(const char *name, const char *text, size_t len)
{
    struct pattern_scratch *scratch = NULL;
    bool answer = false;
    ck_assert_int_eq(pattern_matches(Patterns_model(), field_named(name), (cgw_str){text, len},
                                     &scratch, &answer),
                     CGW_OK);
    pattern_scratch_free(scratch);
    return answer;
}

START_TEST(means_what_pydantic_means)
{
    ck_assert(matches("part", "abc", 3)); /* searched */
    ck_assert(!matches("part", "ac", 2));
    ck_assert(matches("whole", "123", 3));
    ck_assert(!matches("whole", "123\n", 4));
    ck_assert(matches("whole", "\xd9\xa1\xd9\xa2\xd9\xa3", 6)); /* Arabic digits */
    ck_assert(matches("words", "\xc3\xa4\xe6\x97\xa5", 5));
    ck_assert(!matches("bad", "(", 1));
}
END_TEST

/* Processor time, so that others on the machine do not matter. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const char *const bombs[] = {"nested", "square", "cube", "back", "part", "words"};

START_TEST(bounds_what_a_match_costs)
{
    static char text[64 << 10];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = _i == 1 ? 'x' : 'a';
    text[sizeof text - 1] = '!';
    double before = seconds();
    ck_assert(!matches(bombs[_i], text, sizeof text));
    ck_assert_double_lt(seconds() - before, 3); /* some 10 ms; years without the bound */
}
END_TEST

/* Texts of one body: none of a thousand bombs has a budget of its own. */
START_TEST(bounds_what_many_matches_cost)
{
    struct pattern_scratch *scratch = NULL;
    const cgw_str text = CGW_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    bool answer = false;
    double before = seconds();
    for (int i = 0; i < 2000; i++) {
        ck_assert_int_eq(
            pattern_matches(Patterns_model(), field_named("nested"), text, &scratch, &answer),
            CGW_OK);
        ck_assert(!answer);
    }
    ck_assert_double_lt(seconds() - before, 3); /* some 50 ms; 20 s otherwise */
    ck_assert_int_eq(pattern_matches(Patterns_model(), field_named("whole"),
                                     (cgw_str)CGW_STR("123"), &scratch, &answer),
                     CGW_OK);
    ck_assert(answer); /* what is right is right behind them, too */
    pattern_scratch_free(scratch);
}
END_TEST

START_TEST(takes_long_text_up_to_a_bound)
{
    static char text[(64 << 10) + 1];
    memset(text, 'a', sizeof text);
    text[100] = 'b';
    ck_assert(matches("part", text, sizeof text - 1));
    ck_assert(!matches("part", text, sizeof text));
    ck_assert(matches("words", text, 64 << 10));
}
END_TEST

static void *match_often(void *wrong)
{
    for (int i = 0; i < 2000; i++)
        if (!matches("whole", "123", 3) || matches("whole", "12", 2))
            *(bool *)wrong = true;
    return NULL;
}

static void *match_deep(void *text)
{
    ck_assert(!matches("nested", text, strlen(text)));
    ck_assert(matches("words", "abc", 3));
    return NULL;
}

/* PCRE2 recurses on the heap, not on the stack, which a handler has little of. */
START_TEST(needs_little_stack)
{
    static char text[20000];
    pthread_attr_t attributes;
    pthread_t thread;
    memset(text, 'a', sizeof text - 2);
    text[sizeof text - 2] = '!';
    pthread_attr_init(&attributes);
#ifndef SANITIZED
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, (size_t)40 << 10), 0);
#endif
    ck_assert_int_eq(pthread_create(&thread, &attributes, match_deep, text), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}
END_TEST

START_TEST(is_shared_by_threads)
{
    pthread_t threads[4];
    bool wrong[4] = {false};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, match_often, &wrong[i]), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(!wrong[i]);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("pattern");
    TCase *tcase = tcase_create("pattern");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, means_what_pydantic_means);
    tcase_add_loop_test(tcase, bounds_what_a_match_costs, 0, (int)(sizeof bombs / sizeof *bombs));
    tcase_add_test(tcase, bounds_what_many_matches_cost);
    tcase_add_test(tcase, takes_long_text_up_to_a_bound);
    tcase_add_test(tcase, needs_little_stack);
    tcase_add_test(tcase, is_shared_by_threads);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
