/*
 * Counting a request on the board: by route, method and status class, with its duration.
 */
#ifndef APP_COUNT_H
#define APP_COUNT_H
#include "app/call.h"

/* An http call of the module has ended: started_us, ended_us, route and the status are set. Once a
   call. Loop thread; some nanoseconds. */
void count_call(struct call *call);
#endif
