/*
 * The application interface of cgw: ASGI 3.0 in C.
 *
 * A host (cgw-serve, a test client, a middleware) calls an application (a shared object that
 * exports one datum, cgw_app) once for each scope: an HTTP request, a WebSocket, the lifespan of a
 * worker. The application takes events with receive(), gives events with send(), and ends the call
 * with finish(). Nothing here needs a library: what the host can do, it hands over as a table.
 *
 * Thread marks: [call-thread] only on the thread that runs the call (the loop's for CGW_ASYNC, one
 * pool thread for CGW_SYNC); [any-thread] from every thread. No function here suspends its caller:
 * in a CGW_SYNC application receive() and send() block, in a CGW_ASYNC one they answer CGW_PENDING.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_ABI_H
#define CGW_ABI_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define CGW_MAGIC     0x31574743u /* "CGW1" in memory: frozen, read before any code of the module */
#define CGW_ABI_MAJOR 1           /* differs: the host refuses to load */
#define CGW_ABI_MINOR 0           /* only ever adds */
#define CGW_EXPORT    __attribute__((visibility("default")))

struct cgw_call;
struct cgw_host;

/*
 * Bytes with a length. A path may hold NUL, so the length rules; whatever the host hands over is
 * NUL-terminated behind its length all the same, so that C code may print it. The layout is that of
 * struct iovec.
 */
struct cgw_str {
    const char *ptr;
    size_t len;
};

/* A field of a head. From the host the name is lower-case; to the host any case will do. */
struct cgw_header {
    struct cgw_str name, value;
};

#define CGW_STR(literal)               \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }
#define CGW_HEADER(name, value)       \
    {                                 \
        CGW_STR(name), CGW_STR(value) \
    }

/* What every function that returns int answers. */
enum cgw_status {
    CGW_PENDING = 1,    /* not yet: the callback will run once, later, never from inside the call */
    CGW_OK = 0,         /* done: the callback will not run */
    CGW_EINVAL = -1,    /* event out of order or malformed; the host has logged which */
    CGW_ECLOSED = -2,   /* the peer is gone; no error of anybody's */
    CGW_ENOMEM = -3,    /* out of memory; nothing was taken */
    CGW_ECANCELED = -4, /* the server ends this call: unwind and finish */
    CGW_EBUSY = -5,     /* a queue is full: try later or answer 503 */
    CGW_EIO = -6        /* a file of the application's could not be read */
};

enum cgw_scope_type { CGW_SCOPE_LIFESPAN = 1, CGW_SCOPE_HTTP = 2, CGW_SCOPE_WEBSOCKET = 3 };

/*
 * What a call is about. Read-only and the host's; every pointer in it lives until finish().
 * Fields that do not apply to the type are empty.
 */
struct cgw_scope {
    uint32_t size;                  /* as the host was compiled: test before reading newer fields */
    uint16_t type;                  /* enum cgw_scope_type */
    uint8_t http_major, http_minor; /* 1,0  1,1  2,0 */
    struct cgw_str asgi_version;    /* "3.0" */
    struct cgw_str spec_version;    /* "2.5" for http and websocket, "2.0" for lifespan */
    struct cgw_str scheme;          /* "http" "https" "ws" "wss" */
    struct cgw_str method;          /* as sent; empty for a websocket */
    struct cgw_str path;            /* root_path in front, percent-decoded, UTF-8, not normalised */
    struct cgw_str raw_path;        /* root_path in front, as sent, without the query */
    struct cgw_str query;           /* behind the '?', as sent; "" where empty or absent */
    struct cgw_str root_path;       /* where a proxy mounted the application, or "" */
    const struct cgw_header *headers; /* in the order sent, duplicates kept */
    size_t n_headers;
    struct cgw_str client; /* address of the peer; empty when unknown or a unix socket */
    struct cgw_str server; /* address that was connected to, or the unix socket's path */
    uint16_t client_port;  /* 0: none */
    uint16_t server_port;  /* 0: none */
    uint32_t reserved;
    void *state;                        /* what lifespan.startup.complete left, one per worker */
    const struct cgw_str *subprotocols; /* websocket: offered by the client */
    size_t n_subprotocols;
};

enum cgw_event_type {
    CGW_LIFESPAN_STARTUP = 1,           /* receive */
    CGW_LIFESPAN_STARTUP_COMPLETE = 2,  /* send: lifespan.state */
    CGW_LIFESPAN_STARTUP_FAILED = 3,    /* send: lifespan.message */
    CGW_LIFESPAN_SHUTDOWN = 4,          /* receive */
    CGW_LIFESPAN_SHUTDOWN_COMPLETE = 5, /* send */
    CGW_LIFESPAN_SHUTDOWN_FAILED = 6,   /* send: lifespan.message */
    CGW_HTTP_REQUEST = 16,              /* receive: body.data, CGW_MORE */
    CGW_HTTP_DISCONNECT = 17,           /* receive: peer gone or response complete; repeats */
    CGW_HTTP_RESPONSE_START = 18,    /* send: start, 200-999; CGW_TRAILERS: trailers will follow */
    CGW_HTTP_RESPONSE_BODY = 19,     /* send: bodyv, CGW_MORE */
    CGW_HTTP_RESPONSE_TRAILERS = 20, /* send: start.headers, CGW_MORE; needs cgw.trailers/1 */
    CGW_HTTP_RESPONSE_INFORMATIONAL = 21, /* send: start, status 102-199; cgw.informational/1 */
    CGW_HTTP_RESPONSE_FILE = 22,          /* send: file, CGW_MORE; needs cgw.file/1 */
    CGW_WS_CONNECT = 32,                  /* receive: the first event of a websocket */
    CGW_WS_ACCEPT = 33,                   /* send: accept */
    CGW_WS_RECEIVE = 34,                  /* receive: body.data, CGW_TEXT; one whole message */
    CGW_WS_SEND = 35,                     /* send: bodyv, CGW_TEXT; one whole message */
    CGW_WS_DISCONNECT = 36,               /* receive: close; repeats */
    CGW_WS_CLOSE = 37                     /* send: close; before accept it refuses with 403 */
};

enum cgw_event_flag {
    CGW_MORE = 1u << 0,    /* more of this body or of these trailers follows */
    CGW_TEXT = 1u << 1,    /* the message is text, valid UTF-8 */
    CGW_TRAILERS = 1u << 2 /* on the start: trailers follow the last body event */
};

#define CGW_FILE_REST UINT64_MAX /* a file's count: all from offset to its end */

/*
 * An event is 64 bytes, one cache line, for ever; a new type must fit. Unused fields are zero.
 * size is sizeof(struct cgw_event) in both directions.
 */
struct cgw_event {
    uint16_t type;  /* enum cgw_event_type */
    uint16_t flags; /* enum cgw_event_flag */
    uint32_t size;
    union {
        struct {
            struct cgw_str data; /* the host's; lives until the next receive() or finish() */
        } body;
        struct {
            const struct cgw_str *parts; /* the application's, array and bytes: see send() */
            size_t n_parts;
        } bodyv;
        struct {
            const struct cgw_header *headers; /* the application's until send() is done */
            size_t n_headers;
            uint16_t status;
        } start;
        struct {
            const struct cgw_header *headers;
            size_t n_headers;
            struct cgw_str subprotocol; /* one that was offered, or empty */
        } accept;
        struct {
            struct cgw_str reason;
            uint16_t code;
        } close;
        struct {
            struct cgw_str message;
            void *state; /* startup.complete: reaches the scope of every later call */
        } lifespan;
        struct {
            struct cgw_str path; /* absolute; opened by the host. Empty: fd is used */
            uint64_t offset;     /* bytes */
            uint64_t count;      /* bytes, or CGW_FILE_REST */
            int32_t fd;          /* a regular file, lent until send() is done, never closed */
        } file;
        uint64_t reserved[7];
    } u;
};

/* Runs once when a call of receive() or send() that was CGW_PENDING is over.       [call-thread] */
typedef void cgw_done_fn(struct cgw_call *call, int status, void *arg);

/*
 * The head of every call; the host keeps its own behind it. Lives until finish(). A middleware may
 * put a table of its own into host before it hands the call on; it passes to the one it found there
 * what it does not handle itself. The host does not look at the pointer again.
 */
struct cgw_call {
    const struct cgw_scope *scope;
    const struct cgw_host *host;
    void *user; /* the application's own, NULL at first; the host never looks */
};

enum cgw_log_level { CGW_LOG_DEBUG = 0, CGW_LOG_INFO = 1, CGW_LOG_WARNING = 2, CGW_LOG_ERROR = 3 };

/* What the host can do for a call. One table for all calls of a kind; static for its life. */
struct cgw_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    const char *name, *version;

    /*
     * Take the next event into *event, which must stay valid until the answer is not CGW_PENDING
     * or done() runs. The memory that *event points to is the host's and lives until the next
     * receive() or finish(). One receive() may be in flight per call.
     * CGW_OK; CGW_PENDING; CGW_EINVAL a receive() is in flight; CGW_ECANCELED; CGW_ENOMEM.
     * A peer that is gone is no error here but CGW_HTTP_DISCONNECT or CGW_WS_DISCONNECT, as often
     * as one asks. After the response is complete it is CGW_HTTP_DISCONNECT too.  [call-thread]
     */
    int (*receive)(struct cgw_call *call, struct cgw_event *event, cgw_done_fn *done, void *arg);

    /*
     * Give n events, in order. On CGW_OK, and on every error, all memory they point to is the
     * caller's again; on CGW_PENDING events, parts and bytes are lent until done() runs, which is
     * the back-pressure. One send() may be in flight per call.
     * CGW_OK; CGW_PENDING; CGW_EINVAL out of order, malformed, or a send() is in flight: events
     * before the bad one count, it and later ones do not; CGW_ECLOSED; CGW_ECANCELED; CGW_EIO;
     * CGW_ENOMEM.                                                                 [call-thread]
     */
    int (*send)(struct cgw_call *call, const struct cgw_event *events, size_t n, cgw_done_fn *done,
                void *arg);

    /*
     * End the call: the application's last touch of it. Status 0 when all went well; what receive()
     * or send() answered may be passed on. A negative one, or an incomplete response, answers 500
     * while nothing is on the wire and else resets the connection. Nothing may be in flight: what
     * is, is dropped without its callback and counts as a failure. [call-thread]
     */
    void (*finish)(struct cgw_call *call, int status);

    /* Memory that dies at finish(), aligned for anything. NULL when there is none. [call-thread] */
    void *(*alloc)(struct cgw_call *call, size_t bytes);

    /*
     * Run fn(call, arg) on the call's own thread, soon: the one door for other threads. The caller
     * sees to it that the call is not finished before fn has run. In a CGW_SYNC call fn runs inside
     * the call's next receive(), send() or finish(), at once where it waits in one.
     * CGW_OK; CGW_ENOMEM.                                                           [any-thread]
     */
    int (*post)(struct cgw_call *call, void (*fn)(struct cgw_call *call, void *arg), void *arg);

    /* One line for the error log, tagged with the call; any bytes, escaped.         [any-thread] */
    void (*log)(struct cgw_call *call, int level, const char *message, size_t len);

    /* A table such as "cgw.loop/1", static for the host's life; NULL: not supported. [any-thread]
     */
    const void *(*extension)(const struct cgw_host *host, const char *id);
};

enum cgw_kind {
    CGW_ASYNC = 0, /* called on the event loop: must not block, may see CGW_PENDING */
    CGW_SYNC = 1   /* called on a pool thread, many at once: may block, never sees CGW_PENDING */
};

enum cgw_app_flag {
    CGW_LIFESPAN = 1u << 0,  /* wants a lifespan call: a failed startup is then fatal. It may finish
                                behind startup.complete, where shutdown has nothing to do */
    CGW_WEBSOCKET = 1u << 1, /* wants websocket calls */
    CGW_THREAD_SAFE = 1u << 2, /* of a CGW_ASYNC application: call may also be run on pool threads,
                                  many at once, with a call like that of CGW_SYNC: receive() and
                                  send() block, cgw.loop/1 is absent. The host may then move what
                                  blocks its loop there: see cgw.route/1 */
    CGW_PROMOTES = 1u << 3 /* of a CGW_ASYNC application: it runs a route's handlers on threads by
                              itself (cgw.thread/1) where is_promoted() of cgw.route/1 says that
                              the host found it blocking; it is never moved by the host */
};

/* What a module exports, as data, under the name cgw_app. */
struct cgw_app {
    uint32_t magic; /* offsets 0 to 15 are frozen over all majors */
    uint16_t abi_major, abi_minor;
    uint32_t size;
    uint32_t flags;             /* enum cgw_app_flag */
    uint32_t kind;              /* enum cgw_kind */
    uint32_t stack_size;        /* of a pool thread or fiber, bytes; 0: the host's default */
    const char *name, *version; /* for the log; may be NULL */
    void (*call)(struct cgw_call *call);      /* begins a call; may return before it is finished */
    const void *(*extension)(const char *id); /* the application's own tables, or NULL */
};

/* CGW_APP(.kind = CGW_SYNC, .name = "shop", .call = shop); once per module, in C. */
#ifndef __cplusplus
#define CGW_APP(...)                                                           \
    CGW_EXPORT const struct cgw_app cgw_app = {.magic = CGW_MAGIC,             \
                                               .abi_major = CGW_ABI_MAJOR,     \
                                               .abi_minor = CGW_ABI_MINOR,     \
                                               .size = sizeof(struct cgw_app), \
                                               __VA_ARGS__}
#endif

/* The same in C++, which has no designated initialisers before C++20. */
#ifdef __cplusplus
#define CGW_APP_CXX(kind, flags, name, version, call)                                       \
    extern "C" CGW_EXPORT const struct cgw_app cgw_app = {CGW_MAGIC,                        \
                                                          CGW_ABI_MAJOR,                    \
                                                          CGW_ABI_MINOR,                    \
                                                          (uint32_t)sizeof(struct cgw_app), \
                                                          flags,                            \
                                                          kind,                             \
                                                          0,                                \
                                                          name,                             \
                                                          version,                          \
                                                          call,                             \
                                                          0}
#endif

/* ---- extension tables: host->extension(host, ID) ---- */

#define CGW_EXT_LOOP          "cgw.loop/1"
#define CGW_EXT_THREAD        "cgw.thread/1"
#define CGW_EXT_DISCONNECT    "cgw.disconnect/1"
#define CGW_EXT_SHUTDOWN      "cgw.shutdown/1"
#define CGW_EXT_FILE          "cgw.file/1"
#define CGW_EXT_TRAILERS      "cgw.trailers/1"
#define CGW_EXT_INFORMATIONAL "cgw.informational/1"
#define CGW_EXT_ROUTE         "cgw.route/1"
#define CGW_EXT_CURRENT       "cgw.current/1"
#define CGW_EXT_DEBUG         "cgw.debug/1"

/* Storage of a timer or a watch: the caller's, zeroed before first use, the host's while armed. */
struct cgw_timer {
    uint64_t opaque[16];
};
struct cgw_watch {
    uint64_t opaque[16];
};

typedef void cgw_timer_fn(struct cgw_call *call, struct cgw_timer *timer, void *arg);
typedef void cgw_watch_fn(struct cgw_call *call, struct cgw_watch *watch, uint32_t ready,
                          void *arg);

enum cgw_readiness { CGW_READABLE = 1u << 0, CGW_WRITABLE = 1u << 1 };

/*
 * cgw.loop/1: timers and descriptors on the worker's event loop; NULL in a CGW_SYNC call, which
 * just sleeps and polls. What is still armed at finish() is disarmed by the host.
 */
struct cgw_loop {
    uint32_t size, reserved;
    /* Microseconds of a clock that never jumps, as of this turn of the loop.      [call-thread] */
    uint64_t (*now)(struct cgw_call *call);
    /* Run fn once, after_us from now(); a running timer is set anew. CGW_OK.       [call-thread] */
    int (*timer_start)(struct cgw_call *call, struct cgw_timer *timer, uint64_t after_us,
                       cgw_timer_fn *fn, void *arg);
    /* Idle or zeroed timers may be stopped too.                                    [call-thread] */
    void (*timer_stop)(struct cgw_call *call, struct cgw_timer *timer);
    /*
     * Run fn each turn in which fd is ready for one of events (enum cgw_readiness), until stopped.
     * fd stays the caller's and must outlive the watch.
     * CGW_OK; CGW_EINVAL fd is not open or cannot be watched, or events is 0.      [call-thread]
     */
    int (*watch_start)(struct cgw_call *call, struct cgw_watch *watch, int fd, uint32_t events,
                       cgw_watch_fn *fn, void *arg);
    void (*watch_stop)(struct cgw_call *call, struct cgw_watch *watch); /* [call-thread] */
};

/* cgw.thread/1: run what blocks on the worker's thread pool. */
struct cgw_thread {
    uint32_t size, reserved;
    /*
     * Run fn(arg) on a pool thread, then done(call, CGW_OK, done_arg) on the call's. In a CGW_SYNC
     * call fn runs at once, here. fn must not touch the call but through post().
     * CGW_PENDING; CGW_OK it has run; CGW_EBUSY the pool and its queue are full; CGW_ENOMEM;
     * CGW_ECANCELED. finish() while fn runs is allowed: done is then dropped.      [call-thread]
     */
    int (*run)(struct cgw_call *call, void (*fn)(void *arg), void *arg, cgw_done_fn *done,
               void *done_arg);
};

/* cgw.disconnect/1: has the peer gone, without consuming an event. */
struct cgw_disconnect {
    uint32_t size, reserved;
    /* 1 once the peer is gone or will send nothing more; a mere half-close still takes a response,
       so send() alone tells whether bytes can go out. Else 0.                      [call-thread] */
    int (*is_disconnected)(struct cgw_call *call);
    /* Run fn(call, CGW_ECLOSED, arg) once when that happens. A NULL fn forgets the one before.
       CGW_PENDING; CGW_OK forgotten; CGW_ECLOSED it has happened, fn will not run;
       CGW_EINVAL in a CGW_SYNC call, which asks instead.                           [call-thread] */
    int (*notify)(struct cgw_call *call, cgw_done_fn *fn, void *arg);
};

/* cgw.shutdown/1: has the worker begun to drain. The same answers as cgw_disconnect. */
struct cgw_shutdown {
    uint32_t size, reserved;
    int (*is_draining)(struct cgw_call *call); /* [call-thread] */
    /* fn gets CGW_ECANCELED; the call itself is not canceled before the grace is over.
       CGW_PENDING; CGW_OK forgotten; CGW_ECANCELED it has begun, fn will not run;
       CGW_EINVAL in a CGW_SYNC call, which asks instead.                           [call-thread] */
    int (*notify)(struct cgw_call *call, cgw_done_fn *fn, void *arg);
};

/*
 * cgw.file/1, cgw.trailers/1, cgw.informational/1: the table says that the host takes the event of
 * that name through send().
 */
struct cgw_event_extension {
    uint32_t size;
    uint16_t event; /* enum cgw_event_type */
    uint16_t reserved;
    /* 1 where the event will reach this peer; 0 where the host takes and drops it: trailers without
       "te: trailers" (RFC 9110, 6.5.1), 1xx to HTTP/1.0 (RFC 9110, 15.2).          [call-thread] */
    int (*is_wanted)(struct cgw_call *call);
};

/*
 * cgw.route/1: tell the host which route of the application an HTTP call is for, as a template such
 * as "/items/{id}". It stands in the access log, in the metrics and in reports of what blocks or
 * crashes, so there should be few of them: not the path itself. All that are too many for the host
 * are counted together.
 */
struct cgw_route {
    uint32_t size, reserved;
    /*
     * Name the route; the len bytes, no NUL among them, are copied. Once, and before the response
     * starts; best first of all, before receive().
     * CGW_OK; CGW_EINVAL it was named before, the response has started, the name is empty or holds
     * a NUL, or this is no HTTP call.
     * CGW_PENDING, which only an application with CGW_THREAD_SAFE and without CGW_PROMOTES gets,
     * and only inside its call(), where it has used nothing before but scope, alloc() and log():
     * this route blocks, and was moved to the pool (cgw-serve --promote-blocking). Forget the call
     * and return from call() at once; not even finish() is called. The host then begins it anew on
     * a pool thread, with user NULL and the whole body to come; set() is CGW_OK there. A call that
     * was touched before is not moved: it gets CGW_OK and goes on where it is. [call-thread]
     */
    int (*set)(struct cgw_call *call, const char *route, size_t len);
    /* For an application with CGW_PROMOTES: 1 where the route that the call has named was found
       blocking, and is to run on a thread from now on; else 0, as for a call without a name, or
       one that runs on a thread already. It never goes back to 0.                 [call-thread] */
    int (*is_promoted)(struct cgw_call *call);
};

/*
 * cgw.current/1: tell the host for which call this thread works now. An application with fibers
 * resumes one call from a callback of another: without a word the host would blame the other for
 * what blocks or crashes. NULL in a CGW_SYNC call, which has a thread for itself.
 */
struct cgw_current {
    uint32_t size, reserved;
    /*
     * From now on this thread works for call, which is alive; NULL: for none, as a task that
     * belongs to no request, and reports then name no route. It holds until the next set(), until
     * that call is finished (then it is none), or until the host's callback returns; each callback
     * begins with its own call. What holds the loop is measured anew from here. A few stores, so
     * it may be used at every switch.                         [call-thread, inside a callback]
     */
    void (*set)(struct cgw_call *call);
};

/* cgw.debug/1: there only under cgw-serve --debug: an application may spend time and memory on
   finding its own mistakes, as filling what it frees. */
struct cgw_debug {
    uint32_t size, reserved;
};

/* ---- the application's tables: cgw_app.extension(ID) ---- */

#define CGW_EXT_TASKS "cgw.tasks/1"

/* One of the application's tasks. Strings are the application's, NUL-terminated, and need not
   outlive fn(); each but name may be NULL. */
struct cgw_task {
    uint32_t size, reserved;
    uint64_t id, parent;   /* the application's numbers; parent 0: none */
    const char *name;      /* what it runs: a function */
    const char *route;     /* of its request, as named by cgw.route/1; NULL: it belongs to none */
    const char *state;     /* "sleeping", "sending", "waiting for a semaphore" */
    const char *file;      /* where it is suspended; NULL: not known, or it is not */
    const char *function;  /* the same */
    uint32_t line;         /* the same; 0: not known */
    uint32_t is_on_thread; /* 1: it runs, or waits to, on a thread of the pool; else 0 */
    uint64_t since_us;     /* for how long it has been in that state, microseconds */
};

/* cgw.tasks/1: what is going on in the application, asked for by cgw-serve --debug. */
struct cgw_tasks {
    uint32_t size, reserved;
    /* Run fn(arg, task) for each task that lives; neither suspends, begins or ends one. state is
       what lifespan.startup.complete left.  [the loop's thread, outside of any call's callback] */
    void (*each)(void *state, void (*fn)(void *arg, const struct cgw_task *task), void *arg);
};

/* ---- building events ---- */

/* The start of a response. headers is the caller's and not copied. */
static inline struct cgw_event cgw_event_start(uint16_t status, const struct cgw_header *headers,
                                               size_t n_headers)
{
    struct cgw_event event = {CGW_HTTP_RESPONSE_START, 0, sizeof(struct cgw_event), {{{0, 0}}}};
    event.u.start.headers = headers;
    event.u.start.n_headers = n_headers;
    event.u.start.status = status;
    return event;
}

/* A piece of a response's body; flags is 0 for the last, CGW_MORE else. parts is not copied. */
static inline struct cgw_event cgw_event_body(const struct cgw_str *parts, size_t n_parts,
                                              uint16_t flags)
{
    struct cgw_event event = {CGW_HTTP_RESPONSE_BODY, flags, sizeof(struct cgw_event), {{{0, 0}}}};
    event.u.bodyv.parts = parts;
    event.u.bodyv.n_parts = n_parts;
    return event;
}

#ifdef __cplusplus
}
#endif
#endif
