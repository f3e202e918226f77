/*
 * What compilers, linkers and make say, line by line, so that a page can show it readably: which
 * line tells of an error, where that is, and which lines are the source with marks below it. Knows
 * the texts of gcc, clang, ld and make; what it does not know is a plain line. No state, any
 * thread.
 */
#ifndef PROC_DEV_DIAGNOSTIC_H
#define PROC_DEV_DIAGNOSTIC_H
#include "base/str.h"

enum diagnostic_kind {
    DIAGNOSTIC_PLAIN,
    DIAGNOSTIC_ERROR,
    DIAGNOSTIC_WARNING,
    DIAGNOSTIC_NOTE,
    DIAGNOSTIC_SOURCE, /* a line of the user's file, quoted */
    DIAGNOSTIC_MARKS,  /* carets and tildes below it, or what would mend it */
    DIAGNOSTIC_KINDS
};

struct diagnostic {
    enum diagnostic_kind kind;
    struct str place; /* the line's beginning: "app.c:7:12:", or a program's name; or empty */
    struct str rest;
};

/* Take the colours, links and other control bytes of a terminal out, in place; the new length. */
size_t diagnostic_strip(char *text, size_t len);
/* Take the next line off *text (not empty), without its newline. */
struct str diagnostic_next_line(struct str *text);
/* What one line is; the result points into it. */
struct diagnostic diagnostic_read(struct str line);
#endif
