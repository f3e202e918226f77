/*
 * Listening sockets that were open when this process began: from a service manager, or from the
 * server that this one is an upgrade of. Both pass them in the same way, descriptors from 3 on,
 * counted and named in variables that hold for one process.
 */
#ifndef NET_INHERITED_H
#define NET_INHERITED_H
#include <stdbool.h>
#include <stddef.h>

/* Names of sockets: for both kinds of givers; and how an upgrade marks its own, with the addition
   where the socket's file is to be removed by whom serves it last. */
#define INHERITED_METRICS "metrics"
#define INHERITED_UPGRADE "cgw-upgrade"
#define INHERITED_FILE    "+file"

enum { INHERITED_MAX = 128, INHERITED_FIRST = 3 };

struct inherited_socket {
    int fd; /* close-on-exec; -1: taken */
    bool is_metrics;
    bool has_file; /* made by the server before */
};

struct inherited {
    size_t n;
    bool is_upgrade; /* passed by a server like this one */
    struct inherited_socket items[INHERITED_MAX];
};

/*
 * Read LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES and remove them from the environment; what is
 * meant for another process is none of ours. 0; or -EINVAL and *ret_error a line (mem_free()).
 */
int inherited_read(struct inherited *ret, char **ret_error);
#endif
