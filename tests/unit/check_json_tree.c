/* Text to json-c's trees and back: what is taken, what is not, and what a tree may cost. */
#include "model/json_read.h"
#include "model/json_tree.h"
#include "unit.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ENOUGH = 1 << 20 };

static struct arena arena;
static struct model_errors errors;
static const struct model_place root = {.key = "body", .key_len = 4};

static int read_text(const char *ptr, size_t len, size_t max_bytes, struct json_object **ret_tree)
{
    model_errors_init(&errors, &arena);
    return json_tree_read((cgw_str){ptr, len}, max_bytes, &root, &errors, ret_tree);
}

static const char *written(struct json_object *tree)
{
    struct buffer out = BUFFER_IN(&arena);
    json_tree_write(tree, &out);
    return buffer_text(&out).ptr;
}

static const struct {
    const char *text, *back;
} taken[] = {
    {"null", "null"},
    {" true ", "true"},
    {"false", "false"},
    {"0", "0"},
    {"-0", "0"},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"9223372036854775808", "9223372036854775808"},
    {"18446744073709551615", "18446744073709551615"},
    {"18446744073709551616", "1.8446744073709552e+19"},
    {"-9223372036854775809", "-9.223372036854776e+18"},
    {"0.1", "0.1"},
    {"-0.0", "-0.0"},
    {"1E2", "100.0"},
    {"1e-7", "1e-07"},
    {"\"\"", "\"\""},
    {"\"a/b\\/c\\n\\u00e9\\ud83d\\ude00\"", "\"a/b/c\\n\xc3\xa9\xf0\x9f\x98\x80\""},
    {"\"a\\u0000b\"", "\"a\\u0000b\""},
    {"\"\\ud800\"", "\"\xef\xbf\xbd\""},
    {"[]", "[]"},
    {"[ 1 , [ ] , null ]", "[1,[],null]"},
    {"[1,2,3,4,5,6,7,8,9]", "[1,2,3,4,5,6,7,8,9]"},
    {"{}", "{}"},
    {"{\"b\" : {\"x\":[{}]}, \"a\":null}", "{\"b\":{\"x\":[{}]},\"a\":null}"},
    {"{\"a\":1,\"b\":2,\"a\":[3]}", "{\"a\":[3],\"b\":2}"},
    {"{\"\":1,\"\\\"\\n\":2}", "{\"\":1,\"\\\"\\n\":2}"},
};

START_TEST(takes_and_gives_back)
{
    struct json_object *tree;
    int status = read_text(taken[_i].text, strlen(taken[_i].text), ENOUGH, &tree);
    ck_assert_int_eq(status, CGW_OK);
    ck_assert_str_eq(written(tree), taken[_i].back);
    json_object_put(tree);
    arena_fini(&arena);
}
END_TEST

#define INVALID(at, why)                                                                   \
    "[{\"type\":\"json_invalid\",\"loc\":[\"body\"," at "],\"msg\":\"JSON decode error\"," \
    "\"input\":{},\"ctx\":{\"error\":\"" why "\"}}]"
#define REFUSED(type, msg) \
    "[{\"type\":\"" type "\",\"loc\":[\"body\"],\"msg\":\"" msg "\",\"input\":null}]"

static const struct {
    const char *text, *detail;
} refused[] = {
    {"", REFUSED("missing", "Field required")},
    {"{\"a\":1,}", INVALID("7", "Expecting property name enclosed in double quotes")},
    {"[1", INVALID("2", "Expecting ',' delimiter")},
    {"{\"a\":[{\"b\":tru}]}", INVALID("11", "Expecting value")},
    {"[1] x", INVALID("4", "Extra data")},
    {"[NaN]", INVALID("1", "Expecting value")},
    {"{\"a\":{\"b\":1e999}}", REFUSED("finite_number", "Input should be a finite number")},
    {"{\"a\\u0000b\":1}", REFUSED("invalid_key", "Keys should be without U+0000")},
};

START_TEST(says_what_is_wrong)
{
    struct json_object *tree;
    int status = read_text(refused[_i].text, strlen(refused[_i].text), ENOUGH, &tree);
    ck_assert_int_eq(status, CGW_EINVALID);
    ck_assert_str_eq(model_errors_array(&errors).ptr, refused[_i].detail);
    arena_fini(&arena);
}
END_TEST

START_TEST(reading_has_a_depth)
{
    char text[2 * 200];
    struct json_object *tree;
    for (size_t depth = 1; depth < 200; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        int status = read_text(text, 2 * depth, ENOUGH, &tree);
        ck_assert_int_eq(status, depth <= JSON_DEPTH ? CGW_OK : CGW_EINVALID);
        if (!status) {
            ck_assert_uint_eq(strlen(written(tree)), 2 * depth);
            json_object_put(tree);
        }
        arena_reset(&arena);
    }
    arena_fini(&arena);
}
END_TEST

START_TEST(writing_has_a_depth)
{
    struct json_object *tree = NULL;
    for (int depth = 1; depth <= JSON_TREE_DEPTH + 1; depth++) {
        struct json_object *outer = json_object_new_array();
        json_object_array_add(outer, tree);
        tree = outer;
        struct buffer out = BUFFER_IN(&arena);
        json_tree_write(tree, &out);
        ck_assert_int_eq(out.status, depth <= JSON_TREE_DEPTH ? CGW_OK : CGW_EINVAL);
    }
    json_object_put(tree);
    arena_fini(&arena);
}
END_TEST

/* Text that would grow three hundredfold ends at the limit, however it is made. */
START_TEST(size_has_an_end)
{
    static const char *const pieces[] = {"{},", "[],", "0,", "{\"a\":{}},", "\"\\n\\n\\n\\n\","};
    static char text[300000];
    struct json_object *tree;
    const char *piece = pieces[_i];
    size_t n = strlen(piece), len = 1;
    text[0] = '[';
    for (; len + n < sizeof text - 1; len += n)
        memcpy(text + len, piece, n);
    text[len - 1] = ']';
    ck_assert_int_eq(read_text(text, len, ENOUGH, &tree), CGW_ETOOBIG);
    ck_assert_int_eq(read_text(text, len, (size_t)1 << 30, &tree), CGW_OK);
    ck_assert_int_eq(strncmp(written(tree), text, n - 1), 0);
    json_object_put(tree);
    arena_fini(&arena);
}
END_TEST

START_TEST(trees_made_by_hand)
{
    struct json_object *tree = json_object_new_object();
    json_object_object_add(tree, "third", json_object_new_double(1.0 / 3));
    json_object_object_add(tree, "nan", json_object_new_double(NAN));
    json_object_object_add(tree, "bad", json_object_new_string("\xff"));
    json_object_object_add(tree, "nul", json_object_new_string_len("a\0b", 3));
    json_object_object_add(tree, "none", NULL);
    ck_assert_str_eq(written(tree),
                     "{\"third\":0.3333333333333333,\"nan\":null,"
                     "\"bad\":\"\xef\xbf\xbd\",\"nul\":\"a\\u0000b\",\"none\":null}");
    json_object_put(tree);
    arena_fini(&arena);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("json_tree");
    TCase *c = tcase_create("json_tree");
    tcase_add_loop_test(c, takes_and_gives_back, 0, sizeof taken / sizeof *taken);
    tcase_add_loop_test(c, says_what_is_wrong, 0, sizeof refused / sizeof *refused);
    tcase_add_test(c, reading_has_a_depth);
    tcase_add_test(c, writing_has_a_depth);
    tcase_add_loop_test(c, size_has_an_end, 0, 5);
    tcase_add_test(c, trees_made_by_hand);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
