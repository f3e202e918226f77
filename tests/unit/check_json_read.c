/* The reader: the grammar, and where and how it says that something is none. */
#include "model/json_read.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

/* Read it whole and forget it. */
static struct json_reader read_all(const char *text, size_t len)
{
    struct json_reader reader;
    struct json_value value;
    char *exact = malloc(len ? len : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, text, len);
    json_read_init(&reader, (cgw_str){exact, len});
    if (json_read_value(&reader, &value) && json_read_rest(&reader, &value))
        json_read_end(&reader);
    reader.depth = (unsigned)(reader.why ? json_read_position(&reader) : 0);
    free(exact);
    return reader;
}

static const struct fault {
    const char *text, *why;
    unsigned position;
} faults[] = {
    {"", "Expecting value", 0},
    {" \t\r\n", "Expecting value", 4},
    {"nul", "Expecting value", 0},
    {"True", "Expecting value", 0},
    {"NaN", "Expecting value", 0},
    {"-Infinity", "Expecting value", 0},
    {"+1", "Expecting value", 0},
    {"-", "Expecting value", 0},
    {".5", "Expecting value", 0},
    {"01", "Extra data", 1},
    {"1.", "Extra data", 1},
    {"1e", "Extra data", 1},
    {"1e+", "Extra data", 1},
    {"0x10", "Extra data", 1},
    {"1 2", "Extra data", 2},
    {"{} }", "Extra data", 3},
    {"[", "Expecting value", 1},
    {"[1", "Expecting ',' delimiter", 2},
    {"[1 2]", "Expecting ',' delimiter", 3},
    {"[1,]", "Expecting value", 3},
    {"[,]", "Expecting value", 1},
    {"[1}", "Expecting ',' delimiter", 2},
    {"{", "Expecting property name enclosed in double quotes", 1},
    {"{1:2}", "Expecting property name enclosed in double quotes", 1},
    {"{'a':1}", "Expecting property name enclosed in double quotes", 1},
    {"{\"a\"}", "Expecting ':' delimiter", 4},
    {"{\"a\" 1}", "Expecting ':' delimiter", 5},
    {"{\"a\":}", "Expecting value", 5},
    {"{\"a\":1", "Expecting ',' delimiter", 6},
    {"{\"a\":1,}", "Expecting property name enclosed in double quotes", 7},
    {"{\"a\":1]", "Expecting ',' delimiter", 6},
    {"\"abc", "Unterminated string starting at", 0},
    {"[\"\xc3\xa4\", \"abc", "Unterminated string starting at", 6},
    {"\"a\\", "Unterminated string starting at", 0},
    {"\"a\nb\"", "Invalid control character at", 2},
    {"\"\\x\"", "Invalid \\escape", 1},
    {"\"\\u12\"", "Invalid \\uXXXX escape", 2},
    {"\"\\u123g\"", "Invalid \\uXXXX escape", 2},
    {"\"\\ud800\\u12zz\"", "Invalid \\uXXXX escape", 8},
    {"\"\xff\"", "Invalid UTF-8", 1},
    {"\"\xc3\xa4\xc3\"", "Invalid UTF-8", 2},
    {"\"\xc0\x80\"", "Invalid UTF-8", 1},
    {"\"\xed\xa0\x80\"", "Invalid UTF-8", 1},
    {"\"\xf4\x90\x80\x80\"", "Invalid UTF-8", 1},
    {"/* c */ 1", "Expecting value", 0},
};

START_TEST(says_what_is_wrong)
{
    const struct fault *fault = &faults[_i];
    struct json_reader reader = read_all(fault->text, strlen(fault->text));
    ck_assert_msg(reader.why != NULL, "%s: is taken", fault->text);
    ck_assert_str_eq(reader.why, fault->why);
    ck_assert_msg(reader.depth == fault->position, "%s: at %u", fault->text, reader.depth);
}
END_TEST

static const char *const texts[] = {"0",
                                    "-0",
                                    "1.5e-7",
                                    "1E+400",
                                    "\"\"",
                                    " [ ] ",
                                    "{}",
                                    "[[],{},[{}]]",
                                    "null",
                                    " true",
                                    "false\n",
                                    "[1,2]",
                                    "{\"\":0}",
                                    "{\"a\":1 }",
                                    "\"\\ud800\"",
                                    "\xef\xbb\xbf{}",
                                    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"",
                                    "\"\xf0\x9d\x84\x9e\x7f\"",
                                    "{\"a\":{\"b\":[1,{\"c\":[]}]},\"a\":2}"};

START_TEST(takes_what_is_json)
{
    struct json_reader reader = read_all(texts[_i], strlen(texts[_i]));
    ck_assert_msg(reader.why == NULL, "%s: %s", texts[_i], reader.why);
}
END_TEST

START_TEST(refuses_every_beginning)
{
    static const char text[] =
        "{\"a\": [1.5, \"x\\u00e4\\\\\", true, {\"b\": null}], \"c\": \"\xc3\xa4\"}";
    for (size_t len = 0; len < sizeof text - 1; len++)
        ck_assert_msg(read_all(text, len).why != NULL, "%zu bytes are taken", len);
    ck_assert_ptr_null(read_all(text, sizeof text - 1).why);
    ck_assert_ptr_nonnull(read_all(text, sizeof text).why); /* U+0000 is no blank */
}
END_TEST

START_TEST(bounds_the_depth)
{
    char text[2 * JSON_DEPTH + 4];
    memset(text, '[', JSON_DEPTH);
    memset(text + JSON_DEPTH, ']', JSON_DEPTH);
    ck_assert_ptr_null(read_all(text, 2 * (size_t)JSON_DEPTH).why);
    memset(text, '[', JSON_DEPTH + 1);
    struct json_reader reader = read_all(text, sizeof text);
    ck_assert_str_eq(reader.why, "Too deeply nested");
    ck_assert_uint_eq(reader.depth, JSON_DEPTH);
}
END_TEST

static const struct {
    const char *json, *text;
    size_t len;
    bool has_nul, has_lone;
} strings[] = {
    {"\"\"", "", 0, false, false},
    {"\"a\xc3\xa4\"", "a\xc3\xa4", 3, false, false},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8, false, false},
    {"\"x\\u0041\\u00e4\\u20ac\\uD834\\udd1ey\"", "xA\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9ey", 12,
     false, false},
    {"\"a\\u0000b\"", "a\0b", 3, true, false},
    {"\"\\ud800\"", "\xef\xbf\xbd", 3, false, true},
    {"\"\\udc00x\"", "\xef\xbf\xbdx", 4, false, true},
    {"\"\\ud800\\u0041\"",
     "\xef\xbf\xbd"
     "A",
     4, false, true},
    {"\"\\ud800\\ud800\\udc00\"", "\xef\xbf\xbd\xf0\x90\x80\x80", 7, false, true},
};

START_TEST(decodes_strings)
{
    struct arena arena = {0};
    struct json_reader reader;
    struct json_value value;
    struct json_text out;
    json_read_init(&reader, (cgw_str){strings[_i].json, strlen(strings[_i].json)});
    ck_assert(json_read_value(&reader, &value));
    ck_assert_int_eq(json_read_text(&value, &arena, &out), CGW_OK);
    ck_assert_uint_eq(out.text.len, strings[_i].len);
    ck_assert_mem_eq(out.text.ptr, strings[_i].text, strings[_i].len + 1);
    ck_assert_int_eq(out.has_nul, strings[_i].has_nul);
    ck_assert_int_eq(out.has_lone, strings[_i].has_lone);
    arena_fini(&arena);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))

static Suite *make_suite(void)
{
    Suite *suite = suite_create("json_read");
    TCase *tcase = tcase_create("grammar");
    tcase_add_loop_test(tcase, says_what_is_wrong, 0, COUNT(faults));
    tcase_add_loop_test(tcase, takes_what_is_json, 0, COUNT(texts));
    tcase_add_test(tcase, refuses_every_beginning);
    tcase_add_test(tcase, bounds_the_depth);
    tcase_add_loop_test(tcase, decodes_strings, 0, COUNT(strings));
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
