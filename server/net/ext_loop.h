/* cgw.loop/1: an application's timers and descriptors on the worker's loop. */
#ifndef NET_EXT_LOOP_H
#define NET_EXT_LOOP_H
#include "app/call.h"

extern const struct cgw_loop ext_loop_table;
/* The runtime's disarm: what is still armed of a call that ends. */
void ext_loop_disarm(struct call *call);
#endif
