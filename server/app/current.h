/*
 * Which call this thread is in: what a crash handler asks when the thread that it runs on has died.
 * Plain thread-local pointers, stored around each visit to the application, whatever stack it runs
 * on; reading them in a signal handler is safe.
 */
#ifndef APP_CURRENT_H
#define APP_CURRENT_H
#include "app/call.h"

struct current {
    /* The host's call, on the loop as on a pool thread; NULL: the thread is in no call, or the call
       has ended meanwhile. Its struct may be in use for another call since: then the ids differ. */
    struct call *call;
    uint64_t id;       /* of call */
    const char *route; /* named on a pool thread; there call->route_name may be behind, or NULL */
    bool is_on_pool;   /* stays set for all the life of a pool thread */
};

extern _Thread_local struct current current __attribute__((tls_model("initial-exec")));

/* The call that the thread is in, and alive, or NULL. [signal handler, any-thread] */
static inline struct call *current_call(void)
{
    struct call *call = current.call;
    return call && call->id == current.id ? call : NULL;
}
/* The name of its route, NUL-terminated, or NULL: not named. [signal handler, any-thread] */
static inline const char *current_route(void)
{
    struct call *call = current_call();
    if (current.route)
        return current.route;
    return call ? call->route_name.ptr : NULL;
}
#endif
