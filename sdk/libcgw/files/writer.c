/* The new file lies in the same folder, so that rename() can put it in its place at once. A path
   that is a link stays one: what it leads to is replaced. */
#include "files/writer.h"
#include "base/memory.h"
#include "files/cause.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, NAME_KEPT = 64 };

static int fail(struct writer *writer)
{
    return writer->status = cause_code(errno);
}

/* ---- open ---- */

/* Where path really is; one that is not there yet is itself. Of the heap. */
static char *resolve(const char *path)
{
    char *real = memory_alloc(PATH_MAX);
    size_t len = strlen(path);
    if (!real)
        return NULL;
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

/* "folder/.name.0123456789abcdef"; of the heap. */
static char *name_beside(const char *path)
{
    unsigned long long number;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t room = strlen(path) + 32;
    char *beside = memory_alloc(room);
    if (!beside || getentropy(&number, sizeof(number)) != 0)
        number = 0;
    if (beside)
        snprintf(beside, room, "%.*s.%.*s.%016llx", (int)(name - path), path, NAME_KEPT, name,
                 number);
    return beside;
}

/* The rights that it is to have; a folder or device is in no place for a file. */
static int set_mode(const struct writer *writer, int mode)
{
    struct stat there;
    bool is_there = stat(writer->path, &there) == 0;
    if (is_there && !S_ISREG(there.st_mode)) {
        errno = S_ISDIR(there.st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    if (!mode && !is_there)
        return 0;
    return fchmod(writer->fd, mode ? (mode_t)mode & 07777 : there.st_mode & 07777);
}

static int open_beside(struct writer *writer, int mode)
{
    writer->beside = name_beside(writer->path);
    if (!writer->beside)
        return writer->status = CGW_ENOMEM;
    writer->fd = open(writer->beside, WRITE | O_EXCL | O_NOFOLLOW, 0666);
    if (writer->fd < 0)
        return fail(writer);
    return set_mode(writer, mode) == 0 ? CGW_OK : fail(writer);
}

static int open_end(struct writer *writer, int mode)
{
    writer->fd = open(writer->path, WRITE | O_APPEND, mode ? (mode_t)mode : 0666);
    return writer->fd < 0 ? fail(writer) : CGW_OK;
}

int writer_open(struct writer *writer, const char *path,
                const struct cgw_file_write_options *options)
{
    *writer = (struct writer){.fd = -1, .sync = options->sync};
    writer->path = resolve(path);
    if (!writer->path)
        return cause_code(errno ? errno : ENOMEM);
    int status =
        options->append ? open_end(writer, options->mode) : open_beside(writer, options->mode);
    if (status != CGW_OK)
        writer_drop(writer);
    return status;
}

/* ---- write ---- */

int writer_put(struct writer *writer, const char *ptr, size_t len)
{
    while (writer->status == CGW_OK && len) {
        ssize_t n = write(writer->fd, ptr, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(writer);
        ptr += n;
        len -= (size_t)n;
    }
    return writer->status;
}

/* ---- close ---- */

/* The folder's entry, too, is to be there when the power is back. */
static int sync_folder(struct writer *writer)
{
    char *slash = strrchr(writer->path, '/');
    if (slash)
        slash[slash == writer->path] = '\0';
    int fd = open(slash ? writer->path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0;
    if (failed)
        (void)fail(writer);
    if (fd >= 0)
        close(fd);
    return writer->status;
}

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
    return writer->sync ? sync_folder(writer) : CGW_OK;
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
