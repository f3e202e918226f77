/* Events that a host need not know: 1xx, trailers, files. */
#include "probe.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void send_all(struct probe *probe)
{
    probe_send(probe, probe_finish);
}

static struct cgw_str wanted(struct probe *probe, const char *id)
{
    const struct cgw_host *host = probe->call->host;
    const struct cgw_event_extension *table = host->extension(host, id);
    return probe_str(table && table->is_wanted(probe->call) ? "1" : "0");
}

/* ---- 1xx ---- */

static void hint(struct probe *probe)
{
    if (probe->status != CGW_OK) {
        probe_finish(probe);
    } else if (probe->done++ < probe->n) {
        probe_header(probe, "link", probe_str("</a.css>; rel=preload"));
        probe_head(probe, CGW_HTTP_RESPONSE_INFORMATIONAL, 103, 0);
        probe_send(probe, hint);
    } else {
        probe_header(probe, "x-wanted", wanted(probe, CGW_EXT_INFORMATIONAL));
        probe_reply(probe, 200, probe_str("hello\n"));
    }
}

static void informational(struct probe *probe)
{
    probe->n = probe_number(probe, "n", 1);
    probe_reserve(probe, (size_t)probe->n);
    hint(probe);
}

/* ---- trailers ---- */

static void promise_trailers(struct probe *probe)
{
    probe_header(probe, "content-type", probe_str("text/plain"));
    probe_header(probe, "trailer", probe_str("x-crc"));
    probe_header(probe, "x-wanted", wanted(probe, CGW_EXT_TRAILERS));
    probe_head(probe, CGW_HTTP_RESPONSE_START, 200, CGW_TRAILERS);
    probe_body(probe, probe_str("hello\n"), 0);
}

static void trailers(struct probe *probe)
{
    promise_trailers(probe);
    probe_header(probe, "x-crc", probe_str("363a3020"));
    probe_head(probe, CGW_HTTP_RESPONSE_TRAILERS, 0, 0);
    send_all(probe);
}

static void trailers_missing(struct probe *probe)
{
    promise_trailers(probe);
    send_all(probe);
}

static void last_trailer(struct probe *probe)
{
    probe_header(probe, "x-two", probe_str("2"));
    probe_head(probe, CGW_HTTP_RESPONSE_TRAILERS, 0, 0);
    send_all(probe);
}

static void first_trailer(struct probe *probe)
{
    probe_header(probe, "x-one", probe_str("1"));
    probe_head(probe, CGW_HTTP_RESPONSE_TRAILERS, 0, CGW_MORE);
    probe_send(probe, last_trailer);
}

static void trailers_more(struct probe *probe)
{
    promise_trailers(probe);
    probe_send(probe, first_trailer);
}

/* ---- files ---- */

static struct cgw_event file_event(struct probe *probe, int fd, struct cgw_str path)
{
    struct cgw_event event = {.type = CGW_HTTP_RESPONSE_FILE, .size = sizeof(event)};
    event.u.file.fd = fd;
    event.u.file.path = path;
    event.u.file.offset = probe_number(probe, "offset", 0);
    event.u.file.count = probe_number(probe, "count", CGW_FILE_REST);
    return event;
}

static void file_over(struct probe *probe)
{
    if (probe->own) /* the descriptor, one more than it is */
        close((int)(intptr_t)probe->own - 1);
    probe_record(probe, "file %d", probe->status);
    probe_finish(probe);
}

static struct cgw_str file_path(struct probe *probe)
{
    struct cgw_str path = probe_text(probe, "path");
    return probe_format(probe, "%.*s", (int)path.len, path.ptr ? path.ptr : "");
}

/* -1 has answered 404. */
static int open_file(struct probe *probe, uint64_t *ret_size)
{
    struct stat info;
    int fd = open(file_path(probe).ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &info) == 0) {
        probe->own = (void *)(intptr_t)(fd + 1);
        *ret_size = (uint64_t)info.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    probe_reply(probe, 404, probe_str("no such file\n"));
    return -1;
}

static void file(struct probe *probe)
{
    uint64_t size = 0;
    int fd = open_file(probe, &size);
    if (fd < 0)
        return;
    bool by_path = probe_is(probe_text(probe, "by"), "path");
    struct cgw_str none = {NULL, 0};
    struct cgw_event event = file_event(probe, fd, by_path ? file_path(probe) : none);
    uint64_t left = size > event.u.file.offset ? size - event.u.file.offset : 0;
    probe_header(probe, "content-type", probe_str("application/octet-stream"));
    if (!probe_is(probe_text(probe, "cl"), "no"))
        probe_length(probe, event.u.file.count < left ? event.u.file.count : left);
    probe_start(probe, 200);
    probe_event(probe, event);
    probe_send(probe, file_over);
}

static void file_mixed(struct probe *probe)
{
    uint64_t size = 0;
    int fd = open_file(probe, &size);
    if (fd < 0)
        return;
    struct cgw_event event = file_event(probe, fd, (struct cgw_str){NULL, 0});
    event.flags = CGW_MORE;
    probe_start(probe, 200);
    probe_body(probe, probe_str("head\n"), CGW_MORE);
    probe_event(probe, event);
    probe_body(probe, probe_str("tail\n"), 0);
    probe_send(probe, file_over);
}

/* Both by name: the host opens the one after the other. */
static void file_twice(struct probe *probe)
{
    struct cgw_event event = file_event(probe, -1, file_path(probe));
    event.flags = CGW_MORE;
    probe_start(probe, 200);
    probe_event(probe, event);
    event.flags = 0;
    probe_event(probe, event);
    probe_send(probe, file_over);
}

static void file_bad(struct probe *probe)
{
    probe_length(probe, 5);
    probe_start(probe, 200);
    probe_event(probe, file_event(probe, -1, file_path(probe)));
    probe_send(probe, file_over);
}

const struct probe_path extend_paths[] = {
    {"informational", informational},
    {"trailers", trailers},
    {"trailers-more", trailers_more},
    {"trailers-missing", trailers_missing},
    {"file", file},
    {"file-mixed", file_mixed},
    {"file-twice", file_twice},
    {"file-bad", file_bad},
    {NULL, NULL},
};
