/*
 * The zygote: a process that a worker forks at its begin, while it has hardly a thread and no
 * request, and that does nothing but fork helpers. A process with threads must not be forked
 * later: a lock that one of them holds would never be free in the child. It lives as long as the
 * worker's end of its socket is open, and its helpers live no longer than it, however it ends.
 */
#ifndef PROCESS_ZYGOTE_H
#define PROCESS_ZYGOTE_H
#include <cgw/process.h>
#include <sys/types.h>

struct fiber;

/* More than run at once: those that are being killed still count. */
enum { ZYGOTE_MAX = 192 };

struct zygote {
    pid_t pid;
    int fd; /* the worker's end: packets of frame.h */
};
/* self: the fiber that runs. CGW_OK, or minus an errno; nothing has happened then. [loop] */
int zygote_start(struct fiber *self, const struct cgw_processes *options,
                 struct zygote *ret_zygote);
#endif
