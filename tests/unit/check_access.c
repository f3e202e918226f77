/* The access log's lines: each format and atom, hostile fields, and room that runs out. */
#include "app/access.h"
#include "base/mem.h"
#include "unit.h"
#include <errno.h>
#include <stdio.h>

/* 2026-11-20 18:26:00.123456 UTC */
#define WALL_US 1795199160123456

static struct access_record record;

static void setup(void)
{
    record = (struct access_record){.client = STR("192.0.2.7"),
                                    .client_port = 51000,
                                    .method = STR("GET"),
                                    .target = STR("/a/b?x=1&y=2"),
                                    .http_major = 1,
                                    .http_minor = 1,
                                    .status = 200,
                                    .body_sent = 1234,
                                    .body_received = 56,
                                    .duration_us = 2000789,
                                    .wall_us = WALL_US,
                                    .request_id = 0x1a2b3c4d5e6fu,
                                    .referer = STR("http://example.org/"),
                                    .user_agent = STR("curl/8"),
                                    .host = STR("example.com"),
                                    .scheme = STR("https"),
                                    .keep_alive = 3};
}

/* The record in the format, NUL-terminated; the test's memory. */
static const char *line_in(const char *text)
{
    static char line[ACCESS_LINE_BYTES + 1];
    struct access_format *format;
    char *why = NULL;
    int error = access_format_new(text, &format, &why);
    ck_assert_msg(error == 0, "%s: %s", text, why ? why : "no memory");
    size_t n = access_format_line(format, &record, line, ACCESS_LINE_BYTES);
    ck_assert_uint_le(n, ACCESS_LINE_BYTES);
    line[n] = '\0';
    access_format_free(format);
    return line;
}

START_TEST(combined_is_that_of_apache)
{
    ck_assert_str_eq(line_in("combined"),
                     "192.0.2.7 - - [20/Nov/2026:18:26:00 +0000] \"GET /a/b?x=1&y=2 HTTP/1.1\" "
                     "200 1234 \"http://example.org/\" \"curl/8\"");
}
END_TEST

START_TEST(combined_marks_what_is_missing_and_what_was_aborted)
{
    record = (struct access_record){.wall_us = WALL_US, .http_major = 1, .is_aborted = true};
    ck_assert_str_eq(line_in("combined"),
                     "- - - [20/Nov/2026:18:26:00 +0000] \"-\" 499 - \"-\" \"-\"");
    record.is_aborted = false;
    ck_assert_str_eq(line_in("%s %>s %b"), "- - -");
    record.status = 200;
    record.is_aborted = true;
    ck_assert_str_eq(line_in("%s %>s %X"), "499 200 X");
}
END_TEST

START_TEST(json_is_one_object)
{
    ck_assert_str_eq(
        line_in("json"),
        "{\"time\":\"2026-11-20T18:26:00.123456Z\",\"request_id\":\"00001a2b3c4d5e6f\","
        "\"client\":\"192.0.2.7\",\"client_port\":51000,\"method\":\"GET\","
        "\"target\":\"/a/b?x=1&y=2\",\"protocol\":\"HTTP/1.1\",\"scheme\":\"https\","
        "\"host\":\"example.com\",\"referer\":\"http://example.org/\",\"user_agent\":\"curl/8\","
        "\"route\":null,\"status\":200,\"aborted\":false,\"bytes\":1234,\"request_bytes\":56,"
        "\"duration_us\":2000789,\"keep_alive\":3}");
    record = (struct access_record){.is_aborted = true, .http_major = 2};
    ck_assert_str_eq(
        line_in("json"),
        "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"request_id\":\"0000000000000000\","
        "\"client\":null,\"client_port\":0,\"method\":null,\"target\":null,\"protocol\":\"HTTP/2\","
        "\"scheme\":null,\"host\":null,\"referer\":null,\"user_agent\":null,\"route\":null,"
        "\"status\":null,\"aborted\":true,\"bytes\":0,\"request_bytes\":0,\"duration_us\":0,"
        "\"keep_alive\":0}");
}
END_TEST

static const struct {
    const char *format, *line;
} atoms[] = {
    {"", ""},
    {"plain", "plain"},
    {"100%%", "100%"},
    {"%%%h%%", "%192.0.2.7%"},
    {"%h|%a|%p|%l|%u", "192.0.2.7|192.0.2.7|51000|-|-"},
    {"%t", "[20/Nov/2026:18:26:00 +0000]"},
    {"%r", "GET /a/b?x=1&y=2 HTTP/1.1"},
    {"%m %U %q %H", "GET /a/b ?x=1&y=2 HTTP/1.1"},
    {"%s %>s %b %B %I", "200 200 1234 1234 56"},
    {"%D %M %T %L", "2000789 2000 2 2.000789"},
    {"%k%X", "3-"},
    {"%{referer}i %{User-Agent}i %{HOST}i", "http://example.org/ curl/8 example.com"},
    {"%{request_id}x", "00001a2b3c4d5e6f"},
    {"%{aborted}x %{scheme}x %{route}x", "0 https -"},
    {"%{time}x %{time_us}x", "2026-11-20T18:26:00.123456Z 1795199160123456"},
};

START_TEST(atoms_say_what_they_stand_for)
{
    ck_assert_str_eq(line_in(atoms[_i].format), atoms[_i].line);
}
END_TEST

static const struct {
    const char *format, *atom;
} wrong[] = {
    {"%Z", "unknown atom %Z "},        {"%", "unknown atom % "},
    {"%h %", "unknown atom % "},       {"%{cookie}i", "unknown atom %{cookie}i "},
    {"%{referer}x", "%{referer}x "},   {"%{referer", "unknown atom %{referer "},
    {"%>h", "unknown atom %>h "},      {"%>", "unknown atom %> "},
    {"%\n", "unknown atom %\\x0a in"}, {"%{}i", "unknown atom %{}i "},
    {"%d", "unknown atom %d "},        {"%{a}", "unknown atom %{a} "},
};

START_TEST(unknown_atoms_are_named_with_the_list)
{
    char *why = NULL;
    ck_assert_int_eq(access_format_check(wrong[_i].format, &why), -EINVAL);
    ck_assert_ptr_nonnull(why);
    ck_assert_msg(strstr(why, wrong[_i].atom) != NULL, "%s", why);
    ck_assert_ptr_nonnull(strstr(why, " %h "));
    ck_assert_ptr_nonnull(strstr(why, " %{time_us}x"));
    ck_assert_ptr_null(strchr(why, '\n'));
    mem_free(why);
}
END_TEST

START_TEST(checking_takes_every_good_format)
{
    char *why = NULL;
    ck_assert_int_eq(access_format_check("combined", &why), 0);
    ck_assert_int_eq(access_format_check("json", &why), 0);
    ck_assert_int_eq(access_format_check("%h %{host}i", &why), 0);
    ck_assert_ptr_null(why);
    access_format_free(NULL);
}
END_TEST

START_TEST(hostile_fields_cannot_leave_their_place)
{
    record.target = STR("/\" 200 \\\r\n\x1b[2J\xff\xc3\xbc");
    record.user_agent = (struct str){"a\0b", 3};
    ck_assert_str_eq(
        line_in("\"%r\" \"%{user-agent}i\""),
        "\"GET /\\\" 200 \\\\\\x0d\\x0a\\x1b[2J\\xff\\xc3\\xbc HTTP/1.1\" \"a\\x00b\"");
    const char *json = line_in("json");
    ck_assert_ptr_nonnull(strstr(
        json, "\"target\":\"/\\\" 200 \\\\\\u000d\\u000a\\u001b[2J\\\\xff\xc3\xbc\",\"protocol\""));
    ck_assert_ptr_nonnull(strstr(json, "\"user_agent\":\"a\\u0000b\""));
}
END_TEST

START_TEST(the_presets_are_whole_whatever_a_client_sends)
{
    static char huge[40000];
    memset(huge, _i ? '\x01' : 'x', sizeof(huge));
    struct str text = {huge, sizeof(huge)};
    record.method = record.target = record.referer = record.user_agent = text;
    record.host = record.scheme = record.client = record.route = text;
    const char *line = line_in("json");

    ck_assert_str_eq(line + strlen(line) - 15, "\"keep_alive\":3}");
}
END_TEST

START_TEST(a_line_never_leaves_its_room)
{
    static const char *const formats[] = {"combined", "json", "%h%h%h%t%{time}x%D%L%r"};
    char line[600], whole[600];
    record.target = STR("/\x01\x02\"\"\"/\xff");
    for (size_t i = 0; i < 3; i++) {
        struct access_format *format;
        char *why = NULL;
        ck_assert_int_eq(access_format_new(formats[i], &format, &why), 0);
        size_t full = access_format_line(format, &record, whole, sizeof(whole));
        ck_assert_uint_lt(full, sizeof(whole));
        for (size_t room = 0; room <= full + 1; room++) {
            memset(line, '#', sizeof(line));
            size_t n = access_format_line(format, &record, line, room);
            ck_assert_uint_le(n, room);
            ck_assert_int_eq(line[room], '#');
            ck_assert(room < full || n == full);
        }
        access_format_free(format);
    }
}
END_TEST

START_TEST(the_time_follows_the_clock_both_ways)
{
    static const struct {
        uint64_t us;
        const char *line;
    } times[] = {
        {0, "[01/Jan/1970:00:00:00 +0000] 1970-01-01T00:00:00.000000Z"},
        {WALL_US, "[20/Nov/2026:18:26:00 +0000] 2026-11-20T18:26:00.123456Z"},
        {WALL_US + 900000, "[20/Nov/2026:18:26:01 +0000] 2026-11-20T18:26:01.023456Z"},
        {951782400000000, "[29/Feb/2000:00:00:00 +0000] 2000-02-29T00:00:00.000000Z"},
        {4102444799999999, "[31/Dec/2099:23:59:59 +0000] 2099-12-31T23:59:59.999999Z"},
    };
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < 5; i++) {
            record.wall_us = times[i].us;
            ck_assert_str_eq(line_in("%t %{time}x"), times[i].line);
        }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("access");
    TCase *tests = tcase_create("access");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, combined_is_that_of_apache);
    tcase_add_test(tests, combined_marks_what_is_missing_and_what_was_aborted);
    tcase_add_test(tests, json_is_one_object);
    tcase_add_loop_test(tests, atoms_say_what_they_stand_for, 0, sizeof(atoms) / sizeof(*atoms));
    tcase_add_loop_test(tests, unknown_atoms_are_named_with_the_list, 0,
                        sizeof(wrong) / sizeof(*wrong));
    tcase_add_test(tests, checking_takes_every_good_format);
    tcase_add_test(tests, hostile_fields_cannot_leave_their_place);
    tcase_add_loop_test(tests, the_presets_are_whole_whatever_a_client_sends, 0, 2);
    tcase_add_test(tests, a_line_never_leaves_its_room);
    tcase_add_test(tests, the_time_follows_the_clock_both_ways);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
