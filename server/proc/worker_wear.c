/* Looked at once a turn: the ids of calls count them. */
#include "proc/worker_wear.h"
#include "base/log.h"
#include "proc/channel.h"
#include <sys/random.h>

/* --max-requests is reached somewhere in this turn. */
static void on_turn(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    struct worker_wear *wear = prepare->data;
    (void)events;
    if (wear->runtime->next_id - wear->first_id < wear->most)
        return;
    ev_prepare_stop(loop, prepare);
    log_line(LOG_LEVEL_INFO, 122, "--max-requests is reached, another is to take over worker=%u",
             wear->start->position);
    channel_tell(wear->start->channel, CHANNEL_WORN, NULL);
}

/* Jitter keeps the workers of a server from leaving together. */
void worker_wear_start(struct worker_wear *wear, const struct worker_start *start,
                       const struct call_runtime *runtime, struct ev_loop *loop)
{
    const struct settings *settings = start->settings;
    uint64_t drawn = 0;
    *wear = (struct worker_wear){.start = start, .runtime = runtime};
    if (settings->max_requests == 0)
        return;
    if (settings->max_requests_jitter && getrandom(&drawn, sizeof drawn, GRND_NONBLOCK) > 0)
        drawn %= settings->max_requests_jitter + 1;
    wear->most = settings->max_requests + drawn;
    ev_prepare_init(&wear->prepare, on_turn);
    wear->prepare.data = wear;
    ev_prepare_start(loop, &wear->prepare);
    ev_unref(loop);
}

void worker_wear_begin(struct worker_wear *wear)
{
    wear->first_id = wear->runtime->next_id; /* the lifespan had one, too */
}
