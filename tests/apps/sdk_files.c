/*
 * Files as replies, directories, and files read and written, for the tests. Each reply is there
 * three times: sent by the host, read for a layer that wants bytes, and from a pool thread.
 * CGW_TEST_PUBLIC names the folder.
 */
#include <cgw.h>
#include <errno.h>
#include <stdlib.h>

#define FOLDER "CGW_TEST_PUBLIC"

static const char *folder(void)
{
    return getenv(FOLDER);
}

/* ---- directories ---- */

CGW_APPLICATION(.name = "files", .openapi = "", .docs = "");
CGW_ROUTER(shop, "/shop", .is_application = true);
CGW_STATIC(assets, "/assets", "nowhere", .env = FOLDER, .precompressed = true,
           .cache_control = "max-age=60");
CGW_STATIC(spa, "/spa", "nowhere", .env = FOLDER, .spa = "index.html",
           .cache_control = "max-age=60");
CGW_STATIC(pages, "/pages", "nowhere", .env = FOLDER, .not_found = "404.html", .index = "");
CGW_STATIC(inner, "/inner", "nowhere", .env = FOLDER, .route.router = &shop_router);

CGW_GET(where, "/where")
{
    return cgw_text(req, 200, "%s %s\n", cgw_url_for(req, "assets", "path", "css/a b.css"),
                    cgw_url_for(req, "shop:inner", "path", "x"));
}

/* ---- replies ---- */

static int count(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                 size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (events[i].type == CGW_HTTP_RESPONSE_FILE)
            cgw_log(req, "a file came, not its bytes");
    return cgw_send_below(req, layer, events, n);
}

CGW_MIDDLEWARE(reading)
{
    struct cgw_layer *layer = cgw_alloc(req, sizeof(*layer));
    if (!layer)
        return cgw_error(req, CGW_ENOMEM);
    *layer = (struct cgw_layer){.send = count, .wants_bytes = true};
    cgw_wrap(req, layer);
    return cgw_next(req);
}

CGW_MIDDLEWARE(marking)
{
    cgw_reply reply = cgw_next(req);
    const char *length = cgw_reply_header(req, "content-length");
    if (length)
        (void)cgw_set_header(req, "x-length", length);
    return reply;
}

CGW_GET(by_host, "/file/{path:path}", .middleware = CGW_THROUGH(marking))
{
    return cgw_file(req, cgw_path(req, "path"), .beneath = folder());
}

CGW_GET(by_pieces, "/pieces/{path:path}", .middleware = CGW_THROUGH(reading))
{
    return cgw_file(req, cgw_path(req, "path"), .beneath = folder());
}

CGW_GET(by_thread, "/sync/{path:path}", .mode = CGW_SYNC)
{
    return cgw_file(req, cgw_path(req, "path"), .beneath = folder());
}

CGW_GET(download, "/download")
{
    return cgw_file(req, "a.txt", .beneath = folder(), .filename = cgw_query(req, "name"),
                    .is_inline = cgw_query(req, "inline") != NULL,
                    .content_type = cgw_query(req, "type"), .cache_control = "no-store",
                    .status = cgw_query(req, "gone") ? 410 : 0);
}

CGW_POST(posted, "/posted")
{
    return cgw_file(req, "a.txt", .beneath = folder());
}

/* A reply that takes the place of a file's has nothing of it. */
CGW_GET(replaced, "/replaced")
{
    cgw_reply reply = cgw_file(req, "a.txt", .beneath = folder());
    if (reply.status != 200)
        return reply;
    reply = cgw_file(req, "n.txt", .beneath = folder(), .filename = "n");
    if (reply.status != 200)
        return reply;
    return cgw_text(req, 200, "something else\n");
}

CGW_GET(any_path, "/any")
{
    return cgw_file(req, cgw_query(req, "path"));
}

/* ---- read and write ---- */

static const char *path_of(cgw_request *req)
{
    return cgw_fmt(req, "%s/%s", folder(), cgw_path(req, "name"));
}

#define BOTH(METHOD, fn, path_)                              \
    static cgw_reply fn##_reply(cgw_request *req);           \
    CGW_##METHOD(fn, path_)                                  \
    {                                                        \
        return fn##_reply(req);                              \
    }                                                        \
    CGW_##METHOD(fn##_sync, "/sync" path_, .mode = CGW_SYNC) \
    {                                                        \
        return fn##_reply(req);                              \
    }                                                        \
    static cgw_reply fn##_reply(cgw_request *req)

static cgw_reply say(cgw_request *req, int status)
{
    return cgw_text(req, status < 0 ? 500 : 200, "%d\n", status);
}

BOTH(GET, load, "/load/{name}")
{
    cgw_str data = {NULL, 0};
    const char *limit = cgw_query(req, "limit");
    int status = cgw_file_read(req, cgw_path(req, "name"), &data, .beneath = folder(),
                               .limit = limit ? strtoull(limit, NULL, 10) : 0);
    if (status != CGW_OK)
        return say(req, status);
    return cgw_bytes_lent(req, 200, "text/plain", data);
}

BOTH(POST, save, "/save/{name}")
{
    cgw_str body;
    const char *mode = cgw_query(req, "mode");
    CGW_TRY(req, cgw_body_text(req, &body));
    return say(req,
               cgw_file_write(req, path_of(req), body, .append = cgw_query(req, "append") != NULL,
                              .sync = cgw_query(req, "sync") != NULL,
                              .mode = mode ? (int)strtol(mode, NULL, 8) : 0));
}

CGW_POST(fill, "/fill")
{
    return say(req, cgw_file_write(req, "/dev/full", (cgw_str)CGW_STR("x"), .append = true));
}

/* Piece by piece; without ?keep the new one is dropped before its end. */
BOTH(POST, copy, "/copy/{name}")
{
    CGW_FILE(in);
    CGW_FILE(out);
    cgw_str piece;
    CGW_TRY(req, cgw_file_open(cgw_path(req, "name"), &in, .beneath = folder(), .piece = 1000));
    CGW_TRY(req, cgw_file_open(cgw_fmt(req, "%s.copy", path_of(req)), &out, .write = true));
    do {
        CGW_TRY(req, cgw_file_next(in, &piece));
        CGW_TRY(req, cgw_file_put(out, piece.ptr, piece.len));
    } while (piece.len);
    if (!cgw_query(req, "keep"))
        return say(req, 0);
    CGW_TRY(req, cgw_file_close(&in));
    return say(req, cgw_file_close(&out));
}

/* What a stream says to what it is not for. */
CGW_GET(misuse, "/misuse")
{
    CGW_FILE(in);
    CGW_FILE(none);
    cgw_str piece;
    CGW_TRY(req, cgw_file_open("a.txt", &in, .beneath = folder(), .offset = 4));
    int put = cgw_file_put(in, "x", 1), next = cgw_file_next(none, &piece);
    CGW_TRY(req, cgw_file_next(in, &piece));
    int folder_status = cgw_file_open(folder(), &none);
    int closed = cgw_file_close(&none);
    int large = cgw_file_open("a.txt", &none, .beneath = folder(), .piece = SIZE_MAX);
    return cgw_text(req, 200, "%d %d %d %d %zu %d\n", put, next, folder_status, closed, piece.len,
                    large);
}

/* A path that there was no memory for. */
CGW_GET(no_path, "/no-path")
{
    CGW_FILE(none);
    cgw_str data;
    int read = cgw_file_read(req, NULL, &data);
    int opened = cgw_file_open(NULL, &none);
    int written = cgw_file_write(req, NULL, (cgw_str)CGW_STR("x"));
    cgw_log(req, "no path: %d %d %d", read, opened, written);
    return cgw_file(req, NULL, .beneath = cgw_query(req, "beneath"));
}

/* A timeout is over while the thread reads: the buffer is its own until it lets go. */
CGW_GET(canceled, "/canceled")
{
    CGW_FILE(in);
    cgw_str piece = {"", 0};
    int status = CGW_OK, n = 0;
    CGW_TRY(req, cgw_file_open("big.bin", &in, .beneath = folder()));
    CGW_TIMEOUT(0.02)
    {
        for (; status == CGW_OK; n += status == CGW_OK) {
            status = cgw_file_next(in, &piece);
            if (status == CGW_OK && !piece.len) {
                CGW_TRY(req, cgw_file_close(&in));
                status = cgw_file_open("big.bin", &in, .beneath = folder());
            }
        }
    }
    return cgw_text(req, 200, "%d %d\n", status, n > 0);
}
