/*
 * The timing wheel. Level 0 has a slot for each of the next 256 ticks, level 1 one for each 256
 * ticks, and so on; where level 0 begins anew, the next slot of level 1 is dealt out, and so on up.
 */
#include "net/deadline.h"
#include "base/clock.h"

enum { LEVEL_BITS = 8, SLOT_MASK = DEADLINE_SLOTS - 1, TICK_US = 1000 };
#define FOREVER_US (UINT64_MAX / 4)
/* How far ahead a node can be put without its slot being met earlier. */
static const uint64_t wheel_reach = (1ULL << (LEVEL_BITS * DEADLINE_LEVELS)) - DEADLINE_SLOTS;

/* The first tick after now whose slot on level is slot. All of the slot's nodes are due then or
 * later. */
static uint64_t slot_begin(uint64_t now, unsigned level, unsigned slot)
{
    unsigned shift = LEVEL_BITS * level;
    uint64_t turn = (now >> shift) + 1;
    uint64_t ahead = (slot - turn) & SLOT_MASK;
    return (turn + ahead) << shift;
}

static void arm(struct deadlines *deadlines, uint64_t tick)
{
    uint64_t at_us = tick * TICK_US;
    ev_timer_stop(deadlines->loop, &deadlines->timer);
    deadlines->armed = tick;
    if (tick == UINT64_MAX)
        return;
    uint64_t after = at_us > deadlines->now_us ? at_us - deadlines->now_us : 0;
    ev_timer_set(&deadlines->timer, (double)after / 1e6, 0.);
    ev_timer_start(deadlines->loop, &deadlines->timer);
}

/* Put the node where its tick belongs; where that slot begins. */
static uint64_t insert(struct deadlines *deadlines, struct deadline *deadline)
{
    uint64_t ahead = deadline->tick - deadlines->now, tick = deadline->tick;
    unsigned level = 0;
    if (ahead > wheel_reach) { /* it is dealt out anew when the wheel has come round */
        ahead = wheel_reach;
        tick = deadlines->now + wheel_reach;
    }
    while (level < DEADLINE_LEVELS - 1 && ahead >> (LEVEL_BITS * (level + 1)))
        level++;
    unsigned slot = (unsigned)(tick >> (LEVEL_BITS * level)) & SLOT_MASK;
    deadline->placed = tick;
    list_append(&deadlines->slots[level][slot], &deadline->link);
    deadlines->in_use[level][slot / 64] |= 1ULL << (slot % 64);
    return slot_begin(deadlines->now, level, slot);
}

void deadline_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t after_us)
{
    if (after_us > FOREVER_US)
        after_us = FOREVER_US;
    if (deadlines->armed == UINT64_MAX && deadlines->now < deadlines->now_us / TICK_US)
        deadlines->now = deadlines->now_us / TICK_US; /* it is empty, and stood still */
    uint64_t tick = (deadlines->now_us + after_us + TICK_US - 1) / TICK_US;
    if (tick <= deadlines->now)
        tick = deadlines->now + 1;
    deadline->tick = tick;
    if (!list_is_empty(&deadline->link) && tick >= deadline->placed)
        return; /* it is looked at before */
    list_remove(&deadline->link);
    uint64_t begin = insert(deadlines, deadline);
    if (begin < deadlines->armed)
        arm(deadlines, begin);
}

/* Deal the nodes of the slot that begins at now out to the levels below. */
static void deal_out(struct deadlines *deadlines, unsigned level)
{
    struct list batch, *node;
    list_init(&batch);
    unsigned slot = (unsigned)(deadlines->now >> (LEVEL_BITS * level)) & SLOT_MASK;
    list_splice(&batch, &deadlines->slots[level][slot]);
    while ((node = list_take(&batch))) {
        struct deadline *deadline = list_owner(node, struct deadline, link);
        if (deadline->tick != DEADLINE_OFF)
            insert(deadlines, deadline);
    }
}

static void serve_tick(struct deadlines *deadlines)
{
    struct list batch, *node;
    for (unsigned level = DEADLINE_LEVELS - 1; level > 0; level--)
        if ((deadlines->now & ((1ULL << (LEVEL_BITS * level)) - 1)) == 0)
            deal_out(deadlines, level);
    list_init(&batch);
    list_splice(&batch, &deadlines->slots[0][deadlines->now & SLOT_MASK]);
    while ((node = list_take(&batch))) {
        struct deadline *deadline = list_owner(node, struct deadline, link);
        if (deadline->tick <= deadlines->now)
            deadline->fire(deadline);
        else if (deadline->tick != DEADLINE_OFF)
            insert(deadlines, deadline);
    }
}

/* The next slot of a level that has nodes, by the bits, which are mended on the way. */
static uint64_t level_next(struct deadlines *deadlines, unsigned level)
{
    uint64_t best = UINT64_MAX;
    for (unsigned word = 0; word < DEADLINE_SLOTS / 64; word++) {
        uint64_t bits = deadlines->in_use[level][word];
        while (bits) {
            unsigned slot = word * 64 + (unsigned)__builtin_ctzll(bits);
            bits &= bits - 1;
            if (list_is_empty(&deadlines->slots[level][slot])) {
                deadlines->in_use[level][word] &= ~(1ULL << (slot % 64));
                continue;
            }
            uint64_t begin = slot_begin(deadlines->now, level, slot);
            best = begin < best ? begin : best;
        }
    }
    return best;
}

uint64_t deadlines_next(struct deadlines *deadlines)
{
    uint64_t best = UINT64_MAX;
    for (unsigned level = 0; level < DEADLINE_LEVELS; level++) {
        uint64_t begin = level_next(deadlines, level);
        best = begin < best ? begin : best;
    }
    return best;
}

void deadlines_advance(struct deadlines *deadlines, uint64_t tick)
{
    uint64_t next;
    while ((next = deadlines_next(deadlines)) <= tick) {
        deadlines->now = next;
        serve_tick(deadlines);
    }
    if (tick > deadlines->now)
        deadlines->now = tick;
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct deadlines *deadlines = timer->data;
    (void)loop, (void)events;
    deadlines->armed = 0; /* nobody arms while this runs */
    deadlines_advance(deadlines, deadlines->now_us / TICK_US);
    arm(deadlines, deadlines_next(deadlines));
}

static void on_check(struct ev_loop *loop, ev_check *check, int events)
{
    struct deadlines *deadlines = check->data;
    (void)loop, (void)events;
    deadlines->now_us = clock_now_us();
}

void deadlines_init(struct deadlines *deadlines, struct ev_loop *loop)
{
    deadlines->loop = loop;
    deadlines->now_us = clock_now_us();
    deadlines->now = deadlines->now_us / TICK_US;
    deadlines->armed = UINT64_MAX;
    for (unsigned level = 0; level < DEADLINE_LEVELS; level++) {
        for (unsigned slot = 0; slot < DEADLINE_SLOTS; slot++)
            list_init(&deadlines->slots[level][slot]);
        for (unsigned word = 0; word < DEADLINE_SLOTS / 64; word++)
            deadlines->in_use[level][word] = 0;
    }
    ev_timer_init(&deadlines->timer, on_timer, 0., 0.);
    deadlines->timer.data = deadlines;
    ev_check_init(&deadlines->check, on_check);
    ev_set_priority(&deadlines->check, EV_MAXPRI);
    deadlines->check.data = deadlines;
    ev_check_start(loop, &deadlines->check);
}

void deadlines_fini(struct deadlines *deadlines)
{
    ev_timer_stop(deadlines->loop, &deadlines->timer);
    ev_check_stop(deadlines->loop, &deadlines->check);
}
