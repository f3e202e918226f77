/* The document of a small application to the letter, and one that is large or made without memory.
   Row 185 of the behaviours. */
#include "base/memory.h"
#include "openapi/openapi.h"
#include "unit.h"
#include <limits.h>
#include <stdio.h>

/* Instead of the SDK's heap: it runs dry when it is told to. */
static long pieces_left = LONG_MAX;

void *memory_alloc(size_t bytes)
{
    return pieces_left-- > 0 ? malloc(bytes) : NULL;
}

void *memory_zalloc(size_t bytes)
{
    return pieces_left-- > 0 ? calloc(1, bytes) : NULL;
}

void *memory_grow(void *p, size_t bytes)
{
    return pieces_left-- > 0 ? realloc(p, bytes) : NULL;
}

void memory_free(void *p)
{
    free(p);
}

static cgw_reply handler(cgw_request *req)
{
    (void)req;
    return (cgw_reply){200};
}

#define ITEM(F) F(str, name, .max_len = 9) F(f64, price, .opt = true, .gt = 0)
CGW_MODEL(Item, ITEM)

static const struct cgw_endpoint get_item = {.method = "GET",
                                             .fn = handler,
                                             .path = "/items/{id:int}",
                                             .function = "get_item",
                                             .file = "app.c",
                                             .line = 3,
                                             .tag = "items",
                                             .reply = Item_model};
static const struct cgw_endpoint add_item = {.method = "POST",
                                             .fn = handler,
                                             .path = "/items",
                                             .function = "add_item",
                                             .file = "app.c",
                                             .line = 9,
                                             .status = 201,
                                             .body = Item_model};
static const struct cgw_application shop = {.name = "shop", .version = "1"};

static struct matcher *make(const struct cgw_application *application,
                            const struct cgw_endpoint *const *endpoints, size_t n)
{
    const struct match_input input = {
        .application = application, .endpoints = endpoints, .endpoints_end = endpoints + n};
    const char *error = NULL;
    struct matcher *matcher = match_new(&input, &error);
    ck_assert_msg(matcher != NULL, "%s", error);
    return matcher;
}

static const char small[] =
    "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"shop\",\"version\":\"1\"},"
    "\"servers\":[{\"url\":\"/v\\\"1\"}],"
    "\"paths\":{\"/items/{id}\":{\"get\":{\"tags\":[\"items\"],\"summary\":\"Get Item\","
    "\"operationId\":\"get_item_items__id__get\","
    "\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":"
    "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0,\"title\":\"Id\"}}],"
    "\"responses\":{\"200\":{\"description\":\"Successful Response\",\"content\":"
    "{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Item\"}}}}}}},"
    "\"/items\":{\"post\":{\"summary\":\"Add Item\",\"operationId\":\"add_item_items_post\","
    "\"requestBody\":{\"content\":{\"application/json\":{\"schema\":"
    "{\"$ref\":\"#/components/schemas/Item\"}}},\"required\":true},"
    "\"responses\":{\"201\":{\"description\":\"Successful Response\"},"
    "\"422\":{\"description\":\"Validation Error\",\"content\":{\"application/json\":{\"schema\":"
    "{\"$ref\":\"#/components/schemas/HTTPValidationError\"}}}}}}}},"
    "\"components\":{\"schemas\":{"
    "\"HTTPValidationError\":{\"properties\":{\"detail\":{\"items\":"
    "{\"$ref\":\"#/components/schemas/ValidationError\"},\"type\":\"array\",\"title\":\"Detail\"}},"
    "\"type\":\"object\",\"title\":\"HTTPValidationError\"},"
    "\"ValidationError\":{\"properties\":{\"loc\":{\"items\":{\"anyOf\":[{\"type\":\"string\"},"
    "{\"type\":\"integer\"}]},\"type\":\"array\",\"title\":\"Location\"},"
    "\"msg\":{\"type\":\"string\",\"title\":\"Message\"},"
    "\"type\":{\"type\":\"string\",\"title\":\"Error Type\"},"
    "\"input\":{\"title\":\"Input\"},\"ctx\":{\"type\":\"object\",\"title\":\"Context\"}},"
    "\"type\":\"object\",\"required\":[\"loc\",\"msg\",\"type\"],\"title\":\"ValidationError\"},"
    "\"Item\":{\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":9,\"title\":\"Name\"},"
    "\"price\":{\"anyOf\":[{\"type\":\"number\",\"exclusiveMinimum\":0},{\"type\":\"null\"}],"
    "\"title\":\"Price\"}},\"type\":\"object\",\"required\":[\"name\"],\"title\":\"Item\"}}}}";

START_TEST(a_small_application)
{
    static const struct cgw_endpoint *const endpoints[] = {&add_item, &get_item};
    struct matcher *matcher = make(&shop, endpoints, 2);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    cgw_str text = openapi_document(matcher, &arena, (cgw_str)CGW_STR("/v\"1"));
    ck_assert_str_eq(text.ptr, small);
    arena_fini(&arena);
    matcher_free(matcher);
}
END_TEST

START_TEST(no_routes_at_all)
{
    static const struct cgw_application plain;
    struct matcher *matcher = make(&plain, NULL, 0);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    ck_assert_str_eq(openapi_document(matcher, &arena, (cgw_str){"", 0}).ptr,
                     "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"cgw application\","
                     "\"version\":\"0.1.0\"},\"paths\":{}}");
    arena_fini(&arena);
    matcher_free(matcher);
}
END_TEST

enum { MANY = 60 };

static struct matcher *make_large(void)
{
    static char paths[MANY][32];
    static struct cgw_endpoint endpoints[MANY];
    static const struct cgw_endpoint *pointers[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/r%d/{a:int}/{b}", i);
        endpoints[i] = i % 2 ? get_item : add_item;
        endpoints[i].path = endpoints[i].name = paths[i];
        endpoints[i].line = i + 1;
        pointers[i] = &endpoints[i];
    }
    return make(&shop, pointers, MANY);
}

/* Each piece of memory may be the one that is not there. */
START_TEST(a_large_application_without_memory)
{
    struct matcher *matcher = make_large();
    cgw_str text = {NULL, 0};
    long n = 0;
    for (; !text.ptr; n++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        pieces_left = n;
        text = openapi_document(matcher, &arena, (cgw_str){"", 0});
        pieces_left = LONG_MAX;
        ck_assert_int_lt(n, 1000);
        if (text.ptr) {
            ck_assert_uint_gt(text.len, 20000);
            ck_assert_int_eq(text.ptr[text.len - 1], '}');
        }
        arena_fini(&arena);
    }
    ck_assert_int_gt(n, 3);
    matcher_free(matcher);
}
END_TEST

/* Two that a document cannot tell apart. */
START_TEST(two_of_one_path)
{
    struct cgw_endpoint other = get_item;
    const struct cgw_endpoint *const endpoints[] = {&get_item, &other};
    other.path = "/items/{id}";
    other.function = "get_by_name";
    other.line = 4;
    struct matcher *matcher = make(&shop, endpoints, 2);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    const char *text = openapi_document(matcher, &arena, (cgw_str){"", 0}).ptr;
    ck_assert_ptr_nonnull(strstr(text, "\"/items/{id}\":{\"get\":{"));
    ck_assert_ptr_nonnull(strstr(text, "\"/items/{id_}\":{\"get\":{"));
    ck_assert_ptr_nonnull(strstr(text, "{\"name\":\"id_\",\"in\":\"path\""));
    arena_fini(&arena);
    matcher_free(matcher);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("openapi");
    TCase *tests = tcase_create("openapi");
    tcase_add_test(tests, a_small_application);
    tcase_add_test(tests, no_routes_at_all);
    tcase_add_test(tests, a_large_application_without_memory);
    tcase_add_test(tests, two_of_one_path);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
