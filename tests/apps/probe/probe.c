/* The way in: which path begins with which step, and how the steps follow each other. */
#include "probe.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the chain ---- */

void probe_run(struct probe *probe)
{
    while (probe->is_ready && !probe->is_over) {
        probe->is_ready = false;
        probe->next(probe);
    }
    if (probe->is_over)
        probe->call->host->finish(probe->call, probe->status);
}

void probe_resume(struct probe *probe, int status)
{
    probe->status = status;
    probe->is_ready = true;
    probe_run(probe);
}

void probe_done(struct cgw_call *call, int status, void *probe)
{
    (void)call;
    probe_resume(probe, status);
}

void probe_expect(struct probe *probe, int status, probe_step *next)
{
    probe->next = next;
    if (status == CGW_PENDING || probe->is_over)
        return;
    probe->status = status;
    probe->is_ready = true;
}

void probe_receive(struct probe *probe, probe_step *next)
{
    if (probe->is_over)
        return;
    const struct cgw_host *host = probe->call->host;
    probe_expect(probe, host->receive(probe->call, &probe->in, probe_done, probe), next);
}

void probe_send(struct probe *probe, probe_step *next)
{
    if (probe->is_over)
        return;
    size_t n = probe->n_out;
    probe->n_out = 0;
    const struct cgw_host *host = probe->call->host;
    probe_expect(probe, host->send(probe->call, probe->out, n, probe_done, probe), next);
}

static void timed_out(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    (void)call;
    (void)timer;
    probe_resume(arg, CGW_OK);
}

/* A sync call has no loop, and may simply sleep. */
void probe_wait(struct probe *probe, uint64_t ms, probe_step *next)
{
    if (probe->is_over)
        return;
    const struct cgw_host *host = probe->call->host;
    const struct cgw_loop *loop = host->extension(host, CGW_EXT_LOOP);
    int status = CGW_OK;
    if (ms && loop) {
        status = loop->timer_start(probe->call, &probe->timer, ms * 1000, timed_out, probe);
        status = status == CGW_OK ? CGW_PENDING : status;
    } else if (ms) {
        struct timespec rest = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
        while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
            ;
    }
    probe_expect(probe, status, next);
}

void probe_end(struct probe *probe, int status)
{
    if (probe->is_over)
        return;
    probe->status = status;
    probe->is_over = true;
}

void probe_finish(struct probe *probe)
{
    probe_end(probe, probe->status);
}

/* ---- the request ---- */

bool probe_is(struct cgw_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

struct cgw_str probe_text(const struct probe *probe, const char *key)
{
    struct cgw_str query = probe->call->scope->query;
    const char *at = query.ptr, *end = query.ptr + query.len;
    size_t len = strlen(key);
    while (at < end) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp ? amp : end;
        if ((size_t)(stop - at) > len && memcmp(at, key, len) == 0 && at[len] == '=')
            return (struct cgw_str){at + len + 1, (size_t)(stop - at) - len - 1};
        at = stop + 1;
    }
    return (struct cgw_str){NULL, 0};
}

/* A number that ends where the text does; what the host hands over is terminated somewhere. */
static bool number(struct cgw_str text, int64_t *ret_value)
{
    char *end;
    if (text.len == 0 || text.len > 20)
        return false;
    errno = 0;
    long long value = strtoll(text.ptr, &end, 10);
    if (errno || end != text.ptr + text.len)
        return false;
    *ret_value = value;
    return true;
}

uint64_t probe_number(const struct probe *probe, const char *key, uint64_t otherwise)
{
    int64_t value;
    return number(probe_text(probe, key), &value) && value >= 0 ? (uint64_t)value : otherwise;
}

int64_t probe_arg(const struct probe *probe, int64_t otherwise)
{
    int64_t value;
    return number(probe->arg, &value) ? value : otherwise;
}

/* ---- the way in ---- */

/* "/name/arg/more" behind root_path. */
static void split_path(struct probe *probe)
{
    const struct cgw_scope *scope = probe->call->scope;
    struct cgw_str path = scope->path, root = scope->root_path;
    if (path.len >= root.len && (root.len == 0 || memcmp(path.ptr, root.ptr, root.len) == 0))
        path = (struct cgw_str){path.ptr + root.len, path.len - root.len};
    probe->path = path;
    struct cgw_str *segments[] = {&probe->name, &probe->arg};
    const char *at = path.ptr, *end = path.ptr + path.len;
    for (size_t i = 0; i < 2 && at < end && *at == '/'; i++) {
        const char *slash = memchr(at + 1, '/', (size_t)(end - at - 1));
        *segments[i] = (struct cgw_str){at + 1, (size_t)((slash ? slash : end) - at - 1)};
        at = slash ? slash : end;
    }
}

/* What is not a path of ours is looked at. */
static probe_step *find(const struct probe *probe)
{
    static const struct probe_path *const tables[] = {
        look_paths, plain_paths, break_paths, body_paths, stream_paths, timing_paths, extend_paths};
    if (probe->path.len == 0 || probe->path.ptr[0] != '/' ||
        (probe->name.len == 0 && probe->path.len > 1))
        return look_paths[0].begin;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const struct probe_path *path = tables[i]; path->name; path++)
            if (probe_is(probe->name, path->name))
                return path->begin;
    return look_paths[0].begin;
}

static void begin_http(struct probe *probe)
{
    const struct cgw_scope *scope = probe->call->scope;
    split_path(probe);
    probe_log("call %.*s %.*s", (int)scope->method.len, scope->method.ptr, (int)scope->path.len,
              scope->path.ptr);
    find(probe)(probe);
}

static void call(struct cgw_call *call)
{
    struct probe *probe = call->host->alloc(call, sizeof(*probe));
    if (!probe) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    *probe = (struct probe){.call = call, .max_headers = PROBE_HEADERS, .is_ready = true};
    probe->headers = probe->few;
    probe->next = call->scope->type == CGW_SCOPE_LIFESPAN ? lifespan_begin : begin_http;
    probe_run(probe);
}

CGW_APP(.kind = PROBE_KIND, .flags = CGW_LIFESPAN, .name = "probe", .call = call);
