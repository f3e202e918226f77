/* Asked for each http call, but only where there is something to choose from. */
#include "proc/choose.h"
#include "proc/dev/dev_pages.h"

static const struct cgw_app *choose(struct call *call, void *arg)
{
    (void)arg;
    return dev_pages_choose(call);
}

void choose_install(struct call_runtime *runtime, const struct board *board,
                    const struct settings *settings, uint32_t generation)
{
    if (!settings->reload)
        return;
    dev_pages_install(runtime, board, generation, settings);
    runtime->choose = choose;
}
