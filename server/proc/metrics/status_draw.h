/*
 * The picture of --status: what the board says now, and how fast it changed since the look before.
 */
#ifndef PROC_METRICS_STATUS_DRAW_H
#define PROC_METRICS_STATUS_DRAW_H
#include "base/board.h"
#include "proc/metrics/page.h"

struct status_worker {
    int pid;
    enum board_state state; /* BOARD_FREE: there is none */
    uint32_t generation, connections, in_flight;
    uint64_t started_us, rss_bytes, requests;
    struct board_histogram lag;
};

/* One look at the board. Large: not for the stack. */
struct status_sample {
    uint64_t at_us, wall_us; /* monotonic, and since 1970 */
    struct board_slot sum;
    struct status_worker workers[BOARD_SLOTS];
};

void status_sample(const struct board *board, struct status_sample *sample);
/* Append the picture; rates are those from before to now. Names are escaped for a terminal. */
void status_draw(struct page *page, const struct board *board, const struct status_sample *before,
                 const struct status_sample *now);
/* The value that a share (0 to 1) of the observations does not pass, by what the buckets know;
   UINT64_MAX: it lies beyond the last bound. 0 where there are none. */
uint64_t status_quantile_us(const struct board_histogram *histogram, double share);
#endif
