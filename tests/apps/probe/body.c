/* Taking the request's body, or not, and the disconnect behind it. */
#include "probe.h"

/* CRC-32 as of zlib (RFC 1952, section 8), a bit at a time: the speed of tests. */
static uint32_t crc32(uint32_t crc, struct cgw_str data)
{
    crc = ~crc;
    for (size_t i = 0; i < data.len; i++) {
        crc ^= (unsigned char)data.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static bool is_body(const struct probe *probe)
{
    return probe->in.type == CGW_HTTP_REQUEST;
}

/* ---- all of it ---- */

static void read_more(struct probe *probe);

static void read_next(struct probe *probe)
{
    probe_receive(probe, read_more);
}

static void read_more(struct probe *probe)
{
    if (probe->status != CGW_OK) {
        probe_end(probe, probe->status);
    } else if (!is_body(probe)) {
        probe_record(probe, "aborted %llu", (unsigned long long)probe->bytes);
        probe_end(probe, CGW_ECLOSED);
    } else {
        probe->n++;
        probe->bytes += probe->in.u.body.data.len;
        probe->crc = crc32(probe->crc, probe->in.u.body.data);
        if (probe->in.flags & CGW_MORE)
            probe_wait(probe, probe->ms, read_next);
        else
            probe_reply(probe, 200,
                        probe_format(probe, "length %llu crc32 %08x events %llu\n",
                                     (unsigned long long)probe->bytes, probe->crc,
                                     (unsigned long long)probe->n));
    }
}

static void read_body(struct probe *probe)
{
    read_next(probe);
}

static void slow_read(struct probe *probe)
{
    probe->ms = probe_number(probe, "ms", 10);
    read_next(probe);
}

/* Without a length, so that the end can still be told. */
static void started_read(struct probe *probe)
{
    if (probe->status != CGW_OK || !is_body(probe)) {
        probe_end(probe, probe->status ? probe->status : CGW_ECLOSED);
        return;
    }
    probe->bytes += probe->in.u.body.data.len;
    if (probe->in.flags & CGW_MORE) {
        probe_receive(probe, started_read);
        return;
    }
    probe_body(probe, probe_format(probe, "length %llu\n", (unsigned long long)probe->bytes), 0);
    probe_send(probe, probe_finish);
}

static void read_started(struct probe *probe)
{
    probe_receive(probe, started_read);
}

static void start_then_read(struct probe *probe)
{
    probe_start(probe, 200);
    if (probe_text(probe, "part").ptr)
        probe_body(probe, probe_str("part\n"), CGW_MORE);
    probe_send(probe, read_started);
}

/* ---- some or none of it ---- */

static void some_read(struct probe *probe)
{
    if (probe->status != CGW_OK || !is_body(probe)) {
        probe_end(probe, probe->status ? probe->status : CGW_ECLOSED);
        return;
    }
    probe->bytes += probe->in.u.body.data.len;
    if (++probe->n < probe->size && probe->in.flags & CGW_MORE)
        probe_receive(probe, some_read);
    else
        probe_reply(probe, 200,
                    probe_format(probe, "read %llu\n", (unsigned long long)probe->bytes));
}

static void read_some(struct probe *probe)
{
    probe->size = probe_number(probe, "n", 1);
    probe_receive(probe, some_read);
}

static void no_read(struct probe *probe)
{
    probe_reply(probe, 200, probe_str("not read\n"));
}

/* ---- after the reply ---- */

static void late_read(struct probe *probe)
{
    probe_record(probe, "read %u", probe->status == CGW_OK ? probe->in.type : 0u);
    probe_finish(probe);
}

static void read_late(struct probe *probe)
{
    probe_receive(probe, late_read);
}

static void pause_then_read(struct probe *probe)
{
    if (probe->status != CGW_OK)
        probe_finish(probe);
    else
        probe_wait(probe, probe_number(probe, "ms", 0), read_late);
}

static void read_after(struct probe *probe)
{
    probe_reply_then(probe, 200, probe_str("early\n"), pause_then_read);
}

/* Three receives, whose types are recorded; CGW_ECANCELED and the like end it. */
static void receive_thrice(struct probe *probe)
{
    if (probe->status != CGW_OK) {
        probe_record(probe, "receive%.*s failed %d", (int)probe->note.len, probe->note.ptr,
                     probe->status);
        probe_finish(probe);
        return;
    }
    if (probe->n++ > 0)
        probe->note = probe_format(probe, "%.*s %u", (int)probe->note.len,
                                   probe->note.len ? probe->note.ptr : "", probe->in.type);
    if (probe->n <= 3) {
        probe_receive(probe, receive_thrice);
        return;
    }
    probe_record(probe, "receive%.*s", (int)probe->note.len, probe->note.ptr);
    probe_finish(probe);
}

static void receive_after(struct probe *probe)
{
    probe_reply_then(probe, 200, probe_str("hello\n"), receive_thrice);
}

/* ---- the disconnect ---- */

static void until_disconnect(struct probe *probe)
{
    if (probe->status != CGW_OK)
        probe_finish(probe);
    else if (is_body(probe))
        probe_receive(probe, until_disconnect);
    else {
        probe->n = 1; /* the first of the three is here */
        receive_thrice(probe);
    }
}

static void disconnect_receive(struct probe *probe)
{
    probe_receive(probe, until_disconnect);
}

/* The table's function answers at once, or calls back, or (in a sync call) has to be asked. */
static void wait_over(struct probe *probe)
{
    probe_record(probe, "notified %d", probe->status);
    probe_end(probe, CGW_ECLOSED);
}

static void ask(struct probe *probe)
{
    const struct cgw_host *host = probe->call->host;
    const struct cgw_disconnect *table = host->extension(host, CGW_EXT_DISCONNECT);
    if (table->is_disconnected(probe->call)) {
        probe->status = CGW_ECLOSED;
        wait_over(probe);
    } else if (++probe->n > 3000) {
        probe_end(probe, CGW_ECANCELED);
    } else {
        probe_wait(probe, 10, ask);
    }
}

static void wait(struct probe *probe)
{
    const struct cgw_host *host = probe->call->host;
    const struct cgw_disconnect *table = host->extension(host, CGW_EXT_DISCONNECT);
    if (!table || probe->status != CGW_OK) {
        probe_end(probe, probe->status ? probe->status : CGW_EINVAL);
        return;
    }
    int status = table->notify(probe->call, probe_done, probe);
    if (status == CGW_EINVAL)
        ask(probe);
    else
        probe_expect(probe, status, wait_over);
}

static void disconnect_wait(struct probe *probe)
{
    if (!probe_text(probe, "start").ptr) {
        wait(probe);
        return;
    }
    probe_start(probe, 200);
    probe_body(probe, probe_str("waiting\n"), CGW_MORE);
    probe_send(probe, wait);
}

static void tick(struct probe *probe);

static void ticked(struct probe *probe)
{
    if (probe->status == CGW_OK) {
        probe_wait(probe, probe_number(probe, "ms", 50), tick);
        return;
    }
    probe_record(probe, "send %d", probe->status);
    probe_finish(probe);
}

static void tick(struct probe *probe)
{
    probe_body(probe, probe_str("tick\n"), CGW_MORE);
    probe_send(probe, ticked);
}

static void disconnect_send(struct probe *probe)
{
    probe_start(probe, 200);
    probe_body(probe, probe_str("first\n"), CGW_MORE);
    probe_send(probe, ticked);
}

/* ---- never ending ---- */

static void hanging(struct probe *probe)
{
    if (probe->status == CGW_OK && is_body(probe)) {
        probe_receive(probe, hanging);
        return;
    }
    probe_record(probe, "hang %u %d", probe->in.type, probe->status);
    probe_end(probe, probe->status ? probe->status : CGW_ECLOSED);
}

static void hang(struct probe *probe)
{
    probe_receive(probe, hanging);
}

static void hang_begun(struct probe *probe)
{
    if (probe->status == CGW_OK)
        hang(probe);
    else
        hanging(probe);
}

static void hang_started(struct probe *probe)
{
    probe_start(probe, 200);
    probe_body(probe, probe_str("waiting\n"), CGW_MORE);
    probe_send(probe, hang_begun);
}

const struct probe_path body_paths[] = {
    {"read-body", read_body},
    {"slow-read", slow_read},
    {"start-then-read", start_then_read},
    {"read-some", read_some},
    {"no-read", no_read},
    {"read-after", read_after},
    {"receive-after", receive_after},
    {"disconnect-receive", disconnect_receive},
    {"disconnect-wait", disconnect_wait},
    {"disconnect-send", disconnect_send},
    {"hang", hang},
    {"hang-started", hang_started},
    {NULL, NULL},
};
