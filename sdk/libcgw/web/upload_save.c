/*
 * A file gets its name when it is whole: it is written under another one beside it and renamed. One
 * that is on disk already, on the same file system, only needs a name.
 */
#include "base/disk.h"
#include "base/memory.h"
#include "web/spool.h"
#include "web/upload.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* ---- the other name ---- */

/* Only once: two names of one file would change together. */
static bool link_file(const struct upload_saving *saving, const char *other)
{
    char from[64];
    struct cgw__spool *spool = saving->spool;
    if (spool->fd < 0 || saving->options.mode || atomic_exchange(&spool->is_linked, true))
        return false;
    snprintf(from, sizeof(from), "/proc/self/fd/%d", spool->fd);
    if (linkat(AT_FDCWD, from, AT_FDCWD, other, AT_SYMLINK_FOLLOW) == 0)
        return true;
    atomic_store(&spool->is_linked, false);
    return false;
}

static int copy_disk(const struct cgw__spool *spool, int to)
{
    off_t from = 0;
    while ((uint64_t)from < spool->size) {
        size_t left = (size_t)spool->size - (size_t)from;
        ssize_t n = copy_file_range(spool->fd, &from, to, NULL, left, 0);
        if (n <= 0 && errno != ENOSPC) /* these two file systems have no way of their own */
            n = sendfile(to, spool->fd, &from, left);
        if (n <= 0)
            return n < 0 ? disk_code(errno) : CGW_EIO;
    }
    return CGW_OK;
}

static int copy_file(const struct upload_saving *saving, const char *other)
{
    const struct cgw__spool *spool = saving->spool;
    unsigned mode = saving->options.mode ? saving->options.mode : 0666;
    int fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return disk_code(errno);
    int status =
        spool->fd < 0 ? disk_code(disk_write(fd, spool->bytes, spool->len)) : copy_disk(spool, fd);
    if (status == CGW_OK && saving->options.sync && fsync(fd) != 0)
        status = disk_code(errno);
    if (close(fd) != 0 && status == CGW_OK)
        status = disk_code(errno);
    if (status != CGW_OK)
        (void)unlink(other);
    return status;
}

/* ---- its own ---- */

static int rename_file(const struct upload_saving *saving, const char *other)
{
    if (!saving->options.keep_old)
        return rename(other, saving->path) ? disk_code(errno) : CGW_OK;
    if (renameat2(AT_FDCWD, other, AT_FDCWD, saving->path, RENAME_NOREPLACE) == 0)
        return CGW_OK;
    if (errno != EINVAL && errno != ENOSYS)
        return disk_code(errno);
    if (link(other, saving->path) != 0)
        return disk_code(errno);
    (void)unlink(other);
    return CGW_OK;
}

/* other is of no use behind it. */
static int save(const struct upload_saving *saving, char *other)
{
    int status = CGW_OK;
    bool is_linked = link_file(saving, other);
    if (!is_linked)
        status = copy_file(saving, other);
    else if (saving->options.sync && fsync(saving->spool->fd) != 0)
        status = disk_code(errno);
    if (status == CGW_OK)
        status = rename_file(saving, other);
    if (status != CGW_OK)
        (void)unlink(other);
    else if (saving->options.sync)
        status = disk_sync_folder(other);
    return status;
}

int upload_save(void *arg)
{
    const struct upload_saving *saving = arg;
    char *other = disk_name_beside(saving->path);
    int status = other ? save(saving, other) : CGW_ENOMEM;
    memory_free(other);
    return status;
}
