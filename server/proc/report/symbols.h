/*
 * Names of code: function, file and line of an address, from the symbols and the debug information
 * of a shared object; and the frames of a thread of another process. By libdw; where the build has
 * none a frame is named object+0xoffset, which addr2line(1) takes.
 *
 * For short-lived processes only: what is read may be corrupt, and may take long. [reporter]
 */
#ifndef PROC_REPORT_SYMBOLS_H
#define PROC_REPORT_SYMBOLS_H
#include "base/trace.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SYMBOLS_DEPTH = 8 }; /* functions inlined into each other at one address */

struct symbol {
    char function[128]; /* "" not known */
    char file[128];     /* as the compiler was given it, cut in front; "" not known */
    unsigned line;      /* 0: not known */
};

struct symbols;

/* Of the objects of a trace that was taken in a process which may be gone. 0 or a negative errno;
   -ENOSYS: this build has no libdw. */
int symbols_of_trace(const struct trace *trace, struct symbols **ret);
/* Of a running process. */
int symbols_of_process(pid_t pid, struct symbols **ret);
void symbols_free(struct symbols *symbols);

/*
 * The frames of the thread tid of that process, which is stopped for some 100 microseconds (by
 * ptrace(2)) and goes on where it was. 0, or a negative errno: -EPERM the system forbids it,
 * -ESRCH it is gone.
 */
int symbols_frames(struct symbols *symbols, pid_t tid, struct trace *ret);

/* What is at a frame's address: the functions inlined there first, that which holds them last. How
   many were written to ret, 0: nothing is known. symbols may be NULL. */
size_t symbols_name(struct symbols *symbols, const struct trace_frame *frame,
                    struct symbol ret[SYMBOLS_DEPTH]);
/* "function file:line", "function object+0xoffset", "object+0xoffset", "0xaddress"; symbol NULL:
   not known. Returns dst. */
char *symbols_print(const struct trace *trace, const struct trace_frame *frame,
                    const struct symbol *symbol, char *dst, size_t room);
/* The index in trace->objects of the object that holds the address in that process, or -1. */
int symbols_object(struct symbols *symbols, const struct trace *trace, uint64_t address);
#endif
