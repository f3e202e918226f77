/*
 * Accepting: small batches, so that one listener starves nobody; paused while descriptors are short
 * or there are enough connections, so that nothing spins; the whole backlog taken before a drain.
 */
#include "base/log.h"
#include "base/mem.h"
#include "net/conn.h"
#include "net/listener.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPT_BATCH = 32,
    ACCEPT_BATCH_SHARED = 4, /* so that the other workers get their part of a burst */
    ACCEPT_RETRY_US = 100000,
    PAUSE_TOLD_US = 1000000 /* between two lines about it */
};

static bool is_full(const struct net *net)
{
    uint32_t most = net->settings->limit_connections;
    return most && net->n_conns >= most;
}

static void pause_accepting(struct net *net, const char *why)
{
    uint64_t now_us = net->deadlines.now_us;
    if (now_us - net->pause_told_us >= PAUSE_TOLD_US) {
        net->pause_told_us = now_us;
        log_line(LOG_LEVEL_WARNING, 402,
                 "accepting pauses until a connection closes: %s connections=%u", why,
                 net->n_conns);
    }
    net->is_accept_paused = true;
    list_each (node, &net->listeners)
        ev_io_stop(net->loop, &list_owner(node, struct listener, link)->watch);
}

void listener_resume(struct net *net)
{
    if (net->is_draining) {
        list_each (node, &net->listeners)
            listener_drain(list_owner(node, struct listener, link), net->takes_backlog);
        return;
    }
    if (!net->is_accept_paused || is_full(net))
        return;
    net->is_accept_paused = false;
    list_each (node, &net->listeners)
        ev_io_start(net->loop, &list_owner(node, struct listener, link)->watch);
}

/* Take one connection. 0, or a negative errno: -EAGAIN when none waits. */
static int accept_one(struct listener *listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } address;
    socklen_t len = sizeof address;
    int fd = accept4(listener->fd, &address.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (listener->is_unix)
        address.any.sa_family = AF_UNIX;
    conn_open(listener->net, listener, fd, &address.any);
    return 0;
}

/* An error of the one connection that was to be taken (accept(2)), not of the listener. */
static bool is_passing(int rc)
{
    return rc == -EINTR || rc == -ECONNABORTED || rc == -EPROTO || rc == -EPERM ||
           rc == -ENETDOWN || rc == -ENOPROTOOPT || rc == -EHOSTDOWN || rc == -ENONET ||
           rc == -EHOSTUNREACH || rc == -EOPNOTSUPP || rc == -ENETUNREACH;
}

static bool is_shortage(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

/* Its owner has shut an inherited socket down: a unix one then says "ready" and EAGAIN for ever. */
static bool is_shut_down(const struct listener *listener)
{
    struct pollfd look = {.fd = listener->fd, .events = POLLIN};
    return poll(&look, 1, 0) == 1 && (look.revents & POLLHUP);
}

static void on_acceptable(struct ev_loop *loop, ev_io *watch, int events)
{
    struct listener *listener = watch->data;
    struct net *net = listener->net;
    int most = net->settings->workers == 1 ? ACCEPT_BATCH : ACCEPT_BATCH_SHARED;
    (void)loop, (void)events;
    for (int i = 0; i < most; i++) {
        if (is_full(net)) {
            pause_accepting(net, "--limit-connections is reached");
            return;
        }
        int rc = accept_one(listener);
        if (rc == -EAGAIN && i == 0 && is_shut_down(listener))
            rc = -ESHUTDOWN;
        if (rc == -EAGAIN)
            return;
        if (rc < 0 && !is_passing(rc)) {
            pause_accepting(net, strerror(-rc));
            deadline_set(&net->deadlines, &net->accept_retry, ACCEPT_RETRY_US);
            return;
        }
    }
}

void listener_start(struct listener *listener, struct net *net)
{
    listener->net = net;
    list_append(&net->listeners, &listener->link);
    ev_io_init(&listener->watch, on_acceptable, listener->fd, EV_READ);
    listener->watch.data = listener;
    ev_io_start(net->loop, &listener->watch);
}

/* What the kernel has accepted for us would be reset by closing. false: a descriptor is short. */
static bool take_backlog(struct listener *listener)
{
    struct net *net = listener->net;
    int rc = 0;
    for (int i = 0; i < net->settings->backlog && (rc == 0 || is_passing(rc)); i++)
        rc = accept_one(listener);
    return !is_shortage(rc) || net->n_conns == 0;
}

void listener_drain(struct listener *listener, bool takes_backlog)
{
    if (listener->fd < 0)
        return;
    ev_io_stop(listener->net->loop, &listener->watch);
    if (takes_backlog && !take_backlog(listener))
        return; /* once more when a connection closes */
    close(listener->fd);
    listener->fd = -1;
}

void listener_server_name(const struct listener *listener, struct conn *conn)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } name = {.any = {.sa_family = AF_UNSPEC}};
    char text[INET6_ADDRSTRLEN];
    socklen_t len = sizeof name;
    conn->server_port = listener->port;
    if (!listener->is_wildcard || getsockname(conn->fd, &name.any, &len) < 0)
        return;
    const void *address = name.any.sa_family == AF_INET ? (const void *)&name.v4.sin_addr
                                                        : (const void *)&name.v6.sin6_addr;
    inet_ntop(name.any.sa_family, address, text, sizeof text);
    conn->server = mem_strdup(text);
}
