/*
 * A filter is what a middleware does to a call, written once: plain functions of events, which
 * never wait, and take memory from their call alone. Who drives it stands between an application
 * and its host: web/through.c for applications of the SDK, wrap.c for any of <cgw/abi.h>.
 *
 *     begin()  sees the head of the request: let it pass, changed or not, or answer it at once
 *     send()   sees what is sent: edits, transforms, holds back, adds
 *     end()    the call is over
 *
 * One call's functions run one at a time, in order; those of several calls at once, on several
 * threads, where the application is one of CGW_SYNC: what filters share in a worker they lock.
 */
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H
#include <cgw/abi.h>
#include <stdbool.h>

struct filter_call;
struct filter_answer;
struct filter_out;

enum filter_verdict { FILTER_PASS = 0, FILTER_ANSWER = 1 };

struct cgw__filter {
    const char *name; /* "gzip" */
    /* What a call of it keeps: call->state, zeroed. */
    size_t state_bytes;
    /* What a worker keeps for its options: call->worker, zeroed at first; NULL: nothing. */
    size_t (*worker_bytes)(const void *options);
    bool is_for_websockets; /* begin() is asked about those, too; an answer refuses them */
    /* FILTER_PASS; FILTER_ANSWER: *answer is the response, which this filter does not see again; a
       negative code: the call fails. NULL: passes. */
    int (*begin)(struct filter_call *call, struct filter_answer *answer);
    /*
     * Take the first of n events, or the first few, and put into *out what is sent in their place.
     * How many were taken: 0 says that out is to be sent first, as its memory is used again (then
     * must_go is set); or a negative code. Events that are not over must not be held by pointer
     * beyond the last of n. NULL: all passes.
     */
    int (*send)(struct filter_call *call, const struct cgw_event *events, size_t n,
                struct filter_out *out);
    /* Give back what is no memory of the call's. Run once, where filter_at_end() was asked for. */
    void (*end)(struct filter_call *call);
};

/* What a driver can do for a call. */
struct filter_driver {
    void *(*alloc)(struct filter_call *call, size_t bytes); /* dies with the call; or NULL */
    uint64_t (*now_us)(struct filter_call *call);           /* of a clock that never jumps */
    void (*log)(struct filter_call *call, int level, const char *text, size_t len);
    int (*at_end)(struct filter_call *call); /* end() shall be run. CGW_OK or CGW_ENOMEM */
    /* Something for the application that is no field: "request_id". value: the call's memory. */
    void (*tell)(struct filter_call *call, const char *name, const char *value);
};

struct filter_call {
    const struct cgw__filter *filter;
    const struct filter_driver *driver;
    const void *options;
    void *worker, *state;
    const struct cgw_scope *scope; /* filter_scope_edit() puts a copy here */
    bool is_through;               /* set by send(): all that follows passes, unseen */
    int broken; /* what was made of an event was not all sent: what sending answers from now on */
};

/* ---- answers ---- */

enum { FILTER_ANSWER_FIELDS = 12 };

struct filter_answer {
    uint16_t status;
    const char *detail;       /* of an error: {"detail": "..."}; NULL: body */
    const char *content_type; /* of body; NULL: none */
    struct cgw_str body;      /* static, or the call's */
    struct cgw_header headers[FILTER_ANSWER_FIELDS]; /* the same */
    size_t n_headers;
};
/* name and value: static, or the call's. */
void filter_answer_add(struct filter_answer *answer, const char *name, struct cgw_str value);

/* ---- what goes out ---- */

enum { FILTER_OUT_MAX = 8, FILTER_OUT_EACH = 4 /* one send() makes no more */ };

struct filter_out {
    struct cgw_event events[FILTER_OUT_MAX];
    size_t n;
    bool must_go; /* send them before send() is called again */
};
static inline void filter_out_add(struct filter_out *out, const struct cgw_event *event)
{
    out->events[out->n++] = *event;
}

/* Where a batch of events stands. */
struct filter_pump {
    const struct cgw_event *events;
    size_t n, at;
};
/* Fill *out with what is to be sent next, which may be nothing; the batch is over when at is n, and
   that was sent. CGW_OK or a negative code. */
int filter_pump(struct filter_call *call, struct filter_pump *pump, struct filter_out *out);
/* Each status of sending *out, and of waiting for the next turn behind it. As it is. */
int filter_sent(struct filter_call *call, const struct filter_out *out, int status);

/* ---- what filters are written with ---- */

static inline void *filter_alloc(struct filter_call *call, size_t bytes)
{
    return call->driver->alloc(call, bytes);
}
static inline int filter_at_end(struct filter_call *call)
{
    return call->driver->at_end(call);
}
/* A copy with a NUL behind; ptr NULL: out of memory. */
struct cgw_str filter_copy(struct filter_call *call, const char *ptr, size_t len);
struct cgw_str filter_printf(struct filter_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void filter_log(struct filter_call *call, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* All names and words are compared without regard to case. */
bool filter_is(struct cgw_str text, const char *word);
/* The first field of that name, or NULL. */
const struct cgw_header *filter_field(const struct cgw_header *headers, size_t n, const char *name);
/* The value of the request's first field of that name; ptr NULL: there is none. */
struct cgw_str filter_request_field(const struct filter_call *call, const char *name);
/* The next element of a list with commas, blanks around it taken off; *rest goes on behind it.
   false: there is no more. */
bool filter_next_element(struct cgw_str *rest, struct cgw_str *ret_element);
/* Has a field of that name, in a list with commas, that word? */
bool filter_has_word(const struct cgw_header *headers, size_t n, const char *name,
                     const char *word);

/* The scope as the application will see it, to be changed; NULL: out of memory. [begin()] */
struct cgw_scope *filter_scope_edit(struct filter_call *call);
/* A field of the request in place of those of that name. CGW_OK or CGW_ENOMEM. [begin()] */
int filter_request_set(struct filter_call *call, const char *name, struct cgw_str value);

/*
 * The head of a response, to be changed: a copy of the start's array with room for more. The bytes
 * of fields that were there stay the application's.
 */
struct filter_head {
    struct cgw_event start;
    struct cgw_header *headers; /* start.u.start.headers */
    size_t room;
};
/* more: so many fields may be added. CGW_OK or CGW_ENOMEM. */
int filter_head_edit(struct filter_call *call, const struct cgw_event *start, size_t more,
                     struct filter_head *ret_head);
void filter_head_add(struct filter_head *head, const char *name, struct cgw_str value);
void filter_head_remove(struct filter_head *head, const char *name);
/* Take out those of that name, then add one. */
void filter_head_set(struct filter_head *head, const char *name, struct cgw_str value);
/* All of send() for filters that only change the head: edit() does so, with room for more fields;
   the rest passes. */
int filter_edit_start(struct filter_call *call, const struct cgw_event *event, size_t more,
                      int (*edit)(struct filter_call *call, struct filter_head *head),
                      struct filter_out *out);
/* The word is in the Vary of the response, once. CGW_OK or CGW_ENOMEM. */
int filter_head_vary(struct filter_call *call, struct filter_head *head, const char *word);
#endif
