/*
 * A load generator that only counts bytes. It asks once to learn how long a response is; from then
 * on so many bytes are a response, and there is nothing to parse, so that one core of it saturates
 * one core of server where a generator that parses cannot.
 *
 *   load keep PORT    requests on kept connections, --depth of them in one write
 *   load close PORT   a connection for each request; the server closes
 *   load idle PORT    one request on each connection, then hold them all until standard input ends
 *
 * With --spin it never sleeps, so that what a server pays does not hang on whether it has to wake
 * its client. It prints one line of JSON: responses, bytes, seconds, errors, and its own CPU time.
 * The idle mode prints one when all connections are up, and another when it has let go of them. It
 * talks to 127.0.0.1 only, for so many --seconds or until --count responses. One thread,
 * edge-triggered.
 */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES    8192
#define BUFFER_BYTES  (1 << 20)
#define STATUS_LEN    12 /* of "HTTP/1.1 200" */
#define EVENTS        512
#define IDLE_WINDOW   128 /* connections that may be on their way at once in idle mode */
#define MOST_ERRORS   1000
#define PROBE_SECONDS 10
#define PREEMPTED_S   1e-4 /* a turn in vain that took longer was somebody else's */
#define SOURCES       200  /* 127.0.0.1 to 127.0.0.200 */

struct options {
    uint16_t port;
    unsigned connections, depth, sources;
    double seconds, warmup_s, ramp_s;
    uint64_t count; /* 0: by time alone */
    size_t body_bytes;
    const char *method, *path, *json; /* json: the body, or NULL: bytes of no meaning */
    bool discard;                     /* let the kernel throw the bytes away, unread */
    bool spin;                        /* never sleep: who answers has nobody to wake */
};

struct conn {
    int fd;
    size_t sent;  /* bytes of the batch of requests */
    uint64_t got; /* bytes of the batch of responses */
};

struct load {
    struct options options;
    const struct mode *mode;
    int epoll;
    char *batch; /* depth requests */
    size_t request_len, batch_len;
    uint64_t response_len, expected; /* of one, of a batch */
    char status[STATUS_LEN];
    struct conn *conns;
    unsigned started, held;
    uint64_t responses, bytes, errors;
};

struct mode {
    const char *name;
    bool closes;
    unsigned (*may_start)(const struct load *load, double since_start);
    void (*on_batch)(struct load *load, struct conn *conn);
};

static char buffer[BUFFER_BYTES];

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(const struct load *load, const char *state, double seconds, double cpu_s)
{
    printf("{\"state\":\"%s\",\"responses\":%llu,\"bytes\":%llu,\"errors\":%llu,"
           "\"connections\":%u,\"response_bytes\":%llu,\"request_bytes\":%zu,"
           "\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n",
           state, (unsigned long long)load->responses, (unsigned long long)load->bytes,
           (unsigned long long)load->errors, load->started, (unsigned long long)load->response_len,
           load->request_len, seconds, cpu_s);
    fflush(stdout);
}

/* ---- connections ---- */

/* Several source addresses, so that ten thousand connections never run out of ports. */
static int connect_from(const struct load *load, unsigned index, int flags)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        die("socket");
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (load->options.sources > 1) {
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + index % load->options.sources);
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
            die("bind");
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(load->options.port);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        die("connect");
    return fd;
}

static void push(struct load *load, struct conn *conn)
{
    while (conn->sent < load->batch_len) {
        ssize_t n =
            send(conn->fd, load->batch + conn->sent, load->batch_len - conn->sent, MSG_NOSIGNAL);
        if (n < 0)
            return; /* the event that follows says more */
        conn->sent += (size_t)n;
    }
}

static void open_conn(struct load *load, struct conn *conn)
{
    conn->fd = connect_from(load, (unsigned)(conn - load->conns), SOCK_NONBLOCK);
    conn->sent = 0;
    conn->got = 0;
    push(load, conn);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = conn};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        die("epoll_ctl");
}

static void fail_conn(struct load *load, struct conn *conn)
{
    load->errors++;
    close(conn->fd);
    open_conn(load, conn);
}

/* Take what is there. 1: a peer that has ended; 0: all is well; negative: it is not. */
static int pull(struct load *load, struct conn *conn)
{
    int flags = load->options.discard ? MSG_TRUNC : 0;
    ssize_t n = BUFFER_BYTES;
    while (n == BUFFER_BYTES) {
        n = recv(conn->fd, buffer, BUFFER_BYTES, flags);
        if (n <= 0)
            return n == 0 ? 1 : errno == EAGAIN ? 0 : -errno;
        if (!load->options.discard && conn->got % load->response_len == 0 && n >= STATUS_LEN &&
            memcmp(buffer, load->status, STATUS_LEN) != 0)
            return -EPROTO;
        conn->got += (uint64_t)n;
        load->bytes += (uint64_t)n;
        if (conn->got > load->expected)
            return -EPROTO;
    }
    return 0;
}

/* The end may have come with the last bytes: there will be no other event to tell of it. */
static void on_ready(struct load *load, struct conn *conn, uint32_t events)
{
    bool ended = (events & EPOLLRDHUP) != 0, closes = load->mode->closes;
    push(load, conn);
    int end = events & (EPOLLIN | EPOLLERR | EPOLLHUP | EPOLLRDHUP) ? pull(load, conn) : 0;
    bool complete = conn->got == load->expected;
    ended = ended || end > 0;
    if (end < 0 || (ended && !(complete && closes)))
        fail_conn(load, conn);
    else if (complete && ended == closes)
        load->mode->on_batch(load, conn);
}

/* ---- modes ---- */

static unsigned start_on_ramp(const struct load *load, double since_start)
{
    unsigned all = load->options.connections;
    if (since_start >= load->options.ramp_s)
        return all;
    return (unsigned)(since_start / load->options.ramp_s * all);
}

static unsigned start_in_window(const struct load *load, double since_start)
{
    (void)since_start;
    unsigned all = load->options.connections, may = load->held + IDLE_WINDOW;
    return may < all ? may : all;
}

static void ask_again(struct load *load, struct conn *conn)
{
    load->responses += load->options.depth;
    conn->sent = 0;
    conn->got = 0;
    push(load, conn);
}

static void connect_again(struct load *load, struct conn *conn)
{
    load->responses++;
    close(conn->fd);
    open_conn(load, conn);
}

static void hold(struct load *load, struct conn *conn)
{
    load->responses++;
    load->held++;
    conn->got = 0;
}

static const struct mode modes[] = {
    {"keep", false, start_on_ramp, ask_again},
    {"close", true, start_on_ramp, connect_again},
    {"idle", false, start_in_window, hold},
};

/* ---- the first request, which is read with care ---- */

static const char *field_of(const char *head, const char *name)
{
    const char *field = strcasestr(head, name);
    return field == NULL ? NULL : field + strlen(name);
}

/* How long a response is, head and body; dies where that cannot be told or it is no success. */
static void learn_response(struct load *load, const char *head)
{
    const char *end = strstr(head, "\r\n\r\n"), *length = field_of(head, "\r\ncontent-length:");
    if (end == NULL || length == NULL || strncmp(head, "HTTP/1.1 2", strlen("HTTP/1.1 2")) != 0) {
        fprintf(stderr, "load: not a 2xx with a content-length: %.200s\n", head);
        exit(EXIT_FAILURE);
    }
    memcpy(load->status, head, STATUS_LEN);
    load->response_len = (uint64_t)(end + 4 - head) + strtoull(length, NULL, 10);
    load->expected = load->response_len * load->options.depth;
}

static void probe(struct load *load)
{
    static char head[HEAD_BYTES + 1];
    struct timeval patience = {.tv_sec = PROBE_SECONDS};
    int fd = connect_from(load, 0, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (send(fd, load->batch, load->request_len, MSG_NOSIGNAL) != (ssize_t)load->request_len)
        die("the first request");
    size_t have = 0;
    while (have < HEAD_BYTES && strstr(head, "\r\n\r\n") == NULL) {
        ssize_t n = recv(fd, head + have, HEAD_BYTES - have, 0);
        if (n <= 0)
            die("the first response");
        have += (size_t)n;
    }
    learn_response(load, head);
    uint64_t got = have;
    while (got < load->response_len) {
        ssize_t n = recv(fd, buffer, BUFFER_BYTES, 0);
        if (n <= 0)
            die("the first response's body");
        got += (uint64_t)n;
    }
    close(fd);
}

static void make_batch(struct load *load)
{
    const struct options *o = &load->options;
    char head[1024], length[96] = "";
    if (o->body_bytes > 0)
        snprintf(length, sizeof length, "%sContent-Length: %zu\r\n",
                 o->json ? "Content-Type: application/json\r\n" : "", o->body_bytes);
    int len =
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s%s\r\n", o->method,
                 o->path, o->port, length, load->mode->closes ? "Connection: close\r\n" : "");
    if (len >= (int)sizeof head) {
        errno = ENAMETOOLONG;
        die("path");
    }
    load->request_len = (size_t)len + o->body_bytes;
    load->batch_len = load->request_len * o->depth;
    load->batch = malloc(load->batch_len);
    if (load->batch == NULL)
        die("malloc");
    memset(load->batch, 'x', load->batch_len);
    for (unsigned i = 0; i < o->depth; i++) {
        char *at = load->batch + i * load->request_len;
        memcpy(at, head, (size_t)len);
        if (o->json)
            memcpy(at + len, o->json, o->body_bytes);
    }
}

/* ---- the run ---- */

/* How long a turn may wait: until the next start is due, or a look at the clock. */
static int patience_ms(const struct load *load)
{
    if (load->options.spin)
        return 0;
    return load->started < load->options.connections ? 1 : 20;
}

/* One turn: start what is due, then wait for and serve what is ready. Returns how many were. */
static int turn(struct load *load, double since_start)
{
    struct epoll_event events[EVENTS];
    unsigned may = load->mode->may_start(load, since_start);
    while (load->started < may)
        open_conn(load, &load->conns[load->started++]);
    int n = epoll_wait(load->epoll, events, EVENTS, patience_ms(load));
    for (int i = 0; i < n; i++)
        on_ready(load, events[i].data.ptr, events[i].events);
    if (load->errors > MOST_ERRORS) {
        fprintf(stderr, "load: more than %d errors\n", MOST_ERRORS);
        exit(EXIT_FAILURE);
    }
    return n;
}

/* Begin to count, and say since when. */
static double start_measuring(struct load *load, double *ret_cpu_s)
{
    load->responses = load->bytes = 0;
    *ret_cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
    return now_s(CLOCK_MONOTONIC);
}

static void run_load(struct load *load)
{
    const struct options *o = &load->options;
    double cpu, begin = start_measuring(load, &cpu), start = begin, now = begin, spun = 0;
    bool measuring = o->warmup_s <= 0;
    while (!measuring ||
           (now - begin < o->seconds && (o->count == 0 || load->responses < o->count))) {
        int n = turn(load, now - start);
        double before = now;
        now = now_s(CLOCK_MONOTONIC);
        if (n == 0 && o->spin && now - before < PREEMPTED_S)
            spun += now - before;
        if (!measuring && now - start >= o->warmup_s) {
            measuring = true;
            spun = 0;
            begin = start_measuring(load, &cpu);
        }
    }
    report(load, "done", now - begin, now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu - spun);
}

/* Bring all connections up, hold them until standard input ends, count those that were closed. */
static void run_idle(struct load *load)
{
    double start = now_s(CLOCK_MONOTONIC), now = start;
    while (load->held < load->options.connections && now - start < load->options.seconds) {
        turn(load, now - start);
        now = now_s(CLOCK_MONOTONIC);
    }
    report(load, "holding", now - start, now_s(CLOCK_PROCESS_CPUTIME_ID));
    while (getchar() != EOF)
        ;
    struct epoll_event events[EVENTS];
    int n;
    while ((n = epoll_wait(load->epoll, events, EVENTS, 0)) > 0)
        for (int i = 0; i < n; i++)
            load->errors += (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    report(load, "done", now_s(CLOCK_MONOTONIC) - start, now_s(CLOCK_PROCESS_CPUTIME_ID));
}

static int usage(void)
{
    fprintf(stderr,
            "usage: load keep|close|idle PORT [--connections N] [--depth N] [--seconds S]\n"
            "            [--warmup S] [--ramp S] [--count N] [--path PATH] [--method NAME]\n"
            "            [--body BYTES | --json TEXT] [--discard] [--sources N] [--spin]\n");
    return 2;
}

static bool parse_options(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"connections", required_argument, NULL, 'c'},
                                          {"depth", required_argument, NULL, 'd'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"warmup", required_argument, NULL, 'w'},
                                          {"ramp", required_argument, NULL, 'r'},
                                          {"count", required_argument, NULL, 'n'},
                                          {"path", required_argument, NULL, 'p'},
                                          {"method", required_argument, NULL, 'm'},
                                          {"body", required_argument, NULL, 'b'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"discard", no_argument, NULL, 'D'},
                                          {"sources", required_argument, NULL, 'S'},
                                          {"spin", no_argument, NULL, 'P'},
                                          {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (c) {
        case 'c':
            o->connections = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'd':
            o->depth = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'S':
            o->sources = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'n':
            o->count = strtoull(optarg, NULL, 10);
            break;
        case 'b':
            o->body_bytes = strtoul(optarg, NULL, 10);
            break;
        case 'j':
            o->json = optarg;
            o->body_bytes = strlen(optarg);
            break;
        case 's':
            o->seconds = strtod(optarg, NULL);
            break;
        case 'w':
            o->warmup_s = strtod(optarg, NULL);
            break;
        case 'r':
            o->ramp_s = strtod(optarg, NULL);
            break;
        case 'p':
            o->path = optarg;
            break;
        case 'm':
            o->method = optarg;
            break;
        case 'D':
            o->discard = true;
            break;
        case 'P':
            o->spin = true;
            break;
        default:
            return false;
        }
    }
    return o->connections > 0 && o->depth > 0 && o->sources > 0 && o->sources <= SOURCES &&
           o->seconds > 0;
}

static const struct mode *find_mode(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    static struct load load;
    load.options = (struct options){
        .connections = 1, .depth = 1, .sources = 1, .seconds = 1, .method = "GET", .path = "/"};
    if (!parse_options(argc, argv, &load.options) || argc - optind != 2)
        return usage();
    load.mode = find_mode(argv[optind]);
    load.options.port = (uint16_t)strtoul(argv[optind + 1], NULL, 10);
    if (load.mode == NULL || (load.options.depth > 1 && load.mode->on_batch != ask_again))
        return usage();
    raise_descriptor_limit();
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.conns = calloc(load.options.connections, sizeof *load.conns);
    if (load.epoll < 0 || load.conns == NULL)
        die("start");
    make_batch(&load);
    probe(&load);
    (load.mode->on_batch == hold ? run_idle : run_load)(&load);
    return load.responses > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
