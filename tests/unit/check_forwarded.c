/* Who asked, behind proxies: rows 87 to 89, each case one line of a table. */
#include "base/mem.h"
#include "proto/forwarded.h"
#include "unit.h"
#include <errno.h>
#include <string.h>

/* ---- the list of who is trusted ---- */

START_TEST(trust_lists)
{
    static const struct {
        const char *list, *address;
        bool is_trusted;
    } cases[] = {
        {"", "127.0.0.1", false},
        {"", "", false},
        {" , ,", "127.0.0.1", false},
        {"*", "127.0.0.1", true},
        {"*", "", true},
        {"*", "junk", true},
        {"unix", "", true},
        {"UNIX", "", true},
        {"unix", "127.0.0.1", false},
        {"127.0.0.1", "", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"127.0.0.1", "127.0.0.1 ", false},
        {"127.0.0.1", "127.0.0.1x", false},
        {"127.0.0.1,10.0.0.1", "10.0.0.1", true},
        {" 127.0.0.1 ,\t10.0.0.1 ", "10.0.0.1", true},
        {"10.0.0.1,,unix,", "", true},
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.1.2.3/8", "10.200.0.1", true},
        {"192.168.0.0/23", "192.168.1.255", true},
        {"192.168.0.0/23", "192.168.2.0", false},
        {"192.168.1.128/25", "192.168.1.128", true},
        {"192.168.1.128/25", "192.168.1.127", false},
        {"1.2.3.4/32", "1.2.3.4", true},
        {"1.2.3.4/32", "1.2.3.5", false},
        {"1.2.3.4/31", "1.2.3.5", true},
        {"0.0.0.0/0", "255.1.2.3", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "::1", true},
        {"::/0", "2001:db8::1", true},
        {"::/0", "10.0.0.1", false},
        {"::/0", "::ffff:10.0.0.1", false},
        {"::1", "::1", true},
        {"::1", "0:0:0:0:0:0:0:1", true},
        {"2001:DB8::/32", "2001:db8:ffff::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::/128", "2001:db8::", true},
        {"2001:db8::/127", "2001:db8::2", false},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"::ffff:10.0.0.1", "10.0.0.1", true},
        {"::ffff:10.0.0.0/104", "10.9.9.9", true},
        {"::ffff:0:0/96", "9.9.9.9", true},
        {"10.0.0.0/8", "::ffff:10.2.3.4", true},
        {"10.0.0.1", "::10.0.0.1", false},
        {"fe80::/10", "fe80::1%eth0", true},
        {"fe80::1", "fe80::2%1", false},
        {"10.0.0.1", "[::1]", false},
        {"10.0.0.1", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct forwarded_trust *trust = NULL;
        struct str bad;
        ck_assert_int_eq(forwarded_trust_new(cases[i].list, &trust, &bad), 0);
        bool is_trusted = forwarded_is_trusted(trust, str_from(cases[i].address));
        ck_assert_msg(is_trusted == cases[i].is_trusted, "\"%s\" of \"%s\"", cases[i].address,
                      cases[i].list);
        forwarded_trust_free(trust);
    }
    forwarded_trust_free(NULL);
}
END_TEST

START_TEST(trust_lists_that_are_wrong)
{
    static const struct {
        const char *list, *bad;
    } cases[] = {
        {"localhost", "localhost"},
        {"127.0.0.1, proxy.example", "proxy.example"},
        {"1.2.3", "1.2.3"},
        {"1.2.3.4.5", "1.2.3.4.5"},
        {"1.2.3.256", "1.2.3.256"},
        {"01.2.3.4", "01.2.3.4"},
        {"1.2.3.4/33", "1.2.3.4/33"},
        {"1.2.3.4/", "1.2.3.4/"},
        {"1.2.3.4/-1", "1.2.3.4/-1"},
        {"1.2.3.4/8/8", "1.2.3.4/8/8"},
        {"1.2.3.4/255.0.0.0", "1.2.3.4/255.0.0.0"},
        {"/8", "/8"},
        {"::1/129", "::1/129"},
        {"::1/", "::1/"},
        {"[::1]", "[::1]"},
        {"::1%lo", "::1%lo"},
        {":::1", ":::1"},
        {"1.2.3.4:80", "1.2.3.4:80"},
        {"**", "**"},
        {"10.0.0.*", "10.0.0.*"},
        {"unix:/run/x", "unix:/run/x"},
        {"10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2"},
        {"*, nobody", "nobody"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct forwarded_trust *trust = NULL;
        struct str bad = {NULL, 0};
        int rc = forwarded_trust_new(cases[i].list, &trust, &bad);
        ck_assert_msg(rc == -EINVAL, "\"%s\": %d", cases[i].list, rc);
        ck_assert_ptr_null(trust);
        ck_assert_msg(str_is(bad, str_from(cases[i].bad)), "\"%s\"", cases[i].list);
    }
}
END_TEST

/* ---- what the fields say ---- */

struct read_case {
    const char *trusted;
    const char *lines[4]; /* "f value": x-Forwarded-For; "p ": X-Forwarded-Proto; "w ": Forwarded */
    const char *client;   /* NULL: unchanged */
    unsigned port;
    const char *scheme; /* NULL: unchanged */
};

static size_t make_fields(const struct read_case *c, struct field *fields)
{
    size_t n = 0;
    for (; n < 4 && c->lines[n]; n++) {
        const char *line = c->lines[n];
        fields[n].name = line[0] == 'f'   ? STR("X-Forwarded-For")
                         : line[0] == 'p' ? STR("x-forwarded-PROTO")
                         : line[0] == 'w' ? STR("Forwarded")
                                          : STR("x-real-ip");
        /* A copy of its own size, so that AddressSanitizer sees a read beyond the value. */
        size_t len = strlen(line) - 2;
        char *copy = mem_alloc(len ? len : 1);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, line + 2, len);
        fields[n].value = (struct str){copy, len};
    }
    return n;
}

static void check_read(const struct read_case *c)
{
    struct forwarded_trust *trust = NULL;
    struct str bad;
    struct field fields[4];
    struct arena arena;
    struct forwarded said;
    memset(&said, 0xa5, sizeof(said));
    arena_init(&arena);
    ck_assert_int_eq(forwarded_trust_new(c->trusted, &trust, &bad), 0);
    size_t n = make_fields(c, fields);
    ck_assert_int_eq(forwarded_read(trust, fields, n, &arena, &said), 0);
    const char *client = c->client ? c->client : "", *scheme = c->scheme ? c->scheme : "";
    ck_assert_msg(str_is(said.client, str_from(client)), "%s: client \"%.*s\", not \"%s\"",
                  c->lines[0], (int)said.client.len, said.client.len ? said.client.ptr : "",
                  client);
    if (c->client)
        ck_assert_int_eq(said.client.ptr[said.client.len], '\0');
    ck_assert_msg(said.client_port == c->port, "%s: port %u", c->lines[0], said.client_port);
    ck_assert_msg(str_is(said.scheme, str_from(scheme)), "%s: scheme \"%.*s\", not \"%s\"",
                  c->lines[0], (int)said.scheme.len, said.scheme.len ? said.scheme.ptr : "",
                  scheme);
    for (size_t i = 0; i < n; i++)
        mem_free((char *)fields[i].value.ptr);
    arena_fini(&arena);
    forwarded_trust_free(trust);
}

#define CHECK_READ(cases)                                           \
    for (size_t i = 0; i < sizeof(cases) / sizeof((cases)[0]); i++) \
    check_read(&(cases)[i])

#define LOCAL "127.0.0.1, 10.0.0.0/8, ::1, 2001:db8:1::/48"

START_TEST(x_forwarded_for)
{
    static const struct read_case cases[] = {
        /* nothing there */
        {LOCAL, {NULL}, NULL, 0, NULL},
        {LOCAL, {"r 1.2.3.4"}, NULL, 0, NULL},
        /* one */
        {LOCAL, {"f 1.2.3.4"}, "1.2.3.4", 0, NULL},
        {"", {"f 1.2.3.4"}, "1.2.3.4", 0, NULL},
        {"unix", {"f 1.2.3.4"}, "1.2.3.4", 0, NULL},
        {LOCAL, {"f 10.1.1.1"}, "10.1.1.1", 0, NULL},
        /* right to left, the first that is not trusted */
        {LOCAL, {"f 1.1.1.1, 2.2.2.2"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f 1.1.1.1, 2.2.2.2, 10.0.0.1"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f 1.1.1.1, 2.2.2.2, 10.0.0.1, 127.0.0.1"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f 10.0.0.9, 2.2.2.2, 10.0.0.1"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f 1.1.1.1,10.0.0.2,2.2.2.2"}, "2.2.2.2", 0, NULL},
        {"", {"f 1.1.1.1, 10.0.0.1"}, "10.0.0.1", 0, NULL},
        {"unix", {"f 1.1.1.1, 10.0.0.1"}, "10.0.0.1", 0, NULL},
        /* all trusted: the left-most */
        {LOCAL, {"f 10.0.0.3, 10.0.0.2, 10.0.0.1"}, "10.0.0.3", 0, NULL},
        {LOCAL, {"f 2001:db8:1::7, 127.0.0.1"}, "2001:db8:1::7", 0, NULL},
        /* "*": the left-most */
        {"*", {"f 1.1.1.1, 2.2.2.2, 3.3.3.3"}, "1.1.1.1", 0, NULL},
        {"127.0.0.1, *", {"f 1.1.1.1, 2.2.2.2"}, "1.1.1.1", 0, NULL},
        {"*", {"f junk, 2.2.2.2"}, NULL, 0, NULL},
        {"*", {"f 1.1.1.1, junk"}, "1.1.1.1", 0, NULL},
        {"*", {"f 1.1.1.1:81, 2.2.2.2:82"}, "1.1.1.1", 81, NULL},
        /* several lines are one list */
        {LOCAL, {"f 1.1.1.1", "f 2.2.2.2"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f 1.1.1.1, 2.2.2.2", "f 10.0.0.2", "f 10.0.0.1"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f 10.0.0.2", "f 10.0.0.1"}, "10.0.0.2", 0, NULL},
        {"*", {"f 1.1.1.1", "f 2.2.2.2"}, "1.1.1.1", 0, NULL},
        /* blanks and empty elements do not count */
        {LOCAL, {"f   1.1.1.1\t,\t2.2.2.2  "}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f ,1.1.1.1,, 10.0.0.1,"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f 1.1.1.1", "f "}, "1.1.1.1", 0, NULL},
        {"*", {"f , 1.1.1.1"}, "1.1.1.1", 0, NULL},
        /* empty or junk: unchanged */
        {LOCAL, {"f "}, NULL, 0, NULL},
        {LOCAL, {"f  , ,"}, NULL, 0, NULL},
        {LOCAL, {"f junk"}, NULL, 0, NULL},
        {LOCAL, {"f unknown"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1, unknown"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1, junk, 10.0.0.1"}, NULL, 0, NULL},
        {LOCAL, {"f junk, 1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f 1.2.3"}, NULL, 0, NULL},
        {LOCAL, {"f 1.2.3.4.5"}, NULL, 0, NULL},
        {LOCAL, {"f 256.1.1.1"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1 2.2.2.2"}, NULL, 0, NULL},
        {LOCAL, {"f 10.0.0.0/8"}, NULL, 0, NULL},
        {LOCAL, {"f \"1.1.1.1\""}, NULL, 0, NULL},
        {LOCAL, {"f \xff\xfe"}, NULL, 0, NULL},
        {LOCAL, {"f example.org"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1.............................................1"}, NULL, 0, NULL},
    };
    CHECK_READ(cases);
}
END_TEST

START_TEST(ports_and_spellings)
{
    static const struct read_case cases[] = {
        {LOCAL, {"f 1.2.3.4:80"}, "1.2.3.4", 80, NULL},
        {LOCAL, {"f 1.2.3.4:65535"}, "1.2.3.4", 65535, NULL},
        {LOCAL, {"f 1.2.3.4:0"}, "1.2.3.4", 0, NULL},
        {LOCAL, {"f 1.2.3.4:65536"}, NULL, 0, NULL},
        {LOCAL, {"f 1.2.3.4:000080"}, NULL, 0, NULL},
        {LOCAL, {"f 1.2.3.4:"}, NULL, 0, NULL},
        {LOCAL, {"f 1.2.3.4:x"}, NULL, 0, NULL},
        {LOCAL, {"f 1.2.3.4:-1"}, NULL, 0, NULL},
        {LOCAL, {"f 1.2.3.4:+1"}, NULL, 0, NULL},
        {LOCAL, {"f 1.2.3.4: 80"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1:11, 2.2.2.2:22, 10.0.0.1:33"}, "2.2.2.2", 22, NULL},
        {LOCAL, {"f 1.1.1.1:11, 2.2.2.2, 10.0.0.1:33"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"f 2001:db8::1"}, "2001:db8::1", 0, NULL},
        {LOCAL, {"f 2001:DB8:0:0::1"}, "2001:db8::1", 0, NULL},
        {LOCAL, {"f [2001:db8::1]"}, "2001:db8::1", 0, NULL},
        {LOCAL, {"f [2001:db8::1]:443"}, "2001:db8::1", 443, NULL},
        {LOCAL, {"f [2001:db8::1]:"}, NULL, 0, NULL},
        {LOCAL, {"f [2001:db8::1]443"}, NULL, 0, NULL},
        {LOCAL, {"f [2001:db8::1"}, NULL, 0, NULL},
        {LOCAL, {"f 2001:db8::1]"}, NULL, 0, NULL},
        {LOCAL, {"f [1.2.3.4]:80"}, NULL, 0, NULL},
        {LOCAL, {"f []"}, NULL, 0, NULL},
        {LOCAL, {"f ["}, NULL, 0, NULL},
        {LOCAL, {"f ]"}, NULL, 0, NULL},
        {LOCAL, {"f :"}, NULL, 0, NULL},
        {LOCAL, {"f :80"}, NULL, 0, NULL},
        {LOCAL, {"f ::"}, "::", 0, NULL},
        {LOCAL, {"f [fe80::1%eth0]:1"}, NULL, 0, NULL},
        {LOCAL, {"f 3.3.3.3, [2001:db8:1::5]:99, 10.0.0.1:5"}, "3.3.3.3", 0, NULL},
        /* IPv4-mapped is IPv4, trusted and written so */
        {LOCAL, {"f ::ffff:1.2.3.4"}, "1.2.3.4", 0, NULL},
        {LOCAL, {"f [::FFFF:1.2.3.4]:8"}, "1.2.3.4", 8, NULL},
        {LOCAL, {"f ::ffff:102:304"}, "1.2.3.4", 0, NULL},
        {LOCAL, {"f 1.1.1.1, ::ffff:10.0.0.1"}, "1.1.1.1", 0, NULL},
    };
    CHECK_READ(cases);
}
END_TEST

START_TEST(x_forwarded_proto)
{
    static const struct read_case cases[] = {
        {LOCAL, {"p https"}, NULL, 0, "https"},
        {LOCAL, {"p http"}, NULL, 0, "http"},
        {LOCAL, {"p HTTPS"}, NULL, 0, "https"},
        {LOCAL, {"p wss"}, NULL, 0, "https"}, /* row 89 the other way round */
        {LOCAL, {"p ws"}, NULL, 0, "http"},
        {LOCAL, {"p  https "}, NULL, 0, "https"},
        {LOCAL, {"p "}, NULL, 0, NULL},
        {LOCAL, {"p ftp"}, NULL, 0, NULL},
        {LOCAL, {"p https://"}, NULL, 0, NULL},
        {LOCAL, {"p \"https\""}, NULL, 0, NULL},
        {LOCAL, {"p http, https"}, NULL, 0, "https"},
        {LOCAL, {"p https, http"}, NULL, 0, "http"},
        {LOCAL, {"p https", "p http"}, NULL, 0, "http"},
        {LOCAL, {"p https", "p junk"}, NULL, 0, NULL},
        {LOCAL, {"p https,"}, NULL, 0, "https"},
        {LOCAL, {"p https", "p "}, NULL, 0, "https"},
        {LOCAL, {"f 1.2.3.4", "p https"}, "1.2.3.4", 0, "https"},
        {LOCAL, {"p https", "f junk"}, NULL, 0, "https"},
    };
    CHECK_READ(cases);
}
END_TEST

START_TEST(forwarded_field)
{
    static const struct read_case cases[] = {
        {LOCAL, {"w for=1.2.3.4"}, "1.2.3.4", 0, NULL},
        {LOCAL, {"w For=1.2.3.4;Proto=HTTPS;by=10.0.0.1;host=x"}, "1.2.3.4", 0, "https"},
        {LOCAL, {"w proto=http;for=\"1.2.3.4\""}, "1.2.3.4", 0, "http"},
        {LOCAL, {"w for=\"1.2.3.4:47011\""}, "1.2.3.4", 47011, NULL},
        {LOCAL, {"w for=\"[2001:db8:cafe::17]:4711\""}, "2001:db8:cafe::17", 4711, NULL},
        {LOCAL, {"w For=\"[2001:db8:cafe::17]\""}, "2001:db8:cafe::17", 0, NULL},
        {LOCAL, {"w for=[2001:db8:cafe::17]:4711"}, "2001:db8:cafe::17", 4711, NULL},
        {LOCAL, {"w for=1.2.3.4:80"}, "1.2.3.4", 80, NULL},
        {LOCAL, {"w for=\"1.2.3.4:_secret\""}, "1.2.3.4", 0, NULL},
        {LOCAL, {"w for=\"1.2.3.4:_\""}, NULL, 0, NULL},
        {LOCAL, {"w for=\"1.2.3.4:_a b\""}, NULL, 0, NULL},
        {LOCAL, {"w for=\"\\1.2\\.3.4\""}, "1.2.3.4", 0, NULL},
        /* no address */
        {LOCAL, {"w for=unknown"}, NULL, 0, NULL},
        {LOCAL, {"w for=unknown;proto=https"}, NULL, 0, "https"},
        {LOCAL, {"w for=_gazonk"}, NULL, 0, NULL},
        {LOCAL, {"w for=\"_x:80\""}, NULL, 0, NULL},
        {LOCAL, {"w for=1.1.1.1, for=unknown"}, NULL, 0, NULL},
        {LOCAL, {"w for=1.1.1.1, for=_x, for=10.0.0.1"}, NULL, 0, NULL},
        {LOCAL, {"w for=unknown, for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=\"\""}, NULL, 0, NULL},
        {LOCAL, {"w proto=https"}, NULL, 0, "https"},
        {LOCAL, {"w for=1.1.1.1, proto=https"}, NULL, 0, "https"},
        {LOCAL, {"w "}, NULL, 0, NULL},
        {LOCAL, {"w , ;, ,"}, NULL, 0, NULL},
        /* the walk */
        {LOCAL, {"w for=1.1.1.1, for=2.2.2.2, for=10.0.0.1"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"w for=1.1.1.1", "w for=2.2.2.2,for=127.0.0.1"}, "2.2.2.2", 0, NULL},
        {LOCAL, {"w for=10.0.0.2, for=10.0.0.1"}, "10.0.0.2", 0, NULL},
        {"*", {"w for=1.1.1.1:5, for=2.2.2.2"}, "1.1.1.1", 5, NULL},
        {LOCAL, {"w for=1.1.1.1 ; proto=https , for=10.0.0.1"}, "1.1.1.1", 0, "https"},
        {LOCAL, {"w ,, for=1.1.1.1 ,"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=1.1.1.1;;proto=http;"}, "1.1.1.1", 0, "http"},
        /* proto: the client's element's, else the next to its right */
        {LOCAL, {"w for=1.1.1.1;proto=https, for=10.0.0.1;proto=http"}, "1.1.1.1", 0, "https"},
        {LOCAL, {"w for=1.1.1.1, for=10.0.0.2, for=10.0.0.1;proto=http"}, "1.1.1.1", 0, "http"},
        {LOCAL, {"w for=9.9.9.9;proto=https, for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=9.9.9.9;proto=https, for=1.1.1.1;proto=http"}, "1.1.1.1", 0, "http"},
        {LOCAL, {"w for=1.1.1.1;proto=gopher, for=10.0.0.1;proto=https"}, "1.1.1.1", 0, "https"},
        /* quoted commas and semicolons */
        {LOCAL, {"w for=1.1.1.1;secret=\"a, for=6.6.6.6\""}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=1.1.1.1;secret=\"a\\\", for=6.6.6.6;\""}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w secret=\";for=6.6.6.6;\";for=1.1.1.1"}, "1.1.1.1", 0, NULL},
    };
    CHECK_READ(cases);
}
END_TEST

/* What a client sends ahead of what the proxy appends must not change what the proxy says. */
START_TEST(forwarded_that_is_broken)
{
    static const struct read_case cases[] = {
        {LOCAL, {"w for"}, NULL, 0, NULL},
        {LOCAL, {"w for="}, NULL, 0, NULL},
        {LOCAL, {"w =1.1.1.1"}, NULL, 0, NULL},
        {LOCAL, {"w for =1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for= 1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w f or=1.1.1.1"}, NULL, 0, NULL},
        {LOCAL, {"w for=1.1.1.1;for=2.2.2.2"}, NULL, 0, NULL},
        {LOCAL, {"w for=1.1.1.1;proto=https;proto=http"}, NULL, 0, NULL},
        {LOCAL, {"w for=1.1.1.1;proto=https;@"}, NULL, 0, NULL},
        {LOCAL, {"w for=\"1.1.1.1"}, NULL, 0, NULL},
        {LOCAL, {"w for=\"1.1.1.1\\"}, NULL, 0, NULL},
        {LOCAL, {"w for=\"1.1.1.1\"x"}, NULL, 0, NULL},
        {LOCAL, {"w for=1.1.1.1\"\""}, NULL, 0, NULL},
        {LOCAL, {"w for=\""}, NULL, 0, NULL},
        {LOCAL, {"w for=\", for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=\"\\, for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=6.6.6.6;x=\", for=1.1.1.1;proto=http"}, "1.1.1.1", 0, "http"},
        {LOCAL, {"w for=6.6.6.6;x=\", for=\"[2001:db8::9]:1\""}, "2001:db8::9", 1, NULL},
        {LOCAL, {"w for=6.6.6.6;x=\"", "w for=\"1.1.1.1\""}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=6.6.6.6;x=\", for=10.0.0.2, for=10.0.0.1"}, NULL, 0, NULL},
        {LOCAL, {"w @, for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"w for=1.1.1.1, @"}, NULL, 0, NULL},
    };
    CHECK_READ(cases);
}
END_TEST

/* A proxy writes one of the two kinds, and passes the other on as the client sent it: which? */
START_TEST(of_two_kinds_that_disagree_neither_is_believed)
{
    static const struct read_case cases[] = {
        {LOCAL, {"w for=6.6.6.6;proto=https", "f 1.1.1.1"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1", "w for=6.6.6.6;proto=https"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1", "w for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f 1.1.1.1:7", "w for=\"1.1.1.1:8\""}, "1.1.1.1", 7, NULL},
        {LOCAL, {"f ::ffff:1.1.1.1", "w for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f 6.6.6.6, 1.1.1.1", "w for=7.7.7.7, for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f 1.1.1.1, 10.0.0.1", "w for=1.1.1.1"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f junk", "w for=6.6.6.6"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1", "w for=unknown"}, NULL, 0, NULL},
        {LOCAL, {"f 1.1.1.1", "w proto=https"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f 1.1.1.1", "w ,"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"p http", "w for=6.6.6.6;proto=https"}, NULL, 0, NULL},
        {LOCAL, {"p https", "w for=6.6.6.6;proto=http"}, NULL, 0, NULL},
        {LOCAL, {"p https", "w for=6.6.6.6;proto=wss"}, NULL, 0, "https"},
        {LOCAL, {"p https", "w for=6.6.6.6"}, NULL, 0, "https"},
        {LOCAL, {"f 1.1.1.1", "p https", "w for=1.1.1.1;proto=http"}, "1.1.1.1", 0, NULL},
        {LOCAL, {"f 1.1.1.1", "p https", "w for=6.6.6.6;proto=https"}, NULL, 0, "https"},
        {LOCAL, {"f 1.1.1.1", "p https", "w for=1.1.1.1;proto=https"}, "1.1.1.1", 0, "https"},
    };
    CHECK_READ(cases);
}
END_TEST

/* Bounds: pairs, their length, and many elements in one line. */
START_TEST(forwarded_is_bounded)
{
    static char line[70000];
    struct forwarded_trust *trust = NULL;
    struct str bad;
    ck_assert_int_eq(forwarded_trust_new(LOCAL, &trust, &bad), 0);
    static const struct {
        const char *start, *fill, *end, *client;
        size_t n;
    } cases[] = {
        {"w=", "x", ";for=1.1.1.1", "1.1.1.1", 250},
        {"w=", "x", ";for=1.1.1.1", "", 300},
        {"w=\"", ",", "\";for=1.1.1.1", "1.1.1.1", 256},
        {"w=\"", ",", "\";for=1.1.1.1", "", 257},
        {"", "x", "=1;for=1.1.1.1", "", 300},
        {"", "a=b;", "for=1.1.1.1", "1.1.1.1", 15},
        {"", "a=b;", "for=1.1.1.1", "", 16},
        {"", "x=\",x=\";", ",for=1.1.1.1", "1.1.1.1", 8000},
        {"", "\"", ",for=1.1.1.1", "1.1.1.1", 60000},
        {"for=1.1.1.1", ",for=10.0.0.1", "", "1.1.1.1", 5000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct forwarded said;
        size_t len = strlen(cases[i].start), n_fill = strlen(cases[i].fill);
        memcpy(line, cases[i].start, len);
        for (size_t j = 0; j < cases[i].n; j++, len += n_fill)
            memcpy(line + len, cases[i].fill, n_fill);
        memcpy(line + len, cases[i].end, strlen(cases[i].end));
        len += strlen(cases[i].end);
        arena_init(&arena);
        struct field field = {STR("forwarded"), {line, len}};
        ck_assert_int_eq(forwarded_read(trust, &field, 1, &arena, &said), 0);
        ck_assert_msg(str_is(said.client, str_from(cases[i].client)), "case %zu", i);
        arena_fini(&arena);
    }
    forwarded_trust_free(trust);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("forwarded");
    TCase *tcase = tcase_create("rows 87 to 89");
    tcase_add_test(tcase, trust_lists);
    tcase_add_test(tcase, trust_lists_that_are_wrong);
    tcase_add_test(tcase, x_forwarded_for);
    tcase_add_test(tcase, ports_and_spellings);
    tcase_add_test(tcase, x_forwarded_proto);
    tcase_add_test(tcase, forwarded_field);
    tcase_add_test(tcase, forwarded_that_is_broken);
    tcase_add_test(tcase, of_two_kinds_that_disagree_neither_is_believed);
    tcase_add_test(tcase, forwarded_is_bounded);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
