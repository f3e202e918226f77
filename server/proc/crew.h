/*
 * The workers: one for each position, and beside it the one that is to take its place. What is
 * wanted (how many, of which generation) and what is there are compared after every event, and one
 * step is taken; so a reload, a crash, a worn worker and a changed number are all the same thing.
 * [supervisor]
 */
#ifndef PROC_CREW_H
#define PROC_CREW_H
#include "base/board.h"
#include "base/list.h"
#include "net/listener_set.h"
#include "proc/generation.h"
#include "proc/system/privileges.h"
#include <ev.h>

struct tasks_pages;

enum { CREW_POSITIONS = 64 };

enum crew_state { CREW_STARTING, CREW_READY, CREW_LEAVING };

/* One worker process. */
struct member {
    struct list link; /* in crew->members */
    struct crew *crew;
    pid_t pid;
    enum crew_state state;
    uint32_t position;
    struct generation *generation; /* a reference */
    struct board_slot *slot;
    int channel;
    ev_io watch;       /* of the channel */
    ev_timer patience; /* with a start, with a leave, with a hang */
    unsigned n_asked;  /* how often patience has ended */
    bool is_worn;      /* to be replaced, though nothing is wrong */
    bool is_hung;
    bool is_told;                  /* to end, by a signal */
    uint64_t started_us, ready_us; /* monotonic */
    uint64_t ticks, ticked_us;     /* its pulse when last looked at, and when that had changed */
    char *failure;                 /* what it said when it could not start, or NULL */
};

struct position {
    struct member *current, *next;
    uint64_t not_before_us; /* no start until then: it died too often */
};

/* What the supervisor wants to know. All run from the loop. */
struct crew_events {
    /* A worker of the generation serves, the first of it or another. */
    void (*ready)(void *arg, struct generation *generation);
    /* A worker of a generation that never came to serve is gone; why is NULL or its own words. */
    void (*failed)(void *arg, struct generation *generation, int exit_code, const char *why);
    /* Workers of the target die soon after they came to serve, again and again. */
    void (*crashing)(void *arg, struct generation *generation);
    /* No worker is left, after crew_stop() or crew_retire_all(). */
    void (*gone)(void *arg);
};

struct crew {
    struct ev_loop *loop;
    struct board *board;
    const struct listener_set *listeners;
    const struct listener *metrics; /* no worker's; NULL: there is none */
    struct tasks_pages *tasks;      /* for the workers, or NULL */
    const struct privileges *privileges;
    const struct crew_events *events;
    void *arg;
    struct position positions[CREW_POSITIONS];
    uint32_t n; /* positions that are wanted */
    struct list members;
    struct generation *target, *fallback; /* references or NULL */
    ev_timer retry, tick;
    uint64_t round_us;     /* when tick was last looked at */
    unsigned n_deaths;     /* in a row */
    uint64_t row_until_us; /* a death until then is one more of the row */
    bool is_stopping, is_tick_due;
    int exit_code; /* the worst that a worker left with while the crew stopped */
};

/* All arguments outlive the crew. */
void crew_init(struct crew *crew, struct ev_loop *loop, struct board *board,
               const struct listener_set *listeners, const struct privileges *privileges,
               const struct crew_events *events, void *arg);
void crew_fini(struct crew *crew);

/* Serve this generation from now on; that before stays to come back to, if it was good. */
void crew_switch(struct crew *crew, struct generation *target);
/* Back to the one before: false where there is none. */
bool crew_fall_back(struct crew *crew);
/* So many workers, 1 to CREW_POSITIONS. */
void crew_resize(struct crew *crew, uint32_t n);
/* Replace each, one after the other, by a new one of the same generation. */
void crew_renew(struct crew *crew);
/* Are all there, and of the target? */
bool crew_is_settled(const struct crew *crew);
void crew_signal(struct crew *crew, int signal);
/* Have each worker list its tasks in the log. */
void crew_list_tasks(struct crew *crew);
/* Drain all for good; is_now, of those that do so: leave at once. */
void crew_stop(struct crew *crew, bool is_now);
/* Drain all, as others accept from the same sockets. */
void crew_retire_all(struct crew *crew);
/* In a forked child: close what is the supervisor's. */
void crew_forget(struct crew *crew);
#endif
