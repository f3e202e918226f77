/* Backtraces as data: from here, from behind a fault, through a bad pointer, on a foreign stack. */
#include "base/mem.h"
#include "base/trace.h"
#include "unit.h"
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <ucontext.h>

enum { STACK_BYTES = 256 * 1024, CODE_BYTES = 256 };

static struct trace trace;
static sigjmp_buf back;
static void (*volatile nowhere)(void);
static int *volatile nothing;
static volatile int result;

/* A function's code is where it begins and a bit behind it. */
static bool is_in(uint64_t address, void *function)
{
    return address >= (uintptr_t)function && address < (uintptr_t)function + CODE_BYTES;
}

static bool has(void *function)
{
    for (uint32_t i = 0; i < trace.n_frames; i++)
        if (is_in(trace.frames[i].address, function))
            return true;
    return false;
}

static __attribute__((noinline)) int look(void)
{
    trace_take(&trace, NULL);
    return (int)trace.n_frames;
}

static __attribute__((noinline)) int outer(void)
{
    result = look(); /* something is left to do: the call is no jump */
    return result;
}

static __attribute__((noinline)) int read_nothing(void)
{
    result = *nothing;
    return result;
}

static __attribute__((noinline)) int call_nowhere(void)
{
    nowhere();
    result = 1;
    return result;
}

START_TEST(begins_with_the_caller)
{
    ck_assert_int_gt(outer(), 2);
    ck_assert(is_in(trace.frames[0].address, (void *)(uintptr_t)look));
    ck_assert(is_in(trace.frames[1].address, (void *)(uintptr_t)outer));
}
END_TEST

START_TEST(offsets_are_those_of_the_object)
{
    Dl_info info;
    outer();
    const struct trace_frame *frame = &trace.frames[0];
    ck_assert_int_ne(dladdr((void *)(uintptr_t)look, &info), 0);
    ck_assert_uint_lt(frame->object, trace.n_objects);
    ck_assert_ptr_nonnull(strstr(trace.objects[frame->object], program_invocation_short_name));
    ck_assert_uint_eq(frame->address - frame->offset, (uintptr_t)info.dli_fbase);
}
END_TEST

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)info;
    trace_take(&trace, context);
    siglongjmp(back, 1);
}

static void handle_faults(void)
{
    static char stack[STACK_BYTES];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&alternate, NULL);
    sigaction(SIGSEGV, &action, NULL);
}

START_TEST(a_fault_is_the_first_frame)
{
    handle_faults();
    if (sigsetjmp(back, 1) == 0)
        read_nothing();
    ck_assert(is_in(trace.frames[0].address, (void *)(uintptr_t)read_nothing));
    ck_assert_uint_gt(trace.n_frames, 2);
}
END_TEST

START_TEST(a_call_to_nowhere_shows_who_called)
{
    handle_faults();
    if (sigsetjmp(back, 1) == 0)
        call_nowhere();
    ck_assert_uint_eq(trace.frames[0].address, 0);
    ck_assert_uint_eq(trace.frames[0].object, TRACE_OBJECTS);
    ck_assert(is_in(trace.frames[1].address, (void *)(uintptr_t)call_nowhere));
    ck_assert_uint_gt(trace.n_frames, 3);
}
END_TEST

static void fiber(void)
{
    if (sigsetjmp(back, 1) == 0)
        read_nothing();
}

START_TEST(a_switched_stack_is_walked_too)
{
    ucontext_t here, there;
    char *stack = mem_alloc(STACK_BYTES);
    handle_faults();
    getcontext(&there);
    there.uc_stack.ss_sp = stack;
    there.uc_stack.ss_size = STACK_BYTES;
    there.uc_link = &here;
    makecontext(&there, fiber, 0);
    swapcontext(&here, &there);
    ck_assert(is_in(trace.frames[0].address, (void *)(uintptr_t)read_nothing));
    ck_assert(has((void *)(uintptr_t)fiber));
    mem_free(stack);
}
END_TEST

static __attribute__((noinline)) int dig(int depth)
{
    volatile int below = depth > 0 ? dig(depth - 1) : look();
    return below + 1;
}

START_TEST(a_deep_stack_is_cut_outside)
{
    dig(3 * TRACE_FRAMES);
    ck_assert_uint_eq(trace.n_frames, TRACE_FRAMES);
    ck_assert(is_in(trace.frames[0].address, (void *)(uintptr_t)look));
    ck_assert(is_in(trace.frames[TRACE_FRAMES - 1].address, (void *)(uintptr_t)dig));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("trace");
    TCase *tests = tcase_create("trace");
    trace_note_objects();
    tcase_add_test(tests, begins_with_the_caller);
    tcase_add_test(tests, offsets_are_those_of_the_object);
    tcase_add_test(tests, a_deep_stack_is_cut_outside);
#ifndef SANITIZED
    tcase_add_test(tests, a_fault_is_the_first_frame);
    tcase_add_test(tests, a_call_to_nowhere_shows_who_called);
    tcase_add_test(tests, a_switched_stack_is_walked_too);
#else
    (void)a_fault_is_the_first_frame, (void)a_call_to_nowhere_shows_who_called;
    (void)a_switched_stack_is_walked_too;
#endif
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)
