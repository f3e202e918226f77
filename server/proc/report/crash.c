/*
 * The handler of a worker's last moment. Whatever thread it runs on, the loop's thread is made to
 * stand still first: it may be about to answer one of the clients that are told here.
 *
 * In the end the signal is raised anew with what the kernel said about it, at its default and still
 * blocked: it strikes when the handler returns, so a core dump shows the fault and not the handler.
 */
#include "proc/report/crash.h"
#include "app/current.h"
#include "base/thread.h"
#include "base/trace.h"
#include "net/last_words.h"
#include "proc/report/request_peek.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    PATIENCE_SECONDS = 10, /* for the handler: a corrupt stack may be walked for ever */
    FREEZE_MS = 200,
    BELOW_STACK_BYTES = 64 * 1024, /* a fault so near to the stack pointer is the stack's */
    ABOVE_STACK_BYTES = 4096
};

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

static struct board_slot *slot;
static const struct cgw_app *application;
static pid_t process;          /* this one: what a fork of the module's does is not ours */
static int sample_signal;      /* also the one that makes the loop stand still */
static _Atomic pid_t reporter; /* the thread that reports; 0: none yet */
static atomic_bool is_loop_frozen;

static pid_t thread_number(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* Another thread ends the process. */
static void await_end(void)
{
    if (thread_number() == process)
        atomic_store(&is_loop_frozen, true);
    for (;;)
        poll(NULL, 0, 1000);
}

/* The loop's thread does nothing more from here on; false: it cannot be reached. */
static bool freeze_loop(void)
{
    if (thread_number() == process)
        return true;
    if (!sample_signal || syscall(SYS_tgkill, process, process, sample_signal) < 0)
        return false;
    for (int i = 0; i < FREEZE_MS && !atomic_load(&is_loop_frozen); i++)
        poll(NULL, 0, 1);
    return atomic_load(&is_loop_frozen);
}

/* Are there bytes? The kernel is asked, as reading them may be fatal. */
static bool is_readable(uint64_t address)
{
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)address, 1};
    return process_vm_readv(process, &here, 1, &there, 1, 0) == 1 || errno != EFAULT;
}

static bool is_overflow(int signal, uint64_t address, const void *context)
{
    uint64_t top = context ? trace_stack_pointer(context) : 0;
    if (!top || (signal != SIGSEGV && signal != SIGBUS))
        return false;
    bool is_near = address + BELOW_STACK_BYTES >= top && address < top + ABOVE_STACK_BYTES;
    return is_near || !is_readable(top);
}

static void note_cause(struct board_crash *crash, int signal, const siginfo_t *info,
                       const void *context)
{
    crash->signal = signal;
    crash->code = info ? info->si_code : 0;
    crash->address = info && info->si_code > 0 ? (uintptr_t)info->si_addr : 0;
    crash->is_stack_overflow =
        info && info->si_code > 0 && is_overflow(signal, crash->address, context);
    crash->is_from_supervisor = info && info->si_code == SI_USER && info->si_pid == getppid();
    crash->is_on_pool = current.is_on_pool;
    crash->is_on_loop = thread_number() == process;
}

/* The route of a call on the pool is with its thread. */
static void note_request(struct board_request *request)
{
    if (request_peek(process, (uintptr_t)current.call, request) < 0)
        return;
    request->is_known = request->id == current.id;
    if (current.route)
        strncpy(request->route, current.route, sizeof request->route - 1);
}

/* Step by step: each may be the last. */
static void leave_report(int signal, const siginfo_t *info, void *context)
{
    struct board_crash *crash = &slot->crash;
    note_cause(crash, signal, info, context);
    atomic_store(&crash->stage, 1);
    note_request(&crash->request);
    atomic_store(&crash->stage, 2);
    bool is_frozen = freeze_loop();
    last_words_say(is_frozen, &crash->n_told, &crash->n_reset);
    atomic_store(&crash->stage, 3);
    trace_take(&crash->trace, context);
    trace_set_application(&crash->trace, application);
    atomic_store(&crash->stage, 4);
    last_words_drain();
}

/* Whatever happens in the handler, the process ends. */
static void limit_time(void)
{
    struct sigaction end = {.sa_handler = SIG_DFL};
    sigset_t set;
    sigaction(SIGALRM, &end, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    alarm(PATIENCE_SECONDS);
}

/* This thread's, unless another has begun to report; false: this one has done so before. */
static bool claim(void)
{
    pid_t none = 0, self = thread_number();
    if (atomic_compare_exchange_strong(&reporter, &none, self))
        return true;
    if (none != self)
        await_end();
    return false;
}

static void raise_again(int signal, siginfo_t *info)
{
    struct sigaction end = {.sa_handler = SIG_DFL};
    sigaction(signal, &end, NULL);
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread_number(), signal, info) < 0)
        raise(signal);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    if (getpid() == process && claim()) {
        limit_time();
        leave_report(signal, info, context);
    }
    raise_again(signal, info);
}

/* The runtime of a sanitizer has said what is wrong, and ends the process when this returns. */
static void on_sanitizer_end(void)
{
    if (getpid() != process || !claim())
        return;
    limit_time();
    leave_report(0, NULL, NULL);
}

/* Somebody asks where the loop's thread is, or it is to stand still for ever. */
static void on_sample(int signal, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)signal, (void)info;
    if (getpid() != process)
        return;
    if (atomic_load(&reporter))
        await_end();
    uint32_t wanted = atomic_load(&slot->sample.wanted);
    note_request(&slot->sample.request);
    trace_take(&slot->sample.trace, context);
    trace_set_application(&slot->sample.trace, application);
    atomic_store(&slot->sample.taken, wanted);
    errno = saved;
}

/* ---- installing ---- */

extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* false: the module has a handler of its own, or the system refuses. */
static bool handle(int signal, void (*fn)(int, siginfo_t *, void *), int flags,
                   const sigset_t *mask)
{
    struct sigaction now, action = {.sa_sigaction = fn, .sa_mask = *mask};
    if (sigaction(signal, NULL, &now) < 0 || now.sa_handler != SIG_DFL)
        return false;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
    return sigaction(signal, &action, NULL) == 0;
}

/* A fault in the handler of a fault ends the process at once, as it is blocked; and the report is
   not interrupted by the question where the loop is. */
static void handle_all(void)
{
    sigset_t none, mask;
    sigemptyset(&none);
    sigemptyset(&mask);
    sigaddset(&mask, SIGRTMAX - 2);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigaddset(&mask, faults[i]);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        handle(faults[i], on_fault, 0, &mask);
    if (handle(SIGRTMAX - 2, on_sample, SA_RESTART, &none))
        sample_signal = SIGRTMAX - 2;
    atomic_store(&slot->sample.signal, (uint32_t)sample_signal);
}

/* Under Yama only an ancestor may look into a process, unless it is named. */
static void let_supervisor_look(void)
{
    prctl(PR_SET_PTRACER, getppid(), 0, 0, 0);
}

int crash_install(struct board_slot *own, struct call_runtime *runtime)
{
    assert(runtime->slot == own);
    slot = own;
    application = runtime->app;
    own->application = (uintptr_t)application;
    process = getpid();
    trace_note_objects();
    thread_take_alternate(); /* for as long as the process lives */
    let_supervisor_look();
    handle_all();
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(on_sanitizer_end);
    return 0;
}
