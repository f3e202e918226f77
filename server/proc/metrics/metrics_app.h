/*
 * An application of the host's own that shows the board. A process of its own serves it at the
 * address of --metrics: /metrics, /healthz, /readyz; or the workers do, at the one path that
 * --metrics names. It never waits for the module, so it answers whatever that does.
 */
#ifndef PROC_METRICS_METRICS_APP_H
#define PROC_METRICS_METRICS_APP_H
#include "app/call.h"
#include "base/board.h"

extern const struct cgw_app metrics_app; /* CGW_ASYNC, without a lifespan */

/*
 * What to show, and where; both outlive all calls. path NULL: this process is the metrics' own, a
 * child of the supervisor. Else the text is at that path and metrics_choose() knows it.
 */
void metrics_app_init(const struct board *board, const char *path);

/* &metrics_app where the call is for the path of --metrics, else NULL. Before metrics_app_init()
   it is always NULL. For struct call_runtime's choose. Loop thread. */
const struct cgw_app *metrics_choose(struct call *call);
#endif
