/* Which request a call is, read from this process and from another, of calls and of nonsense. */
#include "app/call.h"
#include "proc/report/request_peek.h"
#include "unit.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct call call;

#define CGW(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }

static void make_call(void)
{
    call = (struct call){.kind = &call_http, .id = 77};
    call.scope = (struct cgw_scope){.http_major = 1,
                                    .http_minor = 1,
                                    .method = CGW("GET"),
                                    .raw_path = CGW("/a%20b"),
                                    .query = CGW("x=1")};
    call.route_name = STR("/{name}");
}

START_TEST(the_line_is_as_it_was_sent)
{
    struct board_request request;
    ck_assert_int_eq(request_peek(getpid(), (uintptr_t)&call, &request), 0);
    ck_assert(request.is_known);
    ck_assert_uint_eq(request.id, 77);
    ck_assert_str_eq(request.line, "GET /a%20b?x=1 HTTP/1.1");
    ck_assert_str_eq(request.route, "/{name}");
}
END_TEST

START_TEST(another_process_is_asked_the_same_way)
{
    struct board_request request;
    int status;
    call.id = 78;
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    call.id = 79;
    ck_assert_int_eq(request_peek(pid, (uintptr_t)&call, &request), 0);
    ck_assert_uint_eq(request.id, 78);
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(request_peek(pid, (uintptr_t)&call, &request), -ESRCH);
    ck_assert(!request.is_known);
}
END_TEST

START_TEST(long_targets_are_cut_before_the_version)
{
    static char path[5000];
    struct board_request request;
    memset(path, 'a', sizeof path);
    path[0] = '/';
    call.scope.raw_path = (struct cgw_str){path, sizeof path};
    ck_assert_int_eq(request_peek(getpid(), (uintptr_t)&call, &request), 0);
    ck_assert_uint_eq(strlen(request.line), sizeof request.line - 1);
    ck_assert_str_eq(request.line + sizeof request.line - 1 - 12, "aaa HTTP/1.1");
}
END_TEST

START_TEST(a_nul_does_not_end_the_line)
{
    struct board_request request;
    call.scope.raw_path = (struct cgw_str)CGW("/a\0b");
    ck_assert_int_eq(request_peek(getpid(), (uintptr_t)&call, &request), 0);
    ck_assert_str_eq(request.line, "GET /a?b?x=1 HTTP/1.1");
}
END_TEST

START_TEST(memory_that_is_gone_gives_an_error)
{
    struct board_request request;
    void *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_int_eq(request_peek(getpid(), (uintptr_t)page, &request), -EFAULT);
    ck_assert_int_eq(request_peek(getpid(), 0, &request), -EINVAL);
    call.scope.raw_path.ptr = page;
    ck_assert_int_eq(request_peek(getpid(), (uintptr_t)&call, &request), -EFAULT);
    ck_assert(!request.is_known);
}
END_TEST

START_TEST(what_is_no_http_call_has_no_request)
{
    struct board_request request;
    call.kind = &call_lifespan;
    ck_assert_int_eq(request_peek(getpid(), (uintptr_t)&call, &request), -EINVAL);
    make_call();
    call.is_finished = true;
    ck_assert_int_eq(request_peek(getpid(), (uintptr_t)&call, &request), -EINVAL);
    ck_assert(!request.is_known);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("request_peek");
    TCase *tests = tcase_create("request_peek");
    tcase_add_checked_fixture(tests, make_call, NULL);
    tcase_add_test(tests, the_line_is_as_it_was_sent);
    tcase_add_test(tests, another_process_is_asked_the_same_way);
    tcase_add_test(tests, long_targets_are_cut_before_the_version);
    tcase_add_test(tests, a_nul_does_not_end_the_line);
    tcase_add_test(tests, memory_that_is_gone_gives_an_error);
    tcase_add_test(tests, what_is_no_http_call_has_no_request);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
