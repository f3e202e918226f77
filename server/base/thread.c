/*
 * Starting threads: the signal mask is inherited, so it is closed around the start. Each thread
 * gets a second stack, for the handler of its own crash: the first may be what was used up.
 */
#include "base/thread.h"
#include "base/mem.h"
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
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

/* Pages of which the lowest can be touched by nobody: a handler that needs too much ends there. */
static void *map_stack(void)
{
    void *stack = mmap(NULL, THREAD_ALTERNATE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return NULL;
    if (mprotect(stack, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE) < 0) {
        munmap(stack, THREAD_ALTERNATE_BYTES);
        return NULL;
    }
    return stack;
}

void *thread_take_alternate(void)
{
    stack_t used, mine = {.ss_size = THREAD_ALTERNATE_BYTES};
    if (sigaltstack(NULL, &used) < 0 || !(used.ss_flags & SS_DISABLE))
        return NULL; /* a sanitizer has one here, and will free it */
    mine.ss_sp = map_stack();
    if (mine.ss_sp && sigaltstack(&mine, NULL) < 0) {
        munmap(mine.ss_sp, THREAD_ALTERNATE_BYTES);
        mine.ss_sp = NULL;
    }
    return mine.ss_sp;
}

void thread_drop_alternate(void *stack)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    if (!stack)
        return;
    sigaltstack(&none, NULL);
    munmap(stack, THREAD_ALTERNATE_BYTES);
}

struct start {
    void *(*body)(void *);
    void *arg;
};

static void *run(void *arg)
{
    struct start start = *(struct start *)arg;
    mem_free(arg);
    void *stack = thread_take_alternate();
    void *result = start.body(start.arg);
    thread_drop_alternate(stack);
    return result;
}

/* 0 or a positive errno. */
static int start_thread(const pthread_attr_t *attr, void *(*body)(void *), void *arg)
{
    struct start *start = mem_alloc(sizeof *start);
    pthread_t thread;
    sigset_t before;
    if (!start)
        return ENOMEM;
    *start = (struct start){body, arg};
    mask_all(&before);
    int error = pthread_create(&thread, attr, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        mem_free(start);
    return error;
}

int thread_start(void *(*body)(void *), void *arg, size_t stack_bytes)
{
    pthread_attr_t attr;
    int error = pthread_attr_init(&attr);
    if (error)
        return -error;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    error = set_stack(&attr, stack_bytes);
    if (!error)
        error = start_thread(&attr, body, arg);
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
