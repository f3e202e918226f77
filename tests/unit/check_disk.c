/* What the system says has a code of its own, and names beside fit where the name did. */
#include "base/disk.h"
#include "base/memory.h"
#include "unit.h"
#include <cgw/base.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No error of the system is taken for a code of the interface or the SDK that means another thing.
 */
START_TEST(codes)
{
    ck_assert_int_eq(disk_code(0), CGW_OK);
    ck_assert_int_eq(disk_code(ENOENT), CGW_ENOENT);
    ck_assert_int_eq(disk_code(EXDEV), CGW_ENOENT);
    ck_assert_int_eq(disk_code(ENOMEM), CGW_ENOMEM);
    ck_assert_int_eq(disk_code(EPERM), -EACCES);
    ck_assert_int_eq(disk_code(ENXIO), -EINVAL);
    ck_assert_int_eq(disk_code(EIO), CGW_EIO);
    ck_assert_int_eq(disk_code(ENOSPC), -ENOSPC);
    for (int error = 1; error < 134; error++) {
        int code = disk_code(error);
        ck_assert_int_lt(code, 0);
        bool is_own = code == CGW_ENOENT || code == CGW_ENOMEM || code == CGW_EIO;
        ck_assert_msg(is_own || strcmp(cgw_strerror(code), strerror(-code)) == 0, "%d: %s", error,
                      cgw_strerror(code));
    }
}
END_TEST

static void lies_beside(const char *path, const char *begins)
{
    char *beside = disk_name_beside(path), *again = disk_name_beside(path);
    size_t len = strlen(begins);
    ck_assert_ptr_nonnull(beside);
    ck_assert_ptr_nonnull(again);
    ck_assert_msg(strncmp(beside, begins, len) == 0, "%s", beside);
    ck_assert_uint_eq(strspn(beside + len, "0123456789abcdef"), 16);
    ck_assert_uint_eq(strlen(beside), len + 16);
    ck_assert_str_ne(beside, again);
    memory_free(beside);
    memory_free(again);
}

START_TEST(names)
{
    char name[260] = "/a/", wanted[80] = "/a/.";
    lies_beside("a", ".a.");
    lies_beside("/a", "/.a.");
    lies_beside("../b.c/d.e", "../b.c/.d.e.");
    memset(name + 3, 'n', 255);
    memset(wanted + 4, 'n', 64);
    wanted[68] = '.';
    lies_beside(name, wanted);
}
END_TEST

START_TEST(writes)
{
    char path[] = "/tmp/check_disk.XXXXXX", root[] = "/x", none[] = "/none/x";
    int fd = mkostemp(path, O_CLOEXEC), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(full, 0);
    ck_assert_int_eq(disk_write(fd, "abc", 3), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), 3);
    ck_assert_int_eq(disk_write(full, "abc", 3), ENOSPC);
    ck_assert_int_eq(disk_write(-1, "abc", 3), EBADF);
    ck_assert_int_eq(disk_write(-1, "", 0), 0);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(disk_sync_folder(path), CGW_OK);
    ck_assert_str_eq(path, "/tmp");
    ck_assert_int_eq(disk_sync_folder(root), CGW_OK);
    ck_assert_int_eq(disk_sync_folder(none), CGW_ENOENT);
    close(fd);
    close(full);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("disk");
    TCase *tests = tcase_create("disk");
    tcase_add_test(tests, codes);
    tcase_add_test(tests, names);
    tcase_add_test(tests, writes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
