/* The scenarios: how the host answers, and what befalls the call at each of its steps in turn. */
#ifndef VALIDATE_SCRIPT_H
#define VALIDATE_SCRIPT_H
#include <stdbool.h>
#include <stddef.h>

enum script_answer {
    SCRIPT_NOW,   /* receive() and send() answer CGW_OK wherever they can */
    SCRIPT_LATER, /* they answer CGW_PENDING, the callback runs later */
    SCRIPT_TURNS  /* by turns */
};

/* A step is a receive() or a send() of the application's, or where the name says so something else.
 */
enum script_mishap {
    SCRIPT_NONE,
    SCRIPT_DISCONNECT, /* the peer is gone from that step on */
    SCRIPT_CANCEL,     /* the call is canceled from that step on */
    SCRIPT_NO_MEMORY,  /* that step answers CGW_ENOMEM, once */
    SCRIPT_NO_ALLOC,   /* that alloc() answers NULL, once */
    SCRIPT_DRAIN       /* the worker begins to drain at that step */
};

struct script {
    const char *name, *about;
    enum script_answer answer;
    enum script_mishap mishap;
    size_t piece;        /* bytes a receive() gives; 0: 64 KiB */
    unsigned at_once;    /* calls at the same time; 0: one */
    bool end_apart;      /* the end of the body comes as an empty event of its own */
    bool newest_first;   /* what is due runs in the order that is least likely */
    bool is_bare;        /* no extensions */
    bool is_full;        /* cgw.thread/1 answers CGW_EBUSY */
    bool is_unwanted;    /* trailers, informational: is_wanted() says 0 */
    bool all_requests;   /* else the basic ones */
    bool lifespan_only;  /* no request is played */
    bool websocket_only; /* a websocket is */
    bool is_moved;       /* set() of cgw.route/1 is CGW_PENDING, or is_promoted() 1 */
    bool is_on_pool;     /* calls run on threads from the start; for thread-safe applications */
};

/* The i-th scenario, or NULL. */
const struct script *script_get(unsigned i);
#endif
