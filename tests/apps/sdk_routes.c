/* Routes, routers, mounts, URLs and middleware, for the wire tests: each answer says who gave it.
 */
#include <cgw.h>
#include <string.h>

/* ---- routes ---- */

CGW_GET(home, "/")
{
    return cgw_text(req, 200, "home");
}

CGW_GET(items, "/items")
{
    const char *q = cgw_query(req, "q");
    return cgw_text(req, 200, "items %s", q ? q : "");
}

CGW_POST(add_item, "/items")
{
    return cgw_text(req, 201, "added");
}

CGW_GET(item, "/items/{id:int}")
{
    return cgw_text(req, 200, "item %lld", (long long)cgw_path_i64(req, "id"));
}

CGW_GET(item_by_name, "/items/{name}")
{
    return cgw_text(req, 200, "name %s", cgw_path(req, "name"));
}

CGW_ROUTE("PUT,PATCH", change_item, "/items/{id:int}")
{
    return cgw_text(req, 200, "%s %s", cgw_method(req), cgw_path(req, "id"));
}

CGW_GET(special, "/items/special")
{
    return cgw_text(req, 200, "special");
}

CGW_GET(file, "/files/{path:path}")
{
    return cgw_text(req, 200, "file %s", cgw_path(req, "path"));
}

CGW_GET(folder, "/folder/")
{
    return cgw_text(req, 200, "folder");
}

CGW_OPTIONS(preflight, "/preflight")
{
    return cgw_empty(req, 204);
}

CGW_CONVERTER(year)
{
    return segment.len == 4 && strspn(segment.ptr, "0123456789") >= 4;
}

CGW_GET(posts, "/posts/{year:year}", .mode = CGW_SYNC)
{
    return cgw_text(req, 200, "posts of %s", cgw_path(req, "year"));
}

/* ---- routers and applications ---- */

CGW_ROUTER(api, "/api/{tenant}");
CGW_ROUTER(shop, "/shop", .is_application = true);
CGW_ROUTER(cart, "/cart", .parent = &shop_router, .is_application = true);

CGW_GET(users, "/users", .router = &api_router)
{
    return cgw_text(req, 200, "users of %s, %s", cgw_path(req, "tenant"), cgw_route_path(req));
}

CGW_GET(entry, "/{id:int}", .router = &cart_router)
{
    cgw_log_level(req, CGW_LOG_DEBUG, "entry %s", cgw_path(req, "id"));
    return cgw_text(req, 200, "root_path %s path %s", cgw_root_path(req), cgw_url_path(req));
}

/* What cgw_url_for() says from within an application in another one. */
CGW_GET(links, "/links", .router = &cart_router)
{
    const char *name = cgw_query(req, "name"), *id = cgw_query(req, "id");
    const char *url = id ? cgw_url_for(req, name, "id", id) : cgw_url_for(req, name);
    return url ? cgw_text(req, 200, "%s", url) : cgw_fail(req, 404, "no URL");
}

CGW_GET(pages, "/pages")
{
    return cgw_text(req, 200, "%s", cgw_url_for(req, "item_by_name", "name", "a/b c", "page", "2"));
}

/* ---- other applications below ours ---- */

static void answer(struct cgw_call *call, const char *who)
{
    static const struct cgw_header text = CGW_HEADER("content-type", "text/plain");
    const struct cgw_scope *scope = call->scope;
    const struct cgw_str parts[] = {{who, strlen(who)},
                                    CGW_STR(" root_path "),
                                    scope->root_path,
                                    CGW_STR(" path "),
                                    scope->path};
    const struct cgw_event events[] = {cgw_event_start(200, &text, 1),
                                       cgw_event_body(parts, sizeof(parts) / sizeof(parts[0]), 0)};
    int status = call->host->send(call, events, 2, NULL, NULL);
    call->host->finish(call, status == CGW_PENDING ? CGW_EINVAL : status);
}

static const char *const ready = "ready";

/* Its lifespan lasts as long as ours. */
static void shutdown_has_come(struct cgw_call *call, int status, void *arg)
{
    struct cgw_event event = {.type = CGW_LIFESPAN_SHUTDOWN_COMPLETE, .size = sizeof(event)};
    const struct cgw_event *got = arg;
    const char *word = status == CGW_OK && got->type == CGW_LIFESPAN_SHUTDOWN
                           ? "files were stopped"
                           : "files were broken off";
    call->host->log(call, CGW_LOG_INFO, word, strlen(word));
    (void)call->host->send(call, &event, 1, NULL, NULL);
    call->host->finish(call, CGW_OK);
}

static void start_files(struct cgw_call *call, void *arg)
{
    struct cgw_event event = {.type = CGW_LIFESPAN_STARTUP_COMPLETE, .size = sizeof(event)};
    event.u.lifespan.state = (void *)(uintptr_t)ready;
    (void)call->host->send(call, &event, 1, NULL, NULL);
    if (call->host->receive(call, arg, shutdown_has_come, arg) != CGW_PENDING)
        call->host->finish(call, CGW_EINVAL);
}

static void begin_life(struct cgw_call *call)
{
    struct cgw_event *event = call->host->alloc(call, sizeof(*event));
    if (!event || call->host->receive(call, event, NULL, NULL) != CGW_OK ||
        call->host->post(call, start_files, event) != CGW_OK)
        call->host->finish(call, CGW_ENOMEM);
}

/* Answers from a callback, a while later. */
static void wait_is_over(struct cgw_call *call, struct cgw_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    answer(call, "patient");
}

static void wait(struct cgw_call *call)
{
    const struct cgw_loop *loop = call->host->extension(call->host, CGW_EXT_LOOP);
    struct cgw_timer *timer = call->host->alloc(call, sizeof(*timer));
    if (timer)
        memset(timer, 0, sizeof(*timer));
    if (!timer || loop->timer_start(call, timer, 600000, wait_is_over, NULL) != CGW_OK)
        call->host->finish(call, CGW_ENOMEM);
}

static void begin_files(struct cgw_call *call)
{
    if (call->scope->type == CGW_SCOPE_LIFESPAN)
        begin_life(call);
    else if (call->scope->query.len)
        wait(call);
    else
        answer(call, call->scope->state == ready ? "files" : "files without a state");
}

static const struct cgw_app files_app = {.magic = CGW_MAGIC,
                                         .abi_major = CGW_ABI_MAJOR,
                                         .abi_minor = CGW_ABI_MINOR,
                                         .size = sizeof(struct cgw_app),
                                         .kind = CGW_ASYNC,
                                         .flags = CGW_LIFESPAN,
                                         .name = "files",
                                         .call = begin_files};
CGW_MOUNT(assets, "/assets", &files_app);

/* Gives back what it gets, to its end. */
static void echo(struct cgw_call *call)
{
    struct cgw_event start = cgw_event_start(200, NULL, 0), event = {0};
    int status = call->host->send(call, &start, 1, NULL, NULL);
    while (status == CGW_OK) {
        status = call->host->receive(call, &event, NULL, NULL);
        uint16_t more = event.flags & CGW_MORE;
        struct cgw_event body = cgw_event_body(&event.u.body.data, 1, more);
        if (status == CGW_OK)
            status = event.type == CGW_HTTP_REQUEST ? call->host->send(call, &body, 1, NULL, NULL)
                                                    : CGW_ECLOSED;
        if (!more)
            break;
    }
    call->host->finish(call, status);
}

static void begin_blocking(struct cgw_call *call)
{
    if (call->scope->method.len == strlen("POST"))
        echo(call);
    else
        answer(call, "blocking");
}

static const struct cgw_app blocking_app = {.magic = CGW_MAGIC,
                                            .abi_major = CGW_ABI_MAJOR,
                                            .abi_minor = CGW_ABI_MINOR,
                                            .size = sizeof(struct cgw_app),
                                            .kind = CGW_SYNC,
                                            .name = "blocking",
                                            .call = begin_blocking};
CGW_MOUNT(blocking, "/shop/blocking", &blocking_app);

/* ---- middleware ---- */

/* Around all there is, also where nothing matches. */
CGW_MIDDLEWARE(stamp)
{
    cgw_reply reply = cgw_next(req);
    cgw_add_header(req, "x-seen", "stamp");
    return reply;
}

CGW_MIDDLEWARE(gate)
{
    if (!cgw_header(req, "x-key"))
        return cgw_fail(req, 401, "no key");
    cgw_reply reply = cgw_next(req);
    cgw_add_header(req, "x-seen", "gate");
    return reply;
}

CGW_MIDDLEWARE(twice)
{
    cgw_reply first = cgw_next(req);
    return first.status ? cgw_next(req) : first;
}

CGW_APPLICATION(.name = "routes", .middleware = CGW_THROUGH(stamp));
CGW_ROUTER(guarded, "/guarded", .middleware = CGW_THROUGH(gate));

CGW_GET(guarded_page, "/page", .router = &guarded_router)
{
    return cgw_text(req, 200, "page");
}

CGW_GET(guarded_sync, "/sync", .router = &guarded_router, .mode = CGW_SYNC)
{
    return cgw_text(req, 200, "sync page");
}

CGW_GET(twice_page, "/twice", .middleware = CGW_THROUGH(twice))
{
    return cgw_text(req, 200, "page");
}

/* A layer that makes capitals of what is sent, and keeps a disconnect to itself. */
static int send_capitals(cgw_request *req, struct cgw_layer *layer, const struct cgw_event *events,
                         size_t n)
{
    int status = CGW_OK;
    for (size_t i = 0; i < n && status == CGW_OK; i++) {
        struct cgw_event event = events[i];
        struct cgw_str part = {NULL, 0};
        if (event.type == CGW_HTTP_RESPONSE_BODY && event.u.bodyv.n_parts == 1) {
            char *copy = cgw_dup(req, event.u.bodyv.parts[0].ptr, event.u.bodyv.parts[0].len);
            part = (struct cgw_str){copy, event.u.bodyv.parts[0].len};
            for (size_t k = 0; copy && k < part.len; k++)
                copy[k] = copy[k] >= 'a' && copy[k] <= 'z' ? (char)(copy[k] - 32) : copy[k];
            event.u.bodyv.parts = &part;
        }
        status = cgw_send_below(req, layer, &event, 1);
    }
    return status;
}

static int receive_nothing(cgw_request *req, struct cgw_layer *layer, struct cgw_event *event)
{
    int status = cgw_receive_below(req, layer, event);
    if (event->type == CGW_HTTP_DISCONNECT)
        *event = (struct cgw_event){.type = CGW_HTTP_REQUEST, .size = sizeof(*event)};
    return status;
}

CGW_MIDDLEWARE(capitals)
{
    struct cgw_layer *layer = cgw_alloc(req, sizeof(*layer));
    if (!layer)
        return cgw_error(req, CGW_ENOMEM);
    *layer = (struct cgw_layer){.send = send_capitals, .receive = receive_nothing};
    cgw_wrap(req, layer);
    return cgw_next(req);
}

CGW_GET(shout, "/shout", .middleware = CGW_THROUGH(capitals))
{
    return cgw_text(req, 200, "quiet words");
}

CGW_GET(shout_sync, "/shout-sync", .middleware = CGW_THROUGH(capitals), .mode = CGW_SYNC)
{
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    for (int i = 0; i < 3; i++)
        CGW_TRY(req, cgw_print(req, "word %d ", i));
    return cgw_stream_end(req);
}

/* Streams until the client leaves: is_disconnected sees it through the layer that hides the event,
   and writing ends. What was seen is said to who asks afterwards. */
static int left_by_asking, left_by_writing;

CGW_GET(endless, "/endless", .middleware = CGW_THROUGH(capitals))
{
    const char *how = cgw_query(req, "how");
    bool writes = how && strcmp(how, "write") == 0;
    CGW_TRY(req, cgw_stream(req, 200, "text/plain"));
    CGW_TRY(req, cgw_print(req, "begun"));
    while (!cgw_is_disconnected(req)) {
        int status = writes ? cgw_print(req, "more ") : CGW_OK;
        if (status == CGW_ECLOSED)
            break;
        CGW_TRY(req, status);
        CGW_TRY(req, cgw_sleep(0.01));
    }
    *(writes ? &left_by_writing : &left_by_asking) += 1;
    return cgw_stream_end(req);
}

CGW_GET(left, "/left")
{
    return cgw_text(req, 200, "asking %d writing %d", left_by_asking, left_by_writing);
}
