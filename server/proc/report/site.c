/* Which frame is the one to blame: by the object that it is in. */
#include "proc/report/site.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Names of objects that only do what they are asked to. */
static const char *const systems[] = {
    "libc.so",    "libc-",       "libpthread", "libm.so",     "ld-linux", "ld-2",
    "libgcc_s",   "libstdc++",   "linux-vdso", "[vdso]",      "libdl",    "librt",
    "libasan.so", "libubsan.so", "libtsan.so", "libclang_rt", "libev.so",
};

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_system(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (begins(name, systems[i]))
            return true;
    return false;
}

/* All processes of a server run the same program. */
static bool is_server(const char *path)
{
    char own[TRACE_PATH_BYTES];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n < 0 ? 0 : n] = '\0';
    return n > 0 && strcmp(own, path) == 0;
}

static bool is_application(const struct trace *trace, const struct trace_frame *frame)
{
    if (frame->object >= trace->n_objects)
        return false;
    const char *path = trace->objects[frame->object];
    return frame->object == trace->application || (!is_system(path) && !is_server(path));
}

static uint32_t choose(const struct trace *trace)
{
    for (uint32_t i = 0; i < trace->n_frames; i++)
        if (trace->frames[i].object == trace->application && trace->application < TRACE_OBJECTS)
            return i;
    for (uint32_t i = 0; i < trace->n_frames; i++)
        if (is_application(trace, &trace->frames[i]))
            return i;
    return 0;
}

/* How the server came to call the application is of no interest, but for the last step. */
static uint32_t count_interesting(const struct trace *trace)
{
    for (uint32_t n = trace->n_frames; n > 0; n--)
        if (is_application(trace, &trace->frames[n - 1]))
            return n < trace->n_frames ? n + 1 : n;
    return trace->n_frames;
}

static uint64_t hash(uint64_t hash, const char *text)
{
    while (*text)
        hash = (hash ^ (unsigned char)*text++) * 0x100000001b3;
    return hash;
}

/* Of libcgw, which an application has in its own object: what it does it was asked to. */
static bool is_sdk(const struct symbol *symbol)
{
    return begins(symbol->function, "cgw_") || strstr(symbol->file, "libcgw/");
}

/* From the chosen frame outwards, in the same object, to the first that is not libcgw's; less what
   of libcgw is inlined there. */
static const struct trace_frame *find_own(struct symbols *symbols, const struct trace *trace,
                                          struct symbol names[SYMBOLS_DEPTH], size_t *ret_n)
{
    const struct trace_frame *chosen = &trace->frames[choose(trace)];
    const struct trace_frame *end = trace->frames + trace->n_frames;
    for (const struct trace_frame *frame = chosen; frame < end; frame++) {
        size_t n = 0, first = 0;
        if (frame->object == chosen->object)
            n = symbols_name(symbols, frame, names);
        if (n == 0 && frame == chosen)
            break; /* it has no names to tell by */
        while (first < n && is_sdk(&names[first]))
            first++;
        if (first == n)
            continue;
        memmove(names, names + first, (n - first) * sizeof *names);
        *ret_n = n - first;
        return frame;
    }
    *ret_n = symbols_name(symbols, chosen, names);
    return chosen;
}

void site_find(struct symbols *symbols, const struct trace *trace, const char *route,
               struct site *ret)
{
    struct symbol names[SYMBOLS_DEPTH];
    size_t n = 0;
    *ret = (struct site){.key = hash(0xcbf29ce484222325, route)};
    if (trace->n_frames == 0)
        return;
    const struct trace_frame *frame = find_own(symbols, trace, names, &n);
    symbols_print(trace, frame, n ? &names[0] : NULL, ret->text, sizeof ret->text);
    ret->key = hash(ret->key, n ? names[n - 1].function : ret->text);
    if (n)
        ret->key = hash(ret->key, names[n - 1].file);
}

/* All that is at a frame's address, a line each. */
static void add_frame(struct symbols *symbols, const struct trace *trace, uint32_t index,
                      uint32_t times, struct site_lines *lines)
{
    const struct trace_frame *frame = &trace->frames[index];
    struct symbol names[SYMBOLS_DEPTH];
    char text[300], more[32] = "";
    size_t n = symbols_name(symbols, frame, names);
    if (times > 1)
        snprintf(more, sizeof more, " (%u times)", times);
    for (size_t level = 0; level < (n ? n : 1) && lines->n < SITE_LINES; level++) {
        symbols_print(trace, frame, n ? &names[level] : NULL, text, sizeof text);
        snprintf(lines->text[lines->n++], SITE_LINE_BYTES, "#%u %s%s%s", index, text,
                 level + 1 < n ? " (inlined)" : "", more);
    }
}

void site_name_lines(struct symbols *symbols, const struct trace *trace, struct site_lines *ret)
{
    uint32_t n_frames = count_interesting(trace), times;
    ret->n = 0;
    for (uint32_t i = 0; i < n_frames; i += times) {
        times = 1;
        while (i + times < n_frames && trace->frames[i + times].address == trace->frames[i].address)
            times++;
        add_frame(symbols, trace, i, times, ret);
    }
}

void site_log_lines(enum log_level level, const struct site_lines *lines, pid_t pid)
{
    for (size_t i = 0; i < lines->n; i++)
        log_line(level, 191, "%s pid=%d", lines->text[i], (int)pid);
}

char *site_print_call(const struct board_request *request, char dst[SITE_CALL_BYTES])
{
    if (request->is_known)
        snprintf(dst, SITE_CALL_BYTES, "%016llx", (unsigned long long)request->id);
    else
        memcpy(dst, "-", 2);
    return dst;
}

const char *site_route(const struct board_request *request)
{
    return request->is_known && request->route[0] ? request->route : "-";
}

const char *site_request(const struct board_request *request)
{
    return request->is_known ? request->line : "-";
}
