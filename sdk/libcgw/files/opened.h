/*
 * A file that was found: on the loop where the kernel knows its path without asking a disk, which
 * takes a microsecond; else on the pool, as any blocking call.
 */
#ifndef FILES_OPENED_H
#define FILES_OPENED_H
#include "files/root.h"
#include "task/task.h"
#include <sys/stat.h>

struct opened {
    int fd; /* the caller's */
    struct stat info;
};

/*
 * Open for reading. root NULL: path as it is; else beneath it. CGW_OK: a regular file or a folder;
 * CGW_ENOENT: not there, or neither of them; -EACCES and others of disk_code(); CGW_EBUSY,
 * CGW_ENOMEM, why the task was canceled. May suspend. [task]
 */
int opened_open(const struct root *root, const char *path, const struct cgw_site *site,
                struct opened *ret);
/* The same, beneath a folder that is opened for that; what is not plain is not there. */
int opened_open_in(const char *folder, const char *path, const struct cgw_site *site,
                   struct opened *ret);
/* The second of them, on this thread, waiting for what it takes; folder NULL: path as it is. A
   descriptor, or a code. */
int opened_wait(const char *folder, const char *path);
#endif
