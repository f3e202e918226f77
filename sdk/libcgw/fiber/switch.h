/*
 * The switch between stacks, in three forms: instructions for x86-64 and for aarch64, and the C
 * library's ucontext for the rest, which makes a system call each time. FIBER_UCONTEXT asks for the
 * latter (configure --with-fiber-switch=ucontext).
 *
 * A stack that waits is known by one pointer. In the two short forms it points at the registers
 * that a function must preserve, with the address to go on at, lying on the stack itself.
 */
#ifndef FIBER_SWITCH_H
#define FIBER_SWITCH_H

#if defined(FIBER_UCONTEXT)
#define SWITCH_NAME "ucontext"
#elif defined(__x86_64__) && defined(__LP64__)
#define SWITCH_X86_64 1
#define SWITCH_NAME   "x86-64"
#elif defined(__aarch64__) && defined(__LP64__) && !defined(__AARCH64EB__)
#define SWITCH_AARCH64 1
#define SWITCH_NAME    "aarch64"
#else
#define FIBER_UCONTEXT 1
#define SWITCH_NAME    "ucontext"
#endif

#ifndef __ASSEMBLER__
/*
 * A stack from low to high, high aligned to 64, that begins with begin(arg). What switch_to()
 * wants. What begin() returns is gone on with as by switch_to(), and this stack never is. That is
 * how a stack best ends: by then each call on it has returned, so that the processor, which keeps a
 * stack of calls of its own, guesses the next returns right.
 */
void *switch_prepare(char *low, char *high, void *(*begin)(void *arg), void *arg);
/* Suspend this stack, remember it in *ret_sp, and go on with sp. */
void switch_to(void **ret_sp, void *sp);
#endif
#endif
