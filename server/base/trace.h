/*
 * A backtrace as data: which shared object, how far into it; taken where nothing may be allocated
 * (a signal handler, a dying process), named by somebody else later.
 */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H
#include <stdbool.h>
#include <stdint.h>

enum { TRACE_FRAMES = 64, TRACE_OBJECTS = 16, TRACE_PATH_BYTES = 256 };

struct trace_frame {
    uint64_t address; /* in the process; that of the call, not of the return, but for the first */
    uint64_t offset;  /* from the object's load address */
    uint16_t object;  /* index into objects, or TRACE_OBJECTS: unknown */
};

struct trace {
    uint32_t n_frames, n_objects;
    uint16_t application; /* index of the object that holds it, or TRACE_OBJECTS: not known */
    struct trace_frame frames[TRACE_FRAMES]; /* innermost first */
    char objects[TRACE_OBJECTS][TRACE_PATH_BYTES];
};

/*
 * Look at what is loaded now, for trace_take(); after the module was loaded, and again when more
 * was. Also primes the unwinder, which would else allocate. Not in a signal handler.
 */
void trace_note_objects(void);

/*
 * The calling thread's frames into *trace: those behind the signal where ucontext is a handler's
 * third argument, else from the caller on. On whatever stack it runs. Async-signal-safe; in a
 * broken stack it may crash: the caller stores first what must not be lost. Where the application
 * is stays to be set.
 */
void trace_take(struct trace *trace, void *ucontext);
/* The stack pointer of such a context; 0: not known for this machine. Async-signal-safe. */
uint64_t trace_stack_pointer(const void *ucontext);

/* Set trace->application to the object at that address, where one of the frames is in it.
   Async-signal-safe. */
void trace_set_application(struct trace *trace, const void *address);

/* One frame more, of the object at path that is loaded at base (NULL: not known); false: no room.
   Async-signal-safe. */
bool trace_add(struct trace *trace, uint64_t address, uint64_t base, const char *path);
#endif
