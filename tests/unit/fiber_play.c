#include "fiber_play.h"
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

__thread struct fiber_pool *play_pool;
__thread struct fiber play_home;

void play_begin(size_t stack_bytes, size_t head_bytes)
{
    EXPECT(fiber_pool_new(stack_bytes, head_bytes, &play_pool) == 0);
    fiber_adopt_thread(&play_home);
}

void play_end(void)
{
    fiber_drop_thread(&play_home);
    fiber_pool_free(play_pool);
}

struct fiber *play_fiber(void (*entry)(void *arg), void *arg)
{
    void *head;
    struct fiber *fiber = fiber_new(play_pool, entry, arg, &head);
    EXPECT(fiber);
    return fiber;
}

void play_resume(struct fiber *fiber)
{
    fiber_switch(&play_home, fiber);
}

static __attribute__((noinline)) unsigned dig(volatile const unsigned char *above, unsigned depth)
{
    volatile unsigned char frame[1024];
    frame[depth % sizeof frame] = (unsigned char)(above[0] + 1);
    frame[0] = frame[depth % sizeof frame];
    unsigned below = depth ? dig(frame, depth - 1) : 0;
    return below + frame[0];
}

unsigned play_dig(unsigned depth)
{
    unsigned char first = 0;
    return dig(&first, depth);
}

/* ---- to and fro ---- */

struct runner {
    struct fiber *self;
    int n, goal;
};

static void count(void *arg)
{
    struct runner *runner = arg;
    while (runner->n < runner->goal) {
        runner->n++;
        fiber_switch(runner->self, &play_home);
    }
    fiber_leave(runner->self, &play_home);
}

static void to_and_fro(void)
{
    struct runner runner = {.goal = 1000};
    play_begin(0, 0);
    runner.self = play_fiber(count, &runner);
    for (int i = 1; i <= runner.goal; i++) {
        play_resume(runner.self);
        EXPECT(runner.n == i);
    }
    play_resume(runner.self);
    EXPECT(runner.self->state == FIBER_IS_LEFT);
    fiber_free(play_pool, runner.self);
    play_end();
}

static void never_begun(void)
{
    play_begin(0, 0);
    fiber_free(play_pool, play_fiber(count, NULL));
    play_end();
}

/* ---- what survives a switch ---- */

enum { N_KEEPERS = 5 };

struct keeper {
    struct fiber *self;
    volatile double start;
    volatile long long_start;
};

/* More values than there are registers, all of them live over the switch. */
static void keep(void *arg)
{
    struct keeper *keeper = arg;
    double s = keeper->start;
    long t = keeper->long_start;
    double a = s * 2, b = s * 3, c = s * 5, d = s * 7, e = s * 11, f = s * 13, g = s * 17;
    long k = t * 2, l = t * 3, m = t * 5, n = t * 7, o = t * 11, p = t * 13, q = t * 17;
    for (int i = 0; i < 50; i++) {
        fiber_switch(keeper->self, &play_home);
        EXPECT(a + b + c + d + e + f + g == s * 58);
        EXPECT(k + l + m + n + o + p + q == t * 58);
        a += s, k += t;
        b -= s, l -= t;
        c += d, m += n;
        c -= d, m -= n;
    }
    fiber_leave(keeper->self, &play_home);
}

static void registers_are_kept(void)
{
    struct keeper keepers[N_KEEPERS];
    double before = 0.25;
    play_begin(0, 0);
    for (int i = 0; i < N_KEEPERS; i++) {
        keepers[i] = (struct keeper){.start = i + 1, .long_start = i + 100};
        keepers[i].self = play_fiber(keep, &keepers[i]);
    }
    for (int round = 0; round <= 50; round++)
        for (int i = 0; i < N_KEEPERS; i++) {
            play_resume(keepers[i].self);
            before *= 1.5;
        }
    for (int i = 0; i < N_KEEPERS; i++)
        fiber_free(play_pool, keepers[i].self);
    EXPECT(fabs(log(before / 0.25) / log(1.5) - 51 * N_KEEPERS) < 1e-6);
    play_end();
}

/* ---- many, from one to the next ---- */

enum { N_RING = 100, N_LAPS = 20 };

static struct fiber *ring[N_RING];
static unsigned n_hops;

static void hop(void *arg)
{
    struct fiber **self = arg;
    struct fiber *next = self == &ring[N_RING - 1] ? &play_home : self[1];
    for (int lap = 0; lap < N_LAPS; lap++) {
        unsigned depth = n_hops % 30;
        EXPECT(play_dig(depth) == (depth + 1) * (depth + 2) / 2);
        n_hops++;
        fiber_switch(*self, next);
    }
    fiber_leave(*self, next);
}

static void a_ring(void)
{
    n_hops = 0;
    play_begin(0, 0);
    for (int i = 0; i < N_RING; i++)
        ring[i] = play_fiber(hop, &ring[i]);
    for (int lap = 0; lap <= N_LAPS; lap++)
        play_resume(ring[0]);
    EXPECT(n_hops == N_RING * N_LAPS);
    for (int i = 0; i < N_RING; i++)
        fiber_free(play_pool, ring[i]);
    play_end();
}

/* ---- heads, and slots that are used again ---- */

static void heads_are_the_owners(void)
{
    enum { N = 40, BYTES = 1000 };
    struct fiber *fibers[N];
    void *heads[N];
    struct runner runners[N];
    play_begin(16 * 1024, BYTES);
    for (int i = 0; i < N; i++) {
        runners[i] = (struct runner){.goal = 2};
        fibers[i] = fiber_new(play_pool, count, NULL, &heads[i]);
        EXPECT(fibers[i] && (uintptr_t)heads[i] % 64 == 0);
        fibers[i]->arg = &runners[i]; /* until it begins */
        runners[i].self = fibers[i];
        memset(heads[i], i, BYTES);
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < N; i++)
            play_resume(fibers[i]);
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < BYTES; k++)
            EXPECT(((char *)heads[i])[k] == i);
        fiber_free(play_pool, fibers[i]);
    }
    play_end();
}

static void the_last_slot_is_next(void)
{
    play_begin(0, 100);
    struct fiber *a = play_fiber(count, NULL), *b = play_fiber(count, NULL);
    EXPECT(a != b);
    fiber_free(play_pool, a);
    fiber_free(play_pool, b);
    EXPECT(play_fiber(count, NULL) == b);
    EXPECT(play_fiber(count, NULL) == a);
    fiber_free(play_pool, a);
    fiber_free(play_pool, b);
    play_end();
}

/* ---- unwinding ---- */

static int n_frames;
static uintptr_t frames[64];

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *arg)
{
    (void)arg;
    frames[n_frames++] = (uintptr_t)_Unwind_GetIP(context);
    return n_frames < 64 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static int unwind_at(int depth);
static int (*volatile unwind_further)(int depth) = unwind_at; /* not to be unrolled */

static int unwind_at(int depth)
{
    volatile int here = depth;
    if (depth)
        here += unwind_further(depth - 1);
    else
        _Unwind_Backtrace(note_frame, NULL);
    return here;
}

static void unwind(void *arg)
{
    struct runner *runner = arg;
    fiber_switch(runner->self, &play_home);
    runner->n = unwind_further(10);
    fiber_leave(runner->self, &play_home);
}

/* The 11 frames are there, then this file's entry and the library's, and then nothing. */
static void backtraces_end(void)
{
    struct runner runner = {0};
    play_begin(0, 0);
    runner.self = play_fiber(unwind, &runner);
    play_resume(runner.self);
    n_frames = 0;
    play_resume(runner.self);
    EXPECT(runner.n == 55);
    EXPECT(n_frames >= 13 && n_frames <= 17);
    uintptr_t entry = (uintptr_t)unwind;
    int at = 11;
    while (at < n_frames && !(frames[at] > entry && frames[at] < entry + 500))
        at++;
    EXPECT(at < n_frames);
    fiber_free(play_pool, runner.self);
    play_end();
}

/* ---- overflow, in a child process ---- */

static struct fiber *digger;
static volatile unsigned sink;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    _exit(fiber_is_overflow(digger, (uintptr_t)info->si_addr) ? 42 : 43);
}

static void dig_deep(void *arg)
{
    (void)arg;
    sink = play_dig(1000);
    _exit(44);
}

static void overflow(void)
{
    static char alternate[64 * 1024];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaltstack(&stack, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    play_begin(0, 0);
    /* One above and one below it. */
    play_fiber(count, NULL);
    digger = play_fiber(dig_deep, NULL);
    play_fiber(count, NULL);
    play_resume(digger);
}

static void an_overflow_faults_in_the_guard(void)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        overflow();
        _exit(45);
    }
    EXPECT(waitpid(child, &status, 0) == child);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

/* ---- a pool per thread ---- */

static void *run_in_thread(void *arg)
{
    int *n = arg;
    struct runner runner = {.goal = 100};
    play_begin(0, 0);
    runner.self = play_fiber(count, &runner);
    for (int i = 0; i <= runner.goal; i++) {
        errno = 0;
        play_resume(runner.self);
        *n += 1;
    }
    fiber_free(play_pool, runner.self);
    play_end();
    return NULL;
}

static void threads_have_their_own(void)
{
    enum { N = 4 };
    pthread_t threads[N];
    int n[N] = {0};
    for (int i = 0; i < N; i++)
        EXPECT(pthread_create(&threads[i], NULL, run_in_thread, &n[i]) == 0);
    for (int i = 0; i < N; i++) {
        EXPECT(pthread_join(threads[i], NULL) == 0);
        EXPECT(n[i] == 101);
    }
}

/* What one fiber wrote, another may read: for who watches races. */
static int shared;

static void add(void *arg)
{
    struct runner *runner = arg;
    for (int i = 0; i < 100; i++) {
        shared++;
        fiber_switch(runner->self, &play_home);
    }
    fiber_leave(runner->self, &play_home);
}

static void fibers_share_memory(void)
{
    struct runner runners[3] = {0};
    shared = 0;
    play_begin(0, 0);
    for (int i = 0; i < 3; i++)
        runners[i].self = play_fiber(add, &runners[i]);
    for (int round = 0; round <= 100; round++)
        for (int i = 0; i < 3; i++)
            play_resume(runners[i].self);
    EXPECT(shared == 300);
    for (int i = 0; i < 3; i++)
        fiber_free(play_pool, runners[i].self);
    play_end();
}

const struct fiber_play fiber_plays[] = {
    {"to_and_fro", to_and_fro},
    {"never_begun", never_begun},
    {"registers_are_kept", registers_are_kept},
    {"a_ring", a_ring},
    {"heads_are_the_owners", heads_are_the_owners},
    {"the_last_slot_is_next", the_last_slot_is_next},
    {"backtraces_end", backtraces_end},
    {"an_overflow_faults_in_the_guard", an_overflow_faults_in_the_guard},
    {"threads_have_their_own", threads_have_their_own},
    {"fibers_share_memory", fibers_share_memory},
    {NULL, NULL},
};
