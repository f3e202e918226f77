/*
 * What the files of libcgw-test share: the test, its calls, and what is due.
 *
 * One thread, the tester's, runs the application and everything here. A callback is an item in the
 * queue of its call; of the calls that have one due, the seed picks which is next. When none has,
 * the clock jumps to the next timer. Pool threads reach the tester through letters alone.
 */
#ifndef TESTER_H
#define TESTER_H
#include "base/hooks.h"
#include "base/list.h"
#include <cgw/abi.h>
#include <cgw/test.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define TESTER_NEVER             UINT64_MAX
#define TESTER_REDIRECTS         20
#define TESTER_HOST              "testserver"
#define TESTER_PRINTF(at, first) __attribute__((format(printf, at, first)))

struct tester_call;
struct tester_job;

/* Something that is to run on the tester's thread for a call. Once due it is the queue's. */
struct tester_item {
    struct list node; /* in call->due; alone: not due */
    struct tester_call *call;
    void (*run)(struct tester_item *item);
};

/* A timer, of an application (inside struct cgw_timer) or of the tester's own. */
struct tester_timer {
    struct tester_item item; /* first; due when the time has come */
    struct list node;        /* in call->timers while armed or due */
    uint64_t mark;           /* TIMER_MARK once it was used: the rest is not garbage */
    uint64_t due_us, order;
    size_t at; /* place in the heap + 1; 0: not there */
    cgw_timer_fn *fn;
    void *arg;
};

/* A receive() or send() that was answered with CGW_PENDING, or a notice that was asked for. */
struct tester_flight {
    struct tester_item item;
    bool is_on;
    cgw_done_fn *done;
    void *arg;
    struct cgw_event *event;        /* of receive() */
    const struct cgw_event *events; /* of send() */
    size_t n;
    uint64_t print; /* of all that was lent */
};

enum tester_order {
    ORDER_NEW,  /* nothing sent */
    ORDER_HEAD, /* start sent, nothing is on the wire */
    ORDER_BODY,
    ORDER_TRAILERS,
    ORDER_DONE,
    ORDER_LIFESPAN_NEW, /* startup not received */
    ORDER_LIFESPAN_STARTING,
    ORDER_LIFESPAN_RUNNING,
    ORDER_LIFESPAN_STOPPING,
    ORDER_LIFESPAN_DONE
};

/* One exchange of the client's: a request with all its redirects. */
struct tester_exchange {
    struct cgw_test_request request; /* of now; its texts live as long as the exchange */
    cgw_answer *answer;              /* the caller's */
    uint64_t began_us;
    unsigned n_redirects;
    char *url;      /* of now */
    size_t *n_left; /* exchanges of the same run */
};

struct tester_call {
    struct cgw_call pub; /* first */
    uint64_t mark;
    cgw_test *test;
    struct cgw_scope scope;
    char name[96];    /* for messages: "GET /items" */
    struct list node; /* in test->calls */
    struct list due;  /* items */
    size_t ready_at;  /* place in test->ready + 1; 0: not there */
    pthread_t thread;
    struct list timers, watches;
    void **blocks; /* of alloc() */
    size_t n_blocks;
    struct tester_flight receive, send, gone, drain;
    char *data; /* of the last receive() */
    enum tester_order order;
    bool is_sync, is_begun, is_finished, is_canceled, is_gone;
    bool is_disturbed; /* the application was told that something failed */
    bool is_named;
    unsigned n_after_end; /* receive() and send() after it was told of the end */

    /* the request */
    struct tester_exchange *exchange; /* NULL: a lifespan */
    struct tester_timer begin, arrive, leave;
    const char *body;
    size_t body_len, body_here, body_given, chunk;
    uint64_t chunk_pause_us;
    bool is_body_over;

    /* the response */
    cgw_answer answer;
    struct cgw_test_field *fields, *trailers;
    char *text;
    size_t room;
    size_t n_got, leave_after_bytes; /* of body events, head and status aside */
    uint64_t length, n_body;
    bool has_length, has_no_body, has_promised_trailers, is_head_request;

    /* a call on a pool thread */
    pthread_cond_t answered;
    struct list posts; /* under the pool's lock */
    bool is_waiting;
    size_t n_posts; /* functions that have not run; under the pool's lock */
};

/* A chunk of memory that lives until the test is closed. */
struct tester_memory {
    struct tester_memory *next;
    max_align_t bytes[];
};

struct tester_cookie {
    struct tester_cookie *next;
    char *name, *value, *domain, *path;
    bool is_host_only, is_secure;
    uint64_t expires_us; /* of the test's clock; TESTER_NEVER: with the test */
};

struct tester_line {
    struct tester_line *next;
    char *text;
};

struct cgw_test {
    struct cgw_test_options options;
    const struct cgw_app *app;
    uint64_t seed, random;
    pthread_t thread;
    int pid;
    struct tester_memory *memory;
    struct tester_cookie *cookies;
    double epoch; /* seconds since 1970 when the test's clock was 0 */

    struct list calls; /* not finished */
    struct tester_call **ready;
    size_t n_ready, max_ready;
    struct tester_call *current; /* whose callback runs */
    size_t count;                /* began and ended of answers */

    /* the clock */
    uint64_t now_us, real_us; /* real_us: of the system's clock when now_us was 0 */
    struct tester_timer **heap;
    size_t n_timers, max_timers;
    uint64_t timer_order;

    struct list watches; /* of all calls */
    struct tester_pool *pool;
    struct tester_watchdog *watchdog;

    /* the lifespan */
    struct tester_call *lifespan;
    void *state;
    char *lifespan_error;
    bool is_started, is_stop_wanted, is_stopped, is_draining;

    /* the log */
    pthread_mutex_t log_lock;
    struct tester_line *lines, **lines_end;
    const char *last_error;
};

#define TESTER_CALL_MARK 0x6c6c61632d776763u

/* The call behind what the application hands in; ends the test where there is none, where it is
   finished, or where this is another thread than the call's. */
struct tester_call *tester_call_of(struct cgw_call *pub, const char *function);
/* The same for what may be called from every thread. */
struct tester_call *tester_call_anywhere(struct cgw_call *pub, const char *function);
static inline const struct hooks_test *tester_hooks(const cgw_test *test)
{
    return test->app->extension ? test->app->extension(HOOKS_TEST) : NULL;
}
#endif
