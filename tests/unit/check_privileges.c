/* Whom a worker becomes. What needs root is tested in children, and left out without it. */
#include "base/mem.h"
#include "proc/system/privileges.h"
#include "unit.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct settings settings;
static struct privileges found;
static char *error;

static void teardown(void)
{
    mem_free(error);
    unlink("privileges.log");
    unlink("privileges-link.log");
}

static int find(const char *user, const char *group)
{
    settings.user = user;
    settings.group = group;
    mem_free(error);
    return privileges_find(&settings, &found, &error);
}

static void expect_error(int rc, const char *with)
{
    ck_assert_int_lt(rc, 0);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error, with) != NULL, "%s", error);
}

START_TEST(without_options_nothing_changes)
{
    ck_assert_int_eq(find(NULL, NULL), 0);
    ck_assert(!found.has_user && !found.has_group);
    ck_assert_uint_eq(found.uid, getuid());
    ck_assert_uint_eq(found.gid, getgid());
}
END_TEST

START_TEST(unknown_names_are_told)
{
    expect_error(find("no-such-user-here", NULL), "--user no-such-user-here: no such user");
    expect_error(find(NULL, "no-such-group-here"), "--group no-such-group-here: no such group");
    expect_error(find("4123456789", NULL), "say --group, too");
}
END_TEST

START_TEST(names_and_numbers_mean_the_same)
{
    struct passwd *nobody = getpwnam("nobody");
    char number[32];
    if (!nobody || geteuid() != 0)
        return; /* to become another takes root */
    snprintf(number, sizeof number, "%u", (unsigned)nobody->pw_uid);
    ck_assert_int_eq(find("nobody", NULL), 0);
    struct privileges by_name = found;
    ck_assert_int_eq(find(number, NULL), 0);
    ck_assert_uint_eq(found.uid, nobody->pw_uid);
    ck_assert_uint_eq(found.gid, nobody->pw_gid);
    ck_assert_uint_eq(by_name.uid, found.uid);
    ck_assert_uint_eq(by_name.gid, found.gid);
    ck_assert_uint_ge(found.n_groups, 1);
    ck_assert_int_eq(find("4123456789", "4123456788"), 0);
    ck_assert_uint_eq(found.uid, 4123456789u);
    ck_assert_uint_eq(found.gid, 4123456788u);
    ck_assert_uint_eq(found.n_groups, 1);
}
END_TEST

/* In a child, as it cannot be undone; 0 when all is as it should be, else the line. */
static int drop_and_look(void)
{
    gid_t groups[4];
    if (privileges_drop(&found, &error) < 0)
        return __LINE__ & 0xff;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || prctl(PR_GET_DUMPABLE) != 1)
        return __LINE__ & 0xff;
    if (getuid() != found.uid || geteuid() != found.uid || getegid() != found.gid)
        return __LINE__ & 0xff;
    if (!found.has_user)
        return 0;
    if (setuid(0) == 0 || setgid(0) == 0 || setgroups(0, NULL) == 0)
        return __LINE__ & 0xff;
    if (getgroups(4, groups) != 1 || groups[0] != found.gid)
        return __LINE__ & 0xff;
    return open("/etc/shadow", O_RDONLY) >= 0 ? __LINE__ & 0xff : 0;
}

static void drop_in_child(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(drop_and_look());
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(a_worker_gains_nothing_by_exec)
{
    ck_assert_int_eq(find(NULL, NULL), 0);
    drop_in_child();
}
END_TEST

START_TEST(there_is_no_way_back)
{
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(find("65534", "65533"), 0);
    drop_in_child();
}
END_TEST

START_TEST(only_root_becomes_another)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(1);
        settings = (struct settings){.user = "4123456789", .group = "4123456789"};
        if (privileges_find(&settings, &found, &error) != -EPERM || !strstr(error, "as root"))
            _exit(2);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(logs_are_given)
{
    struct stat info;
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(find("65534", "65533"), 0);
    settings.error_log = "privileges.log";
    settings.access_log_file = "privileges-link.log";
    ck_assert_int_eq(symlink("/dev/null", "privileges-link.log"), 0);
    ck_assert_int_eq(privileges_give_logs(&found, &settings, &error), 0);
    ck_assert_int_eq(stat("privileges.log", &info), 0);
    ck_assert_uint_eq(info.st_uid, 65534);
    ck_assert_uint_eq(info.st_gid, 65533);
    ck_assert_uint_eq(info.st_mode & 0777 & ~0640u, 0);
    ck_assert_int_eq(lstat("privileges-link.log", &info), 0);
    ck_assert_uint_eq(info.st_uid, 0); /* nor what it leads to: */
    ck_assert_int_eq(stat("/dev/null", &info), 0);
    ck_assert_uint_eq(info.st_uid, 0);
}
END_TEST

START_TEST(a_second_name_of_a_log_is_a_trap)
{
    struct stat info;
    if (geteuid() != 0)
        return;
    ck_assert_int_eq(find("65534", "65533"), 0);
    settings.error_log = "privileges.log";
    close(open("privileges.log", O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(link("privileges.log", "privileges-link.log"), 0);
    ck_assert_int_eq(privileges_give_logs(&found, &settings, &error), 0);
    ck_assert_int_eq(stat("privileges.log", &info), 0);
    ck_assert_uint_eq(info.st_uid, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("privileges");
    TCase *tcase = tcase_create("privileges");
    tcase_add_checked_fixture(tcase, NULL, teardown);
    tcase_add_test(tcase, without_options_nothing_changes);
    tcase_add_test(tcase, unknown_names_are_told);
    tcase_add_test(tcase, names_and_numbers_mean_the_same);
    tcase_add_test(tcase, a_worker_gains_nothing_by_exec);
    tcase_add_test(tcase, there_is_no_way_back);
    tcase_add_test(tcase, only_root_becomes_another);
    tcase_add_test(tcase, logs_are_given);
    tcase_add_test(tcase, a_second_name_of_a_log_is_a_trap);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
