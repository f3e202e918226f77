/*
 * The process that cgw-serve is: it owns the sockets and the workers, makes generations of the
 * module, and does what signals ask for. It never loads a module and never reads a request.
 */
#ifndef PROC_SUPERVISOR_H
#define PROC_SUPERVISOR_H
#include "proc/options/options.h"

/* Until it is told to stop, or cannot go on. Takes the options over. The code to exit with. In the
   workers, which are forked in here, it does not return. */
int supervisor_run(int argc, char **argv, char **envp, struct options *options);

/* --check: load the module in a child, where a crash is but a message. The code to exit with. */
int supervisor_check(struct options *options);
#endif
