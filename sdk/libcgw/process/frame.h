/*
 * What goes over the sockets between a worker, its zygote and the helpers. All of them are the same
 * program at the same addresses, so structs go as they are, and pointers to code and constants
 * hold.
 */
#ifndef PROCESS_FRAME_H
#define PROCESS_FRAME_H
#include <cgw/process.h>

/* Worker to zygote, a packet each; FRAME_START takes the helper's end of a socket along. */
enum { FRAME_START = 1, FRAME_KILL = 2 };
struct frame_order {
    uint32_t kind, id;
};

/* Zygote to worker, a packet for each helper that has ended. */
struct frame_ended {
    uint32_t id;
    int32_t status; /* of waitpid(2) */
    int32_t error;  /* errno of fork(2): there never was one; else 0 */
};

/* Worker to helper, then len bytes. */
struct frame_job {
    uint64_t number, len, max_bytes;
    cgw_process_fn *fn;                     /* or NULL, and */
    const struct cgw__process_model *model; /* this */
};

/* Helper to worker, then len bytes. What fn has done to its process may be anything: the number
   tells an answer from that. */
struct frame_answer {
    uint64_t number, len;
    int32_t status;
    uint32_t reserved;
};
#endif
