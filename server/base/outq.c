/*
 * The out-queue behind outq.h: a list of blocks, each a run of copied bytes, an array of lent parts
 * or a file range. Copied runs come from the worker's pool; the two others are rare and small.
 */
#include "base/outq.h"
#include "base/mem.h"
#include <errno.h>
#include <limits.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum block_kind { BLOCK_COPY, BLOCK_LENT, BLOCK_FILE };

struct outq_block {
    struct outq_block *next;
    enum block_kind kind;
    uint64_t left; /* bytes not written yet */
    union {
        struct {
            uint32_t start, end; /* of bytes[] */
        } copy;
        struct {
            const struct str *parts; /* the first one with bytes to write */
            size_t n, skip;          /* skip: bytes of parts[0] that are written */
        } lent;
        struct {
            int fd;
            off_t offset;
        } file;
    } u;
    char bytes[]; /* OUTQ_BLOCK_BYTES of them in a copy block, else none */
};

enum { WRITE_IOVECS = 64 };

void outq_pool_init(struct outq_pool *pool, size_t max_free)
{
    *pool = (struct outq_pool){.max_free = max_free};
}

void outq_pool_fini(struct outq_pool *pool)
{
    while (pool->free) {
        struct outq_block *block = pool->free;
        pool->free = block->next;
        mem_free(block);
    }
    pool->n_free = 0;
}

static struct outq_block *block_get(struct outq_pool *pool)
{
    struct outq_block *block = pool->free;
    if (!block)
        return mem_alloc(sizeof *block + OUTQ_BLOCK_BYTES);
    pool->free = block->next;
    pool->n_free--;
    return block;
}

static void block_put(struct outq_pool *pool, struct outq_block *block)
{
    if (block->kind != BLOCK_COPY || pool->n_free >= pool->max_free) {
        mem_free(block);
        return;
    }
    block->next = pool->free;
    pool->free = block;
    pool->n_free++;
}

void outq_init(struct outq *q, struct outq_pool *pool)
{
    *q = (struct outq){.pool = pool};
}

void outq_fini(struct outq *q)
{
    while (q->head) {
        struct outq_block *block = q->head;
        q->head = block->next;
        block_put(q->pool, block);
    }
    q->tail = NULL;
    q->queued = q->lent_end = q->written;
}

static void append(struct outq *q, struct outq_block *block, uint64_t bytes)
{
    block->next = NULL;
    block->left = bytes;
    if (q->tail)
        q->tail->next = block;
    else
        q->head = block;
    q->tail = block;
    q->queued += bytes;
}

/* Bytes that still fit into the last block. */
static inline size_t tail_room(const struct outq *q)
{
    const struct outq_block *tail = q->tail;
    return tail && tail->kind == BLOCK_COPY ? OUTQ_BLOCK_BYTES - tail->u.copy.end : 0;
}

char *outq_reserve(struct outq *q, size_t bytes)
{
    if (bytes && bytes <= tail_room(q))
        return q->tail->bytes + q->tail->u.copy.end;
    struct outq_block *block = bytes <= OUTQ_BLOCK_BYTES ? block_get(q->pool) : NULL;
    if (!block)
        return NULL;
    block->kind = BLOCK_COPY;
    block->u.copy.start = block->u.copy.end = 0;
    append(q, block, 0);
    return block->bytes;
}

void outq_commit(struct outq *q, size_t bytes)
{
    q->tail->u.copy.end += (uint32_t)bytes;
    q->tail->left += bytes;
    q->queued += bytes;
}

int outq_copy(struct outq *q, const char *ptr, size_t len)
{
    uint64_t mark = q->queued;
    size_t room = tail_room(q);
    if (len <= room) {
        if (len) {
            str_put(q->tail->bytes + q->tail->u.copy.end, (struct str){ptr, len});
            outq_commit(q, len);
        }
        return 0;
    }
    for (; len; room = tail_room(q)) {
        size_t n = len < OUTQ_BLOCK_BYTES ? len : OUTQ_BLOCK_BYTES;
        if (room && room < n)
            n = room;
        char *to = outq_reserve(q, n);
        if (!to) {
            outq_truncate(q, mark);
            return -ENOMEM;
        }
        memcpy(to, ptr, n);
        outq_commit(q, n);
        ptr += n;
        len -= n;
    }
    return 0;
}

int outq_lend(struct outq *q, const struct str *parts, size_t n, uint64_t bytes)
{
    struct outq_block *block = mem_alloc(sizeof *block);
    if (!block)
        return -ENOMEM;
    block->kind = BLOCK_LENT;
    block->u.lent.parts = parts;
    block->u.lent.n = n;
    block->u.lent.skip = 0;
    append(q, block, bytes);
    q->lent_end = q->queued;
    return 0;
}

int outq_file(struct outq *q, int fd, uint64_t offset, uint64_t bytes)
{
    struct outq_block *block = mem_alloc(sizeof *block);
    if (!block)
        return -ENOMEM;
    block->kind = BLOCK_FILE;
    block->u.file.fd = fd;
    block->u.file.offset = (off_t)offset;
    append(q, block, bytes);
    q->lent_end = q->queued;
    return 0;
}

void outq_truncate(struct outq *q, uint64_t mark)
{
    uint64_t position = q->written;
    struct outq_block **link = &q->head, *last = NULL;
    while (*link && position + (*link)->left <= mark) {
        position += (*link)->left;
        last = *link;
        link = &last->next;
    }
    if (*link && position < mark && (*link)->kind == BLOCK_COPY) {
        last = *link;
        last->left = mark - position;
        last->u.copy.end = last->u.copy.start + (uint32_t)last->left;
        link = &last->next;
    }
    struct outq_block *rest = *link;
    *link = NULL;
    q->tail = last;
    while (rest) {
        struct outq_block *next = rest->next;
        block_put(q->pool, rest);
        rest = next;
    }
    q->queued = mark;
    if (q->lent_end > mark)
        q->lent_end = q->written;
}

/* Point iov at the bytes of a lent block, at most most of them; how many iovecs. */
static int gather_lent(const struct outq_block *block, uint64_t most, struct iovec *iov, int room)
{
    int n = 0;
    size_t skip = block->u.lent.skip;
    for (size_t i = 0; i < block->u.lent.n && n < room && most; i++) {
        struct str part = block->u.lent.parts[i];
        size_t len = part.len - skip < most ? part.len - skip : (size_t)most;
        if (len)
            iov[n++] = (struct iovec){(char *)(uintptr_t)part.ptr + skip, len};
        most -= len;
        skip = 0;
    }
    return n;
}

/* The iovecs of what stands before limit and before the first file range. */
static int gather(const struct outq *q, uint64_t limit, struct iovec *iov, bool *ret_file_follows)
{
    int n = 0;
    uint64_t position = q->written;
    const struct outq_block *block = q->head;
    for (; block && n < WRITE_IOVECS && position < limit; block = block->next) {
        uint64_t most = limit - position < block->left ? limit - position : block->left;
        if (block->kind == BLOCK_FILE)
            break;
        if (block->kind == BLOCK_LENT)
            n += gather_lent(block, most, iov + n, WRITE_IOVECS - n);
        else if (most)
            iov[n++] =
                (struct iovec){(char *)(uintptr_t)block->bytes + block->u.copy.start, (size_t)most};
        position += most;
    }
    *ret_file_follows = block && block->kind == BLOCK_FILE && position < limit;
    return n;
}

static void skip_lent(struct outq_block *block, uint64_t bytes)
{
    while (bytes) {
        size_t rest = block->u.lent.parts[0].len - block->u.lent.skip;
        if (bytes < rest) {
            block->u.lent.skip += (size_t)bytes;
            return;
        }
        bytes -= rest;
        block->u.lent.parts++;
        block->u.lent.n--;
        block->u.lent.skip = 0;
    }
}

/* The socket has taken bytes: drop them from the front. */
static void advance(struct outq *q, uint64_t bytes)
{
    q->written += bytes;
    while (q->head && (bytes || q->head->left == 0)) {
        struct outq_block *block = q->head;
        uint64_t n = bytes < block->left ? bytes : block->left;
        block->left -= n;
        bytes -= n;
        if (block->left == 0) {
            q->head = block->next;
            if (!q->head)
                q->tail = NULL;
            block_put(q->pool, block);
        } else if (block->kind == BLOCK_COPY) {
            block->u.copy.start += (uint32_t)n;
        } else if (block->kind == BLOCK_LENT) {
            skip_lent(block, n);
        } else {
            block->u.file.offset += (off_t)n;
        }
    }
}

/* One write of memory: bytes taken, or a negative errno. */
static ssize_t write_memory(int socket, struct iovec *iov, int n, bool file_follows)
{
    int flags = MSG_NOSIGNAL | (file_follows ? MSG_MORE : 0);
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)n};
    ssize_t got = n == 1 ? send(socket, iov->iov_base, iov->iov_len, flags)
                         : sendmsg(socket, &message, flags);
    return got < 0 ? -errno : got;
}

static ssize_t write_file(int socket, const struct outq_block *block, uint64_t most)
{
    off_t offset = block->u.file.offset;
    uint64_t bytes = block->left < most ? block->left : most;
    ssize_t got =
        sendfile(socket, block->u.file.fd, &offset, bytes < SSIZE_MAX ? (size_t)bytes : SSIZE_MAX);
    if (got < 0)
        return -errno;
    return got == 0 ? -EIO : got; /* the file ends before its range does */
}

/* The common case: all that may go is the one block that was copied. */
static bool is_one_copy(const struct outq *q, uint64_t limit)
{
    return q->head == q->tail && q->head->kind == BLOCK_COPY && limit == q->queued;
}

static ssize_t write_copy(int socket, struct outq_block *block)
{
    struct iovec iov = {block->bytes + block->u.copy.start, (size_t)block->left};
    return write_memory(socket, &iov, 1, false);
}

static __attribute__((noinline)) ssize_t write_some(const struct outq *q, int socket,
                                                    uint64_t limit, uint64_t stop)
{
    struct iovec iov[WRITE_IOVECS];
    bool file_follows;
    int n = gather(q, limit, iov, &file_follows);
    return n ? write_memory(socket, iov, n, file_follows)
             : write_file(socket, q->head, stop - q->written);
}

int outq_write(struct outq *q, int socket, uint64_t limit, uint64_t max, bool *ret_blocked)
{
    uint64_t stop = q->written + max;
    if (limit > q->queued)
        limit = q->queued;
    *ret_blocked = false;
    while (q->written < limit && q->written < stop) {
        ssize_t got = is_one_copy(q, limit) ? write_copy(socket, q->head)
                                            : write_some(q, socket, limit, stop);
        if (got == -EINTR)
            continue;
        if (got == -EAGAIN) {
            *ret_blocked = true;
            return 0;
        }
        if (got < 0)
            return (int)got;
        advance(q, (uint64_t)got);
    }
    return q->written == limit;
}
