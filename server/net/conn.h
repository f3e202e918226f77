/*
 * One HTTP/1 connection. Its state is a constant table of handlers; bytes come in through a read
 * watcher that stays on, are taken by the codec when somebody wants them, and go out once at the
 * end of a turn. It owns its descriptor, its unread input and its out-queue; the call in flight
 * belongs to the runtime and may outlive the connection.
 */
#ifndef NET_CONN_H
#define NET_CONN_H
#include "net/net.h"
#include <netinet/in.h>

struct conn;
struct listener;

struct conn_state {
    const char *name;
    void (*input)(struct conn *conn);   /* there are unread bytes, or the peer has half-closed */
    void (*timeout)(struct conn *conn); /* the deadline has passed */
};

struct conn {
    struct list link;  /* in net->conns, dead or free_conns */
    struct list dirty; /* in net->dirty, or alone */
    const struct conn_state *state;
    struct net *net;
    const struct listener *listener;
    int fd; /* -1 once closed */
    ev_io read_watch, write_watch;
    struct deadline deadline;      /* head, body, keep-alive or linger */
    struct deadline send_deadline; /* progress of what is written */
    struct input *in;              /* NULL while there is nothing unread */
    struct outq out;
    struct http1 http;
    struct http1_request request;
    struct call *call;      /* the one whose head is read, or that is in flight; or NULL */
    uint64_t response_mark; /* where the response in hand begins in out */
    uint64_t flushed;       /* out.written when the send deadline was set */
    uint32_t n_requests;
    bool is_begun;        /* call is with the application */
    bool is_in_turn;      /* conn_process() is on the stack */
    bool is_lent;         /* the call holds a slice of in */
    bool has_eof;         /* the peer will send nothing more */
    bool is_body_over;    /* the codec has seen the end of the request */
    bool is_body_awaited; /* the application waits for more of it */
    bool wants_continue;  /* the client waits for 100 */
    bool is_head_timed;   /* deadline is that of a head, which nothing extends */
    bool is_held;         /* a head alone is queued: do not write beyond response_mark */
    bool has_response;    /* a head is queued or written */
    bool is_chunked;      /* the response is */
    bool is_ended;        /* the response is complete */
    bool is_send_waiting; /* call_drained() is owed */
    bool closes;          /* close behind what is queued */
    bool lingers;         /* half-close first: there may be unread bytes */
    uint16_t client_port;
    uint8_t client_len;
    char client[INET6_ADDRSTRLEN]; /* "" for a unix socket */
    uint16_t server_port;
    uint8_t server_len; /* of server, or of the listener's address */
    char *server; /* where the listener's address is a wildcard: this connection's; else NULL */
};

/* Take over an accepted descriptor. It is closed when out of memory. */
void conn_open(struct net *net, const struct listener *listener, int fd,
               const struct sockaddr *address);
/* Close at once; a call in flight learns that the peer is gone. Freed at the end of the turn. */
void conn_close(struct conn *conn);
/* The same, with a reset instead of an orderly end. */
void conn_reset(struct conn *conn);
/* Give the memory of a closed connection back. */
void conn_recycle(struct conn *conn);
void conn_free(struct conn *conn);
/* Go through the states as far as the input goes, then write. */
void conn_process(struct conn *conn);
/* Have conn_process() run at the end of the turn. */
void conn_touch(struct conn *conn);
/* The worker drains: answer once more, wait a short grace for a request on its way, close. */
void conn_drain(struct conn *conn);

/* ---- between the files of the connection ---- */
enum { CONN_DISCARD_STEPS = 16 };
extern const struct conn_state conn_state_request, conn_state_call, conn_state_discard,
    conn_state_closing, conn_state_linger, conn_state_dead;
extern const struct call_wire conn_wire;

void conn_set_timeout(struct conn *conn, uint32_t ms);
/* Answer status on the host's own account, then close. A call in flight is let go. */
void conn_reject(struct conn *conn, int status, const char *why);
/* Feed the codec one event's worth of the input. */
struct http1_event conn_next_event(struct conn *conn);
/* Give the input buffer back where nothing needs it. */
void conn_release_input(struct conn *conn);
/* Read more, where there is room. */
void conn_resume_reading(struct conn *conn);
/* Write what may be written; the peer may turn out to be gone. */
void conn_flush(struct conn *conn);
/* Let go of the call: it lives on alone until the application finishes. */
void conn_detach_call(struct conn *conn);
struct http1_head;
/* Queue a head of any length. 0 or -ENOMEM. */
int conn_queue_head(struct conn *conn, const struct http1_head *http);
/* Queue a whole response of the host's. 0 or -ENOMEM. */
int conn_queue_error(struct conn *conn, int status);
#endif
