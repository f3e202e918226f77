/* What modules/items takes for JSON and for an item, and how it writes one. */
#include "items/model.h"
#include "unit.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char *const good[] = {
    "{}",
    "[1]",
    "null",
    " {} \n",
    "{\"a\": 1.5e-3}",
    "\"text\"",
    "-0",
    "[true,false]",
    "\"'\"",
    "\"\\\"NaN\"",
    "\"\xc3\xa9\"",
    "{\"a\": {}}",
    "\"\\u00e9\"",
    "1",
    "{\"a\":[1,2]}",
    "\"/\"",
    "0",
    "-0.5",
    "1E+2",
    "[0.0e-0]",
    "[ ]",
    "\"\x7f\"",
    "\t1\r",
    "{\"\":0}",
    "\"\\ud83d\\ude00\"",
    "\"\xed\x9f\xbf\xee\x80\x80\"",
    "\"\xf4\x8f\xbf\xbf\xf0\x90\x80\x80\xc2\x80\xe0\xa0\x80\"",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
};

static const struct {
    const char *text, *why;
} bad[] = {
    {"", "the body is empty, where JSON is wanted"},
    {"{", "the JSON ends too early"},
    {"\"a", "the JSON ends too early"},
    {"   ", "the JSON ends too early"},
    {"{}x", "the body is not JSON"},
    {"{} {}", "the body is not JSON"},
    {"{'a': 1}", "the body is not JSON"},
    {"{a: 1}", "the body is not JSON"},
    {"{\"a\": NaN}", "the body is not JSON"},
    {"{\"a\": Infinity}", "the body is not JSON"},
    {"{\"a\": 01}", "the body is not JSON"},
    {"{\"a\": 1.}", "the body is not JSON"},
    {"{\"a\": .5}", "the body is not JSON"},
    {"{\"a\": +1}", "the body is not JSON"},
    {"-", "the JSON ends too early"},
    {"-01", "the body is not JSON"},
    {"00", "the body is not JSON"},
    {"-.5", "the body is not JSON"},
    {"[-.5]", "the body is not JSON"},
    {"1.2.3", "the body is not JSON"},
    {"1e", "the JSON ends too early"},
    {"1e+]", "the body is not JSON"},
    {"0x1", "the body is not JSON"},
    {"tru", "the JSON ends too early"},
    {"True", "the body is not JSON"},
    {"nul]", "the body is not JSON"},
    {"[,1]", "the body is not JSON"},
    {"[1 2]", "the body is not JSON"},
    {"{\"a\"}", "the body is not JSON"},
    {"{\"a\":1,}", "the body is not JSON"},
    {"{1:1}", "the body is not JSON"},
    {"[1}", "the body is not JSON"},
    {"\"\\x\"", "the body is not JSON"},
    {"\"\\u12g4\"", "the body is not JSON"},
    {"\"\\", "the JSON ends too early"},
    {"\xef\xbb\xbf{}", "the body is not JSON"},
    {"\"\xc0\xaf\"", "the JSON is not UTF-8"},
    {"\"\xe0\x80\xaf\"", "the JSON is not UTF-8"},
    {"\"\xf0\x80\x80\xaf\"", "the JSON is not UTF-8"},
    {"\"\xed\xa0\x80\"", "the JSON is not UTF-8"},
    {"\"\xf4\x90\x80\x80\"", "the JSON is not UTF-8"},
    {"\"\xf8\x88\x80\x80\x80\"", "the JSON is not UTF-8"},
    {"\"\x80\"", "the JSON is not UTF-8"},
    {"\"\xc3\"", "the JSON is not UTF-8"},
    {"{\"\xc3(\":1}", "the JSON is not UTF-8"},
    {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "the JSON is nested too deep"},
    {"[1,]", "the body is not JSON"},
    {"\"a\tb\"", "the body is not JSON"},
    {"/* */ {}", "the body is not JSON"},
    {"\"\xff\"", "the JSON is not UTF-8"},
    {"[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]", "the JSON is nested too deep"},
};

START_TEST(parse_good)
{
    struct json_object *body = NULL;
    const char *why = "";
    ck_assert_msg(model_parse(good[_i], strlen(good[_i]), &body, &why) == 0, "%s: %s", good[_i],
                  why);
    json_object_put(body);
}
END_TEST

START_TEST(parse_bad)
{
    struct json_object *body = NULL;
    const char *why = "";
    ck_assert_msg(model_parse(bad[_i].text, strlen(bad[_i].text), &body, &why) == -1, "%s",
                  bad[_i].text);
    ck_assert_str_eq(why, bad[_i].why);
    ck_assert_ptr_null(body);
}
END_TEST

/* A NUL inside ends nothing. */
START_TEST(parse_nul)
{
    struct json_object *body = NULL;
    const char *why = "";
    ck_assert_int_eq(model_parse("{}\0{}", 5, &body, &why), -1);
    ck_assert_int_eq(model_parse("{}\0", 3, &body, &why), -1);
}
END_TEST

static bool is_out_of_memory;

/* In front of json-c's own. */
struct json_tokener *json_tokener_new_ex(int depth)
{
    struct json_tokener *(*real)(int) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "json_tokener_new_ex");
    return is_out_of_memory ? NULL : real(depth);
}

START_TEST(parse_without_memory)
{
    struct json_object *body = NULL;
    const char *why = "";
    is_out_of_memory = true;
    ck_assert_int_eq(model_parse("{}", 2, &body, &why), -1);
    ck_assert_ptr_null(why);
    ck_assert_int_eq(model_parse("{", 1, &body, &why), -1);
    ck_assert_str_eq(why, "the JSON ends too early");
    is_out_of_memory = false;
}
END_TEST

#define TEN    "0123456789"
#define ACCENT "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
#define EIGHTY TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *body;
    bool is_partial;
    const char *faults; /* "type:loc" of each, with blanks between; "" where it is taken */
} reads[] = {
    {"{\"name\":\"a\",\"price\":1}", false, ""},
    {"{\"name\":\"a\",\"price\":0,\"tags\":[]}", false, ""},
    {"{\"name\":\"a\",\"price\":1.5,\"tags\":[\"x\",\"\"],\"other\":1}", false, ""},
    {"{\"name\":\"" EIGHTY "\",\"price\":1e15}", false, ""},
    {"{\"name\":\"" ACCENT ACCENT ACCENT ACCENT ACCENT ACCENT ACCENT ACCENT "\",\"price\":1}",
     false, ""},
    {"{}", true, ""},
    {"{\"price\":2}", true, ""},
    {"{}", false, "missing:name missing:price"},
    {"{\"name\":\"a\"}", false, "missing:price"},
    {"{\"name\":\"\",\"price\":1}", false, "string_too_short:name"},
    {"{\"name\":\"" EIGHTY "x\",\"price\":1}", false, "string_too_long:name"},
    {"{\"name\":\"a\\nb\",\"price\":1}", false, "string_control:name"},
    {"{\"name\":\"a\\u0000\",\"price\":1}", false, "string_control:name"},
    {"{\"name\":1,\"price\":\"1\",\"tags\":{}}", false,
     "string_type:name float_type:price list_type:tags"},
    {"{\"name\":null,\"price\":null,\"tags\":null}", true,
     "string_type:name float_type:price list_type:tags"},
    {"{\"price\":true}", true, "float_type:price"},
    {"{\"price\":-0.01}", true, "greater_than_equal:price"},
    {"{\"price\":1e999}", true, "less_than_equal:price"},
    {"{\"price\":100000000000000000000000}", true, "less_than_equal:price"},
    {"{\"tags\":[\"a\",1,null]}", true, "string_type:tags,1 string_type:tags,2"},
    {"[]", false, "model_type:"},
    {"null", true, "model_type:"},
};

/* "type:loc" without the leading "body". */
static void put_fault(char *text, size_t size, struct json_object *fault)
{
    struct json_object *loc = json_object_object_get(fault, "loc");
    size_t len = strlen(text);
    snprintf(text + len, size - len, "%s%s:", len ? " " : "",
             json_object_get_string(json_object_object_get(fault, "type")));
    ck_assert_str_eq(json_object_get_string(json_object_array_get_idx(loc, 0)), "body");
    for (size_t i = 1; i < json_object_array_length(loc); i++) {
        len = strlen(text);
        snprintf(text + len, size - len, "%s%s", i > 1 ? "," : "",
                 json_object_get_string(json_object_array_get_idx(loc, i)));
    }
    ck_assert(json_object_object_get_ex(fault, "input", NULL));
    ck_assert_ptr_nonnull(json_object_object_get(fault, "msg"));
}

START_TEST(read_row)
{
    struct model model;
    struct json_object *body, *faults = json_object_new_array();
    const char *why;
    char text[300] = "";
    ck_assert_int_eq(model_parse(reads[_i].body, strlen(reads[_i].body), &body, &why), 0);
    ck_assert_int_eq(model_read(body, reads[_i].is_partial, faults, &model), 0);
    for (size_t i = 0; i < json_object_array_length(faults); i++)
        put_fault(text, sizeof(text), json_object_array_get_idx(faults, i));
    ck_assert_str_eq(text, reads[_i].faults);
    json_object_put(faults);
    json_object_put(body);
}
END_TEST

/* However many are wrong, the answer stays small. */
START_TEST(read_many)
{
    struct model model;
    struct json_object *body = json_object_new_object(), *tags = json_object_new_array();
    struct json_object *faults = json_object_new_array();
    for (int i = 0; i < 1000; i++)
        json_object_array_add(tags, json_object_new_int(i));
    json_object_object_add(body, "tags", tags);
    ck_assert_int_eq(model_read(body, true, faults, &model), 0);
    ck_assert_uint_eq(json_object_array_length(faults), 100);
    json_object_put(faults);
    json_object_put(body);
}
END_TEST

/* What comes from the target need not be text; the answer is JSON all the same. */
START_TEST(query_faults)
{
    struct json_object *faults = json_object_new_array();
    ck_assert_int_eq(model_query_fault(faults, "limit", "m", "x\xc3\xa9", 3), 0);
    ck_assert_int_eq(model_query_fault(faults, "limit", "m", "x\xc3", 2), 0);
    struct json_object *text = json_object_array_get_idx(faults, 0);
    ck_assert_str_eq(json_object_get_string(json_object_object_get(text, "input")), "x\xc3\xa9");
    text = json_object_array_get_idx(faults, 1);
    ck_assert(json_object_object_get_ex(text, "input", &text));
    ck_assert_ptr_null(text);
    json_object_put(faults);
}
END_TEST

static const struct {
    double price;
    const char *text;
} prices[] = {
    {0, "0"},
    {3.5, "3.5"},
    {0.1, "0.1"},
    {100, "100"},
    {1000000, "1000000"},
    {1.0 / 3, "0.3333333333333333"},
    {1e15, "1e+15"},
    {0.1 + 0.2, "0.30000000000000004"},
};

START_TEST(write_row)
{
    char text[200];
    struct model_row row = {7, "a/\xc3\xa9", 4, prices[_i].price, "[\"x\"]"};
    struct json_object *json = model_json(&row);
    snprintf(text, sizeof(text), "{\"id\":7,\"name\":\"a/\xc3\xa9\",\"price\":%s,\"tags\":[\"x\"]}",
             prices[_i].text);
    ck_assert_str_eq(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE),
                     text);
    json_object_put(json);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model");
    TCase *tests = tcase_create("model");
    tcase_add_loop_test(tests, parse_good, 0, ROWS(good));
    tcase_add_loop_test(tests, parse_bad, 0, ROWS(bad));
    tcase_add_test(tests, parse_nul);
    tcase_add_test(tests, parse_without_memory);
    tcase_add_loop_test(tests, read_row, 0, ROWS(reads));
    tcase_add_test(tests, read_many);
    tcase_add_test(tests, query_faults);
    tcase_add_loop_test(tests, write_row, 0, ROWS(prices));
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
