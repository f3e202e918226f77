/* A listening socket as a thing: its name, its file, its end. */
#include "net/listener.h"
#include "base/mem.h"
#include "net/listener_parts.h"
#include "net/net.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void listener_unlink(struct listener *listener)
{
    struct stat now;
    /* somebody may have removed it, and the next server have put its own there */
    if (listener->owns_file && lstat(listener->address, &now) == 0 &&
        now.st_dev == listener->device && now.st_ino == listener->inode)
        unlink(listener->address);
    listener->owns_file = listener->made_file = false;
}

void listener_free(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->net)
        ev_io_stop(listener->net->loop, &listener->watch);
    list_remove(&listener->link);
    if (listener->fd >= 0)
        close(listener->fd);
    mem_free(listener->address);
    mem_free(listener);
}

/* What the socket is bound to, as text. */
static int read_name(struct listener *listener)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un un;
    } name = {.any = {.sa_family = AF_UNSPEC}};
    char text[INET6_ADDRSTRLEN] = "";
    socklen_t len = sizeof name;
    if (getsockname(listener->fd, &name.any, &len) < 0)
        return -errno;
    if (name.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &name.v4.sin_addr, text, sizeof text);
        listener->port = ntohs(name.v4.sin_port);
        listener->is_wildcard = name.v4.sin_addr.s_addr == INADDR_ANY;
    } else if (name.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &name.v6.sin6_addr, text, sizeof text);
        listener->port = ntohs(name.v6.sin6_port);
        listener->is_wildcard = IN6_IS_ADDR_UNSPECIFIED(&name.v6.sin6_addr);
    } else if (name.any.sa_family == AF_UNIX) {
        listener->is_unix = true;
    } else {
        return -EAFNOSUPPORT;
    }
    size_t room = len > offsetof(struct sockaddr_un, sun_path)
                      ? len - offsetof(struct sockaddr_un, sun_path)
                      : 0;
    listener->address = listener->is_unix
                            ? mem_printf("%.*s", (int)room, room ? name.un.sun_path : "")
                            : mem_strdup(text);
    return listener->address ? 0 : -ENOMEM;
}

static bool has_reuseport(int fd)
{
    int is_on = 0;
    socklen_t len = sizeof is_on;
    return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &is_on, &len) == 0 && is_on;
}

int listener_wrap(int fd, struct listener **ret_listener, char **ret_error)
{
    struct listener *listener = mem_zalloc(sizeof *listener);
    int rc = listener ? 0 : -ENOMEM;
    if (listener) {
        list_init(&listener->link);
        listener->fd = fd;
        rc = read_name(listener);
    }
    if (rc < 0) {
        if (listener)
            listener->fd = -1; /* the caller's still */
        listener_free(listener);
        return listener_fail(rc, ret_error, mem_printf("cannot use the socket: %s", strerror(-rc)));
    }
    listener->is_reuseport = !listener->is_unix && has_reuseport(fd);
    *ret_listener = listener;
    return 0;
}

void listener_note_file(struct listener *listener, bool is_ours)
{
    struct stat made;
    if (lstat(listener->address, &made) < 0)
        return;
    listener->made_file = true;
    listener->owns_file = is_ours;
    listener->device = made.st_dev;
    listener->inode = made.st_ino;
}

char *listener_url(const struct listener *listener)
{
    if (listener->is_unix)
        return mem_printf("unix:%s", listener->address);
    bool is_v6 = strchr(listener->address, ':');
    return mem_printf(is_v6 ? "http://[%s]:%u" : "http://%s:%u", listener->address, listener->port);
}
