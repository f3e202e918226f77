/*
 * A call that held the loop: the supervisor has caught it at that, the worker tells how long it was
 * in all, counts it, tells the developer's browser, and moves what does it again to the pool.
 */
#ifndef APP_HELD_H
#define APP_HELD_H
#include "app/call.h"

/*
 * The application has left the loop, or goes on with another call, and was caught inside. call is
 * the one that it worked for; NULL: for none. [loop-thread]
 */
void held_is_over(struct call_runtime *runtime, struct call *call);

/*
 * Fields of the response's head with a server-timing more, in the call's arena, where the call
 * holds the loop or did; else, and without memory, those of head. [loop-thread]
 */
void held_add_timing(struct call *call, struct head *head);
#endif
