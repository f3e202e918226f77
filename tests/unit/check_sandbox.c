/* What a sandboxed process can still reach, and that the rest is refused by the kernel. */
#include "base/log.h"
#include "base/mem.h"
#include "proc/system/sandbox.h"
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LANDLOCK_CREATE = 444 };

static struct settings settings;
static char folder[] = "/tmp/sandbox-XXXXXX";
static char *error;
static long landlock;

static const char *in(const char *name)
{
    static char paths[4][96];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

/* Folders: read, write, out, logs; a file in each. */
static void setup(void)
{
    static const char *const names[] = {"read", "write", "out", "logs"};
    char file[64];
    landlock = syscall(LANDLOCK_CREATE, NULL, 0, 1);
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(mkdir(in(names[i]), 0755), 0);
        snprintf(file, sizeof file, "%s/file", names[i]);
        write_file(in(file), names[i]);
    }
    write_file(in("module.so"), "module");
}

static void teardown(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    mem_free(error);
}

/* errno of opening it so, or 0. */
static int try_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    int rc = fd < 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

#define EXPECT(what, value)        \
    do {                           \
        if ((what) != (value))     \
            return __LINE__ % 251; \
    } while (0)

static int look_at_files(void)
{
    EXPECT(try_open(in("read/file"), O_RDONLY), 0);
    EXPECT(try_open(in("read/file"), O_WRONLY), EACCES);
    EXPECT(try_open(in("read/new"), O_WRONLY | O_CREAT), EACCES);
    EXPECT(try_open(in("write/file"), O_RDWR | O_TRUNC), 0);
    EXPECT(try_open(in("write/new"), O_RDWR | O_CREAT | O_EXCL), 0);
    EXPECT(rename(in("write/new"), in("write/newer")), 0);
    EXPECT(mkdir(in("write/deep"), 0700), 0);
    EXPECT(unlink(in("write/newer")), 0);
    EXPECT(try_open(in("out/file"), O_RDONLY), EACCES);
    EXPECT(try_open(in("out/new"), O_WRONLY | O_CREAT), EACCES);
    EXPECT(try_open(in("out"), O_RDONLY | O_DIRECTORY), EACCES);
    EXPECT(access(in("out/file"), R_OK), 0); /* by the rights of the user it would be fine */
    EXPECT(unlink(in("out/file")), -1);
    EXPECT(errno, EACCES);
    EXPECT(try_open(in("module.so"), O_RDONLY), 0);
    EXPECT(try_open(in("logs/error.log"), O_WRONLY | O_APPEND | O_CREAT), 0);
    EXPECT(try_open(in("logs/file"), O_RDONLY), EACCES);
    return 0;
}

static int look_at_system(void)
{
    EXPECT(try_open("/etc/passwd", O_RDONLY), 0);
    EXPECT(try_open("/etc/passwd", O_RDWR), EACCES);
    EXPECT(try_open("/usr/bin", O_RDONLY | O_DIRECTORY), 0);
    EXPECT(try_open("/proc/self/status", O_RDONLY), 0);
    EXPECT(try_open("/proc/1/status", O_RDONLY), EACCES);
    EXPECT(try_open("/dev/null", O_RDWR), 0);
    EXPECT(try_open("/dev/urandom", O_RDONLY), 0);
    EXPECT(try_open("/dev/zero", O_RDONLY), EACCES);
    EXPECT(try_open("/root", O_RDONLY | O_DIRECTORY), EACCES);
    if (landlock >= 6) {
        EXPECT(kill(getppid(), 0), -1);
        EXPECT(errno, EPERM);
    }
    EXPECT(kill(getpid(), 0), 0);
    return 0;
}

static int look_at_network(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int here = socket(AF_INET, SOCK_STREAM, 0), there = socket(AF_INET, SOCK_STREAM, 0);
    EXPECT(bind(here, (struct sockaddr *)&at, sizeof at), 0);
    EXPECT(listen(here, 1), 0);
    EXPECT(getsockname(here, (struct sockaddr *)&at, &len), 0);
    EXPECT(connect(there, (struct sockaddr *)&at, sizeof at), 0);
    return 0;
}

static int look_at_programs(void)
{
    EXPECT(system("exit 7"), 7 << 8);
    if (chmod(in("read/file"), 0755) < 0)
        return 0; /* a mode that lets it run was set before, then */
    execl(in("read/file"), "file", (char *)NULL);
    EXPECT(errno, EACCES);
    return 0;
}

static int enter(void)
{
    static const char *paths[2];
    static const char *also[1];
    static char writes[96], log[96];
    snprintf(writes, sizeof writes, "rw:%s", in("write"));
    snprintf(log, sizeof log, "%s", in("logs/error.log"));
    paths[0] = in("read");
    paths[1] = writes;
    also[0] = in("module.so");
    settings = (struct settings){.sandbox = {paths, 2}, .error_log = log};
    return sandbox_enter(&settings, also, 1, &error);
}

static void in_child(int (*look)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (enter() < 0)
            _exit(255);
        _exit(look());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == 0, "line (modulo 251) %d", WEXITSTATUS(status));
}

START_TEST(files)
{
    if (landlock >= 3)
        in_child(look_at_files);
}
END_TEST

START_TEST(the_system)
{
    if (landlock >= 1)
        in_child(look_at_system);
}
END_TEST

START_TEST(the_network_is_free)
{
    in_child(look_at_network);
}
END_TEST

START_TEST(programs)
{
    if (landlock >= 1)
        in_child(look_at_programs);
}
END_TEST

static void *sleep_on(void *arg)
{
    pause();
    return arg;
}

static void *open_there(void *arg)
{
    *(int *)arg = try_open(in("out/file"), O_RDONLY);
    return NULL;
}

static int look_in_thread(void)
{
    pthread_t thread;
    int rc = 0;
    EXPECT(pthread_create(&thread, NULL, open_there, &rc), 0);
    EXPECT(pthread_join(thread, NULL), 0);
    EXPECT(rc, EACCES);
    return 0;
}

START_TEST(threads_of_later)
{
    if (landlock >= 1)
        in_child(look_in_thread);
}
END_TEST

/* What is said on standard error by a child that enters; with a thread of its own already, or not.
 */
static void read_log(bool has_thread, char *dst, size_t room)
{
    int fds[2];
    size_t used = 0;
    ck_assert_int_eq(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        dup2(fds[1], STDERR_FILENO);
        if (has_thread && pthread_create(&thread, NULL, sleep_on, NULL) != 0)
            _exit(1);
        _exit(enter() < 0);
    }
    close(fds[1]);
    for (ssize_t n = 1; n > 0; used += (size_t)n) {
        n = read(fds[0], dst + used, room - used - 1);
        ck_assert_int_ge(n, 0);
    }
    dst[used] = '\0';
    close(fds[0]);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(the_log_says_what_is_allowed)
{
    char line[4096], words[256];
    read_log(false, line, sizeof line);
    if (landlock < 1) {
        ck_assert_ptr_nonnull(strstr(line, "CGW0151"));
        return;
    }
    ck_assert_ptr_nonnull(strstr(line, "CGW0150"));
    ck_assert_ptr_nonnull(strstr(line, "any file but these is forbidden"));
#ifndef SANITIZED /* which may have a thread of its own */
    ck_assert_ptr_null(strstr(line, "CGW0152"));
#endif
    snprintf(words, sizeof words, "%s,%s write=/dev/null,%s", in("read"), in("module.so"),
             in("write"));
    ck_assert_msg(strstr(line, words) != NULL, "%s", line);
}
END_TEST

START_TEST(the_log_says_which_threads_are_free)
{
    char lines[4096];
    read_log(true, lines, sizeof lines);
    if (landlock >= 1)
        ck_assert_msg(strstr(lines, "CGW0152") && strstr(lines, "threads="), "%s", lines);
}
END_TEST

START_TEST(a_missing_path_is_said)
{
    const char *paths[] = {"rw:/no/such/folder"};
    settings = (struct settings){.sandbox = {paths, 1}};
    if (landlock < 1)
        return;
    ck_assert_int_eq(sandbox_enter(&settings, NULL, 0, &error), -ENOENT);
    ck_assert_ptr_nonnull(strstr(error, "--sandbox: /no/such/folder is not there"));
    ck_assert_int_eq(try_open(in("out/file"), O_RDONLY), 0);
}
END_TEST

START_TEST(without_the_option_nothing_happens)
{
    settings = (struct settings){.sandbox = {NULL, 0}};
    ck_assert_int_eq(sandbox_enter(&settings, NULL, 0, &error), 0);
    ck_assert_int_eq(try_open(in("out/file"), O_RDONLY), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *tcase = tcase_create("sandbox");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, files);
    tcase_add_test(tcase, the_system);
    tcase_add_test(tcase, the_network_is_free);
    tcase_add_test(tcase, programs);
    tcase_add_test(tcase, threads_of_later);
    tcase_add_test(tcase, the_log_says_what_is_allowed);
    tcase_add_test(tcase, the_log_says_which_threads_are_free);
    tcase_add_test(tcase, a_missing_path_is_said);
    tcase_add_test(tcase, without_the_option_nothing_happens);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
