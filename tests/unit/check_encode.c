/* Objects as JSON: every kind, presence, names, and what has no JSON. */
#include "model/encode.h"
#include "model/model.h"
#include "unit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLOUR(V) V(RED, "red") V(DARK_BLUE, "dark \"blue\"")
CGW_ENUM(Colour, COLOUR)

#define POINT(F) \
    F(i32, x)    \
    F(i32, y)
CGW_MODEL(Point, POINT)

#define SCALARS(F)                 \
    F(i8, tiny)                    \
    F(i16, small)                  \
    F(i32, middle)                 \
    F(i64, large)                  \
    F(u8, utiny)                   \
    F(u16, usmall)                 \
    F(u32, umiddle)                \
    F(u64, ularge)                 \
    F(f64, real)                   \
    F(bool, flag)                  \
    F(str, name)                   \
    F(text, text)                  \
    F(bytes, bytes)                \
    F(uuid, id)                    \
    F(datetime, at)                \
    F(enumeration(Colour), colour) \
    F(model(Point), point)
CGW_MODEL(Scalars, SCALARS)

#define LISTS(F)                     \
    F(list(i8), i8s)                 \
    F(list(i16), i16s)               \
    F(list(i32), i32s)               \
    F(list(i64), i64s)               \
    F(list(u8), u8s)                 \
    F(list(u16), u16s)               \
    F(list(u32), u32s)               \
    F(list(u64), u64s)               \
    F(list(f64), reals)              \
    F(list(bool), flags)             \
    F(strs, names)                   \
    F(list(text), texts)             \
    F(list(bytes), bytess)           \
    F(list(uuid), ids)               \
    F(list(datetime), ats)           \
    F(enumerations(Colour), colours) \
    F(models(Point), points)
CGW_MODEL(Lists, LISTS)

#define NAMED(F)                                  \
    F(str, from, .alias = "from \"where\"\n")     \
    F(str, password, .hidden = true, .opt = true) \
    F(i64, count, .opt = true)                    \
    F(str, note, .opt = true)                     \
    F(f64, last, .opt = true, .def = 2.5)
CGW_MODEL(Named, NAMED)

#define TREE(F) \
    F(i8, id)   \
    F(models(Tree), children)
CGW_MODEL(Tree, TREE)

static struct arena arena;

static struct buffer encoded(const cgw_model *model, const void *object)
{
    struct buffer out = BUFFER_IN(&arena);
    encode_object(model, object, &out);
    return out;
}

static void is_encoded(const cgw_model *model, const void *object, const char *json)
{
    struct buffer out = encoded(model, object);
    ck_assert_int_eq(out.status, CGW_OK);
    cgw_str text = buffer_text(&out);
    ck_assert_str_eq(text.ptr, json);
    ck_assert_uint_eq(text.len, strlen(json));
    arena_fini(&arena);
}

static void is_refused(const cgw_model *model, const void *object)
{
    struct buffer out = encoded(model, object);
    ck_assert_int_eq(out.status, CGW_EINVAL);
    ck_assert_ptr_null(buffer_text(&out).ptr);
    arena_fini(&arena);
}

START_TEST(every_kind)
{
    Scalars object = {
        .tiny = INT8_MIN,
        .small = INT16_MIN,
        .middle = INT32_MIN,
        .large = INT64_MIN,
        .utiny = UINT8_MAX,
        .usmall = UINT16_MAX,
        .umiddle = UINT32_MAX,
        .ularge = UINT64_MAX,
        .real = 0.1,
        .flag = true,
        .name = "a\tb",
        .text = CGW_STR("a\0b"),
        .bytes = CGW_STR("\xff\0"),
        .id = {{0x12, 0x34, [15] = 0xff}},
        .at = {.unix_us = 1500000, .offset_min = 60, .has_offset = true},
        .colour = DARK_BLUE,
        .point = {.x = -1, .y = 1},
    };
    is_encoded(Scalars_model(), &object,
               "{\"tiny\":-128,\"small\":-32768,\"middle\":-2147483648,"
               "\"large\":-9223372036854775808,\"utiny\":255,\"usmall\":65535,"
               "\"umiddle\":4294967295,\"ularge\":18446744073709551615,\"real\":0.1,"
               "\"flag\":true,\"name\":\"a\\tb\",\"text\":\"a\\u0000b\",\"bytes\":\"/wA=\","
               "\"id\":\"12340000-0000-0000-0000-0000000000ff\","
               "\"at\":\"1970-01-01T01:00:01.500000+01:00\",\"colour\":\"dark \\\"blue\\\"\","
               "\"point\":{\"x\":-1,\"y\":1}}");
}
END_TEST

START_TEST(zeroes)
{
    Scalars object = {0};
    is_encoded(Scalars_model(), &object,
               "{\"tiny\":0,\"small\":0,\"middle\":0,\"large\":0,\"utiny\":0,\"usmall\":0,"
               "\"umiddle\":0,\"ularge\":0,\"real\":0.0,\"flag\":false,\"name\":null,"
               "\"text\":null,\"bytes\":null,\"id\":\"00000000-0000-0000-0000-000000000000\","
               "\"at\":\"1970-01-01T00:00:00\",\"colour\":\"red\",\"point\":{\"x\":0,\"y\":0}}");
}
END_TEST

START_TEST(empty_text_is_not_null)
{
    Scalars object = {.name = "", .text = {"", 0}, .bytes = {"", 0}};
    struct buffer out = encoded(Scalars_model(), &object);
    ck_assert_ptr_nonnull(
        strstr(buffer_text(&out).ptr, "\"name\":\"\",\"text\":\"\",\"bytes\":\"\""));
    arena_fini(&arena);
}
END_TEST

#define ITEMS(...)                     \
    {                                  \
        .items = __VA_ARGS__, .len = 2 \
    }

START_TEST(lists_of_every_kind)
{
    Lists object = {
        .i8s = ITEMS((int8_t[]){1, -1}),
        .i16s = ITEMS((int16_t[]){2, -2}),
        .i32s = ITEMS((int32_t[]){3, -3}),
        .i64s = ITEMS((int64_t[]){4, -4}),
        .u8s = ITEMS((uint8_t[]){1, 255}),
        .u16s = ITEMS((uint16_t[]){1, 65535}),
        .u32s = ITEMS((uint32_t[]){1, UINT32_MAX}),
        .u64s = ITEMS((uint64_t[]){1, UINT64_MAX}),
        .reals = ITEMS((double[]){1.5, NAN}),
        .flags = ITEMS((bool[]){true, false}),
        .names = ITEMS((cgw_string[]){"a", NULL}),
        .texts = ITEMS((cgw_str[]){CGW_STR("a"), {NULL, 0}}),
        .bytess = ITEMS((cgw_str[]){CGW_STR("a"), CGW_STR("")}),
        .ids = ITEMS((cgw_uuid[]){{{0}}, {{[15] = 1}}}),
        .ats = ITEMS((cgw_datetime[]){{.has_offset = true}, {.unix_us = 1000000}}),
        .colours = ITEMS((int[]){RED, RED}),
        .points = ITEMS((Point[]){{.x = 1}, {.y = 1}}),
    };
    is_encoded(Lists_model(), &object,
               "{\"i8s\":[1,-1],\"i16s\":[2,-2],\"i32s\":[3,-3],\"i64s\":[4,-4],\"u8s\":[1,255],"
               "\"u16s\":[1,65535],\"u32s\":[1,4294967295],\"u64s\":[1,18446744073709551615],"
               "\"reals\":[1.5,null],\"flags\":[true,false],\"names\":[\"a\",null],"
               "\"texts\":[\"a\",null],\"bytess\":[\"YQ==\",\"\"],"
               "\"ids\":[\"00000000-0000-0000-0000-000000000000\","
               "\"00000000-0000-0000-0000-000000000001\"],"
               "\"ats\":[\"1970-01-01T00:00:00Z\",\"1970-01-01T00:00:01\"],"
               "\"colours\":[\"red\",\"red\"],\"points\":[{\"x\":1,\"y\":0},{\"x\":0,\"y\":1}]}");
}
END_TEST

START_TEST(lists_of_nothing)
{
    Lists object = {0};
    struct buffer out = encoded(Lists_model(), &object);
    ck_assert_ptr_nonnull(strstr(buffer_text(&out).ptr, "\"i8s\":[],"));
    ck_assert_ptr_nonnull(strstr(buffer_text(&out).ptr, "\"points\":[]}"));
    arena_fini(&arena);
}
END_TEST

START_TEST(names_and_presence)
{
    Named object = {.from = "here", .password = "secret", .count = 3, .last = 1};
    is_encoded(Named_model(), &object,
               "{\"from \\\"where\\\"\\n\":\"here\",\"count\":3,\"note\":null,\"last\":1.0}");
    cgw_set_absent(Named, &object, count);
    cgw_set_null(Named, &object, last);
    is_encoded(Named_model(), &object,
               "{\"from \\\"where\\\"\\n\":\"here\",\"note\":null,\"last\":null}");
    cgw_set_absent(Named, &object, from);
    cgw_set_absent(Named, &object, note);
    cgw_set_absent(Named, &object, last);
    is_encoded(Named_model(), &object, "{}");
    cgw_set_present(Named, &object, last);
    is_encoded(Named_model(), &object, "{\"last\":1.0}");
}
END_TEST

/* What was read as absent and took its default is written with it. */
START_TEST(a_default_is_written)
{
    Named object = {.from = "here", .last = 2.5};
    cgw_set_absent(Named, &object, count);
    cgw_set_absent(Named, &object, note);
    cgw__set_presence(Named_model(), &object, offsetof(Named, last), CGW_DEFAULT);
    is_encoded(Named_model(), &object, "{\"from \\\"where\\\"\\n\":\"here\",\"last\":2.5}");
}
END_TEST

/* What is written is read as the same, which is written the same. */
static void comes_back(const cgw_model *model, const void *object, void *copy)
{
    struct model_errors errors;
    struct buffer first = encoded(model, object);
    cgw_str json = buffer_text(&first);
    ck_assert_ptr_nonnull(json.ptr);
    model_errors_init(&errors, &arena);
    int status = model->code->decode(model, &arena, json, NULL, &errors, copy);
    ck_assert_msg(status == CGW_OK, "%s: %s", json.ptr, model_errors_array(&errors).ptr);
    struct buffer second = encoded(model, copy);
    ck_assert_str_eq(buffer_text(&second).ptr, json.ptr);
}

START_TEST(objects_come_back)
{
    Scalars copy, object = {
                      .tiny = INT8_MIN,
                      .large = INT64_MIN,
                      .ularge = UINT64_MAX,
                      .real = 5e-324,
                      .flag = true,
                      .name = "\x01\"\\\xf0\x9f\x98\x80",
                      .text = CGW_STR("a\0b"),
                      .bytes = CGW_STR("\xff\0\n"),
                      .id = cgw_uuid_new(),
                      .at = {.unix_us = -1, .offset_min = -150, .has_offset = true},
                      .colour = DARK_BLUE,
                  };
    comes_back(Scalars_model(), &object, &copy);
    ck_assert_mem_eq(&copy.id, &object.id, sizeof copy.id);
    ck_assert_int_eq(copy.at.unix_us, -1);
    ck_assert_int_eq(copy.at.offset_min, -150);
    ck_assert_int_eq(copy.large, INT64_MIN);
    ck_assert_uint_eq(copy.ularge, UINT64_MAX);
    ck_assert_double_eq(copy.real, 5e-324);
    ck_assert_uint_eq(copy.text.len, 3);
    arena_fini(&arena);
}
END_TEST

START_TEST(lists_come_back)
{
    Lists copy, object = {
                    .reals = ITEMS((double[]){1.5, 1e300}),
                    .names = ITEMS((cgw_string[]){"a", ""}),
                    .bytess = ITEMS((cgw_str[]){CGW_STR("a"), CGW_STR("")}),
                    .colours = ITEMS((int[]){RED, DARK_BLUE}),
                    .points = ITEMS((Point[]){{.x = 1}, {.y = 1}}),
                };
    comes_back(Lists_model(), &object, &copy);
    ck_assert_uint_eq(copy.points.len, 2);
    ck_assert_int_eq(copy.points.items[1].y, 1);
    arena_fini(&arena);
}
END_TEST

START_TEST(presence_comes_back)
{
    Named copy, object = {.from = "here", .count = 7};
    cgw_set_absent(Named, &object, note);
    cgw_set_null(Named, &object, count);
    object.last = 3;
    comes_back(Named_model(), &object, &copy);
    ck_assert(cgw_is_null(Named, &copy, count));
    ck_assert(!cgw_has(Named, &copy, note));
    ck_assert(cgw_has(Named, &copy, last));
    arena_fini(&arena);
}
END_TEST

START_TEST(what_has_no_json_is_refused)
{
    Scalars object = {.colour = 7};
    is_refused(Scalars_model(), &object);
    object = (Scalars){.at = {.unix_us = INT64_MAX}};
    is_refused(Scalars_model(), &object);
    object = (Scalars){.at = {.offset_min = 1440, .has_offset = true}};
    is_refused(Scalars_model(), &object);
    ck_assert_ptr_null(cgw_enum_name(Colour, -1));
    ck_assert_str_eq(cgw_enum_name(Colour, RED), "red");
}
END_TEST

/* A tree that hangs on itself ends where reading would. */
START_TEST(depth_has_an_end)
{
    static Tree chain[ENCODE_DEPTH];
    for (size_t i = 0; i + 1 < ENCODE_DEPTH / 2; i++)
        chain[i].children = (Tree_list){&chain[i + 1], 1};
    struct buffer out = encoded(Tree_model(), &chain[0]);
    ck_assert_int_eq(out.status, CGW_OK);
    arena_fini(&arena);
    is_encoded(Tree_model(), &(Tree){.id = 1}, "{\"id\":1,\"children\":[]}");
    chain[5].children = (Tree_list){&chain[0], 1};
    is_refused(Tree_model(), &chain[0]);
}
END_TEST

static int refuse_third(void *arg, const char *ptr, size_t len)
{
    (void)ptr;
    (void)len;
    int *calls = arg;
    return ++*calls == 3 ? CGW_ECLOSED : CGW_OK;
}

/* What flush says stops the walk: the rest is not looked at. */
START_TEST(an_error_of_flush_sticks)
{
    enum { N = 100000 };
    cgw_string *names = calloc(N, sizeof *names);
    for (int i = 0; i < N; i++)
        names[i] = "twenty bytes of text";
    Lists object = {.names = {names, N}};
    int calls = 0;
    struct buffer out = BUFFER_IN(&arena);
    out.flush = refuse_third;
    out.flush_arg = &calls;
    encode_object(Lists_model(), &object, &out);
    ck_assert_int_eq(out.status, CGW_ECLOSED);
    ck_assert_int_eq(calls, 3);
    free(names);
    arena_fini(&arena);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("encode");
    TCase *c = tcase_create("encode");
    tcase_add_test(c, every_kind);
    tcase_add_test(c, zeroes);
    tcase_add_test(c, empty_text_is_not_null);
    tcase_add_test(c, lists_of_every_kind);
    tcase_add_test(c, lists_of_nothing);
    tcase_add_test(c, names_and_presence);
    tcase_add_test(c, a_default_is_written);
    tcase_add_test(c, objects_come_back);
    tcase_add_test(c, lists_come_back);
    tcase_add_test(c, presence_comes_back);
    tcase_add_test(c, what_has_no_json_is_refused);
    tcase_add_test(c, depth_has_an_end);
    tcase_add_test(c, an_error_of_flush_sticks);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
