/* What is due, one after the other, in the order that the seed picks. [tester's thread] */
#ifndef TESTER_LOOP_H
#define TESTER_LOOP_H
#include "tester.h"

/* Storage of an application's watch. */
struct tester_watch {
    struct tester_item item; /* first; due while the descriptor is ready */
    struct list node;        /* in call->watches */
    struct list all;         /* in test->watches */
    uint64_t mark;           /* TESTER_WATCH_MARK once it was used */
    cgw_watch_fn *fn;
    void *arg;
    int fd;
    uint32_t events, ready;
};
#define TESTER_WATCH_MARK 0x68637461772d7463u
_Static_assert(sizeof(struct tester_watch) <= sizeof(struct cgw_watch), "lies in its storage");

/* How a run ends. */
enum tester_end {
    TESTER_OVER, /* what was waited for has come */
    TESTER_TIME, /* the time is up */
    TESTER_IDLE  /* nothing is due, and nothing can come */
};

/* What a run is for. */
enum tester_aim {
    TESTER_FOR_END, /* is_over(): where nothing can come that the tester knows of, it waits a little
                       for what it does not know, and is idle then */
    TESTER_FOR_TIME, /* the limit */
    TESTER_FOR_REST  /* idleness, where timers are waited for, too */
};

/* Behind all that is due for its call. An item that is due already stays where it is. */
void tester_loop_due(struct tester_item *item);
/* It is not to run after all. */
void tester_loop_forget(struct tester_item *item);
/*
 * Run until is_over(arg), but nothing that is due after limit_us.
 */
enum tester_end tester_loop_run(cgw_test *test, bool (*is_over)(void *arg), void *arg,
                                uint64_t limit_us, enum tester_aim aim);
/* The threads have ended: run what they have left, as that frees it. */
void tester_loop_drain(cgw_test *test);
void tester_loop_fini(cgw_test *test);
#endif
