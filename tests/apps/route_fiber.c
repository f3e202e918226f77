/*
 * Handlers on a stack of their own, as an SDK with fibers runs them: each names its route, may wait
 * for events, block its thread, or crash. The same handlers run on the host's stack, too.
 *
 *   /fiber/WHAT, /plain/WHAT      where; WHAT of the table at the end; further path is ignored
 *   ?ms=N                         how long to sleep or spin (300)
 *   ?name=no, late, twice, long   the route: not named, behind the response's start, two times, 300
 *                                 bytes; touched: only after receive()
 *
 * An answer ends in " on loop" or " on pool": the application is thread-safe, and may be moved.
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

enum { STACK_BYTES = 128 * 1024, GUARD_BYTES = 64 * 1024 };

struct fiber {
    struct cgw_call *call;
    char *memory; /* NULL: it runs on the host's stack */
    ucontext_t outside, inside;
    int status; /* of what it waited for */
    bool is_over;
};

struct handler {
    const char *name;
    void (*run)(struct fiber *fiber);
};

static volatile unsigned sink;

/* ---- what a handler uses ---- */

static bool has(const struct cgw_call *call, const char *word)
{
    return strstr(call->scope->query.ptr, word);
}

static unsigned number(const struct cgw_call *call, const char *key, unsigned other)
{
    const char *at = strstr(call->scope->query.ptr, key);
    return at ? (unsigned)strtoul(at + strlen(key), NULL, 10) : other;
}

static void wake(struct cgw_call *call, int status, void *arg)
{
    struct fiber *fiber = arg;
    (void)call;
    fiber->status = status;
    swapcontext(&fiber->outside, &fiber->inside);
    if (fiber->is_over)
        munmap(fiber->memory, GUARD_BYTES + STACK_BYTES);
}

/* Only a fiber can wait; on the host's stack a handler gives up. */
static int await(struct fiber *fiber, int status)
{
    if (status != CGW_PENDING)
        return status;
    if (!fiber->memory)
        return CGW_EIO;
    swapcontext(&fiber->inside, &fiber->outside);
    return fiber->status;
}

static int send(struct fiber *fiber, const struct cgw_event *events, size_t n)
{
    return await(fiber, fiber->call->host->send(fiber->call, events, n, wake, fiber));
}

static void reply(struct fiber *fiber, const char *what)
{
    static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain")};
    const struct cgw_host *host = fiber->call->host;
    bool is_loop = host->extension(host, CGW_EXT_LOOP);
    struct cgw_str parts[] = {{what, strlen(what)}, CGW_STR(" on pool\n")};
    if (is_loop)
        parts[1] = (struct cgw_str)CGW_STR(" on loop\n");
    const struct cgw_event events[] = {cgw_event_start(200, headers, 1),
                                       cgw_event_body(parts, 2, 0)};
    host->finish(fiber->call, send(fiber, events, 2));
}

/* ---- handlers ---- */

static NOINLINE void quick(struct fiber *fiber)
{
    reply(fiber, "quick");
}

static NOINLINE void sleep_in_handler(struct fiber *fiber)
{
    usleep(number(fiber->call, "ms=", 300) * 1000);
    reply(fiber, "slept");
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static NOINLINE void spin_in_handler(struct fiber *fiber)
{
    uint64_t end = now_us() + number(fiber->call, "ms=", 300) * 1000;
    while (now_us() < end)
        for (unsigned i = 0; i < 1000; i++)
            sink += i;
    reply(fiber, "spun");
}

/* The response has begun before it blocks: no head is left to say anything in. */
static NOINLINE void stream_then_sleep(struct fiber *fiber)
{
    static const struct cgw_str part[] = {CGW_STR("begun, ")};
    const struct cgw_event begin[] = {cgw_event_start(200, NULL, 0),
                                      cgw_event_body(part, 1, CGW_MORE)};
    int status = send(fiber, begin, 2);
    usleep(number(fiber->call, "ms=", 300) * 1000);
    const struct cgw_event end = cgw_event_body(part, 1, 0);
    if (status == CGW_OK)
        status = send(fiber, &end, 1);
    fiber->call->host->finish(fiber->call, status);
}

/* The whole body; what came, and that no byte was lost on the way to another thread. */
static NOINLINE void count_body(struct fiber *fiber)
{
    char text[64];
    size_t bytes = 0, sum = 0;
    struct cgw_event event;
    int status;
    do {
        status = await(fiber, fiber->call->host->receive(fiber->call, &event, wake, fiber));
        if (status != CGW_OK || event.type != CGW_HTTP_REQUEST) {
            fiber->call->host->finish(fiber->call, status == CGW_OK ? CGW_ECLOSED : status);
            return;
        }
        bytes += event.u.body.data.len;
        for (size_t i = 0; i < event.u.body.data.len; i++)
            sum += (unsigned char)event.u.body.data.ptr[i];
    } while (event.flags & CGW_MORE);
    if (number(fiber->call, "ms=", 0))
        usleep(number(fiber->call, "ms=", 0) * 1000);
    snprintf(text, sizeof(text), "%zu bytes sum %zu", bytes, sum);
    reply(fiber, text);
}

static NOINLINE void crash_abort(struct fiber *fiber)
{
    (void)fiber;
    abort();
}

static NOINLINE void crash_null(struct fiber *fiber)
{
    (void)fiber;
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

static NOINLINE void crash_overflow(struct fiber *fiber)
{
    unsigned char first = (unsigned char)sink;
    (void)fiber;
    sink = dig(&first, 1);
}

static NOINLINE void crash_divide(struct fiber *fiber)
{
    volatile unsigned zero = 0;
    (void)fiber;
    sink = number(fiber->call, "ms=", 300) / zero;
}

/* ---- routes ---- */

static const struct handler handlers[] = {
    {"quick", quick},     {"sleep", sleep_in_handler},   {"spin", spin_in_handler},
    {"body", count_body}, {"stream", stream_then_sleep}, {"abort", crash_abort},
    {"null", crash_null}, {"overflow", crash_overflow},  {"divide", crash_divide},
};

static const struct handler *find(const char *name)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++) {
        size_t len = strlen(handlers[i].name);
        if (strncmp(name, handlers[i].name, len) == 0 && (!name[len] || name[len] == '/'))
            return &handlers[i];
    }
    return &handlers[0];
}

/* "/fiber/{what}" is said as "/fiber/sleep": a route for each handler. */
static int name_route(struct fiber *fiber, bool is_fiber, const struct handler *handler)
{
    char text[320];
    const struct cgw_host *host = fiber->call->host;
    const struct cgw_route *route = host->extension(host, CGW_EXT_ROUTE);
    int len =
        snprintf(text, sizeof(text), "/%s/%s/{rest}", is_fiber ? "fiber" : "plain", handler->name);
    if (has(fiber->call, "name=no") || !route)
        return CGW_OK;
    if (has(fiber->call, "name=long")) {
        memset(text + len, 'x', 300 - (size_t)len);
        len = 300;
    }
    int status = route->set(fiber->call, text, (size_t)len);
    memset(text, '!', sizeof(text)); /* it has been copied */
    return status;
}

/* Name it where that is wrong, and say how it was taken. */
static void name_wrongly(struct fiber *fiber, const struct handler *handler)
{
    char text[80];
    bool is_twice = has(fiber->call, "name=twice");
    const struct cgw_event start = cgw_event_start(200, NULL, 0);
    int status = is_twice ? name_route(fiber, true, handler) : send(fiber, &start, 1);
    int answer = name_route(fiber, true, handler);
    snprintf(text, sizeof(text), "%d then %d\n", status, answer);
    const struct cgw_str part[] = {{text, strlen(text)}};
    const struct cgw_event events[] = {start, cgw_event_body(part, 1, 0)};
    status = send(fiber, is_twice ? events : events + 1, is_twice ? 2 : 1);
    fiber->call->host->finish(fiber->call, status);
}

/* false: the call was moved, and is not ours any more. */
static bool handle(struct fiber *fiber, bool is_fiber)
{
    static const size_t prefix = sizeof("/fiber/") - 1;
    struct cgw_call *call = fiber->call;
    bool is_known = call->scope->path.len > prefix;
    const struct handler *handler = find(is_known ? call->scope->path.ptr + prefix : "");
    if (has(call, "name=late") || has(call, "name=twice")) {
        name_wrongly(fiber, handler);
        return true;
    }
    struct cgw_event event;
    if (has(call, "name=touched") &&
        await(fiber, call->host->receive(call, &event, wake, fiber)) != CGW_OK)
        memset(&event, 0, sizeof(event));
    if (name_route(fiber, is_fiber, handler) == CGW_PENDING)
        return false;
    handler->run(fiber);
    return true;
}

/* ---- stacks ---- */

static void run_inside(unsigned high, unsigned low)
{
    struct fiber *fiber = (struct fiber *)(uintptr_t)((uint64_t)high << 32 | low);
    handle(fiber, true);
    fiber->is_over = true;
    setcontext(&fiber->outside);
}

/* The fiber's struct lies at the top of its stack, with a guard below. */
static struct fiber *make_fiber(struct cgw_call *call)
{
    char *memory = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    struct fiber *fiber = (void *)(memory + STACK_BYTES + GUARD_BYTES - sizeof(*fiber) - 64);
    fiber = (void *)((uintptr_t)fiber & ~(uintptr_t)63);
    if (mprotect(memory, GUARD_BYTES, PROT_NONE) < 0 || getcontext(&fiber->inside) < 0) {
        munmap(memory, GUARD_BYTES + STACK_BYTES);
        return NULL;
    }
    fiber->call = call;
    fiber->memory = memory;
    fiber->inside.uc_stack.ss_sp = memory + GUARD_BYTES;
    fiber->inside.uc_stack.ss_size = (size_t)((char *)fiber - memory) - GUARD_BYTES;
    makecontext(&fiber->inside, (void (*)(void))run_inside, 2, (unsigned)((uintptr_t)fiber >> 32),
                (unsigned)(uintptr_t)fiber);
    return fiber;
}

static void call(struct cgw_call *call)
{
    if (call->scope->type != CGW_SCOPE_HTTP || call->user) {
        call->host->finish(call, CGW_EIO);
        return;
    }
    bool is_fiber = strncmp(call->scope->path.ptr, "/plain/", 7) != 0;
    struct fiber here = {.call = call};
    struct fiber *fiber = is_fiber ? make_fiber(call) : &here;
    if (!fiber) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    call->user = fiber;
    if (!is_fiber) {
        handle(&here, false);
        return;
    }
    wake(call, CGW_OK, fiber);
}

CGW_APP(.kind = CGW_ASYNC, .flags = CGW_THREAD_SAFE, .name = "route_fiber", .version = "1",
        .call = call);
