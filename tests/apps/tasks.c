/*
 * Calls that are resumed from callbacks of others, as an SDK with fibers does it, and that say so
 * (cgw.current/1); its tasks can be listed (cgw.tasks/1).
 *
 *   /wait/WHAT?ms=N    waits for /wake; then does it: answer, block (N), crash, overflow
 *   /wake              resumes all that wait, in its own callback, then answers how many there were
 *   /none?ms=N         blocks for no call's sake
 *   /slow?ms=N         blocks; on a thread once the host has found it out (CGW_PROMOTES)
 *   /debug             is cgw.debug/1 there
 */
#include <cgw/abi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

enum { STACK_BYTES = 64 * 1024, GUARD_BYTES = 4096 };

struct waiter {
    struct waiter *next;
    struct cgw_call *call;
    void (*handler)(struct waiter *waiter);
    const char *name;
    uint64_t id, since_us;
    struct cgw_event events[2];
    struct cgw_header type;
    struct cgw_str body;
    char route[40], text[80];
};

static struct waiter *waiting;
static uint64_t n_tasks;
static volatile unsigned sink;

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static const void *table(const struct cgw_call *call, const char *id)
{
    return call->host->extension(call->host, id);
}

/* Named as what libcgw has: who calls it is to blame. A signal does not end it early. */
static NOINLINE void cgw_block(const struct waiter *waiter)
{
    const char *at = strstr(waiter->call->scope->query.ptr, "ms=");
    uint64_t end = now_us() + (at ? strtoul(at + 3, NULL, 10) : 0) * 1000;
    while (now_us() < end)
        usleep(1000);
}

static void sent(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void reply(struct waiter *waiter, const char *text)
{
    struct cgw_call *call = waiter->call;
    snprintf(waiter->text, sizeof waiter->text, "%s\n", text);
    waiter->type = (struct cgw_header)CGW_HEADER("content-type", "text/plain");
    waiter->body = (struct cgw_str){waiter->text, strlen(waiter->text)};
    waiter->events[0] = cgw_event_start(200, &waiter->type, 1);
    waiter->events[1] = cgw_event_body(&waiter->body, 1, 0);
    int status = call->host->send(call, waiter->events, 2, sent, NULL);
    if (status != CGW_PENDING)
        call->host->finish(call, status);
}

/* ---- what is done when it is resumed ---- */

static NOINLINE void buy_at_once(struct waiter *waiter)
{
    reply(waiter, "bought");
}

static NOINLINE void buy_slowly(struct waiter *waiter)
{
    cgw_block(waiter);
    reply(waiter, "bought slowly");
}

static NOINLINE void buy_nothing(struct waiter *waiter)
{
    (void)waiter;
    *(volatile int *)(uintptr_t)(sink & 0) = 1;
}

/* The result of each turn is needed behind it, so this is no loop in disguise. */
static NOINLINE unsigned dig(volatile const unsigned char *above, unsigned depth)
{
    volatile unsigned char frame[1024];
    if (sink == ~0u)
        return 0;
    frame[depth % sizeof(frame)] = above[0];
    return dig(frame, depth + 1) + frame[0];
}

static struct {
    ucontext_t outside, inside;
} fiber;

static void dig_inside(void)
{
    unsigned char first = (unsigned char)sink;
    sink = dig(&first, 1);
    setcontext(&fiber.outside);
}

/* A stack as small as can be, one page of guard below it, and another stack below that. */
static NOINLINE void buy_too_deep(struct waiter *waiter)
{
    char *memory = mmap(NULL, 2 * (STACK_BYTES + GUARD_BYTES), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *stack = memory + STACK_BYTES + 2 * GUARD_BYTES;
    if (memory == MAP_FAILED || mprotect(stack - GUARD_BYTES, GUARD_BYTES, PROT_NONE) < 0 ||
        getcontext(&fiber.inside) < 0) {
        reply(waiter, "no memory");
        return;
    }
    fiber.inside.uc_stack.ss_sp = stack;
    fiber.inside.uc_stack.ss_size = STACK_BYTES;
    fiber.inside.uc_link = NULL;
    makecontext(&fiber.inside, dig_inside, 0);
    swapcontext(&fiber.outside, &fiber.inside);
    reply(waiter, "deep enough");
}

/* ---- routes ---- */

static void wait_for_wake(struct waiter *waiter)
{
    waiter->id = ++n_tasks;
    waiter->since_us = now_us();
    waiter->next = waiting;
    waiting = waiter;
}

static void wake_all(struct waiter *waiter)
{
    const struct cgw_current *current = table(waiter->call, CGW_EXT_CURRENT);
    char text[40];
    int n = 0;
    while (waiting) {
        struct waiter *next = waiting;
        waiting = next->next;
        current->set(next->call);
        next->handler(next);
        n++;
    }
    current->set(waiter->call);
    snprintf(text, sizeof text, "woke %d", n);
    reply(waiter, text);
}

static void work_for_none(struct waiter *waiter)
{
    const struct cgw_current *current = table(waiter->call, CGW_EXT_CURRENT);
    current->set(NULL);
    cgw_block(waiter);
    current->set(waiter->call);
    reply(waiter, "done for none");
}

static void block_there(void *arg)
{
    cgw_block(arg);
}

static void was_there(struct cgw_call *call, int status, void *arg)
{
    (void)call, (void)status;
    reply(arg, "on a thread");
}

static void be_slow(struct waiter *waiter)
{
    const struct cgw_route *route = table(waiter->call, CGW_EXT_ROUTE);
    const struct cgw_thread *thread = table(waiter->call, CGW_EXT_THREAD);
    if (route->is_promoted(waiter->call) &&
        thread->run(waiter->call, block_there, waiter, was_there, waiter) == CGW_PENDING)
        return;
    cgw_block(waiter);
    reply(waiter, "on the loop");
}

static void tell_debug(struct waiter *waiter)
{
    reply(waiter, table(waiter->call, CGW_EXT_DEBUG) ? "debug" : "no debug");
}

static const struct {
    const char *path, *name;
    void (*begin)(struct waiter *waiter);
    void (*resume)(struct waiter *waiter);
} places[] = {
    {"/wait/answer", "buy_at_once", wait_for_wake, buy_at_once},
    {"/wait/block", "buy_slowly", wait_for_wake, buy_slowly},
    {"/wait/crash", "buy_nothing", wait_for_wake, buy_nothing},
    {"/wait/overflow", "buy_too_deep", wait_for_wake, buy_too_deep},
    {"/wake", "wake_all", wake_all, NULL},
    {"/none", "work_for_none", work_for_none, NULL},
    {"/slow", "be_slow", be_slow, NULL},
    {"/debug", "tell_debug", tell_debug, NULL},
};

/* "/wait/block" is said as "/wait/block/{rest}": a template, which no path is. */
static void begin(struct waiter *waiter, size_t i)
{
    const struct cgw_route *route = table(waiter->call, CGW_EXT_ROUTE);
    snprintf(waiter->route, sizeof waiter->route, "%s/{rest}", places[i].path);
    waiter->name = places[i].name;
    waiter->handler = places[i].resume;
    route->set(waiter->call, waiter->route, strlen(waiter->route));
    places[i].begin(waiter);
}

static void call(struct cgw_call *call)
{
    struct waiter *waiter = NULL;
    size_t i = 0, n = sizeof places / sizeof *places;
    while (i < n && strcmp(places[i].path, call->scope->path.ptr) != 0)
        i++;
    if (call->scope->type == CGW_SCOPE_HTTP && i < n)
        waiter = call->host->alloc(call, sizeof *waiter);
    if (!waiter) {
        call->host->finish(call, CGW_EIO);
        return;
    }
    memset(waiter, 0, sizeof *waiter);
    waiter->call = call;
    begin(waiter, i);
}

/* ---- cgw.tasks/1 ---- */

static void each(void *state, void (*fn)(void *arg, const struct cgw_task *task), void *arg)
{
    (void)state;
    for (const struct waiter *waiter = waiting; waiter; waiter = waiter->next) {
        struct cgw_task task = {.size = sizeof task,
                                .id = waiter->id,
                                .parent = waiter->id - 1,
                                .name = waiter->name,
                                .route = waiter->route,
                                .state = "waiting for a word",
                                .file = "tasks.c",
                                .function = "wait_for_wake",
                                .line = 42,
                                .is_on_thread = waiter->id % 2 == 0,
                                .since_us = now_us() - waiter->since_us};
        fn(arg, &task);
    }
}

static const void *extension(const char *id)
{
    static const struct cgw_tasks tasks = {.size = sizeof tasks, .each = each};
    return strcmp(id, CGW_EXT_TASKS) == 0 ? &tasks : NULL;
}

CGW_APP(.kind = CGW_ASYNC, .flags = CGW_PROMOTES, .name = "tasks", .version = "1", .call = call,
        .extension = extension);
