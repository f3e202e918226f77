/*
 * libev ends the process when it gets no memory. It asks rarely and for little, so it is given a
 * reserve to fall back on: a shortage then costs requests, never the worker.
 */
#ifndef NET_LOOP_MEMORY_H
#define NET_LOOP_MEMORY_H

/* Once, before the first loop. */
void loop_memory_install(void);
#endif
