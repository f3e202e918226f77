/*
 * The words of a command line: "--name value", "--name=value", "--switch", "--no-switch", others,
 * and all behind "--", are modules.
 */
#ifndef PROC_OPTIONS_WORDS_H
#define PROC_OPTIONS_WORDS_H
#include "proc/options/options_report.h"
#include "proc/options/options_table.h"

struct options_word {
    const struct option *option; /* the module's row, too */
    const char *value;           /* in argv, or static; NULL: the option takes none */
    struct str spelled;          /* "--port", in argv */
    bool is_behind_error;        /* a malformed word is in front of it */
};

/*
 * Read argv into words, which has room for argc of them; what is malformed is reported and left
 * out. The number of words.
 */
size_t options_words_read(int argc, char **argv, struct options_report *report,
                          struct options_word *words);
#endif
