/*
 * Listening sockets: opened by the supervisor (net/listener_set.h has them all), accepted from by
 * the net of each worker, which has copies of them by fork.
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
    bool is_reuseport; /* others may be bound to its address beside it */
    bool owns_file;    /* address is a socket file that is ours to remove */
    bool made_file;    /* ... or was made by us, or by the server whose upgrade we are */
    dev_t device;      /* the file that was made there */
    ino_t inode;
};

/* Where to listen: uds, or else host and port. */
struct listener_place {
    const char *host; /* address or name; IPv6 without brackets */
    uint16_t port;    /* 0: the kernel chooses */
    const char *uds;
    unsigned uds_mode;
    int backlog;
    bool is_reuseport;  /* of a TCP socket */
    const char *option; /* to name in advice: "--port", "--uds", "--metrics", "--debug-address" */
};

/*
 * All these: 0 and a listener on the heap; or a negative errno and *ret_error one line that says
 * what and what to do (mem_free(); NULL: out of memory).
 */
/* What the settings ask for: an inherited descriptor, a unix socket or TCP. */
int listener_open(const struct settings *settings, struct listener **ret_listener,
                  char **ret_error);
int listener_open_at(const struct listener_place *place, struct listener **ret_listener,
                     char **ret_error);
/* A socket that somebody else has bound and listens on; fd is taken over, but not on failure: 0, 1
   and 2 keep an empty file in its place. from names it in errors: "--fd 3". */
int listener_adopt(int fd, const char *from, struct listener **ret_listener, char **ret_error);
/* One more at the very address of a TCP listener that is_reuseport. */
int listener_open_beside(const struct listener *listener, int backlog,
                         struct listener **ret_listener, char **ret_error);

/* Remove its socket file, where that is ours and still the one that was made. [supervisor] */
void listener_unlink(struct listener *listener);
/* Close and free; the socket file stays. NULL is fine. */
void listener_free(struct listener *listener);
/* "http://127.0.0.1:8000", "http://[::1]:80" or "unix:/path"; on the heap or NULL. */
char *listener_url(const struct listener *listener);

/* Accept from it into the net, until it is freed or the net drains. */
void listener_start(struct listener *listener, struct net *net);
/*
 * Stop accepting and close. At a full stop takes_backlog: what waits there is taken first, as
 * nobody else will; short of descriptors it stays open, to be drained again when a connection
 * closes. Else the backlog is left to the other processes that accept from the socket.
 */
void listener_drain(struct listener *listener, bool takes_backlog);
/* A descriptor has become free: accept again where that had been paused. */
void listener_resume(struct net *net);

static inline const char *listener_address(const struct listener *listener)
{
    return listener->address;
}
/* Set the connection's server and server_port. */
void listener_server_name(const struct listener *listener, struct conn *conn);
#endif
