/*
 * libcgw-test: an application is run in process, without a port: its lifespan, requests, cookies,
 * streams, under a clock that jumps and a schedule that a seed decides. pkg-config cgw-test.
 *
 * The application is linked into the test (its sources beside the test's), or loaded from a shared
 * object. Everything runs on the thread that calls; only sync handlers run on threads of their own.
 * Works in Check's forks and without, and with any other runner: a failure of the tester's own
 * prints what happened, the seed with it, and aborts.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CGW_TEST_H
#define CGW_TEST_H
#include <cgw/abi.h>
#include <stdbool.h>

typedef struct cgw_test cgw_test;

/* Named arguments of cgw_test_open(). */
struct cgw_test_options {
    const struct cgw_app *app; /* NULL: so, or the cgw_app that is linked in */
    const char *so;            /* path of a shared object to load instead */
    uint64_t seed;             /* of the schedule; 0: from CGW_TEST_SEED, else random and printed */
    double budget;             /* virtual seconds that a run may take, then it is stuck [3600] */
    bool real_clock;           /* time passes as outside */
    bool without_lifespan;     /* neither startup nor shutdown; one on the SDK cannot do without */
    bool raise;                /* a handler's 500 ends the test with its log line instead */
    bool follow;               /* redirects are followed, at most 20 */
    bool quiet;                /* what the application logs is kept, but not printed */
    bool https;                /* the scheme; cookies that are secure are kept and sent then */
    double patience;           /* real seconds that callbacks may hold the loop in a run [1] */
    const char *root_path;     /* of the scope [""] */
    const char *client;        /* of the scope ["127.0.0.1"] */
    size_t threads;            /* for sync handlers and cgw_blocking() [8] */
};

/*
 * Start the application: its lifespan is run. NULL: startup failed; cgw_test_error() says why.
 * cgw_test_open(.seed = 7); the result is the caller's until cgw_test_close().
 */
cgw_test *cgw__test_open(struct cgw_test_options options);
#define cgw_test_open(...) cgw__test_open((struct cgw_test_options){__VA_ARGS__})
/* Why the last cgw_test_open() or cgw_test_close() on this thread failed, with the seed. Static
   until the next. */
const char *cgw_test_error(void);
/* Tell the application that the server drains, run the shutdown, in which one on the SDK awaits its
   background tasks and cancels the others, and free all. 0; -1: the shutdown failed, or never
   ended: cgw_test_error() says so. NULL is fine. */
int cgw_test_close(cgw_test *test);

/* One header field of a request or of an answer. */
struct cgw_test_field {
    const char *name, *value;
};

/* What comes back; read-only. Lives until cgw_test_close(). */
typedef struct cgw_answer {
    int status;       /* 0: the response broke off before its head */
    bool is_complete; /* false: it broke off */
    const char *text; /* the body, NUL-terminated */
    size_t len;
    const struct cgw_test_field *fields;
    size_t n_fields;
    const struct cgw_test_field *trailers;
    size_t n_trailers;
    int informational;   /* status of the last 1xx before it; 0: none */
    size_t n_chunks;     /* body events with bytes that came */
    double seconds;      /* virtual ones from request to last byte */
    size_t began, ended; /* counted together over all calls of the test: 1, 2, 3... */
    const char *url;     /* of the last request where redirects were followed */
} cgw_answer;

/* A field of a multipart form, or, with a file name, a file. */
struct cgw_test_part {
    const char *name, *value; /* len bytes; 0: up to its NUL */
    const char *filename, *content_type;
    size_t len;
};

/* Named arguments of a request. */
struct cgw_test_request {
    const char *method; /* ["GET"] */
    const char *target; /* path and query as on the wire, or a whole http:// URL */
    const char *json;   /* a body of application/json */
    const char *form;   /* a body of application/x-www-form-urlencoded: "a=1&b=2" */
    /* a body of multipart/form-data, in the order they are sent; ended by one without a name */
    const struct cgw_test_part *parts;
    const char *body; /* any other; body_len bytes, 0: up to its NUL */
    size_t body_len;
    const char *content_type;
    const struct cgw_test_field *fields; /* ended by one without a name */
    size_t chunk;                        /* the body comes in pieces of so many bytes */
    double chunk_pause;                  /* virtual seconds between them */
    double leave_after;                  /* virtual seconds, then the client leaves; 0: it stays */
    size_t leave_after_bytes;            /* or as soon as it has got so many of the body */
    double start_after;                  /* virtual seconds, then it begins */
    bool no_cookies;                     /* neither send nor keep */
};

/* Send it and run until it is answered and finished. Time jumps while all wait. */
cgw_answer cgw__test_request(cgw_test *test, struct cgw_test_request request);
#define cgw_test_request(test, ...) \
    cgw__test_request((test), (struct cgw_test_request){__VA_ARGS__})
#define cgw_test_get(test, target_, ...) \
    cgw_test_request((test), .method = "GET", .target = (target_), ##__VA_ARGS__)
#define cgw_test_post(test, target_, json_, ...) \
    cgw_test_request((test), .method = "POST", .target = (target_), .json = (json_), ##__VA_ARGS__)
#define cgw_test_put(test, target_, json_, ...) \
    cgw_test_request((test), .method = "PUT", .target = (target_), .json = (json_), ##__VA_ARGS__)
#define cgw_test_patch(test, target_, json_, ...) \
    cgw_test_request((test), .method = "PATCH", .target = (target_), .json = (json_), ##__VA_ARGS__)
#define cgw_test_delete(test, target_, ...) \
    cgw_test_request((test), .method = "DELETE", .target = (target_), ##__VA_ARGS__)

/* n requests at once, answers in their order. A handler that blocks the loop while others wait, or
   a call that never ends, ends the test with a message. */
void cgw_test_together(cgw_test *test, const struct cgw_test_request *requests, size_t n,
                       cgw_answer *ret_answers);
/* The same request n times at once. */
void cgw_test_crowd(cgw_test *test, struct cgw_test_request request, size_t n,
                    cgw_answer *ret_answers);

/* The first field of that name, without regard to case, or NULL. */
const char *cgw_answer_header(const cgw_answer *answer, const char *name);
/*
 * Compare JSON by value: what pointer (RFC 6901; "" for all) finds in text with the JSON text want.
 * false also where either is no JSON, or there is nothing. Objects compare without order.
 */
bool cgw_json_eq(const char *text, const char *pointer, const char *want);

/* ---- the client's cookies, per domain ("testserver" unless a host field says otherwise) ---- */
void cgw_test_cookie(cgw_test *test, const char *name,
                     const char *value);                             /* value NULL: forget it */
const char *cgw_test_cookie_value(cgw_test *test, const char *name); /* or NULL */

/* ---- time ---- */
double cgw_test_now(cgw_test *test);                 /* virtual seconds since open */
void cgw_test_clock(cgw_test *test, double seconds); /* let so many pass; what is due runs */
/* Let time pass until nothing is left to run or to wait for, at most the budget, as periodic tasks
   have no end; background tasks are through then. */
void cgw_test_settle(cgw_test *test);
uint64_t cgw_test_seed(const cgw_test *test);

/* ---- what the application said ---- */
/* The log lines so far that contain part ("" for all). */
size_t cgw_test_logged(cgw_test *test, const char *part);

/* ---- dependencies ---- */
/*
 * From now on the dependency of that name (the function that CGW_DEPENDS defined) gives a copy of
 * the len bytes at value. NULL: as it was. 0, or -1: there is none of that name or of that size.
 */
int cgw_test_override(cgw_test *test, const char *dependency, const void *value, size_t len);
/* The same with a function int fn(cgw_request *, T *out), where the application is linked in. */
int cgw__test_override_fn(cgw_test *test, const char *dependency, void (*fn)(void));
#define cgw_test_override_fn(test, dependency, fn) \
    cgw__test_override_fn((test), (dependency), (void (*)(void))(fn))

#endif
