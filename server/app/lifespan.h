/*
 * The lifespan of a worker: one call that begins before the first request and ends after the last
 * (ASGI Lifespan 2.0). Only for applications that declare CGW_LIFESPAN; a failed startup is fatal.
 */
#ifndef APP_LIFESPAN_H
#define APP_LIFESPAN_H
#include "app/call.h"

enum lifespan_state {
    LIFESPAN_ABSENT, /* not declared: always as if running, then stopped */
    LIFESPAN_STARTING,
    LIFESPAN_RUNNING,
    LIFESPAN_STOPPING,
    LIFESPAN_STOPPED,
    LIFESPAN_FAILED /* startup or shutdown failed; message says why */
};

struct lifespan {
    enum lifespan_state state;
    struct call *call; /* NULL once the application has finished */
    char message[512]; /* NUL-terminated, of the application's or ours */
    bool is_stop_wanted;
    void (*changed)(void *arg); /* state has moved, or call has become NULL; may be NULL */
    void *changed_arg;
};

/* Begin: state is STARTING, or what the application made of it at once. 0 or -ENOMEM. */
int lifespan_start(struct lifespan *lifespan, struct call_runtime *runtime);
/* Tell the application to shut down; state becomes STOPPED or FAILED, now or later. */
void lifespan_stop(struct lifespan *lifespan);
#endif
