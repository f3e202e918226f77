/*
 * What is done in each turn costs a few nanoseconds: the time is what libev knows anyway, as it
 * reads its clock right after the poll (the check watcher) and right before the next (the release
 * callback). Only a turn that seems long reads the clock, as the wall clock may have jumped.
 */
#include "net/pulse.h"
#include "app/pool.h"
#include "base/clock.h"
#include <fcntl.h>
#include <unistd.h>

enum { LONG_TURN_US = 10000 };

static struct pulse {
    struct net *net; /* NULL: not started */
    struct board_slot *slot;
    double begun; /* when this turn did; 0: before the first */
    ev_check check;
    ev_timer tick;
    int statm; /* /proc/self/statm, or -1 */
} pulse = {.statm = -1};

/* The clock of deadlines was read in this turn's check, too. */
static uint64_t turn_us(const struct net *net)
{
    double took = (ev_now(net->loop) - pulse.begun) * 1e6;
    if (took >= 0 && took < LONG_TURN_US)
        return (uint64_t)took;
    return clock_now_us() - net->deadlines.now_us;
}

static void set(_Atomic uint32_t *gauge, uint32_t value)
{
    atomic_store_explicit(gauge, value, memory_order_relaxed);
}

static void on_release(struct ev_loop *loop) EV_NOEXCEPT
{
    (void)loop;
    const struct net *net = pulse.net;
    struct board_slot *slot = pulse.slot;
    board_add(&slot->ticks, 1);
    set(&slot->connections, net->n_conns);
    set(&slot->in_flight, net->runtime->n_running);
    if (pulse.begun != 0)
        board_observe(&slot->loop_lag, turn_us(net));
}

static void on_check(struct ev_loop *loop, ev_check *check, int events)
{
    (void)check, (void)events;
    pulse.begun = ev_now(loop);
}

/* The second number of statm is the pages in memory. 0: it cannot be read. */
static uint64_t read_rss_bytes(void)
{
    char text[128];
    uint64_t pages = 0;
    ssize_t n = pulse.statm < 0 ? -1 : pread(pulse.statm, text, sizeof text, 0);
    const char *space = n > 0 ? memchr(text, ' ', (size_t)n) : NULL;
    if (!space)
        return 0;
    for (const char *p = space + 1; p < text + n && *p >= '0' && *p <= '9'; p++)
        pages = pages * 10 + (uint64_t)(*p - '0');
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void on_tick(struct ev_loop *loop, ev_timer *tick, int events)
{
    struct board_slot *slot = pulse.slot;
    struct pool_status pool = {0};
    (void)loop, (void)tick, (void)events;
    if (pulse.net->runtime->pool)
        pool_status(pulse.net->runtime->pool, &pool);
    set(&slot->pool_threads, pool.threads);
    set(&slot->pool_busy, pool.busy);
    set(&slot->pool_queued, pool.queued);
    atomic_store_explicit(&slot->rss_bytes, read_rss_bytes(), memory_order_relaxed);
}

int pulse_start(struct net *net, struct board_slot *slot)
{
    pulse_stop();
    pulse.net = net;
    pulse.slot = slot;
    pulse.begun = 0;
    pulse.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ev_check_init(&pulse.check, on_check);
    ev_set_priority(&pulse.check, EV_MAXPRI); /* what other checks do is part of the turn */
    ev_check_start(net->loop, &pulse.check);
    ev_timer_init(&pulse.tick, on_tick, 1., 1.);
    ev_timer_start(net->loop, &pulse.tick);
    on_tick(net->loop, &pulse.tick, 0);
    ev_set_loop_release_cb(net->loop, on_release, NULL);
    return 0;
}

void pulse_stop(void)
{
    if (!pulse.net)
        return;
    ev_set_loop_release_cb(pulse.net->loop, NULL, NULL);
    ev_check_stop(pulse.net->loop, &pulse.check);
    ev_timer_stop(pulse.net->loop, &pulse.tick);
    if (pulse.statm >= 0)
        close(pulse.statm);
    pulse.statm = -1;
    pulse.net = NULL;
}
