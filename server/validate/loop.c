/* One thing at a time, in the order that the script asks for. */
#include "validate/loop.h"
#include "base/clock.h"
#include "base/mem.h"
#include "validate/memory.h"
#include "validate/report.h"
#include "validate/vcall.h"
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WATCHES_MAX 64
#define MARK        0x6377672d61726d65u /* in the first word of storage that is armed or was */

pthread_mutex_t loop_lock = PTHREAD_MUTEX_INITIALIZER;

static struct task *first, *last;
static struct loop_item *items;
static uint64_t skipped_us, last_id;
static unsigned jobs;
static int wake_fd = -1;

/* Early, so that its number is not one that the application has closed. */
void loop_init(void)
{
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0)
        report_refusal("cgw-validate itself has no descriptor left");
}

/* ---- tasks ---- */

struct task *loop_task(struct vcall *call, void (*run)(struct task *))
{
    struct task *task = mem_zalloc(sizeof *task);
    if (!task)
        report_refusal("cgw-validate itself is out of memory");
    task->call = call;
    task->run = run;
    return task;
}

static void wake(void)
{
    uint64_t one = 1;
    while (write(wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void loop_add(struct task *task)
{
    pthread_mutex_lock(&loop_lock);
    task->next = NULL;
    if (first)
        last->next = task;
    else
        first = task;
    last = task;
    wake();
    pthread_mutex_unlock(&loop_lock);
}

static struct task *take_task(bool newest)
{
    pthread_mutex_lock(&loop_lock);
    struct task *task = first, *before = NULL;
    while (newest && task && task->next) {
        before = task;
        task = task->next;
    }
    if (task && before)
        before->next = task->next;
    else if (task)
        first = task->next;
    if (task == last)
        last = before;
    pthread_mutex_unlock(&loop_lock);
    return task;
}

void loop_job_begun(void)
{
    pthread_mutex_lock(&loop_lock);
    jobs++;
    pthread_mutex_unlock(&loop_lock);
}

void loop_job_ended(void)
{
    pthread_mutex_lock(&loop_lock);
    jobs--;
    wake();
    pthread_mutex_unlock(&loop_lock);
}

bool loop_has_jobs(void)
{
    pthread_mutex_lock(&loop_lock);
    bool has = jobs > 0;
    pthread_mutex_unlock(&loop_lock);
    return has;
}

uint64_t loop_now_us(void)
{
    return clock_now_us() + skipped_us;
}

/* ---- timers and watches ---- */

static uint64_t *words(const struct loop_item *item)
{
    return item->timer ? item->timer->opaque : item->watch->opaque;
}

static const char *kind(const struct loop_item *item)
{
    return item->timer ? "a timer" : "a watch";
}

static struct loop_item **find(const void *storage)
{
    struct loop_item **at = &items;
    while (*at && (*at)->timer != storage && (*at)->watch != storage)
        at = &(*at)->next;
    return at;
}

void loop_disarm(const void *storage)
{
    struct loop_item **at = find(storage), *item = *at;
    if (!item)
        return;
    *at = item->next;
    mem_free(item);
}

void loop_arm(const struct loop_item *item)
{
    memory_probing("storage of a timer or watch");
    uint64_t *mark = words(item);
    if (mark[0] != 0 && mark[0] != MARK)
        report_finding(RULE_TIMER, "started %s whose storage was not zeroed", kind(item));
    loop_disarm(mark);
    struct loop_item *copy = mem_alloc(sizeof *copy);
    if (!copy)
        report_refusal("cgw-validate itself is out of memory");
    *copy = *item;
    copy->id = ++last_id;
    mark[0] = MARK;
    mark[1] = copy->id;
    copy->next = items;
    items = copy;
    memory_probing(NULL);
}

void loop_disarm_call(const struct vcall *call)
{
    for (struct loop_item **at = &items; *at;) {
        struct loop_item *item = *at;
        if (item->call == call) {
            *at = item->next;
            mem_free(item);
        } else {
            at = &item->next;
        }
    }
}

bool loop_has_storage_between(const struct vcall *call, const void *low, const void *high)
{
    for (const struct loop_item *item = items; item; item = item->next)
        if (item->call == call && (const void *)words(item) >= low &&
            (const void *)words(item) < high)
            return true;
    return false;
}

/* The host's while armed: nobody else may have written to it. */
static void check_storage(const struct loop_item *item)
{
    memory_probing("storage of an armed timer or watch");
    const uint64_t *mark = words(item);
    if (mark[0] != MARK || mark[1] != item->id)
        report_fatal(RULE_TIMER, "changed the storage of %s while it was armed", kind(item));
    memory_probing(NULL);
}

static void fire_timer(struct loop_item *item)
{
    struct loop_item fired = *item;
    check_storage(item);
    loop_disarm(item->timer);
    vcall_enter(fired.call, "a timer's callback");
    fired.timer_fn(fired.call->pub, fired.timer, fired.arg);
    vcall_leave(fired.call);
}

static void fire_watch(struct loop_item *item, int revents)
{
    struct loop_item fired = *item;
    check_storage(item);
    if (revents & POLLNVAL) {
        report_finding(RULE_WATCH, "closed descriptor %d while it was watched", item->fd);
        loop_disarm(item->watch);
        return;
    }
    bool is_lost = revents & (POLLERR | POLLHUP);
    uint32_t ready = (revents & POLLIN || is_lost ? CGW_READABLE : 0u) |
                     (revents & POLLOUT || is_lost ? CGW_WRITABLE : 0u);
    vcall_enter(fired.call, "a watch's callback");
    fired.watch_fn(fired.call->pub, fired.watch, ready & fired.events, fired.arg);
    vcall_leave(fired.call);
}

static struct loop_item *next_timer(void)
{
    struct loop_item *next = NULL;
    for (struct loop_item *item = items; item; item = item->next)
        if (item->timer && (!next || item->due_us < next->due_us))
            next = item;
    return next;
}

static struct loop_item *item_of(uint64_t id)
{
    struct loop_item *item = items;
    while (item && item->id != id)
        item = item->next;
    return item;
}

/* Wait for descriptors and other threads; true: something was run or is due. */
static bool wait_for_fds(int timeout_ms)
{
    struct pollfd fds[WATCHES_MAX + 1];
    uint64_t ids[WATCHES_MAX + 1], drained;
    nfds_t n = 1;
    fds[0] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
    for (struct loop_item *item = items; item && n <= WATCHES_MAX; item = item->next)
        if (item->watch) {
            ids[n] = item->id;
            fds[n++] =
                (struct pollfd){.fd = item->fd,
                                .events = (short)((item->events & CGW_READABLE ? POLLIN : 0) |
                                                  (item->events & CGW_WRITABLE ? POLLOUT : 0))};
        }
    int ready = poll(fds, n, timeout_ms);
    if (ready > 0 && fds[0].revents)
        while (read(wake_fd, &drained, sizeof drained) < 0 && errno == EINTR)
            ;
    for (nfds_t i = 1; ready > 0 && i < n; i++) {
        struct loop_item *item = fds[i].revents ? item_of(ids[i]) : NULL;
        if (item)
            fire_watch(item, fds[i].revents);
    }
    return ready > 0;
}

static bool has_watches(void)
{
    for (const struct loop_item *item = items; item; item = item->next)
        if (item->watch)
            return true;
    return false;
}

bool loop_is_idle(void)
{
    return !has_watches() && !loop_has_jobs();
}

/* The clock jumps to the next timer when nothing in the real world could come before it. */
static bool run_timer(void)
{
    struct loop_item *timer = next_timer();
    if (!timer)
        return false;
    uint64_t now = loop_now_us();
    if (timer->due_us > now && !loop_is_idle())
        return false;
    if (timer->due_us > now)
        skipped_us += timer->due_us - now;
    fire_timer(timer);
    return true;
}

bool loop_turn(bool newest_first, unsigned wait_ms)
{
    struct task *task = take_task(newest_first);
    if (task) {
        task->run(task);
        mem_free(task);
        return true;
    }
    if (wait_for_fds(0) || run_timer())
        return true;
    struct loop_item *timer = next_timer();
    uint64_t now = loop_now_us();
    if (timer && timer->due_us - now < wait_ms * 1000ull)
        wait_ms = timer->due_us > now ? (unsigned)((timer->due_us - now) / 1000 + 1) : 0;
    return wait_for_fds((int)wait_ms) || timer;
}
