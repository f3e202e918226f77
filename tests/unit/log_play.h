/* What check_log and check_log_sink have in common: a folder for logs, and how one reads them. */
#ifndef LOG_PLAY_H
#define LOG_PLAY_H
#include "base/log.h"
#include "unit.h"

extern char folder[];
extern char path[64], moved[64], errors[64]; /* in it */

void log_play_setup(void);
void log_play_teardown(void);

void nap(void);
/* The whole file, NUL-terminated; valid until the next one is read. */
const char *contents(const char *of);
void wait_for_text(const char *of, const char *text);
size_t count_lines(const char *text);
/* Let standard error be the file errors; before the log starts. */
void take_stderr(void);
/* Lines that the notes in the error log tell of, all together. */
unsigned told_drops(void);
/* How often the error log says that a log cannot be written. */
size_t count_failures(void);
/* Read until the text has been seen; the lines read are counted. */
size_t read_until(int fd, const char *text);
#endif
