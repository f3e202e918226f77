/* A connection's life, and how bytes come in and go out: what is common to all its states. */
#include "net/conn.h"
#include "base/mem.h"
#include "base/number.h"
#include "net/last_words.h"
#include "net/listener.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FREE_CONNS_MAX = 1024, WRITE_MAX_BYTES = 4 << 20 };

void conn_set_timeout(struct conn *conn, uint32_t ms)
{
    if (ms)
        deadline_set(&conn->net->deadlines, &conn->deadline, (uint64_t)ms * 1000);
    else
        deadline_pause(&conn->deadline);
}

void conn_touch(struct conn *conn)
{
    if (conn->fd >= 0 && !conn->is_in_turn && list_is_empty(&conn->dirty))
        list_append(&conn->net->dirty, &conn->dirty);
}

void conn_release_input(struct conn *conn)
{
    struct input *in = conn->in;
    if (!in || conn->is_lent)
        return;
    if (in->start != in->end)
        return;
    conn->in = NULL;
    input_put(in);
}

/* Room behind the unread bytes; moves them to the front where nobody holds a slice. */
static uint32_t make_room(struct conn *conn)
{
    struct input *in = conn->in;
    if (in->end < INPUT_BYTES)
        return INPUT_BYTES - in->end;
    if (conn->is_lent || in->start == 0)
        return 0;
    memmove(in->bytes, in->bytes + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
    return INPUT_BYTES - in->end;
}

static bool has_room(const struct conn *conn)
{
    const struct input *in = conn->in;
    return !in || in->end < INPUT_BYTES || (in->start && !conn->is_lent);
}

/* Read once. false: nothing came, or the connection is gone. */
static bool fill(struct conn *conn)
{
    if (!conn->in && !(conn->in = input_get(&conn->net->inputs))) {
        conn_reset(conn);
        return false;
    }
    uint32_t room = make_room(conn);
    if (room == 0) { /* back-pressure: until somebody takes what is there */
        ev_io_stop(conn->net->loop, &conn->read_watch);
        return false;
    }
    ssize_t got = recv(conn->fd, conn->in->bytes + conn->in->end, room, 0);
    if (got > 0) {
        conn->in->end += (uint32_t)got;
        board_add(&conn->net->runtime->slot->bytes_received, (uint64_t)got);
        return true;
    }
    if (got == 0) {
        conn->has_eof = true;
        ev_io_stop(conn->net->loop, &conn->read_watch);
        return true;
    }
    if (errno != EAGAIN && errno != EINTR)
        conn_close(conn);
    return false;
}

void conn_resume_reading(struct conn *conn)
{
    if (!conn->has_eof && !ev_is_active(&conn->read_watch))
        ev_io_start(conn->net->loop, &conn->read_watch);
}

void conn_process(struct conn *conn)
{
    const struct conn_state *state;
    if (conn->is_in_turn)
        return;
    conn->is_in_turn = true;
    do {
        state = conn->state;
        state->input(conn);
    } while (conn->state != state);
    conn->is_in_turn = false;
    if (conn->fd < 0)
        return;
    conn_flush(conn);
    conn_release_input(conn);
    if (conn->fd >= 0 && has_room(conn))
        conn_resume_reading(conn);
}

static void on_readable(struct ev_loop *loop, ev_io *watch, int events)
{
    struct conn *conn = watch->data;
    (void)loop, (void)events;
    if (fill(conn))
        conn_process(conn);
    else
        conn_release_input(conn);
}

static void on_writable(struct ev_loop *loop, ev_io *watch, int events)
{
    (void)loop, (void)events;
    conn_flush(watch->data);
}

static void on_deadline(struct deadline *deadline)
{
    struct conn *conn = list_owner(deadline, struct conn, deadline);
    conn->state->timeout(conn);
    conn_touch(conn);
}

/* No progress of what is written for too long: nobody reads it. */
static void on_send_deadline(struct deadline *deadline)
{
    conn_reset(list_owner(deadline, struct conn, send_deadline));
}

static void watch_writing(struct conn *conn)
{
    struct net *net = conn->net;
    uint32_t ms = net->settings->timeout_send_ms;
    if (!ev_is_active(&conn->write_watch))
        ev_io_start(net->loop, &conn->write_watch);
    else if (conn->flushed == conn->out.written)
        return;
    conn->flushed = conn->out.written;
    if (ms)
        deadline_set(&net->deadlines, &conn->send_deadline, (uint64_t)ms * 1000);
}

static void all_written(struct conn *conn)
{
    if (ev_is_active(&conn->write_watch)) {
        ev_io_stop(conn->net->loop, &conn->write_watch);
        deadline_clear(&conn->send_deadline);
    }
    if (conn->state == &conn_state_closing)
        conn_touch(conn);
}

static void wake_sender(struct conn *conn)
{
    if (!conn->is_send_waiting || outq_is_lent(&conn->out) ||
        outq_pending(&conn->out) > conn->net->settings->send_low_water)
        return;
    conn->is_send_waiting = false;
    call_drained(conn->call);
}

/*
 * What the wire says now, for a worker that dies at once. Between two responses one is due, unless
 * all is written and the application has nothing to add; a write that took nothing changes nothing.
 */
static void note_wire(struct conn *conn, uint64_t before, enum last_words state)
{
    const struct outq *out = &conn->out;
    bool is_open = conn->is_begun && !conn->is_ended;
    if (out->written == out->queued && !is_open)
        state = conn->closes || !conn->is_body_over ? LAST_WORDS_NONE : LAST_WORDS_IDLE;
    else if (out->written == conn->response_mark && is_open)
        state = conn->call->is_head_request ? LAST_WORDS_WAITS_HEAD : LAST_WORDS_WAITS;
    else if (out->written != before)
        state = LAST_WORDS_BROKEN;
    last_words_set(conn->fd, state);
}

void conn_flush(struct conn *conn)
{
    bool blocked;
    uint64_t limit = conn->is_held ? conn->response_mark : UINT64_MAX;
    if (conn->fd < 0 || conn->out.written >= (conn->is_held ? limit : conn->out.queued))
        return;
    uint64_t before = conn->out.written;
    enum last_words state = last_words_get(conn->fd);
    last_words_set(conn->fd, LAST_WORDS_BROKEN);
    int rc = outq_write(&conn->out, conn->fd, limit, WRITE_MAX_BYTES, &blocked);
    board_add(&conn->net->runtime->slot->bytes_sent, conn->out.written - before);
    note_wire(conn, before, state);
    if (rc < 0) {
        if (rc == -EIO && conn->call)
            conn->call->send_error = CGW_EIO;
        conn_reset(conn);
        return;
    }
    if (rc == 1)
        all_written(conn);
    else
        watch_writing(conn);
    wake_sender(conn);
}

static struct conn *conn_take(struct net *net)
{
    struct list *node = list_take(&net->free_conns);
    if (!node)
        return mem_alloc(sizeof(struct conn));
    net->n_free_conns--;
    return list_owner(node, struct conn, link);
}

/* What inet_ntop() says, for a quarter of what it costs: this runs for every connection. */
static void print_v4(char *dst, const struct in_addr *address)
{
    unsigned char bytes[4];
    memcpy(bytes, address, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        dst += number_print(dst, bytes[i]);
        *dst++ = i < 3 ? '.' : '\0';
    }
}

static void set_client(struct conn *conn, const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        print_v4(conn->client, &v4->sin_addr);
        conn->client_port = ntohs(v4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, conn->client, sizeof conn->client);
        conn->client_port = ntohs(v6->sin6_port);
    }
}

void conn_open(struct net *net, const struct listener *listener, int fd,
               const struct sockaddr *address)
{
    struct conn *conn = conn_take(net);
    if (!conn) {
        close(fd);
        return;
    }
    *conn = (struct conn){.state = &conn_state_request, .net = net, .listener = listener, .fd = fd};
    list_init(&conn->dirty);
    list_init(&conn->link);
    list_append(&net->conns, &conn->link);
    net->n_conns++;
    board_add(&net->runtime->slot->accepted, 1);
    outq_init(&conn->out, &net->blocks);
    http1_init(&conn->http, &net->limits);
    deadline_init(&conn->deadline, on_deadline);
    deadline_init(&conn->send_deadline, on_send_deadline);
    last_words_set(fd, LAST_WORDS_IDLE);
    ev_io_init(&conn->read_watch, on_readable, fd, EV_READ);
    ev_io_init(&conn->write_watch, on_writable, fd, EV_WRITE);
    conn->read_watch.data = conn->write_watch.data = conn;
    set_client(conn, address);
    conn->client_len = (uint8_t)strlen(conn->client);
    listener_server_name(listener, conn);
    conn->server_len = (uint8_t)strlen(conn->server ? conn->server : listener_address(listener));
    conn->is_head_timed = true;
    conn_set_timeout(conn, net->settings->timeout_head_ms);
    on_readable(net->loop, &conn->read_watch, EV_READ); /* often the request is there already */
    if (conn->fd >= 0)
        conn_resume_reading(conn);
}

void conn_close(struct conn *conn)
{
    struct net *net = conn->net;
    if (conn->fd < 0)
        return;
    if (conn->call)
        conn_detach_call(conn);
    ev_io_stop(net->loop, &conn->read_watch);
    ev_io_stop(net->loop, &conn->write_watch);
    deadline_clear(&conn->deadline);
    deadline_clear(&conn->send_deadline);
    last_words_set(conn->fd, LAST_WORDS_NONE);
    close(conn->fd);
    conn->fd = -1;
    conn->state = &conn_state_dead;
    conn->is_lent = false;
    input_put(conn->in);
    conn->in = NULL;
    outq_fini(&conn->out);
    mem_free(conn->server);
    conn->server = NULL;
    list_remove(&conn->dirty);
    list_remove(&conn->link);
    list_append(&net->dead, &conn->link);
    net->n_conns--;
    listener_resume(net);
}

void conn_reset(struct conn *conn)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (conn->fd >= 0)
        setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    conn_close(conn);
}

void conn_recycle(struct conn *conn)
{
    struct net *net = conn->net;
    list_remove(&conn->link);
    if (net->n_free_conns >= FREE_CONNS_MAX) {
        conn_free(conn);
        return;
    }
    list_append(net->free_conns.next, &conn->link);
    net->n_free_conns++;
}

void conn_free(struct conn *conn)
{
    mem_free(conn);
}
