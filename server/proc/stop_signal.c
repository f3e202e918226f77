/* Counting stop signals. All that the handlers call is async-signal-safe (signal-safety(7)). */
#include "proc/stop_signal.h"
#include "proc/worker.h"
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum { MOMENT_US = 100, PATIENCE_SECONDS = 1 };

static void (*tell)(int signal); /* set before the handler is */
static volatile sig_atomic_t count;
static volatile int64_t first_us;

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void on_alarm(int signal)
{
    static const char text[] = "cgw-serve: ended by force, the application holds the loop\n";
    (void)signal;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(EXIT_CANNOT_RUN);
    _exit(EXIT_CANNOT_RUN);
}

static void on_signal(int signal)
{
    int saved = errno;
    if (count == 0)
        first_us = now_us();
    if (count == 0 || now_us() - first_us >= MOMENT_US)
        count = count + 1;
    if (count > 1)
        alarm(PATIENCE_SECONDS);
    tell(signal);
    errno = saved;
}

void stop_signal_install(int signal, void (*tell_loop)(int signal))
{
    struct sigaction stop = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction force = {.sa_handler = on_alarm};
    tell = tell_loop;
    sigfillset(&stop.sa_mask);
    sigaction(signal, &stop, NULL);
    sigaction(SIGALRM, &force, NULL);
}

int stop_signal_count(void)
{
    return count;
}
