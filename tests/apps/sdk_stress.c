/*
 * One route for each stage that a request may be in when its client leaves, its time is over or its
 * worker drains. Each counts what it begins and what it ends: /books tells, and where nobody asks
 * for anything else any more the two are equal. Bytes are letters in turn, from a letter that the
 * request names, so that those of one can be told from those of another.
 */
#include <cgw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LETTERS = 26, INSIDE_MAX = 3, BIG = 4 << 20 };

/* What begins and what ends. */
enum book { REQUESTS, DEPENDENCIES, AFTER, DEFERRED, SPAWNED, CHILDREN, BOOKS };

typedef struct App {
    atomic_long begun[BOOKS], ended[BOOKS];
    atomic_int inside, most_inside;
    cgw_sem few;
    cgw_mutex lock;
    char big[BIG + LETTERS];
} App;

static App *shared; /* for tasks without a request */

static void nap(double ms)
{
    usleep((useconds_t)(ms * 1000));
}

static int beat(void *arg)
{
    (void)arg;
    return cgw_sleep(0.001);
}

static int block(void *ms)
{
    nap(*(double *)ms);
    return CGW_OK;
}

CGW_LIFESPAN(App, start, stop);

static int start(cgw_boot *boot, App *app)
{
    static double two_ms = 2;
    app->few.n = INSIDE_MAX;
    shared = app;
    for (size_t i = 0; i < sizeof(app->big); i++)
        app->big[i] = (char)('a' + i % LETTERS);
    if (cgw_every(0.05, beat, NULL) != CGW_OK ||
        cgw_every(0.2, block, &two_ms, .blocking = true) != CGW_OK)
        return cgw_boot_fail(boot, "no periodic task");
    return cgw_sleep(0.001);
}

/* All requests and tasks have ended: what was begun was ended. */
static void stop(App *app)
{
    for (int i = 0; i < BOOKS; i++)
        if (app->begun[i] != app->ended[i])
            abort();
    shared = NULL;
}

/* ---- around all of them ---- */

CGW_MIDDLEWARE(counts)
{
    App *app = cgw_state(req, App);
    app->begun[REQUESTS]++;
    cgw_reply reply = cgw_next(req);
    app->ended[REQUESTS]++;
    return reply;
}

static void count_deferred(void *arg)
{
    App *app = arg;
    app->ended[DEFERRED]++;
}

CGW_MIDDLEWARE(defers)
{
    App *app = cgw_state(req, App);
    app->begun[DEFERRED]++;
    cgw_defer(req, count_deferred, app);
    return cgw_next(req);
}

CGW_APPLICATION(.name = "stress", .middleware = CGW_THROUGH(counts, defers), .thread_safe = true);

static const char *letters(cgw_request *req, size_t n)
{
    const App *app = cgw_state(req, App);
    const char *first = cgw_query(req, "from");
    return n <= BIG ? app->big + (first ? (first[0] - 'a' + LETTERS) % LETTERS : 0) : NULL;
}

static double query_number(cgw_request *req, const char *name, double otherwise)
{
    const char *text = cgw_query(req, name);
    return text ? strtod(text, NULL) : otherwise;
}

static cgw_str body_of(cgw_request *req)
{
    size_t n = (size_t)query_number(req, "n", 10);
    return (cgw_str){letters(req, n), n};
}

/* What fn(req) answers, on the loop and, at PATH-sync, on a thread. */
#define ON_BOTH(METHOD, fn, path, ...)                                \
    METHOD(fn##_here, path, ##__VA_ARGS__)                            \
    {                                                                 \
        return fn(req);                                               \
    }                                                                 \
    METHOD(fn##_there, path "-sync", .mode = CGW_SYNC, ##__VA_ARGS__) \
    {                                                                 \
        return fn(req);                                               \
    }

/* ---- whole replies ---- */

CGW_GET(whole, "/whole")
{
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

CGW_GET(whole_sync, "/whole-sync", .mode = CGW_SYNC)
{
    nap(query_number(req, "ms", 0));
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

CGW_GET(slow, "/slow", .cancel = true)
{
    CGW_TRY(req, cgw_sleep(query_number(req, "ms", 1) / 1000));
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

CGW_GET(slow_sync, "/slow-sync", .mode = CGW_SYNC, .cancel = true)
{
    CGW_TRY(req, cgw_sleep(query_number(req, "ms", 1) / 1000));
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

CGW_GET(blocking, "/blocking")
{
    double ms = query_number(req, "ms", 1);
    CGW_TRY(req, cgw_blocking(block, &ms));
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

CGW_GET(none, "/none")
{
    return cgw_empty(req, query_number(req, "n", 0) > 0 ? 304 : 204);
}

/* ---- bodies ---- */

static cgw_reply echo_whole(cgw_request *req)
{
    cgw_str body;
    CGW_TRY(req, cgw_body_text(req, &body));
    return cgw_bytes_lent(req, 200, "text/plain", body);
}

ON_BOTH(CGW_POST, echo_whole, "/echo")

CGW_POST(small, "/small", .max_body = 1000)
{
    return echo_whole(req);
}

/* Each piece goes back before the next one is read. */
static cgw_reply echo_pieces(cgw_request *req)
{
    cgw_str piece;
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    do {
        CGW_TRY(req, cgw_body_next(req, &piece));
        CGW_TRY(req, cgw_write(req, piece.ptr, piece.len));
    } while (piece.len);
    return cgw_stream_end(req);
}

ON_BOTH(CGW_POST, echo_pieces, "/pipe", .stream = true)

CGW_POST(pipe_small, "/pipe-small", .stream = true, .max_body = 1000)
{
    return echo_pieces(req);
}

/* Impatient, but it comes back to what is on its way. */
CGW_POST(impatient, "/impatient", .stream = true, .cancel = true)
{
    cgw_str piece = {"", 1};
    size_t n = 0;
    while (piece.len) {
        int status = CGW_ETIMEDOUT;
        CGW_TIMEOUT(0.002)
        {
            status = cgw_body_next(req, &piece);
        }
        if (status != CGW_ETIMEDOUT)
            CGW_TRY(req, status);
        n += status == CGW_OK ? piece.len : 0;
    }
    return cgw_text(req, 200, "%zu", n);
}

/* ---- streams ---- */

static cgw_reply stream_pieces(cgw_request *req)
{
    cgw_str body = body_of(req);
    size_t piece = (size_t)query_number(req, "piece", 1000);
    double ms = query_number(req, "ms", 0);
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    for (size_t at = 0; at < body.len; at += piece) {
        size_t len = body.len - at < piece ? body.len - at : piece;
        CGW_TRY(req, cgw_write(req, body.ptr + at, len));
        if (ms > 0)
            CGW_TRY(req, cgw_sleep(ms / 1000));
    }
    return cgw_stream_end(req);
}

ON_BOTH(CGW_GET, stream_pieces, "/stream")

CGW_GET(half, "/half")
{
    cgw_str body = body_of(req);
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_TRY(req, cgw_write(req, body.ptr, body.len));
    return cgw_fail(req, 500, "behind the start");
}

static cgw_reply send_events(cgw_request *req)
{
    int n = (int)query_number(req, "n", 3);
    double ms = query_number(req, "ms", 5);
    CGW_TRY(req, cgw_events(req, .ping = 0.001));
    for (int i = 0; i < n; i++) {
        CGW_TRY(req, cgw_event(req, .data = cgw_fmt(req, "%d", i)));
        CGW_TRY(req, cgw_sleep(ms / 1000));
    }
    return cgw_stream_end(req);
}

ON_BOTH(CGW_GET, send_events, "/events")

/* ---- layers, and what is sent by hand ---- */

static int turn_letters(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                        size_t n)
{
    int status = cgw_sleep(0.0005);
    return status == CGW_OK ? cgw_send_below(req, layer, events, n) : status;
}

static int receive_late(cgw_request *req, struct cgw_layer *layer, struct cgw_event *event)
{
    int status = cgw_receive_below(req, layer, event);
    return status == CGW_OK ? cgw_sleep(0) : status;
}

CGW_MIDDLEWARE(wraps)
{
    struct cgw_layer *layer = cgw_alloc(req, sizeof(*layer));
    if (!layer)
        return cgw_error(req, CGW_ENOMEM);
    *layer = (struct cgw_layer){.send = turn_letters, .receive = receive_late};
    cgw_wrap(req, layer);
    return cgw_next(req);
}

CGW_GET(by_hand, "/by-hand", .middleware = CGW_THROUGH(wraps))
{
    cgw_str body = body_of(req);
    const struct cgw_event begin[] = {cgw_event_start(200, NULL, 0),
                                      cgw_event_body(&body, 1, CGW_MORE)};
    const struct cgw_event end = cgw_event_body(NULL, 0, 0);
    CGW_TRY(req, cgw_send(req, begin, 2));
    CGW_TRY(req, cgw_send(req, &end, 1));
    return cgw_done(req);
}

CGW_POST(layered, "/layered", .stream = true, .middleware = CGW_THROUGH(wraps))
{
    return echo_pieces(req);
}

CGW_MIDDLEWARE(closes)
{
    return cgw_fail(req, 403, "closed");
}

CGW_GET(closed, "/closed", .middleware = CGW_THROUGH(closes))
{
    return cgw_empty(req, 204);
}

CGW_GET(nothing, "/nothing")
{
    return cgw_done(req);
}

/* ---- timeouts ---- */

CGW_GET(late, "/late", .timeout = 0.01)
{
    CGW_TRY(req, cgw_sleep(60));
    return cgw_empty(req, 204);
}

CGW_GET(late_sync, "/late-sync", .timeout = 0.01, .mode = CGW_SYNC)
{
    CGW_TRY(req, cgw_sleep(60));
    return cgw_empty(req, 204);
}

CGW_POST(late_body, "/late-body", .timeout = 0.01)
{
    return echo_whole(req);
}

/* ---- what stays until it is told to go ---- */

CGW_MIDDLEWARE(stays)
{
    cgw_reply reply = cgw_next(req);
    CGW_TRY(req, cgw_sleep(60));
    return reply;
}

CGW_GET(stay, "/stay", .middleware = CGW_THROUGH(stays))
{
    return cgw_empty(req, 204);
}

/* It has a piece of the body in its hands. */
CGW_POST(stay_reading, "/stay", .stream = true)
{
    cgw_str piece;
    CGW_TRY(req, cgw_body_next(req, &piece));
    CGW_TRY(req, cgw_sleep(60));
    return cgw_bytes(req, 200, NULL, piece);
}

/* ---- groups, and what tasks share ---- */

struct share {
    double ms;
};

static int take_share(const struct share *share)
{
    App *app = shared;
    CGW_HOLD_TRY(&app->few);
    int inside = ++app->inside;
    if (inside > app->most_inside)
        app->most_inside = inside;
    int status = cgw_sleep(share->ms / 1000);
    app->inside--;
    return status;
}

static int child(void *arg)
{
    shared->begun[CHILDREN]++;
    int status = take_share(arg);
    if (status == CGW_OK)
        status = cgw_mutex_lock(&shared->lock);
    shared->ended[CHILDREN]++;
    if (status == CGW_OK)
        cgw_mutex_unlock(&shared->lock);
    return status;
}

static cgw_reply gather(cgw_request *req)
{
    struct share share = {query_number(req, "ms", 1)};
    int n = (int)query_number(req, "n", 5);
    CGW_GROUP(group, req, .limit = (uint32_t)n / 2, .timeout = 30);
    for (int i = 0; i < n; i++)
        cgw_go(group, child, &share);
    CGW_TRY(req, cgw_join(group));
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

ON_BOTH(CGW_GET, gather, "/gather", .cancel = true)

/* ---- dependencies ---- */

typedef struct Base {
    int n;
} Base;

static void tear(cgw_request *req, void *value, int status)
{
    (void)value, (void)status;
    cgw_state(req, App)->ended[DEPENDENCIES]++;
    if (cgw_sleep(0.0005) != CGW_OK)
        cgw_log(req, "torn in a hurry");
}

CGW_DEPENDS(Base, base, .teardown = tear)
{
    int status = cgw_sleep(0.0005);
    cgw_state(req, App)->begun[DEPENDENCIES] += status == CGW_OK;
    out->n = 7;
    return status;
}

static int needs_base(void *arg)
{
    const Base *value = Base_need(arg);
    return value && value->n == 7 ? CGW_OK : CGW_EFAILED;
}

static cgw_reply need(cgw_request *req)
{
    CGW_GROUP(group, req);
    for (int i = 0; i < 4; i++)
        cgw_go(group, needs_base, req);
    CGW_TRY(req, cgw_join(group));
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

ON_BOTH(CGW_GET, need, "/need", .cancel = true)

CGW_GET(need_late, "/need-late", .depends = CGW_USES(base), .timeout = 0.002)
{
    CGW_TRY(req, cgw_sleep(query_number(req, "ms", 0) / 1000));
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

/* ---- behind the reply, and beside all ---- */

static void later(void *arg)
{
    App *app = arg;
    int status = cgw_sleep(0.003);
    app->ended[AFTER] += status <= CGW_OK; /* the others count, too, where the worker drains */
}

static cgw_reply add_later(cgw_request *req)
{
    App *app = cgw_state(req, App);
    for (int i = (int)query_number(req, "n", 10) % 3; i > 0; i--) {
        app->begun[AFTER]++;
        cgw_after(req, later, app);
    }
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

ON_BOTH(CGW_GET, add_later, "/after")

static int lives_on(void *arg)
{
    App *app = *(App **)arg;
    app->ended[SPAWNED]++;
    if (cgw_sleep(0.01) != CGW_OK && cgw_spawn(lives_on, arg, .copy = sizeof(app)) == CGW_OK)
        abort(); /* a worker that drains takes no more */
    return CGW_OK;
}

CGW_GET(spawns, "/spawns")
{
    App *app = cgw_state(req, App);
    CGW_TRY(req, cgw_spawn(lives_on, &app, .copy = sizeof(app), .drain = 0.005));
    app->begun[SPAWNED]++;
    return cgw_bytes_lent(req, 200, "text/plain", body_of(req));
}

/* ---- the books ---- */

CGW_GET(books, "/books")
{
    static const char *const names[BOOKS] = {"requests", "dependencies", "after",
                                             "deferred", "spawned",      "children"};
    App *app = cgw_state(req, App);
    char text[512];
    size_t len = 0;
    for (int i = 0; i < BOOKS; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s %ld %ld\n", names[i],
                                app->begun[i], app->ended[i]);
    return cgw_text(req, 200, "%smost %d\n", text, app->most_inside);
}
