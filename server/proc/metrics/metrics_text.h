/*
 * The board as text for Prometheus (exposition format 0.0.4). The names are a stable set: they are
 * listed in cgw-serve(1), METRICS, and a test compares.
 */
#ifndef PROC_METRICS_METRICS_TEXT_H
#define PROC_METRICS_METRICS_TEXT_H
#include "base/board.h"
#include "proc/metrics/page.h"

#define METRICS_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/*
 * Append everything to *page. Label values of any origin are escaped; its length is bounded by the
 * board's. 0, or -ENOMEM with *page broken. [any-thread that names no routes of its own]
 */
int metrics_text_print(struct page *page, const struct board *board);
#endif
