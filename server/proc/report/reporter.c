/*
 * A job is what a report is about, copied before the fork. The child names, then logs, and exits
 * with 0; when it comes to another end the supervisor logs the job as it is.
 */
#include "proc/report/reporter.h"
#include "base/list.h"
#include "base/mem.h"
#include "proc/children.h"
#include "proc/report/examine.h"
#include "proc/report/site.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, NAP_MS = 5 };

struct job {
    struct list link; /* in jobs while its child runs */
    pid_t child;
    pid_t pid; /* of the worker */
    uint32_t position, generation;
    int status; /* of the worker's end */
    void (*log)(const struct job *job, struct symbols *symbols);
    struct board_crash crash;
};

static struct list jobs = {&jobs, &jobs};

/* ---- what it says ---- */

static const char *cause_of(const struct board_crash *crash)
{
    if (crash->signal == 0)
        return "stopped by a sanitizer, whose own report is on standard error";
    if (crash->is_stack_overflow)
        return "stack overflow";
    if (crash->code == SI_USER)
        return crash->is_from_supervisor ? "the server has ended it" : "a signal from outside";
    if (crash->signal == SIGABRT)
        return "abort()";
    if (crash->signal == SIGSEGV || crash->signal == SIGBUS)
        return crash->code > 0 && crash->address < PAGE_BYTES ? "use of a null pointer"
                                                              : "bad memory access";
    if (crash->signal == SIGFPE)
        return "bad arithmetic, as a division by zero";
    return crash->signal == SIGILL || crash->signal == SIGTRAP ? "bad instruction, or a trap"
                                                               : "bad system call";
}

static const char *signal_name(int signal, char *room, size_t bytes)
{
    const char *name = signal ? sigabbrev_np(signal) : NULL;
    snprintf(room, bytes, "%s%s", name ? "SIG" : "", name ? name : "-");
    return room;
}

static const char *thread_name(const struct board_crash *crash)
{
    return crash->is_on_loop ? "loop" : crash->is_on_pool ? "pool" : "own";
}

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

static void find_trace(const struct job *job, struct symbols *symbols, struct site *site,
                       struct site_lines *lines)
{
    static const struct trace none;
    bool has = atomic_load(&job->crash.stage) >= 4 || job->crash.trace.n_frames;
    site_find(symbols, has ? &job->crash.trace : &none, "", site);
    site_name_lines(symbols, has ? &job->crash.trace : &none, lines);
}

static void log_crash(const struct job *job, struct symbols *symbols)
{
    static struct site_lines lines;
    const struct board_crash *crash = &job->crash;
    const struct board_request *request = &crash->request;
    char call[SITE_CALL_BYTES];
    struct site site;
    char signal[32];
    find_trace(job, symbols, &site, &lines);
    log_line(LOG_LEVEL_ERROR, 190,
             "a worker crashed: %s worker=%u pid=%d generation=%u signal=%s address=0x%llx "
             "thread=%s core=%s told_502=%u reset=%u site=%s call=%s route=%s request=%s",
             cause_of(crash), job->position, (int)job->pid, job->generation,
             signal_name(crash->signal, signal, sizeof signal), (unsigned long long)crash->address,
             thread_name(crash), WIFSIGNALED(job->status) && WCOREDUMP(job->status) ? "yes" : "no",
             crash->n_told, crash->n_reset, or_dash(site.text), site_print_call(request, call),
             site_route(request), site_request(request));
    site_log_lines(LOG_LEVEL_ERROR, &lines, job->pid);
}

static void log_hang(const struct job *job, struct symbols *symbols)
{
    static struct site_lines lines;
    const struct board_request *request = &job->crash.request;
    char call[SITE_CALL_BYTES];
    struct site site;
    find_trace(job, symbols, &site, &lines);
    log_line(LOG_LEVEL_ERROR, 195,
             "where the loop of the worker hangs: worker=%u pid=%d site=%s call=%s route=%s "
             "request=%s",
             job->position, (int)job->pid, or_dash(site.text), site_print_call(request, call),
             site_route(request), site_request(request));
    site_log_lines(LOG_LEVEL_ERROR, &lines, job->pid);
}

/* ---- children ---- */

static void drop(struct job *job)
{
    list_remove(&job->link);
    mem_free(job);
}

/* The supervisor says itself what nobody else has said. */
static void log_plain(const struct job *job, const char *why, int code)
{
    log_line(LOG_LEVEL_WARNING, 196, "a report comes without names: %s pid=%d code=%d", why,
             (int)job->pid, code);
    job->log(job, NULL);
}

static void conclude(struct job *job, int status)
{
    if (WIFSIGNALED(status))
        log_plain(job, "who looks them up died of a signal", WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        log_plain(job, "they could not be looked up", WEXITSTATUS(status));
    drop(job);
}

static void on_exit_of_reporter(pid_t pid, int status, void *arg)
{
    (void)pid;
    conclude(arg, status);
}

static _Noreturn void leave(void)
{
    log_stop();
    _exit(0);
}

static struct job *job_new(const struct board_slot *slot,
                           void (*log)(const struct job *job, struct symbols *symbols))
{
    struct job *job = mem_zalloc(sizeof *job);
    if (!job) {
        log_line(LOG_LEVEL_ERROR, 197, "out of memory for a report, there is none pid=%d",
                 atomic_load(&slot->pid));
        return NULL;
    }
    job->pid = atomic_load(&slot->pid);
    job->position = slot->position;
    job->generation = slot->generation;
    job->log = log;
    list_append(&jobs, &job->link);
    return job;
}

/* In the parent, with what the fork has answered. */
static void attend(struct job *job, pid_t child)
{
    job->child = child;
    if (child > 0)
        return;
    log_plain(job, "no process can be had to look them up", (int)-child);
    drop(job);
}

static void copy_crash(struct board_crash *to, const struct board_crash *from)
{
    memcpy(to, from, sizeof *to);
    to->request.line[sizeof to->request.line - 1] = '\0';
    to->request.route[sizeof to->request.route - 1] = '\0';
    if (to->trace.n_frames > TRACE_FRAMES)
        to->trace.n_frames = 0;
    if (to->trace.n_objects > TRACE_OBJECTS)
        to->trace.n_objects = 0;
    for (size_t i = 0; i < TRACE_OBJECTS; i++)
        to->trace.objects[i][TRACE_PATH_BYTES - 1] = '\0';
}

void reporter_crash(struct board *board, const struct board_slot *slot, int wait_status)
{
    (void)board;
    struct job *job = atomic_load(&slot->crash.stage) ? job_new(slot, log_crash) : NULL;
    if (!job)
        return;
    job->status = wait_status;
    copy_crash(&job->crash, &slot->crash);
    pid_t child = children_fork(on_exit_of_reporter, job);
    if (child == 0) {
        struct symbols *symbols = NULL;
        examine_begin();
        if (symbols_of_trace(&job->crash.trace, &symbols) < 0)
            symbols = NULL;
        job->log(job, symbols);
        leave();
    }
    attend(job, child);
}

void reporter_hang(struct board *board, struct board_slot *slot)
{
    (void)board;
    struct job *job = job_new(slot, log_hang);
    if (!job)
        return;
    pid_t child = children_fork(on_exit_of_reporter, job);
    if (child == 0) {
        static struct examined examined;
        examine_begin();
        if (examine(slot, job->pid, 0, &examined) == 0) {
            job->crash.request = examined.request;
            job->crash.trace = examined.trace;
        }
        job->log(job, examined.symbols);
        leave();
    }
    attend(job, child);
}

static bool has_ended(struct job *job)
{
    int status;
    pid_t pid = waitpid(job->child, &status, WNOHANG);
    if (pid == 0)
        return false;
    if (pid > 0)
        conclude(job, status);
    else
        drop(job); /* reaped already, and nobody was asked */
    return true;
}

void reporter_finish(uint32_t timeout_ms)
{
    struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    for (uint32_t ms = 0; !list_is_empty(&jobs) && ms < timeout_ms; ms += NAP_MS)
        if (!has_ended(list_owner(jobs.next, struct job, link)))
            nanosleep(&nap, NULL);
    while (!list_is_empty(&jobs)) {
        struct job *job = list_owner(jobs.next, struct job, link);
        kill(job->child, SIGKILL);
        log_plain(job, "there was no time to look them up", 0);
        drop(job);
    }
}
