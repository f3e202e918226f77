/* Whose pid file it is: a lock tells, and a number only where its process can have written it. */
#include "base/mem.h"
#include "proc/system/pid_file.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char path[] = "test.pid";
static char *error;
static pid_t child;

static void teardown(void)
{
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    child = 0;
    unlink(path);
    mem_free(error);
    error = NULL;
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void write_number(pid_t pid)
{
    char text[32];
    snprintf(text, sizeof text, "%d\n", (int)pid);
    write_file(text);
}

static int number_there(void)
{
    int number = -1;
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%d\n", &number), 1);
    fclose(file);
    return number;
}

static void take_and_remove(void)
{
    ck_assert_msg(pid_file_take(path, false, &error) == 0, "%s", error ? error : "");
    ck_assert_int_eq(number_there(), getpid());
    pid_file_remove();
    ck_assert_int_lt(access(path, F_OK), 0);
}

/* A process that holds the file, then waits to be killed. */
static void start_holder(bool is_upgrade)
{
    int fds[2];
    char byte;
    ck_assert_int_eq(pipe(fds), 0);
    child = fork();
    if (child == 0) {
        if (pid_file_take(path, is_upgrade, &error) < 0)
            _exit(1);
        if (write(fds[1], "x", 1) == 1)
            pause();
        _exit(0);
    }
    close(fds[1]);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    close(fds[0]);
}

START_TEST(nothing_to_do)
{
    ck_assert_int_eq(pid_file_take(NULL, false, &error), 0);
    pid_file_remove();
}
END_TEST

START_TEST(a_new_one)
{
    take_and_remove();
}
END_TEST

START_TEST(stale_ones)
{
    const char *texts[] = {"", "\n", "nonsense\n", "0\n", "99999999999999\n"};
    for (size_t i = 0; i < 5; i++) {
        write_file(texts[i]);
        take_and_remove();
    }
    child = fork();
    if (child == 0)
        _exit(0);
    pid_t dead = child;
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t)dead, &info, WEXITED | WNOWAIT), 0);
    write_number(dead); /* a zombie still */
    take_and_remove();
    waitpid(dead, NULL, 0);
    child = 0;
    write_number(dead);
    take_and_remove();
    write_number(getpid()); /* a container's first process has the same number each time */
    take_and_remove();
}
END_TEST

START_TEST(a_number_that_was_given_to_another_since)
{
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    write_number(getppid());
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
    take_and_remove();
}
END_TEST

static void expect_refusal(pid_t of)
{
    char words[64];
    snprintf(words, sizeof words, "process %d, which is running", (int)of);
    ck_assert_int_eq(pid_file_take(path, false, &error), -EEXIST);
    ck_assert_msg(strstr(error, words) && strstr(error, path), "%s", error);
    ck_assert_int_eq(number_there(), of);
    pid_file_remove(); /* is not ours */
    ck_assert_int_eq(number_there(), of);
}

START_TEST(a_live_number_of_another_program)
{
    write_number(getppid());
    expect_refusal(getppid());
}
END_TEST

START_TEST(a_live_lock)
{
    start_holder(false);
    expect_refusal(child);
    mem_free(error);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    child = 0;
    take_and_remove();
}
END_TEST

START_TEST(an_upgrade_replaces_it)
{
    ck_assert_int_eq(pid_file_take(path, false, &error), 0);
    start_holder(true);
    ck_assert_int_eq(number_there(), child);
    pid_file_remove(); /* the old server ends */
    expect_refusal(child);
}
END_TEST

START_TEST(a_child_does_not_remove_it)
{
    int status;
    ck_assert_int_eq(pid_file_take(path, false, &error), 0);
    pid_t copy = fork();
    if (copy == 0) {
        pid_file_remove();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(copy, &status, 0), copy);
    ck_assert_int_eq(number_there(), getpid());
    start_holder(true); /* … and the lock was not lost: */
    kill(child, SIGKILL);
    pid_file_remove();
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(what_cannot_be_is_said)
{
    ck_assert_int_eq(pid_file_take("no-such-folder/x.pid", false, &error), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, "--pid-file no-such-folder/x.pid"));
    mem_free(error);
    ck_assert_int_eq(symlink("elsewhere", path), 0);
    ck_assert_int_eq(pid_file_take(path, false, &error), -ELOOP);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("pid_file");
    TCase *tcase = tcase_create("pid_file");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, nothing_to_do);
    tcase_add_test(tcase, a_new_one);
    tcase_add_test(tcase, stale_ones);
    tcase_add_test(tcase, a_number_that_was_given_to_another_since);
    tcase_add_test(tcase, a_live_number_of_another_program);
    tcase_add_test(tcase, a_live_lock);
    tcase_add_test(tcase, an_upgrade_replaces_it);
    tcase_add_test(tcase, a_child_does_not_remove_it);
    tcase_add_test(tcase, what_cannot_be_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
