/* libcgw-test: applications of both kinds, linked in and loaded, run as they are. */
#include "tester_play.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE      "tests/apps/probe.so"
#define PROBE_SYNC "tests/apps/probe_sync.so"

static cgw_test *open_module(const char *so, uint64_t seed)
{
    cgw_test *test = cgw_test_open(.so = so, .quiet = true, .seed = seed);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
    return test;
}

/* modules/hello is linked into this program. */
START_TEST(what_is_linked_in_is_run)
{
    cgw_test *test = cgw_test_open(.quiet = true);
    cgw_answer answers[50];
    ck_assert_str_eq(cgw_test_get(test, "/").text, "Hello, world!\n");
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/"}, 50, answers);
    for (size_t i = 0; i < 50; i++)
        ck_assert_uint_eq(answers[i].len, 14);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(echo_sends_back_what_comes)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        cgw_test *test = open_module("modules/echo.so", seed);
        ck_assert_str_eq(cgw_test_get(test, "/").text, "hello");
        cgw_answer answer = cgw_test_post(test, "/", "\"0123456789\"", .chunk = 3);
        ck_assert_str_eq(answer.text, "\"0123456789\"");
        ck_assert_str_eq(cgw_answer_header(&answer, "content-type"), "application/json");
        answer = cgw_test_post(test, "/", "0123456789", .chunk = 2, .chunk_pause = 1);
        ck_assert_str_eq(answer.text, "0123456789");
        ck_assert_uint_eq(answer.n_chunks, 5);
        answer = cgw_test_post(test, "/", "0123456789", .chunk = 2, .chunk_pause = 1,
                               .leave_after = 2.5);
        ck_assert(!answer.is_complete);
        ck_assert_int_eq(cgw_test_close(test), 0);
    }
}
END_TEST

/* An application whose database has threads of its own. */
START_TEST(items_are_kept)
{
    char folder[] = "check_cgw_test.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "sqlite:%s/items.db", folder);
    setenv("CGW_ITEMS_DB", path, 1);
    cgw_test *test = open_module("modules/items.so", 7);
    cgw_answer answer = cgw_test_post(test, "/items", "{\"name\":\"tea\",\"price\":2.5}");
    ck_assert_msg(answer.status == 201, "%d %s", answer.status, answer.text);
    ck_assert(cgw_json_eq(answer.text, "/name", "\"tea\""));
    ck_assert(cgw_json_eq(answer.text, "/price", "2.5"));
    cgw_answer answers[30];
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/items/1"}, 30, answers);
    for (size_t i = 0; i < 30; i++)
        ck_assert(cgw_json_eq(answers[i].text, "/id", "1"));
    ck_assert_int_eq(cgw_test_get(test, "/items/2").status, 404);
    ck_assert_int_eq(cgw_test_post(test, "/items", "{").status, 422);
    ck_assert_int_eq(cgw_test_close(test), 0);
    static const char *const files[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/items.db%s", folder, files[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

static const char *const probes[] = {PROBE, PROBE_SYNC};

START_TEST(the_probe_is_probed)
{
    cgw_test *test = open_module(probes[_i], 0);
    ck_assert_str_eq(cgw_test_get(test, "/hello").text, "Hello, world!\n");
    ck_assert_str_eq(cgw_test_get(test, "/no-length?n=4").text,
                     "piece 0\npiece 1\npiece 2\npiece 3\n");
    ck_assert_int_eq(cgw_test_get(test, "/status/418").status, 418);
    cgw_answer answer = cgw_test_get(test, "/set-cookies");
    ck_assert_uint_ge(answer.n_fields, 3);
    ck_assert_str_eq(cgw_test_cookie_value(test, "b"), "2");
    answer = cgw_test_get(test, "/large?size=1048576");
    ck_assert_uint_eq(answer.len, 1048576);
    ck_assert_int_eq(answer.text[27], 'b');
    ck_assert_int_eq(cgw_test_get(test, "/finish/-6").status, 500);
    ck_assert_ptr_nonnull(strstr(cgw_test_get(test, "/scope").text, "state: probe"));
    ck_assert_str_eq(
        cgw_test_post(test, "/read-body", "0123456789", .chunk = 4, .chunk_pause = 1).text,
        "length 10 crc32 a684c7c6 events 3\n");
    ck_assert(!cgw_test_post(test, "/read-body", "0123456789", .chunk = 4, .chunk_pause = 1,
                             .leave_after = 1.5)
                   .is_complete);
    ck_assert_str_eq(cgw_test_get(test, "/last?id=read-body").text, "read-body aborted 8\n");
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(extensions_of_both_kinds)
{
    bool is_sync = _i == 1;
    cgw_test *test = open_module(probes[_i], 0);
    ck_assert_str_eq(cgw_test_get(test, "/thread?ms=5").text, "threaded 0\n");
    ck_assert_str_eq(cgw_test_get(test, "/post?ms=5").text, "posted\n");
    ck_assert_str_eq(cgw_test_get(test, "/timers").text, is_sync ? "none\n" : "2 1\n");
    ck_assert_str_eq(cgw_test_get(test, "/watch?ms=5").text, is_sync ? "none\n" : "readable\n");
    ck_assert_str_eq(cgw_test_get(test, "/finish-armed").text, is_sync ? "none\n" : "armed\n");
    ck_assert_str_eq(cgw_test_get(test, "/thread-finish?ms=20").text, "left\n");
    ck_assert_str_eq(cgw_test_get(test, "/alloc?n=10").text, "ok\n");
    ck_assert_str_eq(cgw_test_get(test, "/is-draining").text, "0\n");
    cgw_answer answer = cgw_test_get(test, "/informational");
    ck_assert_int_eq(answer.informational, 103);
    ck_assert_str_eq(answer.text, "hello\n");
    answer = cgw_test_get(test, "/trailers");
    ck_assert_uint_eq(answer.n_trailers, 1);
    ck_assert_str_eq(answer.trailers[0].value, "363a3020");
    answer = cgw_test_get(test, "/trailers-more");
    ck_assert_uint_eq(answer.n_trailers, 2);
    answer = cgw_test_get(test, "/file?path=/proc/self/nothing");
    ck_assert_int_eq(answer.status, 404);
    ck_assert_int_eq(cgw_test_close(test), 0);
}
END_TEST

START_TEST(files_are_read)
{
    char path[] = "/tmp/check_cgw_test.XXXXXX", target[96];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "0123456789", 10), 10);
    close(fd);
    cgw_test *test = open_module(probes[_i], 0);
    snprintf(target, sizeof target, "/file?path=%s&offset=2&count=5", path);
    ck_assert_str_eq(cgw_test_get(test, target).text, "23456");
    snprintf(target, sizeof target, "/file-mixed?path=%s", path);
    ck_assert_str_eq(cgw_test_get(test, target).text, "head\n0123456789tail\n");
    ck_assert_int_eq(cgw_test_get(test, "/file-bad?path=/no/such/file").status, 500);
    ck_assert_int_eq(cgw_test_close(test), 0);
    unlink(path);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("cgw_test_modules");
    TCase *tcase = tcase_create("modules");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, what_is_linked_in_is_run);
    tcase_add_test(tcase, echo_sends_back_what_comes);
    tcase_add_test(tcase, items_are_kept);
    tcase_add_loop_test(tcase, the_probe_is_probed, 0, 2);
    tcase_add_loop_test(tcase, extensions_of_both_kinds, 0, 2);
    tcase_add_loop_test(tcase, files_are_read, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
