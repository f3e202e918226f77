/* A file is replaced as a whole or not at all, and nothing is left beside it. */
#include "files/writer.h"
#include "unit.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "check_writer.XXXXXX";

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    umask(027);
}

static void tear_down(void)
{
    char command[64];
    ck_assert_int_eq(chdir(".."), 0);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static size_t entries(void)
{
    size_t n = 0;
    DIR *dir = opendir(".");
    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static void is(const char *path, const char *text, mode_t mode)
{
    char buffer[64];
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ssize_t n = read(fd, buffer, sizeof(buffer) - 1);
    ck_assert_int_ge(n, 0);
    buffer[n] = '\0';
    ck_assert_str_eq(buffer, text);
    ck_assert_int_eq(fstat(fd, &info), 0);
    ck_assert_uint_eq(info.st_mode & 07777, mode);
    close(fd);
}

static int put(const char *path, const char *text, struct cgw_file_write_options options)
{
    struct writer writer;
    int status = writer_open(&writer, path, &options);
    if (status != CGW_OK)
        return status;
    (void)writer_put(&writer, text, strlen(text));
    return writer_close(&writer);
}
#define PUT(path, text, ...) put((path), (text), (struct cgw_file_write_options){__VA_ARGS__})

START_TEST(replaced)
{
    ck_assert_int_eq(PUT("a", "one"), CGW_OK);
    is("a", "one", 0640);
    ck_assert_int_eq(chmod("a", 0604), 0);
    ck_assert_int_eq(PUT("a", "two", .sync = true), CGW_OK);
    is("a", "two", 0604);
    ck_assert_int_eq(PUT("./a", "", .mode = 0666), CGW_OK);
    is("a", "", 0666);
    ck_assert_int_eq(mkdir("sub", 0700), 0);
    ck_assert_int_eq(PUT("sub/b", "three", .sync = true), CGW_OK);
    is("sub/b", "three", 0640);
    ck_assert_uint_eq(entries(), 2);
}
END_TEST

START_TEST(appended)
{
    ck_assert_int_eq(PUT("a", "one", .append = true, .mode = 0600), CGW_OK);
    ck_assert_int_eq(PUT("a", "two", .append = true, .sync = true), CGW_OK);
    is("a", "onetwo", 0600);
    ck_assert_int_eq(PUT("/dev/full", "x", .append = true), -ENOSPC);
    ck_assert_uint_eq(entries(), 1);
}
END_TEST

START_TEST(links_stay)
{
    ck_assert_int_eq(mkdir("sub", 0700), 0);
    ck_assert_int_eq(PUT("sub/a", "one"), CGW_OK);
    ck_assert_int_eq(symlink("sub/a", "link"), 0);
    ck_assert_int_eq(PUT("link", "two"), CGW_OK);
    is("sub/a", "two", 0640);
    ck_assert_int_ge((int)readlink("link", (char[8]){0}, 8), 0);
}
END_TEST

START_TEST(refused)
{
    char name[300];
    ck_assert_int_eq(mkdir("sub", 0700), 0);
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    ck_assert_int_eq(PUT("sub", "x"), -EISDIR);
    ck_assert_int_eq(PUT("sub", "x", .append = true), -EISDIR);
    ck_assert_int_eq(PUT("fifo", "x"), -EINVAL);
    ck_assert_int_eq(PUT("fifo", "x", .append = true), -EINVAL);
    int reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_eq(PUT("fifo", "x", .append = true), -EINVAL);
    close(reader);
    ck_assert_int_eq(PUT("none/a", "x"), CGW_ENOENT);
    ck_assert_int_eq(PUT("none/a", "x", .append = true), CGW_ENOENT);
    ck_assert_int_eq(PUT("", "x"), CGW_ENOENT);
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    ck_assert_int_eq(PUT(name, "x"), CGW_ENOENT);
    name[255] = '\0';
    ck_assert_int_eq(PUT(name, "x"), CGW_OK);
    ck_assert_uint_eq(entries(), 3);
}
END_TEST

/* A limit of the process stands for a disk that is full. */
START_TEST(full)
{
    const struct rlimit few = {10, 10};
    struct writer writer;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(PUT("a", "old"), CGW_OK);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
    ck_assert_int_eq(PUT("a", "more than ten bytes"), -EFBIG);
    is("a", "old", 0640);
    ck_assert_int_eq(writer_open(&writer, "a", &(struct cgw_file_write_options){.mode = 0}),
                     CGW_OK);
    ck_assert_int_eq(writer_put(&writer, "0123456789", 10), CGW_OK);
    ck_assert_int_eq(writer_put(&writer, "x", 1), -EFBIG);
    ck_assert_int_eq(writer_put(&writer, "", 0), -EFBIG);
    ck_assert_int_eq(writer_close(&writer), -EFBIG);
    is("a", "old", 0640);
    ck_assert_uint_eq(entries(), 1);
}
END_TEST

/* What is not for others is not for them while it is written, either. */
START_TEST(rights)
{
    static const int modes[] = {0600, 0, 04711};
    struct writer writer;
    struct stat info;
    ck_assert_int_eq(PUT("a", "x", .mode = 0400), CGW_OK);
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        ck_assert_int_eq(
            writer_open(&writer, "a", &(struct cgw_file_write_options){.mode = modes[i]}), CGW_OK);
        ck_assert_int_eq(stat(writer.beside, &info), 0);
        ck_assert_uint_eq(info.st_mode & 07777, modes[i] ? (mode_t)modes[i] : 0400);
        writer_drop(&writer);
    }
}
END_TEST

START_TEST(dropped)
{
    struct writer writer;
    ck_assert_int_eq(writer_open(&writer, "a", &(struct cgw_file_write_options){.mode = 0}),
                     CGW_OK);
    ck_assert_uint_eq(entries(), 1);
    ck_assert_int_eq(writer_put(&writer, "x", 1), CGW_OK);
    writer_drop(&writer);
    writer_drop(&writer);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("writer");
    TCase *tests = tcase_create("writer");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, replaced);
    tcase_add_test(tests, appended);
    tcase_add_test(tests, links_stay);
    tcase_add_test(tests, refused);
    tcase_add_test(tests, full);
    tcase_add_test(tests, dropped);
    tcase_add_test(tests, rights);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
