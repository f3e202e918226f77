/*
 * What a trace says to people: the place in the application that it is about, and its lines.
 */
#ifndef PROC_REPORT_SITE_H
#define PROC_REPORT_SITE_H
#include "base/board.h"
#include "base/log.h"
#include "proc/report/symbols.h"

enum { SITE_BYTES = 160, SITE_LINES = TRACE_FRAMES * 2, SITE_LINE_BYTES = 384 };

struct site {
    char text[SITE_BYTES]; /* "slow_handler app.c:42"; "" when there is no trace */
    uint64_t key;          /* the same for all places of one function, for the same route */
};

/*
 * The innermost frame of the application, which is not in libcgw where that was linked to it; in a
 * trace without one the innermost that is neither the server's nor the system's. symbols may be
 * NULL, route may be "".
 */
void site_find(struct symbols *symbols, const struct trace *trace, const char *route,
               struct site *ret);

/* Names for each frame up to that which calls the application, kept until they are logged: whoever
   reads debug information may die of it, and then has said nothing. */
struct site_lines {
    size_t n;
    char text[SITE_LINES][SITE_LINE_BYTES];
};
void site_name_lines(struct symbols *symbols, const struct trace *trace, struct site_lines *ret);
/* The id of a request as the log has it, or "-". Returns dst. */
enum { SITE_CALL_BYTES = 17 };
char *site_print_call(const struct board_request *request, char dst[SITE_CALL_BYTES]);
/* Its route and its line, or "-". */
const char *site_route(const struct board_request *request);
const char *site_request(const struct board_request *request);

/* One line of the log for each (CGW0191). */
void site_log_lines(enum log_level level, const struct site_lines *lines, pid_t pid);
#endif
