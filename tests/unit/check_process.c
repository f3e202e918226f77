/* cgw_process() in an application that is run in process: helpers are forked there, too. */
#include "unit.h"
#include <cgw.h>
#include <cgw/test.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the application ---- */

CGW_PROCESSES(.helpers = 2);
CGW_APPLICATION(.name = "check_process");

static void work_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0)
        continue;
}

static int work(cgw_str in, cgw_output *out)
{
    work_ms(strtol(in.ptr, NULL, 10));
    return cgw_output_printf(out, "%d", (int)getpid());
}

static int vanish(cgw_str in, cgw_output *out)
{
    (void)in, (void)out;
    return raise(SIGKILL);
}

static cgw_reply tell(cgw_request *req, int code, cgw_str out)
{
    if (code < 0)
        return cgw_text(req, 500, "%d", code);
    return cgw_bytes(req, 200, "text/plain", out);
}

CGW_GET(work_route, "/work/{ms}")
{
    cgw_str out = {NULL, 0};
    const char *ms = cgw_path(req, "ms");
    int code = cgw_process(req, work, ((cgw_str){ms, strlen(ms)}), &out, .timeout = 1);
    return tell(req, code, out);
}

CGW_GET(work_sync, "/sync/{ms}", .mode = CGW_SYNC)
{
    cgw_str out = {NULL, 0};
    const char *ms = cgw_path(req, "ms");
    int code = cgw_process(req, work, ((cgw_str){ms, strlen(ms)}), &out, .timeout = 1);
    return tell(req, code, out);
}

CGW_GET(vanish_route, "/vanish")
{
    cgw_str out = {NULL, 0};
    return tell(req, cgw_process(req, vanish, ((cgw_str)CGW_STR("")), &out), out);
}

/* In a task without a request the bytes are the task's. */
static int alone(void *arg)
{
    cgw_str out;
    (void)arg;
    int code = cgw_process(NULL, work, ((cgw_str)CGW_STR("1")), &out);
    cgw_log(NULL, "alone: %d, %d", code, out.ptr[out.len]);
    return CGW_OK;
}

static int in_canceled_task(void *arg)
{
    cgw_str out;
    (void)arg;
    return cgw_process(NULL, work, ((cgw_str)CGW_STR("60000")), &out);
}

CGW_GET(spawns, "/spawns")
{
    CGW_TRY(req, cgw_spawn(alone, NULL));
    return cgw_empty(req, 202);
}

/* Three for two helpers, and none of them is let go on: two work, one waits. */
CGW_GET(cancels, "/cancels")
{
    CGW_GROUP(group, req);
    for (int i = 0; i < 3; i++)
        cgw_go(group, in_canceled_task, NULL);
    CGW_TRY(req, cgw_sleep(0));
    cgw_group_cancel(group);
    int code = cgw_join(group);
    return cgw_text(req, 200, "%d %d %d %d", code, cgw_group_result(group, 0),
                    cgw_group_result(group, 1), cgw_group_result(group, 2));
}

/* ---- the tests ---- */

static cgw_test *test;

static void set_up(void)
{
    test = cgw_test_open(.quiet = true);
    ck_assert_msg(test != NULL, "%s", cgw_test_error());
}

/* All are waited for. */
static void tear_down(void)
{
    ck_assert_int_eq(cgw_test_close(test), 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}

START_TEST(the_clock_stands_while_a_helper_works)
{
    static const char *const targets[] = {"/work/150", "/sync/150"};
    for (size_t i = 0; i < 2; i++) {
        cgw_answer answer = cgw_test_get(test, targets[i]);
        ck_assert_msg(answer.status == 200, "%s: %s", targets[i], answer.text);
        ck_assert_double_eq_tol(answer.seconds, 0, 0.001);
    }
}
END_TEST

START_TEST(helpers_are_shared_by_who_comes)
{
    cgw_answer answers[24];
    char first[16], second[16] = "";
    cgw_test_crowd(test, (struct cgw_test_request){.target = "/work/1"}, 24, answers);
    snprintf(first, sizeof first, "%s", answers[0].text);
    for (size_t i = 0; i < 24; i++) {
        ck_assert_int_eq(answers[i].status, 200);
        if (strcmp(answers[i].text, first) == 0)
            continue;
        ck_assert_msg(!*second || strcmp(answers[i].text, second) == 0, "a third: %s",
                      answers[i].text);
        snprintf(second, sizeof second, "%s", answers[i].text);
    }
    ck_assert_str_ne(second, "");
}
END_TEST

static bool is_alive(const char *pid)
{
    char path[32], state[256] = "";
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool is = fgets(state, sizeof state, file) && !strstr(state, ") Z") && !strstr(state, ") X");
    fclose(file);
    return is;
}

START_TEST(idle_ones_end)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%s", cgw_test_get(test, "/work/0").text);
    cgw_test_clock(test, 50);
    ck_assert_str_eq(cgw_test_get(test, "/work/0").text, pid);
    cgw_test_clock(test, 50);
    ck_assert(is_alive(pid));
    cgw_test_clock(test, 11);
    for (int i = 0; i < 500 && is_alive(pid); i++)
        work_ms(10);
    ck_assert(!is_alive(pid));
    ck_assert_str_ne(cgw_test_get(test, "/work/0").text, pid);
}
END_TEST

START_TEST(who_vanishes_is_a_code_and_a_line)
{
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(cgw_test_get(test, "/vanish").text, "-40");
        ck_assert_int_eq(cgw_test_get(test, "/work/0").status, 200);
    }
    ck_assert_uint_eq(cgw_test_logged(test, "ended by signal 9 (SIGKILL)"), 3);
    ck_assert_uint_eq(cgw_test_logged(test, "vanish() in a helper process, called at "), 3);
}
END_TEST

START_TEST(canceled_ones_are_killed_and_replaced)
{
    ck_assert_str_eq(cgw_test_get(test, "/cancels").text, "-4 -4 -4 -4");
    ck_assert_int_eq(cgw_test_get(test, "/work/0").status, 200);
    ck_assert_int_eq(cgw_test_get(test, "/sync/0").status, 200);
}
END_TEST

START_TEST(tasks_without_a_request_call_too)
{
    ck_assert_int_eq(cgw_test_get(test, "/spawns").status, 202);
    cgw_test_settle(test);
    ck_assert_uint_eq(cgw_test_logged(test, "alone: 0, 0"), 1);
}
END_TEST

START_TEST(outside_of_tasks_it_is_refused)
{
    cgw_str out = {NULL, 0};
    ck_assert_int_eq(cgw_process(NULL, work, out, &out), CGW_EINVAL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("process");
    TCase *tcase = tcase_create("process");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_clock_stands_while_a_helper_works);
    tcase_add_test(tcase, helpers_are_shared_by_who_comes);
    tcase_add_test(tcase, idle_ones_end);
    tcase_add_test(tcase, who_vanishes_is_a_code_and_a_line);
    tcase_add_test(tcase, canceled_ones_are_killed_and_replaced);
    tcase_add_test(tcase, tasks_without_a_request_call_too);
    tcase_add_test(tcase, outside_of_tasks_it_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
