/* openat2() decides in the kernel what is beneath; where there are links, or it cannot, a walk of
   our own does. */
#include "files/root.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC };

int root_open(const char *path, struct root *ret_root)
{
    struct root root;
    root.path = memory_alloc(PATH_MAX);
    if (!root.path)
        return -ENOMEM;
    root.fd = realpath(path, root.path) ? open(root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (root.fd < 0) {
        int error = -errno;
        memory_free(root.path);
        return error;
    }
    *ret_root = root;
    return 0;
}

void root_close(struct root *root)
{
    if (root->fd < 0)
        return;
    close(root->fd);
    memory_free(root->path);
    *root = (struct root){-1, NULL};
}

bool root_is_plain(const char *path)
{
    for (const char *at = path;;) {
        if (*at == '.' || *at == '/')
            return false;
        const char *slash = strchr(at, '/');
        if (!slash)
            return true;
        at = slash + 1;
    }
}

/* One name after the other, none of them a link. The path is a resolved one, and the copy ours. */
static int walk(int dir, char *path)
{
    int at = dir;
    for (char *slash; (slash = strchr(path, '/')); path = slash + 1) {
        *slash = '\0';
        int next = openat(at, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int error = -errno;
        if (at != dir)
            close(at);
        if (next < 0)
            return error;
        at = next;
    }
    int fd = openat(at, *path ? path : ".", READ | O_NOFOLLOW);
    int error = -errno;
    if (at != dir)
        close(at);
    return fd < 0 ? error : fd;
}

/* The root's own path, and path, in a buffer of PATH_MAX. */
static bool join(const struct root *root, const char *path, char *joined)
{
    size_t root_len = strlen(root->path), len = strlen(path);
    if (root_len + len + 2 > PATH_MAX)
        return false;
    memcpy(joined, root->path, root_len);
    joined[root_len] = '/';
    memcpy(joined + root_len + 1, path, len + 1);
    return true;
}

/* What real has behind the root; NULL where it lies outside. */
static char *behind(const struct root *root, char *real)
{
    size_t len = strlen(root->path);
    if (len == 1) /* the root is "/" itself */
        len = 0;
    if (strncmp(real, root->path, len) != 0 || (real[len] && real[len] != '/'))
        return NULL;
    return real + len + (real[len] == '/');
}

/* buffers: two of PATH_MAX, too much for a stack. */
static int walk_resolved(const struct root *root, const char *path, char *buffers)
{
    char *joined = buffers, *real = buffers + PATH_MAX;
    if (!join(root, path, joined))
        return -ENAMETOOLONG;
    if (!realpath(joined, real))
        return -errno;
    char *rest = behind(root, real);
    if (!rest)
        return -EXDEV;
    return root_is_plain(rest) ? walk(root->fd, rest) : -ENOENT;
}

int root_walk_beneath(const struct root *root, const char *path)
{
    char *buffers = memory_alloc((size_t)2 * PATH_MAX);
    if (!buffers)
        return -ENOMEM;
    int fd = walk_resolved(root, path, buffers);
    memory_free(buffers);
    return fd;
}

int root_open_beneath(const struct root *root, const char *path)
{
    struct open_how how = {.flags = READ, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    for (int tries = 0; tries < 8; tries++) {
        long fd = syscall(SYS_openat2, root->fd, *path ? path : ".", &how, sizeof(how));
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    /* There is a link (ELOOP); old kernels know no openat2(), some sandboxes refuse it. */
    if (errno == ELOOP || errno == ENOSYS || errno == EPERM || errno == EXDEV)
        return root_walk_beneath(root, path);
    return -errno;
}

int root_open_cached(const struct root *root, const char *path)
{
    struct open_how how = {.flags = READ, .resolve = RESOLVE_CACHED};
    if (root)
        how.resolve |= RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    long fd =
        syscall(SYS_openat2, root ? root->fd : AT_FDCWD, *path ? path : ".", &how, sizeof(how));
    if (fd >= 0)
        return (int)fd;
    switch (errno) {
    case EINTR:
    case EINVAL: /* a kernel that has no RESOLVE_CACHED */
    case ELOOP:
    case ENOSYS:
    case EPERM:
    case EXDEV:
        return -EAGAIN;
    default:
        return -errno;
    }
}
