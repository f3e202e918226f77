/*
 * The host sends files by itself (cgw.file/1), so that their bytes never come by here. Where it
 * does not, or a layer wants to see them, they are read: without waiting where they are in the
 * kernel's cache, on the pool where they are not.
 */
#include "files/file_send.h"
#include "base/memory.h"
#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PIECE_BYTES = 64 * 1024 };

static struct file_send *owner(struct reply_source *source)
{
    return list_owner(source, struct file_send, source);
}

/* ---- by the host ---- */

static bool takes_files(const cgw_request *req)
{
    for (const struct cgw_layer *layer = req->layers; layer; layer = layer->below)
        if (layer->send && layer->wants_bytes)
            return false;
    const struct cgw_event_extension *table = req->host->extension(req->host, CGW_EXT_FILE);
    return table && table->is_wanted(req->call);
}

static struct cgw_event file_event(const struct file_send *send, const struct file_part *part,
                                   uint16_t flags)
{
    struct cgw_event event = {.type = CGW_HTTP_RESPONSE_FILE, .flags = flags, sizeof(event)};
    event.u.file.fd = send->fd;
    event.u.file.offset = part->first;
    event.u.file.count = part->count;
    return event;
}

/* ---- by ourselves ---- */

struct reading {
    int fd;
    uint64_t at;
    char *ptr;
    size_t len;
    ssize_t n; /* what came of it */
    int error;
};

static int read_waiting(void *arg)
{
    struct reading *reading = arg;
    do
        reading->n = pread(reading->fd, reading->ptr, reading->len, (off_t)reading->at);
    while (reading->n < 0 && errno == EINTR);
    reading->error = errno;
    return CGW_OK;
}

static bool read_quick(struct reading *reading)
{
    const struct iovec part = {reading->ptr, reading->len};
    reading->n = preadv2(reading->fd, &part, 1, (off_t)reading->at, RWF_NOWAIT);
    return reading->n > 0;
}

/* A file that has shrunk is as one that cannot be read: its reply breaks off. */
static int read_piece(struct reading *reading, const struct cgw_site *site)
{
    int status = CGW_OK;
    if (!read_quick(reading))
        status = task_blocking(read_waiting, reading, site); /* it has begun: no EBUSY */
    if (status != CGW_OK)
        return status;
    return reading->n > 0 ? CGW_OK : CGW_EIO;
}

static int send_pieces(struct file_send *send, cgw_request *req, const struct file_part *part,
                       uint16_t flags, const struct cgw_site *site)
{
    uint64_t end = part->first + part->count;
    struct reading reading = {.fd = send->fd, .at = part->first, .ptr = memory_alloc(PIECE_BYTES)};
    int status = reading.ptr ? CGW_OK : CGW_ENOMEM;
    while (status == CGW_OK && reading.at < end) {
        uint64_t rest = end - reading.at;
        reading.len = rest < PIECE_BYTES ? (size_t)rest : PIECE_BYTES;
        status = read_piece(&reading, site);
        if (status != CGW_OK)
            break;
        reading.at += (uint64_t)reading.n;
        const struct cgw_str bytes = {reading.ptr, (size_t)reading.n};
        const struct cgw_event event =
            cgw_event_body(&bytes, 1, reading.at < end ? CGW_MORE : flags);
        status = cgw__send(req, &event, 1, site);
    }
    memory_free(reading.ptr);
    return status;
}

/* ---- both ---- */

/* With the start in front of the first. */
static int send_part(struct file_send *send, cgw_request *req, const struct file_part *part,
                     const struct cgw_event *start, const struct cgw_site *site)
{
    struct cgw_event events[3];
    size_t n = 0;
    bool is_last = part + 1 == send->parts + send->n_parts && !send->end.len;
    uint16_t flags = is_last ? 0 : CGW_MORE;
    bool is_file = takes_files(req);
    if (start)
        events[n++] = *start;
    if (part->head.len)
        events[n++] = cgw_event_body(&part->head, 1, CGW_MORE);
    if (is_file)
        events[n++] = file_event(send, part, flags);
    int status = n ? cgw__send(req, events, n, site) : CGW_OK;
    return status == CGW_OK && !is_file ? send_pieces(send, req, part, flags, site) : status;
}

static int send_all(struct reply_source *source, cgw_request *req, const struct cgw_header *headers,
                    size_t n, const struct cgw_site *site)
{
    struct file_send *send = owner(source);
    const struct cgw_event events[] = {
        cgw_event_start((uint16_t)req->reply.status, headers, n),
        cgw_event_body(&send->end, send->end.len != 0, 0),
    };
    if (!send->n_parts)
        return cgw__send(req, events, 2, site);
    for (size_t i = 0; i < send->n_parts; i++) {
        int status = send_part(send, req, &send->parts[i], i == 0 ? &events[0] : NULL, site);
        if (status != CGW_OK)
            return status;
    }
    return send->end.len ? cgw__send(req, &events[1], 1, site) : CGW_OK;
}

static void drop(struct reply_source *source)
{
    close(owner(source)->fd);
}

void file_send_init(struct file_send *send, int fd)
{
    *send = (struct file_send){.source = {send_all, drop}, .fd = fd};
}
