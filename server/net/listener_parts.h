/* Among the files of the listener: what those that open sockets need of the one that has them. */
#ifndef NET_LISTENER_PARTS_H
#define NET_LISTENER_PARTS_H
#include "net/listener.h"

/* A listener around a descriptor, which stays the caller's on failure. 0 or a negative errno. */
int listener_wrap(int fd, struct listener **ret_listener, char **ret_error);
/* Its address is a socket file that was made for it, and is_ours to remove or not yet. */
void listener_note_file(struct listener *listener, bool is_ours);

/* Answer rc, with a message from the heap. */
static inline int listener_fail(int rc, char **ret_error, char *message)
{
    *ret_error = message;
    return rc;
}
#endif
