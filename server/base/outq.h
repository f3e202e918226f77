/*
 * What waits to be written to one connection: copied bytes in blocks, bytes lent by the
 * application, and file ranges, in order. Bytes are counted from the connection's first, so a place
 * in the stream is a number (a mark), and what is not written yet can be taken back to a mark.
 *
 * Invariants: queued >= written; lent bytes are at most one array of parts at a time.
 * No file descriptor and no lent memory is ever owned here.
 */
#ifndef BASE_OUTQ_H
#define BASE_OUTQ_H
#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct outq_block;

/* Blocks that no queue uses; one pool per worker, so that idle connections hold none. */
struct outq_pool {
    struct outq_block *free;
    size_t n_free, max_free;
};

void outq_pool_init(struct outq_pool *pool, size_t max_free);
void outq_pool_fini(struct outq_pool *pool);

struct outq {
    struct outq_pool *pool;
    struct outq_block *head, *tail;
    uint64_t queued;   /* bytes ever accepted, a stream position */
    uint64_t written;  /* bytes ever taken by the socket */
    uint64_t lent_end; /* position behind the lent bytes; <= written: nothing is lent */
};

void outq_init(struct outq *q, struct outq_pool *pool);
/* Drop all; the blocks go back to the pool. */
void outq_fini(struct outq *q);

static inline uint64_t outq_pending(const struct outq *q)
{
    return q->queued - q->written;
}

static inline bool outq_is_lent(const struct outq *q)
{
    return q->lent_end > q->written;
}

/*
 * Room for bytes in one piece at the end of the queue, or NULL: out of memory. Fill it, then
 * outq_commit() what was used. At most OUTQ_RESERVE_MAX.
 */
#define OUTQ_BLOCK_BYTES 8192
char *outq_reserve(struct outq *q, size_t bytes);
void outq_commit(struct outq *q, size_t bytes);
/* Append a copy. 0, or -ENOMEM with nothing appended. */
int outq_copy(struct outq *q, const char *ptr, size_t len);
/* Append n parts by reference until they are written. Array and bytes stay the caller's. 0 or
   -ENOMEM. Nothing else may be lent. */
int outq_lend(struct outq *q, const struct str *parts, size_t n, uint64_t bytes);
/* Append a range of a file by reference; fd stays the caller's. 0 or -ENOMEM. */
int outq_file(struct outq *q, int fd, uint64_t offset, uint64_t bytes);
/* Take back all that was queued from position mark on; mark >= written. Nothing stays lent. */
void outq_truncate(struct outq *q, uint64_t mark);

/*
 * Write to the socket what stands before position limit, at most about max bytes.
 * 1 all of it is written; 0 more waits and the socket (-EAGAIN) or max stopped it, which
 * *ret_blocked tells; -EIO a file was shorter than its range or could not be read; another
 * negative errno: the connection is lost.
 */
int outq_write(struct outq *q, int socket, uint64_t limit, uint64_t max, bool *ret_blocked);
#endif
