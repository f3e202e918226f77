/* Applications of others, between the files that serve them. */
#ifndef WEB_MOUNT_H
#define WEB_MOUNT_H
#include "web/application.h"
#include "web/match.h"

/* What a worker has of one: lives as long as the application. */
struct mount_life {
    struct application *application;
    const struct cgw_mount *mount;
    void *state;              /* it left at startup; its requests get it */
    const struct wrap *wraps; /* the application's filters around it, or NULL */
    /* Its lifespan, where it wants one. */
    struct cgw_call call;
    struct cgw_host host;
    struct cgw_scope scope;
    struct arena arena;
    struct task *waiter;     /* of start and stop, parked */
    struct cgw_event *event; /* of a receive() that waits, or NULL */
    cgw_done_fn *done;
    void *done_arg;
    const char *fault; /* NULL, or why it does not start, or stop */
    bool has_started, is_stopping, has_asked, is_answered, is_over;
};

/* The scope that its requests see, from ours. */
struct cgw_scope mount_scope(const cgw_request *req, const struct match_result *result,
                             const struct mount_life *life);

/* Begin a call of it, through what is around it. */
void mount_call(const struct mount_life *life, struct cgw_call *call);

/* ---- mount_sync.c ---- */
/* The call is that of a CGW_SYNC application: it runs on a pool thread until it returns. Suspends.
 */
void mount_sync_serve(cgw_request *req, const struct mount_life *life,
                      const struct cgw_scope *scope);
#endif
