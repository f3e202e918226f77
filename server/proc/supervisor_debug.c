/*
 * The debug address (--debug-address): who asks there gets the tasks of all workers as a text. It
 * is for the operator's own eyes and rare, so each question is a short-lived child of the
 * supervisor's, which has become the workers' user, asks them, waits for them, and is alone with
 * its peer. None of that can hold up the server or be held up by it.
 */
#include "base/log.h"
#include "base/mem.h"
#include "net/listener_parts.h"
#include "proc/children.h"
#include "proc/debug/tasks_page.h"
#include "proc/report/examine.h"
#include "proc/supervisor_parts.h"
#include "proc/system/upgrade.h"
#include "proc/worker.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    CHILDREN_MAX = 4, /* questions at one time; others wait to be accepted */
    HEAD_BYTES = 8192,
    PEER_SECONDS = 2, /* for one step of the peer's */
    WORKERS_MS = 1000,
    RETRY_SECONDS = 1
};

/* ---- the child ---- */

static void put(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(0);
}

static bool read_head(int fd, char head[HEAD_BYTES])
{
    size_t len = 0;
    head[0] = '\0';
    while (len < HEAD_BYTES - 1 && !strstr(head, "\r\n\r\n")) {
        ssize_t n = recv(fd, head + len, HEAD_BYTES - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        head[len] = '\0';
    }
    return strstr(head, "\r\n\r\n");
}

/* Closed at once over bytes that nobody has read it would be reset, with what it was answered. */
static void part(int fd)
{
    char bytes[1024];
    shutdown(fd, SHUT_WR);
    while (recv(fd, bytes, sizeof bytes, 0) > 0) {
    }
    close(fd);
}

static void answer(struct supervisor *supervisor, int fd, const char *head)
{
    static const char fields[] = "content-type: text/plain; charset=utf-8\r\n"
                                 "cache-control: no-store\r\nconnection: close\r\n";
    bool is_head = strncmp(head, "HEAD ", 5) == 0, is_get = strncmp(head, "GET ", 4) == 0;
    const char *target = head + (is_head ? 5 : 4);
    bool is_root = strncmp(target, "/ ", 2) == 0 || strncmp(target, "/?", 2) == 0;
    const char *status = !is_head && !is_get ? "405 Method Not Allowed\r\nallow: GET, HEAD"
                         : is_root           ? "200 OK"
                                             : "404 Not Found";
    put(fd, "HTTP/1.1 ");
    put(fd, status);
    put(fd, "\r\n");
    put(fd, fields);
    put(fd, "\r\n");
    if (is_get && is_root)
        tasks_pages_show(supervisor->tasks, supervisor->board, WORKERS_MS, fd);
    else if (!is_head)
        put(fd, is_get ? "there is nothing here: see /\n" : "GET and HEAD only\n");
}

static _Noreturn void serve(struct supervisor *supervisor, int fd)
{
    char head[HEAD_BYTES], *error = NULL;
    struct timeval patience = {.tv_sec = PEER_SECONDS};
    examine_begin(); /* no listener is kept open, and it ends in any case */
    if (privileges_drop(&supervisor->privileges, &error) < 0)
        _exit(EXIT_CANNOT_RUN);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (read_head(fd, head))
        answer(supervisor, fd, head);
    part(fd);
    log_stop();
    _exit(EXIT_FINE);
}

/* ---- the supervisor ---- */

static void on_exit_of_child(pid_t pid, int status, void *arg)
{
    struct supervisor *supervisor = arg;
    (void)pid, (void)status;
    supervisor->n_debug_children--;
    if (supervisor->debug && !ev_is_active(&supervisor->debug_watch))
        ev_io_start(supervisor->loop, &supervisor->debug_watch);
}

static void on_accept(struct ev_loop *loop, ev_io *watch, int events)
{
    struct supervisor *supervisor = watch->data;
    (void)events;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    pid_t pid = children_fork(on_exit_of_child, supervisor);
    if (pid == 0)
        serve(supervisor, fd);
    close(fd);
    if (pid < 0)
        log_line(LOG_LEVEL_WARNING, 818, "no process can be had to answer the debug address: %s",
                 strerror(-pid));
    else if (++supervisor->n_debug_children >= CHILDREN_MAX)
        ev_io_stop(loop, watch);
}

static bool is_loopback(const struct listener *listener)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (listener->is_unix)
        return true;
    if (inet_pton(AF_INET, listener->address, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, listener->address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* An address that others reach must have been given as such: a name may mean anything. */
static bool is_given_as_address(const char *where)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    const char *colon = strrchr(where, ':');
    char *host = colon ? mem_printf("%.*s", (int)(colon - where), where) : NULL;
    bool is_one = where[0] == '[' || (host && inet_pton(AF_INET, host, bytes) == 1);
    mem_free(host);
    return is_one;
}

static int check_reach(const char *where, const struct listener *listener, char **ret_error)
{
    if (is_loopback(listener))
        return 0;
    if (!is_given_as_address(where))
        return listener_fail(-EINVAL, ret_error,
                             mem_printf("--debug-address %s is %s, which others may reach: give "
                                        "that address itself if it is meant",
                                        where, listener->address));
    log_line(LOG_LEVEL_WARNING, 816,
             "the debug address may be reached by others than this machine: who asks there is "
             "told what the application does address=%s",
             listener->address);
    return 0;
}

static int open_address(struct supervisor *supervisor, char **ret_error)
{
    const struct settings *settings = supervisor_settings(supervisor);
    const char *where = settings->debug_address;
    char *whole = mem_printf("%s%s", where[0] == ':' ? "127.0.0.1" : "", where);
    struct listener *listener = NULL;
    int rc = whole
                 ? listener_open_endpoint(settings, whole, "--debug-address", &listener, ret_error)
                 : -ENOMEM;
    if (rc == 0)
        rc = check_reach(whole, listener, ret_error);
    mem_free(whole);
    if (rc < 0)
        listener_close_endpoint(listener);
    else
        supervisor->debug = listener;
    return rc;
}

static void begin(struct supervisor *supervisor)
{
    char *url = listener_url(supervisor->debug);
    log_line(LOG_LEVEL_INFO, 815, "serving the debug address url=%s", url ? url : "?");
    mem_free(url);
    ev_io_init(&supervisor->debug_watch, on_accept, supervisor->debug->fd, EV_READ);
    supervisor->debug_watch.data = supervisor;
    ev_io_start(supervisor->loop, &supervisor->debug_watch);
}

/* The server that this one is an upgrade of has the address for a moment longer. */
static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    struct supervisor *supervisor = timer->data;
    char *error = NULL;
    (void)loop, (void)events;
    if (supervisor->is_stopping || supervisor->debug)
        return;
    if (open_address(supervisor, &error) == 0) {
        begin(supervisor);
        return;
    }
    log_line(LOG_LEVEL_WARNING, 817, "the debug address is not served yet: %s",
             error ? error : "out of memory");
    mem_free(error);
    ev_timer_set(timer, RETRY_SECONDS, 0);
    ev_timer_start(supervisor->loop, timer);
}

int supervisor_debug_open(struct supervisor *supervisor, char **ret_error)
{
    const struct settings *settings = supervisor_settings(supervisor);
    *ret_error = NULL;
    if (!settings->debug_address)
        return 0;
    supervisor->tasks = tasks_pages_new();
    if (!supervisor->tasks)
        return -errno;
    return upgrade_is_one() ? 0 : open_address(supervisor, ret_error);
}

void supervisor_debug_start(struct supervisor *supervisor)
{
    ev_timer_init(&supervisor->debug_retry, on_retry, 0, 0);
    supervisor->debug_retry.data = supervisor;
    if (supervisor->debug)
        begin(supervisor);
}

void supervisor_debug_take_over(struct supervisor *supervisor)
{
    if (supervisor->tasks)
        on_retry(supervisor->loop, &supervisor->debug_retry, 0);
}

void supervisor_debug_stop(struct supervisor *supervisor)
{
    if (supervisor->loop) {
        ev_timer_stop(supervisor->loop, &supervisor->debug_retry);
        ev_io_stop(supervisor->loop, &supervisor->debug_watch);
    }
    listener_close_endpoint(supervisor->debug);
    supervisor->debug = NULL;
}

void supervisor_debug_forget(struct supervisor *supervisor)
{
    if (supervisor->debug)
        close(supervisor->debug->fd);
}
