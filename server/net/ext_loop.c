/*
 * cgw.loop/1. A timer and a watch are the application's memory, seen here as structs of ours; each
 * call links its armed ones, so that nothing can fire into a call that has ended.
 */
#include "net/ext_loop.h"
#include "net/net.h"
#include <fcntl.h>
#include <sys/stat.h>

struct timer {
    struct deadline deadline;
    struct list link; /* in call->timers while armed */
    struct call *call;
    cgw_timer_fn *fn;
    void *arg;
};

struct watch {
    ev_io io;
    struct list link; /* in call->watches while armed */
    struct call *call;
    cgw_watch_fn *fn;
    void *arg;
};

_Static_assert(sizeof(struct timer) <= sizeof(struct cgw_timer), "fits the application's memory");
_Static_assert(sizeof(struct watch) <= sizeof(struct cgw_watch), "fits the application's memory");

static struct net *net_of(struct call *call)
{
    return call->runtime->net;
}

static uint64_t now(struct cgw_call *pub)
{
    return net_of(call_of(pub))->deadlines.now_us;
}

static void on_fire(struct deadline *deadline)
{
    struct timer *timer = list_owner(deadline, struct timer, deadline);
    struct call *call = timer->call;
    list_remove(&timer->link);
    call_enter(call);
    timer->fn(&call->pub, (struct cgw_timer *)(void *)timer, timer->arg);
    call_leave(call);
}

static int timer_start(struct cgw_call *pub, struct cgw_timer *storage, uint64_t after_us,
                       cgw_timer_fn *fn, void *arg)
{
    struct timer *timer = (struct timer *)(void *)storage;
    struct call *call = call_of(pub);
    if (!timer->call) {
        deadline_init(&timer->deadline, on_fire);
        list_init(&timer->link);
    }
    list_remove(&timer->link);
    timer->call = call;
    timer->fn = fn;
    timer->arg = arg;
    list_append(&call->timers, &timer->link);
    deadline_set(&net_of(call)->deadlines, &timer->deadline, after_us);
    return CGW_OK;
}

static void timer_stop(struct cgw_call *pub, struct cgw_timer *storage)
{
    struct timer *timer = (struct timer *)(void *)storage;
    (void)pub;
    if (!timer->call)
        return;
    list_remove(&timer->link);
    deadline_clear(&timer->deadline);
}

static void on_ready(struct ev_loop *loop, ev_io *io, int events)
{
    struct watch *watch = list_owner(io, struct watch, io);
    struct call *call = watch->call;
    uint32_t ready =
        (events & EV_READ ? CGW_READABLE : 0u) | (events & EV_WRITE ? CGW_WRITABLE : 0u);
    (void)loop;
    call_enter(call);
    watch->fn(&call->pub, (struct cgw_watch *)(void *)watch, ready, watch->arg);
    call_leave(call);
}

/* epoll takes no regular files, and an fd that is not open would make the loop complain. */
static bool is_watchable(int fd)
{
    struct stat info;
    return fd >= 0 && fstat(fd, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static void disarm_watch(struct call *call, struct watch *watch)
{
    list_remove(&watch->link);
    ev_io_stop(net_of(call)->loop, &watch->io);
    watch->call = NULL;
}

static int watch_start(struct cgw_call *pub, struct cgw_watch *storage, int fd, uint32_t events,
                       cgw_watch_fn *fn, void *arg)
{
    struct watch *watch = (struct watch *)(void *)storage;
    struct call *call = call_of(pub);
    int ev = (events & CGW_READABLE ? EV_READ : 0) | (events & CGW_WRITABLE ? EV_WRITE : 0);
    if (!ev || events & ~(uint32_t)(CGW_READABLE | CGW_WRITABLE) || !is_watchable(fd))
        return CGW_EINVAL;
    if (watch->call)
        disarm_watch(call, watch);
    list_init(&watch->link);
    watch->call = call;
    watch->fn = fn;
    watch->arg = arg;
    ev_io_init(&watch->io, on_ready, fd, ev);
    list_append(&call->watches, &watch->link);
    ev_io_start(net_of(call)->loop, &watch->io);
    return CGW_OK;
}

static void watch_stop(struct cgw_call *pub, struct cgw_watch *storage)
{
    struct watch *watch = (struct watch *)(void *)storage;
    if (watch->call)
        disarm_watch(call_of(pub), watch);
}

void ext_loop_disarm(struct call *call)
{
    struct list *node;
    while ((node = list_take(&call->timers)))
        deadline_clear(&list_owner(node, struct timer, link)->deadline);
    while (!list_is_empty(&call->watches))
        disarm_watch(call, list_owner(call->watches.next, struct watch, link));
}

const struct cgw_loop ext_loop_table = {.size = sizeof ext_loop_table,
                                        .now = now,
                                        .timer_start = timer_start,
                                        .timer_stop = timer_stop,
                                        .watch_start = watch_start,
                                        .watch_stop = watch_stop};
