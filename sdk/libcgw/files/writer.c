/* The new file lies in the same folder, so that rename() can put it in its place at once. A path
   that is a link stays one: what it leads to is replaced. */
#include "files/writer.h"
#include "base/disk.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY };

static int fail(struct writer *writer)
{
    return writer->status = disk_code(errno);
}

/* ---- open ---- */

/* Where path really is; one that is not there yet is itself. Of the heap. */
static char *resolve(const char *path)
{
    char *real = memory_alloc(PATH_MAX);
    size_t len = strlen(path);
    if (!real)
        return errno = ENOMEM, NULL;
    if (realpath(path, real))
        return real;
    if (errno == ENOENT && len < PATH_MAX) {
        memcpy(real, path, len + 1);
        return real;
    }
    int error = len < PATH_MAX ? errno : ENAMETOOLONG;
    memory_free(real);
    errno = error;
    return NULL;
}

/* What is to be written over: a folder or device is in no place for a file. */
static int refuse_kind(struct writer *writer, const struct stat *info)
{
    return writer->status = S_ISDIR(info->st_mode) ? -EISDIR : -EINVAL;
}

/* The rights that it is to have; -1: whatever the umask leaves. */
static int find_rights(struct writer *writer, int mode, int *ret_rights)
{
    struct stat there;
    bool is_there = stat(writer->path, &there) == 0;
    if (is_there && !S_ISREG(there.st_mode))
        return refuse_kind(writer, &there);
    *ret_rights = mode ? mode & 07777 : is_there ? (int)(there.st_mode & 07777) : -1;
    return CGW_OK;
}

/* Nobody else may open it meanwhile who may not later. */
static int open_beside(struct writer *writer, int mode)
{
    int rights;
    if (find_rights(writer, mode, &rights) != CGW_OK)
        return writer->status;
    writer->beside = disk_name_beside(writer->path);
    if (!writer->beside)
        return writer->status = CGW_ENOMEM;
    writer->fd = open(writer->beside, WRITE | O_EXCL | O_NOFOLLOW,
                      rights < 0 ? (mode_t)0666 : (mode_t)rights & 0777);
    if (writer->fd < 0)
        return fail(writer);
    return rights < 0 || fchmod(writer->fd, (mode_t)rights) == 0 ? CGW_OK : fail(writer);
}

/* A device may be written to, as /dev/full; a FIFO that nobody reads would let us wait for ever. */
static int open_end(struct writer *writer, int mode)
{
    struct stat info;
    writer->fd =
        open(writer->path, WRITE | O_APPEND | O_NONBLOCK, mode ? (mode_t)mode & 07777 : 0666);
    if (writer->fd < 0 || fstat(writer->fd, &info) < 0)
        return fail(writer);
    return S_ISFIFO(info.st_mode) ? refuse_kind(writer, &info) : CGW_OK;
}

int writer_open(struct writer *writer, const char *path,
                const struct cgw_file_write_options *options)
{
    *writer = (struct writer){.fd = -1, .sync = options->sync};
    writer->path = resolve(path);
    if (!writer->path)
        return disk_code(errno);
    int status =
        options->append ? open_end(writer, options->mode) : open_beside(writer, options->mode);
    if (status != CGW_OK)
        writer_drop(writer);
    return status;
}

/* ---- write ---- */

int writer_put(struct writer *writer, const char *ptr, size_t len)
{
    if (writer->status == CGW_OK)
        writer->status = disk_code(disk_write(writer->fd, ptr, len));
    return writer->status;
}

/* ---- close ---- */

/* Some file systems say only now that there was no room. */
static int close_file(struct writer *writer)
{
    int fd = writer->fd;
    writer->fd = -1;
    if (writer->status == CGW_OK && writer->sync && fsync(fd) != 0)
        (void)fail(writer);
    if (close(fd) != 0 && writer->status == CGW_OK)
        (void)fail(writer);
    return writer->status;
}

static int put_in_place(struct writer *writer)
{
    if (rename(writer->beside, writer->path) != 0)
        return fail(writer);
    memory_free(writer->beside);
    writer->beside = NULL;
    return writer->status = writer->sync ? disk_sync_folder(writer->path) : CGW_OK;
}

int writer_close(struct writer *writer)
{
    if (close_file(writer) == CGW_OK && writer->beside)
        (void)put_in_place(writer);
    int status = writer->status;
    writer_drop(writer);
    return status;
}

void writer_drop(struct writer *writer)
{
    if (writer->fd >= 0)
        close(writer->fd);
    if (writer->beside)
        unlink(writer->beside);
    memory_free(writer->beside);
    memory_free(writer->path);
    *writer = (struct writer){.fd = -1, .status = writer->status};
}
