/*
 * The unwinder of the compiler's runtime walks the stack; what is loaded where was noted before, so
 * that nothing here asks the dynamic linker, whose lock the dying thread may hold.
 *
 * A call through a bad function pointer leaves the program counter where no code is, and the walk
 * would end there: then it begins at the return address, which is the caller that one looks for.
 */
#include "base/trace.h"
#include <elf.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

enum { NOTED_OBJECTS = 128 };

struct object {
    uint64_t begin, end; /* of what is mapped */
    uint64_t base;       /* an offset of 0 */
    char path[TRACE_PATH_BYTES];
};

/* Written by the thread that notes, one at a time; n grows when an entry is complete. */
static struct object noted[NOTED_OBJECTS];
static _Atomic uint32_t n_noted;

struct walk {
    struct trace *trace;
    uint64_t from; /* the frame to begin with */
    bool has_begun;
    bool is_call; /* though the unwinder takes it for an interrupted instruction */
};

static void copy_path(char *dst, const char *path)
{
    size_t len = strlen(path);
    size_t cut = len < TRACE_PATH_BYTES ? 0 : len - TRACE_PATH_BYTES + 1;
    memcpy(dst, path + cut, len - cut + 1);
}

static bool is_noted(uint64_t base, const char *path)
{
    uint32_t n = atomic_load_explicit(&n_noted, memory_order_relaxed);
    for (uint32_t i = 0; i < n; i++)
        if (noted[i].base == base && strcmp(noted[i].path, path) == 0)
            return true;
    return false;
}

/* The program itself has no name here. */
static const char *path_of(const struct dl_phdr_info *info, char *room)
{
    if (info->dlpi_name && *info->dlpi_name)
        return info->dlpi_name;
    ssize_t len = readlink("/proc/self/exe", room, TRACE_PATH_BYTES - 1);
    room[len < 0 ? 0 : len] = '\0';
    return room;
}

static void find_extent(const struct dl_phdr_info *info, struct object *object)
{
    object->begin = UINT64_MAX;
    object->end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uint64_t begin = info->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD)
            continue;
        if (begin < object->begin)
            object->begin = begin;
        if (begin + part->p_memsz > object->end)
            object->end = begin + part->p_memsz;
    }
}

static int note(struct dl_phdr_info *info, size_t size, void *arg)
{
    char room[TRACE_PATH_BYTES], path[TRACE_PATH_BYTES];
    uint32_t n = atomic_load_explicit(&n_noted, memory_order_relaxed);
    (void)size, (void)arg;
    copy_path(path, path_of(info, room));
    if (is_noted(info->dlpi_addr, path))
        return 0;
    if (n == NOTED_OBJECTS)
        return 1;
    noted[n].base = info->dlpi_addr;
    find_extent(info, &noted[n]);
    memcpy(noted[n].path, path, sizeof path);
    atomic_store_explicit(&n_noted, n + 1, memory_order_release);
    return 0;
}

void trace_note_objects(void)
{
    static struct trace trace; /* its content does not matter: the unwinder has run once */
    dl_iterate_phdr(note, NULL);
    trace_take(&trace, NULL);
}

/* Newest first: what was unloaded may have had the same place. */
static const struct object *object_at(uint64_t address)
{
    uint32_t n = atomic_load_explicit(&n_noted, memory_order_acquire);
    while (n-- > 0)
        if (address >= noted[n].begin && address < noted[n].end)
            return &noted[n];
    return NULL;
}

/* Its index in the trace's own list, where it is put when it is new; TRACE_OBJECTS: no room. */
static uint16_t refer(struct trace *trace, const char *path)
{
    char cut[TRACE_PATH_BYTES];
    uint32_t i = 0;
    copy_path(cut, path);
    while (i < trace->n_objects && strcmp(trace->objects[i], cut) != 0)
        i++;
    if (i == TRACE_OBJECTS || i < trace->n_objects)
        return (uint16_t)i;
    memcpy(trace->objects[i], cut, sizeof cut);
    trace->n_objects++;
    return (uint16_t)i;
}

bool trace_add(struct trace *trace, uint64_t address, uint64_t base, const char *path)
{
    struct trace_frame *frame = &trace->frames[trace->n_frames];
    if (trace->n_frames == TRACE_FRAMES)
        return false;
    frame->address = address;
    frame->offset = path ? address - base : address;
    frame->object = path ? refer(trace, path) : TRACE_OBJECTS;
    trace->n_frames++; /* whole, should the next one be the last that can be read */
    return true;
}

void trace_set_application(struct trace *trace, const void *address)
{
    const struct object *object = object_at((uintptr_t)address);
    uint32_t i = 0;
    while (i < trace->n_objects && !(object && strcmp(trace->objects[i], object->path) == 0))
        i++;
    trace->application = (uint16_t)(i < trace->n_objects ? i : TRACE_OBJECTS);
}

static bool add(struct trace *trace, uint64_t address)
{
    const struct object *object = object_at(address);
    return trace_add(trace, address, object ? object->base : 0, object ? object->path : NULL);
}

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *arg)
{
    struct walk *walk = arg;
    int is_exact = 0;
    uint64_t address = _Unwind_GetIPInfo(context, &is_exact);
    if (address == 0)
        return _URC_END_OF_STACK;
    if (!walk->has_begun && address != walk->from)
        return _URC_NO_REASON;
    if (!walk->has_begun && walk->is_call)
        is_exact = 0;
    walk->has_begun = true;
    return add(walk->trace, is_exact ? address : address - 1) ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Where a signal has interrupted; NULL: not known for this machine. */
static uint64_t *counter_of(ucontext_t *context)
{
#if defined(__x86_64__)
    return (uint64_t *)&context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uint64_t *)&context->uc_mcontext.pc;
#else
    (void)context;
    return NULL;
#endif
}

uint64_t trace_stack_pointer(const void *ucontext)
{
    const ucontext_t *context = ucontext;
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return context->uc_mcontext.sp;
#else
    (void)context;
    return 0;
#endif
}

/* Where the call that led there returns to, were it the first thing there. */
static uint64_t return_address(const ucontext_t *context)
{
    uint64_t address = 0;
#if defined(__x86_64__)
    void *top = (void *)(uintptr_t)trace_stack_pointer(context);
    struct iovec here = {&address, sizeof address}, there = {top, sizeof address};
    if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != sizeof address)
        return 0;
#elif defined(__aarch64__)
    address = context->uc_mcontext.regs[30];
#else
    (void)context;
#endif
    return object_at(address) ? address : 0;
}

/* Change the interrupted context to what it would be had that call returned, and back. */
static void pop(ucontext_t *context, int words)
{
#if defined(__x86_64__)
    context->uc_mcontext.gregs[REG_RSP] += words * 8;
#else
    (void)context, (void)words;
#endif
}

static void take_nowhere(struct walk *walk, ucontext_t *context, uint64_t *counter)
{
    uint64_t before = *counter;
    add(walk->trace, before);
    walk->from = return_address(context);
    if (!walk->from)
        return;
    walk->is_call = true;
    *counter = walk->from;
    pop(context, 1);
    _Unwind_Backtrace(visit, walk);
    pop(context, -1);
    *counter = before;
}

__attribute__((noinline)) void trace_take(struct trace *trace, void *ucontext)
{
    struct walk walk = {.trace = trace};
    uint64_t *counter = ucontext ? counter_of(ucontext) : NULL;
    trace->n_frames = trace->n_objects = 0;
    trace->application = TRACE_OBJECTS;
    if (counter && !object_at(*counter)) {
        take_nowhere(&walk, ucontext, counter);
        return;
    }
    walk.from = counter ? *counter : (uintptr_t)__builtin_return_address(0);
    _Unwind_Backtrace(visit, &walk);
    if (!walk.has_begun) /* the unwinder stopped before it, or does not see the caller */
        add(trace, walk.from);
}
