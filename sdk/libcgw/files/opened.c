/* Opening: the quick way first, which answers -EAGAIN where it would be a slow one. */
#include "files/opened.h"
#include "base/disk.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { READ = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

struct opening {
    const struct root *root;
    const char *folder, *path;
    int fd; /* or minus an errno */
};

/* ---- the slow way ---- */

static int open_plain(const char *path)
{
    int fd;
    do
        fd = open(path, READ);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static int open_in(const char *folder, const char *path)
{
    struct root root;
    if (!root_is_plain(path))
        return -ENOENT;
    int error = root_open(folder, &root);
    if (error < 0)
        return error;
    int fd = root_open_beneath(&root, path);
    root_close(&root);
    return fd;
}

static int wait_for(void *arg)
{
    struct opening *opening = arg;
    if (opening->root)
        opening->fd = root_open_beneath(opening->root, opening->path);
    else if (opening->folder)
        opening->fd = open_in(opening->folder, opening->path);
    else
        opening->fd = open_plain(opening->path);
    return CGW_OK;
}

int opened_wait(const char *folder, const char *path)
{
    struct opening opening = {.folder = folder, .path = path};
    (void)wait_for(&opening);
    return opening.fd < 0 ? disk_code(-opening.fd) : opening.fd;
}

/* ---- the quick way ---- */

static int open_quick_in(const char *folder, const char *path)
{
    if (!root_is_plain(path))
        return -ENOENT;
    struct root root = {.fd = root_open_cached(NULL, folder)};
    if (root.fd < 0)
        return root.fd;
    int fd = root_open_cached(&root, path);
    close(root.fd);
    return fd;
}

static int open_quick(const struct opening *opening)
{
    if (opening->folder)
        return open_quick_in(opening->folder, opening->path);
    return root_open_cached(opening->root, opening->path);
}

/* ---- either ---- */

static int look(int fd, struct opened *ret)
{
    struct opened opened = {.fd = fd};
    int error = fstat(fd, &opened.info) < 0 ? errno : 0;
    if (!error && !S_ISREG(opened.info.st_mode) && !S_ISDIR(opened.info.st_mode))
        error = ENOENT;
    if (error)
        close(fd);
    else
        *ret = opened;
    return disk_code(error);
}

static int open_either(struct opening *opening, const struct cgw_site *site, struct opened *ret)
{
    int status = CGW_OK;
    opening->fd = here.offload ? -EAGAIN : open_quick(opening);
    if (opening->fd == -EAGAIN)
        status = cgw__blocking(cgw__task_int(wait_for, "open"), opening, site);
    if (status != CGW_OK)
        return status;
    if (opening->fd == -ENXIO || opening->fd == -ENODEV)
        return CGW_ENOENT; /* a socket, a device without a driver */
    return opening->fd < 0 ? disk_code(-opening->fd) : look(opening->fd, ret);
}

int opened_open(const struct root *root, const char *path, const struct cgw_site *site,
                struct opened *ret)
{
    struct opening opening = {.root = root, .path = path};
    return open_either(&opening, site, ret);
}

int opened_open_in(const char *folder, const char *path, const struct cgw_site *site,
                   struct opened *ret)
{
    struct opening opening = {.folder = folder, .path = path};
    return open_either(&opening, site, ret);
}
