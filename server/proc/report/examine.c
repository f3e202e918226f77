/* Request first, frames then, and behind each the question whether it is still the same visit. */
#include "proc/report/examine.h"
#include "proc/report/request_peek.h"
#include "proc/system/small_file.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEADLINE_SECONDS = 10, SAMPLE_MS = 1000, DISK_MS = 500, NAP_MS = 5, DESCRIPTORS = 1024 };

/* Connections would wait at them, and the address be taken, for as long as this child is busy. */
static void close_listeners(void)
{
    for (int fd = STDERR_FILENO + 1; fd < DESCRIPTORS; fd++) {
        int listens = 0;
        socklen_t size = sizeof listens;
        if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens)
            close(fd);
    }
}

void examine_begin(void)
{
    struct rlimit none = {0, 0};
    close_listeners();
    setrlimit(RLIMIT_CORE, &none);
    unsetenv("DEBUGINFOD_URLS"); /* or debug information would be asked for on the network */
    alarm(DEADLINE_SECONDS);
}

static bool is_over(const struct board_slot *slot, uint64_t entered)
{
    return entered && atomic_load_explicit(&slot->entered, memory_order_acquire) != entered;
}

/* The thread's own word, asked for by a signal. */
static void take_sample(struct board_slot *slot, pid_t pid, struct examined *ret)
{
    uint32_t number = atomic_load(&slot->sample.signal);
    uint32_t wanted = atomic_fetch_add(&slot->sample.wanted, 1) + 1;
    if (!number || syscall(SYS_tgkill, pid, pid, (int)number) < 0)
        return;
    for (int i = 0; i < SAMPLE_MS && atomic_load(&slot->sample.taken) != wanted; i++)
        poll(NULL, 0, 1);
    if (atomic_load(&slot->sample.taken) != wanted)
        return;
    memcpy(&ret->trace, &slot->sample.trace, sizeof ret->trace);
    memcpy(&ret->request, &slot->sample.request, sizeof ret->request);
}

static void take_frames(struct board_slot *slot, pid_t pid, struct examined *ret)
{
    struct trace *trace = &ret->trace;
    if (symbols_of_process(pid, &ret->symbols) == 0 &&
        symbols_frames(ret->symbols, pid, trace) == 0) {
        int object = symbols_object(ret->symbols, trace, slot->application);
        trace->application = (uint16_t)(object < 0 ? TRACE_OBJECTS : object);
        return;
    }
    symbols_free(ret->symbols);
    ret->symbols = NULL;
    trace->n_frames = trace->n_objects = 0;
    take_sample(slot, pid, ret);
    if (symbols_of_trace(trace, &ret->symbols) < 0)
        ret->symbols = NULL;
}

/* A thread that waits for a disk, or for its vfork(2), stops for nobody before that is over. */
static bool can_stop(const struct board_slot *slot, pid_t pid, uint64_t entered)
{
    pid_t tracer;
    char state = 'D';
    for (int ms = 0; ms < DISK_MS && !is_over(slot, entered); ms += NAP_MS) {
        small_file_status(pid, &state, &tracer);
        if (state != 'D')
            break;
        poll(NULL, 0, NAP_MS);
    }
    return state != 'D';
}

int examine(struct board_slot *slot, pid_t pid, uint64_t entered, struct examined *ret)
{
    ret->symbols = NULL;
    ret->trace.n_frames = ret->trace.n_objects = 0;
    bool is_inside = atomic_load(&slot->entered) & 1;
    if (request_peek(pid, is_inside ? atomic_load(&slot->current) : 0, &ret->request) < 0)
        ret->request.is_known = false;
    if (is_over(slot, entered))
        return -ESTALE;
    if (can_stop(slot, pid, entered))
        take_frames(slot, pid, ret);
    if (!is_over(slot, entered))
        return 0;
    symbols_free(ret->symbols);
    return -ESTALE;
}
