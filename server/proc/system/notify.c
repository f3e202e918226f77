/* A datagram for each message: no connection, no state. */
#include "proc/system/notify.h"
#include "base/number.h"
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_US = 200000 }; /* with a manager that is slow to read: READY=1 must not get lost */

/* The address of NOTIFY_SOCKET: a path, or a name without a file, which is written with an @. */
static bool find_address(struct sockaddr_un *name, socklen_t *ret_len)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof name->sun_path || (path[0] != '/' && path[0] != '@'))
        return false;
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(name->sun_path, path, len);
    if (path[0] == '@')
        name->sun_path[0] = '\0';
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return true;
}

void notify_send(const char *text)
{
    const struct timeval patience = {.tv_usec = PATIENCE_US};
    struct sockaddr_un name;
    socklen_t len;
    if (!find_address(&name, &len))
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ssize_t sent =
        sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&name, len);
    (void)sent; /* who does not listen does not want to know */
    close(fd);
}

void notify_reloading(void)
{
    struct timespec now;
    char text[64];
    clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned long long us =
        (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%llu", us);
    notify_send(text);
}

uint64_t notify_watchdog_us(void)
{
    const char *period = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t us = 0, number = 0;
    if (!period || number_decimal(str_from(period), UINT64_MAX, &us) < 0)
        return 0;
    if (pid &&
        (number_decimal(str_from(pid), INT_MAX, &number) < 0 || number != (uint64_t)getpid()))
        return 0;
    return us;
}
