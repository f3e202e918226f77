/* The board on which a child writes and from which its parent reads when it is gone. */
#include "validate/report.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct board {
    atomic_flag lock;
    atomic_bool is_over; /* the child meant to end */
    atomic_uint n;
    struct finding findings[REPORT_FINDINGS_MAX];
    char where[128];
    char doing[96];
    char message[1024];
    unsigned flags;
} * board;

static const struct {
    unsigned number;
    const char *id, *says;
} rules[] = {
#define RULE_ROW(name, number, id, says) {number, id, says},
    RULES(RULE_ROW)
#undef RULE_ROW
};

int report_init(void)
{
    void *p = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    board = p;
    return 0;
}

void report_clear(void)
{
    memset(board, 0, sizeof *board);
}

void report_where(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(board->where, sizeof board->where, format, args);
    va_end(args);
}

void report_doing(const char *text)
{
    snprintf(board->doing, sizeof board->doing, "%s", text);
}

const char *report_what_was_doing(void)
{
    return board->doing[0] ? board->doing : "being loaded";
}

/* A thread that died with the lock must not keep the others from telling why. */
static void lock(void)
{
    for (unsigned i = 0; i < 1000 && atomic_flag_test_and_set(&board->lock); i++)
        usleep(100);
}

static void __attribute__((format(printf, 2, 0)))
note(enum rule rule, const char *format, va_list args)
{
    lock();
    unsigned n = atomic_fetch_add(&board->n, 1);
    if (n < REPORT_FINDINGS_MAX) {
        struct finding *finding = &board->findings[n];
        finding->rule = rule;
        memcpy(finding->where, board->where, sizeof finding->where);
        vsnprintf(finding->what, sizeof finding->what, format, args);
    }
    atomic_flag_clear(&board->lock);
}

void report_finding(enum rule rule, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(rule, format, args);
    va_end(args);
}

void report_fatal(enum rule rule, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(rule, format, args);
    va_end(args);
    report_over();
}

void report_over(void)
{
    atomic_store(&board->is_over, true);
    _exit(0);
}

void report_refusal(const char *message)
{
    snprintf(board->message, sizeof board->message, "%s", message);
    report_over();
}

void report_flags(unsigned flags)
{
    board->flags = flags;
}

unsigned report_given_flags(void)
{
    return board->flags;
}

bool report_has(enum rule rule)
{
    const struct finding *finding;
    for (unsigned i = 0; (finding = report_get(i)); i++)
        if (finding->rule == rule)
            return true;
    return false;
}

void report_child_ended(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        report_finding(RULE_CRASH, "killed by signal %d (%s) in %s", WTERMSIG(wait_status),
                       strsignal(WTERMSIG(wait_status)), report_what_was_doing());
    else if (!atomic_load(&board->is_over))
        report_finding(RULE_ENDED, "ended the process with status %d in %s",
                       WEXITSTATUS(wait_status), report_what_was_doing());
}

unsigned report_count(void)
{
    return atomic_load(&board->n);
}

const struct finding *report_get(unsigned i)
{
    return i < report_count() && i < REPORT_FINDINGS_MAX ? &board->findings[i] : NULL;
}

const char *report_message(void)
{
    return board->message[0] ? board->message : NULL;
}

const char *report_rule_name(enum rule rule)
{
    return rules[rule].id;
}

void report_print(const char *scenario, const struct finding *finding, unsigned n)
{
    char times[32] = "";
    if (n > 1)
        snprintf(times, sizeof times, " (%u times)", n);
    printf("CGW%04u %s: [%s] %s: %s%s; abi.h: %s\n", rules[finding->rule].number,
           rules[finding->rule].id, scenario, finding->where, finding->what, times,
           rules[finding->rule].says);
}
