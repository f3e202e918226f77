/* --max-requests: when a worker has served as many, the supervisor is asked for another. */
#ifndef PROC_WORKER_WEAR_H
#define PROC_WORKER_WEAR_H
#include "app/call.h"
#include "proc/worker.h"
#include <ev.h>

struct worker_wear {
    const struct worker_start *start;
    const struct call_runtime *runtime;
    ev_prepare prepare; /* counts */
    uint64_t first_id, most;
};

/* Where the settings have such a limit; both arguments outlive the loop. */
void worker_wear_start(struct worker_wear *wear, const struct worker_start *start,
                       const struct call_runtime *runtime, struct ev_loop *loop);
/* Requests count from now on. */
void worker_wear_begin(struct worker_wear *wear);
#endif
