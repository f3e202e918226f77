/*
 * The error log: a message and its key=value pairs become one line, as text or as a JSON object.
 *
 * The keys are taken from the format, never from what was printed with it, so that a value from
 * outside cannot add a key; what was printed is then cut at those keys from its end backwards.
 */
#include "base/log.h"
#include "base/clock.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define RAW_BYTES    4608 /* of a message as printed; longer ones are cut */
#define LINE_BYTES   8192 /* of a line, escaped */
#define PAIRS_SHARE  8    /* a message leaves an eighth of its line to the pairs */
#define BUFFER_BYTES (1024 * 1024)
#define STOP_MS      1000
#define MAX_PAIRS    16

struct pair {
    struct str key, value;
};

struct line {
    char *dst;
    size_t room, used;
    bool json;
};

static pthread_rwlock_t sink_lock = PTHREAD_RWLOCK_INITIALIZER; /* is the sink still there? */
static struct log_sink *error_sink;
static atomic_int least_level = LOG_LEVEL_INFO;
static atomic_bool is_json;

/* ---- message and pairs ---- */

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Is there " key=" at p? Its key, or an empty string. */
static struct str key_at(const char *p)
{
    size_t n = 0;
    if (p[0] != ' ' || p[1] < 'a' || p[1] > 'z')
        return (struct str){NULL, 0};
    while (is_key_char(p[1 + n]))
        n++;
    return p[1 + n] == '=' ? (struct str){p + 1, n} : (struct str){NULL, 0};
}

/* The keys of a format, in order; at most MAX_PAIRS. */
static size_t find_keys(const char *format, struct pair *pairs)
{
    size_t n = 0;
    for (const char *p = strchr(format, ' '); p && n < MAX_PAIRS; p = strchr(p + 1, ' ')) {
        struct str key = key_at(p);
        if (key.len)
            pairs[n++].key = key;
    }
    return n;
}

/* The last " key=" in text, as an offset; text.len where there is none. */
static size_t find_last(struct str text, struct str key)
{
    for (size_t at = text.len; at-- > 0;)
        if (text.ptr[at] == ' ' && text.len - at >= key.len + 2 &&
            text.ptr[at + 1 + key.len] == '=' && memcmp(text.ptr + at + 1, key.ptr, key.len) == 0)
            return at;
    return text.len;
}

/* Cut text at the keys, from the last to the first; what is left is the message. */
static struct str cut_pairs(struct str text, struct pair *pairs, size_t n)
{
    while (n-- > 0) {
        struct pair *pair = &pairs[n];
        size_t at = find_last(text, pair->key), value = at + pair->key.len + 2;
        pair->value = (struct str){NULL, 0};
        if (at == text.len)
            continue;
        pair->value = (struct str){text.ptr + value, text.len - value};
        text.len = at;
    }
    return text;
}

/* ---- the line ---- */

static void put(struct line *line, const char *text)
{
    size_t n = strlen(text);
    if (n >= line->room - line->used)
        n = line->room - line->used - 1;
    memcpy(line->dst + line->used, text, n);
    line->used += n;
}

/* keep: bytes that must stay free behind the value, for the end of the line. */
static void put_escaped(struct line *line, struct str text, size_t keep)
{
    if (line->room - line->used <= keep + 1)
        return;
    size_t room = line->room - line->used - keep;
    line->used += line->json ? log_escape_json(line->dst + line->used, room, text)
                             : log_escape(line->dst + line->used, room, text);
}

static void put_time(struct line *line)
{
    uint64_t now = clock_wall_us();
    time_t second = (time_t)(now / 1000000);
    struct tm utc;
    char text[64];
    gmtime_r(&second, &utc);
    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", utc.tm_year + 1900,
             utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
             (unsigned)(now % 1000000));
    put(line, text);
}

static void put_number(struct line *line, unsigned number)
{
    char text[16];
    snprintf(text, sizeof(text), "CGW%04u", number);
    put(line, text);
}

static const char *level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    return names[level >= LOG_LEVEL_DEBUG && level <= LOG_LEVEL_ERROR ? level : LOG_LEVEL_ERROR];
}

/* A value with a blank or a quote in it is quoted, so that a reader can split the line. */
static bool wants_quotes(struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] == ' ' || value.ptr[i] == '"')
            return true;
    return value.len == 0;
}

/* Quoted, a value is escaped like a JSON string, which tells its own quotes from the closing one.
 */
static void put_text_value(struct line *line, struct str value)
{
    if (!wants_quotes(value)) {
        put_escaped(line, value, 0);
        return;
    }
    put(line, "\"");
    line->json = true;
    put_escaped(line, value, 1);
    line->json = false;
    put(line, "\"");
}

static void put_pair_text(struct line *line, const struct pair *pair)
{
    put(line, " ");
    put_escaped(line, pair->key, 0);
    put(line, "=");
    put_text_value(line, pair->value);
}

static void build_text(struct line *line, enum log_level level, unsigned number, struct str message,
                       const struct pair *pairs, size_t n)
{
    put_time(line);
    put(line, " ");
    put(line, level_name(level));
    put(line, " ");
    if (number) {
        put_number(line, number);
        put(line, " ");
    }
    put_escaped(line, message, n ? line->room / PAIRS_SHARE : 0);
    for (size_t i = 0; i < n; i++)
        if (pairs[i].value.ptr)
            put_pair_text(line, &pairs[i]);
}

#define JSON_KEEP 64 /* room for a key and what closes the object */

static void put_pair_json(struct line *line, const struct pair *pair)
{
    if (line->room - line->used <= 2 * JSON_KEEP + pair->key.len)
        return;
    put(line, ",\"");
    put_escaped(line, pair->key, 0);
    put(line, "\":\"");
    put_escaped(line, pair->value, JSON_KEEP);
    put(line, "\"");
}

static void build_json(struct line *line, enum log_level level, unsigned number, struct str message,
                       const struct pair *pairs, size_t n)
{
    put(line, "{\"time\":\"");
    put_time(line);
    put(line, "\",\"level\":\"");
    put(line, level_name(level));
    if (number) {
        put(line, "\",\"number\":\"");
        put_number(line, number);
    }
    put(line, "\",\"message\":\"");
    put_escaped(line, message, n ? line->room / PAIRS_SHARE : JSON_KEEP);
    put(line, "\"");
    for (size_t i = 0; i < n; i++)
        if (pairs[i].value.ptr)
            put_pair_json(line, &pairs[i]);
    put(line, "}");
}

static size_t build(char *dst, size_t room, enum log_level level, unsigned number,
                    const char *format, struct str text)
{
    struct pair pairs[MAX_PAIRS];
    struct line line = {dst, room, 0, atomic_load(&is_json)};
    size_t n = find_keys(format, pairs);
    struct str message = cut_pairs(text, pairs, n);
    (line.json ? build_json : build_text)(&line, level, number, message, pairs, n);
    return line.used;
}

/* ---- where lines go ---- */

/*
 * Before log_start() and after log_stop(): nobody else would write it. So little at a time that a
 * pipe that poll() calls writable takes it; what a stuck one does not take in time is lost.
 */
static void write_straight(char *line, size_t len)
{
    struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
    line[len++] = '\n';
    for (size_t done = 0; done < len;) {
        size_t some = len - done < PIPE_BUF ? len - done : PIPE_BUF;
        int ready = poll(&writable, 1, STOP_MS);
        ssize_t n = ready > 0 ? write(STDERR_FILENO, line + done, some) : ready;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return;
        done += (size_t)n;
    }
}

static size_t note_drops(char *dst, size_t room, uint64_t dropped)
{
    static const char format[] = "lines of this log were dropped lines=%llu";
    char text[128];
    int n = snprintf(text, sizeof(text), format, (unsigned long long)dropped);
    return build(dst, room, LOG_LEVEL_WARNING, 601, format, (struct str){text, (size_t)n});
}

int log_start(const char *path, bool json, enum log_level least)
{
    struct log_sink *sink;
    int error = log_sink_open(path, STDERR_FILENO, BUFFER_BYTES, &sink);
    if (error)
        return error;
    log_sink_tune(sink, 0, note_drops);
    atomic_store(&is_json, json);
    atomic_store(&least_level, (int)least);
    pthread_rwlock_wrlock(&sink_lock);
    struct log_sink *before = error_sink;
    error_sink = sink;
    pthread_rwlock_unlock(&sink_lock);
    log_sink_close(before, STOP_MS);
    return 0;
}

void log_stop(void)
{
    pthread_rwlock_wrlock(&sink_lock);
    struct log_sink *sink = error_sink;
    error_sink = NULL;
    pthread_rwlock_unlock(&sink_lock);
    log_sink_close(sink, STOP_MS);
}

int log_reopen(void)
{
    pthread_rwlock_rdlock(&sink_lock);
    int error = error_sink ? log_sink_reopen(error_sink) : 0;
    pthread_rwlock_unlock(&sink_lock);
    return error;
}

void log_be_threadless(void)
{
    pthread_rwlock_rdlock(&sink_lock);
    if (error_sink)
        log_sink_be_threadless(error_sink);
    pthread_rwlock_unlock(&sink_lock);
}

void log_nudge(void)
{
    pthread_rwlock_rdlock(&sink_lock);
    if (error_sink)
        log_sink_nudge(error_sink);
    pthread_rwlock_unlock(&sink_lock);
}

/* A read lock has no owner, so that the child can give it back, whose thread has another number. */
void log_fork_begin(void)
{
    pthread_rwlock_rdlock(&sink_lock);
    if (error_sink)
        log_sink_fork_begin(error_sink);
}

void log_fork_end(bool is_child)
{
    if (error_sink)
        log_sink_fork_end(error_sink, is_child);
    pthread_rwlock_unlock(&sink_lock);
}

bool log_is_on(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&least_level, memory_order_relaxed);
}

__attribute__((format(printf, 4, 0))) static size_t build_args(char *line, enum log_level level,
                                                               unsigned number, const char *format,
                                                               va_list args)
{
    char text[RAW_BYTES];
    int n = vsnprintf(text, sizeof(text), format, args);
    if (n < 0)
        return 0;
    size_t len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    return build(line, LINE_BYTES, level, number, format, (struct str){text, len});
}

void log_line_straight(enum log_level level, unsigned number, const char *format, ...)
{
    char line[LINE_BYTES + 1]; /* the byte more is for a newline */
    va_list args;
    va_start(args, format);
    size_t len = log_is_on(level) ? build_args(line, level, number, format, args) : 0;
    va_end(args);
    if (len)
        write_straight(line, len);
}

void log_line(enum log_level level, unsigned number, const char *format, ...)
{
    char line[LINE_BYTES + 1];
    if (!log_is_on(level))
        return;
    va_list args;
    va_start(args, format);
    size_t len = build_args(line, level, number, format, args);
    va_end(args);
    if (!len)
        return;
    pthread_rwlock_rdlock(&sink_lock);
    if (error_sink)
        log_sink_line(error_sink, line, len);
    else
        write_straight(line, len);
    pthread_rwlock_unlock(&sink_lock);
}
