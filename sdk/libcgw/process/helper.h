/* A helper process: jobs come over a socket, one after the other, and are answered there. */
#ifndef PROCESS_HELPER_H
#define PROCESS_HELPER_H
#include <sys/types.h>

/* Serve jobs until the other end is closed, then end the process. In a process of its own, which
   has one thread. */
_Noreturn void helper_live(int fd);
#endif
