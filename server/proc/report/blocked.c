/*
 * The watch itself is a few reads of the board. Only when a number has stood still for too long the
 * system is asked whether the worker can help it (it is stopped, traced, or got no processor), and
 * a child of ours is forked to look where it stands.
 *
 * Which sites were told is known to all these children: a table in shared memory, where a site's
 * place is claimed by its key.
 */
#include "proc/report/blocked.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/children.h"
#include "proc/report/examine.h"
#include "proc/report/request_peek.h"
#include "proc/report/site.h"
#include "proc/system/small_file.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SITES = 256,     /* told apart; later ones are told each time */
    SAMPLES = 4,     /* in --blocked-after */
    LOOKS = 4,       /* at one time: they take the processor from those that they look into */
    LEAST_US = 1000, /* between two samples */
    AWAY_US = 50000,
    TRACE_US = 1000000 /* between two looks into the same worker */
};

struct told_site {
    _Atomic uint64_t key; /* of the function and the generation; 0: free */
    _Atomic uint32_t count;
};

/* What is known of a slot's worker since the last sample. */
struct watched {
    pid_t pid;
    uint64_t entered;
    uint64_t since_us;  /* when that value was seen first */
    uint64_t before_us; /* when it was not seen yet */
    uint64_t delay_us;  /* that the thread had waited for a processor, when it was seen again */
    uint64_t traced_us; /* the last look into it */
    bool is_seen_again, is_caught, is_looked_into;
};

struct blocked {
    struct ev_loop *loop;
    struct board *board;
    uint64_t after_us, last_us;
    ev_timer timer;
    struct told_site *sites;
    struct list looks;
    uint32_t n_looks;
    struct watched watched[BOARD_SLOTS];
};

/* One look, in the child; and of the supervisor where the child dies. */
struct look {
    struct list link; /* in blocked->looks while the child runs */
    pid_t child;
    struct blocked *blocked;
    struct board_slot *slot;
    struct told_site *sites;
    pid_t pid;
    uint32_t position, generation;
    uint64_t entered, since_us, for_us;
};

/* ---- what the child says ---- */

/* Names take time: the place on the board may by now be about another visit, of another worker. */
static bool is_still_there(const struct look *look)
{
    return atomic_load(&look->slot->pid) == look->pid &&
           atomic_load(&look->slot->blocked_entered) == look->entered;
}

static uint32_t count_hit(struct told_site *sites, uint64_t key)
{
    key += key == 0;
    for (size_t i = 0; i < SITES; i++) {
        struct told_site *site = &sites[(key + i) % SITES];
        uint64_t now = 0;
        if (atomic_compare_exchange_strong(&site->key, &now, key) || now == key)
            return atomic_fetch_add(&site->count, 1) + 1;
    }
    return 1;
}

static bool is_tenfold(uint32_t count)
{
    while (count > 1 && count % 10 == 0)
        count /= 10;
    return count == 1;
}

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

static void tell(const struct look *look, const struct board_request *request, const char *site,
                 uint32_t count)
{
    char call[SITE_CALL_BYTES];
    log_line(
        LOG_LEVEL_WARNING, 192,
        "a call holds the loop, and with it all others of its worker: make it CGW_SYNC, or "
        "hand what blocks to cgw_blocking() or cgw.thread/1 worker=%u pid=%d for_ms=%llu times=%u "
        "site=%s call=%s route=%s request=%s",
        look->position, (int)look->pid, (unsigned long long)look->for_us / 1000, count,
        or_dash(site), site_print_call(request, call), site_route(request), site_request(request));
}

static void report(struct look *look)
{
    static struct examined found;
    static struct site_lines lines;
    struct site site;
    examine_begin();
    if (examine(look->slot, look->pid, look->entered, &found) < 0)
        return; /* it is over */
    look->for_us = clock_now_us() - look->since_us;
    site_find(found.symbols, &found.trace, found.request.is_known ? found.request.route : "",
              &site);
    if (is_still_there(look))
        memcpy(look->slot->blocked_site, site.text, sizeof site.text);
    site_name_lines(found.symbols, &found.trace, &lines);
    uint32_t count = count_hit(look->sites, site.key ^ (uint64_t)look->generation << 32);
    if (!is_tenfold(count)) {
        if (is_still_there(look))
            atomic_store(&look->slot->blocked_was_told, 1);
        return;
    }
    tell(look, &found.request, site.text, count);
    site_log_lines(LOG_LEVEL_DEBUG, &lines, look->pid);
}

/* ---- children ---- */

/* Who traces and dies before the other has stopped leaves a SIGSTOP behind, which waits where that
   waits for a disk. */
static void undo_stop(const struct look *look)
{
    if (atomic_load(&look->slot->pid) == look->pid)
        kill(look->pid, SIGCONT);
}

static void drop(struct look *look)
{
    list_remove(&look->link);
    look->blocked->n_looks--;
    mem_free(look);
}

static void on_exit_of_look(pid_t pid, int status, void *arg)
{
    struct look *look = arg;
    struct board_request request = {.is_known = false};
    (void)pid;
    if (WIFSIGNALED(status)) {
        undo_stop(look);
        log_line(LOG_LEVEL_WARNING, 193,
                 "a call holds the loop, and who looked where died of a signal pid=%d signal=%d",
                 (int)look->pid, WTERMSIG(status));
        look->for_us = clock_now_us() - look->since_us;
        if (request_peek(look->pid, atomic_load(&look->slot->current), &request) < 0)
            request.is_known = false;
        tell(look, &request, "", 1);
    }
    drop(look);
}

static void look_into(struct blocked *blocked, struct board_slot *slot, struct watched *watched)
{
    struct look *look = mem_alloc(sizeof *look);
    if (!look)
        return; /* the worker tells it when it is over */
    *look = (struct look){.blocked = blocked,
                          .slot = slot,
                          .sites = blocked->sites,
                          .pid = watched->pid,
                          .position = slot->position,
                          .generation = slot->generation,
                          .entered = watched->entered,
                          .since_us = watched->since_us};
    list_append(&blocked->looks, &look->link);
    blocked->n_looks++;
    look->child = children_fork(on_exit_of_look, look);
    if (look->child == 0) {
        report(look);
        log_stop();
        _exit(0);
    }
    if (look->child < 0) {
        log_line(LOG_LEVEL_WARNING, 194, "no process can be had to look where a call blocks: %s",
                 strerror(-look->child));
        drop(look);
    }
}

/* ---- may it be blamed? ---- */

/* A debugger or a stop signal holds it. */
static bool is_held(pid_t pid)
{
    pid_t tracer;
    char state;
    small_file_status(pid, &state, &tracer);
    return state == 'T' || state == 't' || tracer != 0;
}

/* How long its loop's thread has waited for a processor in all; 0: the kernel does not count. */
static uint64_t delay_us(pid_t pid)
{
    char text[128];
    unsigned long long ran, waited;
    small_file_of_process(pid, "schedstat", text, sizeof text);
    return sscanf(text, "%llu %llu", &ran, &waited) == 2 ? waited / 1000 : 0;
}

/* ---- the watch ---- */

static void begin_anew(struct watched *watched, pid_t pid, uint64_t entered, uint64_t before_us,
                       uint64_t now_us)
{
    watched->pid = pid;
    watched->entered = entered;
    watched->since_us = now_us;
    watched->before_us = before_us;
    watched->is_seen_again = watched->is_caught = watched->is_looked_into = false;
}

/* The worker reads these when it sees blocked_entered, which comes last. */
static void mark(struct board_slot *slot, const struct watched *watched)
{
    slot->blocked_site[0] = '\0';
    atomic_store(&slot->blocked_was_told, 0);
    atomic_store(&slot->blocked_since_us, watched->since_us);
    atomic_store(&slot->blocked_before_us, watched->before_us);
    atomic_store_explicit(&slot->blocked_entered, watched->entered, memory_order_release);
}

static void judge(struct blocked *blocked, struct board_slot *slot, struct watched *watched,
                  uint64_t now_us)
{
    uint64_t delayed_us = delay_us(watched->pid), before_us = watched->delay_us;
    uint64_t starved_us = delayed_us > before_us ? delayed_us - before_us : 0;
    if (is_held(watched->pid)) {
        begin_anew(watched, watched->pid, watched->entered, now_us, now_us);
        return;
    }
    if (now_us - watched->since_us < blocked->after_us + starved_us)
        return;
    if (!watched->is_caught)
        mark(slot, watched);
    watched->is_caught = true;
    if (now_us - watched->traced_us < TRACE_US || blocked->n_looks == LOOKS)
        return; /* later, if it is still there */
    watched->is_looked_into = true;
    watched->traced_us = now_us;
    look_into(blocked, slot, watched);
}

/* true: the application is on its loop. */
static bool sample(struct blocked *blocked, struct board_slot *slot, struct watched *watched,
                   uint64_t now_us)
{
    pid_t pid = atomic_load_explicit(&slot->pid, memory_order_relaxed);
    uint32_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);
    uint64_t entered = atomic_load_explicit(&slot->entered, memory_order_acquire);
    if (!pid || (state != BOARD_SERVING && state != BOARD_DRAINING) || !(entered & 1)) {
        watched->pid = 0;
        return false;
    }
    if (pid != watched->pid || entered != watched->entered) {
        begin_anew(watched, pid, entered, blocked->last_us, now_us);
    } else if (!watched->is_seen_again) {
        watched->is_seen_again = true;
        watched->delay_us = delay_us(pid);
    }
    if (!watched->is_looked_into && now_us - watched->since_us >= blocked->after_us)
        judge(blocked, slot, watched, now_us);
    return true;
}

/* We were not there to see what went on: stopped, or starved ourselves. */
static bool was_away(const struct blocked *blocked, uint64_t now_us)
{
    return now_us - blocked->last_us > 2 * blocked->after_us + AWAY_US;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct blocked *blocked = timer->data;
    uint64_t now_us = clock_now_us();
    bool is_busy = false, is_back = was_away(blocked, now_us);
    (void)events;
    if (is_back) /* who is inside by now may have come long ago */
        blocked->last_us = now_us;
    for (size_t i = 0; i < BOARD_SLOTS; i++) {
        if (is_back && !blocked->watched[i].is_caught)
            blocked->watched[i].pid = 0;
        is_busy |= sample(blocked, &blocked->board->slots[i], &blocked->watched[i], now_us);
    }
    blocked->last_us = now_us;
    uint64_t every_us = blocked->after_us / (is_busy ? SAMPLES : 1);
    timer->repeat = (double)(every_us < LEAST_US ? LEAST_US : every_us) / 1e6;
    ev_timer_again(loop, timer);
}

int blocked_new(struct ev_loop *loop, const struct settings *settings, struct board *board,
                struct blocked **ret)
{
    *ret = NULL;
    if (!settings->blocked_after_ms)
        return 0;
    struct blocked *blocked = mem_zalloc(sizeof *blocked);
    if (!blocked)
        return -ENOMEM;
    blocked->sites = mmap(NULL, SITES * sizeof *blocked->sites, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (blocked->sites == MAP_FAILED) {
        mem_free(blocked);
        return -ENOMEM;
    }
    list_init(&blocked->looks);
    blocked->loop = loop;
    blocked->board = board;
    blocked->after_us = (uint64_t)settings->blocked_after_ms * 1000;
    blocked->last_us = clock_now_us();
    ev_timer_init(&blocked->timer, on_timer, 0, (double)blocked->after_us / 1e6);
    blocked->timer.data = blocked;
    ev_timer_again(loop, &blocked->timer);
    ev_unref(loop);
    *ret = blocked;
    return 0;
}

void blocked_free(struct blocked *blocked)
{
    if (!blocked)
        return;
    ev_ref(blocked->loop);
    ev_timer_stop(blocked->loop, &blocked->timer);
    while (!list_is_empty(&blocked->looks)) {
        struct look *look = list_owner(blocked->looks.next, struct look, link);
        children_forget(look->child);
        drop(look);
    }
    munmap(blocked->sites, SITES * sizeof *blocked->sites);
    mem_free(blocked);
}
