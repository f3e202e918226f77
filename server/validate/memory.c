/* Regions of pages, and the handler that knows whose they were. */
#include "validate/memory.h"
#include "validate/report.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum state { LIVE, SEALED, ENDED };

struct region {
    char *start;         /* what the application got */
    char *base;          /* its first page */
    size_t pages, bytes; /* pages: in bytes, without the missing one behind */
    enum memory_kind kind;
    enum state state;
    const char *when;
};

#define REGIONS_MAX (1u << 20)
#define ALIGNMENT   16
#define STACK_BYTES (64u << 10)

static struct region *regions; /* address space only, until it is used */
static size_t n_regions;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local const char *probing;

static const char *const names[] = {
    [MEMORY_CALL] = "struct cgw_call",
    [MEMORY_SCOPE] = "the scope",
    [MEMORY_DATA] = "the body bytes of a receive()",
    [MEMORY_ALLOC] = "memory of alloc()",
};

static const enum rule late_rules[] = {
    [MEMORY_CALL] = RULE_CALL_LATE,
    [MEMORY_SCOPE] = RULE_SCOPE_LATE,
    [MEMORY_DATA] = RULE_DATA_LATE,
    [MEMORY_ALLOC] = RULE_ALLOC_LATE,
};

static struct region *add_region(void)
{
    if (!regions) {
        void *p = mmap(NULL, REGIONS_MAX * sizeof *regions, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED)
            return NULL;
        regions = p;
    }
    return n_regions < REGIONS_MAX ? &regions[n_regions++] : NULL;
}

/* The newest region that starts at p: an address may have been another's before. */
static struct region *region_of(const void *p)
{
    for (size_t i = n_regions; i-- > 0;)
        if (regions[i].start == p)
            return &regions[i];
    return NULL;
}

void *memory_new(enum memory_kind kind, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t pages = (bytes + page) / page * page;
    char *base = mmap(NULL, pages + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (mprotect(base, pages, PROT_READ | PROT_WRITE) < 0) {
        munmap(base, pages + page);
        return NULL;
    }
    size_t room = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *start = kind == MEMORY_ALLOC  ? base + pages - room
                  : kind == MEMORY_DATA ? base + pages - bytes
                                        : base;
    pthread_mutex_lock(&lock);
    struct region *region = add_region();
    if (region)
        *region = (struct region){start, base, pages, bytes, kind, LIVE, NULL};
    pthread_mutex_unlock(&lock);
    return region ? start : NULL;
}

static void protect(void *p, enum state state, int protection, const char *when)
{
    pthread_mutex_lock(&lock);
    struct region *region = p ? region_of(p) : NULL;
    if (region) {
        region->state = state;
        region->when = when;
        if (state == ENDED)
            madvise(region->base, region->pages, MADV_DONTNEED);
        mprotect(region->base, region->pages, protection);
    }
    pthread_mutex_unlock(&lock);
}

void memory_seal(void *p)
{
    protect(p, SEALED, PROT_READ, NULL);
}

void memory_end(void *p, const char *when)
{
    protect(p, ENDED, PROT_NONE, when);
}

void memory_probing(const char *what)
{
    probing = what;
}

/* ---- faults ---- */

/* Where the fault happened, as what addr2line takes: "app.so+0x11a3 (on_body)". */
static void say_place(const ucontext_t *context, char *dst, size_t room)
{
#if defined __x86_64__
    void *ip = (void *)(uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#else
    void *ip = (void *)(uintptr_t)context->uc_mcontext.pc;
#endif
    Dl_info info;
    if (!dladdr(ip, &info) || !info.dli_fname) {
        snprintf(dst, room, "address %p", ip);
        return;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    snprintf(dst, room, "%s+0x%zx%s%s%s", slash ? slash + 1 : info.dli_fname,
             (size_t)((char *)ip - (char *)info.dli_fbase), info.dli_sname ? " (" : "",
             info.dli_sname ? info.dli_sname : "", info.dli_sname ? ")" : "");
}

/* The newest region whose pages, or the missing page behind, hold the address. */
static const struct region *region_around(const char *address)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = n_regions; i-- > 0;)
        if (address >= regions[i].base && address < regions[i].base + regions[i].pages + page)
            return &regions[i];
    return NULL;
}

static _Noreturn void report_touch(const struct region *region, const char *address,
                                   const char *place)
{
    const char *name = names[region->kind], *doing = report_what_was_doing();
    if (region->state == ENDED)
        report_fatal(late_rules[region->kind], "touched %s after %s, at %s in %s", name,
                     region->when, place, doing);
    if (address >= region->base + region->pages)
        report_fatal(RULE_OVERRUN, "touched byte %td of the %zu of %s, at %s in %s",
                     address - region->start, region->bytes, name, place, doing);
    report_fatal(RULE_HOST_WRITTEN, "wrote to %s, at %s in %s", name, place, doing);
}

/* The process is lost: what is not safe in a signal handler costs nothing here. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
    char place[160];
    say_place(context, place, sizeof place);
    const char *address = info->si_addr;
    bool is_touch = signal == SIGSEGV || signal == SIGBUS;
    const struct region *region = is_touch ? region_around(address) : NULL;
    if (region && !probing)
        report_touch(region, address, place);
    if (is_touch && probing)
        report_fatal(RULE_POINTER, "%s cannot be used: address %p, in %s", probing,
                     (const void *)address, report_what_was_doing());
    if (is_touch)
        report_fatal(RULE_CRASH, "crashed: touched address %p, at %s in %s", (const void *)address,
                     place, report_what_was_doing());
    report_fatal(RULE_CRASH, "crashed: %s, at %s in %s", strsignal(signal), place,
                 report_what_was_doing());
}

void memory_prepare_thread(void)
{
    void *stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack != MAP_FAILED)
        sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = STACK_BYTES}, NULL);
}

void memory_watch_faults(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaction(signals[i], &action, NULL);
    memory_prepare_thread();
}
