/*
 * Requests read, replies made, streams and errors, for the tests: each handler is there twice, on a
 * fiber and, below /sync, on a pool thread.
 */
#include <cgw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOTH(METHOD, name, path_, ...)                                        \
    static cgw_reply name##_reply(cgw_request *req);                          \
    CGW_##METHOD(name, path_, ##__VA_ARGS__)                                  \
    {                                                                         \
        return name##_reply(req);                                             \
    }                                                                         \
    CGW_##METHOD(name##_sync, "/sync" path_, .mode = CGW_SYNC, ##__VA_ARGS__) \
    {                                                                         \
        return name##_reply(req);                                             \
    }                                                                         \
    static cgw_reply name##_reply(cgw_request *req)

typedef struct App {
    pthread_t loop;
} App;
CGW_LIFESPAN(App, start, stop);
static int start(cgw_boot *boot, App *app)
{
    (void)boot;
    app->loop = pthread_self();
    return 0;
}
static void stop(App *app)
{
    (void)app;
}

/* ---- what a request says ---- */

BOTH(GET, where, "/where")
{
    bool is_loop = pthread_equal(cgw_state(req, App)->loop, pthread_self());
    return cgw_text(req, 200, "%s\n", is_loop ? "loop" : "thread");
}

static const char *joined(cgw_request *req, cgw_strs all)
{
    const char *text = "";
    for (size_t i = 0; text && i < all.len; i++)
        text = cgw_fmt(req, "%s%s%s", text, i ? "|" : "", all.items[i]);
    return text ? text : "";
}

static const char *or_none(const char *text)
{
    return text ? text : "(none)";
}

BOTH(GET, head, "/head/{rest:path}")
{
    return cgw_text(req, 200,
                    "method=%s path=%s root=%s query=%s scheme=%s host=%s client=%s port=%d "
                    "route=%s rest=%s\n",
                    cgw_method(req), cgw_url_path(req), cgw_root_path(req), cgw_query_string(req),
                    cgw_scheme(req), cgw_host(req), cgw_client(req), cgw_client_port(req) > 0,
                    cgw_route_path(req), cgw_path(req, "rest"));
}

BOTH(GET, query, "/query")
{
    return cgw_text(req, 200, "a=%s all=%s\n", or_none(cgw_query(req, "a")),
                    joined(req, cgw_query_all(req, "a")));
}

BOTH(GET, fields, "/fields")
{
    return cgw_text(req, 200, "x=%s all=%s\n", or_none(cgw_header(req, "X-Thing")),
                    joined(req, cgw_header_all(req, "x-thing")));
}

BOTH(GET, cookies, "/cookies")
{
    return cgw_text(req, 200, "a=%s b=%s c=%s\n", or_none(cgw_cookie(req, "a")),
                    or_none(cgw_cookie(req, "b")), or_none(cgw_cookie(req, "c")));
}

/* ---- whole replies ---- */

BOTH(GET, html, "/html")
{
    return cgw_html(req, 200, "<p>%d</p>\n", 7);
}

BOTH(GET, bytes, "/bytes")
{
    char bytes[] = "a\0b";
    return cgw_bytes(req, 200, "application/x-test", (cgw_str){bytes, 3});
}

BOTH(GET, empty, "/empty/{status:int}")
{
    return cgw_empty(req, (int)cgw_path_i64(req, "status"));
}

BOTH(GET, redirect, "/redirect/{status:int}")
{
    return cgw_redirect(req, (int)cgw_path_i64(req, "status"), "/a b\r\nx-evil: 1\xc3\xa4?q=%20");
}

BOTH(GET, decorated, "/decorated")
{
    cgw_add_header(req, "x-one", "1");
    cgw_reply reply = cgw_text(req, 200, "hi\n");
    cgw_add_header(req, "x-one", "2");
    cgw_set_header(req, "x-two", "old");
    cgw_set_header(req, "X-Two", "new");
    cgw_set_header(req, "content-type", "text/x-own");
    if (cgw_add_header(req, "x-evil", "1\r\nx-worse: 2") != CGW_EINVAL ||
        cgw_add_header(req, "x evil", "1") != CGW_EINVAL)
        return cgw_fail(req, 500, "evil fields were taken");
    cgw_set_cookie(req, "session", "abc");
    cgw_set_cookie(req, "old", "", .max_age = -1, .path = "/x");
    cgw_set_cookie(req, "all", "1", .max_age = 60, .domain = "example.org", .secure = true,
                   .is_readable = true, .same_site = "none");
    if (cgw_set_cookie(req, "bad", "a;b") != CGW_EINVAL ||
        cgw_set_cookie(req, "bad", "a", .same_site = "none") != CGW_EINVAL)
        return cgw_fail(req, 500, "bad cookies were taken");
    return reply;
}

/* ---- models ---- */

#define THING(F)                              \
    F(str, name, .min_len = 1, .max_len = 20) \
    F(f64, price, .gt = 0)                    \
    F(list(i64), sizes, .opt = true)
CGW_MODEL(Thing, THING)
#define PAGE(F) F(i64, limit, .def = 10, .ge = 1, .le = 500)
CGW_MODEL(Page, PAGE)
#define TRACE(F) F(str, x_trace)
CGW_MODEL(Trace, TRACE)
#define LOGIN(F) F(str, session, .min_len = 3)
CGW_MODEL(Login, LOGIN)
#define PLACE(F) F(i64, id, .ge = 10)
CGW_MODEL(Place, PLACE)

BOTH(POST, thing, "/things", .body = Thing_model, .status = 201)
{
    return cgw_json(req, 0, Thing, cgw_body(req, Thing));
}

BOTH(POST, everything, "/everything/{id:int}", .body = Thing_model, .params = Page_model,
     .headers = Trace_model, .cookies = Login_model, .path_params = Place_model)
{
    return cgw_text(req, 200, "%s %" PRId64 " %s %s %" PRId64 "\n", cgw_body(req, Thing)->name,
                    cgw_params(req, Page)->limit, cgw_headers(req, Trace)->x_trace,
                    cgw_cookies(req, Login)->session, cgw_params(req, Place)->id);
}

BOTH(POST, by_hand, "/by-hand")
{
    cgw_str text, detail;
    Thing thing;
    CGW_TRY(req, cgw_body_text(req, &text));
    CGW_TRY(req, cgw_parse(req, Thing, text, &thing, &detail));
    return cgw_json_text(req, 200, cgw_encode(req, Thing, &thing));
}

BOTH(GET, many, "/many/{n:int}")
{
    size_t n = (size_t)cgw_path_i64(req, "n");
    Thing *things = calloc(n ? n : 1, sizeof(*things));
    if (!things)
        return cgw_error(req, CGW_ENOMEM);
    cgw_defer(req, free, things);
    for (size_t i = 0; i < n; i++)
        things[i] = (Thing){.name = "thing", .price = (double)i};
    return cgw_json_list(req, 200, Thing, things, n);
}

BOTH(GET, rows, "/rows/{n:int}")
{
    int64_t n = cgw_path_i64(req, "n");
    CGW_TRY(req, cgw_rows(req, 200, Thing));
    for (int64_t i = 0; i < n; i++) {
        Thing thing = {.name = "row", .price = (double)i};
        CGW_TRY(req, cgw_row(req, Thing, &thing));
    }
    return cgw_stream_end(req);
}

/* ---- bodies ---- */

BOTH(POST, length, "/length", .max_body = 1000)
{
    cgw_str body, again;
    CGW_TRY(req, cgw_body_text(req, &body));
    CGW_TRY(req, cgw_body_text(req, &again));
    return cgw_text(req, 200, "%zu %d\n", body.len, again.ptr == body.ptr);
}

BOTH(POST, wide, "/wide")
{
    cgw_str body;
    CGW_TRY(req, cgw_body_text(req, &body));
    return cgw_text(req, 200, "%zu\n", body.len);
}

BOTH(POST, pieces, "/pieces", .stream = true, .max_body = 400000)
{
    size_t bytes = 0;
    for (cgw_str piece;;) {
        CGW_TRY(req, cgw_body_next(req, &piece));
        if (!piece.len)
            break;
        bytes += piece.len;
    }
    return cgw_text(req, 200, "%zu\n", bytes);
}

/* Reading goes on behind a timeout where it was broken off. */
BOTH(POST, patient, "/patient")
{
    cgw_str body;
    int status = CGW_OK, timeouts = 0;
    do {
        CGW_TIMEOUT(0.05)
        {
            status = cgw_body_text(req, &body);
        }
        timeouts += status == CGW_ETIMEDOUT;
    } while (status == CGW_ETIMEDOUT);
    CGW_TRY(req, status);
    return cgw_text(req, 200, "%.*s after %s\n", (int)body.len, body.ptr,
                    timeouts ? "timeouts" : "none");
}

BOTH(POST, early, "/early")
{
    cgw_str body;
    int status = cgw_body_text(req, &body);
    cgw_log(req, "early: %s", cgw_strerror(status));
    return cgw_error(req, status);
}

/* ---- streams ---- */

BOTH(GET, stream, "/stream/{n:int}")
{
    int64_t n = cgw_path_i64(req, "n");
    cgw_set_header(req, "x-kind", "stream");
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    for (int64_t i = 0; i < n; i++)
        CGW_TRY(req, cgw_print(req, "line %" PRId64 "\n", i));
    CGW_TRY(req, cgw_write(req, "end\n", 4));
    return cgw_stream_end(req);
}

BOTH(GET, flood, "/flood")
{
    static char block[65536];
    uint64_t sent = 0;
    CGW_TRY(req, cgw_stream(req, 200, NULL));
    int status;
    while ((status = cgw_write(req, block, sizeof(block))) == CGW_OK)
        sent += sizeof(block);
    cgw_log(req, "flood: %s %s, behind %" PRIu64 " bytes", cgw_strerror(status),
            cgw_is_disconnected(req) ? "and it knows" : "and it does not know", sent);
    return cgw_error(req, status);
}

BOTH(GET, unended, "/unended")
{
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_TRY(req, cgw_write(req, "half", 4));
    return cgw_fail(req, 500, "too late");
}

BOTH(GET, unbegun, "/unbegun")
{
    int status = cgw_write(req, "half", 4);
    return cgw_text(req, 200, "%d\n", status == CGW_EINVAL);
}

BOTH(GET, by_event, "/by-event")
{
    const struct cgw_header header = CGW_HEADER("x-kind", "hand");
    const struct cgw_str part = CGW_STR("by hand\n");
    const struct cgw_event events[] = {cgw_event_start(203, &header, 1),
                                       cgw_event_body(&part, 1, 0)};
    CGW_TRY(req, cgw_send(req, events, 2));
    return cgw_done(req);
}

BOTH(GET, events, "/events/{n:int}")
{
    CGW_TRY(req, cgw_events(req, .ping = 0.2));
    for (int64_t i = 0; i < cgw_path_i64(req, "n"); i++)
        CGW_TRY(req, cgw_event(req, .event = "tick", .id = cgw_fmt(req, "%" PRId64, i),
                               .data = "a\nb\r\nc\rd"));
    if (cgw_event(req, .id = "1\n2") != CGW_EINVAL || cgw_event(req, .event = "a\rb") != CGW_EINVAL)
        return cgw_error(req, CGW_EFAILED);
    CGW_TRY(req, cgw_event(req, .comment = "bye", .retry_ms = 500));
    return cgw_stream_end(req);
}

/* Several tasks write one stream, and use the request's memory at the same time. */
struct singer {
    cgw_request *req;
    int n;
};

static int sing(void *arg)
{
    const struct singer *singer = arg;
    for (int i = 0; i < 20; i++) {
        const char *verse = cgw_fmt(singer->req, "%d-%d %*s", singer->n, i, 100 * singer->n, "");
        if (!verse)
            return CGW_ENOMEM;
        int status = cgw_print(singer->req, "%s.\n", verse);
        if (status != CGW_OK)
            return status;
    }
    return CGW_OK;
}

BOTH(GET, chorus, "/chorus")
{
    struct singer singers[8];
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_GROUP(group, req);
    for (int i = 0; i < 8; i++) {
        singers[i] = (struct singer){req, i};
        cgw_go(group, sing, &singers[i]);
    }
    CGW_TRY(req, cgw_join(group));
    return cgw_stream_end(req);
}

static int shout(void *arg)
{
    cgw_request *req = arg;
    return cgw_event(req, .data = cgw_fmt(req, "from %s", cgw_method(req)));
}

/* The ping writes meanwhile. */
BOTH(GET, shouts, "/shouts")
{
    CGW_TRY(req, cgw_events(req, .ping = 0.0005));
    for (int i = 0; i < 50; i++) {
        CGW_TRY(req, cgw_blocking(shout, req));
        CGW_TRY(req, cgw_sleep(0.001));
    }
    return cgw_stream_end(req);
}

/* It waits for ever: only a client that leaves ends it. */
BOTH(GET, idle, "/idle")
{
    CGW_TRY(req, cgw_events(req, .ping = 0.1));
    int status = cgw_sleep(1000);
    cgw_log(req, "idle: %s", cgw_strerror(status));
    return cgw_error(req, status);
}

BOTH(GET, leaving, "/leaving", .cancel = true)
{
    int status = cgw_sleep(1000);
    cgw_log(req, "leaving: %s", cgw_strerror(status));
    return cgw_error(req, status);
}

BOTH(GET, staying, "/staying")
{
    int status = cgw_sleep(0.3);
    cgw_log(req, "staying: %s %s", cgw_strerror(status),
            cgw_is_disconnected(req) ? "alone" : "with a client");
    return cgw_text(req, 200, "stayed\n");
}

/* ---- errors ---- */

BOTH(GET, fail, "/fail/{status:int}")
{
    cgw_set_header(req, "www-authenticate", "Bearer");
    cgw_set_header(req, "content-language", "en");
    return cgw_fail(req, (int)cgw_path_i64(req, "status"), "no \"%s\"", "thing");
}

BOTH(GET, code, "/code/{code}")
{
    return cgw_error(req, (int)strtol(cgw_path(req, "code"), NULL, 10));
}

BOTH(GET, slow, "/slow", .timeout = 0.1)
{
    CGW_TRY(req, cgw_sleep(1000));
    return cgw_text(req, 200, "never\n");
}

BOTH(GET, silent, "/silent")
{
    (void)req;
    return (cgw_reply){0};
}

BOTH(GET, unbound, "/unbound")
{
    return cgw_text(req, 200, "%" PRId64 "\n", cgw_params(req, Page)->limit);
}

CGW_ON_STATUS(418, teapot)
{
    bool is_loop = pthread_equal(cgw_state(req, App)->loop, pthread_self());
    return cgw_text(req, 418, "teapot on a %s: %d %d %s\n", is_loop ? "loop" : "thread",
                    cause->status, cause->code, cause->detail);
}
CGW_ON_STATUS(409, clash)
{
    return cgw_text(req, 409, "by status\n");
}
CGW_ON_ERROR(CGW_ESHUT, shut)
{
    return cgw_text(req, 409, "by code\n");
}
CGW_ON_ERROR(CGW_EIO, broken)
{
    return cgw_fail(req, 409, "%s", "from within, not asked about again");
}
