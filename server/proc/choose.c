/* Asked for each http call, but only where there is something to choose from. */
#include "proc/choose.h"
#include "proc/dev/dev_pages.h"
#include "proc/metrics/metrics_app.h"

/* The metrics come first: they are there also while a build is broken. */
static const struct cgw_app *choose(struct call *call, void *arg)
{
    (void)arg;
    const struct cgw_app *app = metrics_choose(call);
    return app ? app : dev_pages_choose(call);
}

void choose_install(struct call_runtime *runtime, const struct board *board,
                    const struct settings *settings, uint32_t generation)
{
    bool has_path = settings->metrics && settings->metrics[0] == '/';
    if (has_path)
        metrics_app_init(board, settings->metrics);
    if (settings->reload)
        dev_pages_install(runtime, board, generation, settings);
    if (has_path || settings->reload)
        runtime->choose = choose;
}
