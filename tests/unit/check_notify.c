/* What a service manager is told, and for whom its watchdog is meant. */
#include "proc/system/notify.h"
#include "unit.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char path[] = "notify-test.sock";
static int manager;

static void listen_at(const char *name, size_t len)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, name, len);
    manager = socket(AF_UNIX, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
}

static void expect(const char *text)
{
    char got[256];
    ssize_t n = recv(manager, got, sizeof got - 1, MSG_DONTWAIT);
    ck_assert_int_ge(n, 0);
    got[n] = '\0';
    ck_assert_str_eq(got, text);
}

static void forget(void)
{
    unlink(path);
}

START_TEST(a_path_is_told)
{
    char folder[400], full[512];
    listen_at(path, sizeof path - 1);
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    snprintf(full, sizeof full, "%s/%s", folder, path);
    setenv("NOTIFY_SOCKET", full, 1);
    if (strlen(full) >= sizeof((struct sockaddr_un){0}).sun_path)
        return; /* the folder of this test run is too deep for a socket's name */
    notify_send("READY=1\nSTATUS=fine");
    expect("READY=1\nSTATUS=fine");
}
END_TEST

START_TEST(a_name_without_a_file_is_told)
{
    char name[64];
    int n = snprintf(name, sizeof name, "@cgw-notify-%d", (int)getpid());
    setenv("NOTIFY_SOCKET", name, 1);
    name[0] = '\0';
    listen_at(name, (size_t)n);
    notify_send("STOPPING=1");
    expect("STOPPING=1");
    notify_reloading();
    char got[256] = "";
    ck_assert_int_gt(recv(manager, got, sizeof got - 1, MSG_DONTWAIT), 0);
    unsigned long long us = 0;
    ck_assert_int_eq(sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%llu", &us), 1);
    ck_assert_uint_gt(us, 0);
}
END_TEST

START_TEST(nobody_listens)
{
    unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
    setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    notify_send("READY=1");
    setenv("NOTIFY_SOCKET", "relative", 1);
    notify_send("READY=1");
    int next = dup(0); /* no descriptor has leaked */
    ck_assert_int_ge(next, 0);
    close(next);
    notify_send("READY=1");
    ck_assert_int_eq(dup(0), next);
}
END_TEST

START_TEST(the_watchdog_is_ours_or_not)
{
    char pid[32];
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    ck_assert_uint_eq(notify_watchdog_us(), 0);
    setenv("WATCHDOG_USEC", "30000000", 1);
    ck_assert_uint_eq(notify_watchdog_us(), 30000000);
    setenv("WATCHDOG_PID", "1", 1);
    ck_assert_uint_eq(notify_watchdog_us(), 0);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    ck_assert_uint_eq(notify_watchdog_us(), 30000000);
    setenv("WATCHDOG_USEC", "soon", 1);
    ck_assert_uint_eq(notify_watchdog_us(), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("notify");
    TCase *tcase = tcase_create("notify");
    tcase_add_checked_fixture(tcase, NULL, forget);
    tcase_add_test(tcase, a_path_is_told);
    tcase_add_test(tcase, a_name_without_a_file_is_told);
    tcase_add_test(tcase, nobody_listens);
    tcase_add_test(tcase, the_watchdog_is_ours_or_not);
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
