/* openat2() decides in the kernel what is beneath; where there are links, or it cannot, a walk of
   our own does. */
#include "root.h"
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
    root.path = realpath(path, NULL);
    if (!root.path)
        return -errno;
    root.fd = open(root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root.fd < 0) {
        int error = -errno;
        free(root.path);
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
    free(root->path);
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

/* Where path really is, below the root; NULL and errno where it is not there or not below. */
static char *resolve(const struct root *root, const char *path)
{
    char joined[PATH_MAX];
    size_t root_len = strlen(root->path), len = strlen(path);
    if (root_len + len + 2 > sizeof(joined)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(joined, root->path, root_len);
    joined[root_len] = '/';
    memcpy(joined + root_len + 1, path, len + 1);
    char *real = realpath(joined, NULL);
    if (!real)
        return NULL;
    if (root_len == 1) /* the root is "/" itself */
        root_len = 0;
    if (strncmp(real, root->path, root_len) != 0 || (real[root_len] && real[root_len] != '/')) {
        free(real);
        errno = EXDEV;
        return NULL;
    }
    size_t skip = root_len + (real[root_len] == '/');
    memmove(real, real + skip, strlen(real + skip) + 1);
    return real;
}

int root_walk_beneath(const struct root *root, const char *path)
{
    char *real = resolve(root, path);
    if (!real)
        return -errno;
    int fd = root_is_plain(real) ? walk(root->fd, real) : -ENOENT;
    free(real);
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
