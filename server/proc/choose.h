/*
 * Which requests the host answers itself: those of the metrics' path, and in development the pages
 * of proc/dev. One place, as the order counts.
 */
#ifndef PROC_CHOOSE_H
#define PROC_CHOOSE_H
#include "app/call.h"
#include "base/board.h"

/* Before the first call of a worker of that generation: sets runtime->choose where the settings ask
   for it. board and settings outlive the process. Loop thread. */
void choose_install(struct call_runtime *runtime, const struct board *board,
                    const struct settings *settings, uint32_t generation);
#endif
