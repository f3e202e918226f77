/*
 * Middleware of an application, for the tests: around replies of errors, requests that no route
 * takes, and other applications that are mounted, of both kinds.
 */
#include <cgw.h>
#include <string.h>

#define ITEM(F) F(i64, id)
CGW_MODEL(Item, ITEM);

CGW_CORS(cors, .origins = CGW_LIST("https://a.example"));
CGW_REQUEST_ID(ids, .header = "x-trace", .ignore = true);
CGW_TIMING(timing, .header = "x-process-time");
CGW_RATE_LIMIT(limit, .requests = 100000, .seconds = 1);
CGW_GZIP(zip, .minimum = 100, .level = 9);
CGW_APPLICATION(.name = "around", .middleware = CGW_THROUGH(ids, timing, limit, cors, zip));

CGW_GET(text, "/text")
{
    return cgw_text(req, 200, "text\n");
}

CGW_POST(item, "/item", .body = Item_model)
{
    return cgw_json(req, 200, Item, cgw_body(req, Item));
}

CGW_GET(error, "/error")
{
    return cgw_error(req, CGW_EINVAL);
}

CGW_GET(late, "/late", .timeout = 0.01)
{
    CGW_TRY(req, cgw_sleep(60));
    return cgw_empty(req, 200);
}

/* ---- an application of <cgw/abi.h> that does not wait, but for its host ---- */

enum { PIECES = 5, PIECE = 100 * 1000 };

struct bare {
    struct cgw_call *call;
    struct cgw_event event;
    int sent;
    struct cgw_str part;
};

static char text_of_bare[PIECE];

static void go_on(struct cgw_call *call, int status, void *arg);

/* The head, pieces, and the end, one at a time. */
static int send_next(struct bare *bare)
{
    static const struct cgw_header fields[] = {CGW_HEADER("Content-Type", "text/plain")};
    if (bare->sent == 0) {
        bare->event = cgw_event_start(200, fields, 1);
    } else {
        bare->part = (struct cgw_str){text_of_bare, PIECE};
        bare->event = cgw_event_body(&bare->part, 1, bare->sent < PIECES ? CGW_MORE : 0);
    }
    bare->sent++;
    return bare->call->host->send(bare->call, &bare->event, 1, go_on, bare);
}

static void go_on(struct cgw_call *call, int status, void *arg)
{
    struct bare *bare = arg;
    while (status == CGW_OK && bare->sent <= PIECES)
        status = send_next(bare);
    if (status != CGW_PENDING)
        call->host->finish(call, status);
}

static void prepare_text(void)
{
    uint32_t seed = 7;
    for (size_t i = 0; i < PIECE && !text_of_bare[PIECE - 1]; i++) {
        seed = seed * 1664525u + 1013904223u;
        text_of_bare[i] = (char)('a' + (seed >> 29));
    }
}

static void begin_bare(struct cgw_call *call)
{
    struct bare *bare = call->host->alloc(call, sizeof(*bare));
    if (call->scope->type != CGW_SCOPE_HTTP || !bare) {
        call->host->finish(call, CGW_ENOMEM);
        return;
    }
    prepare_text();
    *bare = (struct bare){.call = call};
    go_on(call, CGW_OK, bare);
}

static const struct cgw_app bare_app = {.magic = CGW_MAGIC,
                                        .abi_major = CGW_ABI_MAJOR,
                                        .size = sizeof(bare_app),
                                        .name = "bare",
                                        .call = begin_bare};
CGW_MOUNT(bare, "/bare", &bare_app);

/* ---- and one that blocks ---- */

static void answer_blocking(struct cgw_call *call)
{
    struct cgw_header fields[] = {CGW_HEADER("content-type", "text/plain"),
                                  CGW_HEADER("etag", "\"1\"")};
    char text[1000];
    memset(text, 'x', sizeof(text));
    struct cgw_str part = {text, sizeof(text)};
    const struct cgw_event events[] = {cgw_event_start(200, fields, 2),
                                       cgw_event_body(&part, 1, 0)};
    call->host->finish(call, call->host->send(call, events, 2, NULL, NULL));
}

static const struct cgw_app blocking_app = {.magic = CGW_MAGIC,
                                            .abi_major = CGW_ABI_MAJOR,
                                            .size = sizeof(blocking_app),
                                            .kind = CGW_SYNC,
                                            .name = "blocking",
                                            .call = answer_blocking};
CGW_MOUNT(blocking, "/blocking", &blocking_app);
