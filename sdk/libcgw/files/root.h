/* A folder, and opening what lies beneath it, and nothing else. All of it may wait for a disk but
   what says otherwise. */
#ifndef FILES_ROOT_H
#define FILES_ROOT_H
#include <stdbool.h>

struct root {
    int fd;     /* of the folder; -1 when closed */
    char *path; /* absolute and without links; of the heap, our own */
};

/* 0, or a negative errno: the folder is not there, not a folder, or out of memory. */
int root_open(const char *path, struct root *ret_root);
/* Takes a closed one too. */
void root_close(struct root *root);

/*
 * Open a regular file or folder for reading: path is relative, its links may lead anywhere inside
 * the root but to a name that begins with a dot. A descriptor of the caller's, or a negative errno;
 * -EXDEV where it leads out. Does not block on a FIFO or a device, which the caller tells by
 * fstat().
 */
int root_open_beneath(const struct root *root, const char *path);

/* The same where there are links, or the kernel has no openat2(): the path is resolved first,
   looked at, then walked again without following any link. */
int root_walk_beneath(const struct root *root, const char *path);

/* The same, where that takes no waiting: -EAGAIN where it cannot be said without. root NULL: any
   path. */
int root_open_cached(const struct root *root, const char *path);

/* Could be asked for: no empty name inside, none that begins with a dot (so no ".."). */
bool root_is_plain(const char *path);
#endif
