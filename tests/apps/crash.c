/*
 * Ways to die, and clients that see it: built for the loop (crash) and for the pool (crash_sync).
 *
 *   /null /bus /divide /trap /abort /overflow   die of it, in a function of that name
 *   /nowhere       call a function that is none
 *   /library       inside a function of the C library
 *   /inlined       in a function that is inlined into another
 *   /thread        in a thread of the application's own
 *   /freed         read memory that was freed: death only where a sanitizer watches
 *   /wait          never answer; end when the client leaves
 *   /partial       the same behind the head and the first bytes of a body
 *   /block?N       N milliseconds of sleep, then "blocked"; /block-too?N the same, elsewhere
 *   /turn          a millisecond of work
 */
#include <cgw/abi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static volatile int sink;
static void (*volatile nothing)(void);

static void answer(struct cgw_call *call, const char *text)
{
    static const struct cgw_header headers[] = {CGW_HEADER("content-type", "text/plain")};
    const struct cgw_str part[] = {{text, strlen(text)}};
    const struct cgw_event events[] = {cgw_event_start(200, headers, 1),
                                       cgw_event_body(part, 1, 0)};
    call->host->finish(call, call->host->send(call, events, 2, NULL, NULL));
}

/* ---- death */

static NOINLINE void die_null(struct cgw_call *call)
{
    (void)call;
    *(volatile int *)(uintptr_t)(sink & 0) = 1;
}

/* A page of a file that has none. */
static NOINLINE void die_bus(struct cgw_call *call)
{
    FILE *file = tmpfile();
    (void)call;
    if (!file)
        return;
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
    sink = page[0];
}

static NOINLINE void die_divide(struct cgw_call *call)
{
    volatile int zero = 0;
    sink = (int)call->scope->path.len / zero;
}

static NOINLINE void die_trap(struct cgw_call *call)
{
    (void)call;
    __builtin_trap();
}

static NOINLINE void die_abort(struct cgw_call *call)
{
    (void)call;
    abort();
}

static NOINLINE int dig(volatile const char *above, int depth)
{
    volatile char frame[1024];
    if (sink == -1)
        return 0;
    frame[depth % 1024] = above[0];
    return dig(frame, depth + 1) + frame[0];
}

static NOINLINE void die_overflow(struct cgw_call *call)
{
    char first = (char)call->scope->path.len;
    sink = dig(&first, 1);
}

static NOINLINE void die_nowhere(struct cgw_call *call)
{
    nothing();
    sink = (int)call->scope->path.len; /* the call above is no jump */
}

static NOINLINE void die_library(struct cgw_call *call)
{
    char *volatile text = NULL;
    sink = (int)strlen(text) + (int)call->scope->path.len;
}

static inline __attribute__((always_inline)) void write_nowhere(int value)
{
    *(volatile int *)(uintptr_t)(sink & 0) = value;
}

static NOINLINE void die_inlined(struct cgw_call *call)
{
    write_nowhere((int)call->scope->path.len);
}

static NOINLINE void *own_thread(void *arg)
{
    *(volatile int *)(uintptr_t)(sink & 0) = 1;
    return arg;
}

static NOINLINE void die_thread(struct cgw_call *call)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, own_thread, NULL) == 0)
        pthread_join(thread, NULL);
    answer(call, "alive\n");
}

static NOINLINE void die_freed(struct cgw_call *call)
{
    char *volatile text = malloc(call->scope->path.len);
    free(text);
    sink = *(volatile char *)text;
    answer(call, "alive\n");
}

/* ---- life */

struct waiting {
    struct cgw_call *call;
    struct cgw_event event;
};

static void next(struct cgw_call *call, int status, void *arg)
{
    struct waiting *waiting = arg;
    while (status == CGW_OK && waiting->event.type != CGW_HTTP_DISCONNECT)
        status = call->host->receive(call, &waiting->event, next, waiting);
    if (status != CGW_PENDING)
        call->host->finish(call, CGW_ECLOSED);
}

static void wait_for_client(struct cgw_call *call)
{
    struct waiting *waiting = call->host->alloc(call, sizeof(*waiting));
    if (!waiting) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *waiting = (struct waiting){.call = call};
    next(call, CGW_OK, waiting);
}

static void begin_and_wait(struct cgw_call *call)
{
    static const struct cgw_str part[] = {CGW_STR("begun\n")};
    const struct cgw_event events[] = {cgw_event_start(200, NULL, 0),
                                       cgw_event_body(part, 1, CGW_MORE)};
    int status = call->host->send(call, events, 2, NULL, NULL);
    if (status == CGW_OK)
        wait_for_client(call);
    else
        call->host->finish(call, status);
}

static void rest(const struct cgw_call *call, long ms)
{
    if (call->scope->query.len)
        ms = strtol(call->scope->query.ptr, NULL, 10);
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0)
        ;
}

static NOINLINE void block_here(struct cgw_call *call)
{
    rest(call, 300);
    answer(call, "blocked\n");
}

static NOINLINE void block_there(struct cgw_call *call)
{
    rest(call, 300);
    answer(call, "blocked, too\n");
}

static void turn(struct cgw_call *call)
{
    struct timespec now, begin;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < 1000000);
    answer(call, "turned\n");
}

static void hello(struct cgw_call *call)
{
    answer(call, "hello\n");
}

static const struct {
    const char *path;
    void (*run)(struct cgw_call *call);
} handlers[] = {
    {"/null", die_null},          {"/bus", die_bus},
    {"/divide", die_divide},      {"/trap", die_trap},
    {"/abort", die_abort},        {"/overflow", die_overflow},
    {"/nowhere", die_nowhere},    {"/library", die_library},
    {"/inlined", die_inlined},    {"/thread", die_thread},
    {"/freed", die_freed},        {"/wait", wait_for_client},
    {"/partial", begin_and_wait}, {"/block", block_here},
    {"/block-too", block_there},  {"/turn", turn},
};

static void call(struct cgw_call *call)
{
    const struct cgw_host *host = call->host;
    const struct cgw_route *route = host->extension(host, CGW_EXT_ROUTE);
    const char *path = call->scope->path.ptr;
    void (*run)(struct cgw_call * call) = hello;
    for (size_t i = 0; i < sizeof(handlers) / sizeof(*handlers); i++)
        if (strcmp(path, handlers[i].path) == 0)
            run = handlers[i].run;
    if (route && run != hello)
        route->set(call, path, strlen(path));
    run(call);
}

#ifdef SYNC
CGW_APP(.kind = CGW_SYNC, .name = "crash_sync", .call = call);
#else
CGW_APP(.kind = CGW_ASYNC, .name = "crash", .call = call);
#endif
