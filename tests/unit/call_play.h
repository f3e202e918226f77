/*
 * A worker of one call, for tests of app/: a wire that notes in words what reaches it, an
 * application that is a function of the test's, and a board that is the supervisor's in pretence.
 */
#ifndef CALL_PLAY_H
#define CALL_PLAY_H
#include "app/call.h"
#include "unit.h"

struct call_play {
    char said[1024];  /* "200 length=5 server-timing: … +5 end" */
    int write_status; /* what the wire's write() answers */
    bool body_is_late;
    int ended;
    struct call_runtime runtime;
    struct settings settings;
    struct cgw_app app;
    struct board_slot slot;
    struct mailbox mailbox;
    struct call *call; /* the one that was begun last */
    char log_path[64];
};
extern struct call_play play;

/* A runtime with a pool and a mailbox; app_call is the application's. */
void play_open(void (*app_call)(struct cgw_call *call));
/* All calls must have ended. */
void play_close(void);
/* Begin an http call, in play.call; said is emptied. */
void play_begin(void);
/* Open the letters that pool threads send until n calls have ended. */
void play_until_ended(int n);
/* Begin n calls, each when the one before has ended. */
void play_serve(int n);
/* How many lines of the log hold text. */
int play_told(const char *text);
/* The supervisor has seen the application on the loop for us, at site. */
void play_catch(uint64_t us, const char *site);
/* The whole response: status, these fields, a body in one event. What send() answered. */
int play_respond(struct cgw_call *call, uint16_t status, const struct cgw_header *fields, size_t n,
                 const char *body);
#endif
