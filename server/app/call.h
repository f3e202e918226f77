/*
 * The call: one scope in flight, between an application above and a protocol below. It keeps the
 * order of events, holds what is pending, and runs callbacks from the loop only, never from inside
 * receive() or send(). It knows no protocol, no socket and no event loop.
 *
 * Whose each byte is: the scope and all it points to lie in the call's arena; a body slice is the
 * wire's until the next receive() or the end; what is sent is copied by the wire or lent to it.
 *
 * Everything here runs on the loop's thread.
 */
#ifndef APP_CALL_H
#define APP_CALL_H
#include "app/head.h"
#include "app/mailbox.h"
#include "app/order.h"
#include "app/pool.h"
#include "app/sync.h"
#include "base/arena.h"
#include "base/board.h"
#include "base/list.h"
#include "base/settings.h"
#include <cgw/abi.h>

struct call;
struct forwarded_trust;
struct net;

/* What an application gives in one event, checked: head, then body or file, then trailers. */
struct call_write {
    const struct head *head; /* NULL: it went before */
    const struct str *parts; /* body bytes, n_parts pieces, bytes in all */
    size_t n_parts;
    uint64_t bytes; /* of parts, or of the file range */
    int fd;         /* a file range instead of parts, or -1 */
    uint64_t offset;
    const struct field *trailers;
    size_t n_trailers;
    bool end;  /* the response is complete */
    bool hold; /* a head alone: keep it back, so that a failure can replace it */
};

/* What a protocol does for a call; one constant table for each. */
struct call_wire {
    /* CGW_OK: taken. CGW_PENDING: taken; memory is lent, or there is more than enough to send,
       until the wire calls call_drained(). CGW_ECLOSED, CGW_ENOMEM, CGW_EIO: the response is lost.
     */
    int (*write)(struct call *call, const struct call_write *write);
    /* A 1xx head of its own. CGW_OK (taken or dropped), CGW_ECLOSED, CGW_ENOMEM. */
    int (*informational)(struct call *call, int status, const struct field *fields, size_t n);
    /* The next piece of the body. CGW_OK; CGW_PENDING: call_readable() follows; CGW_ECLOSED: it
       will never be complete. The slice lives until the next read() or ended(). */
    int (*read)(struct call *call, struct str *ret_data, bool *ret_more);
    /* The application failed: answer status while nothing is on the wire, else break the response
       off. Status 0: nobody waits for an answer, just close. Nothing stays lent. */
    void (*fail)(struct call *call, int status);
    /* The application has finished; the response is complete, failed or lost. The call is freed
       when this returns. */
    void (*ended)(struct call *call);
};

/* What differs between the types of scope; one constant table for each. */
struct call_kind {
    /* CGW_OK with *event filled, CGW_PENDING, or an error. */
    int (*receive)(struct call *call, struct cgw_event *event);
    /* Send events from send_next on; CGW_PENDING with send_next at what follows. */
    int (*send)(struct call *call);
    /* The application has finished: judge what it leaves. */
    void (*conclude)(struct call *call);
};
extern const struct call_kind call_http, call_lifespan;

/* A request to be told once of something. */
struct call_notice {
    cgw_done_fn *fn;
    void *arg;
};

struct call_runtime;

struct call {
    struct cgw_call pub; /* first: the application's view */
    struct call_runtime *runtime;
    struct cgw_scope scope; /* filled as a whole before it is used */
    struct arena arena;
    struct list running;               /* in runtime->running, or among the free ones */
    struct list due;                   /* in runtime->due while a callback is to run */
    struct list timers, watches, jobs; /* of the extensions, armed */

    const struct call_kind *kind;
    const struct call_wire *wire; /* NULL for the lifespan */
    void *wire_data;              /* the wire's own: its connection or stream, NULL once detached */
    const struct cgw_app *app;    /* whose call it is: runtime->app, or one that is built in */
    uint64_t id;                  /* 0: it has ended */
    int file;                     /* opened for an event with a path, or -1 */

    struct head head;   /* status and length of the response, for the log and the count */
    uint64_t body_left; /* until head.length */

    struct cgw_event *receive_event; /* these two while is_receiving */
    struct call_notice receive_done;
    const struct cgw_event *send_events; /* the send in hand, or the last one */
    size_t send_n, send_next;
    struct call_notice send_done; /* while is_sending */
    struct call_notice gone, drain;

    void *wire_kept; /* from here on all is zeroed for each call. The wire's: memory that a slice
                        points to, kept until ended() */
    uint64_t started_us, ended_us;     /* monotonic; ended: set when end_hook runs */
    uint64_t blocked_us;               /* it held the loop so long when it was caught, or 0 */
    uint64_t body_sent, body_received; /* for the log */
    struct str route_name;             /* whole and NUL-terminated; ptr NULL: not named */
    uint32_t route;                    /* in runtime->slot->routes; 0: not named, or one too many */
    struct field *trailers;            /* gathered so far */
    size_t n_trailers;
    uint32_t n_before; /* requests before it on its connection */
    int depth;         /* > 0: the application is on the stack; it is not freed then */
    int finish_status;
    int send_error; /* why the response was lost, where it was not the peer: CGW_EIO, or 0 */

    enum order_state order;
    bool is_head_request;                     /* the response has no body whatever is sent */
    bool takes_trailers, takes_informational; /* the wire and this peer do */
    bool has_promised_trailers;
    bool is_body_over;  /* the last piece of the request's body was received */
    bool is_gone;       /* the peer is gone: nothing can be sent */
    bool is_input_over; /* the peer will send nothing more */
    bool is_receiving, is_sending;
    bool is_drained; /* the wire takes more: go on with the send */
    bool is_canceled;
    bool is_failed; /* an illegal event came: the response cannot be completed */
    bool is_finished;
    bool is_aborted;        /* for the log: the response broke off */
    bool wants_close;       /* close the connection behind the response */
    bool is_counted;        /* against limit_concurrency */
    bool was_warned;        /* the warning of a dropped body went out */
    bool is_named;          /* cgw.route/1 was used */
    bool is_built_in;       /* app is not runtime->app */
    bool is_fresh;          /* inside app->call() on the loop: it may be begun anew on the pool */
    bool is_hopping;        /* to be begun anew as soon as app->call() has returned */
    bool has_tail;          /* html_tail goes behind the body */
    bool is_tail_due;       /* it is the next to be written */
    atomic_bool has_posted; /* post() was used */
};

/* What all calls of a worker share. */
struct call_runtime {
    const struct cgw_app *app;
    const struct settings *settings;
    const struct cgw_host *host; /* the table for calls on the loop */
    struct list running, due;
    uint32_t n_running; /* http calls that count as in flight */
    struct list free;   /* finished calls, for reuse */
    uint32_t n_free;
    const struct forwarded_trust *trust; /* proxies that are believed, or NULL */
    struct pool *pool;
    struct mailbox *mailbox;
    struct net *net;                 /* of net/, opaque here */
    struct sync_runner *sync;        /* of a CGW_SYNC application, else NULL */
    struct sync_runner *pool_runner; /* of a CGW_ASYNC one, for what was moved to the pool */
    bool is_on_pool;                 /* pool_runner takes all http calls */
    struct board_slot *slot; /* never NULL; whoever has a board sets it before the first call */
    /* Which application of the host's own answers this http call, or NULL: runtime->app does. It is
       CGW_ASYNC, and its calls do not count as in flight. NULL: there are none. Asked in
       call_begin(). */
    const struct cgw_app *(*choose)(struct call *call, void *arg);
    void *choose_arg;
    bool is_development;
    struct str html_tail; /* goes behind each whole HTML page of the application's; len 0: none */
    void *state;          /* what lifespan.startup.complete left */
    uint64_t next_id;
    uint64_t ended_us;       /* when the last call did: nothing that begins now began before */
    const uint64_t *turn_us; /* when this turn of the loop began; NULL: not known */
    bool is_draining;
    /* Disarm what the loop extension holds for a call that ends; set by net/. */
    void (*disarm)(struct call *call);
    void (*end_hook)(struct call *call); /* the access log, or NULL */
};

int call_runtime_init(struct call_runtime *runtime, const struct cgw_app *app,
                      const struct settings *settings);
/* All calls must have ended. */
void call_runtime_fini(struct call_runtime *runtime);

/* A call with an empty scope and arena, not begun, or NULL: out of memory. */
struct call *call_get(struct call_runtime *runtime, const struct call_kind *kind,
                      const struct call_wire *wire, void *wire_data);
/* Give back one that was never begun. */
void call_put(struct call *call);

/*
 * Hand the call to the application, which may end it before this returns: the wire's ended() has
 * run then and the call is gone. true: it is still running.
 */
bool call_begin(struct call *call);

/* From the wire. Each only marks; the rest happens in call_run_due(). */
void call_readable(struct call *call);   /* read() would say something new */
void call_drained(struct call *call);    /* what write() held up may go on */
void call_input_over(struct call *call); /* the peer has half-closed */
/* The peer is gone. The wire lets go of the call: wire_data is NULL from now on. */
void call_gone(struct call *call);

/* From the worker. */
void call_cancel(struct call *call); /* everything answers CGW_ECANCELED from now on */
void call_drain_begun(struct call_runtime *runtime);
/* Run the callbacks that are due now, once around. true: more have become due meanwhile. */
bool call_run_due(struct call_runtime *runtime);

/* ---- between the files of the call ---- */
int call_receive(struct cgw_call *pub, struct cgw_event *event, cgw_done_fn *done, void *arg);
int call_send(struct cgw_call *pub, const struct cgw_event *events, size_t n, cgw_done_fn *done,
              void *arg);
void call_finish(struct cgw_call *pub, int status);
/* Close the file that was opened for an event with a path, if there is one. */
void call_close_file(struct call *call);
/* Put the call on the list of those with callbacks due. */
void call_is_due(struct call *call);
/* Around every callback into the application, see app/current.h. leave() ends the call where it has
   finished. */
void call_enter(struct call *call);
void call_leave(struct call *call);
/* The application did what abi.h forbids: one log line, and CGW_EINVAL. */
int call_misuse(struct call *call, const char *what, unsigned event_type, struct str at);
#define CALL_MOVED "the call was used after cgw.route/1 had answered CGW_PENDING"

extern const struct cgw_host call_host; /* the table behind runtime->host */
const void *call_extension(const struct cgw_host *host, const char *id);
/* net/ brings cgw.loop/1 with its loop; once, before the first call. */
void call_set_loop_extension(const struct cgw_loop *loop);
/* Is cgw.debug/1 there? Before the first call. */
void call_set_debug(bool is_there);

static inline struct call *call_of(struct cgw_call *pub)
{
    return (struct call *)(void *)pub;
}
#endif
