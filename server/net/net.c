/*
 * The end of a turn of the loop: callbacks that have become due run, connections that were touched
 * go on and write, closed ones are freed. Nothing of this happens inside a callback of libev, so no
 * call of the application is ever re-entered.
 */
#include "net/net.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/access_log.h"
#include "net/conn.h"
#include "net/ext_loop.h"
#include "net/last_words.h"
#include "net/listener.h"
#include <errno.h>
#include <stdlib.h>

enum { TURN_ROUNDS = 16, FREE_BLOCKS_MAX = 256 };

static void process_dirty(struct net *net)
{
    struct list batch, *node;
    list_init(&batch);
    list_splice(&batch, &net->dirty);
    while ((node = list_take(&batch)))
        conn_process(list_owner(node, struct conn, dirty));
}

static void bury(struct net *net)
{
    while (!list_is_empty(&net->dead))
        conn_recycle(list_owner(net->dead.next, struct conn, link));
}

/* Work until there is none, or for so many rounds: then let I/O have its turn before going on. */
static void end_turn(struct net *net)
{
    bool more = true;
    for (int round = 0; more && round < TURN_ROUNDS; round++) {
        call_run_due(net->runtime);
        process_dirty(net);
        if (net->is_draining && net->idle_hook && net_is_idle(net))
            net->idle_hook(net->idle_arg);
        more = !list_is_empty(&net->runtime->due) || !list_is_empty(&net->dirty);
    }
    bury(net);
    if (more)
        ev_idle_start(net->loop, &net->idle);
    else
        ev_idle_stop(net->loop, &net->idle);
}

static void on_prepare(struct ev_loop *loop, ev_prepare *prepare, int events)
{
    (void)loop, (void)events;
    end_turn(prepare->data);
}

static void on_idle(struct ev_loop *loop, ev_idle *idle, int events)
{
    (void)loop, (void)idle, (void)events;
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events)
{
    struct net *net = wake->data;
    (void)loop, (void)events;
    mailbox_run(net->runtime->mailbox);
}

void net_wake(void *arg)
{
    struct net *net = arg;
    ev_async_send(net->loop, &net->wake);
}

static void on_accept_retry(struct deadline *deadline)
{
    listener_resume(list_owner(deadline, struct net, accept_retry));
}

static void init_watchers(struct net *net)
{
    ev_prepare_init(&net->prepare, on_prepare);
    net->prepare.data = net;
    ev_prepare_start(net->loop, &net->prepare);
    ev_idle_init(&net->idle, on_idle);
    ev_async_init(&net->wake, on_wake);
    net->wake.data = net;
    ev_async_start(net->loop, &net->wake);
}

static void log_call(struct call *call)
{
    if (call->runtime->net->access)
        access_log_call(call);
}

int net_init(struct net *net, struct ev_loop *loop, const struct settings *settings,
             struct call_runtime *runtime)
{
    int rc = last_words_init();
    if (rc < 0)
        return rc;
    *net = (struct net){.loop = loop, .settings = settings, .runtime = runtime};
    net->limits = (struct http1_limits){.head_bytes = settings->limit_head_bytes,
                                        .head_fields = settings->limit_head_fields,
                                        .target_bytes = settings->limit_target_bytes,
                                        .body_bytes = settings->limit_body_bytes};
    list_init(&net->conns);
    list_init(&net->dirty);
    list_init(&net->dead);
    list_init(&net->free_conns);
    list_init(&net->listeners);
    outq_pool_init(&net->blocks, FREE_BLOCKS_MAX);
    deadlines_init(&net->deadlines, loop);
    deadline_init(&net->accept_retry, on_accept_retry);
    init_watchers(net);
    runtime->net = net;
    runtime->turn_us = &net->deadlines.now_us;
    runtime->disarm = ext_loop_disarm;
    runtime->end_hook = log_call;
    call_set_loop_extension(&ext_loop_table);
    return 0;
}

void net_fini(struct net *net)
{
    struct list *node;
    while (!list_is_empty(&net->listeners))
        listener_free(list_owner(net->listeners.next, struct listener, link));
    while (!list_is_empty(&net->conns))
        conn_close(list_owner(net->conns.next, struct conn, link));
    bury(net);
    while ((node = list_take(&net->free_conns)))
        conn_free(list_owner(node, struct conn, link));
    deadline_clear(&net->accept_retry);
    deadlines_fini(&net->deadlines);
    ev_prepare_stop(net->loop, &net->prepare);
    ev_idle_stop(net->loop, &net->idle);
    ev_async_stop(net->loop, &net->wake);
    outq_pool_fini(&net->blocks);
    input_pool_fini(&net->inputs);
}

void net_drain(struct net *net, bool takes_backlog)
{
    net->is_draining = true;
    net->takes_backlog = takes_backlog;
    list_each (node, &net->listeners)
        listener_drain(list_owner(node, struct listener, link), takes_backlog);
    list_each_safe (node, &net->conns)
        conn_drain(list_owner(node, struct conn, link));
    call_drain_begun(net->runtime);
}

bool net_is_idle(const struct net *net)
{
    return net->n_conns == 0 && net->runtime->n_running == 0;
}

void net_reset(struct net *net)
{
    while (!list_is_empty(&net->conns))
        conn_reset(list_owner(net->conns.next, struct conn, link));
}

uint32_t net_cancel(struct net *net)
{
    uint32_t n = 0;
    list_each_safe (node, &net->runtime->running) {
        struct call *call = list_owner(node, struct call, running);
        if (call->kind != &call_http || call->is_canceled)
            continue;
        call_cancel(call);
        n++;
    }
    return n;
}
