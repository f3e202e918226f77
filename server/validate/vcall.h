/*
 * A call as the validator sees it: what it may still be told, what it has in flight, what has
 * befallen it. Its public head lies in memory of its own and is gone at finish(); this is not.
 */
#ifndef VALIDATE_VCALL_H
#define VALIDATE_VCALL_H
#include "validate/loop.h"
#include "validate/request.h"
#include "validate/response.h"
#include "validate/script.h"
#include <cgw/abi.h>
#include <pthread.h>
#include <stdbool.h>

/* A receive() or send() that was answered with CGW_PENDING. */
struct flight {
    bool is_on, is_due; /* due: its task is on the loop */
    bool is_cut;        /* the mishap happens while it is pending */
    cgw_done_fn *done;
    void *arg;
    struct cgw_event *event; /* of receive() */
    const struct cgw_event *events;
    size_t n;
    uint64_t prints[3]; /* of the events, the arrays and the bytes as they were lent */
};

struct notice {
    cgw_done_fn *fn;
    void *arg;
};

struct vcall {
    struct vcall *next;
    struct cgw_call *pub;
    const struct script *script;
    const struct request *request;
    bool is_sync;
    pthread_t thread;
    pthread_cond_t changed; /* of a sync call: a post, or its lifespan goes on */

    struct response response;
    struct flight receive, send;
    void *data;    /* of the last receive() */
    void **allocs; /* of alloc() */
    unsigned n_allocs, asked_allocs;

    size_t body_given;
    bool is_body_over;
    bool startup_given, shutdown_asked, shutdown_given;
    unsigned messages_given; /* of a websocket, its connect too */

    unsigned steps;  /* receive() and send() so far */
    unsigned cut_at; /* the step or alloc() at which the mishap happens; 0: none */
    unsigned steps_after_end;
    bool is_gone, is_canceled, is_draining;
    bool is_disturbed; /* the call did not go well, and the application was told */
    bool is_finished;
    bool is_beginning; /* inside call() of a CGW_ASYNC application */
    bool is_named;     /* by cgw.route/1 */
    bool is_moved;     /* set() was CGW_PENDING: it is begun anew as another */
    int finish_status;
    struct notice on_gone, on_drain;
    unsigned posts;      /* not run yet; under loop_lock */
    struct task *posted; /* of a sync call; under loop_lock */
};

extern const struct cgw_host host_async, host_sync;

/* What the options choose for every call. */
struct vcall_settings {
    uint32_t blocked_ms; /* a callback of an async application that takes longer is a finding */
    uint32_t timeout_ms; /* to come back, and to finish */
    bool is_verbose;
};
extern struct vcall_settings vcall_settings;

/* A call that is not begun; never freed, as the application may still know it. */
struct vcall *vcall_new(const struct script *script, const struct request *request, bool is_sync,
                        unsigned cut_at, void *state);
/* The call behind what the application hands in, or NULL: it is none. [any-thread] */
struct vcall *vcall_of(const struct cgw_call *pub);

/* Around each entry into the application's code: measures it, and looks at what it left. */
void vcall_enter(struct vcall *v, const char *doing);
void vcall_leave(struct vcall *v);
/* Is this thread the loop's, and inside the application? [any-thread] */
bool vcall_is_inside(void);
/* Start the thread that ends the child when the application does not come back. */
void vcall_start_watchdog(void);

/* What befalls a call. Callbacks that are due are put on the loop. */
void vcall_gone(struct vcall *v);
void vcall_cancel(struct vcall *v);
void vcall_drain(struct vcall *v);
void vcall_ask_shutdown(struct vcall *v);
void vcall_befall(struct vcall *v); /* the script's mishap */

/* Run what was posted to a sync call. [call-thread] */
void vcall_run_posts(struct vcall *v);
/* finish(), or it was moved: take everything away that the call lent. */
void vcall_end(struct vcall *v);
/* The next unfinished call behind v, or the first for NULL. */
struct vcall *vcall_next_running(struct vcall *v);
#endif
