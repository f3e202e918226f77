/* Small files of the kernel's: a process's own, a control group's. */
#ifndef PROC_SYSTEM_SMALL_FILE_H
#define PROC_SYSTEM_SMALL_FILE_H
#include <stddef.h>
#include <sys/types.h>

/* The file's first bytes into dst (room, at least 1), NUL-terminated. Its length; 0: there is none,
   or it cannot be read. */
size_t small_file_read(const char *path, char *dst, size_t room);
/* The same of /proc/PID/NAME. */
size_t small_file_of_process(pid_t pid, const char *name, char *dst, size_t room);
/* Who traces the process, 0 for nobody, and its state as a letter: 'R', 'S', 'T', ...; 'R' for one
   that cannot be looked at. */
void small_file_status(pid_t pid, char *ret_state, pid_t *ret_tracer);
#endif
