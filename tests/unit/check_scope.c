/* Scopes: paths, root_path, queries, and what trusted proxies say (rows 78 to 88, 91). */
#include "app/scope.h"
#include "proto/forwarded.h"
#include "unit.h"

static struct settings settings;
static struct call_runtime runtime;
static struct call *call;

static void setup(void)
{
    static const struct cgw_app app = {.magic = CGW_MAGIC};
    settings = (struct settings){.root_path = STR("")};
    call_runtime_init(&runtime, &app, &settings);
    call = call_get(&runtime, &call_http, NULL, NULL);
    ck_assert_ptr_nonnull(call);
}

static void teardown(void)
{
    call_put(call);
    call_runtime_fini(&runtime);
}

static void fill(struct scope_request request)
{
    if (!request.method.ptr)
        request.method = STR("GET");
    ck_assert_int_eq(scope_fill(call, &request), 0);
}

static void is(struct cgw_str got, const char *want, size_t len)
{
    ck_assert_uint_eq(got.len, len);
    ck_assert_mem_eq(got.ptr, want, len);
    ck_assert_int_eq(got.ptr[got.len], '\0');
}
#define is_text(got, literal) is(got, literal, sizeof(literal) - 1)

START_TEST(says_what_it_is)
{
    fill((struct scope_request){.raw_path = STR("/"), .http_major = 1, .http_minor = 1});
    is_text(call->scope.asgi_version, "3.0"); /* row 91 */
    is_text(call->scope.spec_version, "2.5");
    is_text(call->scope.scheme, "http");
    is_text(call->scope.query, ""); /* row 81 */
    ck_assert_uint_eq(call->scope.size, sizeof(struct cgw_scope));
    ck_assert_uint_eq(call->scope.type, CGW_SCOPE_HTTP);
}
END_TEST

START_TEST(decodes_the_path_only)
{
    fill((struct scope_request){.raw_path = STR("/one%2Ftwo")}); /* row 78 */
    is_text(call->scope.path, "/one/two");
    is_text(call->scope.raw_path, "/one%2Ftwo");
    fill((struct scope_request){.raw_path = STR("/%c0")}); /* row 79 */
    is_text(call->scope.path, "/\xef\xbf\xbd");
    fill((struct scope_request){.raw_path = STR("/a%00b")});
    is(call->scope.path, "/a\0b", 4);
    fill((struct scope_request){.raw_path = STR("/%zz")});
    is_text(call->scope.path, "/%zz");
    fill((struct scope_request){.raw_path = STR("//x/y/../z")}); /* row 80 */
    is_text(call->scope.path, "//x/y/../z");
    fill((struct scope_request){.raw_path = STR("/"), .query = STR("a=%20b")});
    is_text(call->scope.query, "a=%20b");
}
END_TEST

START_TEST(prefixes_the_root_path)
{
    settings.root_path = STR("/api"); /* row 82 */
    fill((struct scope_request){.raw_path = STR("/x%20y")});
    is_text(call->scope.root_path, "/api");
    is_text(call->scope.path, "/api/x y");
    is_text(call->scope.raw_path, "/api/x%20y");
}
END_TEST

START_TEST(believes_trusted_proxies_only)
{
    static const struct field fields[] = {{{"x-forwarded-for", 15}, {"203.0.113.9", 11}},
                                          {{"x-forwarded-proto", 17}, {"https", 5}}};
    struct str bad;
    struct forwarded_trust *trust = NULL;
    ck_assert_int_eq(forwarded_trust_new("10.0.0.0/8", &trust, &bad), 0);
    struct scope_request request = {.raw_path = STR("/"),
                                    .fields = fields,
                                    .n_fields = 2,
                                    .client = STR("192.0.2.1"),
                                    .client_port = 99};
    runtime.trust = trust;
    fill(request); /* row 87 */
    is_text(call->scope.client, "192.0.2.1");
    is_text(call->scope.scheme, "http");
    request.client = STR("10.1.2.3");
    fill(request);
    is_text(call->scope.client, "203.0.113.9");
    ck_assert_uint_eq(call->scope.client_port, 0);
    is_text(call->scope.scheme, "https");
    runtime.trust = NULL;
    forwarded_trust_free(trust);
}
END_TEST

START_TEST(keeps_headers_as_they_came)
{
    static const struct field fields[] = {{{"b", 1}, {"1", 1}},
                                          {{"a", 1}, {"2", 1}},
                                          {{"b", 1}, {"3", 1}},
                                          {{"content_length", 14}, {"7", 1}}};
    fill((struct scope_request){.raw_path = STR("/"), .fields = fields, .n_fields = 4});
    ck_assert_uint_eq(call->scope.n_headers, 4); /* row 83 */
    is_text(call->scope.headers[0].value, "1");
    is_text(call->scope.headers[2].name, "b");
    is_text(call->scope.headers[3].name, "content_length"); /* row 77 */
}
END_TEST

START_TEST(hands_the_state_on)
{
    runtime.state = &settings; /* row 90 */
    fill((struct scope_request){.raw_path = STR("/")});
    ck_assert_ptr_eq(call->scope.state, &settings);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scope");
    TCase *tests = tcase_create("fill");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, says_what_it_is);
    tcase_add_test(tests, decodes_the_path_only);
    tcase_add_test(tests, prefixes_the_root_path);
    tcase_add_test(tests, believes_trusted_proxies_only);
    tcase_add_test(tests, keeps_headers_as_they_came);
    tcase_add_test(tests, hands_the_state_on);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
