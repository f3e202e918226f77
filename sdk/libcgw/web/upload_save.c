/*
 * A file gets its name when it is whole: it is written under another one beside it and renamed. One
 * that is on disk already, on the same file system, only needs a name.
 */
#include "base/memory.h"
#include "web/spool.h"
#include "web/upload.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* Path and the other name, of the heap. */
struct names {
    const char *path;
    char *other;
};

static int new_name(struct names *names)
{
    uint64_t number = 0;
    size_t bytes = strlen(names->path) + 18;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return CGW_EIO;
    names->other = memory_alloc(bytes);
    if (!names->other)
        return CGW_ENOMEM;
    snprintf(names->other, bytes, "%s.%016" PRIx64, names->path, number);
    return CGW_OK;
}

/* The other name is of no more use. */
static int sync_folder(struct names *names)
{
    char *slash = strrchr(names->other, '/');
    if (slash)
        slash[slash == names->other] = '\0';
    int fd = open(slash ? names->other : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return spool_code(errno);
    int status = fsync(fd) ? spool_code(errno) : CGW_OK;
    close(fd);
    return status;
}

/* ---- the other name ---- */

/* Only once: two names of one file would change together. */
static bool may_link(const struct upload_saving *saving)
{
    return saving->spool->fd >= 0 && !saving->spool->is_linked && !saving->options.mode;
}

static bool link_file(const struct upload_saving *saving, const struct names *names)
{
    char from[64];
    snprintf(from, sizeof(from), "/proc/self/fd/%d", saving->spool->fd);
    if (linkat(AT_FDCWD, from, AT_FDCWD, names->other, AT_SYMLINK_FOLLOW) != 0)
        return false;
    return saving->spool->is_linked = true;
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
            return n < 0 ? spool_code(errno) : CGW_EIO;
    }
    return CGW_OK;
}

static int copy_file(const struct upload_saving *saving, const struct names *names)
{
    const struct cgw__spool *spool = saving->spool;
    unsigned mode = saving->options.mode ? saving->options.mode : 0666;
    int fd = open(names->other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return spool_code(errno);
    int status = spool->fd < 0 ? spool_code(spool_write(fd, spool->bytes, spool->len))
                               : copy_disk(spool, fd);
    if (status == CGW_OK && saving->options.sync && fsync(fd) != 0)
        status = spool_code(errno);
    if (close(fd) != 0 && status == CGW_OK)
        status = spool_code(errno);
    if (status != CGW_OK)
        (void)unlink(names->other);
    return status;
}

/* ---- its own ---- */

static int rename_file(const struct upload_saving *saving, const struct names *names)
{
    if (!saving->options.keep_old)
        return rename(names->other, names->path) ? spool_code(errno) : CGW_OK;
    if (renameat2(AT_FDCWD, names->other, AT_FDCWD, names->path, RENAME_NOREPLACE) == 0)
        return CGW_OK;
    if (errno != EINVAL && errno != ENOSYS)
        return spool_code(errno);
    if (link(names->other, names->path) != 0)
        return spool_code(errno);
    (void)unlink(names->other);
    return CGW_OK;
}

static int save(const struct upload_saving *saving, struct names *names)
{
    int status = CGW_OK;
    bool is_linked = may_link(saving) && link_file(saving, names);
    if (!is_linked)
        status = copy_file(saving, names);
    else if (saving->options.sync && fsync(saving->spool->fd) != 0)
        status = spool_code(errno);
    if (status == CGW_OK)
        status = rename_file(saving, names);
    if (status != CGW_OK)
        (void)unlink(names->other);
    else if (saving->options.sync)
        status = sync_folder(names);
    return status;
}

int upload_save(void *arg)
{
    const struct upload_saving *saving = arg;
    struct names names = {.path = saving->path};
    int status = new_name(&names);
    if (status == CGW_OK)
        status = save(saving, &names);
    memory_free(names.other);
    return status;
}
