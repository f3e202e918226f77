/* What a worker is made of besides its loop: mailbox, pool, proxies that are believed, access log.
 */
#ifndef PROC_WORKER_PARTS_H
#define PROC_WORKER_PARTS_H
#include "net/net.h"

struct worker_parts {
    struct net *net;
    struct mailbox mailbox;
    bool has_mailbox;
    struct pool *pool;
    struct sync_runner *sync;
    struct forwarded_trust *trust;
    struct access_format *access;
    struct log_sink *access_sink;
};

/* First, while it may be done: the user that the worker becomes may not reach the file's folder. 0
   or a negative errno; -ECANCELED: the cause is logged. */
int worker_parts_open_log(struct worker_parts *parts, const struct settings *settings);
/* Make them and connect them to the net and its runtime. 0 or a negative errno; -ECANCELED: the
   cause is logged. fini() in all cases. */
int worker_parts_init(struct worker_parts *parts, const struct settings *settings,
                      const struct cgw_app *app, struct net *net);
/* 0; -ETIMEDOUT: a thread is still in the application after grace_ms, nothing more was freed. */
int worker_parts_fini(struct worker_parts *parts, uint32_t grace_ms);
void worker_parts_reopen_logs(struct worker_parts *parts);
/* Have the access log written out, when the process is about to exit without fini(). */
void worker_parts_flush_logs(struct worker_parts *parts);
#endif
