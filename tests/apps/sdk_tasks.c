/*
 * Tasks that do what they should not, each behind a suspension, so that another call's callback, or
 * nobody's, woke them: the host must name the route and the line all the same.
 */
#include <cgw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static volatile unsigned sink;

static void block_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0)
        continue;
}

static NOINLINE unsigned dig(volatile const unsigned char *above, unsigned depth)
{
    volatile unsigned char frame[512];
    if (sink == ~0u)
        return 0;
    frame[depth % sizeof(frame)] = above[0];
    return dig(frame, depth + 1) + frame[0];
}

CGW_GET(overflow, "/overflow/{_id}")
{
    unsigned char first = (unsigned char)sink;
    CGW_TRY(req, cgw_sleep(0.01));
    sink = dig(&first, 1);
    return cgw_text(req, 200, "deep\n");
}

static NOINLINE void write_nowhere(void)
{
    *(volatile int *)(uintptr_t)(sink & 0) = 1;
}

CGW_GET(crash, "/crash/{_id}")
{
    CGW_TRY(req, cgw_sleep(0.01));
    write_nowhere();
    return cgw_text(req, 200, "alive\n");
}

CGW_GET(crash_sync, "/crash-sync/{_id}", .mode = CGW_SYNC)
{
    CGW_TRY(req, cgw_sleep(0.01));
    write_nowhere();
    return cgw_text(req, 200, "alive\n");
}

CGW_GET(blocks, "/blocks/{ms:int}")
{
    CGW_TRY(req, cgw_sleep(0.01));
    block_ms(cgw_path_i64(req, "ms"));
    return cgw_text(req, 200, "blocked\n");
}

/* Where it ran; twice on the loop, then, where the operator lets it be moved, on a thread. */
typedef struct App {
    pthread_t loop;
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    (void)boot;
    app->loop = pthread_self();
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

CGW_GET(moves, "/moves/{ms:int}")
{
    bool is_loop = pthread_equal(cgw_state(req, App)->loop, pthread_self());
    block_ms(cgw_path_i64(req, "ms"));
    CGW_TRY(req, cgw_sleep(0.001));
    return cgw_text(req, 200, is_loop ? "on loop\n" : "on a thread\n");
}

CGW_GET(stays, "/stays")
{
    bool is_loop = pthread_equal(cgw_state(req, App)->loop, pthread_self());
    return cgw_text(req, 200, is_loop ? "on loop\n" : "on a thread\n");
}

/* ---- many ---- */

static cgw_flag opened;

static int sleeper(void *asleep)
{
    ++*(unsigned *)asleep;
    return cgw_flag_wait(&opened);
}

static long resident_bytes(void)
{
    char text[64] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    if (file)
        fclose(file);
    char *second = n ? text : NULL;
    (void)strtol(text, &second, 10);
    return second ? strtol(second, NULL, 10) * sysconf(_SC_PAGESIZE) : 0;
}

/* Bytes of memory that each of n tasks asleep at once takes. */
CGW_GET(sleepers, "/sleepers/{n:int}")
{
    int64_t n = cgw_path_i64(req, "n");
    unsigned asleep = 0;
    CGW_GROUP(group, req);
    cgw_flag_clear(&opened);
    long before = resident_bytes();
    for (int64_t i = 0; i < n; i++)
        cgw_go(group, sleeper, &asleep);
    while (asleep < n)
        CGW_TRY(req, cgw_sleep(0.01));
    long each = (resident_bytes() - before) / (n ? (long)n : 1);
    cgw_flag_set(&opened);
    CGW_TRY(req, cgw_join(group));
    return cgw_text(req, 200, "%u %ld\n", asleep, each);
}

/* ---- listed ---- */

static int nap(void *seconds)
{
    return cgw_sleep(*(double *)seconds);
}

CGW_GET(waits, "/waits/{seconds:float}")
{
    double seconds = cgw_path_f64(req, "seconds");
    CGW_GROUP(group, req);
    cgw_go(group, nap, &seconds);
    CGW_TRY(req, cgw_join(group));
    return cgw_text(req, 200, "waited\n");
}

CGW_APPLICATION(.name = "tasks", .thread_safe = true);
