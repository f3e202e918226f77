/*
 * A lock says more than a number: it ends with its process. Where a file is not locked but has a
 * number, another program may have written it; it counts as live only if a process of that number
 * was running when the file was written.
 */
#include "proc/system/pid_file.h"
#include "base/mem.h"
#include "base/number.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 10, CLOCK_SLACK_S = 2 };

/* The file as we hold it; one a process. */
static struct {
    char *path;
    int fd;
    pid_t owner; /* a forked child has a copy of this, but not the file */
} held = {.fd = -1};

static int fail(int rc, char **ret_error, const char *what, const char *path)
{
    *ret_error = mem_printf("cannot %s --pid-file %s: %s", what, path, strerror(-rc));
    return rc;
}

/* 0, or the process that has it locked; of the whole file, by fcntl(): children do not share it. */
static pid_t lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_SETLK, &whole) == 0)
        return 0;
    int rc = errno;
    if ((rc != EAGAIN && rc != EACCES) || fcntl(fd, F_GETLK, &whole) < 0)
        return 0; /* a file system without locks: the number has to do */
    return whole.l_type == F_UNLCK ? lock(fd) : whole.l_pid > 0 ? whole.l_pid : -1;
}

/* The number in the file, 0: none. */
static pid_t read_number(int fd)
{
    char text[32];
    uint64_t number = 0;
    ssize_t n = pread(fd, text, sizeof text, 0);
    size_t digits = 0;
    while (n > 0 && digits < (size_t)n && text[digits] >= '0' && text[digits] <= '9')
        digits++;
    if (number_decimal((struct str){text, digits}, INT_MAX, &number) < 0)
        return 0;
    return (pid_t)number;
}

/* What /proc has of the process behind its name: from "S 1 ..." on, or NULL. */
static const char *read_stat(pid_t pid, char *dst, size_t room)
{
    snprintf(dst, room, "/proc/%d/stat", (int)pid);
    int fd = open(dst, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, dst, room - 1);
    if (fd >= 0)
        close(fd);
    dst[n > 0 ? n : 0] = '\0';
    const char *name_end = strrchr(dst, ')'); /* a name may have anything in it, blanks too */
    return name_end && name_end[1] ? name_end + 2 : NULL;
}

/* When a process began whose line from the third field on this is, in seconds of the wall clock. */
static time_t start_of(const char *stat)
{
    struct timespec wall, boot;
    for (int field = 3; stat && field < 22; field++) {
        stat = strchr(stat, ' ');
        stat = stat ? stat + 1 : NULL;
    }
    unsigned long long ticks = stat ? strtoull(stat, NULL, 10) : 0;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return wall.tv_sec - boot.tv_sec + (time_t)(ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static bool was_written_by(int fd, pid_t pid)
{
    struct stat info;
    char text[1024];
    if (pid == getpid() || (kill(pid, 0) < 0 && errno == ESRCH) || fstat(fd, &info) < 0)
        return false;
    const char *stat = read_stat(pid, text, sizeof text);
    if (!stat)
        return true; /* it runs, and hides */
    return *stat != 'Z' && start_of(stat) <= info.st_mtime + CLOCK_SLACK_S;
}

static bool is_still_at(int fd, const char *path)
{
    struct stat ours, there;
    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

static int write_number(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0)
        return -errno;
    ssize_t written = pwrite(fd, text, (size_t)n, 0);
    return written == n ? 0 : written < 0 ? -errno : -ENOSPC;
}

static int refuse(const char *path, pid_t pid, char **ret_error)
{
    *ret_error = mem_printf("--pid-file %s belongs to process %d, which is running: stop that one, "
                            "or choose another file",
                            path, (int)pid);
    return -EEXIST;
}

/* A descriptor with the lock, empty or with a stale number. -EAGAIN: it was removed meanwhile. */
static int open_locked(const char *path, char **ret_error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (fd < 0)
        return fail(-errno, ret_error, "open", path);
    pid_t holder = lock(fd), number = read_number(fd);
    int rc = holder                                     ? refuse(path, holder, ret_error)
             : !is_still_at(fd, path)                   ? -EAGAIN
             : number > 0 && was_written_by(fd, number) ? refuse(path, number, ret_error)
                                                        : fd;
    if (rc < 0)
        close(fd);
    return rc;
}

/* The file of the old server stays whole until ours, written and locked, takes its place. */
static int replace(const char *path, char **ret_error)
{
    char *new = mem_printf("%s.%d", path, (int)getpid());
    if (!new)
        return -ENOMEM;
    unlink(new); /* of a process that had our number */
    int fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    int rc = fd < 0 ? -errno : write_number(fd);
    if (rc == 0 && (lock(fd) != 0 || rename(new, path) < 0))
        rc = errno ? -errno : -EAGAIN;
    if (rc < 0 && fd >= 0) {
        unlink(new);
        close(fd);
    }
    mem_free(new);
    return rc < 0 ? fail(rc, ret_error, "replace", path) : fd;
}

static int take(const char *path, char **ret_error)
{
    int fd = -EAGAIN;
    for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
        fd = open_locked(path, ret_error);
    if (fd == -EAGAIN)
        return fail(fd, ret_error, "keep", path);
    int rc = fd < 0 ? fd : write_number(fd);
    if (rc < 0 && fd >= 0) {
        close(fd);
        return fail(rc, ret_error, "write", path);
    }
    return rc < 0 ? rc : fd;
}

int pid_file_take(const char *path, bool is_upgrade, char **ret_error)
{
    *ret_error = NULL;
    if (!path)
        return 0;
    char *copy = mem_strdup(path);
    int fd = !copy ? -ENOMEM : is_upgrade ? replace(path, ret_error) : take(path, ret_error);
    if (fd < 0) {
        mem_free(copy);
        return fd;
    }
    held.path = copy;
    held.fd = fd;
    held.owner = getpid();
    return 0;
}

void pid_file_remove(void)
{
    if (!held.path)
        return;
    if (held.owner == getpid() && is_still_at(held.fd, held.path))
        unlink(held.path);
    close(held.fd);
    mem_free(held.path);
    held.path = NULL;
    held.fd = -1;
}
