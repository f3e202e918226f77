/*
 * A server and its upgrade: this program is both. Run with "new-server", it takes the sockets it
 * was given and says so on one of them.
 */
#include "base/mem.h"
#include "proc/system/upgrade.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char *error;
static struct settings settings = {
    .host = "127.0.0.1", .fd = -1, .backlog = 5, .workers = 2, .reuseport = true, .uds_mode = 0600};
static const char metrics_path[] = "upgrade-metrics.sock";

static bool is_ours(const char *pid)
{
    char own[32];
    snprintf(own, sizeof own, "%d", (int)getpid());
    return pid && strcmp(pid, own) == 0;
}

static bool report_on(int fd, const struct listener_set *set, const struct listener *metrics)
{
    char text[128];
    const char *watchdog = getenv("WATCHDOG_PID");
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    int n = snprintf(text, sizeof text, "n=%zu shared=%d metrics=%d file=%d dog=%d usr1=%d env=%d",
                     set->n, set->is_shared, metrics != NULL, metrics && metrics->made_file,
                     is_ours(watchdog), sigismember(&blocked, SIGUSR1),
                     getenv("CGW_UPGRADE_FD") || getenv("LISTEN_FDS"));
    return write(fd, text, (size_t)n) == n;
}

/* Say it on the first connection, whichever of the sockets gets it. */
static int serve_one(const struct listener_set *set, const struct listener *metrics)
{
    for (;;) {
        struct pollfd looks[2] = {{.fd = set->items[0]->fd, .events = POLLIN},
                                  {.fd = set->items[1]->fd, .events = POLLIN}};
        if (poll(looks, 2, 10000) <= 0)
            return 5;
        int fd = accept(looks[0].revents ? looks[0].fd : looks[1].fd, NULL, NULL);
        if (fd < 0)
            continue;
        bool is_said = report_on(fd, set, metrics);
        close(fd);
        return is_said ? 0 : 6;
    }
}

static int be_new_server(const char *how)
{
    struct listener_set set;
    struct listener *metrics = NULL;
    if (strcmp(how, "fail") == 0)
        return 3;
    if (!upgrade_is_one() || !upgrade_is_one() ||
        listener_set_open(&settings, 2, &set, &error) < 0 ||
        listener_open_metrics(&settings, &metrics, &error) < 0)
        return 4;
    listener_set_own(&set);
    upgrade_tell_ready();
    upgrade_tell_ready();
    int rc = serve_one(&set, metrics);
    listener_set_close(&set);
    listener_close_endpoint(metrics);
    return rc;
}

static struct listener_set set;
static struct listener *metrics;

static void setup(void)
{
    settings.metrics = "unix:upgrade-metrics.sock";
    ck_assert_int_eq(listener_set_open(&settings, 2, &set, &error), 0);
    ck_assert_int_eq(listener_open_metrics(&settings, &metrics, &error), 0);
}

static void teardown(void)
{
    listener_set_close(&set);
    listener_close_endpoint(metrics);
    mem_free(error);
    unlink(metrics_path);
}

/* Waits for a word, at most ten seconds: its length, 0 for the end of file. */
static ssize_t wait_for_word(int fd, char *dst, size_t room)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&look, 1, 10000), 1);
    return read(fd, dst, room);
}

static int exit_of(pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_answer(const char *expected)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    char text[128];
    getsockname(set.items[0]->fd, (struct sockaddr *)&at, &len);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, len), 0);
    ssize_t n = wait_for_word(fd, text, sizeof text - 1);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    ck_assert_str_eq(text, expected);
    close(fd);
}

static pid_t start(const char *program, const char *how, int *ret_fd)
{
    char name[4096], role[] = "new-server", part[16];
    char *argv[] = {name, role, part, NULL};
    snprintf(name, sizeof name, "%s", program);
    snprintf(part, sizeof part, "%s", how);
    pid_t pid = upgrade_start(&set, metrics, argv, ret_fd, &error);
    ck_assert_msg(pid > 0, "%s", error ? error : "out of memory");
    ck_assert(fcntl(*ret_fd, F_GETFD) & FD_CLOEXEC);
    ck_assert(fcntl(*ret_fd, F_GETFL) & O_NONBLOCK);
    return pid;
}

START_TEST(the_new_server_takes_over)
{
    int fd;
    char word[16];
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL); /* must not last */
    setenv("WATCHDOG_PID", "1", 1);
    pid_t pid = start("no/such/name", "serve", &fd); /* found by its own binary then */
    ck_assert_int_eq(wait_for_word(fd, word, sizeof word), 5);
    ck_assert_int_eq(memcmp(word, "ready", 5), 0);
    ck_assert_int_eq(wait_for_word(fd, word, sizeof word), 0);
    expect_answer("n=2 shared=0 metrics=1 file=1 dog=1 usr1=0 env=0");
    ck_assert_int_eq(exit_of(pid), 0);
    close(fd);
}
END_TEST

START_TEST(a_server_that_fails_is_noticed)
{
    int fd;
    char word[16];
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    ck_assert_int_gt(n, 0);
    self[n] = '\0';
    pid_t pid = start(self, "fail", &fd);
    ck_assert_int_eq(wait_for_word(fd, word, sizeof word), 0);
    ck_assert_int_eq(exit_of(pid), 3);
    close(fd);
    ck_assert_int_eq(access(metrics_path, F_OK), 0);
}
END_TEST

START_TEST(a_file_that_is_no_program)
{
    static char name[] = "./upgrade-no-program";
    char *argv[] = {name, NULL};
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0755), ready = -7;
    ck_assert_int_eq(write(fd, "\1\2\3\4", 4), 4);
    close(fd);
    pid_t pid = upgrade_start(&set, metrics, argv, &ready, &error);
    unlink(name);
    ck_assert_int_eq(pid, -ENOEXEC);
    ck_assert_ptr_nonnull(strstr(error, name));
    ck_assert_int_eq(ready, -7);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left behind */
}
END_TEST

START_TEST(a_server_of_its_own_is_none)
{
    setenv("CGW_UPGRADE_FD", "0", 1);
    setenv("LISTEN_PID", "1", 1);
    ck_assert(!upgrade_is_one());
    ck_assert_ptr_null(getenv("CGW_UPGRADE_FD"));
    upgrade_tell_ready();
    ck_assert_int_ge(fcntl(0, F_GETFD), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("upgrade");
    TCase *tcase = tcase_create("upgrade");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_new_server_takes_over);
    tcase_add_test(tcase, a_server_that_fails_is_noticed);
    tcase_add_test(tcase, a_file_that_is_no_program);
    tcase_add_test(tcase, a_server_of_its_own_is_none);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "new-server") == 0)
        return be_new_server(argv[2]);
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
