/* Fibers: all that fiber_play.c plays, what very many of them cost, and when there are no more. */
#include "fiber/switch.h"
#include "fiber_play.h"
#include "unit.h"
#include <cgw/base.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef SANITIZED
enum { MANY = 2000 };
#else
enum { MANY = 100000 };
#endif

START_TEST(play)
{
    fiber_plays[_i].run();
}
END_TEST

static void setup(void)
{
    play_begin(0, 1000);
}

static void teardown(void)
{
    play_end();
}

static struct fiber_pool_status status(void)
{
    struct fiber_pool_status said;
    fiber_pool_status(play_pool, &said);
    return said;
}

START_TEST(a_pool_says_what_it_is)
{
    void *head;
    struct fiber *fiber = fiber_new(play_pool, free, NULL, &head);
    ck_assert_uint_eq(status().used, 1);
    ck_assert_uint_eq(status().spare, 0);
    ck_assert_uint_eq(status().refused, 0);
    ck_assert_uint_gt(status().slab_bytes, 64 * 1024);
    ck_assert_str_eq(status().switched_by, SWITCH_NAME);
    ck_assert(strcmp(status().guard, "madvise") == 0 || strcmp(status().guard, "mprotect") == 0);
    ck_assert_uint_ge((size_t)(fiber->high - fiber->low), 64 * 1024);
    ck_assert((char *)head >= fiber->high);
    fiber_free(play_pool, fiber);
    ck_assert_uint_eq(status().used, 0);
    ck_assert_uint_eq(status().spare, 1);
}
END_TEST

START_TEST(stacks_have_the_size_that_is_asked_for)
{
    static const size_t sizes[] = {1, 4096, 5000, 16384, 262144, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct fiber_pool *pool;
        void *head;
        ck_assert_int_eq(fiber_pool_new(sizes[i], 10, &pool), CGW_OK);
        struct fiber *fiber = fiber_new(pool, free, NULL, &head);
        size_t bytes = (size_t)(fiber->high - fiber->low);
        ck_assert_uint_ge(bytes, sizes[i]);
        ck_assert_uint_le(bytes, sizes[i] + 8192);
        memset(fiber->low, 1, sizes[i] / 2);
        fiber_free(pool, fiber);
        fiber_pool_free(pool);
    }
}
END_TEST

START_TEST(absurd_sizes_are_refused)
{
    struct fiber_pool *pool = NULL;
    ck_assert_int_eq(fiber_pool_new(SIZE_MAX, 0, &pool), CGW_ENOMEM);
    ck_assert_int_eq(fiber_pool_new(0, SIZE_MAX - 100, &pool), CGW_ENOMEM);
    ck_assert_ptr_null(pool);
    fiber_pool_free(NULL);
}
END_TEST

START_TEST(a_guard_is_below_its_stack_alone)
{
    void *head;
    struct fiber *fiber = fiber_new(play_pool, free, NULL, &head);
    uintptr_t low = (uintptr_t)fiber->low;
    ck_assert(fiber_is_overflow(fiber, low - 1));
    ck_assert(fiber_is_overflow(fiber, low - 4096));
    ck_assert(!fiber_is_overflow(fiber, low));
    ck_assert(!fiber_is_overflow(fiber, 0));
    ck_assert(!fiber_is_overflow(fiber, low - 4096 * 1024));
    ck_assert(!fiber_is_overflow(&play_home, 0));
    ck_assert(!fiber_is_overflow(&play_home, UINTPTR_MAX));
    fiber_free(play_pool, fiber);
}
END_TEST

#ifndef FIBER_UCONTEXT
/* The mask of signals is the thread's. */
static void block_usr1(void *arg)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct fiber **self = arg;
    fiber_leave(*self, &play_home);
}

START_TEST(a_switch_leaves_the_mask_of_signals)
{
    sigset_t now;
    struct fiber *fiber = play_fiber(block_usr1, &fiber);
    play_resume(fiber);
    sigprocmask(SIG_BLOCK, NULL, &now);
    ck_assert_int_eq(sigismember(&now, SIGUSR1), 1);
    fiber_free(play_pool, fiber);
}
END_TEST
#endif

/* ---- ends without fiber_leave() ---- */

static struct fiber *inner;

static void resume_inner(void *arg)
{
    struct fiber **self = arg;
    fiber_switch(*self, inner);
}

static void suspend_once(void *arg)
{
    bool *has_gone_on = arg;
    fiber_switch(inner, &play_home);
    *has_gone_on = true;
}

START_TEST(who_returns_leaves_for_who_came_last)
{
    bool has_gone_on = false;
    inner = play_fiber(suspend_once, &has_gone_on);
    play_resume(inner);
    struct fiber *outer = play_fiber(resume_inner, &outer);
    play_resume(outer);
    ck_assert(has_gone_on);
    ck_assert_int_eq(inner->state, FIBER_IS_LEFT);
    ck_assert_int_eq(outer->state, FIBER_IS_LEFT);
    ck_assert_int_eq(play_home.state, FIBER_RUNS);
    fiber_free(play_pool, inner);
    fiber_free(play_pool, outer);
}
END_TEST

static void nothing(void *arg)
{
    (void)arg;
}

START_TEST(what_never_suspends_may_return_at_once)
{
    for (int i = 0; i < 1000; i++) {
        struct fiber *fiber = play_fiber(nothing, NULL);
        play_resume(fiber);
        ck_assert_int_eq(fiber->state, FIBER_IS_LEFT);
        fiber_free(play_pool, fiber);
    }
}
END_TEST

/* ---- very many ---- */

static struct fiber **many;

static void sleep_and_leave(void *arg)
{
    struct fiber **self = arg;
    fiber_switch(*self, &play_home);
    fiber_leave(*self, &play_home);
}

static size_t resident_bytes(void)
{
    unsigned long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fscanf(file, "%lu %lu", &all, &resident), 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* How many can be asleep at once here. */
static size_t put_many_to_sleep(void)
{
    many = calloc(MANY, sizeof *many);
    for (size_t i = 0; i < MANY; i++) {
        void *head;
        many[i] = fiber_new(play_pool, sleep_and_leave, &many[i], &head);
        if (!many[i])
            return i;
        memset(head, 1, 1000);
        play_resume(many[i]);
    }
    return MANY;
}

static void end_many(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        play_resume(many[i]);
        fiber_free(play_pool, many[i]);
    }
    free(many);
}

START_TEST(a_sleeper_costs_little_and_gives_it_back)
{
    size_t before = resident_bytes();
    size_t n = put_many_to_sleep();
    if (strcmp(status().guard, "madvise") == 0)
        ck_assert_uint_eq(n, MANY);
    else
        ck_assert_uint_ge(n, 1000);
    ck_assert_uint_eq(status().used, n);
    size_t each = (resident_bytes() - before) / n;
    end_many(n);
    ck_assert_uint_eq(status().used, 0);
    ck_assert_uint_le(status().spare, 256);
#ifndef SANITIZED
    ck_assert_uint_lt(each, 8 * 1024);
    ck_assert_uint_lt(resident_bytes(), before + 8 * 1024 * 1024);
#endif
    ck_assert_uint_gt(each, 0);
}
END_TEST

/* As many again each time: what was given back to the system is taken anew. */
START_TEST(waves_leave_nothing_behind)
{
    size_t slabs = 0;
    for (int wave = 0; wave < 4; wave++) {
        enum { N = 1500 };
        struct fiber *fibers[N];
        for (int i = 0; i < N; i++) {
            fibers[i] = play_fiber(sleep_and_leave, &fibers[i]);
            play_resume(fibers[i]);
        }
        if (wave == 1)
            slabs = status().slab_bytes;
        for (int i = 0; i < N; i++) {
            int at = wave % 2 ? i : N - 1 - i;
            play_resume(fibers[at]);
            fiber_free(play_pool, fibers[at]);
        }
        ck_assert_uint_le(status().spare, 256);
    }
    ck_assert_uint_le(status().slab_bytes, slabs * 2);
}
END_TEST

#ifndef SANITIZED /* their runtimes do not live in little memory */
START_TEST(no_address_space_is_an_answer)
{
    struct rlimit limit;
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = pages * (size_t)sysconf(_SC_PAGESIZE) + 20 * 1024 * 1024;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    size_t n = put_many_to_sleep();
    ck_assert_uint_gt(n, 50);
    ck_assert_uint_lt(n, 2000);
    ck_assert_uint_eq(status().refused, 1);
    end_many(n);
    struct fiber *fiber = play_fiber(sleep_and_leave, NULL);
    fiber_free(play_pool, fiber);
}
END_TEST
#endif

/* ---- an overflow as the host's handler of crashes looks at it ---- */

static struct fiber *digger;

#if defined(__x86_64__) || defined(__aarch64__)
static uintptr_t stack_pointer(const void *context)
{
    const ucontext_t *at = context;
#ifdef __x86_64__
    return (uintptr_t)at->uc_mcontext.gregs[REG_RSP];
#else
    return (uintptr_t)at->uc_mcontext.sp;
#endif
}

/* A fault within 64 KiB below the stack pointer, or a page above, is the stack's. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    uintptr_t address = (uintptr_t)info->si_addr, sp = stack_pointer(context);
    bool is_near = address + 64 * 1024 >= sp && address < sp + 4096;
    _exit(is_near && fiber_is_overflow(digger, address) ? 42 : 43);
}

static void dig_deep(void *arg)
{
    (void)arg;
    _exit(play_dig(1000) ? 44 : 45);
}

START_TEST(an_overflow_is_near_the_stack_pointer)
{
    static char alternate[64 * 1024];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    digger = play_fiber(dig_deep, NULL);
    play_resume(digger);
}
END_TEST
#endif

/* ---- bugs of ours that are caught ---- */

START_TEST(a_suspended_fiber_is_not_freed)
{
    struct fiber *fiber = play_fiber(sleep_and_leave, &fiber);
    play_resume(fiber);
    fiber_free(play_pool, fiber);
}
END_TEST

START_TEST(the_running_fiber_is_not_resumed)
{
    fiber_switch(&play_home, &play_home);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fiber by " SWITCH_NAME);
    TCase *plays = tcase_create("plays");
    int n_plays = 0;
    while (fiber_plays[n_plays].name)
        n_plays++;
    tcase_add_loop_test(plays, play, 0, n_plays);
    suite_add_tcase(suite, plays);
    TCase *tcase = tcase_create("fiber");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_pool_says_what_it_is);
    tcase_add_test(tcase, stacks_have_the_size_that_is_asked_for);
    tcase_add_test(tcase, absurd_sizes_are_refused);
    tcase_add_test(tcase, a_guard_is_below_its_stack_alone);
#ifndef FIBER_UCONTEXT
    tcase_add_test(tcase, a_switch_leaves_the_mask_of_signals);
#endif
    tcase_add_test(tcase, who_returns_leaves_for_who_came_last);
    tcase_add_test(tcase, what_never_suspends_may_return_at_once);
    tcase_add_test(tcase, a_sleeper_costs_little_and_gives_it_back);
    tcase_add_test(tcase, waves_leave_nothing_behind);
#ifndef SANITIZED
    tcase_add_test(tcase, no_address_space_is_an_answer);
#endif
#if defined(__x86_64__) || defined(__aarch64__)
    tcase_add_exit_test(tcase, an_overflow_is_near_the_stack_pointer, 42);
#endif
#ifndef NDEBUG
    tcase_add_test_raise_signal(tcase, a_suspended_fiber_is_not_freed, SIGABRT);
    tcase_add_test_raise_signal(tcase, the_running_fiber_is_not_resumed, SIGABRT);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}

UNIT_MAIN(make_suite)
