/*
 * A file that is being written, by whoever may wait: beside the one in whose place it will go, so
 * that that is whole at any time; or at its end. Functions answer codes of disk_code().
 */
#ifndef FILES_WRITER_H
#define FILES_WRITER_H
#include <cgw/file.h>

struct writer {
    char *path, *beside; /* of the heap; beside NULL: path itself is written */
    int fd;
    int status; /* the first error */
    bool sync;
};

/* Zeroed before. Nothing is left behind where it fails. */
int writer_open(struct writer *writer, const char *path,
                const struct cgw_file_write_options *options);
int writer_put(struct writer *writer, const char *ptr, size_t len);
/* What was written takes its place, unless there was an error, which is the answer then. */
int writer_close(struct writer *writer);
/* It is thrown away, as far as it stands beside. Takes a closed one. */
void writer_drop(struct writer *writer);
#endif
