/* Bodies that come piece by piece. */
#include "probe.h"

static void piece(struct probe *probe);

static void over(struct probe *probe)
{
    probe_record(probe, "%.*s %llu %d", (int)probe->name.len, probe->name.ptr,
                 (unsigned long long)probe->bytes, probe->status);
    probe_finish(probe);
}

/* The piece that was under way counts as sent once send() is done with it. */
static void sent(struct probe *probe)
{
    if (probe->status != CGW_OK) {
        over(probe);
        return;
    }
    probe->bytes += probe->size;
    if (++probe->done >= probe->n)
        over(probe);
    else
        probe_wait(probe, probe->ms, piece);
}

/* Pieces longer than the pattern are made of parts of it. */
static void piece(struct probe *probe)
{
    struct cgw_str *parts = probe->own;
    size_t n = 0, left = (size_t)probe->size;
    while (left > 0) {
        size_t len = left < PROBE_BLOCK ? left : PROBE_BLOCK;
        parts[n++] = (struct cgw_str){probe_pattern(), len};
        left -= len;
    }
    uint16_t more = probe->done + 1 < probe->n ? CGW_MORE : 0;
    probe_event(probe, cgw_event_body(parts, n, more));
    probe_send(probe, sent);
}

static void begin(struct probe *probe)
{
    size_t n = (size_t)(probe->size / PROBE_BLOCK + 1);
    probe->own = probe_alloc(probe, n * sizeof(struct cgw_str));
    probe_header(probe, "content-type", probe_str("text/plain"));
    if (probe_text(probe, "cl").ptr)
        probe_length(probe, probe->n * probe->size);
    probe_start(probe, 200);
    if (probe->own)
        piece(probe);
}

static void stream(struct probe *probe)
{
    probe->n = probe_number(probe, "n", 10);
    probe->size = probe_number(probe, "size", 1000);
    probe->ms = probe_number(probe, "ms", 0);
    begin(probe);
}

static void endless(struct probe *probe)
{
    probe->n = UINT64_MAX;
    probe->size = probe_number(probe, "size", 65536);
    begin(probe);
}

/* ---- server-sent events ---- */

static void event(struct probe *probe)
{
    struct cgw_str text = probe_format(probe, "data: %llu\n\n", (unsigned long long)probe->done++);
    bool is_last = probe->done >= probe->n;
    probe_body(probe, text, is_last ? 0 : CGW_MORE);
    probe_send(probe, probe->then);
}

static void event_sent(struct probe *probe)
{
    if (probe->status != CGW_OK || probe->done >= probe->n)
        probe_finish(probe);
    else
        probe_wait(probe, probe->ms, event);
}

static void sse(struct probe *probe)
{
    probe->n = probe_number(probe, "n", 3);
    probe->ms = probe_number(probe, "ms", 10);
    probe->then = event_sent;
    probe_header(probe, "content-type", probe_str("text/event-stream"));
    probe_start(probe, 200);
    event(probe);
}

const struct probe_path stream_paths[] = {
    {"stream", stream},
    {"endless", endless},
    {"sse", sse},
    {NULL, NULL},
};
