/* Opening listening sockets, with every failure said in one line. */
#include "base/mem.h"
#include "net/listener_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Accepted sockets inherit it. A unix socket has no such option, which is fine. */
static void set_nodelay(int fd)
{
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int bind_tcp(const struct sockaddr *at, socklen_t len, int backlog, bool is_reuseport)
{
    const int on = 1;
    int fd = socket(at->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set_nodelay(fd);
    if ((!is_reuseport || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
        bind(fd, at, len) == 0 && listen(fd, backlog) == 0)
        return fd;
    int rc = -errno;
    close(fd);
    return rc;
}

static int fail_tcp(int rc, const struct listener_place *place, char **ret_error)
{
    bool is_endpoint = strcmp(place->option, "--port") != 0;
    const char *hint = rc == -EADDRINUSE      ? "another program listens there: choose another "
                       : rc == -EACCES        ? "ports below 1024 need CAP_NET_BIND_SERVICE"
                       : rc == -EADDRNOTAVAIL ? "this machine has no such address: choose another "
                                              : NULL;
    const char *option = rc == -EACCES       ? ""
                         : is_endpoint       ? place->option
                         : rc == -EADDRINUSE ? "--port"
                                             : "--host";
    return listener_fail(rc, ret_error,
                         mem_printf("cannot listen on %s port %u: %s%s%s%s", place->host,
                                    place->port, strerror(-rc), hint ? "; " : "", hint ? hint : "",
                                    hint ? option : ""));
}

/* A listener around our own new descriptor, which is closed on failure. */
static int keep(int fd, struct listener **ret_listener, char **ret_error)
{
    int rc = listener_wrap(fd, ret_listener, ret_error);
    if (rc < 0)
        close(fd);
    return rc;
}

static int open_tcp(const struct listener_place *place, struct listener **ret_listener,
                    char **ret_error)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", place->port);
    int gai = getaddrinfo(place->host, port, &hints, &found);
    if (gai != 0)
        return listener_fail(
            -EINVAL, ret_error,
            mem_printf("cannot find the address of host %s: %s", place->host, gai_strerror(gai)));
    int fd = -EADDRNOTAVAIL;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = bind_tcp(at->ai_addr, at->ai_addrlen, place->backlog, place->is_reuseport);
    freeaddrinfo(found);
    return fd < 0 ? fail_tcp(fd, place, ret_error) : keep(fd, ret_listener, ret_error);
}

int listener_open_beside(const struct listener *listener, int backlog,
                         struct listener **ret_listener, char **ret_error)
{
    union {
        struct sockaddr any;
        struct sockaddr_storage room;
    } name = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t len = sizeof name;
    int fd = getsockname(listener->fd, &name.any, &len) < 0
                 ? -errno
                 : bind_tcp(&name.any, len, backlog, true);
    if (fd < 0)
        return listener_fail(
            fd, ret_error,
            mem_printf("cannot open one more socket on %s port %u for --reuseport: %s",
                       listener->address, listener->port, strerror(-fd)));
    return keep(fd, ret_listener, ret_error);
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
static int clear_path(const struct sockaddr_un *name, const char *option, char **ret_error)
{
    struct stat info;
    const char *path = name->sun_path;
    if (lstat(path, &info) < 0)
        return errno == ENOENT ? 0
                               : listener_fail(-errno, ret_error,
                                               mem_printf("cannot look at unix socket %s: %s", path,
                                                          strerror(errno)));
    if (!S_ISSOCK(info.st_mode))
        return listener_fail(
            -EEXIST, ret_error,
            mem_printf("%s is there and is %s: remove it or choose another %s", path,
                       S_ISLNK(info.st_mode) ? "a symbolic link" : "no socket", option));
    if (is_live(name))
        return listener_fail(-EADDRINUSE, ret_error,
                             mem_printf("unix socket %s is in use by another program", path));
    if (unlink(path) < 0)
        return listener_fail(
            -errno, ret_error,
            mem_printf("cannot replace the stale unix socket %s: %s", path, strerror(errno)));
    return 0;
}

static int bind_unix(const struct sockaddr_un *name, const struct listener_place *place)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    mode_t old = umask(0777 & ~place->uds_mode); /* born with its mode: no window */
    int rc = bind(fd, (const struct sockaddr *)name, sizeof *name) < 0 ? -errno : 0;
    umask(old);
    if (rc == 0 && listen(fd, place->backlog) < 0)
        rc = -errno;
    if (rc == 0)
        return fd;
    close(fd);
    return rc;
}

static int open_unix(const struct listener_place *place, struct listener **ret_listener,
                     char **ret_error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    size_t len = strlen(place->uds);
    if (len >= sizeof name.sun_path)
        return listener_fail(-ENAMETOOLONG, ret_error,
                             mem_printf("the path of unix socket %s is too long: at most %zu bytes",
                                        place->uds, sizeof name.sun_path - 1));
    memcpy(name.sun_path, place->uds, len + 1);
    int rc = clear_path(&name, place->option, ret_error);
    if (rc < 0)
        return rc;
    int fd = bind_unix(&name, place);
    if (fd < 0)
        return listener_fail(
            fd, ret_error,
            mem_printf("cannot listen on unix socket %s: %s", place->uds, strerror(-fd)));
    rc = keep(fd, ret_listener, ret_error);
    if (rc == 0)
        listener_note_file(*ret_listener, true);
    return rc;
}

int listener_open_at(const struct listener_place *place, struct listener **ret_listener,
                     char **ret_error)
{
    *ret_error = NULL;
    return place->uds ? open_unix(place, ret_listener, ret_error)
                      : open_tcp(place, ret_listener, ret_error);
}

static bool is_listening(int fd)
{
    int listens = 0, type = 0;
    socklen_t len = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_STREAM;
}

/* Out of the way of the standard streams, whose numbers must stay taken. */
static int move_up(int fd)
{
    int up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int empty = open("/dev/null", O_RDWR | O_CLOEXEC);
    int rc = up < 0 || empty < 0 || dup2(empty, fd) < 0 ? -errno : up;
    if (empty >= 0)
        close(empty);
    if (rc < 0 && up >= 0)
        close(up);
    return rc;
}

int listener_adopt(int fd, const char *from, struct listener **ret_listener, char **ret_error)
{
    struct listener *listener;
    *ret_error = NULL;
    if (!is_listening(fd))
        return listener_fail(-EINVAL, ret_error,
                             mem_printf("descriptor %d (%s) is no listening stream socket: the "
                                        "parent process must have opened it and listen on it",
                                        fd, from));
    int rc = listener_wrap(fd, &listener, ret_error);
    if (rc < 0)
        return rc;
    bool is_set = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0 &&
                  (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
    listener->fd = !is_set ? -errno : fd < 3 ? move_up(fd) : fd;
    if (listener->fd >= 0) {
        set_nodelay(listener->fd);
        *ret_listener = listener;
        return 0;
    }
    rc = listener->fd;
    listener_free(listener);
    return listener_fail(rc, ret_error,
                         mem_printf("cannot use descriptor %d (%s): %s", fd, from, strerror(-rc)));
}

int listener_open(const struct settings *settings, struct listener **ret_listener, char **ret_error)
{
    struct listener_place place = {.host = settings->host,
                                   .port = settings->port,
                                   .uds = settings->uds,
                                   .uds_mode = settings->uds_mode,
                                   .backlog = settings->backlog,
                                   .is_reuseport = settings->reuseport,
                                   .option = settings->uds ? "--uds" : "--port"};
    if (settings->fd >= 0)
        return listener_adopt(settings->fd, "--fd", ret_listener, ret_error);
    return listener_open_at(&place, ret_listener, ret_error);
}
