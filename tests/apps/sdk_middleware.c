/* The SDK's middleware on routers and routes, for the tests: each router has its own. */
#include <cgw.h>
#include <string.h>

enum { LARGE = 3 * 1024 * 1024 };

typedef struct App {
    char *text; /* LARGE bytes that compress well, but not to nothing */
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    app->text = cgw_boot_alloc(boot, LARGE);
    if (!app->text)
        return -1;
    uint32_t seed = 1;
    for (size_t i = 0; i < LARGE; i++) {
        seed = seed * 1664525u + 1013904223u;
        app->text[i] = (char)('a' + (seed >> 28));
    }
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

CGW_GZIP(zip);
CGW_REQUEST_ID(ids);
CGW_TIMING(timing);
CGW_APPLICATION(.name = "middleware", .middleware = CGW_THROUGH(ids, timing, zip));

/* ---- gzip ---- */

static cgw_reply give_bytes(cgw_request *req)
{
    size_t n = (size_t)cgw_path_i64(req, "n");
    return cgw_bytes_lent(req, 200, "text/plain",
                          (cgw_str){cgw_state(req, App)->text, n < LARGE ? n : LARGE});
}

CGW_GET(bytes, "/bytes/{n:int}")
{
    return give_bytes(req);
}

CGW_GET(sync_bytes, "/sync/bytes/{n:int}", .mode = CGW_SYNC)
{
    return give_bytes(req);
}

CGW_GET(same, "/same/{n:int}")
{
    return cgw_bytes(req, 200, "application/octet-stream",
                     (cgw_str){cgw_state(req, App)->text, (size_t)cgw_path_i64(req, "n")});
}

static cgw_reply give_fields(cgw_request *req)
{
    const char *const names[] = {"etag", "content-encoding", "cache-control", "vary",
                                 "content-range"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *value = cgw_query(req, names[i]);
        if (value)
            cgw_add_header(req, names[i], value);
    }
    const char *status = cgw_query(req, "status"), *type = cgw_query(req, "type");
    bool is_empty = status && (strcmp(status, "204") == 0 || strcmp(status, "304") == 0);
    int number = status ? (status[0] - '0') * 100 + (status[1] - '0') * 10 + status[2] - '0' : 200;
    if (is_empty)
        return cgw_empty(req, number);
    return cgw_bytes(req, number, type ? type : "text/plain",
                     (cgw_str){cgw_state(req, App)->text, 2000});
}

CGW_GET(fields, "/fields")
{
    return give_fields(req);
}

static cgw_reply give_stream(cgw_request *req)
{
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    for (int i = 0; i < 5; i++) {
        CGW_TRY(req, cgw_print(req, "piece %d\n", i));
        if (cgw_query(req, "slow"))
            CGW_TRY(req, cgw_sleep(30)); /* till the client has what it wants, and leaves */
    }
    for (const char *large = cgw_query(req, "large"); large; large = NULL)
        CGW_TRY(req, cgw_write(req, cgw_state(req, App)->text, LARGE));
    return cgw_stream_end(req);
}

CGW_GET(stream, "/stream", .cancel = true)
{
    return give_stream(req);
}

CGW_GET(sync_stream, "/sync/stream", .mode = CGW_SYNC)
{
    return give_stream(req);
}

CGW_GET(broken, "/broken")
{
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_TRY(req, cgw_print(req, "not the end\n"));
    return cgw_fail(req, 500, "broken");
}

CGW_GET(events, "/events")
{
    CGW_TRY(req, cgw_events(req));
    for (int i = 0; i < 40; i++)
        CGW_TRY(req, cgw_event(req, .data = "an event that is long enough to be compressed"));
    return cgw_stream_end(req);
}

CGW_GET(file, "/file")
{
    struct cgw_header fields[] = {CGW_HEADER("content-type", "text/plain")};
    struct cgw_event events[2] = {cgw_event_start(200, fields, 1)};
    events[1] = (struct cgw_event){.type = CGW_HTTP_RESPONSE_FILE, .size = sizeof(events[1])};
    events[1].u.file.path = (cgw_str){"/proc/self/exe", strlen("/proc/self/exe")};
    events[1].u.file.count = 4096;
    CGW_TRY(req, cgw_send(req, events, 2));
    return cgw_done(req);
}

CGW_GET(trailers, "/trailers")
{
    struct cgw_header fields[] = {CGW_HEADER("content-type", "text/plain")};
    struct cgw_header last[] = {CGW_HEADER("x-sum", "42")};
    cgw_str part = {cgw_state(req, App)->text, 2000};
    struct cgw_event events[3] = {cgw_event_start(200, fields, 1), cgw_event_body(&part, 1, 0)};
    events[0].flags = CGW_TRAILERS;
    events[2] = (struct cgw_event){.type = CGW_HTTP_RESPONSE_TRAILERS, .size = sizeof(events[2])};
    events[2].u.start.headers = last;
    events[2].u.start.n_headers = 1;
    CGW_TRY(req, cgw_send(req, events, 3));
    return cgw_done(req);
}

/* ---- CORS ---- */

CGW_CORS(strict, .origins = CGW_LIST("https://a.example", "https://*.b.example"),
         .methods = CGW_LIST("GET", "POST"), .headers = CGW_LIST("X-Token"),
         .expose = CGW_LIST("X-Total", "X-Page"), .credentials = true);
CGW_CORS(open, .origins = CGW_LIST("*"), .methods = CGW_LIST("*"), .headers = CGW_LIST("*"),
         .max_age = 5);
CGW_CORS(open_private, .origins = CGW_LIST("*"), .private_network = true, .credentials = true);
CGW_ROUTER(strict, "/strict", .middleware = CGW_THROUGH(strict));
CGW_ROUTER(open, "/open", .middleware = CGW_THROUGH(open));
CGW_ROUTER(private, "/private", .middleware = CGW_THROUGH(open_private));

#define TEXT_ROUTE(router_, fn_)                       \
    CGW_GET(fn_, "/text", .router = &router_##_router) \
    {                                                  \
        const char *vary = cgw_query(req, "vary");     \
        if (vary)                                      \
            cgw_add_header(req, "vary", vary);         \
        return cgw_text(req, 200, "text\n");           \
    }
TEXT_ROUTE(strict, strict_text)
TEXT_ROUTE(open, open_text)
TEXT_ROUTE(private, private_text)

CGW_POST(strict_fail, "/fail", .router = &strict_router)
{
    return cgw_fail(req, 500, "on purpose");
}

CGW_GET(open_stream, "/stream", .router = &open_router)
{
    return give_stream(req);
}

/* ---- who may ask ---- */

CGW_TRUSTED_HOSTS(hosts, "example.org", "*.example.net", "[::1]");
CGW_ROUTER(hosts, "/hosts", .middleware = CGW_THROUGH(hosts));
CGW_GET(host, "/text", .router = &hosts_router)
{
    return cgw_text(req, 200, "text\n");
}

CGW_HTTPS_REDIRECT(https);
CGW_HTTPS_REDIRECT(https_port, .port = 8443, .permanent = true);
CGW_GET(secure, "/https/{_rest:path}", .middleware = CGW_THROUGH(https))
{
    return cgw_text(req, 200, "text\n");
}
CGW_GET(secure_port, "/https-port", .middleware = CGW_THROUGH(https_port))
{
    return cgw_text(req, 200, "text\n");
}

CGW_RATE_LIMIT(limit, .requests = 5, .seconds = 3600, .burst = 3);
CGW_GET(limited, "/limited", .middleware = CGW_THROUGH(limit))
{
    return cgw_text(req, 200, "text\n");
}

/* ---- ids ---- */

CGW_GET(id, "/id")
{
    const char *id = cgw_get(req, "request_id"), *field = cgw_header(req, "x-request-id");
    cgw_log(req, "this is in the log");
    return cgw_text(req, 200, "%s %s", id ? id : "", field ? field : "");
}
