/*
 * What the modules of check_sync and check_sync_host have in common: their words for the interface,
 * and what they leave for the test to look at once the pool is gone.
 */
#ifndef SYNC_PLAY_APP_H
#define SYNC_PLAY_APP_H
#include "sync_play.h"

#define KIB64 65536

extern struct play play; /* the call of most tests */
extern char big[2 * KIB64];
extern struct cgw_event seen[8];
extern int answers[8];
extern atomic_int stage; /* how far the module has come */

int take(struct cgw_call *call, struct cgw_event *event);
int give(struct cgw_call *call, const struct cgw_event *events, size_t n);
void finish(struct cgw_call *call, int status);
/* 200 with a header and the text, in one send. */
int respond(struct cgw_call *call, const char *text, size_t len);
int start(struct cgw_call *call, uint16_t status);
int piece(struct cgw_call *call, const char *text, size_t len, uint16_t flags);
/* A whole module: one receive, a response of "hello". */
void hello(struct cgw_call *call);

/* The call play, with this module, from beginning to end. */
void run(void (*call)(struct cgw_call *call));
/* Begin it, let it come to stage 1, then leave its next receive() or send() unanswered. */
void begin_and_get_stuck(void (*call)(struct cgw_call *call));
void end_stuck(void);
#endif
