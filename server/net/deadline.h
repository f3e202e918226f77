/*
 * The one structure for all deadlines of a worker: a timing wheel of four levels with a tick of one
 * millisecond. Setting and clearing move a node between rings: no allocation, whatever the number.
 * One that is put off stays where it is until its old time comes, for that happens at every request
 * and the time hardly ever comes.
 * A deadline never fires early, and at most one tick and one turn of the loop late. It runs on a
 * clock that never jumps, read once a turn.
 */
#ifndef NET_DEADLINE_H
#define NET_DEADLINE_H
#include "base/list.h"
#include <ev.h>
#include <stdint.h>

struct deadline {
    struct list link;
    uint64_t tick;                           /* when it is due; DEADLINE_OFF */
    uint64_t placed;                         /* its place in the wheel is that of this tick */
    void (*fire)(struct deadline *deadline); /* it is unset then and may be set anew */
};

enum { DEADLINE_LEVELS = 4, DEADLINE_SLOTS = 256 };
#define DEADLINE_OFF UINT64_MAX

struct deadlines {
    struct ev_loop *loop;
    ev_timer timer;  /* wakes for the next slot in use */
    ev_check check;  /* reads the clock when the loop wakes */
    uint64_t now_us; /* the clock, as of this turn */
    uint64_t now;    /* ticks that have been served */
    uint64_t armed;  /* the tick timer is set for; UINT64_MAX: off */
    struct list slots[DEADLINE_LEVELS][DEADLINE_SLOTS];
    uint64_t in_use[DEADLINE_LEVELS][DEADLINE_SLOTS / 64]; /* may say yes for an empty slot */
};

void deadlines_init(struct deadlines *deadlines, struct ev_loop *loop);
void deadlines_fini(struct deadlines *deadlines);

static inline void deadline_init(struct deadline *deadline, void (*fire)(struct deadline *))
{
    list_init(&deadline->link);
    deadline->fire = fire;
}

/* Fire after_us from now_us; moves one that is set. */
void deadline_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t after_us);

/* Let it not fire, and forget it: its memory may go. */
static inline void deadline_clear(struct deadline *deadline)
{
    list_remove(&deadline->link);
}

/* Let it not fire; cheap where it is set anew soon. */
static inline void deadline_pause(struct deadline *deadline)
{
    deadline->tick = DEADLINE_OFF;
}

static inline bool deadline_is_set(const struct deadline *deadline)
{
    return !list_is_empty(&deadline->link) && deadline->tick != DEADLINE_OFF;
}

/* The wheel without the loop, for tests: serve all ticks up to tick. */
void deadlines_advance(struct deadlines *deadlines, uint64_t tick);
/* The first tick, after now, at which there may be something to do; UINT64_MAX: none. */
uint64_t deadlines_next(struct deadlines *deadlines);
#endif
