/* Which models of several files are one component, and what two of one name are called. Row 185 of
   the behaviours. */
#include "openapi/names.h"
#include "unit.h"
#include <stdio.h>

static struct arena arena;

/* As each file that includes a header has it. */
#define FIELD(name_, kind_, ...)                                                               \
    {                                                                                          \
        .def = __builtin_nanl(""), .gt = __builtin_nanl(""), .ge = __builtin_nanl(""),         \
        .lt = __builtin_nanl(""), .le = __builtin_nanl(""), .multiple_of = __builtin_nanl(""), \
        .name = (name_), .kind = (kind_), ##__VA_ARGS__                                        \
    }
#define MODEL(variable, name_, ...)                                            \
    static const struct cgw_field variable##_fields[] = {__VA_ARGS__};         \
    static const cgw_model variable = {.name = (name_),                        \
                                       .fields = variable##_fields,            \
                                       .n_fields = sizeof(variable##_fields) / \
                                                   sizeof(variable##_fields[0])}

static const cgw_model *self_here(void), *self_there(void);

MODEL(item, "Item", FIELD("a", CGW_KIND_I64), FIELD("b", CGW_KIND_STR, .pattern = "x"));
MODEL(item_again, "Item", FIELD("a", CGW_KIND_I64), FIELD("b", CGW_KIND_STR, .pattern = "x"));
MODEL(other_pattern, "Item", FIELD("a", CGW_KIND_I64), FIELD("b", CGW_KIND_STR, .pattern = "y"));
MODEL(other_field, "Item", FIELD("a", CGW_KIND_I64), FIELD("c", CGW_KIND_STR, .pattern = "x"));
MODEL(fewer, "Item", FIELD("a", CGW_KIND_I64));
MODEL(limited, "Item", FIELD("a", CGW_KIND_I64, .min_items = 1));
MODEL(tree, "Tree", FIELD("all", CGW_KIND_LIST, .item = CGW_KIND_MODEL, .model = self_here));
MODEL(tree_again, "Tree", FIELD("all", CGW_KIND_LIST, .item = CGW_KIND_MODEL, .model = self_there));
MODEL(foreign,
      "Gr\xc3\xb6\xc3\x9f"
      "e$",
      FIELD("a", CGW_KIND_I64));
MODEL(ours, "ValidationError", FIELD("a", CGW_KIND_I64));

static const cgw_model *self_here(void)
{
    return &tree;
}

static const cgw_model *self_there(void)
{
    return &tree_again;
}

START_TEST(two_that_say_the_same_are_one)
{
    struct names names = {.arena = &arena};
    ck_assert_str_eq(names_of_model(&names, &item), "Item");
    ck_assert_str_eq(names_of_model(&names, &item_again), "Item");
    ck_assert_str_eq(names_of_model(&names, &tree), "Tree");
    ck_assert_str_eq(names_of_model(&names, &tree_again), "Tree");
    ck_assert_uint_eq(names.n, 2);
}
END_TEST

START_TEST(others_of_the_name_have_a_number)
{
    static const cgw_model *const others[] = {&item, &other_pattern, &other_field, &fewer,
                                              &limited};
    static const char *const expected[] = {"Item", "Item_2", "Item_3", "Item_4", "Item_5"};
    struct names names = {.arena = &arena};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            ck_assert_str_eq(names_of_model(&names, others[i]), expected[i]);
    ck_assert_str_eq(names_of_model(&names, &ours), "ValidationError_2");
    ck_assert_str_eq(names_of_model(&names, &foreign), "Gr____e_"); /* a key has no other signs */
}
END_TEST

START_TEST(enumerations_are_among_them)
{
    static const struct cgw_enum_value red[] = {{"red", 0}}, blue[] = {{"blue", 0}};
    static const cgw_enum colour = {"Item", red, 1}, same = {"Item", red, 1},
                          other = {"Item", blue, 1};
    struct names names = {.arena = &arena};
    ck_assert_str_eq(names_of_model(&names, &item), "Item");
    ck_assert_str_eq(names_of_enum(&names, &colour), "Item_2");
    ck_assert_str_eq(names_of_enum(&names, &same), "Item_2");
    ck_assert_str_eq(names_of_enum(&names, &other), "Item_3");
}
END_TEST

START_TEST(there_may_be_many)
{
    static char texts[100][8];
    static cgw_model models[100];
    struct names names = {.arena = &arena};
    for (size_t i = 0; i < 100; i++) {
        snprintf(texts[i], sizeof(texts[i]), "M%zu", i);
        models[i] = (cgw_model){.name = texts[i]};
        ck_assert_str_eq(names_of_model(&names, &models[i]), texts[i]);
    }
    ck_assert_uint_eq(names.n, 100);
    ck_assert_str_eq(names.items[99].text, "M99");
}
END_TEST

static void set_up(void)
{
    arena_init(&arena, NULL, 0);
}

static void tear_down(void)
{
    arena_fini(&arena);
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("names");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, two_that_say_the_same_are_one);
    tcase_add_test(tests, others_of_the_name_have_a_number);
    tcase_add_test(tests, enumerations_are_among_them);
    tcase_add_test(tests, there_may_be_many);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
