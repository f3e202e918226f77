/*
 * What the operator has chosen, gathered: defaults < config file < environment < command line, all
 * by the one table of options_table.c.
 */
#ifndef PROC_OPTIONS_H
#define PROC_OPTIONS_H
#include "base/settings.h"
#include <stdio.h>

struct options;

/*
 * Gather everything and check it. 0 and *ret_options; or -ECANCELED with *ret_exit the code to exit
 * with: 0 after --help and --version, 2 after errors, each said in one line on standard error:
 * which option, where it was, what it got, what it takes. argv and envp are copied.
 */
int options_load(int argc, char **argv, char **envp, struct options **ret_options, int *ret_exit);
/* The same with streams of the caller's. */
int options_load_to(FILE *out, FILE *err, int argc, char **argv, char **envp,
                    struct options **ret_options, int *ret_exit);
void options_free(struct options *options); /* NULL is fine */

/* Valid, strings included, until options_free(). */
const struct settings *options_settings(const struct options *options);
/* --reload is settled by the first reading: a later one must not begin or end development in
   workers alone. */
void options_keep_reload(struct options *options, bool reload);
#endif
