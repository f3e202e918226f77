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

static uint32_t choose(const struct trace *trace)
{
    for (uint32_t i = 0; i < trace->n_frames; i++)
        if (trace->frames[i].object == trace->application && trace->application < TRACE_OBJECTS)
            return i;
    for (uint32_t i = 0; i < trace->n_frames; i++) {
        uint16_t object = trace->frames[i].object;
        if (object < trace->n_objects && !is_system(trace->objects[object]) &&
            !is_server(trace->objects[object]))
            return i;
    }
    return 0;
}

static uint64_t hash(uint64_t hash, const char *text)
{
    while (*text)
        hash = (hash ^ (unsigned char)*text++) * 0x100000001b3;
    return hash;
}

void site_find(struct symbols *symbols, const struct trace *trace, struct site *ret)
{
    struct symbol names[SYMBOLS_DEPTH];
    *ret = (struct site){.key = 0xcbf29ce484222325};
    if (trace->n_frames == 0)
        return;
    const struct trace_frame *frame = &trace->frames[choose(trace)];
    size_t n = symbols_name(symbols, frame, names);
    symbols_print(trace, frame, n ? &names[0] : NULL, ret->text, sizeof ret->text);
    ret->key = hash(ret->key, n ? names[n - 1].function : ret->text);
    if (n)
        ret->key = hash(ret->key, names[n - 1].file);
}

static void add_line(struct site_lines *lines, uint32_t frame, const char *text, bool is_inlined)
{
    if (lines->n < sizeof lines->text / sizeof *lines->text)
        snprintf(lines->text[lines->n++], sizeof *lines->text, "#%u %s%s", frame, text,
                 is_inlined ? " (inlined)" : "");
}

void site_name_lines(struct symbols *symbols, const struct trace *trace, struct site_lines *ret)
{
    struct symbol names[SYMBOLS_DEPTH];
    char text[300];
    ret->n = 0;
    for (uint32_t i = 0; i < trace->n_frames && i < TRACE_FRAMES; i++) {
        const struct trace_frame *frame = &trace->frames[i];
        size_t n = symbols_name(symbols, frame, names);
        for (size_t level = 0; level < (n ? n : 1); level++) {
            symbols_print(trace, frame, n ? &names[level] : NULL, text, sizeof text);
            add_line(ret, i, text, level + 1 < n);
        }
    }
}

void site_log_lines(enum log_level level, const struct site_lines *lines, pid_t pid)
{
    for (size_t i = 0; i < lines->n; i++)
        log_line(level, 191, "%s pid=%d", lines->text[i], (int)pid);
}
