/* Opening listening sockets, with every failure said in one line. */
#include "net/listener.h"
#include "base/mem.h"
#include "net/net.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(int rc, char **ret_error, char *message)
{
    *ret_error = message;
    return rc;
}

static struct listener *listener_new(int fd)
{
    struct listener *listener = mem_zalloc(sizeof *listener);
    if (!listener)
        return NULL;
    list_init(&listener->link);
    listener->fd = fd;
    return listener;
}

void listener_unlink(struct listener *listener)
{
    struct stat now;
    /* somebody may have removed it, and the next server have put its own there */
    if (listener->unlink_path && lstat(listener->unlink_path, &now) == 0 &&
        now.st_dev == listener->device && now.st_ino == listener->inode)
        unlink(listener->unlink_path);
    mem_free(listener->unlink_path);
    listener->unlink_path = NULL;
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
    listener_unlink(listener);
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

static int finish(struct listener *listener, struct listener **ret_listener, char **ret_error)
{
    int rc = read_name(listener);
    if (rc < 0) {
        listener_free(listener);
        return fail(rc, ret_error, mem_printf("cannot use the socket: %s", strerror(-rc)));
    }
    *ret_listener = listener;
    return 0;
}

/* Accepted sockets inherit it. A unix socket has no such option, which is fine. */
static void set_nodelay(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int bind_tcp(const struct addrinfo *at, int backlog)
{
    const int on = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set_nodelay(fd);
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, backlog) == 0)
        return fd;
    int rc = -errno;
    close(fd);
    return rc;
}

static const char *advice(int rc)
{
    return rc == -EADDRINUSE      ? "; another program listens there: choose another --port"
           : rc == -EACCES        ? "; ports below 1024 need CAP_NET_BIND_SERVICE"
           : rc == -EADDRNOTAVAIL ? "; this machine has no such address: choose another --host"
                                  : "";
}

static int open_tcp(const struct settings *settings, struct listener **ret_listener,
                    char **ret_error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", settings->port);
    int gai = getaddrinfo(settings->host, port, &hints, &found);
    if (gai != 0)
        return fail(-EINVAL, ret_error,
                    mem_printf("cannot find the address of host %s: %s", settings->host,
                               gai_strerror(gai)));
    int fd = -EADDRNOTAVAIL;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = bind_tcp(at, settings->backlog);
    freeaddrinfo(found);
    if (fd < 0)
        return fail(fd, ret_error,
                    mem_printf("cannot listen on %s port %u: %s%s", settings->host, settings->port,
                               strerror(-fd), advice(fd)));
    struct listener *listener = listener_new(fd);
    if (!listener) {
        close(fd);
        return -ENOMEM;
    }
    return finish(listener, ret_listener, ret_error);
}

/* Does anybody accept on the socket file? */
static bool is_live(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return true;
    int rc = connect(fd, (const struct sockaddr *)name, sizeof *name);
    bool live = rc == 0 || errno != ECONNREFUSED;
    close(fd);
    return live;
}

/* A socket file that nobody serves any more is replaced; anything else stays. */
static int clear_path(const struct sockaddr_un *name, char **ret_error)
{
    struct stat info;
    const char *path = name->sun_path;
    if (lstat(path, &info) < 0)
        return errno == ENOENT
                   ? 0
                   : fail(-errno, ret_error,
                          mem_printf("cannot look at unix socket %s: %s", path, strerror(errno)));
    if (!S_ISSOCK(info.st_mode))
        return fail(-EEXIST, ret_error,
                    mem_printf("%s is there and is %s: remove it or choose another --uds", path,
                               S_ISLNK(info.st_mode) ? "a symbolic link" : "no socket"));
    if (is_live(name))
        return fail(-EADDRINUSE, ret_error,
                    mem_printf("unix socket %s is in use by another program", path));
    if (unlink(path) < 0)
        return fail(
            -errno, ret_error,
            mem_printf("cannot replace the stale unix socket %s: %s", path, strerror(errno)));
    return 0;
}

static int bind_unix(int fd, const struct sockaddr_un *name, const struct settings *settings)
{
    mode_t old = umask(0777 & ~settings->uds_mode); /* born with its mode: no window */
    int rc = bind(fd, (const struct sockaddr *)name, sizeof *name);
    int error = errno;
    umask(old);
    if (rc < 0)
        return -error;
    return listen(fd, settings->backlog) < 0 ? -errno : 0;
}

static int open_unix(const struct settings *settings, struct listener **ret_listener,
                     char **ret_error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(settings->uds);
    if (len >= sizeof name.sun_path)
        return fail(-ENAMETOOLONG, ret_error,
                    mem_printf("the path of unix socket %s is too long: at most %zu bytes",
                               settings->uds, sizeof name.sun_path - 1));
    memcpy(name.sun_path, settings->uds, len + 1);
    int rc = clear_path(&name, ret_error);
    if (rc < 0)
        return rc;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct listener *listener = fd < 0 ? NULL : listener_new(fd);
    if (!listener) {
        if (fd >= 0)
            close(fd);
        return -ENOMEM;
    }
    rc = bind_unix(fd, &name, settings);
    if (rc < 0) {
        listener_free(listener);
        return fail(
            rc, ret_error,
            mem_printf("cannot listen on unix socket %s: %s", settings->uds, strerror(-rc)));
    }
    struct stat made;
    if (lstat(settings->uds, &made) == 0) {
        listener->unlink_path = mem_strdup(settings->uds);
        listener->device = made.st_dev;
        listener->inode = made.st_ino;
    }
    return finish(listener, ret_listener, ret_error);
}

static int open_inherited(const struct settings *settings, struct listener **ret_listener,
                          char **ret_error)
{
    int listens = 0;
    socklen_t len = sizeof listens;
    if (getsockopt(settings->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0 || !listens)
        return fail(-EINVAL, ret_error,
                    mem_printf("descriptor %d is no listening socket: --fd takes one that the "
                               "parent process has opened and listens on",
                               settings->fd));
    int fd = fcntl(settings->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
        return fail(-errno, ret_error,
                    mem_printf("cannot use descriptor %d: %s", settings->fd, strerror(errno)));
    set_nodelay(fd);
    struct listener *listener = listener_new(fd);
    if (!listener) {
        close(fd);
        return -ENOMEM;
    }
    return finish(listener, ret_listener, ret_error);
}

int listener_open(const struct settings *settings, struct listener **ret_listener, char **ret_error)
{
    *ret_error = NULL;
    if (settings->fd >= 0)
        return open_inherited(settings, ret_listener, ret_error);
    if (settings->uds)
        return open_unix(settings, ret_listener, ret_error);
    return open_tcp(settings, ret_listener, ret_error);
}

char *listener_url(const struct listener *listener)
{
    if (listener->is_unix)
        return mem_printf("unix:%s", listener->address);
    bool is_v6 = strchr(listener->address, ':');
    return mem_printf(is_v6 ? "http://[%s]:%u" : "http://%s:%u", listener->address, listener->port);
}
