/*
 * Requests to the host's own pages, played without a socket: a wire that keeps what was written, a
 * loop whose timer the test fires, a board that the test breaks and mends.
 */
#ifndef DEV_PLAY_H
#define DEV_PLAY_H
#include "app/call.h"
#include "base/board.h"

extern struct board *dev_board;
extern struct call_runtime dev_runtime;
extern struct settings dev_settings; /* reload on, no prefix; change it before dev_begin() */
/* What came of the last request. */
extern struct dev_answer {
    int status; /* 0: none */
    char fields[2048];
    char *body; /* NUL-terminated */
    size_t body_len;
    bool is_whole; /* the end was written */
    int fails;     /* the wire was told to fail it */
    bool is_ended; /* the call is gone */
    bool was_app;  /* the application got it */
} dev_answer;
extern int dev_write_status; /* what the wire says to the next writes */

/* generation 1 of an application that answers "the application"; app NULL: that one. */
void dev_begin(const struct cgw_app *app);
void dev_end(void);
/* Begin a request; fields are "name: value\n" lines or NULL. It may still run afterwards. */
struct call *dev_request(const char *method, const char *path, const char *fields);
/* Fire the timer that is armed, if any; was one? */
bool dev_fire(void);
bool dev_is_armed(void);
/* What the loop would do now. */
void dev_run_due(void);
#endif
