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
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 32 };

static bool is_full(const struct net *net)
{
    uint32_t most = net->settings->limit_connections;
    return most && net->n_conns >= most;
}

static void pause_accepting(struct net *net, const char *why)
{
    if (!net->is_accept_paused)
        log_line(LOG_LEVEL_WARNING, 402,
                 "accepting pauses: %s connections=%u; it goes on when one closes", why,
                 net->n_conns);
    net->is_accept_paused = true;
    list_each (node, &net->listeners)
        ev_io_stop(net->loop, &list_owner(node, struct listener, link)->watch);
}

void listener_resume(struct net *net)
{
    if (!net->is_accept_paused || is_full(net) || net->is_draining)
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

static bool is_shortage(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM;
}

static void on_acceptable(struct ev_loop *loop, ev_io *watch, int events)
{
    struct listener *listener = watch->data;
    struct net *net = listener->net;
    (void)loop, (void)events;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (is_full(net)) {
            pause_accepting(net, "--limit-connections is reached");
            return;
        }
        int rc = accept_one(listener);
        if (is_shortage(rc)) {
            pause_accepting(net, "no more file descriptors or memory");
            if (net->n_conns == 0)
                deadline_set(&net->deadlines, &net->accept_retry, 100 * 1000);
            return;
        }
        if (rc == -EAGAIN)
            return;
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

void listener_drain(struct listener *listener)
{
    int rc;
    ev_io_stop(listener->net->loop, &listener->watch);
    /* what the kernel has accepted for us would be reset by closing */
    while ((rc = accept_one(listener)) == 0 || rc == -ECONNABORTED || rc == -EINTR)
        ;
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
