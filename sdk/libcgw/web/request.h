/*
 * A request, from the host's call to its last background task. It runs on one task of its own; the
 * pieces below fill it and read it, one file each.
 *
 *   store.c     what a request owns: memory, state, lines in the log
 *   serve.c     the way of a request: match, through middleware and dependencies to the handler,
 *               its reply out, background tasks, memory back
 *   match.c     path and method to endpoint      url.c       names to paths
 *   head.c      head, query, headers, cookies    body.c      the body, whole or in pieces
 *   form.c      forms part by part               form_read.c forms as a whole
 *   bind.c      models of parameters and bodies  channel.c   events in and out, through layers
 *   reply.c     whole replies                    stream.c    streams, rows, server-sent events
 *   failure.c   errors to replies                depend.c    dependencies
 *   after.c     background tasks                 lifespan.c  application and state
 *   through.c   middleware of filter/         auth.c      credentials, and asking for them
 *
 * Whose each byte is: everything hangs on the arena, reset when the request is over; scope and its
 * text are the host's until finish(), behind which request_keep_scope() has copied them where
 * background tasks may still read them.
 */
#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H
#include "model/model.h"
#include "task/task.h"
#include <cgw.h>

enum { REQUEST_FIRST_BYTES = 2048, REQUEST_PARAMS_MAX = 16, REQUEST_DATA_MAX = 8 };

struct application;
struct match_route;
struct session;

struct request_param {
    cgw_str name, value; /* value: decoded, NUL-terminated */
};

/* A bound model: .params, .path_params, .headers, .cookies, .body, .form. */
struct request_bound {
    enum cgw__place place;
    const cgw_model *model;
    void *object;
};

struct request_data {
    const char *name;
    void *value;
};

enum reply_state {
    REPLY_NONE = 0, /* nothing is prepared */
    REPLY_WHOLE,    /* status, headers and body are prepared */
    REPLY_SENDING,  /* it is on its way */
    REPLY_STREAM,   /* cgw_stream() and the like have begun one */
    REPLY_BY_HAND,  /* cgw_send() has sent the start */
    REPLY_LEFT,     /* there is none, as the client has left */
    REPLY_COMPLETE  /* the last byte was given to the host */
};

/* A body that is fetched when it is sent; of the arena. */
struct reply_source {
    /* Send the start with these fields, and the body. A code as of send(). Suspends. */
    int (*send)(struct reply_source *source, cgw_request *req, const struct cgw_header *headers,
                size_t n, const struct cgw_site *site);
    void (*drop)(struct reply_source *source); /* it was sent, or never will be */
};

struct reply {
    enum reply_state state;
    int status;
    struct cgw_header *headers; /* of the arena */
    size_t n_headers, room;
    const char *content_type;    /* NULL: none, or among the headers */
    cgw_str body;                /* lent: literals or the arena's */
    struct reply_source *source; /* in place of the body, or NULL */
    bool is_redirect;            /* its location goes when another reply takes its place */
    struct cgw_cause cause;      /* why it is an error; status 0: it is none */
    bool is_error_handled;       /* a handler of errors has been asked */
    bool is_being_handled;       /* it runs: what it prepares is not asked about again */
};

/* What the host gives: at most one receive is in flight; what comes while nobody waits is kept. */
enum receive_state { RECEIVE_IDLE = 0, RECEIVE_IN_FLIGHT, RECEIVE_READY };

/* What matcher_match() found. */
struct match_result {
    const struct cgw_endpoint *endpoint; /* NULL: see below */
    const struct match_route *route;
    bool is_head;                  /* a HEAD that GET answers */
    const char *allow;             /* the path is there, the method is not: "GET, HEAD"; static */
    bool is_slash;                 /* the path with, or without, a slash at its end would match */
    const struct cgw_mount *mount; /* another application's */
    cgw_str root_path; /* grown by prefixes of applications; of req's arena where it grew */
};

struct cgw_request {
    struct runtime *runtime;
    struct application *application;
    struct task *task;     /* that serves it */
    struct cgw_call *call; /* NULL behind finish() */
    const struct cgw_host *host;
    const struct cgw_scope *scope;
    struct arena arena;
    struct list link; /* of the application's requests, or its free ones */
    /* From here to params all is zero when a request begins. */
    bool is_cancelable;
    bool is_sync;    /* the user's part runs on a pool thread */
    bool is_matched; /* match says whose it is */
    struct match_result match;

    const struct cgw_endpoint *endpoint; /* NULL: none matched */
    const struct match_route *route;     /* its compiled form, or NULL */
    size_t n_params;
    bool is_head;      /* HEAD answered by a GET route: no body goes out */
    cgw_str root_path; /* scope's and the prefixes of applications in front of the route */

    size_t n_bound;
    const struct model_pair *query; /* parsed at first use */
    size_t n_query;
    const struct model_pair *cookies;
    size_t n_cookies;
    bool has_query, has_cookies, has_kept_scope;
    cgw_str invalid; /* the errors of the last cgw_parse() that found some, as an array */

    /* of channel.c */
    enum receive_state receive_state;
    int receive_status;
    void *kept_bytes;      /* of the heap */
    struct task *receiver; /* parked for it, or NULL */
    struct task *sender;   /* parked for a send, or NULL */
    cgw_mutex sending;     /* one send at a time: the handler's and the ping's */
    bool has_kept;
    bool is_lent;         /* who has received last has bytes that the next receive takes back */
    bool is_watched;      /* see channel_watch() */
    bool wants_cancel;    /* a client that leaves cancels the handler */
    bool is_disconnected; /* a disconnect was seen, whatever layers did with it */
    bool is_canceled;     /* the host has ended the call */
    bool has_begun;       /* the start of the response was given to the host */
    bool has_trailers;    /* and they end it */
    bool is_ending;       /* so was its last event */

    /* of body.c */
    bool is_body_over, is_body_streamed, has_body;
    uint64_t body_bytes, max_body;
    cgw_str body; /* whole, once has_body */
    struct buffer body_so_far;

    struct form *form;        /* of form_read.c: what was read of one, or NULL */
    const char *log_tag;      /* in front of its lines in the log, or NULL */
    struct cgw_layer *layers; /* outermost last wrapped: first to see what is sent */

    struct reply reply;
    struct stream *stream; /* of stream.c, or NULL */
    bool is_pinged;        /* a task beside the handler keeps the stream alive */
    const struct cgw_middleware *const *inner; /* of cgw_next(); of chain.c */
    void *chain;
    struct depend_value *needed;       /* of depend.c, latest first */
    struct tree *trees;                /* of tree.c: those that end with the request */
    struct after *after, **after_last; /* of after.c */
    struct scope *after_scope;         /* the same: around them while they run */
    struct session *session;           /* of libcgw-crypto, or NULL */
    size_t n_data;
    bool is_finished; /* finish() was called */

    /* From here on nothing is initialised: each is, where what says that it is there is set. */
    struct request_param params[REQUEST_PARAMS_MAX];
    struct scope cancel; /* around the handler, while is_cancelable: timeout, disconnect, drain */
    struct request_bound bound[6];
    struct cgw_event received; /* filled by the host */
    struct cgw_event kept;     /* the end of the body, when watching goes on behind it unread */
    struct request_data data[REQUEST_DATA_MAX];
    char first[REQUEST_FIRST_BYTES] __attribute__((aligned(16)));
};

/* ---- serve.c ---- */
/* The host begins a call. [loop, outside of tasks or inside one] */
void request_begin(struct application *application, struct cgw_call *call);
/* Give the call back: the last touch of it. status as of finish(). */
void request_finish(struct cgw_request *req, int status);

/* ---- channel.c: all on the loop; layers are walked by cgw_receive() and cgw_send() ---- */
int channel_receive(struct cgw_request *req, struct cgw_event *event, const struct cgw_site *site);
int channel_send(struct cgw_request *req, const struct cgw_event *events, size_t n,
                 const struct cgw_site *site);
/* What was received has been used, or copied: the watch may go on. */
void channel_used(struct cgw_request *req);
/* The call is about to be finished: nothing of ours may be in flight then. Suspends shortly. */
void channel_settle(struct cgw_request *req);
/* Watch for a disconnect, which cancels req->cancel, and for the end of the worker's grace, which
   cancels the task, without consuming anything. Begun for routes with .cancel, for server-sent
   events, and for all that have been matched once the worker drains. */
void channel_watch(struct cgw_request *req);

/* ---- match.c, url.c ---- */

struct matcher;
/* All routes of the module. NULL: *ret_error says which route is wrong, where it stands, and how.
 */
struct matcher *matcher_new(const char **ret_error);
void matcher_free(struct matcher *matcher);
/* Also fills req->params. CGW_OK, also where nothing matches; CGW_ENOMEM. */
int matcher_match(const struct matcher *matcher, cgw_request *req, struct match_result *ret);
/* "/api/items/{id}" for the host's reports; static. */
cgw_str match_route_template(const struct match_route *route);
/* What holds for it, its routers and the application taken together. */
struct route_settings {
    bool is_sync;
    double timeout;
    uint64_t max_body;
};
const struct route_settings *match_route_settings(const struct match_route *route);
/* Outermost first: the application's, its routers', its own; ended by NULL. */
const struct cgw_middleware *const *match_route_middleware(const struct match_route *route);
const struct cgw_dependency *const *match_route_depends(const struct match_route *route);

/* ---- head.c ---- */
void head_parse_query(cgw_request *req);   /* fills req->query */
void head_parse_cookies(cgw_request *req); /* fills req->cookies */
/* A text for C: a NUL in it is U+FFFD. */
const char *head_c_text(cgw_request *req, cgw_str text);
/* Copy what the scope points to, so that it outlives the call. CGW_OK or CGW_ENOMEM. */
int request_keep_scope(cgw_request *req);
extern const struct cgw_scope request_no_scope; /* all empty, for whoever asks too late */

/* ---- store.c ---- */
/* reply_do(), on a pool thread. */
cgw_reply store_reply(cgw_request *req, int (*fn)(void *arg), void *arg);
/* request_do(), on a pool thread. */
int store_do(cgw_request *req, int (*fn)(void *arg), void *arg);
/*
 * Run fn(arg) where the request's memory may be used: here, unless this is a pool thread and others
 * of the request may run meanwhile; on the loop then. What fn answers.
 */
static inline int request_do(cgw_request *req, int (*fn)(void *arg), void *arg)
{
    return !here.offload ? fn(arg) : store_do(req, fn, arg);
}

/* ---- bind.c ---- */
/* The value of the first content type, or "". */
cgw_str bind_content_type(const cgw_request *req);
/* NULL, or why no request could ever be bound, in the arena. */
const char *bind_fault(struct arena *arena, const struct cgw_endpoint *endpoint);
/* Bind and validate all models of the endpoint. CGW_OK; CGW_EINVALID: the 422 is prepared by
   failure_prepare(); others as cgw_body_text(). May suspend. */
int bind_models(cgw_request *req);

/* ---- reply.c ---- */
/* The value for what is prepared. */
static inline cgw_reply reply_now(const cgw_request *req)
{
    return (cgw_reply){req->reply.status};
}
/* request_do() of what prepares a reply, and the value for it. */
static inline cgw_reply reply_do(cgw_request *req, int (*fn)(void *arg), void *arg)
{
    if (here.offload)
        return store_reply(req, fn, arg);
    (void)fn(arg);
    return reply_now(req);
}
/* Prepare one, of the request's memory or static; status 0: the route's. Nothing where one is on
 * its way. */
cgw_reply reply_prepare(cgw_request *req, int status, const char *content_type, cgw_str body);
/* May a field's value, or a content type, be sent? */
bool reply_is_value(const char *s);
/* The fields that speak of a content go, as another one takes its place. */
void reply_drop_content(cgw_request *req);
/* All fields but the length, with room for one behind them; few: the caller's. */
struct cgw_header *reply_fields(cgw_request *req, struct cgw_header few[2], size_t *ret_n);

/* ---- reply_source.c ---- */
/* reply_prepare() of a source, which is dropped where the reply is on its way already. */
cgw_reply reply_prepare_source(cgw_request *req, int status, const char *content_type,
                               struct reply_source *source);
/* The source of the reply goes, where it has one; the second: and the fields that speak of it. */
void reply_drop_source(cgw_request *req);
void reply_forget_source(cgw_request *req);
/* reply_send() of a source. */
int reply_send_source(cgw_request *req, const struct cgw_header *headers, size_t n,
                      const struct cgw_site *site);

/* ---- reply.c ---- */
/* Send a whole reply and be done. A code as of send(). Suspends. */
int reply_send(cgw_request *req);

/* ---- stream.c ---- */
/* The handler has returned and its stream was not ended: the response breaks off. */
void stream_abandon(cgw_request *req);
/* No ping comes any more. Suspends shortly. */
void stream_settle(cgw_request *req);

/* ---- failure.c ---- */
/* Prepare the reply of an error: the application's own handlers of errors are asked by
   failure_handle(), when the handler has returned it. detail_json: the array of a 422, or len 0. */
cgw_reply failure_prepare(cgw_request *req, int status, int code, const char *detail,
                          cgw_str detail_json);
/* The handler returned, and there is no reply: 500, and a line in the log that names it. */
void failure_missing(cgw_request *req);
/* "Not Found" for 404, in English; static. */
const char *failure_reason(int status);
/* failure_handle() of an error. */
void failure_ask(cgw_request *req);
/* Ask the handlers of errors, once, where the prepared reply is an error. */
static inline void failure_handle(cgw_request *req)
{
    if (req->reply.cause.status)
        failure_ask(req);
}

/* ---- depend.c ---- */
/* Run all that the route, its routers and the application want. CGW_OK; CGW_EFAILED: the reply is
   prepared. */
int depend_run_all(cgw_request *req);
/* Tear down what was given, latest first; status: that was sent, or 0. */
void depend_teardown(cgw_request *req, int status);

/* ---- chain.c ---- */
/* Through the middleware (the application's alone where no route matched) to inner(), all on the
   running task; inner() sees to threads itself. */
cgw_reply chain_run(cgw_request *req, cgw_handler_fn *inner);

/* ---- after.c ---- */
/* Run fn(req), behind finish(), where nothing cancels it but a drain that takes too long. */
void after_behind(cgw_request *req, void (*fn)(cgw_request *req));
/* Run the background tasks in order; in after_behind(). */
void after_run(cgw_request *req);
/* The worker begins to drain: what runs in after_behind() has the application's .background_timeout
   left. [loop, outside of tasks] */
void after_drain(cgw_request *req);
#endif
