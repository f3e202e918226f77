/*
 * Which call this thread works for: what a crash handler asks when the thread that it runs on has
 * died, and the supervisor when the loop stands still. Plain thread-local pointers, stored around
 * each visit to the application and where it says that it goes on with another call, whatever stack
 * it runs on; reading them in a signal handler is safe.
 */
#ifndef APP_CURRENT_H
#define APP_CURRENT_H
#include "app/call.h"

struct current {
    /* The host's call, on the loop as on a pool thread; NULL: the thread works for none. On a pool
       thread it may have ended meanwhile, and its struct be in use for another: then the ids
       differ. */
    struct call *call;
    uint64_t id;       /* of call */
    const char *route; /* named on a pool thread; there call->route_name may be behind, or NULL */
    bool is_on_pool;   /* stays set for all the life of a pool thread */
    struct call_runtime *runtime; /* whose loop runs on this thread, or NULL */
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

/* The table of calls on the loop. */
extern const struct cgw_current current_table;

/* ---- around a visit, by the call ---- */

/* The application is entered with the call, which is the thread's until it says otherwise. */
void current_enter(struct call *call);
/* It has left, whatever call it worked for last. */
void current_leave(struct call_runtime *runtime);
/* The call ends inside the visit of another: the thread works for none from now on. */
void current_drop(struct call *call);
#endif
