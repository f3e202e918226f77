/* What is C of the switch: the first frame of a new stack, and all of the form by ucontext. */
#include "fiber/switch.h"
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(SWITCH_X86_64)

extern const char switch_begin[] __attribute__((visibility("hidden")));

void *switch_prepare(char *low, char *high, void *(*begin)(void *arg), void *arg)
{
    (void)low;
    /* As switch_to() pops them: r15 r14 r13 r12 rbx rbp, and where to go on. The stack is aligned
       when that is popped; above it stays a null, for walkers by frame pointer. */
    uintptr_t *sp = (uintptr_t *)(void *)high - 9;
    memset(sp, 0, 9 * sizeof *sp);
    sp[3] = (uintptr_t)arg;
    sp[4] = (uintptr_t)begin;
    sp[6] = (uintptr_t)switch_begin;
    return sp;
}

#elif defined(SWITCH_AARCH64)

enum { FRAME_WORDS = 20 };
void *switch_sign(void *sp);

void *switch_prepare(char *low, char *high, void *(*begin)(void *arg), void *arg)
{
    (void)low;
    /* As switch_to() loads them: x19 to x30, then d8 to d15. */
    uintptr_t *top = (uintptr_t *)(void *)high - 2, *sp = top - FRAME_WORDS;
    memset(sp, 0, (FRAME_WORDS + 2) * sizeof *sp);
    sp[0] = (uintptr_t)begin;
    sp[1] = (uintptr_t)arg;
    sp[11] = (uintptr_t)switch_sign(top);
    return sp;
}

#else
#include <stdalign.h>
#include <ucontext.h>

/* On top of its own stack until it begins. */
struct first {
    alignas(64) ucontext_t context;
    void *(*begin)(void *arg);
    void *arg;
};

/* makecontext() passes ints. */
static void begin_with(unsigned upper, unsigned lower)
{
    struct first *first = (struct first *)(((uintptr_t)upper << 16 << 16) | (uintptr_t)lower);
    void *ended;
    switch_to(&ended, first->begin(first->arg));
    abort();
}

void *switch_prepare(char *low, char *high, void *(*begin)(void *arg), void *arg)
{
    struct first *first = (struct first *)(void *)(high - sizeof *first);
    getcontext(&first->context);
    first->context.uc_stack.ss_sp = low;
    first->context.uc_stack.ss_size = (size_t)((char *)first - low);
    first->context.uc_link = NULL;
    first->begin = begin;
    first->arg = arg;
    uintptr_t address = (uintptr_t)first;
    makecontext(&first->context, (void (*)(void))(uintptr_t)begin_with, 2,
                (unsigned)(address >> 16 >> 16), (unsigned)address);
    return &first->context;
}

#pragma GCC diagnostic push
/* On some machines the C library's struct has room for registers yet to be invented. */
#pragma GCC diagnostic ignored "-Wframe-larger-than="
void switch_to(void **ret_sp, void *sp)
{
    ucontext_t here;
    /* It lives until somebody goes on with it. */
    // cppcheck-suppress autoVariables
    *ret_sp = &here;
    swapcontext(&here, sp);
}
#pragma GCC diagnostic pop
#endif
