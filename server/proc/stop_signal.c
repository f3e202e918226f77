/* Counting stop signals. All that the handlers call is async-signal-safe (signal-safety(7)). */
#include "proc/stop_signal.h"
#include "proc/worker.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { PATIENCE_SECONDS = 1 };

static void (*tell)(int signal); /* set before the handler is */
static volatile sig_atomic_t n_of_parent, n_of_others;
static pid_t parent; /* set before the handler is */

static void on_alarm(int signal)
{
    static const char text[] = "cgw-serve: ended by force, the application holds the loop\n";
    struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
    (void)signal;
    if (poll(&writable, 1, 0) > 0 && write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(EXIT_CANNOT_RUN);
    _exit(EXIT_CANNOT_RUN);
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)context;
    if (info->si_code <= 0 && info->si_pid == parent)
        n_of_parent = n_of_parent + 1;
    else
        n_of_others = n_of_others + 1;
    if (stop_signal_count() > 1)
        alarm(PATIENCE_SECONDS);
    tell(signal);
    errno = saved;
}

void stop_signal_install(int signal, void (*tell_loop)(int signal))
{
    struct sigaction stop = {.sa_sigaction = on_signal, .sa_flags = SA_RESTART | SA_SIGINFO};
    struct sigaction force = {.sa_handler = on_alarm};
    tell = tell_loop;
    parent = getppid();
    sigfillset(&stop.sa_mask);
    sigaction(signal, &stop, NULL);
    sigaction(SIGALRM, &force, NULL);
}

int stop_signal_count(void)
{
    return n_of_parent > n_of_others ? n_of_parent : n_of_others;
}
