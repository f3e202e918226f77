/*
 * Listening sockets: opened by whoever owns them (later the supervisor), accepted from by a net.
 */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H
#include "base/list.h"
#include "base/settings.h"
#include <ev.h>
#include <sys/types.h>

struct conn;
struct net;

struct listener {
    struct list link; /* in net->listeners */
    struct net *net;
    int fd;
    ev_io watch;
    char *address; /* textual, or the socket's path */
    uint16_t port;
    bool is_unix, is_wildcard;
    char *unlink_path; /* of a unix socket that is ours to remove, or NULL */
    dev_t device;      /* the file that we made there */
    ino_t inode;
};

/*
 * Open what the settings ask for: TCP, a unix socket, or an inherited descriptor. 0 and a listener
 * on the heap, or a negative errno and *ret_error one line saying what and what to do (mem_free()).
 */
int listener_open(const struct settings *settings, struct listener **ret_listener,
                  char **ret_error);
/* Remove our socket file, if that is what it listens on. */
void listener_unlink(struct listener *listener);
/* Close, remove our socket file, free. NULL is fine. */
void listener_free(struct listener *listener);
/* "http://127.0.0.1:8000", "http://[::1]:80" or "unix:/path"; on the heap or NULL. */
char *listener_url(const struct listener *listener);

/* Accept from it into the net, until it is freed or the net drains. */
void listener_start(struct listener *listener, struct net *net);
/* Take all that waits in the backlog, then stop and close; short of descriptors it stays open, to
   be drained again when a connection closes. */
void listener_drain(struct listener *listener);
/* A descriptor has become free: accept again where that had been paused. */
void listener_resume(struct net *net);

static inline const char *listener_address(const struct listener *listener)
{
    return listener->address;
}
/* Set the connection's server and server_port. */
void listener_server_name(const struct listener *listener, struct conn *conn);
#endif
