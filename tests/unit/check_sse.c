/* Server-sent events as bytes. Row 186 of the behaviours. */
#include "unit.h"
#include "web/sse.h"

static struct arena arena;

static void expect(struct cgw_sse event, const char *bytes)
{
    struct buffer out = BUFFER_IN(&arena);
    ck_assert(sse_is_valid(&event));
    sse_write(&out, &event);
    ck_assert_str_eq(buffer_text(&out).ptr, bytes);
}

START_TEST(each_line_of_data_is_a_field)
{
    expect((struct cgw_sse){.data = "one"}, "data: one\n\n");
    expect((struct cgw_sse){.data = ""}, "data: \n\n");
    expect((struct cgw_sse){.data = "a\nb\rc\r\nd"}, "data: a\ndata: b\ndata: c\ndata: d\n\n");
    expect((struct cgw_sse){.data = "a\n"}, "data: a\ndata: \n\n");
    expect((struct cgw_sse){.data = "\r\n\n"}, "data: \ndata: \ndata: \n\n");
}
END_TEST

START_TEST(fields_come_before_data)
{
    expect(
        (struct cgw_sse){
            .event = "tick", .id = "7", .data = "x", .retry_ms = 1500, .comment = "one\ntwo"},
        ": one\n: two\nretry: 1500\nevent: tick\nid: 7\ndata: x\n\n");
    expect((struct cgw_sse){.id = ""}, "id: \n\n");
}
END_TEST

START_TEST(nothing_smuggles_a_line)
{
    ck_assert(!sse_is_valid(&(struct cgw_sse){.id = "1\ndata: evil"}));
    ck_assert(!sse_is_valid(&(struct cgw_sse){.event = "a\rb"}));
    ck_assert(!sse_is_valid(&(struct cgw_sse){.retry_ms = -1}));
    ck_assert(sse_is_valid(&(struct cgw_sse){.data = "a\nb", .comment = "a\nb"}));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sse");
    TCase *tests = tcase_create("sse");
    tcase_add_test(tests, each_line_of_data_is_a_field);
    tcase_add_test(tests, fields_come_before_data);
    tcase_add_test(tests, nothing_smuggles_a_line);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
