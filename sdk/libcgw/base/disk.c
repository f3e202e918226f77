/* The first numbers of errno, and some above 31, are codes of the interface and of the SDK: what
   they mean of files is told by other words. */
#include "base/disk.h"
#include "base/memory.h"
#include <cgw/base.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { NAME_KEPT = 64 };

int disk_code(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EXDEV:
        return CGW_ENOENT;
    case ENOMEM:
        return CGW_ENOMEM;
    case EPERM:
        return -EACCES;
    case ENXIO: /* a socket, or a FIFO that nobody reads */
        return -EINVAL;
    default:
        return error > 6 && (error < 32 || error > 63) ? -error : error ? CGW_EIO : CGW_OK;
    }
}

int disk_write(int fd, const char *ptr, size_t len)
{
    while (len) {
        ssize_t n = write(fd, ptr, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        ptr += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Of a name its beginning: the longest that a file system takes has no room for more. */
char *disk_name_beside(const char *path)
{
    uint64_t number;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t room = strlen(path) + 32;
    char *beside = memory_alloc(room);
    if (getentropy(&number, sizeof(number)) != 0)
        number = 0; /* then one that is there is an error */
    if (beside)
        snprintf(beside, room, "%.*s.%.*s.%016" PRIx64, (int)(name - path), path, NAME_KEPT, name,
                 number);
    return beside;
}

int disk_sync_folder(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = '\0';
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return disk_code(errno);
    int status = fsync(fd) ? disk_code(errno) : CGW_OK;
    close(fd);
    return status;
}
