/*
 * A fake worker for check_sync: a loop on the test's own thread, a pool, and an outer host that
 * answers from a script, inline or later, and writes down all it is given.
 */
#ifndef SYNC_PLAY_H
#define SYNC_PLAY_H
#include "app/sync.h"
#include "base/list.h"
#include "unit.h"
#include <stdatomic.h>

#define PLAY_HEADERS 8

/* An answer of the outer's that comes in a later turn of the loop. */
struct play_due {
    cgw_done_fn *done;
    void *arg;
    int status;
    bool is_set;
};

struct play {
    struct cgw_call call; /* first */
    struct cgw_scope scope;
    struct cgw_header headers[PLAY_HEADERS];

    /* the script */
    const char *body; /* of the request, body_len bytes, piece bytes a time */
    size_t body_len, piece;
    bool is_cut;     /* the peer goes away where the body ends */
    bool is_pending; /* receive() and send() answer in the next turn */
    bool is_stuck;   /* send() and receive() are not answered until play_release() */
    int send_status; /* what send() answers; CGW_OK at first */
    int fail_at;     /* the send() that answers it, from 0; -1: every one */

    /* what was seen */
    char sent[4096];        /* "start 200 a:b|body hello more|" */
    const void *first_part; /* bytes of the last body event's first part, as lent */
    size_t body_sent;
    int n_receives, n_sends, n_finishes, n_logs, n_wants;
    int finish_status;
    bool has_misbehaved; /* off the loop's thread, after finish(), or two in flight */

    size_t body_at;
    struct cgw_event *event;
    struct play_due receiving, sending;
    cgw_done_fn *gone, *draining;
    void *gone_arg, *draining_arg;
};

extern struct mailbox play_mailbox;
extern struct pool *play_pool;
extern struct sync_runner *play_runner;
extern struct board_histogram play_waits;
extern const struct pool_origin play_origin; /* counts in play_waits */

/* Set up, with a pool of so many threads and places, for an application that calls this. */
void play_begin(void (*call)(struct cgw_call *call), uint32_t threads, uint32_t queue);
/* All calls must be over. */
void play_end(void);

void play_init(struct play *play, const char *method);
void play_header(struct play *play, const char *name, const char *value);
/* The request's body; content-length is set. */
void play_body(struct play *play, const char *body, size_t len, size_t piece);

/* Run the loop until the outer call is finished. */
void play_until_finished(struct play *play);
/* Run the loop until the flag is set by another thread. */
void play_until(struct play *play, atomic_int *flag, int value);
/* sync_call() and play_until_finished(). */
void play_run(struct play *play);
/* The peer goes; what is pending ends with status. */
void play_gone(struct play *play);
void play_cancel(struct play *play);
void play_drain(struct play *play);
#endif
