/*
 * A sink: a ring of bytes that callers fill under a short lock, and a thread that writes them out.
 * Only that thread ever waits for the disk or for a pipe's reader. It comes with a line and leaves
 * when it has nothing to do for a while: a second thread makes every use of a descriptor dearer for
 * the loop's.
 *
 * Invariants, under the lock: used <= room; dropped >= told; lines stand in the ring whole; without
 * a writer the ring is empty, or no thread could be had and the descriptor took no more.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define RETRY_MS     100     /* between two tries at a sink that takes nothing */
#define TELL_US      1000000 /* between two notes of dropped lines */
#define GATHER_MS    5
#define LINGER_MS    100 /* without a line, then the writer tells of drops or leaves */
#define WRITER_STACK (256 * 1024)
#define WRITE_BYTES  (256 * 1024) /* of one write at most, so that room comes back in pieces */

struct log_sink {
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the writer: lines, half a ring, or the end */
    pthread_cond_t gone; /* for log_sink_close() */
    char *path;          /* NULL: fd is somebody else's */
    int fd;
    uint32_t gather_ms;
    log_note_fn *note;
    bool is_idle;       /* the writer sleeps until a line comes */
    bool is_gathering;  /* the writer sleeps until half the ring is full, or gather_ms are over */
    bool is_closing;    /* write what is there, then leave */
    bool is_abandoned;  /* nobody waits any more: the writer frees the sink */
    bool has_writer;    /* or one is being started */
    bool is_threadless; /* whoever brings a line writes */
    uint64_t dropped, told; /* lines */
    uint64_t told_at_us;
    bool is_failing; /* what the last write said, other than that it would have to wait */
    uint64_t failure_told_us;
    size_t room, start, used; /* of the ring, bytes */
    char ring[];
};

/* ---- the ring ---- */

static void ring_put(struct log_sink *sink, const char *ptr, size_t len)
{
    size_t at = (sink->start + sink->used) % sink->room;
    size_t first = len < sink->room - at ? len : sink->room - at;
    memcpy(sink->ring + at, ptr, first);
    memcpy(sink->ring, ptr + first, len - first);
    sink->used += len;
}

static bool ring_put_line(struct log_sink *sink, const char *line, size_t len)
{
    if (len >= sink->room - sink->used)
        return false;
    ring_put(sink, line, len);
    ring_put(sink, "\n", 1);
    return true;
}

/* What is to be written next, in one or two parts. */
static int ring_peek(struct log_sink *sink, struct iovec *parts)
{
    size_t n = sink->used < WRITE_BYTES ? sink->used : WRITE_BYTES;
    size_t first = n < sink->room - sink->start ? n : sink->room - sink->start;
    parts[0] = (struct iovec){sink->ring + sink->start, first};
    parts[1] = (struct iovec){sink->ring, n - first};
    return n > first ? 2 : 1;
}

/* An empty ring starts over at its beginning, so that a quiet sink touches few pages. */
static void ring_drop(struct log_sink *sink, size_t n)
{
    sink->used -= n;
    sink->start = sink->used ? (sink->start + n) % sink->room : 0;
}

/* ---- the writer; each function is entered and left with the lock held ---- */

static void sleep_ms(struct log_sink *sink, uint32_t ms)
{
    struct timespec until = thread_deadline(ms);
    pthread_cond_timedwait(&sink->work, &sink->lock, &until);
}

static void tell_elsewhere(struct log_sink *sink, uint64_t lines)
{
    pthread_mutex_unlock(&sink->lock);
    log_line(LOG_LEVEL_WARNING, 601, "lines of a log were dropped path=%s fd=%d lines=%llu",
             sink->path ? sink->path : "-", sink->fd, (unsigned long long)lines);
    pthread_mutex_lock(&sink->lock);
}

/* The sink takes lines again: say how many it has not seen, not too often. */
static void tell(struct log_sink *sink)
{
    uint64_t lines = sink->dropped - sink->told, now = clock_now_us();
    if (lines == 0 || (now - sink->told_at_us < TELL_US && !sink->is_closing))
        return;
    char note[1024];
    size_t n = sink->note ? sink->note(note, sizeof(note), lines) : 0;
    if (sink->note && !ring_put_line(sink, note, n))
        return;
    sink->told += lines;
    sink->told_at_us = now;
    if (!sink->note)
        tell_elsewhere(sink, lines);
}

/* The first of a row of errors is told, not too often; the error log's own on standard error. */
static void tell_failure(struct log_sink *sink, int error)
{
    uint64_t now = clock_now_us();
    if (sink->is_failing || (sink->failure_told_us && now - sink->failure_told_us < TELL_US))
        return;
    sink->is_failing = true;
    sink->failure_told_us = now;
    const char *path = sink->path ? sink->path : "-", *why = strerror(error);
    pthread_mutex_unlock(&sink->lock);
    if (!sink->note)
        log_line(LOG_LEVEL_ERROR, 602, "a log cannot be written: %s path=%s fd=%d", why, path,
                 sink->fd);
    else if (sink->fd != STDERR_FILENO)
        log_line_straight(LOG_LEVEL_ERROR, 602, "a log cannot be written: %s path=%s fd=%d", why,
                          path, sink->fd);
    pthread_mutex_lock(&sink->lock);
}

/* Sleep until a line comes, or until it may be time to tell of drops. false: neither came. */
static bool sleep_idle(struct log_sink *sink)
{
    bool has_told = sink->dropped == sink->told;
    sink->is_idle = true;
    sleep_ms(sink, LINGER_MS);
    bool was_woken = !sink->is_idle;
    sink->is_idle = false;
    return was_woken || !has_told || sink->is_closing || sink->used;
}

/* The first line after a quiet time has come: let some more join it. */
static void gather(struct log_sink *sink)
{
    if (sink->gather_ms == 0 || sink->is_closing || sink->used >= sink->room / 2)
        return;
    sink->is_gathering = true;
    sleep_ms(sink, sink->gather_ms);
    sink->is_gathering = false;
}

/* Wait for lines. false: it is over. */
static bool await_lines(struct log_sink *sink)
{
    bool has_slept = false;
    while (sink->used == 0) {
        tell(sink);
        if (sink->used == 0 && (sink->is_closing || !sleep_idle(sink)))
            return false;
        has_slept = true;
    }
    if (has_slept)
        gather(sink);
    return !sink->is_abandoned;
}

/* The sink took nothing: wait before the next try. false: that was the last one. */
static bool recover(struct log_sink *sink, int error)
{
    if (error == EINTR)
        return true;
    if (error != EAGAIN) {
        tell_failure(sink, error);
        if (sink->is_closing)
            return false;
        sleep_ms(sink, RETRY_MS);
        return true;
    }
    pthread_mutex_unlock(&sink->lock);
    struct pollfd writable = {.fd = sink->fd, .events = POLLOUT};
    poll(&writable, 1, RETRY_MS);
    pthread_mutex_lock(&sink->lock);
    return !sink->is_abandoned;
}

static void free_sink(struct log_sink *sink)
{
    if (sink->path && sink->fd >= 0)
        close(sink->fd);
    pthread_cond_destroy(&sink->gone);
    pthread_cond_destroy(&sink->work);
    pthread_mutex_destroy(&sink->lock);
    mem_free(sink->path);
    mem_free(sink);
}

static void leave(struct log_sink *sink)
{
    bool is_mine = sink->is_abandoned;
    sink->has_writer = false;
    pthread_cond_signal(&sink->gone);
    pthread_mutex_unlock(&sink->lock);
    if (is_mine)
        free_sink(sink);
}

static void *write_lines(void *arg)
{
    struct log_sink *sink = arg;
    bool is_on = true;
    pthread_mutex_lock(&sink->lock);
    while (is_on && await_lines(sink)) {
        struct iovec parts[2];
        int n = ring_peek(sink, parts);
        pthread_mutex_unlock(&sink->lock);
        ssize_t took = writev(sink->fd, parts, n);
        int error = took < 0 ? errno : ENOSPC;
        pthread_mutex_lock(&sink->lock);
        if (took > 0) {
            sink->is_failing = false;
            ring_drop(sink, (size_t)took);
            tell(sink);
        } else {
            is_on = recover(sink, error);
        }
    }
    leave(sink);
    return NULL;
}

/* ---- the callers' side ---- */

static int ms_until(const struct timespec *until)
{
    struct timespec now = thread_deadline(0);
    int64_t ms =
        (int64_t)(until->tv_sec - now.tv_sec) * 1000 + (until->tv_nsec - now.tv_nsec) / 1000000;
    return ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms;
}

/*
 * Where no thread can be had its caller writes, entered and left like the writer, so little at a
 * time that a pipe that poll() calls writable takes it without waiting; one that nobody reads is an
 * error to poll() and raises no SIGPIPE.
 */
static void write_here(struct log_sink *sink, const struct timespec *until)
{
    struct pollfd writable = {.fd = sink->fd, .events = POLLOUT};
    tell(sink);
    while (sink->used && poll(&writable, 1, ms_until(until)) > 0 && writable.revents == POLLOUT) {
        struct iovec parts[2];
        ring_peek(sink, parts);
        size_t n = parts->iov_len < PIPE_BUF ? parts->iov_len : PIPE_BUF;
        pthread_mutex_unlock(&sink->lock);
        ssize_t took = write(sink->fd, parts->iov_base, n);
        bool is_over = took <= 0 && errno != EINTR;
        pthread_mutex_lock(&sink->lock);
        if (is_over)
            break;
        ring_drop(sink, took > 0 ? (size_t)took : 0);
    }
}

static void start_writer(struct log_sink *sink)
{
    if (!sink->is_threadless && thread_start(write_lines, sink, WRITER_STACK) == 0)
        return;
    struct timespec now = thread_deadline(0);
    pthread_mutex_lock(&sink->lock);
    write_here(sink, &now);
    leave(sink); /* the next line tries again */
}

/* A pipe by name must not hold up who opens it; a file does not care. */
static int open_path(const char *path)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    return fd < 0 ? -errno : fd;
}

static int init_conditions(struct log_sink *sink)
{
    int error = thread_cond_init(&sink->work);
    return error ? error : thread_cond_init(&sink->gone);
}

static struct log_sink *new_sink(int fd, size_t room)
{
    struct log_sink *sink = mem_zalloc(sizeof(*sink) + room);
    if (!sink)
        return NULL;
    sink->fd = fd;
    sink->room = room;
    sink->gather_ms = GATHER_MS;
    if (pthread_mutex_init(&sink->lock, NULL) || init_conditions(sink)) {
        mem_free(sink);
        return NULL;
    }
    return sink;
}

int log_sink_open(const char *path, int fd, size_t limit_bytes, struct log_sink **ret_sink)
{
    struct log_sink *sink = new_sink(path ? -1 : fd, limit_bytes < 64 ? 64 : limit_bytes);
    int error = sink ? 0 : -ENOMEM;
    if (sink && path) {
        sink->path = mem_strdup(path);
        sink->fd = sink->path ? open_path(path) : -ENOMEM;
        error = sink->fd < 0 ? sink->fd : 0;
    }
    if (error) {
        if (sink)
            free_sink(sink);
        return error;
    }
    *ret_sink = sink;
    return 0;
}

void log_sink_tune(struct log_sink *sink, uint32_t gather_ms, log_note_fn *note)
{
    pthread_mutex_lock(&sink->lock);
    sink->gather_ms = gather_ms;
    sink->note = note;
    pthread_mutex_unlock(&sink->lock);
}

/* What is in the ring will not be written any more: dropped lines, told where lines go now. */
static void tell_unwritten(struct log_sink *sink)
{
    for (size_t i = 0; i < sink->used; i++)
        sink->dropped += sink->ring[(sink->start + i) % sink->room] == '\n';
    uint64_t lines = sink->dropped - sink->told;
    sink->told = sink->dropped;
    if (lines && !(sink->note && sink->fd == STDERR_FILENO))
        tell_elsewhere(sink, lines);
}

void log_sink_close(struct log_sink *sink, uint32_t timeout_ms)
{
    if (!sink)
        return;
    struct timespec until = thread_deadline(timeout_ms);
    pthread_mutex_lock(&sink->lock);
    sink->is_closing = true;
    pthread_cond_signal(&sink->work);
    bool is_alone = !sink->has_writer;
    int error = 0;
    while (sink->has_writer && !error)
        error = pthread_cond_timedwait(&sink->gone, &sink->lock, &until);
    if (is_alone) {
        sink->has_writer = true;
        write_here(sink, &until);
        sink->has_writer = false;
    }
    tell_unwritten(sink);
    bool is_gone = !sink->has_writer;
    sink->is_abandoned = true;
    pthread_mutex_unlock(&sink->lock);
    if (is_gone)
        free_sink(sink);
}

void log_sink_line(struct log_sink *sink, const char *line, size_t len)
{
    pthread_mutex_lock(&sink->lock);
    if (!ring_put_line(sink, line, len))
        sink->dropped++;
    bool is_wanted = sink->is_idle || (sink->is_gathering && sink->used >= sink->room / 2);
    if (is_wanted)
        sink->is_idle = sink->is_gathering = false;
    bool is_alone = !sink->has_writer;
    sink->has_writer = true;
    pthread_mutex_unlock(&sink->lock);
    if (is_alone)
        start_writer(sink);
    else if (is_wanted)
        pthread_cond_signal(&sink->work);
}

/* dup3() puts the new file under the old number at once, whatever the writer does meanwhile. */
int log_sink_reopen(struct log_sink *sink)
{
    if (!sink->path)
        return 0;
    int fd = open_path(sink->path);
    if (fd < 0)
        return fd;
    int error = dup3(fd, sink->fd, O_CLOEXEC) < 0 ? -errno : 0;
    close(fd);
    return error;
}

void log_sink_be_threadless(struct log_sink *sink)
{
    sink->is_threadless = true;
}

void log_sink_nudge(struct log_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    bool is_wanted = sink->is_threadless && !sink->has_writer && sink->used;
    sink->has_writer |= is_wanted;
    pthread_mutex_unlock(&sink->lock);
    if (is_wanted)
        start_writer(sink);
}

void log_sink_fork_begin(struct log_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
}

/* The child has neither the parent's writer, which may have waited for the conditions, nor its
   lines: those would be written twice. */
void log_sink_fork_end(struct log_sink *sink, bool is_child)
{
    if (is_child) {
        init_conditions(sink); /* made anew in place; they did not fail before */
        sink->has_writer = sink->is_idle = sink->is_gathering = sink->is_threadless = false;
        sink->start = sink->used = 0;
        sink->dropped = sink->told = 0;
    }
    pthread_mutex_unlock(&sink->lock);
}

uint64_t log_sink_dropped(struct log_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    uint64_t dropped = sink->dropped;
    pthread_mutex_unlock(&sink->lock);
    return dropped;
}
