/* Trees of json-c in handlers of both kinds, and the examples of cgw_json(3), run in process. */
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <cgw/tree.h>
#include <signal.h>
#include <string.h>

/* The body's own tree goes back, kept once or often. */
CGW_POST(mirror, "/mirror")
{
    struct json_object *tree;
    CGW_TRY(req, cgw_tree(req, &tree));
    if (tree && cgw_tree_keep(req, tree) != tree)
        return cgw_fail(req, 500, "it was not kept");
    cgw_reply reply = cgw_json_tree(req, 201, tree);
    return reply.status == 201 ? cgw_json_tree(req, 200, tree) : reply;
}

CGW_POST(mirror_sync, "/sync/mirror", .mode = CGW_SYNC)
{
    struct json_object *tree;
    CGW_TRY(req, cgw_tree(req, &tree));
    return cgw_json_tree(req, 200, tree);
}

/* A part of it wants a reference of its own. */
CGW_POST(part, "/part")
{
    struct json_object *tree;
    CGW_TRY(req, cgw_tree(req, &tree));
    return cgw_json_tree(req, 200, json_object_get(json_object_object_get(tree, "part")));
}

CGW_GET(parse, "/parse")
{
    struct json_object *tree = NULL;
    cgw_str text = {cgw_query(req, "text"), 0}, detail = {"", 0};
    text.len = strlen(text.ptr);
    int status = cgw_tree_parse(req, text, &tree, &detail);
    if (status == CGW_EINVALID)
        return cgw_json_text(req, 200, detail);
    CGW_TRY(req, status);
    return cgw_json_tree(req, 200, tree);
}

CGW_GET(deep, "/deep")
{
    struct json_object *tree = NULL;
    for (int i = 0; i < 100; i++) {
        struct json_object *outer = json_object_new_array();
        json_object_array_add(outer, tree);
        tree = outer;
    }
    return cgw_json_tree(req, 200, tree);
}

/* What must not be. */
struct wander {
    cgw_request *req;
    struct json_object *tree;
};

static int keep_elsewhere(void *arg)
{
    const struct wander *wander = arg;
    (void)cgw_tree_keep(wander->req, wander->tree);
    return 0;
}

CGW_POST(wandering, "/wander")
{
    struct wander wander = {.req = req};
    CGW_TRY(req, cgw_tree(req, &wander.tree));
    CGW_TRY(req, cgw_blocking(keep_elsewhere, &wander));
    return cgw_json_tree(req, 200, wander.tree);
}

static cgw_test *test;

static void begin(void)
{
    test = cgw_test_open(.quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

static void end(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
}

static void posts(const char *target, const char *json, int status, const char *text)
{
    cgw_answer answer = cgw_test_post(test, target, json);
    ck_assert_str_eq(answer.text, text);
    ck_assert_int_eq(answer.status, status);
    ck_assert_str_eq(cgw_answer_header(&answer, "content-type"), "application/json");
}

START_TEST(trees_go_back)
{
    static const char *const targets[] = {"/mirror", "/sync/mirror"};
    const char *target = targets[_i];
    posts(target, "{\"b\": [1, 0.1, null], \"a\": {\"x\": \"\\u00e9\"}}", 200,
          "{\"b\":[1,0.1,null],\"a\":{\"x\":\"\xc3\xa9\"}}");
    posts(target, "null", 200, "null");
    posts("/part", "{\"part\": {\"x\": 1}, \"rest\": 2}", 200, "{\"x\":1}");
    posts("/part", "{}", 200, "null");
}
END_TEST

#define INVALID(loc, at, why)                                                         \
    "[{\"type\":\"json_invalid\",\"loc\":[" loc at "],\"msg\":\"JSON decode error\"," \
    "\"input\":{},\"ctx\":{\"error\":\"" why "\"}}]"

START_TEST(what_is_no_json_is_a_422)
{
    static const char *const targets[] = {"/mirror", "/sync/mirror"};
    const char *target = targets[_i];
    posts(target, "{\"a\": tru}", 422,
          "{\"detail\":" INVALID("\"body\",", "6", "Expecting value") "}");
    cgw_answer answer = cgw_test_post(test, target, NULL);
    ck_assert_int_eq(answer.status, 422);
    ck_assert(cgw_json_eq(answer.text, "/detail/0/type", "\"missing\""));
    ck_assert_str_eq(cgw_test_get(test, "/parse?text=%5b1").text,
                     INVALID("", "2", "Expecting ',' delimiter"));
    ck_assert_str_eq(cgw_test_get(test, "/parse?text=%5b1%5d").text, "[1]");
}
END_TEST

START_TEST(what_is_too_much_is_refused)
{
    enum { N = 100000 };
    static char text[3 * N + 1] = "[";
    for (size_t i = 0; i < N; i++)
        memcpy(text + 1 + 3 * i, "{},", 3);
    text[3 * N] = ']';
    cgw_answer answer = cgw_test_request(test, .method = "POST", .target = "/mirror", .body = text,
                                         .body_len = sizeof text);
    ck_assert_int_eq(answer.status, 413);
    ck_assert_int_eq(cgw_test_get(test, "/deep").status, 500);
}
END_TEST

/* libcgw-test is a debug run. */
START_TEST(a_tree_that_wanders_ends_a_debug_run)
{
    cgw_test_post(test, "/wander", "{}");
}
END_TEST

/* man/examples/tree.c */
START_TEST(the_example_echoes)
{
    posts("/echo", "{\"a\": {\"b\": []}, \"c\": 1}", 200,
          "{\"keys\":2,\"echo\":{\"a\":{\"b\":[]},\"c\":1}}");
    posts("/echo", "[]", 422, "{\"detail\":\"an object is wanted\"}");
}
END_TEST

/* man/examples/json.c */
START_TEST(the_example_reads)
{
    cgw_answer answer = cgw_test_get(test, "/readings/1");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(cgw_json_eq(answer.text, "/at", "\"1970-01-01T01:00:00Z\""));
    ck_assert(cgw_json_eq(answer.text, "/celsius", "0.1"));
    ck_assert(cgw_json_eq(answer.text, "/level", "\"low\""));
    ck_assert_ptr_null(strstr(answer.text, "secret"));
    ck_assert_ptr_null(strstr(answer.text, "note"));
}
END_TEST

START_TEST(a_long_list_comes_in_pieces)
{
    cgw_answer answer = cgw_test_get(test, "/readings");
    ck_assert_int_eq(answer.status, 200);
    ck_assert(answer.is_complete);
    ck_assert_uint_gt(answer.n_chunks, 100);
    size_t n = 0;
    for (size_t i = 0; i < answer.len; i++)
        n += answer.text[i] == '{';
    ck_assert_uint_eq(n, 100000);
    ck_assert_int_eq(strncmp(answer.text, "[{\"id\":\"", 8), 0);
    ck_assert_str_eq(answer.text + answer.len - 2, "}]");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tree");
    TCase *c = tcase_create("tree");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_loop_test(c, trees_go_back, 0, 2);
    tcase_add_loop_test(c, what_is_no_json_is_a_422, 0, 2);
    tcase_add_test(c, what_is_too_much_is_refused);
    tcase_add_test_raise_signal(c, a_tree_that_wanders_ends_a_debug_run, SIGABRT);
    tcase_add_test(c, the_example_echoes);
    tcase_add_test(c, the_example_reads);
    tcase_add_test(c, a_long_list_comes_in_pieces);
    tcase_set_timeout(c, 60);
    suite_add_tcase(s, c);
    return s;
}

UNIT_MAIN(suite)
