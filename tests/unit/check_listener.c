/* One listening socket: what is replaced, what is refused, whose the file is, what it says. */
#include "base/mem.h"
#include "net/listener.h"
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

static char folder[] = "listener-XXXXXX";
static char path[64], other[64];
static char *error;

static void setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/socket", folder);
    snprintf(other, sizeof other, "%s/other", folder);
}

static void teardown(void)
{
    unlink(path);
    unlink(other);
    ck_assert_int_eq(rmdir(folder), 0);
    mem_free(error);
}

static struct listener *open_unix(void)
{
    const struct listener_place place = {
        .uds = path, .uds_mode = 0600, .backlog = 5, .option = "--uds"};
    struct listener *listener = NULL;
    ck_assert_int_eq(listener_open_at(&place, &listener, &error), 0);
    ck_assert_ptr_null(error);
    return listener;
}

static int refused_unix(const char *with)
{
    const struct listener_place place = {
        .uds = path, .uds_mode = 0600, .backlog = 5, .option = "--uds"};
    struct listener *listener = NULL;
    int rc = listener_open_at(&place, &listener, &error);
    ck_assert_ptr_null(listener);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error, with) && strstr(error, path), "%s", error);
    return rc;
}

START_TEST(a_unix_socket_is_born_with_its_mode)
{
    struct stat info;
    mode_t old = umask(0);
    struct listener *listener = open_unix();
    ck_assert_int_eq(umask(old), 0);
    ck_assert_int_eq(lstat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, 0600);
    ck_assert(listener->is_unix && listener->owns_file && listener->made_file);
    listener_unlink(listener);
    ck_assert_int_lt(lstat(path, &info), 0);
    listener_free(listener);
}
END_TEST

START_TEST(freeing_leaves_the_file)
{
    struct stat info;
    listener_free(open_unix());
    ck_assert_int_eq(lstat(path, &info), 0);
}
END_TEST

START_TEST(a_stale_socket_is_replaced)
{
    struct stat before, after;
    listener_free(open_unix());
    ck_assert_int_eq(lstat(path, &before), 0);
    ck_assert_int_eq(link(path, other), 0); /* keeps its number from being used again */
    struct listener *listener = open_unix();
    ck_assert_int_eq(lstat(path, &after), 0);
    ck_assert_uint_ne(before.st_ino, after.st_ino);
    listener_free(listener);
}
END_TEST

START_TEST(what_is_no_stale_socket_stays)
{
    struct listener *listener = open_unix();
    ck_assert_int_eq(refused_unix("in use"), -EADDRINUSE);
    mem_free(error);
    listener_unlink(listener);
    listener_free(listener);
    ck_assert_int_eq(symlink("nowhere", path), 0);
    ck_assert_int_eq(refused_unix("a symbolic link"), -EEXIST);
    mem_free(error);
    unlink(path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(refused_unix("no socket"), -EEXIST);
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

START_TEST(a_path_may_be_too_long)
{
    char longest[200];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const struct listener_place place = {.uds = longest, .backlog = 5, .option = "--uds"};
    struct listener *listener = NULL;
    ck_assert_int_eq(listener_open_at(&place, &listener, &error), -ENAMETOOLONG);
    ck_assert_ptr_nonnull(strstr(error, "at most 107 bytes"));
}
END_TEST

START_TEST(the_file_of_another_is_not_removed)
{
    struct stat info;
    struct listener *listener = open_unix();
    ck_assert_int_eq(rename(path, other), 0);
    struct listener *next = open_unix();
    listener_unlink(listener);
    ck_assert_int_eq(lstat(path, &info), 0);
    listener_free(listener);
    listener_unlink(next);
    ck_assert_int_lt(lstat(path, &info), 0);
    listener_free(next);
}
END_TEST

static struct listener *open_tcp(bool is_reuseport)
{
    const struct listener_place place = {
        .host = "127.0.0.1", .backlog = 5, .is_reuseport = is_reuseport, .option = "--port"};
    struct listener *listener = NULL;
    ck_assert_int_eq(listener_open_at(&place, &listener, &error), 0);
    ck_assert_uint_ne(listener->port, 0);
    ck_assert_int_eq(listener->is_reuseport, is_reuseport);
    return listener;
}

START_TEST(the_kernel_chooses_a_port_that_is_told)
{
    struct listener *listener = open_tcp(false);
    char expected[64], *url = listener_url(listener);
    snprintf(expected, sizeof expected, "http://127.0.0.1:%u", listener->port);
    ck_assert_str_eq(url, expected);
    mem_free(url);
    listener_free(listener);
}
END_TEST

START_TEST(advice_names_the_option)
{
    struct listener *taken = open_tcp(false), *listener = NULL;
    struct listener_place place = {
        .host = "127.0.0.1", .port = taken->port, .backlog = 5, .option = "--port"};
    ck_assert_int_eq(listener_open_at(&place, &listener, &error), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(error, "another program listens there: choose another --port"));
    mem_free(error);
    place.option = "--metrics";
    ck_assert_int_eq(listener_open_at(&place, &listener, &error), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(error, "choose another --metrics"));
    mem_free(error);
    place.host = "192.0.2.1"; /* nobody's */
    ck_assert_int_eq(listener_open_at(&place, &listener, &error), -EADDRNOTAVAIL);
    listener_free(taken);
}
END_TEST

START_TEST(one_more_beside_where_both_allow_it)
{
    struct listener *first = open_tcp(true), *second = NULL;
    ck_assert_int_eq(listener_open_beside(first, 5, &second, &error), 0);
    ck_assert_uint_eq(first->port, second->port);
    ck_assert(second->is_reuseport);
    listener_free(second);
    listener_free(first);
    first = open_tcp(false);
    ck_assert_int_eq(listener_open_beside(first, 5, &second, &error), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(error, "--reuseport"));
    listener_free(first);
}
END_TEST

static int listening_socket(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    return fd;
}

START_TEST(an_adopted_descriptor_is_kept_from_others)
{
    struct listener *listener = NULL;
    int fd = listening_socket();
    ck_assert_int_eq(listener_adopt(fd, "--fd", &listener, &error), 0);
    ck_assert_int_eq(listener->fd, fd);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    ck_assert(!listener->made_file);
    listener_free(listener);
}
END_TEST

START_TEST(standard_input_stays_taken)
{
    struct listener *listener = NULL;
    struct stat info;
    int fd = listening_socket();
    ck_assert_int_eq(dup2(fd, 0), 0);
    close(fd);
    ck_assert_int_eq(listener_adopt(0, "--fd", &listener, &error), 0);
    ck_assert_int_ge(listener->fd, 3);
    ck_assert_int_eq(fstat(0, &info), 0);
    ck_assert(S_ISCHR(info.st_mode));
    listener_free(listener);
}
END_TEST

START_TEST(what_does_not_listen_is_refused)
{
    struct listener *listener = NULL;
    int fds[2], datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(pipe(fds), 0);
    const int bad[] = {fds[0], datagrams, 987};
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(listener_adopt(bad[i], "LISTEN_FDS", &listener, &error), -EINVAL);
        ck_assert_ptr_nonnull(strstr(error, "(LISTEN_FDS) is no listening stream socket"));
        mem_free(error);
        error = NULL;
    }
    ck_assert_ptr_null(listener);
    ck_assert_int_ge(fcntl(fds[0], F_GETFD), 0); /* still the caller's */
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("listener");
    TCase *tcase = tcase_create("listener");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_unix_socket_is_born_with_its_mode);
    tcase_add_test(tcase, freeing_leaves_the_file);
    tcase_add_test(tcase, a_stale_socket_is_replaced);
    tcase_add_test(tcase, what_is_no_stale_socket_stays);
    tcase_add_test(tcase, a_path_may_be_too_long);
    tcase_add_test(tcase, the_file_of_another_is_not_removed);
    tcase_add_test(tcase, the_kernel_chooses_a_port_that_is_told);
    tcase_add_test(tcase, advice_names_the_option);
    tcase_add_test(tcase, one_more_beside_where_both_allow_it);
    tcase_add_test(tcase, an_adopted_descriptor_is_kept_from_others);
    tcase_add_test(tcase, standard_input_stays_taken);
    tcase_add_test(tcase, what_does_not_listen_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
