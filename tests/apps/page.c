/*
 * Pages in every shape that a response can have, for what a host adds to them in development.
 * Each is "<p>page</p>\n" where not said otherwise:
 *   /sized, /chunked     with and without content-length
 *   /pieces              in three pieces, the last one empty
 *   /file, /file-sized   a file of the host's to send
 *   /big                 100000 bytes, lent
 *   /trailers            with a trailer behind
 *   /gzip /plain /range  what is no page: coded, another type, a part
 *   /none /old /empty    what has no body: 204, 304, content-length: 0
 *   /short               with a content-length that it does not keep
 */
#include <cgw/abi.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT      "<p>page</p>\n"
#define TYPE      CGW_HEADER("content-type", "text/html; charset=utf-8")
#define LENGTH    CGW_HEADER("content-length", "12")
#define BIG_BYTES 100000

struct shape {
    const char *path;
    uint16_t status, n_fields;
    struct cgw_header fields[3];
    enum { ONE, PIECES, FILE_RANGE, BIG, TRAILERS, NONE } body;
};

static const struct shape shapes[] = {
    {"/chunked", 200, 1, {TYPE}, ONE},
    {"/sized", 200, 2, {TYPE, LENGTH}, ONE},
    {"/pieces", 200, 1, {TYPE}, PIECES},
    {"/file", 200, 1, {TYPE}, FILE_RANGE},
    {"/file-sized", 200, 2, {TYPE, LENGTH}, FILE_RANGE},
    {"/big", 200, 2, {TYPE, CGW_HEADER("content-length", "100000")}, BIG},
    {"/trailers", 200, 1, {TYPE}, TRAILERS},
    {"/gzip", 200, 3, {TYPE, LENGTH, CGW_HEADER("content-encoding", "gzip")}, ONE},
    {"/plain", 200, 2, {CGW_HEADER("content-type", "text/plain"), LENGTH}, ONE},
    {"/range", 206, 3, {TYPE, LENGTH, CGW_HEADER("content-range", "bytes 0-11/99")}, ONE},
    {"/none", 204, 1, {TYPE}, NONE},
    {"/old", 304, 1, {TYPE}, NONE},
    {"/empty", 302, 2, {TYPE, CGW_HEADER("content-length", "0")}, NONE},
    {"/short", 200, 2, {TYPE, CGW_HEADER("content-length", "20")}, ONE},
};

static const struct cgw_str text[] = {CGW_STR(TEXT)};
static const struct cgw_header trailer[] = {CGW_HEADER("x-sum", "1")};
static char big_bytes[BIG_BYTES];
static const struct cgw_str big[] = {{big_bytes, BIG_BYTES}};

static const struct shape *find(const char *path)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
        if (strcmp(shapes[i].path, path) == 0)
            return &shapes[i];
    return &shapes[0];
}

/* A file of the text, there from the start, so that no descriptor seems to be lost. */
static int text_fd = -1;

__attribute__((constructor)) static void make_file(void)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    if (fd >= 0 && write(fd, TEXT, sizeof(TEXT) - 1) == sizeof(TEXT) - 1)
        text_fd = fd;
}

/* The events behind the start; how many. */
static size_t fill_body(const struct shape *shape, struct cgw_event *events)
{
    events[0] = cgw_event_body(shape->body == BIG ? big : text, 1, 0);
    if (shape->body == NONE) {
        events[0] = cgw_event_body(NULL, 0, 0);
    } else if (shape->body == PIECES) {
        events[0].flags = CGW_MORE;
        events[1] = cgw_event_body(NULL, 0, CGW_MORE);
        events[2] = cgw_event_body(NULL, 0, 0);
        return 3;
    } else if (shape->body == FILE_RANGE) {
        events[0] = (struct cgw_event){.type = CGW_HTTP_RESPONSE_FILE, .size = sizeof(*events)};
        events[0].u.file.fd = text_fd;
        events[0].u.file.count = CGW_FILE_REST;
    } else if (shape->body == TRAILERS) {
        events[1] = (struct cgw_event){.type = CGW_HTTP_RESPONSE_TRAILERS, .size = sizeof(*events)};
        events[1].u.start.headers = trailer;
        events[1].u.start.n_headers = 1;
        return 2;
    }
    return 1;
}

static void end(struct cgw_call *call, int status, void *arg)
{
    (void)arg;
    call->host->finish(call, status);
}

static void page(struct cgw_call *call)
{
    const struct shape *shape = find(call->scope->path.ptr);
    struct cgw_event *events = call->host->alloc(call, 5 * sizeof(*events));
    if (!events) {
        end(call, CGW_ENOMEM, NULL);
        return;
    }
    if (shape->body == BIG)
        memset(big_bytes, 'b', sizeof(big_bytes));
    events[0] = cgw_event_start(shape->status, shape->fields, shape->n_fields);
    events[0].flags = shape->body == TRAILERS ? CGW_TRAILERS : 0;
    size_t n = 1 + fill_body(shape, events + 1);
    int status = call->host->send(call, events, n, end, NULL);
    if (status != CGW_PENDING)
        end(call, status, NULL);
}

CGW_APP(.kind = CGW_ASYNC, .name = "page", .version = "1", .call = page);
