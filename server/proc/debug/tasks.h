/*
 * What goes on in a worker: the tasks of an application that lists them (cgw.tasks/1), or else the
 * calls that it has. To the log, a line each, or as a text for people.
 *
 * All that the application hands over is read with care for its sizes, but its pointers are taken
 * on trust: they are the worker's own memory.
 */
#ifndef PROC_DEBUG_TASKS_H
#define PROC_DEBUG_TASKS_H
#include "app/call.h"

/* Whose they are. */
struct tasks_worker {
    struct call_runtime *runtime;
    uint32_t position, generation;
};

/* At level info. Between two turns of the application's. [loop-thread] */
void tasks_log(const struct tasks_worker *worker);
/*
 * The same into dst (room bytes, at least 1), NUL-terminated; what does not fit is left out, and
 * the last line says how many there are in all. Its length. [loop-thread, as above]
 */
size_t tasks_print(const struct tasks_worker *worker, char *dst, size_t room);
#endif
