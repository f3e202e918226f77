/* Waiting, other threads, memory: what an application may ask of a host beside its events. */
#include "probe.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void rest(uint64_t ms)
{
    struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
}

static const void *table(const struct probe *probe, const char *id)
{
    return probe->call->host->extension(probe->call->host, id);
}

static void sleep_over(struct probe *probe)
{
    if (probe->status != CGW_OK)
        probe_finish(probe);
    else
        probe_reply(probe, 200, probe_str("slept\n"));
}

static void wait(struct probe *probe)
{
    probe_wait(probe, probe_number(probe, "ms", 100), sleep_over);
}

static void block(struct probe *probe)
{
    rest(probe_number(probe, "ms", 100));
    probe_reply(probe, 200, probe_str("blocked\n"));
}

static void forever(struct probe *probe)
{
    (void)probe;
    while (PROBE_KIND == CGW_SYNC)
        pause();
}

static void crash(struct probe *probe)
{
    raise(SIGSEGV);
    probe_finish(probe);
}

/* ---- three timers: the first fires last, the third never ---- */

static void fired(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    struct probe *probe = arg;
    struct cgw_timer *timers = probe->own;
    (void)call;
    probe->note = probe_format(probe, probe->note.len ? "%.*s %d" : "%.*s%d", (int)probe->note.len,
                               probe->note.len ? probe->note.ptr : "", (int)(timer - timers) + 1);
    if (++probe->n == 2) {
        probe_reply(probe, 200,
                    probe_format(probe, "%.*s\n", (int)probe->note.len, probe->note.ptr));
        probe_run(probe);
    }
}

static void timers(struct probe *probe)
{
    const struct cgw_loop *loop = table(probe, CGW_EXT_LOOP);
    struct cgw_timer *timers = probe_alloc(probe, 3 * sizeof(*timers));
    if (!timers)
        return;
    if (!loop) {
        probe_reply(probe, 200, probe_str("none\n"));
        return;
    }
    memset(timers, 0, 3 * sizeof(*timers));
    probe->own = timers;
    int status = loop->timer_start(probe->call, &timers[0], 40000, fired, probe);
    status += loop->timer_start(probe->call, &timers[1], 60000000, fired, probe);
    status += loop->timer_start(probe->call, &timers[2], 10000, fired, probe);
    status += loop->timer_start(probe->call, &timers[1], 20000, fired, probe);
    loop->timer_stop(probe->call, &timers[2]);
    loop->timer_stop(probe->call, &timers[2]);
    if (status != CGW_OK)
        probe_end(probe, CGW_EIO);
}

/* ---- a pipe on the loop ---- */

struct pipe_watch {
    struct cgw_watch watch;
    int fds[2];
};

static void close_pipe(struct pipe_watch *own)
{
    close(own->fds[0]);
    close(own->fds[1]);
}

static void readable(struct cgw_call *call, struct cgw_watch *watch, uint32_t ready, void *arg)
{
    struct probe *probe = arg;
    struct pipe_watch *own = probe->own;
    const struct cgw_loop *loop = table(probe, CGW_EXT_LOOP);
    char byte;
    ssize_t n = read(own->fds[0], &byte, 1);
    loop->watch_stop(call, watch);
    close_pipe(own);
    bool is_right = ready == CGW_READABLE && n == 1 && probe->n == 1;
    probe_reply(probe, 200, probe_str(is_right ? "readable\n" : "wrong\n"));
    probe_run(probe);
}

static void write_pipe(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    struct probe *probe = arg;
    struct pipe_watch *own = probe->own;
    (void)call;
    (void)timer;
    probe->n = 1; /* before this nothing may be ready */
    if (write(own->fds[1], "x", 1) < 0)
        probe->n = 2;
}

static void watch(struct probe *probe)
{
    const struct cgw_loop *loop = table(probe, CGW_EXT_LOOP);
    struct pipe_watch *own = probe_alloc(probe, sizeof(*own));
    if (!own)
        return;
    if (!loop) {
        probe_reply(probe, 200, probe_str("none\n"));
        return;
    }
    *own = (struct pipe_watch){.fds = {-1, -1}};
    probe->own = own;
    if (pipe2(own->fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        probe_end(probe, CGW_EIO);
        return;
    }
    uint64_t us = probe_number(probe, "ms", 10) * 1000;
    int status =
        loop->watch_start(probe->call, &own->watch, own->fds[0], CGW_READABLE, readable, probe);
    if (status == CGW_OK)
        status = loop->timer_start(probe->call, &probe->timer, us, write_pipe, probe);
    if (status == CGW_OK)
        return;
    loop->watch_stop(probe->call, &own->watch);
    close_pipe(own);
    probe_end(probe, status);
}

/* ---- the end, with all of it armed ---- */

struct armed {
    struct cgw_timer soon, late;
    struct cgw_watch watch;
    int fds[2];
};

/* From inside a callback: what is armed goes as soon as finish() returns. */
static void finish_and_free(struct cgw_call *call, struct armed *armed)
{
    call->host->finish(call, CGW_OK);
    close(armed->fds[0]);
    close(armed->fds[1]);
    free(armed);
}

static void finish_by_timer(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    (void)timer;
    finish_and_free(call, arg);
}

static void finish_by_watch(struct cgw_call *call, struct cgw_watch *watch, uint32_t ready,
                            void *arg)
{
    (void)watch;
    (void)ready;
    finish_and_free(call, arg);
}

static void arm(struct probe *probe)
{
    const struct cgw_loop *loop = table(probe, CGW_EXT_LOOP);
    struct armed *armed = calloc(1, sizeof(*armed));
    if (!armed || pipe2(armed->fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        free(armed);
        probe_end(probe, CGW_ENOMEM);
        return;
    }
    bool by_watch = probe_is(probe_text(probe, "by"), "watch");
    int fd = armed->fds[by_watch ? 1 : 0]; /* one can be written at once, nothing comes to read */
    uint32_t events = by_watch ? CGW_WRITABLE : CGW_READABLE;
    uint64_t us = by_watch ? 60000000 : 1000;
    loop->timer_start(probe->call, &armed->late, 60000000, finish_by_timer, armed);
    loop->timer_start(probe->call, &armed->soon, us, finish_by_timer, armed);
    loop->watch_start(probe->call, &armed->watch, fd, events, finish_by_watch, armed);
}

static void finish_armed(struct probe *probe)
{
    if (table(probe, CGW_EXT_LOOP))
        probe_reply_then(probe, 200, probe_str("armed\n"), arm);
    else
        probe_reply(probe, 200, probe_str("none\n"));
}

/* ---- the pool ---- */

/* The argument is the number itself, since the call may be over before this is. */
static void rest_on_pool(void *ms)
{
    rest((uintptr_t)ms);
}

static int run_on_pool(struct probe *probe, uint64_t ms, cgw_done_fn *done)
{
    const struct cgw_thread *thread = table(probe, CGW_EXT_THREAD);
    if (!thread)
        return CGW_EINVAL;
    return thread->run(probe->call, rest_on_pool, (void *)(uintptr_t)ms, done, probe);
}

static void threaded(struct probe *probe)
{
    unsigned code = probe->status == CGW_EBUSY ? 503 : 200;
    probe_reply(probe, code, probe_format(probe, "threaded %d\n", probe->status));
}

static void thread(struct probe *probe)
{
    probe_expect(probe, run_on_pool(probe, probe_number(probe, "ms", 10), probe_done), threaded);
}

static void never(struct cgw_call *call, int status, void *arg)
{
    (void)call;
    probe_record(arg, "called back after finish with %d", status);
}

static void thread_finish(struct probe *probe)
{
    int status = run_on_pool(probe, probe_number(probe, "ms", 50), never);
    if (status != CGW_PENDING && status != CGW_OK)
        probe_end(probe, status);
    else
        probe_reply(probe, 200, probe_str("left\n"));
}

/* ---- post ---- */

static void posted(struct cgw_call *call, void *arg)
{
    struct probe *probe = arg;
    (void)call;
    probe_reply(probe, 200, probe_str("posted\n"));
    probe_run(probe);
}

static void *post_later(void *arg)
{
    struct probe *probe = arg;
    rest(probe->ms);
    if (probe->call->host->post(probe->call, posted, probe) != CGW_OK)
        probe_record(probe, "post failed");
    return NULL;
}

static void posted_before_send(struct cgw_call *call, void *arg)
{
    (void)call;
    probe_record(arg, "posted");
}

/* A sync call's fn runs inside its next function of the host: the send of the reply. */
static void post_here(struct probe *probe)
{
    int status = probe->call->host->post(probe->call, posted_before_send, probe);
    if (status == CGW_OK)
        probe_reply(probe, 200, probe_str("posted\n"));
    else
        probe_end(probe, status);
}

static void post(struct probe *probe)
{
    pthread_t thread;
    probe->ms = probe_number(probe, "ms", 10);
    if (PROBE_KIND == CGW_SYNC)
        post_here(probe);
    else if (pthread_create(&thread, NULL, post_later, probe) != 0)
        probe_end(probe, CGW_ENOMEM);
    else
        pthread_detach(thread);
}

/* ---- memory ---- */

static bool is_filled(const unsigned char *block, size_t size, unsigned char with)
{
    for (size_t i = 0; i < size; i++)
        if (block[i] != with)
            return false;
    return true;
}

static void check(struct probe *probe)
{
    size_t n = (size_t)probe_number(probe, "n", 1), size = (size_t)probe_number(probe, "size", 100);
    unsigned char *const *blocks = probe->own;
    bool is_right = true;
    for (size_t i = 0; i < n; i++)
        is_right = is_right && is_filled(blocks[i], size, (unsigned char)(i % 251)) &&
                   (uintptr_t)blocks[i] % _Alignof(max_align_t) == 0;
    probe_reply(probe, is_right ? 200 : 500, probe_str(is_right ? "ok\n" : "overlap\n"));
}

static void take(struct probe *probe)
{
    size_t n = (size_t)probe_number(probe, "n", 1), size = (size_t)probe_number(probe, "size", 100);
    uint64_t ms = probe_number(probe, "ms", 0);
    unsigned char **blocks = probe_alloc(probe, (n + 1) * sizeof(*blocks));
    if (!blocks)
        return;
    probe->own = blocks;
    for (size_t i = 0; i < n; i++) {
        blocks[i] = probe->call->host->alloc(probe->call, size);
        if (!blocks[i]) {
            probe_reply(probe, 500, probe_str("no memory\n"));
            return;
        }
        memset(blocks[i], (int)(i % 251), size);
    }
    if (ms)
        probe_wait(probe, ms, check);
    else
        check(probe);
}

/* ---- the drain ---- */

static void draining(struct probe *probe)
{
    probe_reply(probe, 200, probe_str("draining\n"));
}

static void ask(struct probe *probe)
{
    const struct cgw_shutdown *shutdown = table(probe, CGW_EXT_SHUTDOWN);
    if (shutdown->is_draining(probe->call))
        draining(probe);
    else if (++probe->n > 3000)
        probe_end(probe, CGW_ECANCELED);
    else
        probe_wait(probe, 10, ask);
}

static void shutdown_wait(struct probe *probe)
{
    const struct cgw_shutdown *shutdown = table(probe, CGW_EXT_SHUTDOWN);
    if (!shutdown) {
        probe_end(probe, CGW_EINVAL);
        return;
    }
    int status = shutdown->notify(probe->call, probe_done, probe);
    if (status == CGW_EINVAL)
        ask(probe);
    else
        probe_expect(probe, status, draining);
}

const struct probe_path timing_paths[] = {
    {"sleep", wait},
    {"block", block},
    {"hang-forever", forever},
    {"crash", crash},
    {"timers", timers},
    {"watch", watch},
    {"finish-armed", finish_armed},
    {"thread", thread},
    {"thread-finish", thread_finish},
    {"post", post},
    {"alloc", take},
    {"shutdown-wait", shutdown_wait},
    {NULL, NULL},
};
