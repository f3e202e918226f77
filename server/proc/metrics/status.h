/*
 * cgw-serve --status: a look from outside at a server that runs, by the board that it shares.
 */
#ifndef PROC_METRICS_STATUS_H
#define PROC_METRICS_STATUS_H
#include <stdio.h>

/*
 * Find the server (pid NULL: the only one that this user may look at) and show its picture on out:
 * once where that is no terminal, else refreshed each second until INT, TERM or the server's end.
 * An exit code: 0, 1 there is none, several, or one that may not be read (err says which), 2 pid is
 * no process number. The process's signal mask changes while a terminal is drawn on.
 */
int status_run(const char *pid, FILE *out, FILE *err);
#endif
