/* One worker as the supervisor has it: fork, listen to it, lose patience with it. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "proc/channel.h"
#include "proc/children.h"
#include "proc/crew_parts.h"
#include "proc/system/upgrade.h"
#include "proc/worker.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SLACK_SECONDS = 5, /* behind the deadlines that the worker keeps itself */
    NOW_SECONDS = 2,   /* for a worker that is to leave at once */
    ABORT_SECONDS = 2  /* for a trace of a hanging worker, from outside and then by itself */
};

static void be_patient(struct member *member, double seconds)
{
    ev_timer_stop(member->crew->loop, &member->patience);
    ev_timer_set(&member->patience, seconds, 0);
    ev_timer_start(member->crew->loop, &member->patience);
}

/* ---- the child's side ---- */

/* Those of its position; the others are closed, they are some other worker's. */
static size_t own_listeners(const struct crew *crew, uint32_t position, struct listener **own)
{
    const struct listener_set *set = crew->listeners;
    size_t n = 0;
    for (size_t i = 0; i < set->n; i++) {
        if (set->is_shared || i % crew->n == position % crew->n)
            own[n++] = set->items[i];
        else
            close(set->items[i]->fd);
    }
    return n;
}

static _Noreturn void run(struct crew *crew, const struct member *member, int channel)
{
    static struct listener *own[LISTENER_SET_MAX];
    static struct worker_start start;
    const struct generation *generation = member->generation;
    start = (struct worker_start){.settings = generation_settings(generation),
                                  .copy = generation->copy,
                                  .app = generation->app,
                                  .listeners = own,
                                  .n_listeners = own_listeners(crew, member->position, own),
                                  .privileges = crew->privileges,
                                  .board = crew->board,
                                  .slot = member->slot,
                                  .tasks = crew->tasks,
                                  .channel = channel,
                                  .position = member->position,
                                  .generation = generation->number};
    if (crew->metrics)
        close(crew->metrics->fd);
    upgrade_forget();
    int code = worker_run(&start);
    log_stop();
    exit(code);
}

/* ---- what it says ---- */

static void on_message(struct ev_loop *loop, ev_io *watch, int events)
{
    struct member *member = watch->data;
    struct channel_message message;
    (void)events;
    if (channel_take(watch->fd, &message) < 0)
        return;
    switch ((enum channel_type)message.type) {
    case CHANNEL_READY:
        if (member->state != CREW_STARTING)
            break;
        member->state = CREW_READY;
        member->ready_us = member->ticked_us = clock_now_us();
        ev_timer_stop(loop, &member->patience);
        crew_ready(member->crew, member);
        break;
    case CHANNEL_FAILED:
        mem_free(member->failure);
        member->failure = mem_strdup(message.text);
        break;
    case CHANNEL_WORN:
        board_add(&member->crew->board->recycled, !member->is_worn);
        member->is_worn = true;
        crew_reconcile(member->crew);
        break;
    case CHANNEL_RETIRE:
    case CHANNEL_LIST:
    case CHANNEL_END:
    default:
        ev_io_stop(loop, watch); /* its exit tells the rest */
    }
}

static void on_exit_of_member(pid_t pid, int status, void *arg)
{
    struct member *member = arg;
    (void)pid;
    if (ev_is_active(&member->watch)) /* last words */
        on_message(member->crew->loop, &member->watch, EV_READ);
    crew_exited(member->crew, member, status);
}

/* ---- patience ---- */

static void starts_too_long(struct member *member)
{
    log_line(LOG_LEVEL_ERROR, 129,
             "a worker does not come to serve and does not say why: it is ended worker=%u pid=%d",
             member->position, (int)member->pid);
    if (!member->failure)
        member->failure = mem_strdup("the application holds the worker while it starts, beyond "
                                     "--timeout-startup");
    kill(member->pid, member->n_asked++ ? SIGKILL : SIGABRT);
    be_patient(member, ABORT_SECONDS);
}

static void leaves_too_long(struct member *member)
{
    log_line(LOG_LEVEL_ERROR, 130, "a worker does not leave: it is killed worker=%u pid=%d",
             member->position, (int)member->pid);
    kill(member->pid, SIGKILL);
}

static void on_patience(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct member *member = timer->data;
    (void)loop, (void)events;
    if (member->is_hung) {
        kill(member->pid, member->n_asked++ ? SIGKILL : SIGABRT);
        be_patient(member, ABORT_SECONDS);
    } else if (member->state == CREW_STARTING) {
        starts_too_long(member);
    } else {
        leaves_too_long(member);
    }
}

/* How long it may take to drain and shut down; 0: for ever. */
static double leave_seconds(const struct member *member)
{
    const struct settings *settings = generation_settings(member->generation);
    uint32_t grace_ms = settings->timeout_graceful_shutdown_ms;
    uint32_t shutdown_ms = settings->timeout_shutdown_ms;
    return grace_ms && shutdown_ms ? (grace_ms + shutdown_ms) / 1e3 + SLACK_SECONDS : 0;
}

static void begin_leave(struct member *member)
{
    double seconds = leave_seconds(member);
    member->state = CREW_LEAVING;
    ev_timer_stop(member->crew->loop, &member->patience);
    if (seconds > 0)
        be_patient(member, seconds);
}

void member_retire(struct member *member)
{
    if (member->state == CREW_LEAVING)
        return;
    begin_leave(member);
    if (channel_tell(member->channel, CHANNEL_RETIRE, NULL) < 0)
        kill(member->pid, SIGTERM);
}

void member_end(struct member *member, bool is_now)
{
    if (member->is_hung)
        return;
    if (is_now) {
        member->state = CREW_LEAVING;
        be_patient(member, NOW_SECONDS);
    } else if (member->state != CREW_LEAVING) {
        begin_leave(member);
    }
    if (is_now || !member->is_told) /* told twice it would leave at once */
        kill(member->pid, SIGTERM);
    member->is_told = true;
}

void member_hangs(struct member *member)
{
    member->is_hung = true;
    member->state = CREW_LEAVING;
    be_patient(member, ABORT_SECONDS);
    crew_hangs(member->crew, member);
}

/* ---- birth and death ---- */

static struct member *member_new(struct crew *crew, uint32_t position,
                                 struct generation *generation)
{
    struct member *member = mem_zalloc(sizeof *member);
    struct board_slot *slot = member ? board_take(crew->board) : NULL;
    if (!slot) {
        mem_free(member);
        return NULL;
    }
    *member = (struct member){.crew = crew,
                              .position = position,
                              .slot = slot,
                              .generation = generation_ref(generation),
                              .channel = -1,
                              .started_us = clock_now_us()};
    slot->position = position;
    slot->generation = generation->number;
    slot->started_us = clock_wall_us();
    list_init(&member->link);
    ev_timer_init(&member->patience, on_patience, 0, 0);
    member->patience.data = member;
    return member;
}

static struct member *give_up(struct member *member, const char *why)
{
    log_line(LOG_LEVEL_ERROR, 131, "cannot start a worker: %s", why);
    if (member)
        member_free(member);
    return NULL;
}

/* The parent's side of the fork. */
static void attend(struct member *member, pid_t pid, int channel)
{
    struct crew *crew = member->crew;
    uint32_t startup_ms = generation_settings(member->generation)->timeout_startup_ms;
    member->pid = pid;
    atomic_store(&member->slot->pid, (int)pid);
    member->channel = channel;
    ev_io_init(&member->watch, on_message, channel, EV_READ);
    member->watch.data = member;
    ev_io_start(crew->loop, &member->watch);
    list_append(&crew->members, &member->link);
    if (startup_ms)
        be_patient(member, startup_ms / 1e3 + SLACK_SECONDS);
}

struct member *member_start(struct crew *crew, uint32_t position, struct generation *generation)
{
    int ends[2];
    struct member *member = member_new(crew, position, generation);
    if (!member)
        return give_up(NULL, "out of memory, or too many are still leaving: end some of those");
    int rc = channel_open(ends);
    if (rc < 0)
        return give_up(member, strerror(-rc));
    pid_t pid = children_fork(on_exit_of_member, member);
    if (pid == 0) {
        close(ends[0]);
        atomic_store(&member->slot->pid, (int)getpid());
        run(crew, member, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return give_up(member, strerror(-pid));
    }
    attend(member, pid, ends[0]);
    return member;
}

void member_part(struct member *member)
{
    struct crew *crew = member->crew;
    ev_timer_stop(crew->loop, &member->patience);
    if (member->channel >= 0) {
        ev_io_stop(crew->loop, &member->watch);
        close(member->channel);
        member->channel = -1;
    }
    list_remove(&member->link);
}

void member_free(struct member *member)
{
    struct crew *crew = member->crew;
    member_part(member);
    board_put(crew->board, member->slot);
    generation_unref(member->generation);
    mem_free(member->failure);
    mem_free(member);
}

void member_forget(struct member *member)
{
    close(member->channel);
}
