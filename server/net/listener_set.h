/*
 * All the sockets that requests come from: opened once by the supervisor, which keeps them for as
 * long as it lives, so that no connection is lost with a worker. Socket files are removed by the
 * supervisor only, when it ends and nobody has taken them over.
 */
#ifndef NET_LISTENER_SET_H
#define NET_LISTENER_SET_H
#include "net/listener.h"

enum { LISTENER_SET_MAX = 64 };

struct listener_set {
    struct listener *items[LISTENER_SET_MAX]; /* owned */
    size_t n;
    bool is_shared; /* every worker accepts from all; else from those of its position */
};

/*
 * Sockets that a service manager has passed, or the server that this one is an upgrade of, come
 * first (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; the one named "metrics" is not among these), but
 * for --fd, which is stronger than a service manager. Then --fd, --uds, or host and port: one
 * socket, or with --reuseport one for each of n_workers (1 or more). The variables are removed from
 * the environment. 0; or a negative errno, *ret_error a line that says what and what to do
 * (mem_free(); NULL: out of memory), and the set is empty. [supervisor]
 */
int listener_set_open(const struct settings *settings, uint32_t n_workers, struct listener_set *set,
                      char **ret_error);
/* Under --reuseport: one more socket at the address of the first, for one more worker. 0, also
   where the set is shared and needs none; or a negative errno as above, the set as it was. */
int listener_set_grow(const struct settings *settings, struct listener_set *set, char **ret_error);
/* The socket files are this supervisor's to remove: after an upgrade, once this new server serves.
   Without effect where they are already. */
void listener_set_own(struct listener_set *set);
/* Another supervisor has the socket files now: never remove them. */
void listener_set_disown(struct listener_set *set);
/*
 * Close all, remove the socket files that are ours, free. The supervisor's last deed; or its first
 * when it stops for good, before the workers drain, so that the port refuses as soon as they have
 * taken the backlog. Workers have copies and never call this.
 */
void listener_set_close(struct listener_set *set);

/*
 * The listener of --metrics: an inherited one named "metrics", else HOST:PORT or unix:PATH. 0 and
 * *ret_listener, NULL where metrics are off or a /PATH of ordinary requests; or a negative errno as
 * above. listener_close_endpoint() frees it.
 */
int listener_open_metrics(const struct settings *settings, struct listener **ret_listener,
                          char **ret_error);
/* As listener_set_own() and listener_set_disown(), for that one. NULL is fine. */
void listener_own(struct listener *listener, bool is_ours);
/* The same of HOST:PORT or unix:PATH, as the option says that is named in errors. */
int listener_open_endpoint(const struct settings *settings, const char *where, const char *option,
                           struct listener **ret_listener, char **ret_error);
/* Close, remove the socket file where that is ours, free. NULL is fine. */
void listener_close_endpoint(struct listener *listener);
#endif
