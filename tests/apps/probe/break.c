/*
 * Breaking the rules on purpose. A path gathers events and cuts them into send()s; play() gives
 * them one by one whatever is answered, records the answers, and finishes with the last.
 */
#include "probe.h"
#include <stdlib.h>

static int verdict(const struct probe *probe)
{
    struct cgw_str text = probe_text(probe, "finish");
    return text.len ? (int)strtol(text.ptr, NULL, 10) : probe->status;
}

static void play(struct probe *probe);

static void played(struct probe *probe)
{
    probe->note = probe_format(probe, "%.*s %d", (int)probe->note.len,
                               probe->note.len ? probe->note.ptr : "", probe->status);
    if (probe->cut < probe->n_cuts) {
        play(probe);
        return;
    }
    probe_record(probe, "send%.*s", (int)probe->note.len, probe->note.ptr);
    probe_end(probe, verdict(probe));
}

static void play(struct probe *probe)
{
    size_t first = probe->cut ? probe->cuts[probe->cut - 1] : 0;
    size_t n = probe->cuts[probe->cut++] - first;
    const struct cgw_host *host = probe->call->host;
    if (probe->is_over)
        return;
    probe_expect(probe, host->send(probe->call, probe->out + first, n, probe_done, probe), played);
}

/* Here one send() ends and the next begins. */
static void cut(struct probe *probe)
{
    probe->cuts[probe->n_cuts++] = probe->n_out;
}

static void body(struct probe *probe, const char *text)
{
    probe_body(probe, probe_str(text), 0);
}

static void play_all(struct probe *probe)
{
    cut(probe);
    play(probe);
}

/* ---- no response, or half of one ---- */

static void no_start(struct probe *probe)
{
    probe_end(probe, CGW_OK);
}

static void finish(struct probe *probe)
{
    probe_end(probe, (int)probe_arg(probe, 0));
}

static void started(struct probe *probe)
{
    probe_end(probe, (int)probe->n);
}

static void start_and_finish(struct probe *probe, int status)
{
    probe->n = (uint64_t)(int64_t)status;
    probe_start(probe, 200);
    probe_send(probe, started);
}

static void start_only(struct probe *probe)
{
    start_and_finish(probe, (int)probe_arg(probe, 0));
}

static void start_then_fail(struct probe *probe)
{
    start_and_finish(probe, CGW_EIO);
}

static void flushed(struct probe *probe)
{
    probe_wait(probe, probe_number(probe, "ms", 0), started);
}

static void flush_and_finish(struct probe *probe, int status)
{
    struct cgw_str cl = probe_text(probe, "cl");
    if (cl.ptr)
        probe_header(probe, "content-length", cl);
    probe->n = (uint64_t)(int64_t)status;
    probe_start(probe, 200);
    probe_body(probe, probe_str("part\n"), CGW_MORE);
    probe_send(probe, flushed);
}

static void flushed_then_fail(struct probe *probe)
{
    flush_and_finish(probe, CGW_EIO);
}

static void flushed_then_end(struct probe *probe)
{
    flush_and_finish(probe, CGW_OK);
}

/* ---- bodies that do not fit the head ---- */

static void length_short(struct probe *probe)
{
    probe_length(probe, 10);
    probe_start(probe, 200);
    body(probe, "short");
    play_all(probe);
}

static void length_long(struct probe *probe)
{
    probe_length(probe, 5);
    probe_start(probe, 200);
    if (probe_text(probe, "split").ptr) {
        probe_body(probe, probe_str("too l"), CGW_MORE);
        cut(probe);
        body(probe, "ong\n");
    } else {
        body(probe, "too long\n");
    }
    play_all(probe);
}

/* ---- events out of order ---- */

static void hello_events(struct probe *probe)
{
    probe_length(probe, 6);
    probe_start(probe, 200);
    body(probe, "hello\n");
}

static void body_first(struct probe *probe)
{
    body(probe, "hello\n");
    play_all(probe);
}

static void second_start(struct probe *probe)
{
    probe_start(probe, 200);
    cut(probe);
    probe_start(probe, 201);
    body(probe, "hello\n");
    play_all(probe);
}

static void second_start_flushed(struct probe *probe)
{
    probe_start(probe, 200);
    probe_body(probe, probe_str("part\n"), CGW_MORE);
    cut(probe);
    probe_start(probe, 201);
    play_all(probe);
}

static void after_complete(struct probe *probe)
{
    hello_events(probe);
    cut(probe);
    body(probe, "more\n");
    play_all(probe);
}

static struct cgw_event unknown(const struct probe *probe)
{
    return (struct cgw_event){.type = (uint16_t)probe_number(probe, "type", 99),
                              .size = sizeof(struct cgw_event)};
}

static void bad_event_type(struct probe *probe)
{
    probe_start(probe, 200);
    cut(probe);
    probe_event(probe, unknown(probe));
    play_all(probe);
}

static void first_event(struct probe *probe)
{
    probe_event(probe, unknown(probe));
    play_all(probe);
}

static void trailers_unasked(struct probe *probe)
{
    hello_events(probe);
    cut(probe);
    probe_header(probe, "x-late", probe_str("1"));
    probe_head(probe, CGW_HTTP_RESPONSE_TRAILERS, 0, 0);
    play_all(probe);
}

static void informational_late(struct probe *probe)
{
    hello_events(probe);
    cut(probe);
    probe_header(probe, "link", probe_str("</a.css>; rel=preload"));
    probe_head(probe, CGW_HTTP_RESPONSE_INFORMATIONAL, 103, 0);
    play_all(probe);
}

/* ---- malformed events ---- */

static void bad_size(struct probe *probe)
{
    hello_events(probe);
    probe->out[0].size = 32;
    play_all(probe);
}

static void status_and_body(struct probe *probe, unsigned status)
{
    probe_length(probe, 6);
    probe_start(probe, status);
    body(probe, "hello\n");
    play_all(probe);
}

static void bad_status(struct probe *probe)
{
    status_and_body(probe, (unsigned)probe_number(probe, "status", 99));
}

static void informational_start(struct probe *probe)
{
    status_and_body(probe, 103);
}

static void null_headers(struct probe *probe)
{
    hello_events(probe);
    probe->out[0].u.start.headers = NULL;
    play_all(probe);
}

static void null_parts(struct probe *probe)
{
    probe_start(probe, 200);
    probe_event(probe, cgw_event_body(NULL, 1, 0));
    play_all(probe);
}

static void null_bytes(struct probe *probe)
{
    probe_start(probe, 200);
    probe_body(probe, (struct cgw_str){NULL, 5}, 0);
    play_all(probe);
}

/* ---- two at once: callbacks of their own, since two are under way ---- */

static void first_over(struct cgw_call *call, int status, void *arg)
{
    struct probe *probe = arg;
    (void)call;
    probe_record(probe, "first %d", status);
    probe_resume(probe, status);
}

static void never(struct cgw_call *call, int status, void *arg)
{
    (void)call;
    probe_record(arg, "refused, and called back with %d", status);
}

static void busy_send(struct probe *probe)
{
    enum { PARTS = 512 };
    static const struct cgw_str late = CGW_STR("late");
    struct cgw_str *list = probe_alloc(probe, PARTS * sizeof(*list));
    for (size_t i = 0; list && i < PARTS; i++)
        list[i] = (struct cgw_str){probe_pattern(), PROBE_BLOCK};
    if (!list)
        return;
    probe_length(probe, (uint64_t)PARTS * PROBE_BLOCK);
    probe_start(probe, 200);
    probe_event(probe, cgw_event_body(list, PARTS, 0));
    const struct cgw_host *host = probe->call->host;
    int first = host->send(probe->call, probe->out, 2, first_over, probe);
    if (first == CGW_PENDING) {
        struct cgw_event second = cgw_event_body(&late, 1, 0);
        probe_record(probe, "second %d", host->send(probe->call, &second, 1, never, probe));
    } else {
        probe_record(probe, "first %d", first);
    }
    probe_expect(probe, first, probe_finish);
}

/* What read_all() goes on with: a receive() that has nothing to give yet. */
static void replied(struct probe *probe);

static void receive_over(struct cgw_call *call, int status, void *arg)
{
    struct probe *probe = arg;
    (void)call;
    probe->n = 1;
    probe->done = (uint64_t)(int64_t)status;
    if (probe->ms)
        probe_end(probe, status);
    probe_run(probe);
}

/* The reply is out; the receive() still in flight ends by the disconnect that follows. */
static void replied(struct probe *probe)
{
    probe->ms = 1;
    if (probe->status != CGW_OK && probe->n)
        probe_end(probe, probe->status);
    else if (probe->n)
        probe_end(probe, (int)probe->done);
}

static void busy_receive_now(struct probe *probe)
{
    const struct cgw_host *host = probe->call->host;
    int first = host->receive(probe->call, &probe->in, receive_over, probe);
    if (first != CGW_PENDING) {
        probe_end(probe, first);
        return;
    }
    struct cgw_event in;
    int second = host->receive(probe->call, &in, never, probe);
    probe_record(probe, "second %d", second);
    probe_reply_then(probe, 200, probe_format(probe, "second %d\n", second), replied);
}

static void finish_pending_now(struct probe *probe)
{
    const struct cgw_host *host = probe->call->host;
    int status = host->receive(probe->call, &probe->in, never, probe);
    probe_end(probe, status == CGW_PENDING ? CGW_OK : status);
}

/* Read the body to its end, then take probe->then. */
static void read_on(struct probe *probe)
{
    if (probe->status != CGW_OK)
        probe_end(probe, probe->status);
    else if (probe->in.type == CGW_HTTP_REQUEST && probe->in.flags & CGW_MORE)
        probe_receive(probe, read_on);
    else
        probe->then(probe);
}

static void busy_receive(struct probe *probe)
{
    probe->then = busy_receive_now;
    probe_receive(probe, read_on);
}

static void finish_pending(struct probe *probe)
{
    probe->then = finish_pending_now;
    probe_receive(probe, read_on);
}

const struct probe_path break_paths[] = {
    {"no-start", no_start},
    {"finish", finish},
    {"start-only", start_only},
    {"start-then-fail", start_then_fail},
    {"flushed-then-fail", flushed_then_fail},
    {"flushed-then-end", flushed_then_end},
    {"length-short", length_short},
    {"length-long", length_long},
    {"body-first", body_first},
    {"second-start", second_start},
    {"second-start-flushed", second_start_flushed},
    {"after-complete", after_complete},
    {"bad-event-type", bad_event_type},
    {"first-event", first_event},
    {"trailers-unasked", trailers_unasked},
    {"informational-late", informational_late},
    {"bad-size", bad_size},
    {"bad-status", bad_status},
    {"1xx-as-start", informational_start},
    {"null-headers", null_headers},
    {"null-parts", null_parts},
    {"null-bytes", null_bytes},
    {"busy-send", busy_send},
    {"busy-receive", busy_receive},
    {"finish-pending", finish_pending},
    {NULL, NULL},
};
