/* A start of the server as far as its options, for tests: words, variables, a config file. */
#ifndef OPTIONS_START_H
#define OPTIONS_START_H
#include "proc/options/options.h"
#include <stddef.h>

enum { START_WORDS = 16, START_VARIABLES = 8 };

/* The config file. Programs of one folder run at the same time: each defines a name of its own. */
extern const char *const start_file;

struct start {
    const char *words[START_WORDS]; /* behind "cgw-serve" */
    const char *variables[START_VARIABLES];
    const char *file; /* content of the config file, or NULL: none is written */
};

/* What came of it. */
struct run {
    int rc, exit;
    struct options *options;
    const struct settings *settings;
    char *out, *err;
};

void start_write_file(const char *text, size_t len);
void start_run(const struct start *start, struct run *run);
/* Also removes the config file. */
void start_end(struct run *run);
/* The start is refused with exactly these lines. */
void start_is_refused(const struct start *start, const char *lines);
/* The start is taken without a word; start_end() it. */
const struct settings *start_is_taken(const struct start *start, struct run *run);
#endif
