/*
 * What a trace says to people: the place in the application that it is about, and its lines.
 */
#ifndef PROC_REPORT_SITE_H
#define PROC_REPORT_SITE_H
#include "base/log.h"
#include "proc/report/symbols.h"

enum { SITE_BYTES = 160 };

struct site {
    char text[SITE_BYTES]; /* "slow_handler app.c:42"; "" when there is no trace */
    uint64_t key;          /* the same for all places of one function */
};

/*
 * The innermost frame of the application; in a trace without one the innermost that is neither the
 * server's nor the system's. symbols may be NULL.
 */
void site_find(struct symbols *symbols, const struct trace *trace, struct site *ret);

/* Names for each frame, kept until they are logged: whoever reads debug information may die of it,
   and then has said nothing. */
struct site_lines {
    size_t n;
    char text[TRACE_FRAMES * 2][320];
};
void site_name_lines(struct symbols *symbols, const struct trace *trace, struct site_lines *ret);
/* One line of the log for each (CGW0191). */
void site_log_lines(enum log_level level, const struct site_lines *lines, pid_t pid);
#endif
