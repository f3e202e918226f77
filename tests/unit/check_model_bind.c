/* Parameters into objects; what is converted how is in the table: check_model_errors. */
#include "model_play.h"
#include "unit.h"
#include <stdio.h>

static void bind_ok(struct play *play, const cgw_model *model, const char *place, const char *pairs,
                    void *object)
{
    play_bind(play, model, place, pairs, object);
    ck_assert_msg(play->status == CGW_OK, "%s: %s", pairs, play->array);
}

static void refuses(const cgw_model *model, const char *place, const char *pairs, const char *array)
{
    union {
        Kinds kinds;
        Album album;
        Limits limits;
    } object;
    struct play play;
    play_bind(&play, model, place, pairs, &object);
    ck_assert_int_eq(play.status, CGW_EINVALID);
    ck_assert_str_eq(play.array, array);
    play_fini(&play);
}

START_TEST(binds_a_query)
{
    struct play play;
    Filter filter;
    bind_ok(&play, Filter_model(), "query", "tags=a&limit=7&tags=b&limit=8", &filter);
    ck_assert_int_eq(filter.limit, 8); /* the last */
    ck_assert_int_eq(filter.order_by, GREEN);
    ck_assert_uint_eq(filter.tags.len, 2);
    ck_assert_str_eq(filter.tags.items[0], "a");
    ck_assert_str_eq(filter.tags.items[1], "b");
    ck_assert(cgw_has(Filter, &filter, limit) && !cgw_has(Filter, &filter, offset));
    play_fini(&play);
}
END_TEST

START_TEST(binds_headers)
{
    struct play play;
    Headers headers;
    bind_ok(&play, Headers_model(), "header",
            "User-Agent=one&user-agent=two&x_odd=1&x-odd=2&X-Tag=a&x-tag=b&save_data=off",
            &headers);
    ck_assert_str_eq(headers.user_agent, "one"); /* the first */
    ck_assert_str_eq(headers.odd, "1");          /* an alias is as it is written */
    ck_assert_uint_eq(headers.x_tag.len, 2);
    ck_assert(cgw_has(Headers, &headers, save_data) && !headers.save_data);
    play_fini(&play);
}
END_TEST

START_TEST(converts_each_kind)
{
    struct play play;
    Kinds k;
    bind_ok(&play, Kinds_model(), "query",
            "i8=-5&u64=18446744073709551615&f64=1e3&yes=t&str=x&text=&bytes=AA==&colour=red&"
            "uuid=f47ac10b58cc4372a5670e02b2c3d479&datetime=1.5&i16= +1_000.00 ",
            &k);
    ck_assert_int_eq(k.i8, -5);
    ck_assert_int_eq(k.i16, 1000);
    ck_assert_uint_eq(k.u64, UINT64_MAX);
    ck_assert_double_eq(k.f64, 1000);
    ck_assert(k.yes);
    ck_assert_str_eq(k.str, "x");
    ck_assert_uint_eq(k.text.len, 0);
    ck_assert_uint_eq(k.bytes.len, 1);
    ck_assert_int_eq(k.datetime.unix_us, 1500000);
    play_fini(&play);
}
END_TEST

START_TEST(holds_lists_to_their_bounds)
{
    refuses(
        Album_model(), "query", "title=t&numbers=1&numbers=x&numbers=101",
        "[{\"type\":\"int_parsing\",\"loc\":[\"query\",\"numbers\",1],\"msg\":\"Input should be a "
        "valid integer, unable to parse string as an integer\",\"input\":\"x\"},"
        "{\"type\":\"less_than_equal\",\"loc\":[\"query\",\"numbers\",2],\"msg\":\"Input should be "
        "less than or equal to 100\",\"input\":\"101\",\"ctx\":{\"le\":100}}]");
    refuses(Album_model(), "query", "title=t&images=1&images=2&images=3&images=4",
            "[{\"type\":\"too_long\",\"loc\":[\"query\",\"images\"],\"msg\":\"List should have at "
            "most 3 "
            "items after validation, not "
            "4\",\"input\":[\"1\",\"2\",\"3\",\"4\"],\"ctx\":{\"field_type\":"
            "\"List\",\"max_length\":3,\"actual_length\":4}}]");
    refuses(
        Album_model(), "query", "title=t&cover=1",
        "[{\"type\":\"model_attributes_type\",\"loc\":[\"query\",\"cover\"],\"msg\":\"Input should "
        "be a valid dictionary or object to extract fields from\",\"input\":\"1\"}]");
}
END_TEST

START_TEST(refuses_what_is_no_text)
{
    refuses(Kinds_model(), "query", "str=\xff",
            "[{\"type\":\"string_unicode\",\"loc\":[\"query\",\"str\"],\"msg\":\"Input should be a "
            "valid "
            "string, unable to parse raw data as a unicode string\",\"input\":\"\xef\xbf\xbd\"}]");
    struct model_pair pair = {CGW_STR("str"), CGW_STR("a\0b")};
    struct model_source source = {.place = "query", .pairs = &pair, .n_pairs = 1};
    struct arena arena = {0};
    struct model_errors errors;
    Kinds k;
    model_errors_init(&errors, &arena);
    ck_assert_int_eq(Kinds_model()->code->bind(Kinds_model(), &arena, &source, &errors, &k),
                     CGW_EINVALID);
    ck_assert_ptr_nonnull(strstr(model_errors_array(&errors).ptr, "should not contain U+0000"));
    arena_fini(&arena);
}
END_TEST

START_TEST(says_each_extra_once)
{
    refuses(
        Strict_model(), "query", "x=1&username=a&x=2&password=b",
        "[{\"type\":\"extra_forbidden\",\"loc\":[\"query\",\"x\"],\"msg\":\"Extra inputs are not "
        "permitted\",\"input\":\"2\"}]");
}
END_TEST

/* As many as a target holds, each twice: sorted, not each compared with each. */
START_TEST(sees_the_last_of_thousands)
{
    enum { N = 6000 };
    static char names[N][8];
    static struct model_pair pairs[N];
    struct model_source source = {.place = "query", .pairs = pairs, .n_pairs = N};
    struct arena arena = {0};
    struct model_errors errors;
    Signup signup;
    for (int i = 0; i < N; i++) {
        int len = snprintf(names[i], sizeof names[i], "n%d", i % (N / 2));
        pairs[i] = (struct model_pair){{names[i], (size_t)len}, {i < N / 2 ? "1" : "2", 1}};
    }
    pairs[0] = (struct model_pair){CGW_STR("password"), CGW_STR("none")};
    pairs[N / 2] = (struct model_pair){CGW_STR("repeated"), CGW_STR("x")};
    model_errors_init(&errors, &arena);
    ck_assert_int_eq(Signup_model()->code->bind(Signup_model(), &arena, &source, &errors, &signup),
                     CGW_EINVALID);
    const char *array = model_errors_array(&errors).ptr;
    ck_assert_ptr_nonnull(strstr(array, "\"n1\":\"2\",\"n2\":\"2\","));
    ck_assert_ptr_null(strstr(array, ":\"1\""));
    arena_fini(&arena);
}
END_TEST

START_TEST(runs_own_validators)
{
    refuses(Signup_model(), "body", "password=a&repeated=b",
            "[{\"type\":\"value_error\",\"loc\":[\"body\",\"repeated\"],\"msg\":\"Value error, "
            "passwords "
            "do not match\",\"input\":\"b\",\"ctx\":{\"error\":{}}}]");
    refuses(
        Signup_model(), "body", "password=none&repeated=b&repeated=c",
        "[{\"type\":\"value_error\",\"loc\":[\"body\"],\"msg\":\"Value error, no password at all\","
        "\"input\":{\"password\":\"none\",\"repeated\":\"c\"},\"ctx\":{\"error\":{}}}]");
    refuses(
        Signup_model(), "query", "password=a&repeated=a&even=3",
        "[{\"type\":\"value_error\",\"loc\":[\"query\",\"even\"],\"msg\":\"Value error, 3 is not "
        "even\",\"input\":\"3\",\"ctx\":{\"error\":{}}}]");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model_bind");
    TCase *tcase = tcase_create("bind");
    tcase_add_test(tcase, binds_a_query);
    tcase_add_test(tcase, binds_headers);
    tcase_add_test(tcase, converts_each_kind);
    tcase_add_test(tcase, holds_lists_to_their_bounds);
    tcase_add_test(tcase, refuses_what_is_no_text);
    tcase_add_test(tcase, says_each_extra_once);
    tcase_add_test(tcase, sees_the_last_of_thousands);
    tcase_add_test(tcase, runs_own_validators);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
