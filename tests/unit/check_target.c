/* Targets, hosts, and the decoded path. */
#include "proto/target.h"
#include "unit.h"

static const struct {
    const char *method, *text;
    int status;
    const char *path, *query, *authority;
} rows[] = {
    {"GET", "/", 0, "/", "", ""},
    {"GET", "/a/b", 0, "/a/b", "", ""},
    {"GET", "/a?b=c", 0, "/a", "b=c", ""},
    {"GET", "/a?", 0, "/a", "", ""},
    {"GET", "/a?b?c", 0, "/a", "b?c", ""},
    {"GET", "/a#b", 0, "/a", "", ""},
    {"GET", "/a?b#c", 0, "/a", "b", ""},
    {"GET", "/a#b?c", 0, "/a", "", ""},
    {"GET", "//x/y", 0, "//x/y", "", ""},
    {"GET", "/../x", 0, "/../x", "", ""},
    {"GET", "/%zz", 0, "/%zz", "", ""},
    {"GET", "/http://a/b", 0, "/http://a/b", "", ""},
    {"GET", "http://a/b", 0, "/b", "", "a"},
    {"GET", "http://a:80/b?c", 0, "/b", "c", "a:80"},
    {"GET", "HTTPS://A/", 0, "/", "", "A"},
    {"GET", "http://a", 0, "/", "", "a"},
    {"GET", "http://a?b", 0, "/", "b", "a"},
    {"GET", "http://a#b", 0, "/", "", "a"},
    {"GET", "http://[::1]:8/x", 0, "/x", "", "[::1]:8"},
    {"OPTIONS", "http://a", 0, "*", "", "a"},
    {"OPTIONS", "http://a?b", 0, "/", "b", "a"},
    {"OPTIONS", "http://a/", 0, "/", "", "a"},
    {"OPTIONS", "*", 0, "*", "", ""},
    {"GET", "*", 400, "", "", ""},
    {"OPTIONS", "**", 400, "", "", ""},
    {"OPTIONS", "*?a", 400, "", "", ""},
    {"GET", "", 400, "", "", ""},
    {"GET", "a/b", 400, "", "", ""},
    {"GET", "#a", 400, "", "", ""},
    {"GET", "?a", 400, "", "", ""},
    {"GET", "a:80", 400, "", "", ""},
    {"CONNECT", "a:80", 400, "", "", ""},
    {"CONNECT", "/", 400, "", "", ""},
    {"GET", "http://", 400, "", "", ""},
    {"GET", "http:///a", 400, "", "", ""},
    {"GET", "http:/a", 400, "", "", ""},
    {"GET", "http://u@a/", 400, "", "", ""},
    {"GET", "http://u:p@a/", 400, "", "", ""},
    {"GET", "http://a:x/", 400, "", "", ""},
    {"GET", "http://a..b/", 400, "", "", ""},
    {"GET", "ftp://a/", 400, "", "", ""},
    {"GET", "ws://a/", 400, "", "", ""},
    {"GET", "/a b", 400, "", "", ""},
    {"GET", "/\x7f", 400, "", "", ""},
    {"GET", "/\x80", 400, "", "", ""},
    {"GET", "/\n", 400, "", "", ""},
};

START_TEST(forms)
{
    struct target target;
    int status = target_parse(str_from(rows[_i].method), str_from(rows[_i].text), &target);
    ck_assert_int_eq(status, rows[_i].status);
    if (status)
        return;
    ck_assert(str_is(target.path, str_from(rows[_i].path)));
    ck_assert(str_is(target.query, str_from(rows[_i].query)));
    ck_assert(str_is(target.authority, str_from(rows[_i].authority)));
}
END_TEST

START_TEST(hosts)
{
    static const char *const good[] = {
        "a",          "a.b",
        "a.b.",       "127.0.0.1",
        "a:80",       "a:",
        "a:0",        "a:65535",
        "a:00080",    "[::1]",
        "[::1]:80",   "[::1]:",
        "[1:2:3::4]", "[::ffff:1.2.3.4]",
        "a_b-c~d",    "xn--mnchen-3ya.de",
        "a%20b",      "A.B",
        "!$&'()*+;=",
    };
    static const char *const bad[] = {
        "",
        ".",
        ".a",
        "a..b",
        "a.b..",
        "..",
        ":80",
        "a b",
        "a,b",
        "a/b",
        "a?b",
        "a#b",
        "u@a",
        "a:b",
        "a:65536",
        "a:-1",
        "a:1:2",
        "::1",
        "[::1",
        "[]",
        "[::1]80",
        "[::1]:x",
        "[:::1]",
        "[g::1]",
        "[::1%25e]",
        "[v1.a]",
        "[1.2.3.4]",
        "a]",
        "a%2",
        "a%zz",
        "a%",
        "a\\b",
        "<a>",
        "a\"",
        "\xc3\xa9",
        "a\tb",
        "[::1]]",
        "a^",
        "a|b",
        "{a}",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(target_is_host(str_from(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!target_is_host(str_from(bad[i])), "%s", bad[i]);
    ck_assert(!target_is_host(STR("a\0b")));
    ck_assert(!target_is_host(STR("[::1\0]")));
}
END_TEST

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static const struct {
    const char *prefix;
    struct str path, want;
} paths[] = {
    {"", STR("/"), STR("/")},
    {"", STR(""), STR("")},
    {"", STR("/a/b"), STR("/a/b")},
    {"/root", STR("/a"), STR("/root/a")},
    {"/r%41", STR("/%41"), STR("/r%41/A")},
    {"", STR("/one%2Ftwo"), STR("/one/two")}, /* row 78 */
    {"", STR("/%2f%2F"), STR("///")},
    {"", STR("/%C3%A9"), STR("/\xc3\xa9")},
    {"", STR("/%e2%82%ac"), STR("/\xe2\x82\xac")},
    {"", STR("/%F0%9F%98%80"), STR("/\xf0\x9f\x98\x80")},
    {"", STR("/%00a"), STR("/\0a")}, /* row 79 */
    {"", STR("/%c0"), STR("/" BAD)},
    {"/r", STR("/%c0%af"), STR("/r/" BAD BAD)},
    {"", STR("/%zz"), STR("/%zz")},
    {"", STR("/%"), STR("/%")},
    {"", STR("/%4"), STR("/%4")},
    {"", STR("/%4%41"), STR("/%4A")},
    {"", STR("/%2541"), STR("/%41")},
    {"", STR("/%ff%fe"), STR("/" BAD BAD)},
    {"", STR("/%ed%a0%80"), STR("/" BAD BAD BAD)},        /* a surrogate */
    {"", STR("/%f4%90%80%80"), STR("/" BAD BAD BAD BAD)}, /* past U+10FFFF */
    {"", STR("/%e0%80%80"), STR("/" BAD BAD BAD)},        /* overlong */
    {"", STR("/%f0%8f%80%80"), STR("/" BAD BAD BAD BAD)},
    {"", STR("/%e2%82x"), STR("/" BAD "x")}, /* the longest start is one */
    {"", STR("/%e2%82"), STR("/" BAD)},
    {"", STR("/%f0%9f%98"), STR("/" BAD)},
    {"", STR("/%f0%9f%c3%a9"), STR("/" BAD "\xc3\xa9")},
    {"", STR("/%80a%c3%a9%80"), STR("/" BAD "a\xc3\xa9" BAD)},
    {"", STR("/\xc3\xa9\xff"), STR("/\xc3\xa9" BAD)},
    {"", STR("/..%2f..\\x"), STR("/../..\\x")},
    {"", STR("/+a"), STR("/+a")},
};

START_TEST(decoding)
{
    struct arena arena = {0};
    struct str got;
    ck_assert_int_eq(target_decode(&arena, str_from(paths[_i].prefix), paths[_i].path, &got), 0);
    ck_assert_uint_eq(got.len, paths[_i].want.len);
    ck_assert_mem_eq(got.ptr, paths[_i].want.ptr, got.len + 1);
    arena_fini(&arena);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("target");
    TCase *tcase = tcase_create("target");
    tcase_add_loop_test(tcase, forms, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tcase, hosts);
    tcase_add_loop_test(tcase, decoding, 0, sizeof paths / sizeof *paths);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
