/* Faults of applications' models, each with what is said about it. */
#include "model_play.h"
#include "unit.h"

#define LEVEL(V) V(LOW, "low") V(HIGH, "high")
CGW_ENUM(Level, LEVEL)

#define F1(F) F(str, a, .pattern = "(x")
CGW_MODEL(BadPattern, F1)
#define F2(F) F(u8, a, .def = 256)
CGW_MODEL(BadDefault, F2)
#define F3(F) F(i32, a, .def = 0.5)
CGW_MODEL(HalfDefault, F3)
#define F4(F) F(enumeration(Level), a, .def_str = "middle")
CGW_MODEL(BadEnumDefault, F4)
#define F5(F) F(uuid, a, .def_str = "x")
CGW_MODEL(BadUuidDefault, F5)
#define F6(F) F(str, a, .def = 1)
CGW_MODEL(NumberForText, F6)
#define F7(F) F(i64, a, .def = 1, .def_str = "1")
CGW_MODEL(TwoDefaults, F7)
#define F8(F) F(str, a, .gt = 0)
CGW_MODEL(LimitOfText, F8)
#define F9(F) F(i64, a, .pattern = "x")
CGW_MODEL(PatternOfNumber, F9)
#define F10(F) F(bool, a, .max_len = 1)
CGW_MODEL(LengthOfTruth, F10)
#define F11(F) F(str, a, .max_items = 1)
CGW_MODEL(ItemsOfText, F11)
#define F12(F) F(i64, a, .multiple_of = 0)
CGW_MODEL(MultipleOfNothing, F12)
#define F13(F) F(i64, a, .gt = 3, .lt = 3)
CGW_MODEL(NoNumber, F13)
#define F14(F) F(str, a, .min_len = 3, .max_len = 2)
CGW_MODEL(NoLength, F14)
#define F15(F) F(list(i64), a, .min_items = 3, .max_items = 2)
CGW_MODEL(NoItems, F15)
#define F16(F) F(str, a) F(str, b, .alias = "a")
CGW_MODEL(SameName, F16)
#define F17(F) F(i64, n) F(models(NoNumber), below)
CGW_MODEL(Outer, F17)
#define F18(F) F(bytes, a, .def_str = "!")
CGW_MODEL(BadBytes, F18)
#define F19(F) F(datetime, a, .def_str = "today")
CGW_MODEL(BadMoment, F19)

START_TEST(finds_each_fault)
{
    const struct {
        const cgw_model *model;
        const char *why;
    } faults[] = {
        {BadPattern_model(), "BadPattern.a: the pattern (x: missing closing parenthesis at 2"},
        {BadDefault_model(), "BadDefault.a: its default is none of its kind"},
        {HalfDefault_model(), "HalfDefault.a: its default is none of its kind"},
        {BadEnumDefault_model(), "BadEnumDefault.a: its default is none of its kind"},
        {BadUuidDefault_model(), "BadUuidDefault.a: its default is none of its kind"},
        {BadBytes_model(), "BadBytes.a: its default is none of its kind"},
        {BadMoment_model(), "BadMoment.a: its default is none of its kind"},
        {NumberForText_model(), "NumberForText.a: its default is none of its kind"},
        {TwoDefaults_model(), "TwoDefaults.a: it has def and def_str"},
        {LimitOfText_model(), "LimitOfText.a: limits are for numbers"},
        {PatternOfNumber_model(), "PatternOfNumber.a: a pattern is for str and text"},
        {LengthOfTruth_model(), "LengthOfTruth.a: lengths are for str, text, bytes and upload"},
        {ItemsOfText_model(), "ItemsOfText.a: min_items and max_items are for lists"},
        {MultipleOfNothing_model(), "MultipleOfNothing.a: multiple_of is not above 0"},
        {NoNumber_model(), "NoNumber.a: its limits leave no number"},
        {NoLength_model(), "NoLength.a: min_len is above max_len"},
        {NoItems_model(), "NoItems.a: min_items is above max_items"},
        {SameName_model(), "SameName.b: \"a\" is the name of a too"},
        {Outer_model(), "NoNumber.a: its limits leave no number"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct arena arena = {0};
        const char *why = faults[i].model->code->prepare(faults[i].model, &arena);
        ck_assert_msg(why != NULL, "%s passes", faults[i].model->name);
        ck_assert_str_eq(why, faults[i].why);
        arena_fini(&arena);
    }
}
END_TEST

START_TEST(finds_none_in_good_models)
{
    static const char *const names[] = {"Item",   "Kinds",  "Hard",    "Limits", "Album",
                                        "Strict", "Filter", "Headers", "Signup", "Node"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct arena arena = {0};
        const cgw_model *model = play_model(names[i]);
        ck_assert_ptr_null(model->code->prepare(model, &arena));
        arena_fini(&arena);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model_prepare");
    TCase *tcase = tcase_create("prepare");
    tcase_add_test(tcase, finds_each_fault);
    tcase_add_test(tcase, finds_none_in_good_models);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
