/*
 * Threads of the server's own: detached, with the process's signals kept away from them, so that
 * only the loop's thread ever takes one.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * Run body(arg) on a new detached thread, its stack of stack_bytes (0: the system's default, less
 * than the system's minimum: that). 0, or a negative errno: -EAGAIN where the system has no more.
 * [any-thread]
 */
int thread_start(void *(*body)(void *), void *arg, size_t stack_bytes);

/*
 * A second stack for the calling thread's signal handlers, as thread_start() gives each of its
 * threads; NULL: there is one already, or no memory for it. Given back by the same thread.
 */
enum { THREAD_ALTERNATE_BYTES = 96 * 1024 };
void *thread_take_alternate(void);
void thread_drop_alternate(void *stack);

/* A condition whose deadlines are those of thread_deadline(). 0 or a negative errno. */
int thread_cond_init(pthread_cond_t *cond);
/* The moment ms from now, on the monotonic clock, for pthread_cond_timedwait(). */
struct timespec thread_deadline(uint32_t ms);
#endif
