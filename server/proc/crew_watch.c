/* The supervisor's round, once a second: whose loop does not turn, who is too large or too old. */
#include "base/clock.h"
#include "base/log.h"
#include "proc/crew_parts.h"
#include "proc/report/reporter.h"
#include "proc/system/small_file.h"

enum { ROUND_SECONDS = 1, GAP_US = 2 * 1000000 };

/* Somebody holds it in a debugger. */
static bool is_traced(pid_t pid)
{
    pid_t tracer;
    char state;
    small_file_status(pid, &state, &tracer);
    return tracer != 0;
}

static void look_at_pulse(struct crew *crew, struct member *member, uint64_t now_us)
{
    uint64_t ticks = board_get(&member->slot->ticks);
    uint32_t timeout_ms = generation_settings(member->generation)->worker_timeout_ms;
    if (ticks != member->ticks) {
        member->ticks = ticks;
        member->ticked_us = now_us;
        return;
    }
    if (!timeout_ms || now_us - member->ticked_us < (uint64_t)timeout_ms * 1000 ||
        is_traced(member->pid))
        return;
    log_line(LOG_LEVEL_ERROR, 132,
             "a worker hangs, it is ended and another takes its place worker=%u pid=%d "
             "silent_ms=%llu",
             member->position, (int)member->pid,
             (unsigned long long)(now_us - member->ticked_us) / 1000);
    board_add(&crew->board->hangs, 1);
    reporter_hang(crew->board, member->slot);
    member_hangs(member);
}

static void wear(struct crew *crew, struct member *member, const char *option)
{
    member->is_worn = true;
    board_add(&crew->board->recycled, 1);
    log_line(LOG_LEVEL_INFO, 133, "--%s is reached, another is to take over worker=%u pid=%d",
             option, member->position, (int)member->pid);
}

static void look_at_size(struct crew *crew, struct member *member, uint64_t now_us)
{
    const struct settings *settings = generation_settings(member->generation);
    uint64_t most_us = (uint64_t)settings->max_worker_age_ms * 1000;
    if (member->is_worn)
        return;
    if (most_us && now_us - member->ready_us >= most_us)
        wear(crew, member, "max-worker-age");
    else if (settings->max_worker_rss_bytes &&
             atomic_load(&member->slot->rss_bytes) > settings->max_worker_rss_bytes)
        wear(crew, member, "max-worker-rss");
}

static void forgive(struct crew *crew, uint64_t now_us)
{
    list_each (node, &crew->members)
        list_owner(node, struct member, link)->ticked_us = now_us;
}

static void on_round(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct crew *crew = timer->data;
    uint64_t now_us = clock_now_us();
    bool has_stood = now_us - crew->round_us >= GAP_US;
    (void)loop, (void)events;
    log_nudge();
    crew->round_us = now_us;
    if (has_stood) /* we stood still, by a terminal's Ctrl-Z for one: so may they have */
        forgive(crew, now_us);
    list_each_safe (node, &crew->members) {
        struct member *member = list_owner(node, struct member, link);
        if (member->is_hung || member->state == CREW_STARTING)
            continue;
        look_at_pulse(crew, member, now_us);
        if (member->state == CREW_READY)
            look_at_size(crew, member, now_us);
    }
    crew_reconcile(crew);
}

void crew_watch_start(struct crew *crew)
{
    ev_timer_init(&crew->tick, on_round, ROUND_SECONDS, ROUND_SECONDS);
    crew->tick.data = crew;
    crew->round_us = clock_now_us();
    ev_timer_start(crew->loop, &crew->tick);
}
