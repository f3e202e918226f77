/* A helper, spoken to over its socket by hand. */
#include "process/frame.h"
#include "process/helper.h"
#include "unit.h"
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int fd = -1;
static pid_t pid;

static void start(rlim_t data_bytes)
{
    const struct rlimit limit = {data_bytes, data_bytes};
    int ends[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(ends[0]);
        if (data_bytes != RLIM_INFINITY)
            setrlimit(RLIMIT_DATA, &limit);
        helper_live(ends[1]);
    }
    close(ends[1]);
    fd = ends[0];
}

static void set_up(void)
{
    start(RLIM_INFINITY);
}

/* It ends when nobody is there, and well. */
static void tear_down(void)
{
    int status;
    close(fd);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void give(const void *ptr, size_t len)
{
    ck_assert_int_eq(send(fd, ptr, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void take(void *ptr, size_t len)
{
    if (len)
        ck_assert_int_eq(recv(fd, ptr, len, MSG_WAITALL), (ssize_t)len);
}

static struct frame_answer ask(struct frame_job job, const char *in, char *ret_out)
{
    struct frame_answer answer;
    job.len = strlen(in);
    give(&job, sizeof job);
    give(in, job.len);
    take(&answer, sizeof answer);
    ck_assert_uint_eq(answer.number, job.number);
    ck_assert_uint_le(answer.len, 32);
    take(ret_out, answer.len);
    ret_out[answer.len] = '\0';
    return answer;
}

static int turn(cgw_str in, cgw_output *out)
{
    ck_assert_int_eq(in.ptr[in.len], '\0');
    for (size_t i = in.len; i > 0; i--)
        (void)cgw_output_add(out, &in.ptr[i - 1], 1);
    return (int)in.len - 3;
}

#define PAIR(F) F(i64, a) F(str, b)
CGW_MODEL(Pair, PAIR)
CGW_PROCESS(twice, Pair, Pair)
{
    *out = (Pair){.a = 2 * in->a, .b = in->b};
    return in->a < 0 ? CGW_ENOENT : 1;
}

START_TEST(jobs_are_answered_one_after_the_other)
{
    char out[33];
    for (uint64_t number = 1; number < 50; number++) {
        struct frame_answer answer =
            ask((struct frame_job){.number = number, .max_bytes = 8, .fn = turn}, "abcd", out);
        ck_assert_int_eq(answer.status, 1);
        ck_assert_str_eq(out, "dcba");
    }
}
END_TEST

START_TEST(codes_come_alone)
{
    char out[33];
    struct frame_job job = {.number = 7, .max_bytes = 4, .fn = turn};
    ck_assert_int_eq(ask(job, "ab", out).status, -1);
    ck_assert_str_eq(out, "");
    ck_assert_int_eq(ask(job, "abcde", out).status, CGW_ETOOBIG);
    ck_assert_str_eq(out, "");
    ck_assert_int_eq(ask(job, "abcd", out).status, 1);
}
END_TEST

START_TEST(models_go_as_json)
{
    char out[33];
    struct frame_job job = {.number = 1, .max_bytes = 32, .model = &twice_process};
    ck_assert_int_eq(ask(job, "{\"a\":21,\"b\":\"x\"}", out).status, 1);
    ck_assert_str_eq(out, "{\"a\":42,\"b\":\"x\"}");
    ck_assert_int_eq(ask(job, "{\"a\":-1,\"b\":\"x\"}", out).status, CGW_ENOENT);
    ck_assert_int_eq(ask(job, "no JSON", out).status, CGW_EINVALID);
    job.max_bytes = 8;
    ck_assert_int_eq(ask(job, "{\"a\":21,\"b\":\"x\"}", out).status, CGW_ETOOBIG);
}
END_TEST

#ifndef SANITIZED /* their heap is another */
START_TEST(what_does_not_fit_into_memory_is_skipped)
{
    static char piece[1 << 20];
    struct frame_job job = {.number = 9, .len = (uint64_t)64 << 20, .fn = turn, .max_bytes = 8};
    struct frame_answer answer;
    char out[33];
    tear_down();
    start((rlim_t)32 << 20);
    give(&job, sizeof job);
    for (int i = 0; i < 64; i++)
        give(piece, sizeof piece);
    take(&answer, sizeof answer);
    ck_assert_int_eq(answer.status, CGW_ENOMEM);
    ck_assert_uint_eq(answer.len, 0);
    ck_assert_int_eq(ask(job, "abcd", out).status, 1);
}
END_TEST
#endif

static Suite *make_suite(void)
{
    Suite *suite = suite_create("helper");
    TCase *tcase = tcase_create("helper");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, jobs_are_answered_one_after_the_other);
    tcase_add_test(tcase, codes_come_alone);
    tcase_add_test(tcase, models_go_as_json);
#ifndef SANITIZED
    tcase_add_test(tcase, what_does_not_fit_into_memory_is_skipped);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
