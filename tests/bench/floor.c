/*
 * The least that a server can do: epoll, read, write. It parses nothing: it counts the ends of
 * request heads and answers each with the same bytes. What the kernel costs is all it costs, so a
 * server that parses, checks and calls an application can be measured against it.
 *
 *   floor hello   keep-alive; a read's worth of requests is answered in one write
 *   floor close   one request per connection: accept4, read, write, close
 *   floor echo    keep-alive; a request is a frame as long as the first one; answers its body
 *
 * It prints "port N" once it listens on 127.0.0.1, and runs until it is killed. One thread, edge
 * triggered: a connection is told of once per arrival, and read once where the read comes up short.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEAD_END     "\r\n\r\n"
#define HEAD_END_LEN 4
#define CARRY        3 /* bytes of a head's end that an earlier read may have brought */
#define BUFFER_BYTES 65536
#define COPIES       256 /* responses that leave in one write at most */
#define EVENTS       256
#define BACKLOG      4096
#define ACCEPT_BATCH 16

static const char hello_response[] = "HTTP/1.1 200 OK\r\n"
                                     "date: Thu, 20 Nov 2025 12:00:00 GMT\r\n"
                                     "server: cgw\r\n"
                                     "content-type: text/plain\r\n"
                                     "content-length: 14\r\n\r\n"
                                     "Hello, world!\n";
static const char close_response[] = "HTTP/1.1 200 OK\r\n"
                                     "date: Thu, 20 Nov 2025 12:00:00 GMT\r\n"
                                     "server: cgw\r\n"
                                     "content-type: text/plain\r\n"
                                     "content-length: 14\r\n"
                                     "connection: close\r\n\r\n"
                                     "Hello, world!\n";

/* What is known of a connection; from a table by descriptor, so there is nothing to allocate. */
struct conn {
    uint64_t owed;        /* bytes of the response pattern still to write; hello only */
    uint32_t have;        /* bytes of a frame that have come; echo only */
    uint8_t n_carry;      /* bytes in carry; hello only */
    char carry[CARRY];    /* the last bytes of the read before */
    unsigned char *frame; /* a frame that came in pieces; echo only, kept for the next */
};

struct floor {
    int epoll, listener;
    void (*on_accept)(struct floor *, int fd);
    void (*on_ready)(struct floor *, int fd, uint32_t events);
    const char *response;
    size_t response_len;
    size_t frame_len, body_len; /* echo: of a request, once the first has come */
    char head[256];             /* echo: of every response */
    size_t head_len;
    char copies[COPIES * sizeof(close_response)];
    unsigned char buffer[CARRY + BUFFER_BYTES];
    struct conn conns[65536];
};

static void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void drop(struct floor *floor, int fd)
{
    unsigned char *frame = floor->conns[fd].frame;
    floor->conns[fd] = (struct conn){.frame = frame};
    close(fd);
}

static void watch(struct floor *floor, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(floor->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

static void accept_keep(struct floor *floor, int fd)
{
    watch(floor, fd, EPOLLIN | EPOLLOUT | EPOLLET);
}

/* How many heads end in bytes; looks at one byte in four where there is no line end. */
static size_t count_heads(const unsigned char *bytes, size_t len)
{
    size_t found = 0, i = HEAD_END_LEN - 1;
    while (i < len) {
        if (bytes[i] == '\n') {
            bool ends = memcmp(bytes + i - CARRY, HEAD_END, HEAD_END_LEN) == 0;
            found += ends;
            i += ends ? HEAD_END_LEN : 2;
        } else {
            i += bytes[i] == '\r' ? 1 : HEAD_END_LEN;
        }
    }
    return found;
}

/* Write what is owed; what does not fit stays owed until the socket is writable. */
static int pay(struct floor *floor, int fd)
{
    struct conn *conn = &floor->conns[fd];
    while (conn->owed > 0) {
        size_t skip =
            (floor->response_len - conn->owed % floor->response_len) % floor->response_len;
        size_t len = COPIES * floor->response_len - skip;
        if (len > conn->owed)
            len = conn->owed;
        ssize_t n = send(fd, floor->copies + skip, len, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN ? 0 : -errno;
        conn->owed -= (uint64_t)n;
    }
    return 0;
}

/* Take n bytes behind those that were carried over; keep what may be the start of a head's end. */
static void take_heads(struct floor *floor, struct conn *conn, size_t n)
{
    unsigned char *start = floor->buffer + CARRY - conn->n_carry;
    memcpy(start, conn->carry, conn->n_carry);
    size_t len = conn->n_carry + n;
    conn->owed += count_heads(start, len) * floor->response_len;
    if (len >= HEAD_END_LEN && memcmp(start + len - HEAD_END_LEN, HEAD_END, HEAD_END_LEN) == 0) {
        conn->n_carry = 0;
        return;
    }
    conn->n_carry = (uint8_t)(len < CARRY ? len : CARRY);
    memcpy(conn->carry, start + len - conn->n_carry, conn->n_carry);
}

static void ready_hello(struct floor *floor, int fd, uint32_t events)
{
    struct conn *conn = &floor->conns[fd];
    ssize_t n = BUFFER_BYTES;
    while ((events & EPOLLIN) && n == BUFFER_BYTES) {
        n = recv(fd, floor->buffer + CARRY, BUFFER_BYTES, 0);
        if (n > 0)
            take_heads(floor, conn, (size_t)n);
        else if (n == 0 || errno != EAGAIN)
            goto gone;
    }
    if (pay(floor, fd) == 0)
        return;
gone:
    drop(floor, fd);
}

/* The whole answer of the close mode, and the end of the connection. */
static bool answer_and_close(struct floor *floor, int fd)
{
    ssize_t n = recv(fd, floor->buffer, BUFFER_BYTES, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n > 0)
        (void)send(fd, floor->response, floor->response_len, MSG_NOSIGNAL);
    drop(floor, fd);
    return true;
}

static void accept_close(struct floor *floor, int fd)
{
    if (!answer_and_close(floor, fd))
        watch(floor, fd, EPOLLIN);
}

static void ready_close(struct floor *floor, int fd, uint32_t events)
{
    (void)events;
    answer_and_close(floor, fd);
}

/* Learn from the first request how long every request is, and make the head of all answers. */
static void learn_frame(struct floor *floor, size_t have)
{
    floor->buffer[have] = '\0';
    const char *text = (const char *)floor->buffer;
    const char *end = strstr(text, HEAD_END);
    const char *field = strcasestr(text, "\r\ncontent-length:");
    if (end == NULL || field == NULL) {
        errno = EPROTO;
        die("the first request has to come whole, with a content-length");
    }
    floor->body_len = strtoul(field + strlen("\r\ncontent-length:"), NULL, 10);
    floor->frame_len = (size_t)(end - text) + HEAD_END_LEN + floor->body_len;
    floor->head_len = (size_t)snprintf(floor->head, sizeof floor->head,
                                       "HTTP/1.1 200 OK\r\n"
                                       "date: Thu, 20 Nov 2025 12:00:00 GMT\r\n"
                                       "server: cgw\r\n"
                                       "content-type: application/octet-stream\r\n"
                                       "content-length: %zu\r\n\r\n",
                                       floor->body_len);
}

static int echo_frame(struct floor *floor, int fd, unsigned char *frame)
{
    struct iovec parts[] = {{floor->head, floor->head_len},
                            {frame + floor->frame_len - floor->body_len, floor->body_len}};
    ssize_t n = writev(fd, parts, 2);
    return n == (ssize_t)(floor->head_len + floor->body_len) ? 0 : -EIO;
}

/* Put bytes behind what has come of a frame; returns it where it is whole, else NULL. */
static unsigned char *gather(struct floor *floor, struct conn *conn, const unsigned char *bytes,
                             size_t len)
{
    if (conn->frame == NULL && (conn->frame = malloc(floor->frame_len)) == NULL)
        die("malloc");
    memcpy(conn->frame + conn->have, bytes, len);
    conn->have += (uint32_t)len;
    if (conn->have < floor->frame_len)
        return NULL;
    conn->have = 0;
    return conn->frame;
}

/* A frame that came whole is answered from the shared buffer, else it is gathered first. */
static int take_frames(struct floor *floor, int fd, size_t n)
{
    struct conn *conn = &floor->conns[fd];
    size_t used = 0;
    while (used < n) {
        size_t take = floor->frame_len - conn->have;
        if (take > n - used)
            take = n - used;
        unsigned char *frame = floor->buffer + used;
        if (take < floor->frame_len)
            frame = gather(floor, conn, frame, take);
        used += take;
        if (frame != NULL && echo_frame(floor, fd, frame) < 0)
            return -EIO;
    }
    return 0;
}

static void ready_echo(struct floor *floor, int fd, uint32_t events)
{
    (void)events;
    ssize_t n = BUFFER_BYTES;
    while (n == BUFFER_BYTES) {
        n = recv(fd, floor->buffer, BUFFER_BYTES, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n > 0 && floor->frame_len == 0)
            learn_frame(floor, (size_t)n);
        if (n <= 0 || take_frames(floor, fd, (size_t)n) < 0) {
            drop(floor, fd);
            return;
        }
    }
}

static void accept_batch(struct floor *floor)
{
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        int fd = accept4(floor->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        if ((size_t)fd >= sizeof floor->conns / sizeof floor->conns[0])
            close(fd);
        else
            floor->on_accept(floor, fd);
    }
}

static void run(struct floor *floor)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(floor->epoll, events, EVENTS, -1);
        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == floor->listener)
                accept_batch(floor);
            else
                floor->on_ready(floor, events[i].data.fd, events[i].events);
        }
    }
}

static int listen_on_loopback(uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        die("listen");
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int set_mode(struct floor *floor, const char *mode)
{
    floor->on_accept = accept_keep;
    floor->response = hello_response;
    floor->response_len = sizeof hello_response - 1;
    if (strcmp(mode, "hello") == 0) {
        floor->on_ready = ready_hello;
    } else if (strcmp(mode, "echo") == 0) {
        floor->on_ready = ready_echo;
    } else if (strcmp(mode, "close") == 0) {
        floor->response = close_response;
        floor->response_len = sizeof close_response - 1;
        floor->on_accept = accept_close;
        floor->on_ready = ready_close;
    } else {
        return -EINVAL;
    }
    for (size_t i = 0; i < COPIES; i++)
        memcpy(floor->copies + i * floor->response_len, floor->response, floor->response_len);
    return 0;
}

int main(int argc, char **argv)
{
    static struct floor floor;
    uint16_t port;
    if (argc != 2 || set_mode(&floor, argv[1]) < 0) {
        fprintf(stderr, "usage: floor hello|close|echo\n");
        return 2;
    }
    floor.listener = listen_on_loopback(&port);
    floor.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (floor.epoll < 0)
        die("epoll_create1");
    watch(&floor, floor.listener, EPOLLIN);
    printf("port %u\n", port);
    fflush(stdout);
    run(&floor);
}
