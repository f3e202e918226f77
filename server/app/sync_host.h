/*
 * A synchronous call between its two threads: what the loop (sync.c) and the thread that runs the
 * module (sync_host.c) share. The thread asks by letter, one operation of a kind at a time; the
 * loop asks the outer call and answers.
 *
 * Lives until both sides let go: the loop after the outer finish(), the thread after the module's
 * call() has returned.
 */
#ifndef APP_SYNC_HOST_H
#define APP_SYNC_HOST_H
#include "app/mailbox.h"
#include "app/pool.h"
#include "app/sync.h"
#include "base/arena.h"
#include <cgw/abi.h>
#include <stdatomic.h>

/* Of one send, or of a body read before the hop, so much is copied. */
#define SYNC_COPY_BYTES (64 * 1024)

struct sync_table {
    struct cgw_host host; /* first: what the module sees */
    const struct cgw_host *outer;
};

/* A request to the loop. in_flight and status are under the call's lock once it is posted. */
struct sync_op {
    struct letter letter;
    bool in_flight;
    int status;
    bool is_waited; /* thread only: it waits for the answer */
};

/* A function posted to the call, heap. */
struct sync_post {
    struct sync_post *next;
    void (*fn)(struct cgw_call *call, void *arg);
    void *arg;
};

enum sync_want { SYNC_WANT_FILE, SYNC_WANT_TRAILERS, SYNC_WANT_INFORMATIONAL, SYNC_WANTS };

struct sync {
    struct cgw_call call; /* first: the module's */
    /* kept while the struct is reused */
    struct arena arena; /* the loop's before the hop, then the thread's, then its last owner's */
    pthread_mutex_t lock;
    pthread_cond_t cond; /* the thread waits for an answer or a post */
    struct sync *next;   /* in the runner's free list */
    /* all that follows is zero in a new call */
    struct cgw_call *outer; /* valid until the loop has called its finish() */
    struct sync_runner *runner;
    struct pool_job job;
    atomic_int owners;       /* loop and thread */
    atomic_bool is_gone;     /* what cgw.disconnect says */
    atomic_bool is_draining; /* what cgw.shutdown says */
    atomic_bool is_finished; /* the module has called finish() */
    bool wants[SYNC_WANTS];  /* fixed before the hop */
    bool is_heard;           /* loop only: its first letter has come */

    /* the route's name, in the arena, NUL-terminated: set once by the thread; then the loop's, too,
       which hands it to the outer with the next letter */
    _Atomic(const char *) route;
    size_t route_len;   /* written before route is */
    bool is_route_told; /* loop only */

    /* the body read before the hop; then the thread's */
    struct cgw_str body;
    size_t body_room;
    bool has_body, is_body_whole;

    /* an answer to receive */
    struct cgw_event event;

    /* what send gives; lent by the thread that waits, or gathered in the arena */
    const struct cgw_event *events;
    size_t n_events;
    struct cgw_event gathered[2];
    struct cgw_str gathered_body;

    /* thread only */
    bool is_started;  /* a response start was held or given to the outer */
    bool is_held;     /* gathered[0] is a start that was not given yet */
    bool is_deferred; /* sending carries the whole response; nobody waits for its answer */

    /* under the lock */
    struct sync_op receiving, sending, finishing;
    bool finishes_with_send; /* end the call when sending is answered */
    bool is_over;            /* the outer is finished */
    int finish_status;
    struct sync_post *posts, **last_post;
};

/* The host that the module sees, from what the outer one is. */
void sync_host_init(struct sync_table *table, const struct cgw_host *outer);
/* Run the module's call, see that it is finished, let go. [pool-thread] */
void sync_host_run(struct sync *sync, const struct cgw_app *app);

/* Post an operation. [pool-thread] */
void sync_post_op(struct sync *sync, struct sync_op *op);
/* Let go; the last one frees. */
void sync_release_by_thread(struct sync *sync);
/* The call was used after its finish(): one log line, and CGW_EINVAL. [pool-thread] */
int sync_misuse(const char *function);

/* ---- sync_extend.c ---- */

/* The outer's answers belong to the loop: what the thread may ask is kept for it. [loop-thread] */
void sync_watch(struct sync *sync);
/* What comes along with a letter: how long the job had waited, how the thread named the route.
   [loop-thread] */
void sync_hear(struct sync *sync);
/* The extension function of the module's table. */
const void *sync_extension(const struct cgw_host *host, const char *id);
#endif
