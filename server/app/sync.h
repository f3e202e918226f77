/*
 * Synchronous calls: a CGW_SYNC application runs on a pool thread and never sees CGW_PENDING.
 * To the call on the loop this is an application; to the module it is a host of its own: it uses
 * nothing but the public interface of both.
 */
#ifndef APP_SYNC_H
#define APP_SYNC_H
#include "app/mailbox.h"
#include "app/pool.h"
#include <cgw/abi.h>

struct sync_runner; /* one per worker */

/* pool, mailbox and app outlive the runner. 0 or -ENOMEM. */
int sync_runner_new(const struct cgw_app *app, struct pool *pool, struct mailbox *mailbox,
                    struct sync_runner **ret_runner);
void sync_runner_free(struct sync_runner *runner);

/*
 * Begin a call of the asynchronous host's (outer). A small body is read before the hop; a full pool
 * answers 503 with Retry-After; the lifespan gets a thread of its own. origin, which is copied, is
 * for the pool. [loop-thread]
 */
void sync_call(struct sync_runner *runner, struct cgw_call *outer,
               const struct pool_origin *origin);
#endif
