/*
 * Looked at from a second thread: what the clock of the first one's CPU time says, and whether it
 * is asleep. Sleep adds up over a run, as ten handlers that block for a fifth of a second each are
 * as bad as one that does for two.
 */
#include "tester_watchdog.h"
#include "tester_fail.h"
#include "tester_memory.h"
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS 20000000

struct tester_watchdog {
    cgw_test *test;
    uint64_t patience_ns;
    _Atomic(const struct tester_call *) call; /* whose callback runs; NULL: nobody's */
    atomic_bool is_in;                        /* a callback runs */
    atomic_uint_fast64_t entered, runs;
    pid_t tid;
    clockid_t cpu;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over;
    bool is_running; /* there is a thread to join */
};

/* Of the callback that this thread is in, or NULL. */
static _Thread_local struct tester_watchdog *own;

/* What the watchdog has seen so far. */
struct sight {
    uint64_t entered, run;
    uint64_t cpu_ns, slept_ns, seen_ns;
    bool was_asleep;
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Does the thread wait for something, and not for its turn? */
static bool is_asleep(const struct tester_watchdog *watchdog)
{
    char path[64], text[128];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)watchdog->tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return true;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *end = strrchr(text, ')');
    return end && end[1] && (end[2] == 'S' || end[2] == 'D');
}

static void complain(struct tester_watchdog *watchdog, const struct sight *sight, uint64_t worked)
{
    const struct tester_call *call = atomic_load(&watchdog->call);
    if (!atomic_load(&watchdog->is_in) || atomic_load(&watchdog->entered) != sight->entered)
        return;
    double seconds = (double)(sight->slept_ns + worked) / 1e9;
    tester_fail(watchdog->test, call,
                "blocks the loop: %.1f real seconds in its callbacks, %s, while everybody else "
                "waits; see cgw_blocking() and .mode = CGW_SYNC",
                seconds, sight->slept_ns > worked ? "asleep" : "at work");
}

static void look(struct tester_watchdog *watchdog, struct sight *sight)
{
    uint64_t entered = atomic_load(&watchdog->entered), run = atomic_load(&watchdog->runs);
    uint64_t now = clock_ns(CLOCK_MONOTONIC), cpu = clock_ns(watchdog->cpu);
    if (run != sight->run)
        *sight = (struct sight){.run = run};
    bool is_in = atomic_load(&watchdog->is_in);
    if (entered != sight->entered || !is_in) {
        sight->entered = entered;
        sight->cpu_ns = cpu;
        sight->was_asleep = false;
    }
    bool asleep = is_in && is_asleep(watchdog);
    if (asleep && sight->was_asleep)
        sight->slept_ns += now - sight->seen_ns;
    sight->was_asleep = asleep;
    sight->seen_ns = now;
    uint64_t worked = is_in ? cpu - sight->cpu_ns : 0;
    if (is_in && sight->slept_ns + worked > watchdog->patience_ns)
        complain(watchdog, sight, worked);
}

static void *watch(void *arg)
{
    struct tester_watchdog *watchdog = arg;
    struct sight sight = {0};
    pthread_mutex_lock(&watchdog->lock);
    while (!watchdog->is_over) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&watchdog->changed, &watchdog->lock, &until);
        if (!watchdog->is_over)
            look(watchdog, &sight);
    }
    pthread_mutex_unlock(&watchdog->lock);
    return NULL;
}

/* A test without a watchdog is still a test. */
static void start(struct tester_watchdog *watchdog)
{
    watchdog->tid = (pid_t)syscall(SYS_gettid);
    watchdog->lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    watchdog->changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    watchdog->is_running = pthread_getcpuclockid(pthread_self(), &watchdog->cpu) == 0 &&
                           pthread_create(&watchdog->thread, NULL, watch, watchdog) == 0;
}

struct tester_watchdog *tester_watchdog_new(cgw_test *test, double patience)
{
    struct tester_watchdog *watchdog = tester_memory_alloc(test, sizeof *watchdog);
    watchdog->test = test;
    watchdog->patience_ns = (uint64_t)(patience * 1e9);
    start(watchdog);
    return watchdog;
}

void tester_watchdog_forked(struct tester_watchdog *watchdog)
{
    start(watchdog);
}

void tester_watchdog_free(struct tester_watchdog *watchdog)
{
    if (!watchdog || !watchdog->is_running)
        return;
    pthread_mutex_lock(&watchdog->lock);
    watchdog->is_over = true;
    pthread_cond_signal(&watchdog->changed);
    pthread_mutex_unlock(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
}

void tester_watchdog_enter(struct tester_watchdog *watchdog, const struct tester_call *call)
{
    own = watchdog;
    atomic_store(&watchdog->call, call);
    atomic_fetch_add(&watchdog->entered, 1);
    atomic_store(&watchdog->is_in, true);
}

void tester_watchdog_blame(const struct tester_call *call)
{
    if (!own)
        return;
    atomic_store(&own->call, call);
    atomic_fetch_add(&own->entered, 1);
}

void tester_watchdog_leave(struct tester_watchdog *watchdog)
{
    own = NULL;
    atomic_store(&watchdog->is_in, false);
}

void tester_watchdog_reset(struct tester_watchdog *watchdog)
{
    atomic_fetch_add(&watchdog->runs, 1);
}
