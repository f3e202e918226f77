/* --help and --version, from the table. */
#ifndef PROC_OPTIONS_HELP_H
#define PROC_OPTIONS_HELP_H
#include <stdio.h>

void options_help_print(FILE *out);
void options_help_version(FILE *out);
#endif
