/* The queue, and what is waited for when it is empty. */
#include "tester_loop.h"
#include "tester_clock.h"
#include "tester_fail.h"
#include "tester_memory.h"
#include "tester_pool.h"
#include "tester_random.h"
#include "tester_watchdog.h"
#include <poll.h>
#include <stdlib.h>

enum {
    HOLD_MS = 100,      /* letters wait so long for pool threads to come to rest */
    ANSWER_MS = 2,      /* or, behind an answer of the application's own threads, for another */
    GRACE_MS = 20,      /* before time jumps while descriptors are watched */
    PATIENCE_MS = 1000, /* for threads that nobody knows of */
    WATCHES_MS = 10000, /* for descriptors, where nothing else can come */
    WORK_MS = 60000,    /* for a pool thread */
};

/* ---- the queue ---- */

static void leave_ready(struct tester_call *call)
{
    cgw_test *test = call->test;
    struct tester_call *last = test->ready[--test->n_ready];
    test->ready[call->ready_at - 1] = last;
    last->ready_at = call->ready_at;
    call->ready_at = 0;
}

void tester_loop_due(struct tester_item *item)
{
    struct tester_call *call = item->call;
    cgw_test *test = call->test;
    if (item->node.next != &item->node)
        return;
    list_append(&call->due, &item->node);
    if (call->ready_at)
        return;
    test->ready = tester_memory_grow(test, test->ready, test->n_ready, &test->max_ready,
                                     sizeof(struct tester_call *));
    test->ready[test->n_ready++] = call;
    call->ready_at = test->n_ready;
}

void tester_loop_forget(struct tester_item *item)
{
    list_remove(&item->node);
    if (item->call && item->call->ready_at && list_is_empty(&item->call->due))
        leave_ready(item->call);
}

static bool run_one(cgw_test *test)
{
    if (!test->n_ready)
        return false;
    struct tester_call *call = test->ready[tester_random_below(test, (uint32_t)test->n_ready)];
    struct list *node = list_take(&call->due);
    if (list_is_empty(&call->due))
        leave_ready(call);
    test->current = call;
    tester_watchdog_enter(test->watchdog, call);
    struct tester_item *item = list_owner(node, struct tester_item, node);
    item->run(item);
    tester_watchdog_leave(test->watchdog);
    test->current = NULL;
    return true;
}

void tester_loop_drain(cgw_test *test)
{
    tester_pool_collect(test->pool);
    while (run_one(test))
        ;
}

void tester_loop_fini(cgw_test *test)
{
    free(test->ready);
    test->ready = NULL;
    test->n_ready = test->max_ready = 0;
}

/* ---- the outside ---- */

static short poll_events(uint32_t events)
{
    return (short)((events & CGW_READABLE ? POLLIN : 0) | (events & CGW_WRITABLE ? POLLOUT : 0));
}

/* An error makes it ready for what was asked, so that reading or writing tells it. */
static uint32_t readiness(const struct tester_watch *watch, short got)
{
    if (got & (POLLERR | POLLHUP))
        return watch->events;
    return (got & POLLIN ? CGW_READABLE : 0u) | (got & POLLOUT ? CGW_WRITABLE : 0u);
}

static size_t gather(cgw_test *test, struct pollfd *fds, size_t max)
{
    size_t n = 0;
    fds[n++] = (struct pollfd){.fd = tester_pool_fd(test->pool), .events = POLLIN};
    list_each (node, &test->watches) {
        struct tester_watch *watch = list_owner(node, struct tester_watch, all);
        if (n < max)
            fds[n++] = (struct pollfd){.fd = watch->fd, .events = poll_events(watch->events)};
    }
    return n;
}

static bool tell_watches(cgw_test *test, const struct pollfd *fds, size_t n)
{
    size_t i = 1;
    bool some = false;
    list_each (node, &test->watches) {
        struct tester_watch *watch = list_owner(node, struct tester_watch, all);
        if (i == n)
            break;
        short got = fds[i++].revents;
        if (got & POLLNVAL)
            tester_misuse(watch->item.call, "descriptor %d was closed while it was watched",
                          watch->fd);
        watch->ready = readiness(watch, got);
        if (!watch->ready)
            continue;
        tester_loop_due(&watch->item);
        some = true;
    }
    return some;
}

/* Sleep until a letter, a descriptor or the time. true: there is something to look at. */
static bool wait_outside(cgw_test *test, int timeout_ms)
{
    struct pollfd fds[256];
    size_t n = gather(test, fds, sizeof fds / sizeof *fds);
    if (poll(fds, (nfds_t)n, timeout_ms) <= 0)
        return false;
    bool some = tell_watches(test, fds, n);
    if (!fds[0].revents)
        return some;
    tester_pool_heed(test->pool);
    return true;
}

/* ---- time ---- */

/* How long to sleep in real time, at most max_ms, so that the next timer is not missed. */
static int real_ms(const cgw_test *test, uint64_t limit_us, int max_ms)
{
    uint64_t next = tester_clock_next(test);
    next = next < limit_us ? next : limit_us;
    uint64_t left = next > test->now_us ? (next - test->now_us + 999) / 1000 : 0;
    return test->options.real_clock && left < (uint64_t)max_ms ? (int)left : max_ms;
}

/* Pool threads work: time stands. *ms: how long nothing has come from them. */
static void wait_for_pool(cgw_test *test, uint64_t limit_us, int *ms)
{
    int hold = tester_pool_is_answered(test->pool) ? ANSWER_MS : HOLD_MS;
    int timeout = real_ms(test, limit_us, hold);
    bool some = wait_outside(test, timeout);
    if (!some)
        *ms += timeout;
    if (some && !test->options.real_clock && tester_pool_is_busy(test->pool))
        return;
    if (tester_pool_collect(test->pool))
        *ms = 0;
    const char *name = tester_pool_at_work(test->pool);
    if (*ms > WORK_MS && name)
        tester_fail(test, NULL, "%s: a pool thread has been at work for %d real seconds", name,
                    WORK_MS / 1000);
}

/* Nothing runs anywhere. TESTER_OVER: something may be due now. */
static enum tester_end pass_time(cgw_test *test, uint64_t limit_us, enum tester_aim aim, int *ms)
{
    uint64_t next = tester_clock_next(test);
    bool watches = !list_is_empty(&test->watches);
    if (next > limit_us && aim == TESTER_FOR_TIME)
        next = limit_us;
    else if (next > limit_us && next != TESTER_NEVER)
        return TESTER_TIME;
    if (next == TESTER_NEVER && aim == TESTER_FOR_REST && !watches)
        return TESTER_IDLE;
    int timeout = next == TESTER_NEVER ? HOLD_MS : watches ? GRACE_MS : 0;
    if (wait_outside(test, test->options.real_clock ? real_ms(test, limit_us, HOLD_MS) : timeout))
        return TESTER_OVER;
    if (next != TESTER_NEVER) {
        tester_clock_advance(test, next);
        return TESTER_OVER;
    }
    *ms += HOLD_MS;
    return *ms < (watches ? WATCHES_MS : PATIENCE_MS) ? TESTER_OVER : TESTER_IDLE;
}

enum tester_end tester_loop_run(cgw_test *test, bool (*is_over)(void *arg), void *arg,
                                uint64_t limit_us, enum tester_aim aim)
{
    int ms = 0;
    tester_watchdog_reset(test->watchdog);
    for (;;) {
        tester_clock_look(test);
        if (is_over && is_over(arg))
            return TESTER_OVER;
        if (run_one(test)) {
            ms = 0;
        } else if (tester_pool_is_busy(test->pool)) {
            wait_for_pool(test, limit_us, &ms);
        } else if (!tester_pool_collect(test->pool)) {
            if (test->now_us >= limit_us)
                return TESTER_TIME;
            if (pass_time(test, limit_us, aim, &ms) == TESTER_OVER)
                continue;
            return tester_clock_next(test) == TESTER_NEVER ? TESTER_IDLE : TESTER_TIME;
        }
    }
}
