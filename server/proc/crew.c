/* Comparing what is wanted with what is there, and judging who ends. */
#include "proc/crew.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/channel.h"
#include "proc/crew_parts.h"
#include "proc/report/reporter.h"
#include "proc/worker.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum {
    SOON_US = 10 * 1000000, /* a death within that of the start is a young one */
    FREE_DEATHS = 2,        /* in a row that are replaced at once */
    BACKOFF_FIRST_US = 100000,
    BACKOFF_MOST_US = 10 * 1000000,
    EARLY_DEATHS = 3 /* of one generation, then it is no good */
};

/* ---- what is to be done ---- */

static bool is_outdated(const struct crew *crew, const struct member *member)
{
    return member->generation != crew->target || member->is_worn;
}

static bool is_rolling(const struct crew *crew)
{
    for (uint32_t i = 0; i < CREW_POSITIONS; i++)
        if (crew->positions[i].next)
            return true;
    return false;
}

/* Which generation an empty position gets: an unproven one is tried by one worker at a time. */
static struct generation *choice(struct crew *crew)
{
    if (crew->target->is_good || !is_rolling(crew))
        return crew->target;
    return crew->fallback && crew->fallback->is_good ? crew->fallback : NULL;
}

static void try_later(struct crew *crew, uint64_t at_us, uint64_t now_us)
{
    ev_tstamp after = (double)(at_us - now_us) / 1e6;
    if (ev_is_active(&crew->retry) && ev_timer_remaining(crew->loop, &crew->retry) <= after)
        return;
    ev_timer_stop(crew->loop, &crew->retry);
    ev_timer_set(&crew->retry, after, 0);
    ev_timer_start(crew->loop, &crew->retry);
}

static void start_at(struct crew *crew, uint32_t i, struct generation *generation)
{
    uint64_t now_us = clock_now_us();
    struct position *position = &crew->positions[i];
    if (position->not_before_us > now_us) {
        try_later(crew, position->not_before_us, now_us);
        return;
    }
    position->next = member_start(crew, i, generation);
    if (!position->next) {
        position->not_before_us = now_us + BACKOFF_MOST_US / 10;
        try_later(crew, position->not_before_us, now_us);
    }
}

/* A position that nobody wants any more. */
static void clear(struct position *position)
{
    if (position->next)
        member_retire(position->next);
    if (position->current)
        member_retire(position->current);
    position->next = position->current = NULL;
}

void crew_reconcile(struct crew *crew)
{
    if (crew->is_stopping || !crew->target)
        return;
    for (uint32_t i = crew->n; i < CREW_POSITIONS; i++)
        clear(&crew->positions[i]);
    for (uint32_t i = 0; i < crew->n; i++) { /* holes first */
        struct position *position = &crew->positions[i];
        struct generation *generation = choice(crew);
        if (!position->current && !position->next && generation)
            start_at(crew, i, generation);
    }
    for (uint32_t i = 0; i < crew->n && !is_rolling(crew); i++) {
        struct position *position = &crew->positions[i];
        if (position->current && is_outdated(crew, position->current))
            start_at(crew, i, crew->target);
    }
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop, (void)events;
    crew_reconcile(timer->data);
}

/* ---- what happened ---- */

void crew_ready(struct crew *crew, struct member *member)
{
    struct position *position = &crew->positions[member->position];
    struct generation *generation = member->generation;
    if (position->next != member)
        return; /* nobody waits for it any more: it is leaving */
    position->next = NULL;
    if (position->current)
        member_retire(position->current);
    position->current = member;
    if (!generation->is_good) {
        generation->good_at_us = clock_now_us();
        generation->n_early_deaths = 0;
    }
    generation->is_good = true;
    crew->events->ready(crew->arg, generation);
    crew_reconcile(crew);
}

/* It served and died: how long until the next one is tried. */
static void count_death(struct crew *crew, struct member *member, bool is_its_own)
{
    uint64_t now_us = clock_now_us();
    bool is_young = now_us - member->started_us < SOON_US;
    struct generation *generation = member->generation;
    board_add(&crew->board->restarts, 1);
    crew->n_deaths = is_young && now_us < crew->row_until_us ? crew->n_deaths + 1 : 1;
    crew->row_until_us = now_us + SOON_US;
    generation->n_early_deaths += is_its_own && now_us - generation->good_at_us < 2 * SOON_US;
    if (crew->n_deaths <= FREE_DEATHS + crew->n)
        return;
    unsigned steps = crew->n_deaths - FREE_DEATHS - crew->n - 1;
    uint64_t wait_us = steps > 7 ? BACKOFF_MOST_US : (uint64_t)BACKOFF_FIRST_US << steps;
    wait_us = wait_us < BACKOFF_MOST_US ? wait_us : BACKOFF_MOST_US;
    crew->positions[member->position].not_before_us = now_us + wait_us;
    crew->row_until_us += wait_us; /* nobody could die meanwhile */
    log_line(LOG_LEVEL_ERROR, 125,
             "workers die soon after their start: the next one is started later deaths=%u "
             "wait_ms=%llu",
             crew->n_deaths, (unsigned long long)wait_us / 1000);
}

/* "SEGV". */
static const char *signal_name(int signal)
{
    const char *name = sigabbrev_np(signal);
    return name ? name : "?";
}

static void tell_death(const struct member *member, int status)
{
    unsigned long long age_ms = (clock_now_us() - member->started_us) / 1000;
    if (WIFSIGNALED(status))
        log_line(LOG_LEVEL_ERROR, 126,
                 "a worker was ended by a signal, another takes its place worker=%u pid=%d "
                 "signal=%d name=SIG%s age_ms=%llu",
                 member->position, (int)member->pid, WTERMSIG(status),
                 signal_name(WTERMSIG(status)), age_ms);
    else
        log_line(LOG_LEVEL_WARNING, 127,
                 "a worker ended by itself, another takes its place worker=%u pid=%d exit=%d "
                 "age_ms=%llu",
                 member->position, (int)member->pid, WEXITSTATUS(status), age_ms);
}

static void tell_failed_crash(struct member *member, int signal)
{
    const char *name = signal_name(signal);
    log_line(LOG_LEVEL_ERROR, 128,
             "the module crashed while it was loaded or started worker=%u pid=%d signal=%d "
             "name=SIG%s",
             member->position, (int)member->pid, signal, name);
    if (!member->failure)
        member->failure = mem_printf("It crashed with SIG%s while it was loaded or started; a "
                                     "backtrace is in the log, where there is one.",
                                     name);
}

/* Who was killed from outside says nothing about the module. */
static bool is_from_outside(const struct member *member, int status)
{
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM) &&
           !member->n_asked;
}

static void judge(struct crew *crew, struct generation *generation)
{
    if (generation == crew->target && generation->n_early_deaths >= EARLY_DEATHS)
        crew->events->crashing(crew->arg, generation);
}

/* It never came to serve. */
static void start_failed(struct crew *crew, struct member *member, int status)
{
    struct generation *generation = member->generation;
    bool is_from = is_from_outside(member, status);
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_MODULE;
    if (is_from || (generation->is_good && WIFEXITED(status)))
        tell_death(member, status);
    else if (WIFSIGNALED(status))
        tell_failed_crash(member, WTERMSIG(status));
    if (generation->is_good) { /* others of it serve: once more */
        count_death(crew, member, !is_from);
        judge(crew, generation);
    } else if (is_from && ++generation->n_early_deaths < EARLY_DEATHS) {
        count_death(crew, member, false);
    } else {
        crew->events->failed(crew->arg, generation, code, member->failure);
    }
}

/* It served, nobody had asked it to leave. */
static void died(struct crew *crew, struct member *member, int status)
{
    tell_death(member, status);
    count_death(crew, member, !is_from_outside(member, status));
    judge(crew, member->generation);
}

/* It had not yet come so far that it would take the order to leave for more than it is. */
static bool has_obeyed(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
}

static void leave(struct crew *crew, struct member *member, int status)
{
    int code = WIFEXITED(status)    ? WEXITSTATUS(status)
               : has_obeyed(status) ? EXIT_FINE
                                    : EXIT_CANNOT_RUN;
    if (crew->is_stopping && code > crew->exit_code)
        crew->exit_code = code;
    if (WIFSIGNALED(status) && !has_obeyed(status) && !member->is_hung)
        tell_death(member, status);
}

void crew_exited(struct crew *crew, struct member *member, int status)
{
    struct position *position = &crew->positions[member->position];
    enum crew_state state = member->state;
    member_part(member); /* its number is nobody's any more: no signal goes there */
    bool has_crashed =
        (WIFSIGNALED(status) && !has_obeyed(status)) || atomic_load(&member->slot->crash.stage);
    if (has_crashed) {
        board_add(&crew->board->crashes, 1);
        reporter_crash(crew->board, member->slot, status);
    }
    if (position->current == member)
        position->current = NULL;
    if (position->next == member)
        position->next = NULL;
    if (crew->is_stopping || state == CREW_LEAVING)
        leave(crew, member, status);
    else if (state == CREW_READY)
        died(crew, member, status);
    else
        start_failed(crew, member, status);
    member_free(member);
    if (list_is_empty(&crew->members) && crew->is_stopping)
        crew->events->gone(crew->arg);
    else
        crew_reconcile(crew);
}

void crew_hangs(struct crew *crew, struct member *member)
{
    struct position *position = &crew->positions[member->position];
    if (position->current == member) {
        position->current = NULL;
        count_death(crew, member, true);
    }
    crew_reconcile(crew);
}

/* ---- what is asked for ---- */

void crew_switch(struct crew *crew, struct generation *target)
{
    struct generation *before = crew->target;
    crew->target = generation_ref(target);
    for (uint32_t i = 0; i < CREW_POSITIONS; i++) { /* nobody needs what is half started */
        struct position *position = &crew->positions[i];
        if (position->next)
            member_retire(position->next);
        position->next = NULL;
        position->not_before_us = 0;
    }
    if (before && before->is_good) {
        generation_unref(crew->fallback);
        crew->fallback = before;
    } else {
        generation_unref(before);
    }
    crew->n_deaths = 0;
    atomic_store(&crew->board->generation, target->number);
    crew_reconcile(crew);
}

bool crew_fall_back(struct crew *crew)
{
    struct generation *back = crew->fallback;
    if (!back || !back->is_good)
        return false;
    crew->fallback = NULL;
    back->n_early_deaths = 0;
    back->good_at_us = 0;
    crew_switch(crew, back);
    generation_unref(back);
    generation_unref(crew->fallback); /* what was fallen back from */
    crew->fallback = NULL;
    return true;
}

void crew_resize(struct crew *crew, uint32_t n)
{
    crew->n = n < 1 ? 1 : n > CREW_POSITIONS ? CREW_POSITIONS : n;
    atomic_store(&crew->board->workers_wanted, crew->n);
    crew_reconcile(crew);
}

void crew_renew(struct crew *crew)
{
    list_each (node, &crew->members)
        list_owner(node, struct member, link)->is_worn = true;
    crew_reconcile(crew);
}

bool crew_is_settled(const struct crew *crew)
{
    for (uint32_t i = 0; i < crew->n; i++) {
        const struct member *member = crew->positions[i].current;
        if (!member || member->generation != crew->target)
            return false;
    }
    return !is_rolling(crew);
}

void crew_signal(struct crew *crew, int signal)
{
    list_each (node, &crew->members)
        kill(list_owner(node, struct member, link)->pid, signal);
}

void crew_list_tasks(struct crew *crew)
{
    list_each (node, &crew->members)
        channel_tell(list_owner(node, struct member, link)->channel, CHANNEL_LIST, NULL);
}

static void begin_stop(struct crew *crew)
{
    crew->is_stopping = true;
    ev_timer_stop(crew->loop, &crew->retry);
    atomic_store(&crew->board->is_draining, 1);
}

void crew_stop(struct crew *crew, bool is_now)
{
    begin_stop(crew);
    list_each (node, &crew->members)
        member_end(list_owner(node, struct member, link), is_now);
    if (list_is_empty(&crew->members))
        crew->events->gone(crew->arg);
}

void crew_retire_all(struct crew *crew)
{
    begin_stop(crew);
    list_each (node, &crew->members)
        member_retire(list_owner(node, struct member, link));
    if (list_is_empty(&crew->members))
        crew->events->gone(crew->arg);
}

/* ---- making it ---- */

void crew_init(struct crew *crew, struct ev_loop *loop, struct board *board,
               const struct listener_set *listeners, const struct privileges *privileges,
               const struct crew_events *events, void *arg)
{
    *crew = (struct crew){.loop = loop,
                          .board = board,
                          .listeners = listeners,
                          .privileges = privileges,
                          .events = events,
                          .arg = arg};
    list_init(&crew->members);
    ev_timer_init(&crew->retry, on_retry, 0, 0);
    crew->retry.data = crew;
    crew_watch_start(crew);
}

void crew_fini(struct crew *crew)
{
    ev_timer_stop(crew->loop, &crew->retry);
    ev_timer_stop(crew->loop, &crew->tick);
    generation_unref(crew->target);
    generation_unref(crew->fallback);
}

void crew_forget(struct crew *crew)
{
    list_each (node, &crew->members)
        member_forget(list_owner(node, struct member, link));
}
