/*
 * The folder that modules are loaded from: where it is made, what becomes of it, and what a copy
 * is. Runs in the build tree, where modules/ holds real ones.
 */
#include "app/module.h"
#include "base/mem.h"
#include "proc/dev/module_store.h"
#include "proc/system/privileges.h"
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODULE "modules/hello.so"

static char folder[] = "/tmp/check_module_store.XXXXXX";
static struct settings settings;
static struct module_store *store;
static char *error;

/* ---- a file system that plays up: these stand before the C library's ---- */

static const char *noexec;    /* below this path */
static int copy_error;        /* of copy_file_range() */
static size_t room = 1 << 30; /* on the disk */

int statvfs(const char *path, struct statvfs *ret)
{
    memset(ret, 0, sizeof *ret);
    if (noexec && strncmp(path, noexec, strlen(noexec)) == 0)
        ret->f_flag = ST_NOEXEC;
    return access(path, F_OK);
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t n,
                        unsigned flags)
{
    if (copy_error) {
        errno = copy_error;
        return -1;
    }
    if (room == 0) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t done =
        syscall(SYS_copy_file_range, from, from_at, to, to_at, n < room ? n : room, flags);
    if (done > 0)
        room -= (size_t)done;
    return done;
}

/* ---- helpers ---- */

__attribute__((format(printf, 1, 2))) static const char *in_folder(const char *format, ...)
{
    static char path[8][4096];
    static int next;
    char *dst = path[next++ % 8];
    va_list args;
    int n = snprintf(dst, sizeof path[0], "%s/", folder);
    va_start(args, format);
    vsnprintf(dst + n, sizeof path[0] - (size_t)n, format, args);
    va_end(args);
    return dst;
}

static void set_up(void)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    settings = (struct settings){.module = MODULE};
    setenv("XDG_RUNTIME_DIR", folder, 1);
    unsetenv("TMPDIR");
    noexec = NULL;
    copy_error = 0;
    room = 1 << 30;
    store = NULL;
    error = NULL;
}

static void tear_down(void)
{
    char command[256];
    module_store_close(store);
    mem_free(error);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void open_store(const struct privileges *privileges)
{
    int status = module_store_open(&settings, privileges, &store, &error);
    ck_assert_msg(status == 0, "%d %s", status, error);
}

static int entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;
    ck_assert_msg(dir != NULL, "%s: %s", path, strerror(errno));
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void copy_file(const char *from, const char *to)
{
    char command[8300];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    ck_assert_int_eq(system(command), 0);
}

static char *copy(const char *path, uint32_t generation)
{
    char *made = NULL;
    int status = module_store_copy(store, path, generation, &made, &error);
    ck_assert_msg(status == 0, "%d %s", status, error);
    return made;
}

static void assert_no_copy(const char *path, int wanted, const char *text)
{
    char *made = folder;
    int status = module_store_copy(store, path, 1, &made, &error);
    ck_assert_msg(status == wanted, "%d, wanted %d: %s", status, wanted, error);
    ck_assert_msg(error && strncmp(error, path, strlen(path)) == 0 && strstr(error, text),
                  "'%s' lacks '%s'", error, text);
    ck_assert_ptr_null(strchr(error, '\n'));
    ck_assert_ptr_eq(made, folder);
    ck_assert_int_eq(entries(module_store_folder(store)), 0);
    mem_free(error);
    error = NULL;
}

/* ---- the folder ---- */

START_TEST(the_folder_is_private_and_goes_with_the_store)
{
    struct stat st;
    char path[4096], pid[32];
    open_store(NULL);
    snprintf(path, sizeof path, "%s", module_store_folder(store));
    snprintf(pid, sizeof pid, "cgw-serve.%d.", (int)getpid());
    ck_assert_msg(strstr(path, pid) && strncmp(path, folder, strlen(folder)) == 0, "%s", path);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0700);
    mem_free(copy(MODULE, 1));
    module_store_close(store);
    store = NULL;
    ck_assert_int_lt(access(path, F_OK), 0);
}
END_TEST

START_TEST(a_child_leaves_the_folder_alone)
{
    int status;
    open_store(NULL);
    char *made = copy(MODULE, 1);
    pid_t pid = fork();
    if (pid == 0) {
        module_store_close(store);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(access(made, F_OK), 0);
    mem_free(made);
}
END_TEST

START_TEST(a_folder_that_will_not_do_is_passed_over)
{
    ck_assert_int_eq(mkdir(in_folder("tmp"), 0755), 0);
    setenv("TMPDIR", in_folder("tmp"), 1);
    setenv("XDG_RUNTIME_DIR", in_folder("none"), 1);
    open_store(NULL);
    ck_assert_ptr_nonnull(strstr(module_store_folder(store), "/tmp/cgw-serve."));
    module_store_close(store);
    ck_assert_int_eq(mkdir(in_folder("run"), 0755), 0);
    setenv("XDG_RUNTIME_DIR", in_folder("run"), 1);
    noexec = in_folder("run");
    open_store(NULL);
    ck_assert_ptr_nonnull(strstr(module_store_folder(store), in_folder("tmp/cgw-serve.")));
    module_store_close(store);
    ck_assert_int_eq(mkdir(in_folder("do$$ar"), 0755), 0);
    setenv("XDG_RUNTIME_DIR", in_folder("do$$ar"), 1);
    open_store(NULL);
    ck_assert_ptr_nonnull(strstr(module_store_folder(store), in_folder("tmp/cgw-serve.")));
}
END_TEST

START_TEST(when_no_folder_will_do_all_are_named)
{
    noexec = "/";
    setenv("TMPDIR", in_folder("none"), 1);
    ck_assert_int_eq(module_store_open(&settings, NULL, &store, &error), -EACCES);
    ck_assert_ptr_nonnull(strstr(error, "$XDG_RUNTIME_DIR "));
    ck_assert_ptr_nonnull(strstr(error, "/none: No such file or directory"));
    ck_assert_ptr_nonnull(strstr(error, "/tmp: mounted noexec"));
    ck_assert_ptr_nonnull(strstr(error, "set TMPDIR to a folder"));
    ck_assert_ptr_null(strchr(error, '\n'));
}
END_TEST

/* ---- another user's workers ---- */

START_TEST(the_workers_group_may_read_but_not_write)
{
    struct privileges other = {.has_user = true, .uid = 65534, .gid = 65534};
    struct stat st;
    if (geteuid() != 0)
        other.gid = getegid(); /* the only one that can be given */
    open_store(&other);
    ck_assert_int_eq(stat(module_store_folder(store), &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0750);
    ck_assert_uint_eq(st.st_gid, other.gid);
    ck_assert_uint_eq(st.st_uid, geteuid());
    char *made = copy(MODULE, 1);
    ck_assert_int_eq(stat(made, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0755);
    mem_free(made);
}
END_TEST

START_TEST(a_folder_that_the_workers_cannot_reach_is_passed_over)
{
    struct privileges other = {.has_user = true, .uid = 65534, .gid = getegid() + 1};
    ck_assert_int_eq(mkdir(in_folder("mine"), 0700), 0);
    ck_assert_int_eq(mkdir(in_folder("mine/run"), 0755), 0);
    setenv("XDG_RUNTIME_DIR", in_folder("mine/run"), 1);
    if (geteuid() != 0)
        other.gid = getegid();
    if (module_store_open(&settings, &other, &store, &error) == 0)
        ck_assert_int_eq(strncmp(module_store_folder(store), "/tmp/cgw-serve.", 15), 0);
    else
        ck_assert_ptr_nonnull(strstr(error, "run: the workers' user cannot get there"));
    ck_assert_int_eq(entries(in_folder("mine/run")), 0);
    other.uid = geteuid(); /* who is let in */
    mem_free(error);
    error = NULL;
    module_store_close(store);
    other.gid = getegid();
    open_store(&other);
    ck_assert_ptr_nonnull(strstr(module_store_folder(store), "/mine/run/cgw-serve."));
}
END_TEST

/* ---- what others left behind ---- */

static pid_t dead_pid(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return pid;
}

static const char *leave_behind(pid_t pid, const char *end)
{
    const char *path = in_folder("cgw-serve.%d%s", (int)pid, end);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    write_file(in_folder("cgw-serve.%d%s/app.g1.so", (int)pid, end), "old");
    return path;
}

START_TEST(folders_of_the_dead_are_removed_and_no_others)
{
    pid_t dead = dead_pid();
    const char *old = leave_behind(dead, ".abcdef"), *alive = leave_behind(getppid(), ".abcdef");
    const char *other = leave_behind(dead, "abcdef"), *none = leave_behind(0, ".abcdef");
    open_store(NULL);
    ck_assert_int_lt(access(old, F_OK), 0);
    ck_assert_int_eq(access(alive, F_OK), 0);
    ck_assert_int_eq(access(other, F_OK), 0);
    ck_assert_int_eq(access(none, F_OK), 0);
    ck_assert_int_eq(entries(folder), 4); /* those three and the new one */
}
END_TEST

/* The supervisor was killed; its worker, forked after the folder was made, serves on. */
START_TEST(a_folder_stays_while_a_worker_of_it_lives)
{
    int ready[2], hold[2];
    char c;
    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(hold), 0);
    pid_t supervisor = fork();
    if (supervisor == 0) {
        open_store(NULL);
        mem_free(copy(MODULE, 1));
        if (fork() == 0) {
            close(hold[1]);
            ck_assert_int_eq(read(hold[0], &c, 1), 0);
            _exit(0);
        }
        ck_assert_int_eq(write(ready[1], "", 1), 1);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(supervisor, NULL, 0), supervisor);
    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    open_store(NULL);
    ck_assert_int_eq(entries(folder), 2);
    module_store_close(store);
    close(hold[1]); /* the worker ends */
    for (int i = 0; i < 500 && entries(folder) > 0; i++) {
        usleep(10000);
        open_store(NULL);
        module_store_close(store);
    }
    store = NULL;
    ck_assert_int_eq(entries(folder), 0);
}
END_TEST

/* ---- copies ---- */

static size_t size_of(const char *path)
{
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    return (size_t)st.st_size;
}

START_TEST(a_copy_has_a_fresh_name_and_can_be_loaded)
{
    const struct cgw_app *app;
    open_store(NULL);
    char *first = copy(MODULE, 7), *second = copy(MODULE, 7), *third = copy(MODULE, 8);
    ck_assert_str_eq(strrchr(first, '/'), "/hello.g7.so");
    ck_assert_str_eq(strrchr(second, '/'), "/hello.g7.2.so");
    ck_assert_str_eq(strrchr(third, '/'), "/hello.g8.so");
    ck_assert_uint_eq(size_of(first), size_of(MODULE));
    ck_assert_int_eq(module_load(MODULE, first, &app, &error), 0);
    ck_assert_str_eq(app->name, "hello");
    module_store_drop(store, first);
    ck_assert_int_lt(access(first, F_OK), 0);
    ck_assert_int_eq(access(second, F_OK), 0);
    mem_free(first);
    mem_free(second);
    mem_free(third);
}
END_TEST

START_TEST(a_kernel_that_does_not_copy_is_not_needed)
{
    static const int errors[] = {EXDEV, ENOSYS, EINVAL, EOPNOTSUPP};
    open_store(NULL);
    copy_error = errors[_i];
    char *made = copy(MODULE, 1);
    ck_assert_uint_eq(size_of(made), size_of(MODULE));
    mem_free(made);
}
END_TEST

START_TEST(a_full_disk_is_named_and_nothing_stays)
{
    open_store(NULL);
    room = 4096;
    assert_no_copy(MODULE, -ENOSPC, "the disk is full: make room there, or set TMPDIR");
    room = 1 << 30;
    copy_error = EDQUOT;
    assert_no_copy(MODULE, -ENOSPC, "the disk is full");
    copy_error = EIO;
    assert_no_copy(MODULE, -EIO, "cannot be copied");
}
END_TEST

START_TEST(what_is_no_whole_module_is_refused)
{
    open_store(NULL);
    assert_no_copy(in_folder("none.so"), -ENOENT, "cannot be found");
    assert_no_copy(folder, -EINVAL, "a folder, wanted a shared object");
    write_file(in_folder("text.so"), "no module");
    assert_no_copy(in_folder("text.so"), -ENOEXEC, ": no ELF file");
    write_file(in_folder("empty.so"), "");
    assert_no_copy(in_folder("empty.so"), -ENOEXEC, ": empty");
    copy_file(MODULE, in_folder("cut.so"));
    ck_assert_int_eq(truncate(in_folder("cut.so"), (off_t)size_of(MODULE) / 2), 0);
    assert_no_copy(in_folder("cut.so"), -ENOEXEC, "truncated");
    ck_assert_int_eq(mkfifo(in_folder("pipe.so"), 0600), 0);
    assert_no_copy(in_folder("pipe.so"), -EINVAL, "a pipe, wanted a shared object");
}
END_TEST

START_TEST(names_for_a_build_are_free_and_after_the_source)
{
    settings.module = "src/my app.c";
    open_store(NULL);
    char *name = module_store_name(store, 3);
    ck_assert_str_eq(strrchr(name, '/'), "/my app.g3.so");
    ck_assert_int_lt(access(name, F_OK), 0);
    write_file(name, "built");
    char *next = module_store_name(store, 3);
    ck_assert_str_eq(strrchr(next, '/'), "/my app.g3.2.so");
    mem_free(name);
    mem_free(next);
}
END_TEST

START_TEST(a_name_that_the_loader_would_change_is_replaced)
{
    copy_file(MODULE, in_folder("a$ORIGIN.so"));
    open_store(NULL);
    char *made = copy(in_folder("a$ORIGIN.so"), 1);
    ck_assert_str_eq(strrchr(made, '/'), "/module.g1.so");
    mem_free(made);
}
END_TEST

START_TEST(only_what_is_in_the_folder_is_dropped)
{
    open_store(NULL);
    copy_file(MODULE, in_folder("app.so"));
    module_store_drop(store, in_folder("app.so"));
    module_store_drop(store, NULL);
    char *outside = mem_printf("%s/../app.so", module_store_folder(store));
    module_store_drop(store, outside);
    ck_assert_int_eq(access(in_folder("app.so"), F_OK), 0);
    mem_free(outside);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("module_store");
    TCase *tests = tcase_create("store");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_folder_is_private_and_goes_with_the_store);
    tcase_add_test(tests, a_child_leaves_the_folder_alone);
    tcase_add_test(tests, a_folder_that_will_not_do_is_passed_over);
    tcase_add_test(tests, when_no_folder_will_do_all_are_named);
    tcase_add_test(tests, the_workers_group_may_read_but_not_write);
    tcase_add_test(tests, a_folder_that_the_workers_cannot_reach_is_passed_over);
    tcase_add_test(tests, folders_of_the_dead_are_removed_and_no_others);
    tcase_add_test(tests, a_folder_stays_while_a_worker_of_it_lives);
    tcase_add_test(tests, a_copy_has_a_fresh_name_and_can_be_loaded);
    tcase_add_loop_test(tests, a_kernel_that_does_not_copy_is_not_needed, 0, 4);
    tcase_add_test(tests, a_full_disk_is_named_and_nothing_stays);
    tcase_add_test(tests, what_is_no_whole_module_is_refused);
    tcase_add_test(tests, names_for_a_build_are_free_and_after_the_source);
    tcase_add_test(tests, a_name_that_the_loader_would_change_is_replaced);
    tcase_add_test(tests, only_what_is_in_the_folder_is_dropped);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
