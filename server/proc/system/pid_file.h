/*
 * --pid-file: the supervisor's number, in a file that it keeps locked while it lives. So a file
 * left by a server that was killed is known to be stale, even when its number has been given to
 * another process since.
 */
#ifndef PROC_SYSTEM_PID_FILE_H
#define PROC_SYSTEM_PID_FILE_H
#include <stdbool.h>

/*
 * Write our number to path (NULL: nothing to do) and keep it locked. A stale file is replaced; one
 * whose process lives is refused with -EEXIST, unless is_upgrade: then the file is replaced in one
 * step, and the old server leaves the new file alone. An upgrade calls this when it serves, right
 * before upgrade_tell_ready(), so that a failed one has changed nothing. 0; or a negative errno and
 * *ret_error a line (mem_free(); NULL: out of memory). Once a process. [supervisor]
 */
int pid_file_take(const char *path, bool is_upgrade, char **ret_error);
/* Remove it, where it is still the one that we have written. [supervisor] */
void pid_file_remove(void);
#endif
