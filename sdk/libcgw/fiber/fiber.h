/*
 * Fibers: a stack each, and a switch between them. They know no loop, no request and no time; who
 * runs when is decided by task/. Fibers never leave the thread that made them.
 *
 * A stack is a slot of a slab: guard below, the owner's head above; its lowest bytes are never
 * touched unless they are needed, so one that sleeps costs a page. Slots go back to their pool,
 * which keeps what is likely to be used again. ASan, TSan and valgrind are told of each switch.
 *
 * A switch saves what the calling convention lets a function rely on, and makes no system call.
 * Everything else is the thread's, whichever fiber runs: thread-local variables (errno too), the
 * mask of signals, and the control words of the floating-point units. Who changes one of them puts
 * it back before it suspends.
 */
#ifndef FIBER_FIBER_H
#define FIBER_FIBER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fiber_pool;
struct stack_slot;

enum fiber_state { FIBER_FRESH, FIBER_RUNS, FIBER_WAITS, FIBER_IS_LEFT };

/* At the top of its own stack, or the caller's memory for a thread's own stack. */
struct fiber {
    void *sp;         /* where it is suspended; the switch's */
    char *low, *high; /* its stack, without guard; NULL, NULL: a thread's own */
    void (*entry)(void *arg);
    void *arg; /* may be set until it begins */
    enum fiber_state state;
    struct fiber *back;      /* who came to it last by fiber_switch() */
    struct stack_slot *slot; /* NULL: a thread's own */
    /* What the sanitizers want to know. */
    void *fake_stack;
    const void *bottom;
    size_t bottom_bytes;
    void *tsan;
};

struct fiber_pool_status {
    size_t used, spare;      /* slots in use, slots kept for reuse with their memory */
    size_t slab_bytes;       /* address space of all slabs */
    size_t refused;          /* how often fiber_new() answered NULL */
    const char *guard;       /* "madvise", "mprotect" */
    const char *switched_by; /* "x86-64", "aarch64", "ucontext" */
};

/* stack_bytes: of each, rounded up to pages (0: 64 KiB); head_bytes: the owner's, above the stack's
   beginning, at the address that fiber_new() gives. CGW_OK or CGW_ENOMEM. */
int fiber_pool_new(size_t stack_bytes, size_t head_bytes, struct fiber_pool **ret_pool);
/* All fibers must be freed. NULL is fine. */
void fiber_pool_free(struct fiber_pool *pool);
void fiber_pool_status(const struct fiber_pool *pool, struct fiber_pool_status *ret_status);

/*
 * A fiber that will begin with entry(fiber->arg) at the first switch to it. *ret_head: head_bytes
 * that are aligned to 64 and live as long as it; their content is not initialised. NULL: out of
 * memory or of mappings (vm.max_map_count, where guards are by mprotect).
 * When entry returns, the fiber is left as by fiber_leave(), for the one that has come to it last
 * by fiber_switch().
 */
struct fiber *fiber_new(struct fiber_pool *pool, void (*entry)(void *arg), void *arg,
                        void **ret_head);
/* Neither the running one nor suspended in the middle: never begun, or left. Its memory and the
   head's are gone. */
void fiber_free(struct fiber_pool *pool, struct fiber *fiber);

/* Make *fiber stand for the calling thread and its own stack. */
void fiber_adopt_thread(struct fiber *fiber);
/* What it was told to the sanitizers is taken back; not on a fiber. */
void fiber_drop_thread(struct fiber *fiber);

/* from, which runs, is suspended and to, which does not, goes on; returns when something switches
   to from again. */
void fiber_switch(struct fiber *from, struct fiber *to);
/* The last switch of from, which may be freed behind it. */
_Noreturn void fiber_leave(struct fiber *from, struct fiber *to);
/* Does the address lie in the guard below fiber's stack? For reports. [any-thread, in signals too]
 */
bool fiber_is_overflow(const struct fiber *fiber, uintptr_t address);
#endif
