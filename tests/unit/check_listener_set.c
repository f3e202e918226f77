/* The supervisor's sockets: given ones first, one for each worker where that is wanted. */
#include "base/mem.h"
#include "net/inherited.h"
#include "net/listener_set.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { OUR_FDS = 20 }; /* from 3 on are the tests' own */

static struct settings settings;
static struct listener_set set;
static char *error;
static const char path[] = "listener-set.sock", metrics_path[] = "listener-set-metrics.sock";

static void setup(void)
{
    settings = (struct settings){
        .host = "127.0.0.1", .fd = -1, .backlog = 5, .workers = 1, .uds_mode = 0600};
    for (int fd = INHERITED_FIRST; fd < OUR_FDS; fd++)
        close(fd);
}

static void teardown(void)
{
    listener_set_close(&set);
    mem_free(error);
    unlink(path);
    unlink(metrics_path);
}

static int listening_at(int fd, int domain, const char *at, bool is_reuseport)
{
    const int on = 1;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_un un;
    } name = {.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    socklen_t len = sizeof name.v4;
    if (domain == AF_UNIX) {
        name.un = (struct sockaddr_un){.sun_family = AF_UNIX};
        strncpy(name.un.sun_path, at, sizeof name.un.sun_path - 1);
        len = sizeof name.un;
    }
    int made = socket(domain, SOCK_STREAM, 0);
    if (is_reuseport)
        setsockopt(made, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    ck_assert_int_eq(bind(made, &name.any, len), 0);
    ck_assert_int_eq(listen(made, 5), 0);
    if (made != fd) {
        ck_assert_int_eq(dup2(made, fd), fd);
        close(made);
    }
    return fd;
}

static void give(const char *count, const char *names)
{
    char pid[32];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", count, 1);
    if (names)
        setenv("LISTEN_FDNAMES", names, 1);
}

static void open_set(uint32_t n_workers)
{
    int rc = listener_set_open(&settings, n_workers, &set, &error);
    ck_assert_msg(rc == 0, "%s", error ? error : "out of memory");
}

static int refused(uint32_t n_workers, const char *with)
{
    int rc = listener_set_open(&settings, n_workers, &set, &error);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error, with) != NULL, "%s", error);
    ck_assert_uint_eq(set.n, 0);
    return rc;
}

START_TEST(one_for_all)
{
    open_set(3);
    ck_assert_uint_eq(set.n, 1);
    ck_assert(set.is_shared);
    ck_assert_int_eq(listener_set_grow(&settings, &set, &error), 0);
    ck_assert_uint_eq(set.n, 1);
}
END_TEST

START_TEST(one_for_each)
{
    settings.reuseport = true;
    open_set(3);
    ck_assert_uint_eq(set.n, 3);
    ck_assert(!set.is_shared);
    ck_assert_int_eq(listener_set_grow(&settings, &set, &error), 0);
    ck_assert_uint_eq(set.n, 4);
    for (size_t i = 1; i < set.n; i++) {
        ck_assert_uint_eq(set.items[i]->port, set.items[0]->port);
        ck_assert_int_ne(set.items[i]->fd, set.items[0]->fd);
    }
}
END_TEST

START_TEST(not_more_than_there_is_room_for)
{
    settings.reuseport = true;
    open_set(LISTENER_SET_MAX);
    ck_assert_int_eq(listener_set_grow(&settings, &set, &error), -E2BIG);
    ck_assert_uint_eq(set.n, LISTENER_SET_MAX);
    ck_assert_ptr_nonnull(strstr(error, "64 workers at most"));
}
END_TEST

START_TEST(a_unix_socket_is_always_shared)
{
    settings.reuseport = true;
    settings.uds = path;
    open_set(3);
    ck_assert_uint_eq(set.n, 1);
    ck_assert(set.is_shared);
    listener_set_close(&set);
    ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_disowned_file_stays)
{
    settings.uds = path;
    open_set(1);
    listener_set_disown(&set);
    listener_set_close(&set);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(what_a_manager_gives_comes_first)
{
    struct listener *metrics = NULL;
    listening_at(3, AF_INET, NULL, false);
    listening_at(4, AF_UNIX, metrics_path, false);
    listening_at(5, AF_UNIX, path, false);
    give("3", "http:metrics:other");
    settings.uds = "must-not-be-made.sock";
    open_set(2);
    ck_assert_uint_eq(set.n, 2);
    ck_assert(set.is_shared);
    ck_assert_int_eq(set.items[0]->fd, 3);
    ck_assert_int_eq(set.items[1]->fd, 5);
    ck_assert_str_eq(set.items[1]->address, path);
    ck_assert_int_eq(listener_open_metrics(&settings, &metrics, &error), 0);
    ck_assert_int_eq(metrics->fd, 4);
    ck_assert_ptr_null(getenv("LISTEN_FDS"));
    listener_set_own(&set);
    listener_set_close(&set);
    listener_close_endpoint(metrics);
    ck_assert_int_eq(access(path, F_OK), 0); /* the manager's */
    ck_assert_int_eq(access(metrics_path, F_OK), 0);
}
END_TEST

START_TEST(the_operator_overrules_a_manager)
{
    listening_at(3, AF_INET, NULL, false);
    settings.fd = listening_at(7, AF_INET, NULL, false);
    give("1", "http");
    open_set(1);
    ck_assert_uint_eq(set.n, 1);
    ck_assert_int_eq(set.items[0]->fd, 7);
}
END_TEST

START_TEST(an_upgrade_overrules_the_operator)
{
    listening_at(3, AF_UNIX, path, false);
    settings.fd = 7; /* which was open when the command line was written */
    give("1", "cgw-upgrade+file");
    open_set(1);
    ck_assert_int_eq(set.items[0]->fd, 3);
    listener_set_close(&set); /* it has failed: the file is the old server's */
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(an_upgrade_that_serves_owns_the_file)
{
    struct listener *metrics = NULL;
    listening_at(3, AF_UNIX, path, false);
    listening_at(4, AF_UNIX, metrics_path, false);
    give("2", "cgw-upgrade+file:metrics+file");
    open_set(1);
    ck_assert_int_eq(listener_open_metrics(&settings, &metrics, &error), 0);
    listener_set_own(&set);
    listener_own(metrics, true);
    listener_set_close(&set);
    listener_close_endpoint(metrics);
    ck_assert_int_lt(access(path, F_OK), 0);
    ck_assert_int_lt(access(metrics_path, F_OK), 0);
}
END_TEST

START_TEST(an_upgrade_splits_what_can_be_split)
{
    settings.reuseport = true;
    listening_at(3, AF_INET, NULL, true);
    give("1", "cgw-upgrade");
    open_set(3);
    ck_assert(!set.is_shared);
    ck_assert_uint_eq(set.n, 3);
    listener_set_close(&set);
    listening_at(3, AF_INET, NULL, false);
    give("1", "cgw-upgrade");
    open_set(3);
    ck_assert(set.is_shared);
    ck_assert_uint_eq(set.n, 1);
}
END_TEST

START_TEST(wrong_gifts_are_refused)
{
    ck_assert_int_eq(pipe2((int[2]){0}, 0), 0); /* 3 and 4 */
    give("1", NULL);
    ck_assert_int_eq(refused(1, "descriptor 3 (LISTEN_FDS)"), -EINVAL);
    mem_free(error);
    give("many", NULL);
    ck_assert_int_eq(refused(1, "LISTEN_FDS is \"many\""), -EINVAL);
    mem_free(error);
    give("30", NULL);
    ck_assert_int_eq(refused(1, "descriptor 5 is not open"), -EINVAL);
}
END_TEST

START_TEST(gifts_for_another_process_are_not_ours)
{
    listening_at(3, AF_INET, NULL, false);
    give("1", NULL);
    setenv("LISTEN_PID", "1", 1);
    open_set(1);
    ck_assert_int_ne(set.items[0]->fd, 3);
    ck_assert_ptr_null(getenv("LISTEN_PID"));
    ck_assert_int_ge(fcntl(3, F_GETFD), 0);
}
END_TEST

START_TEST(metrics_have_an_address_of_their_own)
{
    struct listener *metrics = NULL;
    ck_assert_int_eq(listener_open_metrics(&settings, &metrics, &error), 0);
    ck_assert_ptr_null(metrics);
    settings.metrics = "/metrics";
    ck_assert_int_eq(listener_open_metrics(&settings, &metrics, &error), 0);
    ck_assert_ptr_null(metrics);
    listener_close_endpoint(metrics);
    settings.metrics = "127.0.0.1:0";
    ck_assert_int_eq(listener_open_metrics(&settings, &metrics, &error), 0);
    ck_assert_uint_ne(metrics->port, 0);
    listener_close_endpoint(metrics);
    settings.metrics = "unix:listener-set-metrics.sock";
    ck_assert_int_eq(listener_open_metrics(&settings, &metrics, &error), 0);
    ck_assert_str_eq(metrics->address, metrics_path);
    listener_close_endpoint(metrics);
    ck_assert_int_lt(access(metrics_path, F_OK), 0);
}
END_TEST

START_TEST(metrics_take_brackets_off)
{
    struct listener *metrics = NULL;
    settings.metrics = "[::1]:0";
    int rc = listener_open_metrics(&settings, &metrics, &error);
    if (rc == 0) {
        ck_assert_str_eq(metrics->address, "::1");
        listener_close_endpoint(metrics);
    } else { /* a machine without IPv6 */
        ck_assert_ptr_nonnull(strstr(error, "::1 port 0"));
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("listener_set");
    TCase *tcase = tcase_create("listener_set");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, one_for_all);
    tcase_add_test(tcase, one_for_each);
    tcase_add_test(tcase, not_more_than_there_is_room_for);
    tcase_add_test(tcase, a_unix_socket_is_always_shared);
    tcase_add_test(tcase, a_disowned_file_stays);
    tcase_add_test(tcase, what_a_manager_gives_comes_first);
    tcase_add_test(tcase, the_operator_overrules_a_manager);
    tcase_add_test(tcase, an_upgrade_overrules_the_operator);
    tcase_add_test(tcase, an_upgrade_that_serves_owns_the_file);
    tcase_add_test(tcase, an_upgrade_splits_what_can_be_split);
    tcase_add_test(tcase, wrong_gifts_are_refused);
    tcase_add_test(tcase, gifts_for_another_process_are_not_ours);
    tcase_add_test(tcase, metrics_have_an_address_of_their_own);
    tcase_add_test(tcase, metrics_take_brackets_off);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    while (open("/dev/null", O_RDWR) < OUR_FDS - 1)
        ; /* so that Check keeps its own above */
    SRunner *runner = srunner_create(make_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
