/*
 * What a worker and its supervisor tell each other: short messages through a pair of sockets that
 * keeps them apart. When one of the two is gone the other reads the end.
 */
#ifndef PROC_CHANNEL_H
#define PROC_CHANNEL_H
#include <stddef.h>

enum { CHANNEL_TEXT_BYTES = 4000 };

enum channel_type {
    CHANNEL_END = 0,    /* the other side is gone */
    CHANNEL_READY = 1,  /* worker: started, serving */
    CHANNEL_FAILED = 2, /* worker: cannot start; text says why */
    CHANNEL_WORN = 3,   /* worker: has served its --max-requests */
    CHANNEL_RETIRE = 4, /* supervisor: another serves in its place, drain and leave */
    CHANNEL_LIST = 5    /* supervisor: list your tasks in the log */
};

struct channel_message {
    unsigned char type; /* enum channel_type */
    char text[CHANNEL_TEXT_BYTES];
};

/* Two ends, close-on-exec and non-blocking. 0 or a negative errno. */
int channel_open(int ret_ends[2]);
/* Text may be NULL; too long, it is cut. 0 or a negative errno (-EAGAIN: nobody reads). */
int channel_tell(int end, enum channel_type type, const char *text);
/* The next message; -EAGAIN: none, else 0. Text is NUL-terminated; errors are CHANNEL_END. */
int channel_take(int end, struct channel_message *ret_message);
#endif
