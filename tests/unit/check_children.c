/* Who forks learns of the end, once; children of others are nobody. Signals start afresh. */
#include "base/log.h"
#include "proc/children.h"
#include "unit.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ev_loop *loop;
static int n_ended, last_status, n_begun;
static pid_t last_pid;

static void on_exit_of_child(pid_t pid, int status, void *arg)
{
    ck_assert_ptr_eq(arg, &n_ended);
    n_ended++;
    last_pid = pid;
    last_status = status;
    ev_break(loop, EVBREAK_ALL);
}

static void give_up(struct ev_loop *of, ev_timer *timer, int events)
{
    (void)of, (void)timer, (void)events;
    ck_abort_msg("no child has ended");
}

/* Turn until a child of ours has ended. */
static void await_end(void)
{
    ev_timer limit;
    ev_timer_init(&limit, give_up, 60, 0);
    ev_timer_start(loop, &limit);
    ev_run(loop, 0);
    ev_timer_stop(loop, &limit);
}

static void on_begin(void *arg)
{
    (void)arg;
    n_begun++;
}

static void start(void)
{
    loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    ck_assert_ptr_nonnull(loop);
    children_start(loop, on_begin, NULL);
}

START_TEST(an_end_is_told_once)
{
    start();
    for (int code = 0; code < 3; code++) {
        pid_t pid = children_fork(on_exit_of_child, &n_ended);
        if (pid == 0)
            _exit(n_begun == 1 ? code : 99);
        ck_assert_int_gt(pid, 0);
        await_end();
        ck_assert_int_eq(n_ended, code + 1);
        ck_assert_int_eq(last_pid, pid);
        ck_assert(WIFEXITED(last_status) && WEXITSTATUS(last_status) == code);
    }
    ck_assert_int_eq(n_begun, 0);
}
END_TEST

/* Row 133: a child that we did not fork ends first. */
START_TEST(others_are_nobody)
{
    start();
    pid_t stranger = fork();
    if (stranger == 0)
        _exit(7);
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t)stranger, &info, WEXITED | WNOWAIT), 0);
    pid_t pid = children_fork(on_exit_of_child, &n_ended);
    if (pid == 0)
        _exit(1);
    await_end();
    ck_assert_int_eq(n_ended, 1);
    ck_assert_int_eq(last_pid, pid);
    ck_assert_int_eq(waitpid(stranger, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(forgotten_ones_are_reaped_in_silence)
{
    start();
    pid_t pid = children_fork(on_exit_of_child, &n_ended);
    if (pid == 0)
        _exit(1);
    children_forget(pid);
    siginfo_t info;
    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    pid_t other = children_fork(on_exit_of_child, &n_ended);
    if (other == 0)
        _exit(2);
    await_end();
    ck_assert_int_eq(n_ended, 1);
    ck_assert_int_eq(last_pid, other);
    ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
}
END_TEST

static void on_usr1(struct ev_loop *of, ev_signal *signal, int events)
{
    (void)of, (void)signal, (void)events;
}

/* The parent's handlers and mask are not the child's; what was ignored stays so. What reaches a
   group waits until it is asked for. */
START_TEST(signals_start_afresh)
{
    ev_signal watch;
    sigset_t usr2;
    start();
    ev_signal_init(&watch, on_usr1, SIGUSR1);
    ev_signal_start(loop, &watch);
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    sigprocmask(SIG_BLOCK, &usr2, NULL);
    pid_t pid = children_fork(on_exit_of_child, &n_ended);
    if (pid == 0) {
        struct sigaction usr1, pipe;
        sigset_t mask, held;
        sigprocmask(SIG_BLOCK, NULL, &held);
        children_release_signals();
        sigaction(SIGUSR1, NULL, &usr1);
        sigaction(SIGPIPE, NULL, &pipe);
        sigprocmask(SIG_BLOCK, NULL, &mask);
        _exit(usr1.sa_handler == SIG_DFL && pipe.sa_handler == SIG_IGN &&
                      !sigismember(&mask, SIGUSR2) && sigismember(&held, SIGINT) &&
                      sigismember(&held, SIGUSR1) && !sigismember(&held, SIGTERM) &&
                      !sigismember(&held, SIGCHLD)
                  ? 0
                  : 1);
    }
    await_end();
    ck_assert(WIFEXITED(last_status) && WEXITSTATUS(last_status) == 0);
    sigprocmask(SIG_BLOCK, NULL, &usr2);
    ck_assert(sigismember(&usr2, SIGUSR2));
}
END_TEST

/* The parent writes its lines itself, the child has a writer of its own; none is written twice. */
START_TEST(the_log_goes_on_in_the_child)
{
    char path[] = "check_children.log.XXXXXX", text[4096];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(log_start(path, false, LOG_LEVEL_INFO), 0);
    log_be_threadless(); /* who forks has no other threads */
    start();
    for (int i = 0; i < 20; i++) {
        log_line(LOG_LEVEL_INFO, 0, "parent %d.", i);
        pid_t pid = children_fork(on_exit_of_child, &n_ended);
        if (pid == 0) {
            log_line(LOG_LEVEL_INFO, 0, "child %d.", i);
            log_stop();
            _exit(0);
        }
        await_end();
    }
    log_stop();
    ssize_t n = read(fd, text, sizeof text - 1);
    unlink(path);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    for (int i = 0; i < 20; i++) {
        char parent[32], child[32];
        snprintf(parent, sizeof parent, " parent %d.", i);
        snprintf(child, sizeof child, " child %d.", i);
        const char *at = strstr(text, parent);
        ck_assert_msg(at && !strstr(at + 1, parent), "%s", parent); /* once */
        ck_assert_msg(strstr(text, child) != NULL, "%s", child);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("children");
    TCase *tcase = tcase_create("children");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, an_end_is_told_once);
    tcase_add_test(tcase, others_are_nobody);
    tcase_add_test(tcase, forgotten_ones_are_reaped_in_silence);
    tcase_add_test(tcase, signals_start_afresh);
    tcase_add_test(tcase, the_log_goes_on_in_the_child);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
