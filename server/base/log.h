/*
 * Logs that never block the event loop: a line goes into a bounded buffer, a thread of its own,
 * which is there while lines come, writes it out (where no thread can be had, the caller writes
 * what does not make it wait). When the sink is stuck or the disk is full, lines are dropped,
 * counted, and the count is written once the sink takes lines again. A floor that decides logs;
 * base/ and proto/ never do.
 *
 * An error line: time, level, message number, text, key=value pairs (or one JSON object):
 *   2026-11-20T18:26:00.123456Z error CGW0123 no such file path=/x/app.so call=7f3a
 * Numbers are permanent and documented in cgw-serve(1) under DIAGNOSTICS.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

/* One sink: a file or an inherited descriptor, with its buffer. */
struct log_sink;

/*
 * Open a sink. path NULL: write to fd, which is not closed. A path is opened for appending, created
 * 0640. limit_bytes bounds the buffer. 0, or a negative errno.
 */
int log_sink_open(const char *path, int fd, size_t limit_bytes, struct log_sink **ret_sink);
/* Write out what is buffered, waiting at most timeout_ms, then free; lines that were not written
   count as dropped, and are told. NULL is fine. */
void log_sink_close(struct log_sink *sink, uint32_t timeout_ms);
/* Append one line (a newline is added), or drop and count it. Never blocks. [any-thread] */
void log_sink_line(struct log_sink *sink, const char *line, size_t len);
/* Open the path anew (a rotation); keeps the old file where that fails. 0 or a negative errno. */
int log_sink_reopen(struct log_sink *sink);
/* Around fork(), see log_fork_begin(): no sink but these may be used in the child. */
void log_sink_fork_begin(struct log_sink *sink);
void log_sink_fork_end(struct log_sink *sink, bool is_child);
/* See log_be_threadless() and log_nudge(). */
void log_sink_be_threadless(struct log_sink *sink);
void log_sink_nudge(struct log_sink *sink);
/* Lines dropped so far. [any-thread] */
uint64_t log_sink_dropped(struct log_sink *sink);
/*
 * Right after opening, before the first line. gather_ms: how long the writer waits for company
 * before it writes a line (5 unless set). note prints the line that tells of dropped lines into
 * this very sink; without one, the error log tells (CGW0601).
 */
typedef size_t log_note_fn(char *dst, size_t room, uint64_t dropped);
void log_sink_tune(struct log_sink *sink, uint32_t gather_ms, log_note_fn *note);

/* The error log of the process. Before log_start(), and after log_stop(), lines go straight to
   standard error. */
int log_start(const char *path, bool json, enum log_level least); /* 0 or a negative errno */
void log_stop(void);
/* Open the error log's path anew, as log_sink_reopen(). */
int log_reopen(void);
bool log_is_on(enum log_level level);
/*
 * Have the error log written by its callers: for a process that forks, which had better be alone
 * with itself. They wait for nobody; what its sink does not take at once is written with the next
 * line, or by log_nudge(), which is to be called now and then. Right after log_start().
 */
void log_be_threadless(void);
void log_nudge(void);
/*
 * Around fork(): begin() in front of it, end() behind it in both processes. The child's log goes
 * where the parent's does, and is written by a thread; what the parent had not yet written stays
 * the parent's.
 */
void log_fork_begin(void);
void log_fork_end(bool is_child);

/*
 * One line. number is its permanent CGWnnnn (0: none, used for lines of the application's). text is
 * a printf format of the message and, behind a NUL-free " key=value" convention, its pairs:
 *   log_line(LOG_LEVEL_ERROR, 123, "cannot open the file path=%s errno=%d", path, errno)
 * Control bytes, and bytes that are no UTF-8, are escaped as \xNN. [any-thread]
 */
void log_line(enum log_level level, unsigned number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, past the log to standard error: waits a second for it at most. */
void log_line_straight(enum log_level level, unsigned number, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * text into dst (room bytes, at least 1), NUL-terminated; the length. Control bytes, and bytes that
 * are no UTF-8, become \xNN. What does not fit is cut between characters.
 */
size_t log_escape(char *dst, size_t room, struct str text);
/* The same as the inside of a JSON string: quote and backslash escaped, controls as \u00NN, bytes
   that are no UTF-8 as a literal \xNN. */
size_t log_escape_json(char *dst, size_t room, struct str text);
#endif
