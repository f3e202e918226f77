/*
 * One worker: a loop, the application on it or on its pool, from startup to the last answer.
 */
#ifndef PROC_WORKER_H
#define PROC_WORKER_H
#include "base/settings.h"
#include "net/listener.h"
#include <cgw/abi.h>

/* The exit codes of cgw-serve. */
enum { EXIT_FINE = 0, EXIT_CANNOT_RUN = 1, EXIT_USAGE = 2, EXIT_MODULE = 3 };

/*
 * Run lifespan startup, serve from listener (which becomes the worker's) until a signal, drain, run
 * lifespan shutdown. The exit code. All arguments outlive it.
 */
int worker_run(const struct settings *settings, const struct cgw_app *app,
               struct listener *listener);
#endif
