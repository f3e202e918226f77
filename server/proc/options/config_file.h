/*
 * The form of a config file, cgw.conf(5): lines of "key = value", comments, quotes. What keys and
 * values mean is known elsewhere.
 */
#ifndef PROC_CONFIG_FILE_H
#define PROC_CONFIG_FILE_H
#include <stddef.h>

#define CONFIG_FILE_BYTES (1024 * 1024) /* of a file, at most */
#define CONFIG_LINE_BYTES 4096          /* of a line, without its end, at most */

struct config_file {
    char *text, *next, *end; /* text is owned, and cut into strings on the way */
    unsigned line;           /* number of the line that was taken last, from 1 */
};

struct config_entry {
    char *key, *value; /* in the file's memory; NUL-terminated */
};

/* Read all of path. 0, or a negative errno: -EFBIG over CONFIG_FILE_BYTES, -ETIMEDOUT a
   pipe to which nobody writes, -EISDIR … */
int config_file_open(struct config_file *file, const char *path);
void config_file_close(struct config_file *file); /* a zeroed one is fine */

/*
 * Take the next entry. 1; 0 at the end; -EINVAL with *ret_error what is wrong with the line
 * (static), after which the next one can be taken.
 */
int config_file_next(struct config_file *file, struct config_entry *ret_entry,
                     const char **ret_error);
#endif
