/*
 * The network side of one worker: its loop, connections, buffers and deadlines, and what happens at
 * the end of a turn. Everything here runs on the loop's thread.
 */
#ifndef NET_NET_H
#define NET_NET_H
#include "app/call.h"
#include "base/outq.h"
#include "net/deadline.h"
#include "net/input.h"
#include "proto/http1.h"
#include <ev.h>

struct access_format;
struct log_sink;

struct net {
    struct ev_loop *loop;
    const struct settings *settings;
    struct call_runtime *runtime;
    struct deadlines deadlines;
    struct http1_limits limits;
    struct outq_pool blocks;
    struct input_pool inputs;
    struct list conns; /* open ones */
    struct list dirty; /* to be processed and flushed at the end of the turn */
    struct list dead;  /* closed ones, freed at the end of the turn */
    struct list free_conns;
    uint32_t n_conns, n_free_conns;
    struct list listeners;
    ev_prepare prepare;
    ev_idle idle;  /* keeps the loop from waiting while there is work left */
    ev_async wake; /* letters from other threads */
    bool is_draining, takes_backlog;
    bool is_accept_paused;
    uint64_t pause_told_us;             /* when the log had it last */
    struct deadline accept_retry;       /* where no connection can close to resume it */
    const struct access_format *access; /* NULL: no access log */
    struct log_sink *access_sink;
    void (*idle_hook)(void *arg); /* draining, and nothing is left; may run more than once */
    void *idle_arg;
};

/* loop, settings and runtime outlive the net. 0 or a negative errno. */
int net_init(struct net *net, struct ev_loop *loop, const struct settings *settings,
             struct call_runtime *runtime);
/* Connections that are still open are closed; their calls must have ended. */
void net_fini(struct net *net);

/* The mailbox's wake function; arg is the net. [any-thread] */
void net_wake(void *arg);

/*
 * Stop accepting, let every connection answer once more. takes_backlog at a full stop: what waits
 * there is taken first; else other workers have it.
 */
void net_drain(struct net *net, bool takes_backlog);
/* Draining and nothing left: no connection, no call but the lifespan. */
bool net_is_idle(const struct net *net);
/* Reset all connections that are still open. */
void net_reset(struct net *net);
/* Cancel all calls that still run; how many. */
uint32_t net_cancel(struct net *net);
#endif
