/* JSON into objects: what is stored, to the last bit; what is there, null and absent; what comes
   twice, is deep, or is much. Errors have their table: check_model_errors. */
#include "model_play.h"
#include "unit.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>

static void decode_ok(struct play *play, const cgw_model *model, const char *json, void *object)
{
    play_decode(play, model, json, object);
    ck_assert_msg(play->status == CGW_OK, "%s: %s", json, play->array);
    ck_assert_str_eq(play->array, "[]");
}

static void refuses(const cgw_model *model, const char *json, const char *part)
{
    union {
        Kinds kinds;
        Album album;
        Limits limits;
    } object;
    struct play play;
    play_decode(&play, model, json, &object);
    ck_assert_int_eq(play.status, CGW_EINVALID);
    ck_assert_msg(strstr(play.array, part) != NULL, "%s: %s", json, play.array);
    play_fini(&play);
}

START_TEST(stores_each_width)
{
    struct play play;
    Kinds k;
    decode_ok(&play, Kinds_model(),
              "{\"i8\":-128,\"i16\":-32768,\"i32\":-2147483648,\"i64\":-9223372036854775808,"
              "\"u8\":255,\"u16\":65535,\"u32\":4294967295,\"u64\":18446744073709551615}",
              &k);
    ck_assert_int_eq(k.i8, INT8_MIN);
    ck_assert_int_eq(k.i16, INT16_MIN);
    ck_assert_int_eq(k.i32, INT32_MIN);
    ck_assert_int_eq(k.i64, INT64_MIN);
    ck_assert_uint_eq(k.u8, UINT8_MAX);
    ck_assert_uint_eq(k.u16, UINT16_MAX);
    ck_assert_uint_eq(k.u32, UINT32_MAX);
    ck_assert_uint_eq(k.u64, UINT64_MAX);
    play_fini(&play);
}
END_TEST

static const struct {
    const char *json, *limit;
} ranges[] = {
    {"{\"i8\":-129}", "\"ge\":-128"},
    {"{\"i8\":128}", "\"le\":127"},
    {"{\"i16\":-32769}", "\"ge\":-32768"},
    {"{\"i16\":32768}", "\"le\":32767"},
    {"{\"i32\":-2147483649}", "\"ge\":-2147483648"},
    {"{\"i32\":2147483648}", "\"le\":2147483647"},
    {"{\"i64\":-9223372036854775809}", "\"ge\":-9223372036854775808"},
    {"{\"i64\":9223372036854775808}", "\"le\":9223372036854775807"},
    {"{\"u8\":-1}", "\"ge\":0"},
    {"{\"u8\":256}", "\"le\":255"},
    {"{\"u16\":65536}", "\"le\":65535"},
    {"{\"u32\":4294967296}", "\"le\":4294967295"},
    {"{\"u64\":18446744073709551616}", "\"le\":18446744073709551615"},
    {"{\"u64\":-18446744073709551616}", "\"ge\":0"},
    {"{\"u64\":99999999999999999999999999999999999999999}", "\"le\":18446744073709551615"},
    {"{\"i64\":\"9223372036854775808\"}", "\"le\":9223372036854775807"}};

START_TEST(refuses_what_is_too_wide)
{
    refuses(Kinds_model(), ranges[_i].json, ranges[_i].limit);
}
END_TEST

START_TEST(keeps_integers_beyond_2_53)
{
    struct play play;
    Kinds k;
    decode_ok(&play, Kinds_model(), "{\"i64\":9007199254740993,\"u64\":\"9007199254740993.000\"}",
              &k);
    ck_assert_int_eq(k.i64, 9007199254740993);
    ck_assert_uint_eq(k.u64, 9007199254740993u);
    play_fini(&play);
}
END_TEST

START_TEST(stores_doubles)
{
    static const struct {
        const char *json;
        double value;
    } doubles[] = {{"{\"f64\":0.1}", 0.1},
                   {"{\"f64\":-1e-400}", -0.0},
                   {"{\"f64\":4.9e-324}", 4.9e-324},
                   {"{\"f64\":1.7976931348623157e308}", 1.7976931348623157e308},
                   {"{\"f64\":123456789012345678901234567890}", 123456789012345678901234567890.0},
                   {"{\"f64\":\" 1_000.5 \"}", 1000.5},
                   {"{\"f64\":\".5e1\"}", 5},
                   {"{\"f64\":true}", 1},
                   {"{\"f64\":-0.0}", -0.0},
                   {"{\"f64\":-0}", -0.0}};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        struct play play;
        Kinds k;
        decode_ok(&play, Kinds_model(), doubles[i].json, &k);
        ck_assert_mem_eq(&k.f64, &doubles[i].value, sizeof(double));
        play_fini(&play);
    }
    refuses(Kinds_model(), "{\"f64\":1e309}", "finite_number");
    refuses(Kinds_model(), "{\"f64\":\"inf\"}", "finite_number");
    refuses(Kinds_model(), "{\"f64\":\"-NaN\"}", "finite_number");
    refuses(Kinds_model(), "{\"i64\":1e999999999999999999999}", "finite_number");
}
END_TEST

START_TEST(stores_text_bytes_and_moments)
{
    struct play play;
    Kinds k;
    decode_ok(&play, Kinds_model(),
              "{\"str\":\"x\\u00e4\",\"text\":\"a\\u0000b\",\"bytes\":\"AAH/\",\"yes\":\"YES\","
              "\"uuid\":\"f47ac10b-58cc-4372-a567-0e02b2c3d479\","
              "\"datetime\":\"1970-01-01T01:00:01+01:00\",\"colour\":\"blue\"}",
              &k);
    ck_assert_str_eq(k.str, "x\xc3\xa4");
    ck_assert_uint_eq(k.text.len, 3);
    ck_assert_mem_eq(k.text.ptr, "a\0b", 4);
    ck_assert_uint_eq(k.bytes.len, 3);
    ck_assert_mem_eq(k.bytes.ptr, "\0\1\377", 4);
    ck_assert(k.yes);
    ck_assert_uint_eq(k.uuid.bytes[0], 0xf4);
    ck_assert_int_eq(k.datetime.unix_us, 1000000);
    ck_assert_int_eq(k.datetime.offset_min, 60);
    ck_assert_int_eq(k.colour, BLUE);
    play_fini(&play);
    decode_ok(&play, Kinds_model(), "{\"datetime\":1.5,\"yes\":0}", &k);
    ck_assert_int_eq(k.datetime.unix_us, 1500000);
    ck_assert(!k.yes);
    play_fini(&play);
    refuses(Kinds_model(), "{\"datetime\":1e400}", "dates after 9999");
    refuses(Kinds_model(), "{\"datetime\":-1e400}", "dates before 0000");
}
END_TEST

START_TEST(knows_what_is_there)
{
    struct play play;
    Item item;
    decode_ok(&play, Item_model(), "{\"name\":\"\",\"price\":0,\"tax\":null}", &item);
    ck_assert(cgw_has(Item, &item, name) && cgw_has(Item, &item, price));
    ck_assert(!cgw_has(Item, &item, tax) && cgw_is_null(Item, &item, tax));
    ck_assert(!cgw_has(Item, &item, description) && !cgw_is_null(Item, &item, description));
    ck_assert_ptr_null(item.description);
    cgw_set_null(Item, &item, name);
    cgw_set_absent(Item, &item, price);
    ck_assert(cgw_is_null(Item, &item, name) && !cgw_has(Item, &item, price));
    ck_assert(cgw_is_null(Item, &item, tax));
    play_fini(&play);
}
END_TEST

START_TEST(fills_in_defaults)
{
    struct play play;
    Hard hard;
    Filter filter;
    decode_ok(&play, Hard_model(), "{}", &hard);
    ck_assert_str_eq(hard.str, "");
    ck_assert_ptr_nonnull(hard.bytes.ptr);
    ck_assert(hard.datetime.has_offset);
    ck_assert(!cgw_has(Hard, &hard, str) && !cgw_is_null(Hard, &hard, str));
    ck_assert_int_eq(cgw__presence(Hard_model(), &hard, offsetof(Hard, i64)), CGW_DEFAULT);
    play_fini(&play);
    decode_ok(&play, Filter_model(), "{\"offset\":7}", &filter);
    ck_assert_int_eq(filter.limit, 100);
    ck_assert_int_eq(filter.offset, 7);
    ck_assert_int_eq(filter.order_by, GREEN);
    play_fini(&play);
}
END_TEST

#define NULLABLE(F) F(i64, n, .null = true) F(str, s, .null = true, .opt = true)
CGW_MODEL(Nullable, NULLABLE)

START_TEST(tells_null_from_absent)
{
    struct play play;
    Nullable object;
    decode_ok(&play, Nullable_model(), "{\"n\":null}", &object);
    ck_assert(cgw_is_null(Nullable, &object, n) && !cgw_is_null(Nullable, &object, s));
    play_fini(&play);
    refuses(Nullable_model(), "{\"s\":null}", "\"missing\",\"loc\":[\"body\",\"n\"]");
}
END_TEST

START_TEST(lets_the_last_of_two_keys_count)
{
    struct play play;
    Album album;
    decode_ok(&play, Album_model(),
              "{\"title\":1,\"numbers\":[1,\"x\",1000],\"numbers\":[5],\"title\":\"t\","
              "\"cover\":{\"url\":3},\"cover\":null,\"tags\":[\"aa\",\"bb\"],\"t\\u0061gs\":null}",
              &album);
    ck_assert_uint_eq(album.numbers.len, 1);
    ck_assert_int_eq(album.numbers.items[0], 5);
    ck_assert_ptr_null(album.cover.url);
    ck_assert_uint_eq(album.tags.len, 0);
    ck_assert(cgw_is_null(Album, &album, tags));
    play_fini(&play);
    refuses(Album_model(), "{\"title\":\"t\",\"tags\":[\"aa\"],\"tags\":[\"a\"]}",
            "string_too_short");
}
END_TEST

START_TEST(reads_lists_of_all)
{
    struct play play;
    Album album;
    decode_ok(
        &play, Album_model(),
        "{\"title\":\"t\",\"images\":[{\"url\":\"u\",\"name\":\"n\"},{\"name\":\"m\",\"url\":\"v\"}"
        "],"
        "\"numbers\":[3,\"4\"],\"colours\":[\"blue\",\"red\"],\"tags\":[],\"more\":[[{\"a\":[]}]]}",
        &album);
    ck_assert_uint_eq(album.images.len, 2);
    ck_assert_str_eq(album.images.items[1].url, "v");
    ck_assert(cgw_has(Image, &album.images.items[1], name));
    ck_assert_int_eq(album.numbers.items[1], 4);
    ck_assert_int_eq(album.colours.items[0], BLUE);
    ck_assert(cgw_has(Album, &album, tags));
    ck_assert_uint_eq(album.tags.len, 0);
    play_fini(&play);
}
END_TEST

START_TEST(grows_long_lists)
{
    enum { N = 100000 };
    char *json = malloc(N * 12 + 40), *end = json;
    struct play play;
    Node node;
    ck_assert_ptr_nonnull(json);
    end = stpcpy(end, "{\"below\":[");
    for (int i = 0; i < N; i++)
        end += snprintf(end, 24, "{\"n\":%d},", i);
    stpcpy(end - 1, "]}");
    decode_ok(&play, Node_model(), json, &node);
    ck_assert_uint_eq(node.below.len, N);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(node.below.items[i].n, i);
    play_fini(&play);
    free(json);
}
END_TEST

/* Keys that only begin as a field's name does, up to a NUL. */
START_TEST(takes_no_key_for_another)
{
    struct play play;
    Item item;
    decode_ok(&play, Item_model(),
              "{\"name\":\"a\",\"price\":1,\"name\\u0000\":2,\"name\\u0000 and much more\":3,"
              "\"\":4,\"\\u0000\":5,\"nam\":6,\"names\":7}",
              &item);
    ck_assert_str_eq(item.name, "a");
    play_fini(&play);
}
END_TEST

/* ---- much out of little ---- */

#define TEN(F, a)             \
    F(i64, a##0, .opt = true) \
    F(i64, a##1, .opt = true) \
    F(i64, a##2, .opt = true) \
    F(i64, a##3, .opt = true) \
    F(i64, a##4, .opt = true) \
    F(i64, a##5, .opt = true) \
    F(i64, a##6, .opt = true) \
    F(i64, a##7, .opt = true) F(i64, a##8, .opt = true) F(i64, a##9, .opt = true)
#define WIDE(F) \
    TEN(F, a)   \
    TEN(F, b)   \
    TEN(F, c)   \
    TEN(F, d) TEN(F, e) TEN(F, f) TEN(F, g) TEN(F, h) TEN(F, i) TEN(F, j) TEN(F, k) TEN(F, l)
CGW_MODEL(Wide, WIDE)
#define MANY(F) F(models(Wide), list, .opt = true)
CGW_MODEL(Many, MANY)

START_TEST(takes_more_than_a_hundred_fields)
{
    struct play play;
    Wide wide;
    decode_ok(&play, Wide_model(), "{\"l9\":1,\"a0\":2,\"zz\":3,\"f5\":4}", &wide);
    ck_assert(wide.l9 == 1 && wide.a0 == 2 && wide.f5 == 4 && cgw_has(Wide, &wide, f5));
    ck_assert(!cgw_has(Wide, &wide, f6) && !cgw_has(Wide, &wide, l8));
    play_fini(&play);
    play_decode(&play, Wide_model(), "{\"l9\":\"x\",\"a0\":\"y\"}", &wide);
    ck_assert_uint_eq(play.errors.n, 2);
    ck_assert(strstr(play.array, "\"a0\"]") < strstr(play.array, "\"l9\"]"));
    play_fini(&play);
}
END_TEST

static char *repeated(const char *begin, const char *piece, size_t n, const char *end)
{
    size_t len = strlen(piece);
    char *text = malloc(strlen(begin) + n * len + strlen(end) + 1);
    ck_assert_ptr_nonnull(text);
    char *at = stpcpy(text, begin);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, piece);
    stpcpy(at, end);
    return text;
}

static void is_too_big(const char *begin, const char *piece, const char *end)
{
    struct play play;
    Many many;
    char *json = repeated(begin, piece, 100000, end);
    play_decode(&play, Many_model(), json, &many);
    ck_assert_int_eq(play.status, CGW_ETOOBIG);
    play_fini(&play);
    free(json);
}

START_TEST(bounds_what_lists_take)
{
    is_too_big("{\"list\":[", "{},", "{}]}");
    is_too_big("{", "\"list\":[{}],", "\"list\":[]}");
}
END_TEST

/* What a key that comes again takes back was made all the same. */
START_TEST(bounds_how_many_errors_are_made)
{
    struct play play;
    Item item;
    char *json = repeated("{", "\"name\":1,", 100000, "\"name\":\"a\",\"price\":1}");
    play_decode(&play, Item_model(), json, &item);
    ck_assert_int_eq(play.status, CGW_EINVALID);
    ck_assert_uint_eq(play.errors.n, 1);
    ck_assert_uint_eq(play.errors.made, MODEL_ERRORS_MADE);
    play_fini(&play);
    free(json);
}
END_TEST

/* ---- depth ---- */

static void nest(char *json, int objects)
{
    for (int i = 0; i < objects; i++)
        json = stpcpy(json, i ? "[{\"below\":" : "{\"below\":");
    json = stpcpy(json, "null}");
    for (int i = 1; i < objects; i++)
        json = stpcpy(json, "]}");
}

static void *deep(void *unused)
{
    char json[1024];
    struct play play;
    Node node;
    nest(json, 32); /* 63 containers */
    decode_ok(&play, Node_model(), json, &node);
    const Node *at = &node;
    for (int i = 0; i < 31; i++) {
        ck_assert_uint_eq(at->below.len, 1);
        at = at->below.items;
    }
    ck_assert(cgw_is_null(Node, at, below));
    play_fini(&play);
    nest(json, 33);
    refuses(Node_model(), json, "Too deeply nested");
    return unused;
}

/* As deep as goes, on a stack as small as a handler's. */
START_TEST(needs_little_stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    size_t bytes = (size_t)64 << 10;
#ifdef SANITIZED
    bytes <<= 4;
#endif
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, bytes), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, deep, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}
END_TEST

/* ---- own validators ---- */

START_TEST(runs_own_validators)
{
    struct play play;
    Signup signup;
    decode_ok(&play, Signup_model(), "{\"password\":\"a\",\"repeated\":\"a\",\"even\":2}", &signup);
    play_fini(&play);
    refuses(
        Signup_model(), "{\"password\":\"a\", \"repeat\\u0065d\": \"b\"}",
        "[{\"type\":\"value_error\",\"loc\":[\"body\",\"repeated\"],"
        "\"msg\":\"Value error, passwords do not match\",\"input\":\"b\",\"ctx\":{\"error\":{}}}]");
    refuses(Signup_model(), "{\"password\":\"mute\",\"repeated\":\"\"}", "Value error, refused");
    /* The model's own comes only where all its fields are right, a field's where that is. */
    refuses(Signup_model(), "{\"password\":\"a\"}", "missing");
    refuses(Signup_model(), "{\"password\":\"a\",\"repeated\":\"b\",\"even\":\"x\"}",
            "int_parsing");
}
END_TEST

START_TEST(drops_all_where_there_is_no_json)
{
    struct play play;
    Item item;
    play_decode(&play, Item_model(), "{\"name\":1,\"price\":\"x\"} x", &item);
    ck_assert_uint_eq(play.errors.n, 1);
    ck_assert_ptr_nonnull(strstr(play.array, "Extra data"));
    play_fini(&play);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model_decode");
    TCase *tcase = tcase_create("decode");
    tcase_add_test(tcase, stores_each_width);
    tcase_add_loop_test(tcase, refuses_what_is_too_wide, 0, (int)(sizeof ranges / sizeof *ranges));
    tcase_add_test(tcase, keeps_integers_beyond_2_53);
    tcase_add_test(tcase, stores_doubles);
    tcase_add_test(tcase, stores_text_bytes_and_moments);
    tcase_add_test(tcase, knows_what_is_there);
    tcase_add_test(tcase, fills_in_defaults);
    tcase_add_test(tcase, tells_null_from_absent);
    tcase_add_test(tcase, lets_the_last_of_two_keys_count);
    tcase_add_test(tcase, reads_lists_of_all);
    tcase_add_test(tcase, grows_long_lists);
    tcase_add_test(tcase, takes_no_key_for_another);
    tcase_add_test(tcase, takes_more_than_a_hundred_fields);
    tcase_add_test(tcase, bounds_what_lists_take);
    tcase_add_test(tcase, bounds_how_many_errors_are_made);
    tcase_add_test(tcase, needs_little_stack);
    tcase_add_test(tcase, runs_own_validators);
    tcase_add_test(tcase, drops_all_where_there_is_no_json);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
