/* Starting threads: the signal mask is inherited, so it is closed around the start. */
#include "base/thread.h"
#include <limits.h>
#include <signal.h>
#include <unistd.h>

/* What a thread's own fault raises stays open: a crash must reach its handler, or kill. */
static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};

static void mask_all(sigset_t *ret_before)
{
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, ret_before);
}

static int set_stack(pthread_attr_t *attr, size_t bytes)
{
    long least = sysconf(_SC_THREAD_STACK_MIN), page = sysconf(_SC_PAGESIZE);
    if (bytes == 0 || page <= 0)
        return 0;
    if (least > 0 && bytes < (size_t)least)
        bytes = (size_t)least;
    return pthread_attr_setstacksize(attr, (bytes + (size_t)page - 1) & ~((size_t)page - 1));
}

int thread_start(void *(*body)(void *), void *arg, size_t stack_bytes)
{
    pthread_attr_t attr;
    int error = pthread_attr_init(&attr);
    if (error)
        return -error;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    error = set_stack(&attr, stack_bytes);
    if (!error) {
        pthread_t thread;
        sigset_t before;
        mask_all(&before);
        error = pthread_create(&thread, &attr, body, arg);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attr);
    return -error;
}

int thread_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int error = pthread_condattr_init(&attr);
    if (error)
        return -error;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    error = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return -error;
}

struct timespec thread_deadline(uint32_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}
