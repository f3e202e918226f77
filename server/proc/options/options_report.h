/* Errors in options, a line each: said when they are found, counted, bounded. */
#ifndef PROC_OPTIONS_REPORT_H
#define PROC_OPTIONS_REPORT_H
#include "base/str.h"
#include <stdio.h>

#define OPTIONS_REPORT_LINES 20  /* of errors that are shown, at most */
#define OPTIONS_TEXT_BYTES   512 /* of an operator's text that are shown, at most */

struct options_report {
    FILE *err;
    unsigned n_errors;
};

void options_report_error(struct options_report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Say how many errors were not shown, if any. */
void options_report_end(const struct options_report *report);
/* text without control bytes in dst, which has OPTIONS_TEXT_BYTES of room; dst. */
const char *options_report_text(char *dst, struct str text);
#endif
