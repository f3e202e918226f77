/* The extension tables of calls on the tester's thread, and those that calls on a pool thread
 * share. */
#include "tester_call.h"
#include "tester_clock.h"
#include "tester_fail.h"
#include "tester_loop.h"
#include "tester_pool.h"
#include "tester_random.h"
#include "tester_watchdog.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* ---- cgw.loop/1 ---- */

static uint64_t loop_now(struct cgw_call *pub)
{
    return tester_call_of(pub, "now()")->test->now_us;
}

static bool is_zeroed(const uint64_t words[16])
{
    for (size_t i = 0; i < 16; i++)
        if (words[i])
            return false;
    return true;
}

/* The tester's own view of an application's storage, which must be zeroed or known. */
static struct tester_timer *timer_in(struct tester_call *call, struct cgw_timer *timer)
{
    struct tester_timer *own = (struct tester_timer *)(void *)timer;
    if (own->mark != TESTER_TIMER_MARK && !is_zeroed(timer->opaque))
        tester_misuse(call, "the storage of a timer was not zeroed before its first use");
    return own;
}

static void run_timer(struct tester_item *item)
{
    struct tester_timer *timer = (struct tester_timer *)(void *)item;
    list_remove(&timer->node);
    timer->fn(&item->call->pub, (struct cgw_timer *)(void *)timer, timer->arg);
}

static int timer_start(struct cgw_call *pub, struct cgw_timer *timer, uint64_t after_us,
                       cgw_timer_fn *fn, void *arg)
{
    struct tester_call *call = tester_call_of(pub, "timer_start()");
    struct tester_timer *own = timer_in(call, timer);
    if (!fn)
        tester_misuse(call, "timer_start() without a callback");
    if (own->mark == TESTER_TIMER_MARK && own->item.call != call && own->node.next != &own->node)
        tester_misuse(call, "timer_start() of a timer that is armed by another call");
    tester_clock_set(call, own, after_us, run_timer);
    own->fn = fn;
    own->arg = arg;
    return CGW_OK;
}

static void timer_stop(struct cgw_call *pub, struct cgw_timer *timer)
{
    tester_clock_stop(timer_in(tester_call_of(pub, "timer_stop()"), timer));
}

static void run_watch(struct tester_item *item)
{
    struct tester_watch *watch = (struct tester_watch *)(void *)item;
    watch->fn(&item->call->pub, (struct cgw_watch *)(void *)watch, watch->ready, watch->arg);
}

static void stop_watch(struct tester_watch *watch)
{
    if (watch->mark != TESTER_WATCH_MARK)
        return;
    tester_loop_forget(&watch->item);
    list_remove(&watch->node);
    list_remove(&watch->all);
}

static struct tester_watch *watch_in(struct tester_call *call, struct cgw_watch *watch)
{
    struct tester_watch *own = (struct tester_watch *)(void *)watch;
    if (own->mark != TESTER_WATCH_MARK && !is_zeroed(watch->opaque))
        tester_misuse(call, "the storage of a watch was not zeroed before its first use");
    return own;
}

static int watch_start(struct cgw_call *pub, struct cgw_watch *watch, int fd, uint32_t events,
                       cgw_watch_fn *fn, void *arg)
{
    struct tester_call *call = tester_call_of(pub, "watch_start()");
    struct tester_watch *own = watch_in(call, watch);
    if (!events || (events & ~(uint32_t)(CGW_READABLE | CGW_WRITABLE)) || fcntl(fd, F_GETFD) < 0)
        return CGW_EINVAL;
    stop_watch(own);
    *own = (struct tester_watch){.item = {.call = call, .run = run_watch},
                                 .mark = TESTER_WATCH_MARK,
                                 .fn = fn,
                                 .arg = arg,
                                 .fd = fd,
                                 .events = events};
    list_init(&own->item.node);
    list_append(&call->watches, &own->node);
    list_append(&call->test->watches, &own->all);
    return CGW_OK;
}

static void watch_stop(struct cgw_call *pub, struct cgw_watch *watch)
{
    stop_watch(watch_in(tester_call_of(pub, "watch_stop()"), watch));
}

/* ---- cgw.thread/1 ---- */

struct work {
    struct tester_job job;       /* first */
    struct tester_letter letter; /* that it is done */
    void (*fn)(void *arg);
    void *arg;
    cgw_done_fn *done;
    void *done_arg;
};

/* After finish() nobody is told. */
static void run_done(struct tester_item *item)
{
    struct work *work = list_owner(item, struct work, letter.item);
    struct work now = *work;
    free(work);
    if (!now.letter.item.call->is_finished)
        now.done(&now.letter.item.call->pub, CGW_OK, now.done_arg);
}

static void run_work(struct tester_job *job)
{
    struct work *work = (struct work *)(void *)job;
    work->fn(work->arg);
    tester_pool_post(work->letter.item.call->test->pool, &work->letter);
}

static int thread_run(struct cgw_call *pub, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
                      void *done_arg)
{
    struct tester_call *call = tester_call_of(pub, "run()");
    if (call->is_canceled)
        return tester_call_told(call, CGW_ECANCELED);
    if (!fn || !done)
        tester_misuse(call, "run() of cgw.thread/1 without a function");
    struct work *work = calloc(1, sizeof *work);
    if (!work)
        return CGW_ENOMEM;
    *work = (struct work){.job = {.run = run_work, .name = call->name},
                          .letter.item = {.call = call, .run = run_done},
                          .fn = fn,
                          .arg = arg,
                          .done = done,
                          .done_arg = done_arg};
    list_init(&work->letter.item.node);
    tester_pool_submit(call->test->pool, &work->job);
    return CGW_PENDING;
}

/* ---- notices ---- */

static int is_disconnected(struct cgw_call *pub)
{
    return tester_call_of(pub, "is_disconnected()")->is_gone;
}

static int notify_disconnect(struct cgw_call *pub, cgw_done_fn *fn, void *arg)
{
    struct tester_call *call = tester_call_of(pub, "notify()");
    return tester_call_notice(&call->gone, call->is_gone, CGW_ECLOSED, fn, arg);
}

static int is_draining(struct cgw_call *pub)
{
    return tester_call_of(pub, "is_draining()")->test->is_draining;
}

static int notify_drain(struct cgw_call *pub, cgw_done_fn *fn, void *arg)
{
    struct tester_call *call = tester_call_of(pub, "notify()");
    return tester_call_notice(&call->drain, call->test->is_draining, CGW_ECANCELED, fn, arg);
}

/* ---- the rest ---- */

static int is_wanted(struct cgw_call *pub)
{
    (void)tester_call_of(pub, "is_wanted()");
    return 1;
}

static int route_set(struct cgw_call *pub, const char *route, size_t len)
{
    struct tester_call *call = tester_call_of(pub, "set() of cgw.route/1");
    if (call->scope.type != CGW_SCOPE_HTTP)
        tester_misuse(call, "a route was named for what is no HTTP call");
    if (call->is_named || call->order != ORDER_NEW)
        tester_misuse(call, "a route was named %s",
                      call->is_named ? "twice" : "after the response had started");
    if (!len || !route || memchr(route, '\0', len))
        tester_misuse(call, "a route was named with %zu bytes that are no name", len);
    call->is_named = true;
    return CGW_OK;
}

static int is_promoted(struct cgw_call *pub)
{
    (void)tester_call_of(pub, "is_promoted()");
    return 0;
}

/* Who is to blame for what holds the loop from here on. */
static void set_current(struct cgw_call *pub)
{
    tester_watchdog_blame(pub ? tester_call_of(pub, "set() of cgw.current/1") : NULL);
}

static uint32_t pick(struct cgw_call *pub, uint32_t n)
{
    struct tester_call *call = tester_call_of(pub, "pick()");
    if (!n)
        tester_misuse(call, "pick() of no task");
    return tester_random_below(call->test, n);
}

/* Pool threads ask for it too. */
static void waits(struct cgw_call *pub, int change)
{
    tester_pool_waits(tester_call_anywhere(pub, "waits()")->test->pool, change);
}

static const struct cgw_loop loop = {.size = sizeof loop,
                                     .now = loop_now,
                                     .timer_start = timer_start,
                                     .timer_stop = timer_stop,
                                     .watch_start = watch_start,
                                     .watch_stop = watch_stop};
static const struct cgw_thread thread = {.size = sizeof thread, .run = thread_run};
static const struct cgw_disconnect disconnect = {
    .size = sizeof disconnect, .is_disconnected = is_disconnected, .notify = notify_disconnect};
static const struct cgw_shutdown drain = {
    .size = sizeof drain, .is_draining = is_draining, .notify = notify_drain};
static const struct cgw_event_extension file = {
    .size = sizeof file, .event = CGW_HTTP_RESPONSE_FILE, .is_wanted = is_wanted};
static const struct cgw_event_extension trailers = {
    .size = sizeof trailers, .event = CGW_HTTP_RESPONSE_TRAILERS, .is_wanted = is_wanted};
static const struct cgw_event_extension informational = {
    .size = sizeof informational, .event = CGW_HTTP_RESPONSE_INFORMATIONAL, .is_wanted = is_wanted};
static const struct cgw_route route = {
    .size = sizeof route, .set = route_set, .is_promoted = is_promoted};
static const struct cgw_current current = {.size = sizeof current, .set = set_current};
static const struct cgw_debug debug = {.size = sizeof debug};
static const struct hooks_schedule schedule = {
    .size = sizeof schedule, .pick = pick, .waits = waits};

const void *tester_extend_async(const struct cgw_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } tables[] = {{CGW_EXT_LOOP, &loop},
                  {CGW_EXT_THREAD, &thread},
                  {CGW_EXT_DISCONNECT, &disconnect},
                  {CGW_EXT_SHUTDOWN, &drain},
                  {CGW_EXT_FILE, &file},
                  {CGW_EXT_TRAILERS, &trailers},
                  {CGW_EXT_INFORMATIONAL, &informational},
                  {CGW_EXT_ROUTE, &route},
                  {CGW_EXT_CURRENT, &current},
                  {CGW_EXT_DEBUG, &debug},
                  {HOOKS_SCHEDULE, &schedule}};
    (void)host;
    for (size_t i = 0; id && i < sizeof tables / sizeof *tables; i++)
        if (strcmp(id, tables[i].id) == 0)
            return tables[i].table;
    return NULL;
}

void tester_extend_disarm(struct tester_call *call)
{
    while (!list_is_empty(&call->timers))
        tester_clock_stop(list_owner(call->timers.next, struct tester_timer, node));
    while (!list_is_empty(&call->watches))
        stop_watch(list_owner(call->watches.next, struct tester_watch, node));
}
