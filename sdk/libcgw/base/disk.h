/*
 * Files that are written, on a thread that may wait for a disk: what errno means as a code, and the
 * steps that all who write take.
 */
#ifndef BASE_DISK_H
#define BASE_DISK_H
#include <stddef.h>

/* error: of errno. CGW_ENOENT; CGW_ENOMEM; -EACCES; -EINVAL: it is no regular file; CGW_EIO; or
   minus itself, but never what is a code of another meaning. 0: CGW_OK. */
int disk_code(int error);
/* All of it to fd. 0, or an errno. */
int disk_write(int fd, const char *ptr, size_t len);
/* A name for what will take the place of path: "folder/.name.0123456789abcdef", of the heap. NULL:
   out of memory. */
char *disk_name_beside(const char *path);
/* The folder's entry of path, too, is to be there when the power is back. path is of no use behind
   it. A code. */
int disk_sync_folder(char *path);
#endif
